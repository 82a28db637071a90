"""A Predictor: a loaded run that gives calibrated probabilities for texts, voices or both.

Texts pass the card's cleaning plan first; then the architecture's `prepare` gives what was read in training. Result for
each Target: `probs float64 (N, K)`, column k is `codes[k]`, rows sum to 1 (multi-label: each class by itself). Safe to
share between threads. It does not decode audio and does not choose a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from core.confidence import calibrated
from core.errors import InputError
from core.messages import Word
from core.models import Modality, Model, prepared
from core.models.values import Sample, Values
from core.runs.card import CARD, Card, read_model
from core.schemes.target import Target
from core.text.model_text import model_text

CACHE_SIZE = 8  # loaded predictors


@dataclass(frozen=True, eq=False)
class Predictor:
    """A model with its card. Made by `load` or `cached`. Methods without a target answer for the first one."""

    card: Card
    model: Model

    @property
    def run_id(self) -> str:
        return self.card.run_id

    @property
    def targets(self) -> tuple[Target, ...]:
        return self.card.targets

    @property
    def scheme(self) -> str:
        return self.card.scheme

    @property
    def codes(self) -> tuple[str, ...]:
        return self.card.codes

    @property
    def modality(self) -> Modality:
        return self.card.modality

    def reads(self, text: str, origin: str = "imported") -> str:
        """The text after cleaning as in training; "" if the model has nothing to read. A caption is never read."""
        return model_text(self.card.cleaning, text, origin)

    def predict(self, samples: Sequence[Sample]) -> dict[str, NDArray[np.float64]]:
        """Target name -> probabilities (N, K) of N samples with raw texts.

        `InputError` for a sample that lacks what the model reads: a text that cleaning leaves, a voice, or for a model
        of both one of them. `NotEnoughData` for a wave without samples.
        """
        cleaned = [replace(sample, text=self.reads(sample.text)) for sample in samples]
        for sample in cleaned:
            self._check_sample(sample)
        if not cleaned:
            return {target.name: np.zeros((0, len(target.codes))) for target in self.targets}
        return self.judge(self._prepared(cleaned))

    def judge(self, values: Values) -> dict[str, NDArray[np.float64]]:
        """Target name -> calibrated probabilities (N, K) of prepared values."""
        logits = self.model.logits(values)
        return {
            target.name: calibrated(target, logits[target.name], self.card.calibrations[target.name].temperature)
            for target in self.targets
        }

    def predict_texts(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities (N, K) of N raw texts. `InputError` for a voice run or a text left empty by cleaning."""
        if self.modality == "voice":
            self._refuse("text")
        return self.predict([Sample(text) for text in texts])[self.scheme]

    def predict_waves(self, waves: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Probabilities (N, K) of N waves, float32 (n,), mono, 16 kHz.

        `InputError` for a text run, `NotEnoughData` for a wave without samples.
        """
        if self.modality == "text":
            self._refuse("voice")
        return self.predict([Sample(wave=wave) for wave in waves])[self.scheme]

    @property
    def explains(self) -> bool:
        """Whether the model can tell which parts of a text decided."""
        return hasattr(self.model, "explain")

    def explain(self, text: str, scheme: str | None = None) -> list[tuple[str, float]]:
        """Parts of the cleaned text with their weight in the decision: above 0 for it, below 0 against it.

        The strongest first. `InputError` if the encoder cannot explain its decisions.
        """
        if self.modality == "voice":
            self._refuse("text")
        explain: Any = getattr(self.model, "explain", None)
        if explain is None:
            raise InputError(
                "run {run_id}: encoder {encoder} cannot say why", run_id=self.run_id, encoder=self.card.encoder
            )
        target = scheme or self.scheme
        cleaned = self.reads(text)
        self._check_sample(Sample(cleaned))
        decided = int(self.model.logits(self._prepared([Sample(cleaned)]))[target][0].argmax())
        return [(part.text, part.weight) for part in explain(cleaned, target, decided)]

    def _prepared(self, samples: Sequence[Sample]) -> Values:
        return prepared(self.card.architecture, samples, self.card.encoder, self.card.config)

    def _check_sample(self, sample: Sample) -> None:
        if self.modality == "voice" and sample.wave is None:
            self._refuse("text")
        if not sample.text and (self.modality == "text" or sample.wave is None):
            raise InputError("run {run_id} was given a text that is empty after cleaning", run_id=self.run_id)

    def _refuse(self, given: Modality) -> NoReturn:
        raise InputError(
            "run {run_id} judges {modality}, it was given {given}",
            run_id=self.run_id,
            modality=Word(self.modality),
            given=Word(given),
        )


def load(run_folder: Path | str) -> Predictor:
    """The Predictor of a finished run. `CheckpointMismatch` names the file that is missing or does not fit."""
    return Predictor(*read_model(Path(run_folder)))


def cached(run_folder: Path | str) -> Predictor:
    """Like `load`, but the Predictor stays in memory until the run's card changes."""
    card = Path(run_folder) / CARD
    return _load_cached(str(run_folder), card.stat().st_mtime_ns if card.is_file() else 0)


@lru_cache(maxsize=CACHE_SIZE)
def _load_cached(run_folder: str, changed_ns: int) -> Predictor:
    return load(run_folder)
