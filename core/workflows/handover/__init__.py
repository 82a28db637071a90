"""Runs that people hand over: a zip of a run, its model card, and a run of another workspace that comes in."""
