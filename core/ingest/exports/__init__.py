"""Readers of exports: files that Gwidama wrote, and Label Studio's JSON."""
