"""Panels about review: agreement, progress, settling disputes."""
