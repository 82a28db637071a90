"""Triggers that write the ids of changed rows into the table `stale`, whoever changed them.

`watch` makes them after each migration; they are not part of the migrations. `unwatch` drops them before one, because
SQLite rebuilds tables, and with a table its triggers go.
"""

from sqlalchemy import Connection

from core.store.portable import has_table, on_sqlite

COLUMNS = "source_id, recording_id, speaker, chars, voice_usable, origin, skipped, active, parent_id"
_NOTE = "INSERT INTO stale(id, text) {} ON CONFLICT(id) DO {}"
_OTHER = _NOTE.format("VALUES ({row}.id, false)", "NOTHING")
_TEXT = _NOTE.format("VALUES ({row}.id, true)", "UPDATE SET text = true")
_OWN = "SELECT {row}.target_id, false WHERE {row}.level = 'utterance'"
_CALL = "SELECT id, false FROM utterance WHERE {row}.level = 'recording' AND recording_id = {row}.target_id"
_LABEL = "; ".join(_NOTE.format(which, "NOTHING") for which in (_OWN, _CALL))
# name -> (event, table, the rows it looks at, a condition, what it does for each of them)
_TRIGGERS = {
    "watch_utterance_new": ("INSERT", "utterance", ("NEW",), "", _TEXT),
    "watch_utterance_text": (
        "UPDATE OF text", "utterance", ("NEW",), "WHEN (NEW.text IS DISTINCT FROM OLD.text)", _TEXT,
    ),
    "watch_utterance": (f"UPDATE OF {COLUMNS}", "utterance", ("NEW",), "", _OTHER),
    "watch_utterance_gone": ("DELETE", "utterance", ("OLD",), "", _TEXT),
    "watch_label_new": ("INSERT", "label", ("NEW",), "", _LABEL),
    "watch_label_gone": ("DELETE", "label", ("OLD",), "", _LABEL),
    "watch_label": ("UPDATE", "label", ("OLD", "NEW"), "", _LABEL),
}  # fmt: skip


def watch(connection: Connection) -> None:
    """Make the triggers, if the schema has the table `stale` already."""
    if not has_table(connection, "stale"):
        return
    for name, (event, table, rows, condition, does) in _TRIGGERS.items():
        body = "; ".join(does.format(row=row) for row in rows)
        head = f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {condition}"
        if on_sqlite(connection):
            connection.exec_driver_sql(f"{head} BEGIN {body}; END")
            continue
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {body}; RETURN NULL; END $$"
        )
        connection.exec_driver_sql(f"{head} EXECUTE FUNCTION {name}()")


def unwatch(connection: Connection) -> None:
    """Drop the triggers, before a migration."""
    for name, (_, table, *_rest) in _TRIGGERS.items():
        if on_sqlite(connection):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        elif has_table(connection, table):
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name} ON {table}")
