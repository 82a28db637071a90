"""Use-cases of snapshots: freezing labelled items, whole calls, sounds that are alike."""
