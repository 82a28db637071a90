"""The commands `augment …`: making variants of texts, deciding on them."""
