"""Readers of AI Hub deliveries: the 119 calls and their sister corpora."""
