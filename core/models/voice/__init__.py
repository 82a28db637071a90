"""Networks of voices: the voice network of the seed systems and audio encoders that are fine-tuned."""
