"""Linear models: character n-grams, vectors of frozen encoders, and both together."""
