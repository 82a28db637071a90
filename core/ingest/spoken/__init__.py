"""Deliveries of annotated speech: files of annotations paired with audio, tiers with roles, channels with speakers."""
