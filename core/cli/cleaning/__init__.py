"""Verbs about cleaning and quality."""
