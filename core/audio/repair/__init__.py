"""Damaged and lying headers that are mended before libsndfile reads the file: WAV chunks, and frames of MP3."""
