"""The index behind every listing on SQLite: bitmaps of facets, postings of letters, and a cache of them in memory."""
