"""The index behind every listing: bitmaps of facets, postings of letters, and a cache of them in memory."""
