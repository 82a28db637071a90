"""core.workflows.pseudo_labels.judge for every kind of run: voice, text and voice, several targets, several classes."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import RATE_HZ, talk
from training_corpus import TELLING, sentence
from workflow_data import add_danger_run

from core.errors import InputError
from core.inference.bulk.blocks import Clip
from core.inference.predictor import load
from core.models.values import Sample
from core.records import NewRecording, NewUtterance
from core.runs.card import read_card
from core.runs.pool import read_pool
from core.runs.shards import Shards
from core.schemes import SCHEMES
from core.workflows.models import train
from core.workflows.predict import predict
from core.workflows.pseudo_labels import judge
from core.workflows.pseudo_labels.candidates import Candidate, Candidates
from core.workflows.pseudo_labels.judge import JudgePlan
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration

LABELLED, OPEN = 40, 6
CODES = ("normal", "danger")


def add_voices(ws: Workspace) -> list[int]:
    """Clips of two kinds of voice with texts; the last `OPEN` have no label, and the very last no sound. Their ids."""
    rng = random.Random(0)
    source = ws.store.corpus.add_source("voices", "test", "ours", "0", now())
    (ws.settings.home / "audio").mkdir()
    made = []
    for n in range(LABELLED + OPEN):
        code = CODES[n % 2]
        wave = talk(1.4, seed=n + 1)
        wave = wave if code == "normal" else wave[::2].copy()
        soundfile.write(ws.settings.home / f"audio/{n}.wav", wave, RATE_HZ, subtype="PCM_16")
        ms = len(wave) * 1000 // RATE_HZ
        labels = {"danger": code} if n < LABELLED else {}
        text = sentence(rng, TELLING[code])
        usable = n != LABELLED + OPEN - 1
        turn = NewUtterance(f"v{n}", text, f"v{n}", 0, ms, f"p{n}", usable, labels=labels)
        made.append(NewRecording(f"v{n}", ms, RATE_HZ, f"audio/{n}.wav", f"v{n}", (turn,)))
    ws.store.corpus.add_recordings(source, made, now())
    return [utterance.id for utterance in ws.store.corpus.every(judge.Filter())][LABELLED:]


def trained(
    ws: Workspace, recipe: str, schemes: str | Sequence[str], encoder: str | None = None, **settings: str
) -> str:
    inputs = settings.pop("inputs", "text")
    snapshot.create(ws, "s", schemes, "60/20/20", inputs=inputs)
    spec = train.plan(ws, recipe, "s", encoder, settings)
    train.run(ws, spec)
    return spec.run_id


def voices(ws: Workspace, ids: Sequence[int]) -> list[Sample]:
    """The clips of utterances that are all of their recordings."""
    clips = [
        predict.read_audio(ws.audio_file(one.recording_id or 0), one.key) for one in ws.store.corpus.utterances(ids)
    ]
    return [Sample("", clip.wave, None, clip.source_rate_hz) for clip in clips]


def test_a_run_of_voices_judges_the_clips_that_have_sound(ws: Workspace) -> None:
    ids = add_voices(ws)
    run = trained(ws, "voice", "danger", "conv-bilstm", inputs="voice", epochs="1")
    (ws.settings.home / "audio" / f"{LABELLED}.wav").write_bytes(b"no sound")
    done = judge.run(ws, JudgePlan(run))
    assert (done.candidates, done.judged, list(done.skipped.values())) == (OPEN - 1, OPEN - 1, [1])
    assert f"audio/{LABELLED}.wav" in next(iter(done.skipped))
    pool = read_pool(ws.run_folder(run), "danger")
    assert pool.ids.tolist() == ids[1:-1]
    expected = load(ws.run_folder(run)).predict(voices(ws, ids[1:-1]))["danger"]
    np.testing.assert_allclose(pool.probs, expected, atol=1e-4)
    again = judge.run(ws, JudgePlan(run))
    assert (again.known, again.judged, list(again.skipped.values())) == (OPEN - 2, 1, [1]), "it is tried again"
    wave = talk(1.4, seed=LABELLED + 1)
    soundfile.write(ws.settings.home / "audio" / f"{LABELLED}.wav", wave, RATE_HZ, subtype="PCM_16")
    mended = judge.run(ws, JudgePlan(run))
    assert (mended.known, mended.judged, mended.skipped) == (OPEN - 2, 1, {})
    assert read_pool(ws.run_folder(run), "danger").ids.tolist() == ids[:-1]
    assert judge.run(ws, JudgePlan(run)).known == OPEN - 1


def test_a_block_of_clips_is_bounded_in_sound(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = [Candidate(n, n, (True,), (Clip("a.wav", 0, 4000, "네"),)) for n in range(5)]
    monkeypatch.setattr(judge, "MOST_SOUND_MS", 10_000)
    monkeypatch.setattr(Candidates, "read", lambda self: enumerate(clips, 1))
    run = add_danger_run(ws)
    folder = ws.run_folder(run)
    plan, told = JudgePlan(run), judge._Told(lambda done, total: None, 5)
    candidates = Candidates(ws, read_card(folder), ("danger",))
    assert [len(block) for block in judge._Work(candidates, plan, Shards(folder), told).blocks()] == [2, 2, 1]


def add_moods(ws: Workspace, kind: str = "multi") -> list[int]:
    """Sentences with a danger label and the classes of a second scheme; each misses some. The ids of all."""
    mood = replace(SCHEMES["danger"], name="mood", kind=kind)
    ws.store.schemes.put("mood", lambda old: mood, "ann", now())
    ws.store.schemes.sync()
    rng = random.Random(1)
    source = ws.store.corpus.add_source("moods", "test", "ours", "0", now())
    items = []
    for n in range(120):
        code = CODES[n % 2]
        both = "normal|danger" if kind == "multi" and n % 3 == 0 else code
        labels = {"danger": code, "mood": both}
        if n >= 100:
            del labels["danger" if n % 4 < 2 else "mood"]
        if n >= 116:
            labels = {}
        items.append(NewUtterance(f"m{n}", sentence(rng, TELLING[code]), f"m{n}", labels=labels))
    ws.store.corpus.add_sentences(source, items, now())
    return [utterance.id for utterance in ws.store.corpus.every(judge.Filter())]


def test_each_target_gets_what_has_no_label_for_it(ws: Workspace) -> None:
    ids = add_moods(ws)
    run = trained(ws, "text", ["danger", "mood"])
    done = judge.run(ws, JudgePlan(run))
    assert done.targets == ("danger", "mood")
    without = {
        name: [number for n, number in enumerate(ids) if n >= 116 or (n >= 100 and (n % 4 < 2) == (name == "danger"))]
        for name in ("danger", "mood")
    }
    assert done.judged == len({*without["danger"], *without["mood"]})
    predictor = load(ws.run_folder(run))
    for name, expected_ids in without.items():
        pool = read_pool(ws.run_folder(run), name)
        assert pool.ids.tolist() == expected_ids
        texts = [Sample(one.text) for one in ws.store.corpus.utterances(expected_ids)]
        np.testing.assert_allclose(pool.probs, predictor.predict(texts)[name], atol=1e-6)
        rows = {row.utterance_id: row.code for row in ws.store.ledger.predictions(run, purpose="pool", target=name)}
        assert rows == {int(n): pool.codes[a] for n, a in zip(pool.ids, pool.answers, strict=True)}
    mood = read_pool(ws.run_folder(run), "mood")
    assert set(mood.codes) <= {"", "normal", "danger", "normal|danger"}
    assert mood.members.shape == (len(mood.codes), 2)
    one = judge.run(ws, JudgePlan(run, targets=("mood",)))
    assert (one.targets, one.known, one.judged) == (("mood",), len(without["mood"]), 0)


def test_labels_of_utterances_and_of_calls_are_judged_one_after_the_other(ws: Workspace, tmp_path: Path) -> None:
    rng = random.Random(2)
    source = ws.store.corpus.add_source("calls", "calls", "ours", "0", now())
    calls = []
    for n in range(66):
        code = CODES[n % 2]
        turns = tuple(
            NewUtterance(f"c{n}:{t}", sentence(rng, TELLING[code]), f"c{n}", t * 1000, t * 1000 + 900, who,
                         labels={"danger": code} if who == "caller" and n < 60 else {})
            for t, who in enumerate(("taker", "caller"))
        )  # fmt: skip
        labels = {"urgency": "low" if n % 2 else "high"} if n < 60 else {}
        calls.append(NewRecording(f"c{n}", 2000, RATE_HZ, None, None, turns, labels))
    ws.store.corpus.add_recordings(source, calls, now())
    run = trained(ws, "text", ["urgency", "danger"])
    with pytest.raises(InputError, match="are labels of utterances and of calls: judge them one after the other"):
        judge.run(ws, JudgePlan(run, targets=("urgency", "danger")))
    assert judge.run(ws, JudgePlan(run)).judged == 6
    taker = range(61 * 2 - 1, 66 * 2, 2)
    assert read_pool(ws.run_folder(run), "urgency").ids.tolist() == list(taker), "the first turn stands for the call"
    assert judge.run(ws, JudgePlan(run, targets=("danger",))).judged == 60 + 12
    assert len(read_pool(ws.run_folder(run), "danger")) == 72
    assert len(read_pool(ws.run_folder(run), "urgency")) == 6
