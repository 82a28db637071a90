"""Panels about cleaning: plans, proposals, quality."""
