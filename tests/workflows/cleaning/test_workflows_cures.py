"""core.workflows.cleaning.cures: another text or other times by hand, what is refused, and the way back."""

import pytest
from store_data import AT, call, sentences

from core.errors import Conflict, InputError, Stale
from core.messages import Message
from core.quality import Finding
from core.workflows.cleaning import cures
from core.workflows.workspace import Workspace

LATER = "2027-01-01T00:00:00.000000+00:00"


def finding(level: str, *ids: int | str, check: str = "empty-text") -> Finding:
    return Finding(check, level, "warning", len(ids), Message("x"), ids)  # type: ignore[arg-type]


def test_text_and_times_are_cured_with_a_reason_and_taken_back(ws: Workspace) -> None:
    first, second = call(ws.store, "c1", "불이 낫어요", "네", path="a.wav")
    written = cures.cure(ws, first, 0, "kim", text=" 불이  났어요 ", start_ms=100, end_ms=1900, why=" 맞춤법 ")
    assert (written.curator, written.why, written.after["text"]) == ("kim", "맞춤법", " 불이  났어요 ")
    now_is = ws.store.corpus.utterance(first)
    assert (now_is.text, now_is.start_ms, now_is.end_ms) == (" 불이  났어요 ", 100, 1900), (
        "as typed, as the desk stores it"
    )
    assert cures.changed_since(ws, [first, second], AT)[first].id == written.id
    with pytest.raises(Conflict, match="this was changed by kim; only kim can take it back"):
        cures.take_back(ws, first, written.id, "lee")
    undone = cures.take_back(ws, first, written.id, "kim")
    assert cures.take_back(ws, first, written.id, "kim") == undone, "again, and nothing more is undone"
    back = ws.store.corpus.utterance(first)
    assert (back.text, back.start_ms, back.end_ms) == ("불이 낫어요", 0, 900)
    assert cures.changed_since(ws, [first, second], AT) == {}


def test_what_cannot_be_cured_is_refused_and_writes_nothing(ws: Workspace) -> None:
    (alone,) = sentences(ws.store, "괜찮아요")
    first, _second = call(ws.store, "c1", "불이 났어요", "네", path="a.wav")
    with pytest.raises(InputError, match="nothing was changed"):
        cures.cure(ws, first, 0, "kim", text="불이 났어요", start_ms=0)
    with pytest.raises(InputError, match="the text is empty"):
        cures.cure(ws, first, 0, "kim", text=" \n")
    with pytest.raises(InputError, match="the text has 10,001 characters; at most 10,000 can be saved"):
        cures.cure(ws, first, 0, "kim", text="가" * 10_001)
    with pytest.raises(InputError, match="500-400 ms is no span of its recording of 2000 ms"):
        cures.cure(ws, first, 0, "kim", start_ms=500, end_ms=400)
    with pytest.raises(InputError, match="has no times that could be changed"):
        cures.cure(ws, alone, 0, "kim", end_ms=400)
    cures.cure(ws, first, 0, "lee", text="불이 났습니다")
    with pytest.raises(Stale):
        cures.cure(ws, first, 0, "kim", text="불 났어요")
    assert ws.store.corpus.utterance(first).text == "불이 났습니다"


def test_a_long_text_is_stored_whole_and_one_that_was_longer_is_left_alone(ws: Workspace) -> None:
    short, longer = sentences(ws.store, "짧다", "나" * 10_500)
    text = "가 나\n" * 2500
    assert cures.cure(ws, short, 0, "kim", text=text).after["text"] == text
    with pytest.raises(InputError, match="nothing was changed"):
        cures.cure(ws, longer, 0, "kim", text="나" * 10_500)


def test_only_the_own_cure_is_taken_back(ws: Workspace) -> None:
    first, second = call(ws.store, "c1", "불이 낫어요", "네", path="a.wav")
    labelled = ws.store.review.decide(second, 0, "kim", LATER, labels={"danger": "danger"}, spent_ms=900)
    at_desk = ws.store.review.decide(second, 1, "kim", LATER, text="네네", labels={}, spent_ms=900)
    for revision in (labelled, at_desk):
        with pytest.raises(Conflict, match="no text and no time that was cured"):
            cures.take_back(ws, second, revision.id, "kim")
    cured = cures.cure(ws, first, 0, "kim", text="불이 났어요")
    with pytest.raises(Conflict, match="no text and no time that was cured"):
        cures.take_back(ws, second, cured.id, "kim")
    ws.store.review.decide(first, 1, "lee", LATER, text="불이야")
    with pytest.raises(Conflict, match="was decided again by lee"):
        cures.take_back(ws, first, cured.id, "kim")
    assert [utterance.text for utterance in ws.store.corpus.utterances([first, second])] == ["불이야", "네네"]


def test_what_was_changed_since_the_check_is_text_or_times(ws: Workspace) -> None:
    first, second = call(ws.store, "c1", "불이 낫어요", "네", path="a.wav")
    cured = cures.cure(ws, first, 0, "kim", text="불이 났어요")
    ws.store.review.decide(first, 1, "lee", LATER, labels={"danger": "danger"})
    ws.store.review.decide(second, 0, "lee", LATER, labels={"danger": "danger"})
    assert {item: entry.id for item, entry in cures.changed_since(ws, [first, second], AT).items()} == {first: cured.id}
    assert cures.changed_since(ws, [first, second], "") == {}, "nothing was checked, so nothing was changed since"


def test_a_finding_that_names_only_its_first_items_says_how_many_it_is_about() -> None:
    assert cures.size(finding("utterance", 1, 2)) == 2
    conflict = Finding("label-conflict", "utterance", "error", 1, Message("x"), (1, 2), numbers={"rows": 3})
    assert cures.size(conflict) == 3, "one text, three rows"


def test_a_finding_names_its_utterances_itself_or_by_their_recording(ws: Workspace) -> None:
    sentences(ws.store, "하나", "둘")
    call(ws.store, "c1", "불이 났어요", "네")
    found = [finding("utterance", 2, 1), finding("recording", 1), finding("file", "a.wav"), finding("utterance", 3)]
    assert cures.utterances_of(ws, found) == [2, 1, 3, 4]
