"""Parts of the Augment page: the plan of a run, its preview, candidates and statistics."""
