"""Verbs about review: agreement and progress."""
