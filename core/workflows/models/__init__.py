"""Use-cases of models: snapshots, training, evaluation, prediction, pseudo-labels."""
