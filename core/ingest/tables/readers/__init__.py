"""Readers of each table format: CSV and its kin, JSON, JSON Lines, XLSX, Parquet; and what they detect."""
