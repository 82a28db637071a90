"""Verbs about review and about the whole work: agreement, progress and overview."""
