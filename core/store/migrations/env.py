"""The entry point of Alembic. It runs inside the caller's process; the URL comes in `config.attributes`."""

from alembic import context

from core.store.engine import engine_for, migrating
from core.store.index import watch
from core.store.portable import compare_as_bytes
from core.store.schema import metadata


def run() -> None:
    with migrating(engine_for(context.config.attributes["url"])) as connection:
        watch.unwatch(connection)  # because rebuilding a table would drop its triggers
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        context.run_migrations()
        compare_as_bytes(connection)
        watch.watch(connection)


run()
