"""Parts of pages that belong to no single use-case: the player, the review screen, charts, forms."""
