"""Pretrained encoders: found, checked, made smaller, and read as frozen encoders of texts."""
