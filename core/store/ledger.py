"""Snapshots, runs and predictions as the pages list them; their contents lie on disk."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Engine, delete, func, insert, select, update

from core.errors import InputError, NotFound
from core.messages import Word
from core.records import JobState, Prediction, RunInfo, SnapshotInfo
from core.schemes import scheme
from core.store.engine import reading, writing
from core.store.schema import prediction, run, snapshot


class Ledger:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_snapshot(self, info: SnapshotInfo) -> None:
        with writing(self._engine) as connection:
            if connection.scalar(select(snapshot.c.name).where(snapshot.c.name == info.name)):
                raise InputError(
                    "snapshot {name!r} exists already; snapshots are frozen, choose another name", name=info.name
                )
            connection.execute(insert(snapshot).values(_values(info)))

    def snapshots(self) -> list[SnapshotInfo]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(snapshot).order_by(snapshot.c.created_at.desc())).mappings()
            return [SnapshotInfo(**row) for row in rows]

    def snapshot(self, name: str) -> SnapshotInfo:
        found = [info for info in self.snapshots() if info.name == name]
        if not found:
            raise NotFound(
                "no snapshot {name!r}; there are: {names}",
                name=name,
                names=", ".join(s.name for s in self.snapshots()) or Word("none"),
            )
        return found[0]

    def put_run(self, info: RunInfo) -> None:
        """Insert or replace: a resumed job announces its run again."""
        with writing(self._engine) as connection:
            if connection.scalar(select(run.c.id).where(run.c.id == info.id)):
                connection.execute(update(run).where(run.c.id == info.id).values(_values(info)))
            else:
                connection.execute(insert(run).values(_values(info)))

    def set_run(self, run_id: str, state: JobState, metrics: Mapping[str, Any] | None = None) -> None:
        values: dict[str, Any] = {"state": state}
        if metrics is not None:
            values["metrics"] = dict(metrics)
        with writing(self._engine) as connection:
            connection.execute(update(run).where(run.c.id == run_id).values(values))

    def runs(self, state: JobState | None = None) -> list[RunInfo]:
        """Newest first."""
        query = select(run).order_by(run.c.started_at.desc(), run.c.id.desc())
        if state is not None:
            query = query.where(run.c.state == state)
        with reading(self._engine) as connection:
            return [RunInfo(**row) for row in connection.execute(query).mappings()]

    def run(self, run_id: str) -> RunInfo:
        with reading(self._engine) as connection:
            row = connection.execute(select(run).where(run.c.id == run_id)).mappings().one_or_none()
        if row is None:
            raise NotFound(
                "no run {run_id!r}; there are: {names}",
                run_id=run_id,
                names=", ".join(r.id for r in self.runs()) or Word("none"),
            )
        return RunInfo(**row)

    def put_predictions(self, run_id: str, codes: Sequence[str], items: Sequence[Prediction]) -> None:
        """Replace the predictions of `run_id` for these utterances."""
        rows = []
        for item in items:
            ranked = np.sort(item.probs)[::-1]
            rows.append(
                {
                    "run_id": run_id, "utterance_id": item.utterance_id, "side": item.side, "gold": item.gold,
                    "code": codes[int(np.argmax(item.probs))], "confidence": float(ranked[0]),
                    "margin": float(ranked[0] - ranked[1]), "probs": [float(p) for p in item.probs],
                }
            )  # fmt: skip
        with writing(self._engine) as connection:
            for start in range(0, len(rows), 500):
                block = rows[start : start + 500]
                ids = [row["utterance_id"] for row in block]
                connection.execute(
                    delete(prediction).where(prediction.c.run_id == run_id, prediction.c.utterance_id.in_(ids))
                )
                connection.execute(insert(prediction), block)

    def predictions(
        self, run_id: str, *, side: str | None = None, gold: str | None = None, code: str | None = None
    ) -> list[Prediction]:
        """Of one run, by confidence, the surest first; `gold` and `code` pick one confusion cell."""
        query = select(prediction).where(prediction.c.run_id == run_id)
        for column, value in ((prediction.c.side, side), (prediction.c.gold, gold), (prediction.c.code, code)):
            if value is not None:
                query = query.where(column == value)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(prediction.c.confidence.desc(), prediction.c.utterance_id)).all()
        return [Prediction(r.run_id, r.utterance_id, r.side, r.gold, tuple(r.probs)) for r in rows]

    def sides(self, run_id: str) -> dict[str, int]:
        query = select(prediction.c.side, func.count()).where(prediction.c.run_id == run_id).group_by(prediction.c.side)
        with reading(self._engine) as connection:
            return {str(side): int(n) for side, n in connection.execute(query)}


def _values(info: SnapshotInfo | RunInfo) -> dict[str, Any]:
    scheme(info.scheme)  # an unknown scheme never reaches the table
    return {name: getattr(info, name) for name in info.__slots__}
