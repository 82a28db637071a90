"""Self-training: what is asked, the record of its rounds, their steps, and the golden-set table."""
