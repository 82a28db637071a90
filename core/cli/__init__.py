"""The command line: `python -m core VERB`.

Importing this loads Typer only. Each verb imports the modules that it needs when it runs.
"""

from core.cli.app import app, main

__all__ = ["app", "main"]
