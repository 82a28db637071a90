"""Rounds of pseudo-labels and audits: what was proposed, accepted and withdrawn, and the labels of each round."""
