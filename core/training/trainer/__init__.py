"""The fit of every torch network, by the Trainer of Hugging Face, and what it needs."""
