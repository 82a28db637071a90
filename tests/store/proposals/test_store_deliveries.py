"""core.store.proposals.deliveries: one Revision writes each operation, one undo takes it back; overtaken: refused."""

from typing import Any

import pytest
from store_data import AT, call

from core.errors import Unfit
from core.records import Proposal
from core.store import NewProposal, Store
from core.store.proposals.outcomes import Change, CurrentState, Refusal, change_for

AUDIO = {"path": "audio/bb/bb.wav", "sha256": "b" * 64, "duration_ms": 500, "sample_rate_hz": 16000}


@pytest.fixture
def one_call(store: Store) -> Store:
    call(store, "c1", "네 119입니다", "불이 났어요", labels={"urgency": "high"}, path="audio/aa/a.wav")
    return store


def suggest(
    store: Store, operation: str, before: dict[str, Any], after: dict[str, Any], utterance: int = 1
) -> Proposal:
    payload = {"before": before, "after": after, "source": "calls", "where": "row 2"}
    assert store.proposals.add([NewProposal("delivery", utterance, operation, payload, "later", batch="b")], AT) == 1
    return store.proposals.page("delivery", operation)[-1]


def state(store: Store) -> tuple[Any, ...]:
    u, c = store.corpus.utterance(1), store.corpus.recording(1)
    return u.text, u.start_ms, u.end_ms, u.speaker, u.group, dict(u.labels), c.path, c.sha256, c.duration_ms


@pytest.mark.parametrize(
    ("operation", "after"),
    [
        ("text", {"text": "네 119입니다."}),
        ("times", {"start_ms": 1, "end_ms": 700}),
        ("times", {"end_ms": 600}),
        ("speaker", {"speaker": "caller", "group": "g2"}),
        ("labels", {"labels": {"danger": "normal"}}),
        ("labels", {"labels": {"danger": "danger", "urgency": "low"}}),
        ("audio", AUDIO),
        ("audio", {"recording": "c9", **AUDIO, "start_ms": 0, "end_ms": 500}),
    ],
)
def test_accepted_and_undone(one_call: Store, operation: str, after: dict[str, Any]) -> None:
    store, utterance = one_call, one_call.corpus.utterance(1)
    now = {
        "text": utterance.text, "start_ms": utterance.start_ms, "end_ms": utterance.end_ms, "group": utterance.group,
        "speaker": utterance.speaker, "recording": "c1", "sha256": store.corpus.recording(1).sha256,
    }  # fmt: skip
    before = {name: now[name] for name in after if name in now}
    if "recording" in after:
        before = {"recording": "c1"}
    if operation == "labels":
        before = {"labels": {name: utterance.labels.get(name) for name in after["labels"]}}
    was = state(store)
    proposal = suggest(store, operation, before, after)
    assert store.proposals.decide(proposal.id, True, "kim", AT).state == "accepted"
    (revision,) = store.review.history(1)
    assert (revision.act, revision.why, revision.proposal_id) == ("accept", operation, proposal.id)
    assert state(store) != was or store.corpus.utterance(1).recording_id != 1
    undone = store.proposals.undo("delivery", "kim", AT)
    assert undone is not None
    assert (undone.state, state(store), store.corpus.utterance(1).recording_id) == ("open", was, 1)
    assert store.proposals.accept_many([proposal.id], "kim", AT) == {proposal.id: "accepted"}
    assert store.proposals.undo_batch("b", "kim", AT) == (1, 0)
    assert state(store) == was


def test_restoring_a_version_brings_audio_and_speaker_back(one_call: Store) -> None:
    was = state(one_call)
    for operation, before, after in (
        ("audio", {"sha256": one_call.corpus.recording(1).sha256}, AUDIO),
        ("speaker", {"speaker": one_call.corpus.utterance(1).speaker}, {"speaker": "x"}),
    ):
        one_call.proposals.decide(suggest(one_call, operation, before, after).id, True, "kim", AT)
    one_call.review.restore(1, 0, 2, "kim", AT)
    assert state(one_call) == was


@pytest.mark.parametrize(
    ("before", "after", "fields", "outcome"),
    [
        ({"start_ms": 0}, {"start_ms": 5}, {"start_ms": 0}, Change()),
        ({"start_ms": 0}, {"start_ms": 5}, {"start_ms": 5}, "same"),
        ({"start_ms": 0}, {"start_ms": 5}, {"start_ms": 7}, "overtaken"),
        ({"labels": {"d": None}}, {"labels": {"d": "x"}}, {"labels": {"d": None}}, Change()),
        ({"labels": {"d": "y"}}, {"labels": {"d": "x"}}, {"labels": {"d": ("y", "kim")}}, "overtaken"),
        ({"recording": None}, {"recording": "c"}, {"recording": "other"}, "overtaken"),
    ],
)
def test_the_rule(before: Any, after: Any, fields: Any, outcome: Change | Refusal) -> None:
    class Standing:
        text, skipped = "말", False

    current = CurrentState(Standing(), fields=fields)
    assert change_for("delivery", {"before": before, "after": after}, current) == outcome


def test_a_text_is_rebased_by_the_rule_of_all_suggestions() -> None:
    class Standing:
        text, skipped = "큰집에 불이 났어요", False

    payload = {"before": {"text": "집에 불이 났어요"}, "after": {"text": "집에 불이 났어요!"}}
    assert change_for("delivery", payload, CurrentState(Standing())) == Change("큰집에 불이 났어요!", rebased=True)


def test_the_same_suggestion_is_stored_once_and_overtaken_ones_are_refused_by_name(one_call: Store) -> None:
    proposal = suggest(one_call, "times", {"end_ms": one_call.corpus.utterance(1).end_ms}, {"end_ms": 600})
    again = NewProposal("delivery", 1, "times", {"before": {"end_ms": 1}, "after": {"end_ms": 600}}, "later", batch="c")
    assert one_call.proposals.add([again], AT) == 0
    one_call.review.decide(1, 0, "kim", AT, end_ms=650)
    with pytest.raises(Unfit, match="times of utterance 1 is no longer as it was delivered: somebody decided on it"):
        one_call.proposals.decide(proposal.id, True, "lee", AT)
    assert one_call.proposals.fitting([again]) == []
    assert one_call.proposals.batch_sources("delivery") == {"b": "calls"}
