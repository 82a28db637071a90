"""core.workflows.cleaning.cures: another text or other times by hand, what is refused, and the way back."""

import pytest
from store_data import AT, call, sentences

from core.errors import Conflict, InputError, Stale
from core.messages import Message
from core.quality import Finding
from core.workflows.cleaning import cures
from core.workflows.workspace import Workspace


def finding(level: str, *ids: int | str, check: str = "empty-text") -> Finding:
    return Finding(check, level, "warning", len(ids), Message("x"), ids)  # type: ignore[arg-type]


def test_text_and_times_are_cured_with_a_reason_and_taken_back(ws: Workspace) -> None:
    first, second = call(ws.store, "c1", "불이 낫어요", "네", path="a.wav")
    written = cures.cure(ws, first, 0, "kim", text=" 불이  났어요 ", start_ms=100, end_ms=1900, why=" 맞춤법 ")
    assert (written.curator, written.why, written.after["text"]) == ("kim", "맞춤법", "불이 났어요")
    now_is = ws.store.corpus.utterance(first)
    assert (now_is.text, now_is.start_ms, now_is.end_ms) == ("불이 났어요", 100, 1900)
    assert cures.changed_since(ws, [first, second], AT)[first].id == written.id
    with pytest.raises(Conflict, match="nothing to take back"):
        cures.take_back(ws, written.id, "lee")
    cures.take_back(ws, written.id, "kim")
    back = ws.store.corpus.utterance(first)
    assert (back.text, back.start_ms, back.end_ms) == ("불이 낫어요", 0, 900)
    assert cures.changed_since(ws, [first, second], AT) == {}


def test_what_cannot_be_cured_is_refused_and_writes_nothing(ws: Workspace) -> None:
    (alone,) = sentences(ws.store, "괜찮아요")
    first, _second = call(ws.store, "c1", "불이 났어요", "네", path="a.wav")
    with pytest.raises(InputError, match="nothing was changed"):
        cures.cure(ws, first, 0, "kim", text="불이 났어요", start_ms=0)
    with pytest.raises(InputError, match="500-400 ms is no span of its recording of 2000 ms"):
        cures.cure(ws, first, 0, "kim", start_ms=500, end_ms=400)
    with pytest.raises(InputError, match="has no times that could be changed"):
        cures.cure(ws, alone, 0, "kim", end_ms=400)
    cures.cure(ws, first, 0, "lee", text="불이 났습니다")
    with pytest.raises(Stale):
        cures.cure(ws, first, 0, "kim", text="불 났어요")
    assert ws.store.corpus.utterance(first).text == "불이 났습니다"


def test_a_finding_names_its_utterances_itself_or_by_their_recording(ws: Workspace) -> None:
    sentences(ws.store, "하나", "둘")
    call(ws.store, "c1", "불이 났어요", "네")
    found = [finding("utterance", 2, 1), finding("recording", 1), finding("file", "a.wav"), finding("utterance", 3)]
    assert cures.utterances_of(ws, found) == [2, 1, 3, 4]
