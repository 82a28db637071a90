"""Train a model: read a Snapshot folder, write a Run folder.

`engine` runs the training, `recipes` lists what can be trained; the formats are in `core.snapshots` and `core.runs`.
"""
