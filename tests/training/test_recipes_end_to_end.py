"""Every recipe is trained on tiny local encoders, stopped in an epoch, taken up again, loaded, and says the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_encoders
import tiny_speech
from training_corpus import AT, FRACTIONS, danger_items, voice_items

from core.audio import cut, decode
from core.errors import Cancelled
from core.inference.predictor import load
from core.models.values import Sample
from core.runs.folder import RunFolder, read_predictions
from core.schemes import DANGER, SCHEMES, SENTIMENT
from core.snapshots.answers import Further
from core.snapshots.format import Snapshot, read, write
from core.snapshots.freeze import build
from core.training.engine import TrainSpec, finish, fit, prepare
from core.training.recipes import RECIPES

pytestmark = pytest.mark.integration

TINY = {"epochs": "2", "batch_size": "8"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with snapshots of texts, of voices with two targets, and tiny encoders."""
    home = tmp_path_factory.mktemp("home")
    write(build("texts", DANGER, danger_items(48), FRACTIONS, 1, AT), home / "snapshots" / "texts")
    items = voice_items(home, recordings=16)
    urgency = {item.key: (("low", "high")[int(item.recording[-2:]) % 2], True) for item in items if item.recording}
    both = build("calls", SENTIMENT, items, FRACTIONS, 1, AT, inputs="both",
                 further=[Further(SCHEMES["urgency"], urgency)])  # fmt: skip
    write(both, home / "snapshots" / "calls")
    emotions = [replace(item, code=("joy", "sadness")[i % 2]) for i, item in enumerate(danger_items(48))]
    for scheme in ("emotion-diary", "emotion-dialogue"):
        codes = SCHEMES[scheme].codes
        named = [replace(item, code=codes[i % 2]) for i, item in enumerate(emotions)]
        write(build(scheme, SCHEMES[scheme], named, FRACTIONS, 1, AT), home / "snapshots" / scheme)
    tiny_encoders.save_encoder(home / "text", "electra")
    tiny_encoders.save_encoder(home / "roberta", "roberta")
    tiny_speech.wav2vec2(home / "voice")
    return home


# recipe -> snapshot, encoder, settings. Encoders that begin with a slash are folders below the corpus.
CASES: dict[str, tuple[str, str, dict[str, str]]] = {
    "danger-text": ("texts", "/text", {**TINY, "max_len": "32"}),
    "urgency-text": ("calls", "/text", {**TINY, "max_len": "32", "stride": "16"}),
    "urgency-crossmodal": ("calls", "/text+/voice", {**TINY, "heads": "2"}),
    "emotion-text": ("emotion-diary", "/roberta", {**TINY, "max_len": "32"}),
    "emotion-voice": ("calls", "conv-bilstm", TINY),
    "emotion-selftrain": ("emotion-dialogue", "/text", {**TINY, "max_len": "32"}),
    "audio-class": ("calls", "/voice", {**TINY, "max_samples": "8000"}),
    "text": ("texts", "/text", {**TINY, "max_len": "32"}),
    "voice": ("calls", "/voice", {**TINY, "max_samples": "8000"}),
    "both": ("calls", "/text+/voice", {**TINY, "heads": "2"}),
}


def spec_of(home: Path, recipe: str, run_id: str, preset: str = "default") -> TrainSpec:
    snapshot, encoder, settings = CASES[recipe]
    encoder = "+".join(f"{home}{part}" if part.startswith("/") else part for part in encoder.split("+"))
    return TrainSpec(
        run_id, recipe, encoder, str(home / "snapshots" / snapshot), str(home / "runs"), str(home), settings,
        preset=preset,
    )  # fmt: skip


def samples_of(home: Path, snapshot: Snapshot, keys: list[str]) -> list[Sample]:
    """The samples of the items `keys` as a server would make them."""
    items = {item.key: item for item in snapshot.items}
    made = []
    for item in (items[key] for key in keys):
        wave = None
        if item.audio:
            audio = decode(home / item.audio, "x", rate_hz=16_000)
            wave = cut(audio.wave, 16_000, item.start_ms or 0, item.end_ms or audio.duration_ms)
        made.append(Sample(item.text, wave, item.speaker))
    return made


def test_there_is_a_case_for_each_recipe() -> None:
    assert set(CASES) == set(RECIPES)


@pytest.mark.parametrize("recipe", sorted(CASES))
def test_a_recipe_is_trained_stopped_and_taken_up_again(home: Path, recipe: str) -> None:
    spec = spec_of(home, recipe, f"{recipe}-1")
    prepare(spec, lambda progress: None)

    def stop(progress: dict[str, Any]) -> None:
        if progress.get("epoch") == 2 and progress["done"] < progress["total"]:
            raise Cancelled

    with pytest.raises(Cancelled):
        fit(spec, stop)
    assert [line["epoch"] for line in RunFolder(spec.run_folder).history()] == [1]
    fit(spec, lambda progress: None)
    metrics = finish(spec, lambda progress: None)
    assert metrics["epochs"] == 2
    assert not RunFolder(spec.run_folder).checkpoint.exists()
    snapshot = read(spec.snapshot_folder)
    predictor = load(spec.run_folder)
    for target in predictor.targets:
        rows = read_predictions(spec.run_folder, target.name)
        probs = predictor.predict(samples_of(home, snapshot, [row["key"] for row in rows]))[target.name]
        np.testing.assert_allclose(probs, [row["probs"] for row in rows], atol=2e-3)
        assert metrics.get("targets", {target.name: metrics})[target.name]["test"]["n"] == sum(
            row["side"] == "test" for row in rows
        )
    if predictor.modality != "text":
        held = predictor.card.limits["unfamiliar" if predictor.modality == "voice" else "unfamiliar_voice"]
        assert held["by"] == ("distance" if recipe == "emotion-voice" else "usual")
        assert held["threshold"] > 0
        assert predictor.knows_voices


@pytest.mark.parametrize("recipe", [name for name, chosen in sorted(RECIPES.items()) if "seed" in chosen.presets])
def test_the_seed_preset_can_be_trained(home: Path, recipe: str) -> None:
    spec = spec_of(home, recipe, f"{recipe}-seed", "seed")
    spec = replace(spec, overrides={**spec.overrides, "epochs": "1"})
    prepare(spec, lambda progress: None)
    fit(spec, lambda progress: None)
    assert finish(spec, lambda progress: None)["test"]["n"] > 0
