"""The corpus: sources, recordings, utterances; adding (`intake`), finding (`find`), counting (`counts`)."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Engine, select

from core.errors import NotFound
from core.filters import Filter
from core.records import Level, NewRecording, NewUtterance, Page, Recording, Report, Sort, Source, Utterance
from core.schemes import joined, parts
from core.store import rows
from core.store.corpus import counts, find, insert
from core.store.corpus.insert import insert_utterance
from core.store.engine import reading, writing
from core.store.rows import one_utterance
from core.store.schema import label, recording, source, utterance

__all__ = ["Corpus", "insert_utterance", "one_utterance"]


class Corpus:
    """Reading and growing the corpus; what a curator decides is `core.store.review.decisions`'s."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # -- adding

    def add_source(self, name: str, kind: str, licence: str, sha256: str, at: str) -> int:
        """The id of source `name`, added if it is new."""
        values = {"name": name, "kind": kind, "licence": licence, "sha256": sha256, "added_at": at}
        with writing(self._engine) as connection:
            return insert.add_source(connection, values)

    def add_recordings(self, source_id: int, items: Sequence[NewRecording], at: str) -> Report:
        """Add recordings with their utterances and delivered labels in one transaction; known keys add nothing.

        A known recording gets the utterances that it lacked, and where it had none the audio that has now come.
        """
        with writing(self._engine) as connection:
            return insert.add_recordings(connection, source_id, items, at)

    def add_sentences(self, source_id: int, items: Sequence[NewUtterance], at: str) -> Report:
        """Add free-standing utterances in one transaction; known keys add nothing. Quickest by some ten thousands."""
        with writing(self._engine) as connection:
            return insert.add_sentences(connection, source_id, items, at)

    def audio_state(self, keys: Iterable[str]) -> dict[str, bool]:
        """Of the recordings `keys`, those the store knows: key -> has audio."""
        wanted = list(keys)
        with reading(self._engine) as connection:
            found = connection.execute(
                select(recording.c.key, recording.c.path).where(recording.c.key.in_(wanted))
            ).all()
        return {row.key: row.path is not None for row in found}

    def utterance_ids(self, keys: Iterable[str]) -> dict[str, int]:
        """The ids of the utterances `keys`; unknown keys are left out."""
        with reading(self._engine) as connection:
            return insert.known_keys(connection, utterance, keys)

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
        """The utterances `ids`, in that order; unknown ids are left out."""
        with reading(self._engine) as connection:
            return rows.utterances(connection, ids)

    def find(self, wanted: Filter, *, limit: int = 50, offset: int = 0, sort: Sort = "id") -> Page:
        """One page of the utterances that match, equal ones by id; the total is exact."""
        with reading(self._engine) as connection:
            ids, total = find.window(connection, wanted, sort, offset, limit)
            return Page(tuple(rows.utterances(connection, ids)), total)

    def every(self, wanted: Filter, *, block: int = 1000) -> Iterable[Utterance]:
        """All that match when this begins, by id, read in blocks so that memory stays flat."""
        with reading(self._engine) as connection:
            ids = find.every(connection, wanted)
        for start in range(0, len(ids), block):
            with reading(self._engine) as connection:
                yield from rows.utterances(connection, ids[start : start + block].tolist(), active=True)

    def grades(self, level: Level, scheme_name: str) -> dict[int, tuple[str, str]]:
        """target id -> (code, grade) under one scheme: what a snapshot freezes; of a multi scheme, joined codes."""
        query = select(label.c.target_id, label.c.code, label.c.grade).where(
            label.c.level == level, label.c.scheme == scheme_name
        )
        found: dict[int, tuple[str, str]] = {}
        with reading(self._engine) as connection:
            for target_id, code, grade in connection.execute(query):
                more = found.get(target_id)
                found[target_id] = (joined(scheme_name, [*parts(more[0]), code]) if more else code, grade)
        return found

    def counts(self) -> dict[str, int]:
        """How many sources, recordings, utterances (with usable voice) and milliseconds of audio there are."""
        with reading(self._engine) as connection:
            return counts.counts(connection)

    def progress(self) -> dict[str, dict[str, int]]:
        """scheme -> {targets, labelled, gold, and one count a class}, over the level the scheme judges.

        Of a multi scheme a target counts once as labelled and at each of its classes.
        """
        with reading(self._engine) as connection:
            return counts.progress(connection)

    def facets(self) -> dict[str, list[str]]:
        """The values that filters offer beside the schemes' classes."""
        with reading(self._engine) as connection:
            return counts.offered(connection)
