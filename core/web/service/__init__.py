"""The REST service: judgements for devices, lists of runs and schemes, batches, keys, figures, documentation.

`app.py` puts the routes together; `judging.py` is the only file that calls the prediction workflow.
"""
