"""Readers: deliveries in, records out. Nothing here writes to a disk or knows the store."""
