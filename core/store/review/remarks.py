"""Remarks on utterances: comments and flags. A remark is not a decision, raises no version, and is never deleted."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, select

from core.records import Remark, RemarkKind
from core.store.corpus.corpus import one_utterance
from core.store.engine import insert_id, reading, writing
from core.store.rows import NAMES
from core.store.schema import remark


class Remarks:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, utterance_id: int, curator: str, at: str, kind: RemarkKind, text: str = "") -> Remark:
        """Add a remark and return it; `NotFound` if there is no such utterance."""
        values: dict[str, Any] = {
            "utterance_id": utterance_id, "curator": curator, "at": at, "kind": kind, "text": text,
        }  # fmt: skip
        with writing(self._engine) as connection:
            one_utterance(connection, utterance_id)
            return Remark(id=insert_id(connection, remark, values), **values)

    def of(self, utterance_ids: Sequence[int]) -> dict[int, list[Remark]]:
        """Return utterance id -> its remarks, oldest first; utterances without remarks are left out."""
        by_utterance: dict[int, list[Remark]] = {}
        with reading(self._engine) as connection:
            for start in range(0, len(utterance_ids), NAMES):
                in_block = remark.c.utterance_id.in_(utterance_ids[start : start + NAMES])
                for row in connection.execute(select(remark).where(in_block).order_by(remark.c.id)).mappings():
                    by_utterance.setdefault(row["utterance_id"], []).append(Remark(**row))
        return by_utterance


def flagged(remarks: Sequence[Remark]) -> bool:
    """Return whether the utterance is flagged: the last flag or unflag decides."""
    marks = [entry.kind for entry in remarks if entry.kind != "comment"]
    return bool(marks) and marks[-1] == "flag"
