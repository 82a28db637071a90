"""Parts of the Live prediction page: recordings, sentences, the verdict of a call, and why a model decided so."""
