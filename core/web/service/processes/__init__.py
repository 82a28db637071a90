"""The service alone, in several processes: the one that keeps them running, and what each of them serves."""
