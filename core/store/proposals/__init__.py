"""Proposals: suggestions of machines. Stores them, decides them one by one or many at once, counts them by run."""
