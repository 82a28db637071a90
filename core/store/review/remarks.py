"""Remarks on utterances: comments and flags. They decide nothing, raise no version and are never taken away."""

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
        """`NotFound` for an utterance that is none."""
        values: dict[str, Any] = {
            "utterance_id": utterance_id, "curator": curator, "at": at, "kind": kind, "text": text,
        }  # fmt: skip
        with writing(self._engine) as connection:
            one_utterance(connection, utterance_id)
            return Remark(id=insert_id(connection, remark, values), **values)

    def of(self, utterance_ids: Sequence[int]) -> dict[int, list[Remark]]:
        """utterance id -> its remarks, oldest first; those without any are left out."""
        found: dict[int, list[Remark]] = {}
        with reading(self._engine) as connection:
            for start in range(0, len(utterance_ids), NAMES):
                mine = remark.c.utterance_id.in_(utterance_ids[start : start + NAMES])
                for row in connection.execute(select(remark).where(mine).order_by(remark.c.id)).mappings():
                    found.setdefault(row["utterance_id"], []).append(Remark(**row))
        return found


def flagged(remarks: Sequence[Remark]) -> bool:
    """Whether the last flag was set and not taken off."""
    marks = [one.kind for one in remarks if one.kind != "comment"]
    return bool(marks) and marks[-1] == "flag"
