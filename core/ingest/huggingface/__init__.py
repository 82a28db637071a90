"""Reader of Hugging Face datasets, on disk or by hub id."""
