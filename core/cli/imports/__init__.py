"""The verbs `ingest ...`, which import data."""
