"""Panels about the corpus: bulk actions, exports, saved views, similar utterances, label schemes."""
