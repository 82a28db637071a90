"""Verbs that bring data in."""
