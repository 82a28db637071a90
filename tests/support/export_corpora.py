"""Corpora for the tests of exports: made through the store's own doors, and compared record by record."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.filters import Filter
from core.records import NewRecording, NewUtterance, Utterance
from core.schemes import SCHEMES, Label, Scheme
from core.settings import Settings
from core.store import Ask, NewProposal, open_store
from core.workflows.workspace import Workspace

AT = "2024-05-01T00:00:00.000000+00:00"
MOOD = Scheme(
    "mood", "기분", "Mood", "utterance",
    (Label("good", "좋음", "Good", "1", "#0f8a5f"), Label("bad", "나쁨", "Bad", "2", "#dc2626"),
     Label("odd", "이상", "Odd", "3", "#2563eb")),
    kind="multi",
)  # fmt: skip


class Workspaces:
    """Empty workspaces by the dozen: the database is migrated once and copied."""

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
class Kept:
    """What is to be the same after an export and its way back."""

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


def kept(ws: Workspace) -> dict[str, Kept]:
    """Every utterance by key."""
    ws.store.schemes.sync()
    rows = list(ws.store.corpus.every(Filter()))
    keys = {u.id: u.key for u in rows}
    calls = {r.id: r.key for r in ws.store.corpus.recordings()}
    tags = ws.store.bulk.tags_of([u.id for u in rows])
    grades = {name: ws.store.corpus.grades(SCHEMES[name].level, name) for name in sorted(SCHEMES)}

    def graded(u: Utterance, grade: str) -> tuple[str, ...]:
        targets = {"utterance": u.id, "recording": u.recording_id or 0}
        return tuple(
            name for name, found in grades.items() if found.get(targets[SCHEMES[name].level], ("", ""))[1] == grade
        )

    return {
        u.key: Kept(
            u.text, u.original, u.start_ms, u.end_ms, u.speaker, u.origin, u.group, u.voice_usable, u.skipped,
            dict(u.labels), graded(u, "silver"), graded(u, "disputed"), tuple(tags.get(u.id, ())),
            keys.get(u.parent_id or 0), calls.get(u.recording_id or 0),
        )
        for u in rows
    }  # fmt: skip


def partition(found: Mapping[str, Kept]) -> set[frozenset[str]]:
    """Which utterances share a recording, whatever it is called."""
    groups: dict[str, set[str]] = {}
    for key, one in found.items():
        if one.recording is not None:
            groups.setdefault(one.recording, set()).add(key)
    return {frozenset(keys) for keys in groups.values()}


def unnamed(found: Mapping[str, Kept]) -> dict[str, Kept]:
    """Without the recordings' keys, which CSV and JSONL do not hold."""
    return {key: replace(one, recording=None) for key, one in found.items()}


def add_calls(ws: Workspace, calls: Mapping[str, list[NewUtterance]], labels: Mapping[str, Mapping[str, str]]) -> None:
    source = ws.store.corpus.add_source("calls", "calls", "ours, calls", "0", AT)
    items = [
        NewRecording(key, 60_000, 8_000, None, None, tuple(said), labels.get(key, {}), {"_id": key})
        for key, said in calls.items()
    ]
    ws.store.corpus.add_recordings(source, items, AT)


def add_sentences(ws: Workspace, said: list[NewUtterance]) -> None:
    source = ws.store.corpus.add_source("sentences", "sentences", "ours, sentences", "0", AT)
    ws.store.corpus.add_sentences(source, said, AT)


def derive(ws: Workspace, utterance_id: int, text: str) -> None:
    """An accepted augmentation: a child with its parent's labels as silver."""
    ws.store.proposals.add([NewProposal("augmentation", utterance_id, "deletion", {"text": text}, "test")], AT)
    after = 0
    while (one := ws.store.proposals.next("augmentation", after)) is not None:
        after = one.id
        ws.store.proposals.decide(one.id, True, "ann", AT)


def differ(ws: Workspace, utterance_id: int, scheme: str, *codes: str) -> None:
    """Curators answer one utterance blind, each with a code."""
    ask = Ask("c0", (scheme,), Filter(), 1_000, AT, AT, overlap=1.0, copies=len(codes))
    ws.store.leases.take(ask)
    for number, code in enumerate(codes):
        version = ws.store.corpus.utterance(utterance_id).version
        ws.store.review.decide(utterance_id, version, f"c{number}", AT, labels={scheme: code}, skip=None)


def add_mood(ws: Workspace) -> None:
    """The workspace gets a multi scheme of its own."""
    ws.store.schemes.put("mood", lambda old: MOOD, "ann", AT)
