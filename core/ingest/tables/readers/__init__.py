"""One reader for each table format (CSV, JSON and JSON Lines, XLSX, Parquet), and detection of encoding and header."""
