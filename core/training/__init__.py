"""Train a model: read a Snapshot folder, write a Run folder.

`engine` runs the training, `snapshot` and `run` are the file formats, `recipes` lists what can be trained.
"""
