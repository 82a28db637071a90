"""Snapshots: labelled items that are cleaned, split by group, frozen and hashed. Training reads nothing else."""
