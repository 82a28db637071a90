"""The `spacing` step and its backends: kiwi and PyKoSpacing."""
