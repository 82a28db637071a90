"""The corpus: sources, recordings and utterances. Adds (`insert`), finds (`find`) and counts (`counts`) them."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, func, select

from core.errors import NotFound
from core.filters import Filter
from core.records import Level, NewRecording, NewUtterance, Page, Recording, Report, Sort, Source, Utterance
from core.schemes import join_codes, split_codes
from core.store import rows
from core.store.corpus import compare, counts, find, insert
from core.store.corpus.compare import Comparison, Delivered
from core.store.corpus.insert import insert_utterance
from core.store.engine import reading, writing
from core.store.rows import one_utterance
from core.store.schema import label, recording, source, utterance

__all__ = ["Corpus", "insert_utterance", "one_utterance"]


class Corpus:
    """Reads the corpus and adds to it. A curator's decisions are in `core.store.review.decisions`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- adding

    def add_source(self, name: str, kind: str, licence: str, sha256: str, at: str) -> int:
        """Return the id of the source `name`; add it if it is new."""
        values = {"name": name, "kind": kind, "licence": licence, "sha256": sha256, "added_at": at}
        with writing(self._engine) as connection:
            return insert.add_source(connection, values)

    def add_recordings(
        self, source_id: int, items: Sequence[NewRecording], at: str, *, elsewhere: bool = False
    ) -> Report:
        """Add recordings with their utterances and labels, in one transaction; count what was added and what was known.

        A recording whose key is known gets the utterances that it lacks, and its audio if it had none. Known content
        that differs is a clash, and stays as it is. `elsewhere`: utterances of new recordings may be known, without
        this recording; they stay where they are.
        """
        with writing(self._engine) as connection:
            return insert.add_recordings(connection, source_id, items, at, elsewhere)

    def add_sentences(self, source_id: int, items: Sequence[NewUtterance], at: str) -> Report:
        """Add utterances without a recording, in one transaction; utterances with known keys are left as they are.

        Fastest with some ten thousand items in one call.
        """
        with writing(self._engine) as connection:
            return insert.add_sentences(connection, source_id, items, at)

    def audio_state(self, keys: Iterable[str]) -> dict[str, bool]:
        """Return key -> whether the recording has audio; unknown keys are left out."""
        wanted = list(keys)
        with reading(self._engine) as connection:
            recordings = connection.execute(
                select(recording.c.key, recording.c.path).where(recording.c.key.in_(wanted))
            ).all()
        return {row.key: row.path is not None for row in recordings}

    def utterance_ids(self, keys: Iterable[str]) -> dict[str, int]:
        """Return key -> id of the utterances `keys`; unknown keys are left out."""
        with reading(self._engine) as connection:
            return insert.known_keys(connection, utterance, keys)

    def first_utterances(self, recording_ids: Collection[int]) -> dict[int, int]:
        """Return recording id -> id of its first utterance in the corpus."""
        c = utterance.c
        wanted, first = sorted(recording_ids), dict[int, int]()
        with reading(self._engine) as connection:
            for start in range(0, len(wanted), rows.NAMES):
                of_calls = (c.recording_id.in_(wanted[start : start + rows.NAMES]), c.active)
                query = select(c.recording_id, func.min(c.id)).where(*of_calls).group_by(c.recording_id)
                first |= {int(call): int(number) for call, number in connection.execute(query)}
        return first

    # -- comparing

    def compare(self, sentences: Sequence[NewUtterance] = (), recordings: Sequence[NewRecording] = ()) -> Comparison:
        """Compare what is delivered with what is stored under the same keys; nothing is written.

        A known recording without comparable audio counts as another one if none of its utterances is known.
        """
        with reading(self._engine) as connection:
            return _compared(connection, sentences, recordings)

    # -- reading

    def sources(self) -> list[Source]:
        with reading(self._engine) as connection:
            return [Source(**row) for row in connection.execute(select(source)).mappings()]

    def recording(self, recording_id: int) -> Recording:
        with reading(self._engine) as connection:
            row = connection.execute(select(recording).where(recording.c.id == recording_id)).mappings().one_or_none()
        if row is None:
            raise NotFound("no recording {recording_id}", recording_id=recording_id)
        return Recording(**row)

    def recordings(self) -> list[Recording]:
        with reading(self._engine) as connection:
            return [Recording(**row) for row in connection.execute(select(recording)).mappings()]

    def recording_labels(self, recording_id: int) -> dict[str, str]:
        with reading(self._engine) as connection:
            return rows.labels_of(connection, "recording", [recording_id]).get(recording_id, {})

    def utterance(self, utterance_id: int) -> Utterance:
        with reading(self._engine) as connection:
            return one_utterance(connection, utterance_id)

    def utterances(self, ids: Sequence[int]) -> list[Utterance]:
        """Return the utterances `ids` in the order of `ids`; unknown ids are left out."""
        with reading(self._engine) as connection:
            return rows.utterances(connection, ids)

    def find(self, wanted: Filter, *, limit: int = 50, offset: int = 0, sort: Sort = "id") -> Page:
        """Return one page of the utterances that match `wanted`, and their exact total. Ties are sorted by id."""
        with reading(self._engine) as connection:
            ids, total = find.window(connection, wanted, sort, offset, limit)
            return Page(tuple(rows.utterances(connection, ids)), total)

    def every(self, wanted: Filter, *, block: int = 1000) -> Iterable[Utterance]:
        """Yield all utterances that match `wanted` at the start, by id. Reads in blocks, so memory stays low."""
        with reading(self._engine) as connection:
            ids = find.every(connection, wanted)
        for start in range(0, len(ids), block):
            with reading(self._engine) as connection:  # closed before the yield: a caller may stop in between
                utterances = rows.utterances(connection, ids[start : start + block].tolist(), active=True)
            yield from utterances

    def grades(self, level: Level, scheme_name: str) -> dict[int, tuple[str, str]]:
        """Return target id -> (code, grade) of all labels of one scheme; a multi scheme has joined codes."""
        query = select(label.c.target_id, label.c.code, label.c.grade).where(
            label.c.level == level, label.c.scheme == scheme_name
        )
        labels: dict[int, tuple[str, str]] = {}
        distinct: dict[tuple[str, str], tuple[str, str]] = {}  # a million labels share a few pairs
        with reading(self._engine) as connection:
            for target_id, code, grade in connection.execute(query):
                earlier = labels.get(target_id)
                row = (join_codes(scheme_name, [*split_codes(earlier[0]), code]) if earlier else code, grade)
                labels[target_id] = distinct.setdefault(row, row)
        return labels

    def labelled(self, level: Level, scheme_name: str, grades: Sequence[str]) -> NDArray[np.int64]:
        """Return the ids of the targets that have a label of one of `grades` under a scheme: int64 (n,), ascending."""
        query = select(label.c.target_id).where(
            label.c.level == level, label.c.scheme == scheme_name, label.c.grade.in_(grades)
        )
        with reading(self._engine) as connection:
            ids = connection.execute(query.distinct().order_by(label.c.target_id)).scalars()
            return np.fromiter(ids, dtype=np.int64)

    def gold_by_class(self, level: Level, scheme_name: str) -> dict[str, int]:
        """Return class -> number of targets with a gold label of it, under one scheme."""
        conditions = (label.c.level == level, label.c.scheme == scheme_name, label.c.grade == "gold")
        query = select(label.c.code, func.count()).where(*conditions).group_by(label.c.code)
        with reading(self._engine) as connection:
            return {code: int(n) for code, n in connection.execute(query)}

    def counts(self) -> dict[str, int]:
        """Return how many sources, recordings, utterances, sentences, usable voices and ms of audio there are."""
        with reading(self._engine) as connection:
            return counts.counts(connection)

    def progress(self) -> dict[str, dict[str, int]]:
        """Return scheme -> {targets, labelled, gold, code: n for each class}, counted at the level of the scheme.

        A target of a multi scheme counts once as labelled, and once for each of its classes. A machine's label does not
        count, and neither does a derived item whose label is the copy of its source's.
        """
        with reading(self._engine) as connection:
            return counts.progress(connection)

    def facets(self) -> dict[str, list[str]]:
        """Return the values that a filter can choose from: {speaker: [...], origin: [...], curator: [...]}."""
        with reading(self._engine) as connection:
            return counts.offered(connection)


def _compared(
    connection: Connection, sentences: Sequence[NewUtterance], recordings: Sequence[NewRecording]
) -> Comparison:
    homes = insert.known_keys(connection, recording, {call.key for call in recordings})
    spoken = {item.key for call in recordings for item in call.utterances}
    ids = insert.known_keys(connection, utterance, spoken | {item.key for item in sentences})
    delivered = [Delivered(item) for item in sentences if item.key in ids] + compare.delivered_in(recordings, ids)
    calls = [call for call in recordings if call.key in homes]
    of_calls = compare.compare_recordings(connection, calls, homes)
    found = compare.compare_utterances(connection, delivered, ids)
    sound = {call.key for call in calls if call.sha256} & compare.with_audio(connection, homes)
    strangers = [c for c in calls if c.key not in sound and not any(u.key in ids for u in c.utterances)]
    return of_calls + found + Comparison(other=len(strangers))
