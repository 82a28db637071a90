"""A Predictor: a loaded Checkpoint that gives calibrated probabilities for texts or voices.

Texts pass the card's cleaning plan first; voices become the features that the encoder was trained on. Result: `probs
float64 (N, K)`, rows sum to 1, column k is `codes[k]`. Safe to share between threads. It does not decode audio and does
not choose a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.confidence import apply_temperature
from core.errors import InputError
from core.messages import Word
from core.model_text import model_text
from core.models import Modality, Model, voice_features
from core.runs.card import CARD, Card, read_checkpoint

CACHE_SIZE = 8  # loaded predictors


@dataclass(frozen=True, eq=False)
class Predictor:
    """A model with its card. Made by `load` or `cached`."""

    card: Card
    model: Model

    @property
    def run_id(self) -> str:
        return self.card.run_id

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

    def predict_texts(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities (N, K) of N raw texts. `InputError` for a voice run or a text left empty by cleaning."""
        self._check_modality("text")
        return self._calibrated([self._cleaned(text) for text in texts])

    def predict_waves(self, waves: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Probabilities (N, K) of N waves, float32 (n,), mono, 16 kHz.

        `InputError` for a text run, `NotEnoughData` for a wave without samples.
        """
        self._check_modality("voice")
        return self._calibrated(voice_features(self.card.encoder)(waves) if len(waves) else waves)

    def explain(self, text: str) -> list[tuple[str, float]]:
        """Parts of the cleaned text with their weight in the decision: above 0 for it, below 0 against it.

        The strongest first. `InputError` if the encoder cannot explain its decisions.
        """
        self._check_modality("text")
        explain: Any = getattr(self.model, "explain", None)
        if explain is None:
            raise InputError(
                "run {run_id}: encoder {encoder} cannot say why", run_id=self.run_id, encoder=self.card.encoder
            )
        cleaned = self._cleaned(text)
        decided = int(self.model.log_probs([cleaned])[0].argmax())
        return [(part.text, part.weight) for part in explain(cleaned, decided)]

    def _cleaned(self, text: str) -> str:
        cleaned = self.reads(text)
        if not cleaned:
            raise InputError("run {run_id} was given a text that is empty after cleaning", run_id=self.run_id)
        return cleaned

    def _check_modality(self, modality: Modality) -> None:
        if modality != self.modality:
            raise InputError(
                "run {run_id} judges {modality}, it was given {given}",
                run_id=self.run_id,
                modality=Word(self.modality),
                given=Word(modality),
            )

    def _calibrated(self, values: Any) -> NDArray[np.float64]:
        if not len(values):
            return np.zeros((0, len(self.codes)))
        return apply_temperature(np.exp(self.model.log_probs(values)), self.card.calibration.temperature)


def load(run_folder: Path | str) -> Predictor:
    """The Predictor of a finished run. `CheckpointMismatch` names the file that is missing or does not fit."""
    return Predictor(*read_checkpoint(Path(run_folder)))


def cached(run_folder: Path | str) -> Predictor:
    """Like `load`, but the Predictor stays in memory until the run's card changes."""
    card = Path(run_folder) / CARD
    return _load_cached(str(run_folder), card.stat().st_mtime_ns if card.is_file() else 0)


@lru_cache(maxsize=CACHE_SIZE)
def _load_cached(run_folder: str, changed_ns: int) -> Predictor:
    return load(run_folder)
