"""Every export re-imports to the same corpus: generated corpora, every format, record by record."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from export_corpora import (
    Workspaces,
    add_calls,
    add_mood,
    add_sentences,
    compared,
    derive,
    differ,
    partition,
    unnamed,
)  # fmt: skip
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.filters import Filter
from core.records import NewUtterance
from core.schemes import publish
from core.workflows.corpus import export
from core.workflows.corpus.bulk import named
from core.workflows.imports.exports import restore
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

ODD = [
    *"=+-@'\"`,;|\t\n\r ＝＋－＠\\/{}[]:#%", "\r\n", "'=", "''", "' ", "\u2028", "\u2029", "\x85", "\ufeff",
    "\u200d", "\x0b", "ᄒ", "ᅪ", "ᆫ", "ㅎㅈ", "화재", "é", "e\u0301", "😀", "👩\u200d🚒", "🇰🇷", "\x1b", "\x7f",
    "\U000e0041", "null", "True", "1", "1.0", "-", "nan", "\ufffd", "\uffff",
]  # fmt: skip
LETTERS = st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
TEXT = st.lists(LETTERS, max_size=6).map("".join)
NAME = st.lists(LETTERS, min_size=1, max_size=3).map("".join)
TAG = NAME.filter(lambda text: _is_tag(text)).map(lambda text: named(text, "tag"))
MS = st.none() | st.integers(0, 10**6)
COUNT = st.integers(1, 2)
LABELS = st.fixed_dictionaries(
    {}, optional={"danger": st.sampled_from(["danger", "normal"]), "mood": st.sampled_from(["good", "good|odd", "bad"])}
)
BLIND = st.sampled_from(
    [("danger", "danger", "normal"), ("danger", "normal", "normal"), ("mood", "good|odd", "bad"),
     ("urgency", "high", "low")]
)  # fmt: skip
CALL_LABELS = st.fixed_dictionaries(
    {}, optional={"urgency": st.sampled_from(["low", "high"]), "sentiment": st.just("neutral")}
)


def _is_tag(text: str) -> bool:
    try:
        return bool(named(text, "tag"))
    except InputError:
        return False


@dataclass(frozen=True)
class Corpus:
    sentences: list[NewUtterance]
    calls: dict[str, list[NewUtterance]]
    call_labels: dict[str, dict[str, str]]
    edits: list[tuple[int, str | None, bool]]
    children: list[tuple[int, str]]
    tags: list[tuple[int, str]]
    blind: list[tuple[int, tuple[str, str, str]]]

    def build(self, ws: Workspace) -> None:
        add_mood(ws)
        add_sentences(ws, self.sentences)
        add_calls(ws, self.calls, self.call_labels)
        n = len(self.sentences) + sum(map(len, self.calls.values()))
        for place, text, skip in self.edits:
            if n:
                utterance = ws.store.corpus.utterance(1 + place % n)
                ws.store.review.decide(utterance.id, utterance.version, "ann", "2024", text=text, skip=skip)
        for place, text in self.children:
            if n:
                derive(ws, 1 + place % n, text)
        for place, name in self.tags:
            if n:
                ws.store.bulk.tag([1 + place % n], name, "ann", "2024")
        for place, (scheme, *codes) in self.blind:
            if n and (scheme != "urgency" or ws.store.corpus.utterance(1 + place % n).recording_id):
                differ(ws, 1 + place % n, scheme, *codes)


@st.composite
def corpora(draw: Any) -> Corpus:
    keys = iter(draw(st.lists(NAME, min_size=8, max_size=8, unique=True)))

    def utterance(group: str | None = None) -> NewUtterance:
        key = next(keys)
        return NewUtterance(
            key, draw(TEXT), group or draw(NAME), draw(MS), draw(MS), draw(st.none() | NAME),
            origin=draw(st.sampled_from(["imported", "caption"])), labels=draw(LABELS), meta={"kind": draw(TEXT)},
        )  # fmt: skip

    sentences = [replace(utterance(), start_ms=None, end_ms=None) for _ in range(draw(st.integers(0, 3)))]
    names = draw(st.lists(NAME, max_size=2, unique=True))
    calls = {
        f"call {name}": [utterance(draw(st.sampled_from([None, f"call {name}"]))) for _ in range(draw(COUNT))]
        for name in names
    }
    return Corpus(
        sentences, calls, {name: draw(CALL_LABELS) for name in calls},
        draw(st.lists(st.tuples(st.integers(0, 9), st.none() | TEXT, st.booleans()), max_size=2)),
        draw(st.lists(st.tuples(st.integers(0, 9), TEXT), max_size=1)),
        draw(st.lists(st.tuples(st.integers(0, 9), TAG), max_size=3)),
        draw(st.lists(st.tuples(st.integers(0, 9), BLIND), max_size=3)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspaces]:
    yield Workspaces(tmp_path_factory.mktemp("exports"))
    publish(None, ())


FORMULAS = Corpus(
    [NewUtterance(f"k{n}", text, "g", labels={"danger": "danger"}) for n, text in enumerate(
        ["=1+1", "'=1+1", "''=1", "'", "' =", "-3", "+", "@a", "＝1", "\t=", "\r", "\r\n", " ", "", '"', ",", "'안녕'"]
    )],
    {}, {}, [(0, "'=2", False), (3, "", True)], [],
    [(0, "=검토"), (0, "a,b|c"), (1, '"[]'), (2, "'=1")],
    [(0, ("danger", "danger", "normal")), (1, ("mood", "good|odd", "bad")), (1, ("danger", "normal", "normal"))],
)  # fmt: skip


def sources_and_recordings(ws: Workspace) -> dict[str, tuple[object, ...]]:
    """The facts of each recording, and the source of each utterance."""
    sources = {source.id: (source.name, source.licence) for source in ws.store.corpus.sources()}
    calls = {r.key: (r.duration_ms, r.sample_rate_hz, dict(r.meta)) for r in ws.store.corpus.recordings()}
    return calls | {f"u {u.key}": sources[u.source_id] for u in ws.store.corpus.every(Filter())}


@given(corpus=corpora())
@example(corpus=FORMULAS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_export_comes_back_as_the_same_corpus(workspaces: Workspaces, corpus: Corpus) -> None:
    ws = workspaces.fresh()
    corpus.build(ws)
    before = compared(ws)
    assert set(before) >= {u.key for u in corpus.sentences}
    for name in ("csv", "jsonl", "parquet", "hf", "labelstudio"):
        suffix = {"hf": "", "labelstudio": ".json"}.get(name, f".{name}")
        path = ws.settings.home / f"out{suffix}"
        assert export.save(ws, path, name=name).utterances == len(before)
        target = workspaces.fresh()
        bring = restore.ingest_labelstudio if name == "labelstudio" else restore.ingest_gwidama
        done = bring(target, path)
        assert done.report.skipped == []
        assert (done.report.added, done.report.known) == (len(before), 0)
        after = compared(target)
        if name in ("csv", "jsonl"):
            assert unnamed(after) == unnamed(before), name
            assert partition(after) == partition(before), name
        else:
            assert after == before, name
            assert sources_and_recordings(target) == sources_and_recordings(ws), name
        assert bring(target, path).report.added == 0
        assert compared(target) == after, "a second import changes nothing"
