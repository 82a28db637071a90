"""Readers: each takes the files of a delivery and yields records. No reader writes to a disk or uses the store."""
