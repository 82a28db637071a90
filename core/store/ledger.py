"""Lists snapshots, runs and predictions. Samples, model files and probabilities are in folders on disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Engine, delete, exists, func, insert, or_, select, update

from core.errors import InputError, NotFound
from core.messages import Word
from core.records import JobState, Prediction, Purpose, RunInfo, Side, SnapshotInfo
from core.schemes import scheme
from core.store.engine import insert_many, reading, writing
from core.store.index.stamps import of_predictions, predictions_written
from core.store.schema import old_probability, prediction, run, snapshot

BLOCK = 500  # rows of one statement


@dataclass(frozen=True, slots=True)
class OldProbability:
    """The probabilities of a prediction that an earlier program wrote to the database.

    `probs`: (K,); `probs[k]` belongs to class k of the run's scheme.
    """

    utterance_id: int
    purpose: Purpose
    side: Side | None
    gold: str | None
    probs: tuple[float, ...]


class Ledger:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_snapshot(self, info: SnapshotInfo) -> None:
        """Add a snapshot; `InputError` if its name is taken."""
        with writing(self._engine) as connection:
            if connection.scalar(select(snapshot.c.name).where(snapshot.c.name == info.name)):
                raise InputError(
                    "snapshot {name!r} exists already; snapshots are frozen, choose another name", name=info.name
                )
            connection.execute(insert(snapshot).values(_values(info)))

    def snapshots(self) -> list[SnapshotInfo]:
        """Return all snapshots of this workspace, newest first."""
        return self._snapshots(elsewhere=False)

    def foreign_snapshots(self) -> list[SnapshotInfo]:
        """Return the snapshots of imported runs, newest first; their items are in another workspace."""
        return self._snapshots(elsewhere=True)

    def _snapshots(self, elsewhere: bool) -> list[SnapshotInfo]:
        query = select(*(snapshot.c[name] for name in SnapshotInfo.__slots__)).where(snapshot.c.elsewhere == elsewhere)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(snapshot.c.created_at.desc())).mappings()
            return [SnapshotInfo(**row) for row in rows]

    def snapshot(self, name: str) -> SnapshotInfo:
        """Return one snapshot; `NotFound` for an unknown name, and for the snapshot of an imported run."""
        matches = [info for info in self.snapshots() if info.name == name]
        if not matches and any(info.name == name for info in self.foreign_snapshots()):
            raise NotFound("snapshot {name} is not in this workspace: its run was imported without it", name=name)
        if not matches:
            raise NotFound(
                "no snapshot {name!r}; there are: {names}",
                name=name,
                names=", ".join(s.name for s in self.snapshots()) or Word("none"),
            )
        return matches[0]

    def put_run(self, info: RunInfo) -> None:
        """Insert or replace the run; a resumed job writes its run again."""
        with writing(self._engine) as connection:
            if connection.scalar(select(run.c.id).where(run.c.id == info.id)):
                connection.execute(update(run).where(run.c.id == info.id).values(_values(info)))
            else:
                connection.execute(insert(run).values(_values(info)))

    def add_imported(self, info: RunInfo, frozen: SnapshotInfo) -> None:
        """Add a run of another workspace and the name of its snapshot, in one transaction."""
        with writing(self._engine) as connection:
            if not connection.scalar(select(snapshot.c.name).where(snapshot.c.name == frozen.name)):
                connection.execute(insert(snapshot).values(_values(frozen) | {"elsewhere": True}))
            connection.execute(insert(run).values(_values(info)))

    def set_run(self, run_id: str, state: JobState, metrics: Mapping[str, Any] | None = None) -> None:
        values: dict[str, Any] = {"state": state}
        if metrics is not None:
            values["metrics"] = dict(metrics)
        with writing(self._engine) as connection:
            connection.execute(update(run).where(run.c.id == run_id).values(values))

    def runs(self, state: JobState | None = None) -> list[RunInfo]:
        """Return the runs, newest first; `state`: only those in that state."""
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

    def put_predictions(self, items: Sequence[Prediction]) -> None:
        """Write predictions; each replaces the row with the same run, target, utterance and purpose."""
        c = prediction.c
        kinds: dict[tuple[str, str, str], list[Prediction]] = {}
        for item in items:
            kinds.setdefault((item.run_id, item.target, item.purpose), []).append(item)
        with writing(self._engine) as connection:
            predictions_written(connection, [run_id for run_id, _, _ in kinds])
            for (run_id, target, purpose), group in kinds.items():
                same = (c.run_id == run_id, c.target == target, c.purpose == purpose)
                for start in range(0, len(group), BLOCK):
                    block = {item.utterance_id: item for item in group[start : start + BLOCK]}
                    connection.execute(delete(prediction).where(*same, c.utterance_id.in_(block)))
                    connection.execute(insert(prediction), [_values(item) for item in block.values()])

    def put_pool(
        self, run_id: str, target: str, ids: Sequence[int], answers: Sequence[tuple[str, float, float]]
    ) -> None:
        """Write what a run predicted on the pool: for each utterance of `ids` its code, confidence and margin.

        Older rows of these utterances are replaced, in one transaction.
        """
        scheme(target)  # an unknown scheme never reaches the table
        rows = [(run_id, target, number, "pool", *answer) for number, answer in zip(ids, answers, strict=True)]
        c = prediction.c
        same = (c.run_id == run_id, c.target == target, c.purpose == "pool")
        columns = ("run_id", "target", "utterance_id", "purpose", "code", "confidence", "margin")
        with writing(self._engine) as connection:
            predictions_written(connection, [run_id])
            for start in range(0, len(rows), BLOCK):
                block = [row[2] for row in rows[start : start + BLOCK]]
                connection.execute(delete(prediction).where(*same, c.utterance_id.in_(block)))
            insert_many(connection, prediction, columns, rows)

    def predictions(
        self,
        run_id: str,
        *,
        purpose: Purpose | None = None,
        side: Side | None = None,
        gold: str | None = None,
        code: str | None = None,
        target: str | None = None,
    ) -> list[Prediction]:
        """Return the predictions of one run, the most confident first; `gold` and `code` select one confusion cell."""
        c = prediction.c
        query = select(prediction).where(c.run_id == run_id)
        chosen = ((c.purpose, purpose), (c.side, side), (c.gold, gold), (c.code, code), (c.target, target))
        for column, value in chosen:
            if value is not None:
                query = query.where(column == value)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(c.confidence.desc(), c.utterance_id)).mappings()
            return [Prediction(**row) for row in rows]

    def outcomes(self, run_id: str, target: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the ids of the utterances that a run had right, and wrong, where it was scored: int64, unsorted."""
        c = prediction.c
        scored = (c.run_id == run_id, c.target == target, c.purpose == "evaluation", c.gold.is_not(None))
        ids = select(c.utterance_id)
        with reading(self._engine) as connection:
            right = np.fromiter(connection.scalars(ids.where(*scored, c.gold == c.code)), np.int64)
            wrong = np.fromiter(connection.scalars(ids.where(*scored, c.gold != c.code)), np.int64)
        return right, wrong

    def predictions_stamp(self, run_id: str) -> bytes | None:
        """Return a value that changes when predictions of the run are written; None where there is none."""
        with reading(self._engine) as connection:
            return of_predictions(connection, run_id)

    def sides(self, run_id: str) -> dict[str, int]:
        """Return side -> number of predictions that the run has for that side of its snapshot."""
        c = prediction.c
        query = (
            select(c.side, func.count(c.utterance_id.distinct()))
            .where(c.run_id == run_id, c.purpose == "evaluation")
            .group_by(c.side)
        )
        with reading(self._engine) as connection:
            return {str(side): int(n) for side, n in connection.execute(query)}

    def old_probabilities(self) -> list[str]:
        """Return the ids of the runs whose probabilities are still in the database."""
        with reading(self._engine) as connection:
            return list(connection.scalars(select(old_probability.c.run_id).distinct()))

    def old_probabilities_of(self, run_id: str) -> list[OldProbability]:
        """Return the probabilities of one such run, sorted by utterance."""
        c = old_probability.c
        query = select(c.utterance_id, c.purpose, c.side, c.gold, c.probs).where(c.run_id == run_id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(c.utterance_id))
            return [OldProbability(*row[:4], tuple(row.probs)) for row in rows]

    def drop_old_probabilities(self, run_id: str) -> None:
        """Delete the probabilities of a run; call it when they are in the run's folder."""
        with writing(self._engine) as connection:
            connection.execute(delete(old_probability).where(old_probability.c.run_id == run_id))


def current() -> ColumnElement[bool]:
    """Return the SQL condition that selects one prediction for each run, utterance and target.

    It is the prediction on the pool, which is later, or else the one of the evaluation.
    """
    c, later = prediction.c, prediction.alias()
    same = (later.c.run_id == c.run_id, later.c.target == c.target, later.c.utterance_id == c.utterance_id)
    return or_(c.purpose == "pool", ~exists().where(*same, later.c.purpose == "pool"))


def _values(info: SnapshotInfo | RunInfo | Prediction) -> dict[str, Any]:
    scheme(info.target if isinstance(info, Prediction) else info.scheme)  # an unknown scheme never reaches the table
    return {name: getattr(info, name) for name in info.__slots__}
