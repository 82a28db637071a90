"""The recipe `voice` on the frozen encoder of Whisper: trained, loaded, and the same when a recording is judged."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import RATE_HZ, talk
from store_data import AT

from core.inference.predictor import load
from core.records import NewRecording, NewUtterance
from core.runs.folder import read_predictions
from core.settings import settings
from core.speech import weights
from core.training.recipes import recipe
from core.workflows.models import train
from core.workflows.predict import predict
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def spoken(ws: Workspace) -> Workspace:
    """Twelve speakers, low voices of one class and high ones of the other; skips where the weights are missing."""
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    if not weights.installed(replace(settings(), whisper="")):
        pytest.skip("the weights of Whisper base are not installed (requirements-speech.txt)")
    source = ws.store.corpus.add_source("voices", "test", "ours", "0", AT)
    (ws.settings.home / "audio").mkdir()
    for person, code, take in product(range(12), ("normal", "danger"), range(2)):
        key = f"p{person:02}-{code}-{take}"
        wave = talk(1.5, seed=person * 4 + take + 1)
        wave = wave if code == "normal" else wave[::2].copy()  # an octave higher
        soundfile.write(ws.settings.home / f"audio/{key}.wav", wave, RATE_HZ, subtype="PCM_16")
        ms = len(wave) * 1000 // RATE_HZ
        utterance = NewUtterance(f"{key}:1", "", key, 0, ms, f"person{person}", True, labels={"danger": code})
        made = NewRecording(key, ms, RATE_HZ, f"audio/{key}.wav", key, (utterance,))
        ws.store.corpus.add_recordings(source, [made], AT)
    snapshot.create(ws, "v", "danger", "60/20/20", inputs="voice")
    return ws


def test_it_is_the_default_where_the_weights_are_and_serves_as_it_was_trained(spoken: Workspace) -> None:
    spec = train.plan(spoken, "voice", "v")
    assert spec.encoder == "whisper-base"
    metrics = train.run(spoken, spec)
    assert metrics["test"]["accuracy"]["value"] >= 0.75
    folder = Path(spec.run_folder)
    row = next(row for row in read_predictions(folder) if row["side"] == "test")
    (utterance,) = spoken.store.corpus.utterances([row["id"]])
    path = spoken.audio_file(utterance.recording_id or 0)
    wave = predict.read_audio(path, path.name).wave
    assert (folder / "card.json").is_file()
    np.testing.assert_allclose(load(folder).predict_waves([wave])[0], row["probs"], atol=1e-4)


def test_without_weights_the_small_network_is_the_default(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGES", ("no_such_package",))
    assert recipe("voice").usual_encoder() == "conv-bilstm"
    assert recipe("emotion-voice").usual_encoder() == "conv-bilstm"
