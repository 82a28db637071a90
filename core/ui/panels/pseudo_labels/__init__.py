"""Panels of the Pseudo-label page: judge, thresholds, audit, acceptance, gate; one a file."""
