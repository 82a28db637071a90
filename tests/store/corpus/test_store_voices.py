"""core.store.corpus.voices: derived recordings have their parent's group and labels, and leave as one batch."""

from typing import Any

from sqlalchemy import select
from store_data import AT, call

from core.filters import Filter
from core.records import Utterance
from core.store import DerivedVoice, Store
from core.store.engine import reading, writing
from core.store.schema import utterance

LATER = "2024-06-01T00:00:00.000000+00:00"


def copy_of(parent: int, n: int = 0, batch: str = "b1", **changes: Any) -> DerivedVoice:
    values: dict[str, Any] = {
        "parent_id": parent, "key": f"copy-{parent}-{n}", "path": f"audio/{parent}-{n}.wav", "sha256": f"{parent}{n}",
        "duration_ms": 850, "sample_rate_hz": 8000, "operation": "speed", "parameters": {"speed": {"factor": 1.06}},
        "seed": 2**47, "batch": batch,
    }  # fmt: skip
    return DerivedVoice(**values | changes)


def copies(store: Store) -> list[Utterance]:
    return list(store.corpus.every(Filter(origin=("augmented",))))


def test_a_copy_has_its_parents_group_and_labels_and_says_how_it_was_made(store: Store) -> None:
    taker, caller = call(store, "c1", "네 119입니다", "불이 났어요", labels={"urgency": "high"}, path="audio/c1.wav")
    store.review.decide(caller, 0, "kim", AT, labels={"danger": "danger"})
    assert store.voices.add([copy_of(caller), copy_of(caller, 1)], "lee", LATER).added == 2
    first, second = copies(store)
    parent = store.corpus.utterance(caller)
    assert (first.parent_id, first.group, first.text, first.speaker, first.origin) == (
        caller, parent.group, "불이 났어요", "caller", "augmented",
    )  # fmt: skip
    assert (first.start_ms, first.end_ms, first.voice_usable) == (0, 850, True)
    assert dict(first.labels) == {"danger": "danger", "urgency": "high"}
    assert store.corpus.grades("utterance", "danger")[first.id] == ("danger", "silver")
    assert first.recording_id != second.recording_id
    recording = store.corpus.recording(first.recording_id or 0)
    assert store.corpus.grades("recording", "urgency")[recording.id] == ("high", "silver")
    assert (recording.key, recording.path, recording.duration_ms) == (first.key, f"audio/{caller}-0.wav", 850)
    assert recording.meta == {
        "derived": {
            "from": "c1:1", "operation": "speed", "parameters": {"speed": {"factor": 1.06}}, "seed": 2**47,
            "batch": "b1", "made_at": LATER, "by": "lee",
        }
    }  # fmt: skip
    assert store.corpus.utterance(taker).labels == {"urgency": "high"}


def test_a_disputed_label_and_a_call_label_of_nobody_known_are_not_copied(store: Store) -> None:
    taker, caller = call(store, "c1", "네", "불이요", labels={"urgency": "high"}, path="a.wav")
    with writing(store.corpus._engine) as connection:  # a delivery may leave the speaker of one turn open
        connection.execute(utterance.update().where(utterance.c.id == caller).values(speaker=None))
    store.voices.add([copy_of(caller), copy_of(taker)], "lee", LATER)
    unknown, known = copies(store)
    assert (dict(unknown.labels), dict(known.labels)) == ({}, {"urgency": "high"})


def test_the_same_copy_is_added_once_and_a_left_out_parent_gets_none(store: Store) -> None:
    _, caller = call(store, "c1", "네", "불이요", path="a.wav")
    assert store.voices.add([copy_of(caller)], "lee", LATER).added == 1
    again = store.voices.add([copy_of(caller, batch="b2"), copy_of(caller, 1, "b2")], "lee", LATER)
    assert (again.added, again.known) == (1, 1)
    store.review.decide(caller, 0, "kim", AT, skip=True)
    report = store.voices.add([copy_of(caller, 2), copy_of(999)], "lee", LATER)
    assert (report.added, report.known, report.notes) == (0, 0, {"parents that are left out": 2})
    latest = {batch.id: batch.operations for batch in store.voices.batches()}
    assert latest == {"b1": {"speed": 1}, "b2": {"speed": 1}}


def test_a_batch_leaves_as_one_except_what_somebody_decided_on_and_comes_back(store: Store) -> None:
    _, caller = call(store, "c1", "네", "불이요", labels={"urgency": "high"}, path="a.wav")
    store.voices.add([copy_of(caller, n) for n in range(3)], "lee", AT)
    store.voices.add([copy_of(caller, 3, "b2", path="audio/shared.wav"), copy_of(caller, 4, "b1",
                      path="audio/shared.wav")], "lee", LATER)  # fmt: skip
    kept = copies(store)[0]
    store.review.decide(kept.id, 0, "kim", LATER, labels={"danger": "danger"})
    taken = store.voices.take_out("b1")
    assert (taken.undone, taken.left) == (3, 1)
    assert taken.paths == (f"audio/{caller}-1.wav", f"audio/{caller}-2.wav"), "a file that another copy needs stays"
    assert [copy.key for copy in copies(store)] == [kept.key, f"copy-{caller}-3"]
    assert set(store.corpus.grades("recording", "urgency")) == {1, kept.recording_id, copies(store)[1].recording_id}
    assert store.voices.take_out("b1").undone == 0
    b1 = next(batch for batch in store.voices.batches() if batch.id == "b1")
    assert (b1.operations, b1.taken_out) == ({"speed": 1}, 3)
    report = store.voices.add([copy_of(caller, 1, "b3")], "lee", LATER)
    assert (report.added, report.known) == (1, 0)
    back = copies(store)[1]
    assert (back.key, dict(back.labels)) == (f"copy-{caller}-1", {"urgency": "high"})
    recording = store.corpus.recording(back.recording_id or 0)
    assert (recording.path, recording.meta["derived"]["batch"]) == (f"audio/{caller}-1.wav", "b3")


def test_a_copy_that_is_put_back_says_what_its_source_says_now(store: Store) -> None:
    _, caller = call(store, "c1", "네", "불이요", path="a.wav")
    store.voices.add([copy_of(caller)], "lee", AT)
    store.voices.take_out("b1")
    store.review.decide(caller, 0, "kim", AT, text="불이 났어요")
    with writing(store.corpus._engine) as connection:  # as an accepted clash of a delivery does
        connection.execute(utterance.update().where(utterance.c.id == caller).values(group="c9", speaker="other"))
    assert store.voices.add([copy_of(caller, batch="b2")], "lee", LATER).added == 1
    (back,) = copies(store)
    assert (back.text, back.group, back.speaker) == ("불이 났어요", "c9", "other")
    made = store.derivations.of([back.id])[back.id]
    assert (made.batch, made.made_at, made.operation) == ("b2", LATER, "voice:speed")
    with reading(store.corpus._engine) as connection:
        row = connection.execute(select(utterance.c.chars, utterance.c.meta).where(utterance.c.id == back.id)).one()
    assert (row.chars, row.meta["batch"], row.meta["operation"]) == (6, "b2", "voice:speed")


def test_checks_of_recordings_do_not_read_copies(store: Store) -> None:
    _, caller = call(store, "c1", "네", "불이요", path="a.wav")
    store.voices.add([copy_of(caller)], "lee", LATER)
    assert [recording.key for block in store.scan.calls() for recording in block] == ["c1"]
