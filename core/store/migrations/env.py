"""Alembic's entry: runs inside the caller's process, with the URL handed over in `config.attributes`."""

from alembic import context

from core.store.engine import engine_for, writing
from core.store.schema import metadata


def run() -> None:
    with writing(engine_for(context.config.attributes["url"])) as connection:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        context.run_migrations()


run()
