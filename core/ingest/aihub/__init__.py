"""Readers of AI Hub deliveries: the 119 calls, and two related corpora (emergency sounds, elders' dialogue)."""
