"""The index behind every listing on SQLite: bitmaps, postings and what is kept of them in memory."""
