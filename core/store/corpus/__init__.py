"""Sources, recordings and utterances: adding, finding, counting, reading them as a whole."""
