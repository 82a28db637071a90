"""What every architecture of `core.models.MODELS` keeps: shapes, one at a time as all at once, saved as loaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_encoders
import tiny_speech

from core.models import MODELS, Model, architecture
from core.models.values import Sample, count, take
from core.schemes.target import Target
from core.training.fits import Fitting, Rows
from core.training.recipes import fit_of

pytestmark = pytest.mark.integration

DANGER = Target("danger", tiny_encoders.CODES)
MOOD = Target("mood", ("calm", "afraid", "angry"), "multi")
N = 16
VOICED = ("heads", "conv-bilstm", "audio-encoder", "cross-modal")


def encoders(folder: Path) -> dict[str, Callable[[], str]]:
    """Architecture -> a function that makes a tiny encoder for it."""
    return {
        "ngram": lambda: "ngram",
        "heads": lambda: f"frozen+{tiny_encoders.save_encoder(folder / 'frozen')}",
        "ngram-heads": lambda: f"ngram+{tiny_encoders.save_encoder(folder / 'joined')}",
        "conv-bilstm": lambda: "conv-bilstm",
        "text-encoder": lambda: str(tiny_encoders.save_encoder(folder / "text")),
        "audio-encoder": lambda: tiny_speech.wav2vec2(folder / "audio"),
        "cross-modal": lambda: (
            f"{tiny_encoders.save_encoder(folder / 'left')}+{tiny_speech.wav2vec2(folder / 'right')}"
        ),
    }


def samples() -> tuple[list[Sample], list[str]]:
    texts, codes = tiny_encoders.sentences(N)
    waves = tiny_speech.waves([0.6 + 0.1 * (i % 3) for i in range(N)])
    return [Sample(text, wave, "caller") for text, wave in zip(texts, waves, strict=True)], codes


@pytest.fixture(params=sorted(MODELS))
def fitted(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Model, Any, dict[str, Any]]:
    """The name of an architecture, a model of it fitted for one epoch on two Targets, its values and configuration."""
    from dataclasses import asdict

    name = request.param
    kind = fit_of(name)
    fields = kind.Config.__dataclass_fields__
    settings = {"epochs": 1, "batch_size": 8} if "epochs" in fields else {}
    settings |= {"max_len": 32} if "max_len" in fields else {}
    settings |= {"heads": 2} if name == "cross-modal" else {}
    config = kind.Config(**settings)
    encoder = encoders(tmp_path)[name]()
    inputs, codes = samples()
    values = architecture(name).prepare.load()(inputs, encoder, asdict(config))
    assert count(values) == N
    moods = ["afraid|angry" if code == "danger" else "calm" for code in codes]
    moods[0], hidden = "", [None, *codes[1:]]
    answers = {"danger": DANGER.answers(hidden), "mood": MOOD.answers(moods)}
    models: list[Model] = []
    (tmp_path / "state").mkdir()
    job = Fitting(tmp_path / "state", 0, lambda *step: None, lambda epoch, model, loss, **more: models.append(model))
    kind()(Rows(values, answers, ["caller"] * N), (DANGER, MOOD), encoder, config, job)
    return name, models[-1], values, asdict(config)


def test_a_model_keeps_the_contract(fitted: tuple[str, Model, Any, dict[str, Any]], tmp_path: Path) -> None:
    name, model, values, config = fitted
    logits = model.logits(values)
    assert {target: table.shape for target, table in logits.items()} == {"danger": (N, 2), "mood": (N, 3)}
    assert all(np.isfinite(table).all() for table in logits.values())
    np.testing.assert_allclose(DANGER.probabilities(logits["danger"]).sum(axis=1), 1)
    for row in (0, N - 1):
        alone = model.logits(take(values, [row]))
        for target, table in logits.items():
            np.testing.assert_allclose(alone[target][0], table[row], atol=1e-4)
    assert model.logits(take(values, []))["mood"].shape == (0, 3)
    folder = tmp_path / "saved"
    folder.mkdir()
    model.save(folder)
    assert {path.suffix for path in folder.rglob("*") if path.is_file()} <= {".safetensors", ".json", ".txt", ".jinja"}
    again = architecture(name).model.load().load(folder, (DANGER, MOOD), config)
    for target, table in again.logits(values).items():
        np.testing.assert_allclose(table, logits[target], atol=1e-5)
    other = Target("danger", ("normal", "danger", "unsure"))
    with pytest.raises((ValueError, KeyError, OSError, RuntimeError, TypeError)):
        architecture(name).model.load().load(folder, (other, MOOD), config)
