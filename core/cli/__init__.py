"""The shell: `python -m core VERB`. Importing this costs Typer only; each verb imports what it needs when it runs."""

from core.cli.app import app, main

__all__ = ["app", "main"]
