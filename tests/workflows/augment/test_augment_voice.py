"""Changed copies of voices in a workspace: what is copied, how a snapshot holds copies, how a batch is undone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from sounds import RATE_HZ, record, talk
from store_data import AT, sentences

from core.audio.augmentation import changed
from core.audio.gate import decode
from core.errors import Conflict, InputError, NotFound
from core.filters import Filter
from core.records import Recording, Utterance
from core.schemes import URGENCY
from core.snapshots.format import read
from core.store.engine import engine_for, writing
from core.store.schema import label as labels
from core.workflows.augment import voice
from core.workflows.augment.voice import TakenBack, VoicePlan
from core.workflows.augment.voice_sources import from_document, to_document
from core.workflows.snapshots import snapshot
from core.workflows.snapshots.samples import Gathering
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

PLAN = VoicePlan(operations="speed=0.8,telephone+noise=10", per=2)


def label(ws: Workspace, utterance: Utterance, code: str) -> None:
    ws.store.review.decide(utterance.id, utterance.version, "kim", AT, labels={"danger": code})


def clips(ws: Workspace, n: int = 3, seconds: float = 1.0) -> list[Utterance]:
    """Labelled clips, danger and normal in turn."""
    for number in range(n):
        record(ws, f"c{number}", talk(seconds, seed=number))
    for number, utterance in enumerate(every(ws)):
        label(ws, utterance, ("danger", "normal")[number % 2])
    return every(ws)


def every(ws: Workspace, origin: str = "imported") -> list[Utterance]:
    return list(ws.store.corpus.every(Filter(origin=(origin,))))


def lineage(ws: Workspace, copy: Utterance) -> tuple[Recording, dict[str, Any]]:
    recording = ws.store.corpus.recording(copy.recording_id or 0)
    return recording, recording.meta["derived"]


def test_copies_are_recordings_that_can_be_made_again_from_what_is_stored(ws: Workspace) -> None:
    sources = {source.id: source for source in clips(ws)}
    result = voice.run(ws, PLAN, "lee")
    assert (result.sources, result.added, result.known, result.refused) == (3, 6, 0, {})
    copies = every(ws, "augmented")
    assert len(copies) == 6
    for copy in copies:
        parent = sources[copy.parent_id or 0]
        assert (copy.group, copy.text, copy.speaker) == (parent.group, parent.text, parent.speaker)
        assert dict(copy.labels) == dict(parent.labels)
        recording, made = lineage(ws, copy)
        assert (made["from"], made["batch"], made["by"]) == (parent.key, result.batch, "lee")
        original, _ = soundfile.read(ws.audio_file(parent.recording_id or 0), dtype="float32")
        heard = decode(ws.audio_file(recording.id), "copy", rate_hz=None)
        again = changed(original, RATE_HZ, made["parameters"], made["seed"])
        assert heard.source_rate_hz == recording.sample_rate_hz == RATE_HZ
        np.testing.assert_allclose(heard.wave, again, atol=1e-4)
        seconds = 1.25 if made["operation"] == "speed" else 1.0
        assert recording.duration_ms == copy.end_ms == pytest.approx(1000 * seconds, abs=1)
    assert {lineage(ws, copy)[1]["operation"] for copy in copies} == {"speed", "telephone+noise"}


def test_the_same_plan_adds_nothing_and_a_copy_gets_no_copies(ws: Workspace) -> None:
    clips(ws, 2)
    first = voice.run(ws, PLAN, "lee")
    again = voice.run(ws, PLAN, "lee")
    assert (again.added, again.known, again.left_out) == (0, 4, {"copy": 4})
    more = voice.run(ws, replace(PLAN, seed=1, limit=1), "lee")
    assert (more.sources, more.added) == (1, 2)
    assert [(batch.id, sum(batch.operations.values())) for batch in voice.batches(ws)] == [
        (more.batch, 2), (first.batch, 4),
    ]  # fmt: skip


def test_what_cannot_be_copied_is_counted_by_reason(ws: Workspace) -> None:
    kept, held_out, broken = clips(ws, 3)
    record(ws, "short", talk(0.4))
    label(ws, every(ws)[-1], "danger")
    record(ws, "unlabelled", talk(1.0))
    sentences(ws.store, "불이야", labels={"danger": "danger"})
    ws.store.bulk.tag([held_out.id], "split:test", "kim", AT)
    ws.audio_file(broken.recording_id or 0).write_bytes(b"RIFF")
    result = voice.run(ws, replace(PLAN, operations="gain=0,gain+noise=20"), "lee")
    assert result.left_out == {"no-voice": 1, "no-label": 1, "short": 1, "held-out": 1}
    assert result.refused == {"equal": 1}
    assert result.added == 1
    assert [skip.where for skip in result.skipped] == [broken.key]
    assert {copy.parent_id for copy in every(ws, "augmented")} == {kept.id}
    assert voice.reason("equal") == "sounds as its source does"
    assert voice.reason("held-out") == "held out by its published split"


def test_a_snapshot_holds_copies_beside_their_source_and_in_training_only(ws: Workspace) -> None:
    clips(ws, 14, 0.6)
    voice.run(ws, PLAN, "lee")
    snapshot.create(ws, "v", "danger", "50/25/25", inputs="voice")
    items = read(ws.snapshot_folder("v")).items
    sides = {item.key: item.side for item in items}
    parents = {copy.key: ws.store.corpus.utterance(copy.parent_id or 0).key for copy in every(ws, "augmented")}
    held = [key for key in sides if key in parents]
    assert held
    assert len(held) == 2 * sum(side == "train" for key, side in sides.items() if key not in parents)
    assert all(sides[key] == sides[parents[key]] == "train" for key in held)
    assert {side for key, side in sides.items() if key not in parents} == {"train", "validation", "test"}
    assert not any(item.gold for item in items if item.key in parents)
    info = snapshot.create(ws, "t", "danger", "50/25/25", inputs="text")
    texts = read(ws.snapshot_folder("t"))
    assert not [item.key for item in texts.items if item.key in parents], "a model of texts gains nothing from them"
    assert any(f"of no use where the text alone is read: {len(parents)}" in line for line in explained(texts.report))
    assert info.name == "t"


def explained(report: Any) -> list[str]:
    return [str(line) for line in snapshot.explained(report)]


def test_a_batch_is_taken_back_as_one_with_its_files_and_can_be_made_again(ws: Workspace) -> None:
    clips(ws, 2)
    batch = voice.run(ws, PLAN, "lee").batch
    copies = every(ws, "augmented")
    files = [ws.audio_file(copy.recording_id or 0) for copy in copies]
    label(ws, copies[0], "normal")
    before = ws.store.corpus.counts()
    assert voice.undo(ws, batch) == TakenBack(3, 1, 0)
    assert [path.is_file() for path in files] == [True, False, False, False]
    assert [copy.id for copy in every(ws, "augmented")] == [copies[0].id]
    assert ws.store.corpus.counts()["audio_ms"] < before["audio_ms"]
    again = voice.run(ws, PLAN, "lee")
    assert (again.added, again.known) == (3, 1)
    assert all(path.is_file() for path in files)
    assert {copy.id for copy in every(ws, "augmented")} == {copy.id for copy in copies}
    with pytest.raises(NotFound, match=f"no batch of voices 'nope'; the latest: {again.batch}"):
        voice.undo(ws, "nope")


def test_audio_that_a_snapshot_reads_stays_when_its_batch_is_taken_back(ws: Workspace) -> None:
    clips(ws, 14, 0.6)
    batch = voice.run(ws, replace(PLAN, per=1), "lee").batch
    snapshot.create(ws, "v", "danger", "50/25/25", inputs="voice")
    snapshot.create(ws, "t", "danger", "50/25/25")
    frozen = {item.audio for item in read(ws.snapshot_folder("v")).items if item.audio}
    copies = {ws.audio_file(copy.recording_id or 0) for copy in every(ws, "augmented")}
    needed = {path for path in copies if str(path.relative_to(ws.settings.home)) in frozen}
    assert 0 < len(needed) < len(copies)
    assert voice.undo(ws, batch) == voice.TakenBack(14, 0, len(needed))
    assert {path for path in copies if path.is_file()} == needed
    assert all((ws.settings.home / path).is_file() for path in frozen)


def test_a_clip_whose_labels_are_all_disputed_is_not_copied(ws: Workspace) -> None:
    disputed, _ = clips(ws, 2)
    with writing(engine_for(ws.settings.database_url)) as connection:
        connection.execute(labels.update().where(labels.c.target_id == disputed.id).values(grade="disputed"))
    result = voice.run(ws, PLAN, "lee")
    assert (result.sources, result.added, result.left_out) == (1, 2, {"no-label": 1})


def test_a_preview_counts_and_lets_copies_be_heard_and_stores_nothing(ws: Workspace) -> None:
    clips(ws, 5)
    seen = voice.preview(ws, PLAN, heard=2)
    assert (seen.sources, seen.copies, seen.seconds, seen.left_out) == (5, 10, 10, {})
    assert len(seen.heard) == 2
    before, after = (decode(data, "x", rate_hz=None).wave for data in (seen.heard[0].before, seen.heard[0].after))
    assert len(before) == RATE_HZ
    assert not np.array_equal(before, after)
    assert not every(ws, "augmented")
    assert not voice.batches(ws)


def test_a_job_continues_where_it_was_and_shows_its_result(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    clips(ws, 3)
    monkeypatch.setattr(voice, "BLOCK", 1)
    done: dict[str, Any] = {}
    shown: dict[str, Any] = {}

    class Job:
        id = "voice-1"
        killed = 2

        def step(self, name: str, fn: Any) -> Any:
            if name not in done:
                if len(done) == self.killed:
                    raise KeyboardInterrupt
                done[name] = fn()
            return done[name]

        def report(self, progress: Any) -> None:
            shown.update(progress)

    params, job = {"plan": to_document(PLAN), "curator": "lee"}, Job()
    with pytest.raises(KeyboardInterrupt):
        voice.run_job(params, job)
    assert len(every(ws, "augmented")) == 2
    job.killed = 99
    voice.run_job(params, job)
    assert (shown["added"], shown["known"], shown["done"], shown["total"]) == (6, 0, 3, 3)
    assert {lineage(ws, copy)[1]["batch"] for copy in every(ws, "augmented")} == {"voice-1"}
    assert from_document(params["plan"]) == PLAN


def test_a_running_batch_is_not_taken_back(ws: Workspace) -> None:
    clips(ws, 2)
    batch = voice.start(ws, PLAN, "lee")
    with pytest.raises(Conflict, match=f"run {batch} is at work still: cancel it first"):
        voice.undo(ws, batch)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"operations": "echo"}, "unknown transform 'echo'; known: speed, pitch, gain, telephone"),
        ({"per": 0}, "0 copies of a clip: it must be 1 to 20"),
        ({"per": 21}, "21 copies of a clip: it must be 1 to 20"),
        ({"limit": 0}, "limit 0: at least one clip must be drawn"),
        ({"seed": -1}, "seed -1: it must be a whole number from 0 to 2**63 - 1"),
    ],
)
def test_a_plan_out_of_range_is_one_clear_error(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        VoicePlan(**changes)
    assert str(error.value).startswith(message)


def test_a_copy_of_a_longer_recording_is_cut_to_its_utterance(ws: Workspace, tmp_path: Path) -> None:
    record(ws, "long", talk(3.0))
    (utterance,) = every(ws)
    ws.store.review.decide(utterance.id, 0, "kim", AT, labels={"danger": "danger"}, start_ms=1000, end_ms=1700)
    voice.run(ws, replace(PLAN, operations="gain=-6", per=1), "lee")
    (copy,) = every(ws, "augmented")
    wave = decode(ws.audio_file(copy.recording_id or 0), "x", rate_hz=None).wave
    source, _ = soundfile.read(ws.audio_file(utterance.recording_id or 0), dtype="float32")
    np.testing.assert_allclose(wave, source[RATE_HZ : int(1.7 * RATE_HZ)] * 10 ** (-6 / 20), atol=1e-4)


def test_a_copy_has_the_label_that_the_call_of_its_source_has_now(ws: Workspace) -> None:
    relabelled, disputed = clips(ws, 2)
    for source in (relabelled, disputed):
        ws.store.review.decide(source.id, source.version, "kim", AT, labels={"urgency": "high"})
    voice.run(ws, PLAN, "lee")
    ws.store.review.decide(relabelled.id, relabelled.version + 1, "bob", AT, labels={"urgency": "low"})
    with writing(engine_for(ws.settings.database_url)) as connection:
        of_call = (labels.c.level == "recording", labels.c.target_id == disputed.recording_id)
        connection.execute(labels.update().where(*of_call).values(grade="disputed"))
    gathering = Gathering(ws, [URGENCY], "voice", False, "utterance")
    assert [(item.code, item.gold) for item in gathering.items()] == [("low", True), ("low", False), ("low", False)]
    assert +gathering.masked["urgency"] == {"disputed": 3}
