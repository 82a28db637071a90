"""Pieces of a page without a use-case of their own: the player, the review screen, charts, forms."""
