"""Corpora for the tests of exports. They are made through the store and compared record by record."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import Unfit
from core.filters import Filter
from core.records import NewRecording, NewUtterance, Utterance
from core.schemes import SCHEMES, Label, Scheme
from core.settings import Settings
from core.store import NewProposal, QueueRequest, open_store
from core.workflows.workspace import Workspace

AT = "2024-05-01T00:00:00.000000+00:00"
MOOD = Scheme(
    "mood", "기분", "Mood", "utterance",
    (Label("good", "좋음", "Good", "1", "#0f8a5f"), Label("bad", "나쁨", "Bad", "2", "#dc2626"),
     Label("odd", "이상", "Odd", "3", "#2563eb")),
    kind="multi",
)  # fmt: skip


class Workspaces:
    """Makes empty workspaces quickly: the database is migrated once and then copied."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0
        self.open("template")

    def open(self, name: str) -> Workspace:
        home = self.folder / name
        home.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{home / 'gwidama.db'}"
        ws = Workspace(Settings(home, url, url, frozenset(), "127.0.0.1", 0, "tester"), open_store(url))
        ws.store.schemes.sync()
        return ws

    def fresh(self) -> Workspace:
        self.made += 1
        home = self.folder / f"w{self.made}"
        shutil.copytree(self.folder / "template", home)
        return self.open(home.name)


@dataclass(frozen=True)
class ComparedUtterance:
    """The facts of an utterance that must be equal after an export and its import."""

    text: str
    original: str
    start_ms: int | None
    end_ms: int | None
    speaker: str | None
    origin: str
    group: str
    voice_usable: bool
    skipped: bool
    labels: Mapping[str, str]
    silver: tuple[str, ...]
    disputed: tuple[str, ...]
    tags: tuple[str, ...]
    parent: str | None
    recording: str | None


def compared(ws: Workspace) -> dict[str, ComparedUtterance]:
    """The facts of every utterance, by key."""
    ws.store.schemes.sync()
    utterances = list(ws.store.corpus.every(Filter()))
    keys = {u.id: u.key for u in utterances}
    recordings = {r.id: r.key for r in ws.store.corpus.recordings()}
    tags = ws.store.bulk.tags_of([u.id for u in utterances])
    grades = {name: ws.store.corpus.grades(SCHEMES[name].level, name) for name in sorted(SCHEMES)}

    def graded(u: Utterance, grade: str) -> tuple[str, ...]:
        targets = {"utterance": u.id, "recording": u.recording_id or 0}
        return tuple(
            name
            for name, graded_items in grades.items()
            if graded_items.get(targets[SCHEMES[name].level], ("", ""))[1] == grade
        )

    return {
        u.key: ComparedUtterance(
            u.text, u.original, u.start_ms, u.end_ms, u.speaker, u.origin, u.group, u.voice_usable, u.skipped,
            dict(u.labels), graded(u, "silver"), graded(u, "disputed"), tuple(tags.get(u.id, ())),
            keys.get(u.parent_id or 0), recordings.get(u.recording_id or 0),
        )
        for u in utterances
    }  # fmt: skip


def partition(rows: Mapping[str, ComparedUtterance]) -> set[frozenset[str]]:
    """Sets of the keys of utterances that share a recording, whatever its key is."""
    groups: dict[str, set[str]] = {}
    for key, row in rows.items():
        if row.recording is not None:
            groups.setdefault(row.recording, set()).add(key)
    return {frozenset(keys) for keys in groups.values()}


def unnamed(rows: Mapping[str, ComparedUtterance]) -> dict[str, ComparedUtterance]:
    """The same facts without the keys of recordings, which CSV and JSONL do not hold."""
    return {key: replace(row, recording=None) for key, row in rows.items()}


def add_calls(ws: Workspace, calls: Mapping[str, list[NewUtterance]], labels: Mapping[str, Mapping[str, str]]) -> None:
    """Add recordings (key -> utterances) with their own labels, from one source."""
    source = ws.store.corpus.add_source("calls", "calls", "ours, calls", "0", AT)
    items = [
        NewRecording(key, 60_000, 8_000, None, None, tuple(utterances), labels.get(key, {}), {"_id": key})
        for key, utterances in calls.items()
    ]
    ws.store.corpus.add_recordings(source, items, AT)


def add_sentences(ws: Workspace, utterances: list[NewUtterance]) -> None:
    source = ws.store.corpus.add_source("sentences", "sentences", "ours, sentences", "0", AT)
    ws.store.corpus.add_sentences(source, utterances, AT)


def derive(ws: Workspace, utterance_id: int, text: str) -> None:
    """Add an accepted augmentation: a child that has its parent's labels as silver.

    A text that is the parent's own, or a parent that is left out, makes no child: that suggestion is refused.
    """
    ws.store.proposals.add([NewProposal("augmentation", utterance_id, "deletion", {"text": text}, "test")], AT)
    after = 0
    while (proposal := ws.store.proposals.next("augmentation", after)) is not None:
        after = proposal.id
        with suppress(Unfit):
            ws.store.proposals.decide(proposal.id, True, "ann", AT)


def differ(ws: Workspace, utterance_id: int, scheme: str, *codes: str) -> None:
    """Curators answer one utterance blind, each with one of `codes`."""
    request = QueueRequest("c0", (scheme,), Filter(), 1_000, AT, AT, overlap=1.0, copies=len(codes))
    ws.store.leases.take(request)
    for number, code in enumerate(codes):
        version = ws.store.corpus.utterance(utterance_id).version
        ws.store.review.decide(utterance_id, version, f"c{number}", AT, labels={scheme: code}, skip=None)


def add_mood(ws: Workspace) -> None:
    """Add the multi-label scheme `mood` to the workspace."""
    ws.store.schemes.put("mood", lambda old: MOOD, "ann", AT)
