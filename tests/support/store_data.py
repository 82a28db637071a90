"""Small corpora for the tests of the store, made with the store's own methods."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from core.filters import Filter
from core.records import NewRecording, NewUtterance, Utterance
from core.store import Store, open_store

AT = "2024-05-01T00:00:00.000000+00:00"


def fresh(folder: Path, name: str = "store") -> str:
    """Return the URL of a new, empty store. It is a copy, because a migration takes as long as a dozen decisions."""
    path = folder / f"{name}.db"
    path.write_bytes(_empty())
    return f"sqlite:///{path}"


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        open_store(f"sqlite:///{folder}/empty.db")
        return (Path(folder) / "empty.db").read_bytes()


def sentences(
    store: Store, *texts: str, labels: Mapping[str, str] | None = None, origin: str = "imported"
) -> list[int]:
    """Add utterances without a recording, in that order; return their ids."""
    source = store.corpus.add_source("sentences", "sentences", "ours", "0", AT)
    have = {u.id for u in store.corpus.every(Filter())}
    items = [
        NewUtterance(f"s:{len(have) + n}", text, f"s:{len(have) + n}", origin=origin, labels=labels or {})
        for n, text in enumerate(texts)
    ]
    store.corpus.add_sentences(source, items, AT)
    return [u.id for u in store.corpus.every(Filter()) if u.id not in have]


def call(
    store: Store, name: str, *texts: str, labels: Mapping[str, str] | None = None, path: str | None = None
) -> list[int]:
    """Add a recording whose speakers take turns, the call-taker first; return the ids of its utterances."""
    source = store.corpus.add_source("calls", "calls", "ours", "0", AT)
    utterances = tuple(
        NewUtterance(
            f"{name}:{n}", text, name, start_ms=n * 1000, end_ms=n * 1000 + 900,
            speaker="caller" if n % 2 else "taker", voice_usable=path is not None,
        )
        for n, text in enumerate(texts)
    )  # fmt: skip
    recording = NewRecording(name, 1000 * len(texts), 8000, path, "ab" if path else None, utterances, labels or {})
    store.corpus.add_recordings(source, [recording], AT)
    return [u.id for u in store.corpus.every(Filter()) if u.group == name]


def texts(store: Store, wanted: Filter) -> list[str]:
    return [u.text for u in store.corpus.find(wanted).rows]


def state(store: Store) -> dict[int, tuple[object, ...]]:
    """Return what a decision may change, by utterance id, without the version, which an undo raises too."""
    grades = {
        name: store.corpus.grades(level, name) for level, name in (("utterance", "danger"), ("recording", "urgency"))
    }

    def fields(u: Utterance) -> tuple[object, ...]:
        return (
            u.text, u.skipped, dict(u.labels), grades["danger"].get(u.id), grades["urgency"].get(u.recording_id or -1),
        )  # fmt: skip

    return {u.id: fields(u) for u in store.corpus.every(Filter())}
