"""core.workflows.predict.to_corpus: a Recording with Proposals; what a machine said is never taken for a person's."""

from typing import Any

import pytest
from aihub119_files import wav_bytes
from prediction_documents import RUN, document, judgement, turn

from core.errors import InputError, Unfit
from core.filters import Filter
from core.records import RunInfo, SnapshotInfo
from core.workflows.cleaning import decisions
from core.workflows.predict import to_corpus
from core.workflows.workspace import Workspace, now

HEARD = {"text": "집에 불이 났서요", "state": "ok", "confidence": 0.61, "language": "ko", "words": []}
DOCUMENT = document(
    "신고.wav",
    turn(0, 2_000, "네 119입니다", 0.1, speaker="taker"),
    turn(2_500, 4_000, HEARD["text"], 0.94, transcript=HEARD),
    turn(4_200, 5_900, "연기가 나요", 0.55, abstained="undecided", transcript=HEARD),
    first_alarm_ms=4_000,
)


@pytest.fixture
def with_run(ws: Workspace) -> Workspace:
    ws.store.ledger.add_snapshot(SnapshotInfo("s", "danger", "ab", now(), {}))
    ws.store.ledger.put_run(RunInfo(RUN, "danger-text", "ngram", "danger", "text", "s", "done", now(), {}))
    return ws


def proposals(ws: Workspace, kind: str) -> list[Any]:
    return ws.store.proposals.page(kind)


def test_a_call_becomes_a_recording_with_proposals(with_run: Workspace) -> None:
    ws = with_run
    sent = to_corpus.send(ws, DOCUMENT, wav_bytes(6_000))
    assert (sent.utterances, sent.proposals, sent.known) == (3, 3, False)
    recording = ws.store.corpus.recording(sent.recording_id or 0)
    assert (recording.duration_ms, recording.meta["file"]) == (6_000, "신고.wav")
    assert ws.audio_file(recording.id).read_bytes() == wav_bytes(6_000)
    stored = ws.store.corpus.find(Filter(recording_id=recording.id)).rows
    assert [(u.start_ms, u.end_ms, u.text, u.speaker) for u in stored] == [
        (0, 2_000, "네 119입니다", "taker"), (2_500, 4_000, "", None), (4_200, 5_900, "연기가 나요", None),
    ], "a transcript that nobody touched is no text; a changed one is"  # fmt: skip
    assert all(u.labels == {} for u in stored), "a machine labels nothing"
    assert ws.store.corpus.find(Filter(tag=(to_corpus.TAG,))).total == 3


def test_the_proposals_are_the_transcript_and_the_labels_of_the_run(with_run: Workspace) -> None:
    ws = with_run
    to_corpus.send(ws, DOCUMENT, wav_bytes(6_000))
    (text,) = proposals(ws, to_corpus.TEXT)
    assert (text.payload["text"], text.payload["before"], text.confidence) == (HEARD["text"], "", 0.61)
    labels = proposals(ws, to_corpus.LABEL)
    assert [(p.payload["code"], p.run_id) for p in labels] == [("normal", RUN), ("danger", RUN)], "none for undecided"
    assert labels[1].payload["margin"] == pytest.approx(0.88)
    decisions.decide(ws, text.id, True, "ann")
    decisions.decide(ws, labels[1].id, True, "ann")
    heard = ws.store.corpus.utterance(text.utterance_id)
    assert (heard.text, heard.original, heard.labels) == (HEARD["text"], "", {"danger": "danger"})


def test_a_label_for_other_words_than_a_person_wrote_is_refused(with_run: Workspace) -> None:
    ws = with_run
    to_corpus.send(ws, DOCUMENT, wav_bytes(6_000))
    label = proposals(ws, to_corpus.LABEL)[1]
    seen = ws.store.corpus.utterance(label.utterance_id)
    ws.store.review.decide(seen.id, seen.version, "ann", now(), text="지금은 괜찮아요", labels={})
    with pytest.raises(Unfit, match="was changed meanwhile; reject this suggestion"):
        decisions.decide(ws, label.id, True, "ann")


def test_a_repeat_adds_nothing_and_other_words_are_a_proposal(with_run: Workspace) -> None:
    ws = with_run
    first = to_corpus.send(ws, DOCUMENT, wav_bytes(6_000))
    again = to_corpus.send(ws, DOCUMENT, wav_bytes(6_000))
    assert again == to_corpus.Sent(first.recording_id, 0, 0, True)
    edited = DOCUMENT | {"utterances": [DOCUMENT["utterances"][0] | {"text": "네 일일구입니다"}]}
    third = to_corpus.send(ws, edited, wav_bytes(6_000))
    assert (third.utterances, third.proposals, third.known) == (0, 1, True)
    assert proposals(ws, to_corpus.TEXT)[-1].payload["before"] == "네 119입니다"
    assert ws.store.corpus.counts()["recordings"] == 1


def test_another_cut_of_known_sound_adds_no_second_set_of_utterances(with_run: Workspace) -> None:
    ws = with_run
    to_corpus.send(ws, DOCUMENT, wav_bytes(6_000))
    other = document("신고.wav", turn(100, 3_000, "다르게 자름", 0.9), first_alarm_ms=3_000)
    assert to_corpus.send(ws, other, wav_bytes(6_000)).proposals == 0
    assert ws.store.corpus.counts()["utterances"] == 3


def test_two_people_at_once_are_two_utterances(with_run: Workspace) -> None:
    """Turns with one span are kept apart by their order, also when the corpus has the sound already."""
    ws = with_run
    spoken = [
        turn(0, 2_000, "네 119입니다", 0.1),
        turn(0, 2_000, "불이 났어요", 0.9),
        turn(None, None, "살려주세요", 0.9),
    ]
    sent = to_corpus.send(ws, document("a.wav", *spoken), wav_bytes(6_000))
    assert (sent.utterances, sent.proposals, sent.known) == (3, 3, False)
    stored = sorted(ws.store.corpus.find(Filter(recording_id=sent.recording_id)).rows, key=lambda u: u.id)
    assert [(u.start_ms, u.end_ms, u.text, u.voice_usable) for u in stored] == [
        (0, 2_000, "네 119입니다", True), (0, 2_000, "불이 났어요", True), (None, None, "살려주세요", False),
    ]  # fmt: skip
    assert to_corpus.send(ws, document("a.wav", *spoken), wav_bytes(6_000)) == to_corpus.Sent(
        sent.recording_id, 0, 0, True
    )
    changed = [spoken[0], spoken[1] | {"text": "불이 크게 났어요"}, spoken[2]]
    to_corpus.send(ws, document("a.wav", *changed), wav_bytes(6_000))
    (text,) = proposals(ws, to_corpus.TEXT)
    assert (text.utterance_id, text.payload["before"]) == (stored[1].id, "불이 났어요")


def test_a_verdict_on_the_recording_is_proposed_once(with_run: Workspace) -> None:
    ws = with_run
    urgency = judgement(0.9) | {"label": "high", "probabilities": {"low": 0.05, "medium": 0.05, "high": 0.9}}
    turns = [t | {"judgements": {"urgency": urgency}} for t in DOCUMENT["utterances"]]
    made = DOCUMENT | {"utterances": turns, "verdict": {"urgency": urgency}}
    to_corpus.send(ws, made, wav_bytes(6_000))
    (label,) = proposals(ws, to_corpus.LABEL)
    assert (label.payload["scheme"], label.payload["code"]) == ("urgency", "high")


def test_a_typed_sentence_is_an_utterance_without_sound(with_run: Workspace) -> None:
    ws = with_run
    typed = document("text", turn(None, None, "불이 났어요", 0.9))
    sent = to_corpus.send(ws, typed, None)
    assert (sent.recording_id, sent.utterances, sent.proposals, sent.known) == (None, 1, 1, False)
    assert to_corpus.send(ws, typed, None) == to_corpus.Sent(None, 0, 0, True)
    assert ws.store.corpus.find(Filter(text="불이 났어요")).rows[0].recording_id is None


def test_a_run_of_elsewhere_proposes_nothing(ws: Workspace) -> None:
    assert to_corpus.send(ws, document("text", turn(None, None, "불이 났어요", 0.9)), None).proposals == 0


def test_nothing_to_send_is_said(ws: Workspace) -> None:
    with pytest.raises(InputError, match="nothing to send: no speech was found, and there is no text"):
        to_corpus.send(ws, document("d.wav"), wav_bytes(1_000))
