"""Use-cases of reviewing: the review desk, its queues, settling disputes, agreement, progress, label errors."""
