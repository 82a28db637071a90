"""Judge many items fast: blocks of texts or clips in, Arrow batches of calibrated probabilities out (`judge`)."""
