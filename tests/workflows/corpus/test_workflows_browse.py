"""core.workflows.corpus.browse: counts, pages with tags, a recording with its utterances, clips, typed filters."""

import io
import wave
from pathlib import Path

import pytest
from store_data import AT, call, sentences
from workflow_data import import_calls

from core.errors import InputError, NotFound, UnknownName
from core.filters import Filter
from core.workflows.corpus import browse, bulk
from core.workflows.workspace import Workspace


def test_matches_are_counted_and_the_first_are_given(ws: Workspace) -> None:
    assert browse.count(ws) == 0
    ids = sentences(ws.store, "불이야", "네", "불났어요")
    assert browse.count(ws) == 3
    assert browse.count(ws, Filter(text="불")) == 2
    first = browse.first_matches(ws, Filter(text="불"), 1)
    assert ([row.id for row in first.rows], first.total) == (ids[:1], 2)
    assert browse.totals(ws)["utterances"] == 3


def test_a_page_has_its_rows_with_their_tags(ws: Workspace) -> None:
    ids = sentences(ws.store, "가", "나나", "다다다")
    bulk.tag(ws, ids[2:], "b", "ann")
    bulk.tag(ws, ids[2:], "a", "ann")
    first = browse.listed_page(ws, Filter(), "-length", 1, 2)
    assert [row.text for row in first.rows] == ["다다다", "나나"]
    assert first.tags == {ids[2]: ["a", "b"]}
    second = browse.listed_page(ws, Filter(), "-length", 2, 2)
    assert ([row.text for row in second.rows], second.tags) == (["가"], {})


def test_what_a_filter_offers_is_what_the_workspace_has(ws: Workspace) -> None:
    assert browse.filter_choices(ws) == browse.FilterChoices([], [], [])
    ids = call(ws.store, "a", "119입니다", "불이야")
    bulk.tag(ws, ids, "화재", "ann")
    ws.store.review.decide(ids[0], 0, "ann", AT, labels={"danger": "danger"})
    sources = ws.store.corpus.sources()
    assert browse.filter_choices(ws) == browse.FilterChoices(
        ["caller", "taker"], ["imported"], ["화재"], ["ann"], sources, []
    )
    assert browse.counts(ws, [Filter(curator=("ann",)), Filter(text="불")]) == [1, 1]
    assert browse.ids(ws, Filter()) == ids
    assert (browse.recording_name(ws, 1), browse.recording_name(ws, 99)) == ("a", None)


def test_a_recording_opens_with_its_utterances_and_labels(ws: Workspace) -> None:
    call(ws.store, "a", "119입니다", "불이야", "어디세요", labels={"urgency": "high"})
    call(ws.store, "b", "네")
    opened = browse.recording_with_utterances(ws, 1)
    assert (opened.recording, opened.recording.key) == (browse.recording(ws, 1), "a")
    assert [spoken.text for spoken in opened.utterances] == ["119입니다", "불이야", "어디세요"]
    assert opened.labels == {"urgency": "high"}
    part = browse.utterances_of_recording(ws, 1, 2)
    assert (len(part.rows), part.total) == (2, 3)
    with pytest.raises(NotFound, match="no recording 9"):
        browse.recording_with_utterances(ws, 9)


def test_utterances_come_in_the_order_asked_for(ws: Workspace) -> None:
    first, second = sentences(ws.store, "가", "나")
    assert [row.text for row in browse.utterances(ws, [second, 99, first])] == ["나", "가"]
    assert browse.utterance(ws, first).text == "가"
    with pytest.raises(NotFound, match="99"):
        browse.utterance(ws, 99)


def test_a_clip_is_the_span_with_what_is_around_it(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    spoken = next(row for row in browse.recording_with_utterances(ws, 1).utterances if row.start_ms)
    assert spoken.start_ms is not None
    assert spoken.end_ms is not None
    length_ms = spoken.end_ms - spoken.start_ms
    assert abs(_length_ms(browse.clip(ws, spoken.id)) - length_ms) <= 1
    before_ms = min(100, spoken.start_ms)
    after_ms = min(100, browse.recording(ws, 1).duration_ms - spoken.end_ms)
    assert abs(_length_ms(browse.clip(ws, spoken.id, 100)) - length_ms - before_ms - after_ms) <= 1


def test_a_sentence_has_no_clip(ws: Workspace) -> None:
    (alone,) = sentences(ws.store, "불이야")
    with pytest.raises(NotFound, match=f"utterance {alone} is a sentence without audio"):
        browse.clip(ws, alone)


def test_a_typed_filter_knows_the_sources_of_the_workspace(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    wanted = browse.read_filter(ws, ["source=sentences", "text=불"])
    assert (wanted.source, wanted.text, browse.count(ws, wanted)) == ((1,), "불", 1)
    with pytest.raises(UnknownName, match="sentences"):
        browse.read_filter(ws, ["source=nowhere"])
    with pytest.raises(InputError, match="KEY=VALUE"):
        browse.read_filter(ws, ["text"])


def _length_ms(data: bytes) -> int:
    with wave.open(io.BytesIO(data)) as sound:
        return round(sound.getnframes() * 1000 / sound.getframerate())
