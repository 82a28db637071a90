"""The commands `pseudo-label …`, one use-case a file."""
