"""The `pii` step: names, numbers and addresses in a text are replaced by typed placeholders."""
