"""Panels of the Evaluate page: cells of the confusion matrix, curves, two runs compared."""
