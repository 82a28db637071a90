"""Readers of exports: Gwidama's own files and Label Studio's JSON."""
