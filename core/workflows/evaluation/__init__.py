"""Use-cases of evaluation: scores with their marks, baselines, confusion cells, comparisons, gold sets."""
