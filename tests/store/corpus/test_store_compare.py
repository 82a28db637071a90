"""core.store.corpus.compare: which known items are the same, which differ and in what, and which labels are missing."""

from dataclasses import replace

import pytest
from store_data import AT

from core.filters import Filter
from core.records import Clash, Difference, NewRecording, NewUtterance, Report
from core.store import ELSEWHERE, NEW_SPEAKER, Store
from core.store.corpus.compare import plain

SAID = NewUtterance("u1", "불이 났어요", "c1", 0, 900, "caller", labels={"danger": "danger"})
CALL = NewRecording("c1", 1000, 8000, "audio/aa/aa.wav", "a" * 64, (SAID,), {"urgency": "high"})
OTHER_AUDIO = Difference("audio", "a" * 64, "b" * 64)


def add(store: Store, *calls: NewRecording, elsewhere: bool = False) -> Report:
    source = store.corpus.add_source("calls", "calls", "ours", "0", AT)
    return store.corpus.add_recordings(source, calls, AT, elsewhere=elsewhere)


@pytest.fixture
def one_call(store: Store) -> Store:
    add(store, CALL)
    return store


@pytest.mark.parametrize(
    ("change", "differences"),
    [
        ({}, ()),
        ({"text": "불이 났어요\n"}, ()),
        ({"text": "불이 났어요"}, ()),  # NFD
        ({"start_ms": None, "end_ms": None, "speaker": None, "labels": {}}, ()),
        ({"text": "불이 났어요!"}, (Difference("text", "불이 났어요", "불이 났어요!"),)),
        ({"start_ms": 5}, (Difference("start_ms", 0, 5),)),
        (
            {"end_ms": 800, "speaker": "taker"},
            (Difference("end_ms", 900, 800), Difference("speaker", "caller", "taker")),
        ),
        ({"labels": {"danger": "normal"}}, (Difference("label:danger", "danger", "normal"),)),
    ],
)
def test_one_utterance(one_call: Store, change: dict[str, object], differences: tuple[Difference, ...]) -> None:
    report = add(one_call, replace(CALL, utterances=(replace(SAID, **change),)))  # type: ignore[arg-type]
    assert report.clashes == ([Clash("u1", 1, 1, "", differences)] if differences else [])
    assert (report.known, report.clashed, report.added) == (int(not differences), int(bool(differences)), 0)
    assert one_call.corpus.utterance(1).text == "불이 났어요"


def test_texts_are_compared_in_one_form() -> None:
    assert plain("  네\r\n맞아요\r") == "네\n맞아요"


def test_a_recording_with_other_audio_or_another_label(one_call: Store) -> None:
    new = NewUtterance("u2", "새 말", "c1", 900, 990)
    report = add(one_call, replace(CALL, path=None, sha256="b" * 64, utterances=(SAID, new), labels={"urgency": "low"}))
    label = Difference("label:urgency", "high", "low")
    assert report.clashes == [
        Clash("c1", None, 1, "", (OTHER_AUDIO, label)), Clash("u2", None, 1, "", (OTHER_AUDIO,)),
    ]  # fmt: skip
    assert report.differing == {"audio": 2, "label:urgency": 1}
    assert len(list(one_call.corpus.every(Filter()))) == 1, "the new utterance does not hang on foreign audio"


def test_labels_that_nobody_gave_are_added_and_a_withdrawn_one_is_not(one_call: Store) -> None:
    bare = NewUtterance("u2", "네", "c1")
    add(one_call, replace(CALL, utterances=(bare,)))
    report = add(
        one_call,
        replace(CALL, utterances=(replace(bare, labels={"danger": "normal"}),), labels={"sentiment": "neutral"}),
    )
    assert (report.labels_added, report.clashed) == (2, 0)
    assert one_call.corpus.utterance(2).labels == {"danger": "normal", "urgency": "high", "sentiment": "neutral"}
    assert [a.curator for a in one_call.review.annotations(2)] == ["import"]
    one_call.review.decide(1, 0, "kim", AT, labels={"danger": "normal"})
    one_call.review.undo("kim", AT)
    assert add(one_call, CALL).labels_added == 0


def test_what_a_curator_decided_and_took_back_does_not_count(store: Store) -> None:
    add(store, replace(CALL, utterances=(replace(SAID, labels={}),)))
    store.review.decide(1, 0, "kim", AT, labels={"danger": "normal"})
    differing = add(store, CALL)
    assert differing.clashes[0].differences == (Difference("label:danger", "normal", "danger"),)
    store.review.undo("kim", AT)
    assert add(store, CALL).labels_added == 1


def test_a_changed_span_is_known_as_it_was_received(one_call: Store) -> None:
    one_call.review.decide(1, 0, "kim", AT, start_ms=10, text="불이 났어요 빨리")
    assert add(one_call, CALL).clashed == 0
    report = add(one_call, replace(CALL, utterances=(replace(SAID, start_ms=20),)))
    assert report.clashes[0].differences == (Difference("start_ms", 0, 20),)


def test_an_utterance_that_is_known_with_another_recording(one_call: Store) -> None:
    second = replace(CALL, key="c2", sha256="c" * 64)
    report = add(one_call, second, elsewhere=True)
    assert report.clashes == [Clash("u1", 1, 1, "", (Difference("audio", "c1", "c2"),))]
    assert [call.key for call in one_call.corpus.recordings()] == ["c1"]


def test_a_sentence_that_gets_a_recording_without_audio_stays_a_sentence(store: Store) -> None:
    source = store.corpus.add_source("s", "table", "ours", "0", AT)
    store.corpus.add_sentences(source, [NewUtterance("u1", "불이 났어요", "u1")], AT)
    untimed = replace(SAID, start_ms=None, end_ms=None)
    report = add(store, replace(CALL, path=None, sha256=None, utterances=(untimed,)), elsewhere=True)
    assert (report.clashed, report.notes) == (0, {ELSEWHERE: 1, NEW_SPEAKER: 1})
    assert store.corpus.utterance(1).recording_id is None
    assert (report.labels_added, store.corpus.utterance(1).labels) == (1, {"danger": "danger"})


def test_a_read_only_comparison_tells_deliveries_apart(one_call: Store) -> None:
    same = one_call.corpus.compare(recordings=[CALL])
    assert (same.same, same.other, same.same_sounds, same.clashes) == (2, 0, 1, [])
    foreign = replace(CALL, sha256="b" * 64, utterances=(replace(SAID, text="길을 물어요", labels={}),))
    other = one_call.corpus.compare(recordings=[foreign])
    assert (other.same, other.other, other.other_sounds) == (0, 2, 1)
    silent = replace(CALL, sha256=None, utterances=(NewUtterance("u9", "다른 말", "c1"),))
    assert one_call.corpus.compare(recordings=[silent]).other == 1
    spaced = one_call.corpus.compare([replace(SAID, text="불이났어요!", start_ms=None)])
    assert (spaced.same, spaced.other, len(spaced.clashes)) == (1, 0, 1), "spaces and marks tell no two items apart"
    assert len(one_call.review.annotations(1)) == 1, "nothing was written"


def test_deliveries_are_noted_once_and_found_by_content(store: Store) -> None:
    source = store.corpus.add_source("s", "table", "ours", "ab", AT)
    for part in ("", "2월", "2월"):
        store.deliveries.add(source, "s.xlsx", "ab", part, AT)
    found = store.deliveries.with_content("ab", ("table",))
    assert [(d.source, d.name, d.part) for d in found] == [("s", "s.xlsx", ""), ("s", "s.xlsx", "2월")]
    assert store.deliveries.with_content("ab", ("export",)) == []
    assert (store.deliveries.kinds(), store.deliveries.size("s")) == ({"s": "table"}, 0)
