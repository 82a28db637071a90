"""The `pii` step: names, numbers and addresses in a text become typed placeholders."""
