"""Sources, recordings and utterances: adds, finds, counts, scans and exports them."""
