"""What all tests of one process share, as if they were one program that runs on: it is done once, not for each test.

- SQLAlchemy compiles a statement anew for each engine, and nearly every test has a database of its own. Here all
  engines of SQLite have one dialect and one cache of statements.
- No test cuts the power, which is what `synchronous=FULL` is for. Programs that tests start keep it.
- Typer makes the commands of the shell anew for each run of one.
"""

from functools import cache
from typing import Any

STATEMENTS = 2000


def share_databases() -> None:
    """Let `core.store` make such engines from now on."""
    from sqlalchemy import Engine

    from core.store import engine

    create_engine = engine.create_engine
    model = create_engine("sqlite://", query_cache_size=STATEMENTS)
    with model.connect():
        pass  # the dialect asks the library for its version

    def sharing(url: Any, **options: Any) -> Engine:
        made = create_engine(url, **options)
        if made.dialect.name == "sqlite":
            made.dialect, made._compiled_cache = model.dialect, model._compiled_cache
        return made

    engine.create_engine = sharing
    engine.PRAGMAS = tuple(pragma.replace("=FULL", "=OFF") for pragma in engine.PRAGMAS)


def share_commands() -> None:
    from typer import testing

    testing._get_command = cache(testing._get_command)
