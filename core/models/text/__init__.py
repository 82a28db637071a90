"""Text encoders that are fine-tuned: the network, its layouts on disk, its tokens."""
