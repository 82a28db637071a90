"""Use-cases of browsing the corpus: filters, saved views, bulk actions, exports, label schemes, similar utterances."""
