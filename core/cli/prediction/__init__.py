"""The commands that judge and transcribe: `predict`, `predict-batch`, `transcribe`."""
