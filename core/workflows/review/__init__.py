"""Use-cases of reviewing: the review desk, its queues, settling of disputes, agreement, progress, label errors."""
