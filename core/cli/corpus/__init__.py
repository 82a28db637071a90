"""Verbs about the corpus: search, export, schemes, similar utterances."""
