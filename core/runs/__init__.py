"""Runs: the folder of one training, its card and weights, its predictions. Nothing here trains or predicts."""
