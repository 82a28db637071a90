"""Substring search, the one thing the dialects do not share.

SQLite: an FTS5 table over syllable bigrams narrows, LIKE decides (the trigram tokenizer answers two-syllable queries
with nothing, silently). PostgreSQL: ILIKE alone until its bigram array arrives. A query of one syllable scans.
"""

import re
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, text

from core.store.schema import utterance
from core.text import bigrams, nfc

CREATE = "CREATE VIRTUAL TABLE utterance_search USING fts5(grams, content='', tokenize='unicode61 remove_diacritics 0')"
_ADD = text("INSERT INTO utterance_search(rowid, grams) VALUES (:id, :grams)")
_REMOVE = text("INSERT INTO utterance_search(utterance_search, rowid, grams) VALUES ('delete', :id, :grams)")


# What the tokenizer surely keeps as one token; a newer letter than it knows must not narrow to nothing.
_SURE = re.compile(r"[0-9a-z\u3131-\u318e\u4e00-\u9fa5가-힣]{2}")


def _grams(value: str) -> str:
    return " ".join(bigrams(value))


def add(connection: Connection, rows: Iterable[tuple[int, str]]) -> None:
    """Index new texts: (utterance id, text)."""
    if connection.dialect.name == "sqlite" and (values := [{"id": i, "grams": _grams(t)} for i, t in rows]):
        connection.execute(_ADD, values)


def replace(connection: Connection, utterance_id: int, old: str, new: str) -> None:
    """Index `new` instead of `old`; a contentless table must be told exactly what to forget."""
    if connection.dialect.name == "sqlite":
        connection.execute(_REMOVE, {"id": utterance_id, "grams": _grams(old)})
        connection.execute(_ADD, {"id": utterance_id, "grams": _grams(new)})


def contains(dialect: str, wanted: str) -> list[ColumnElement[bool]]:
    """The conditions that hold for utterances whose text contains `wanted`."""
    wanted = nfc(wanted)
    conditions: list[ColumnElement[bool]] = [utterance.c.text.icontains(wanted, autoescape=True)]
    grams = [gram for gram in bigrams(wanted) if _SURE.fullmatch(gram)]
    if dialect == "sqlite" and grams:
        match = " AND ".join(f'"{gram}"' for gram in dict.fromkeys(grams))
        narrowed = text("SELECT rowid FROM utterance_search WHERE utterance_search MATCH :match").bindparams(
            match=match
        )
        conditions.insert(0, utterance.c.id.in_(narrowed))
    return conditions
