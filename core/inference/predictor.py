"""A Predictor: a loaded Checkpoint that judges texts or voices with calibrated probabilities.

Texts pass the card's cleaning plan first, voices become the MFCC of training; `probs float64 (N, K)`, rows sum to 1,
column k is `codes[k]`. Safe to share between threads. Decodes no audio and picks no run.
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
from core.models import Modality, Model
from core.models.checkpoint import CARD, Card, read_checkpoint

KEPT = 8  # loaded predictors


@dataclass(frozen=True, eq=False)
class Predictor:
    """Made by `load` or `cached`."""

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
        """What this model reads of a text, cleaned as in training; an empty string where it has nothing to read."""
        return model_text(self.card.cleaning, text, origin)

    def predict_texts(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(N, K) of N texts as typed; `InputError` for a voice run or a text that cleaning leaves empty."""
        self._want("text")
        return self._calibrated([self._cleaned(text) for text in texts])

    def predict_waves(self, waves: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """(N, K) of N waves, float32 (n,), mono, 16 kHz; `InputError` for a text run, `NotEnoughData` for no sample."""
        from core.audio.features import mfcc_batch

        self._want("voice")
        return self._calibrated(mfcc_batch(waves))

    def explain(self, text: str) -> list[tuple[str, float]]:
        """Character runs of the cleaned text with their share of the decision: above 0 for it, below against it.

        Strongest first. `InputError` where the encoder cannot say why.
        """
        self._want("text")
        explain: Any = getattr(self.model, "explain", None)
        if explain is None:
            raise InputError(
                "run {run_id}: encoder {encoder} cannot say why", run_id=self.run_id, encoder=self.card.encoder
            )
        cleaned = self._cleaned(text)
        decided = int(self.model.log_probs([cleaned])[0].argmax())
        return [(one.text, one.weight) for one in explain(cleaned, decided)]

    def _cleaned(self, text: str) -> str:
        cleaned = self.reads(text)
        if not cleaned:
            raise InputError("run {run_id} was given a text that is empty after cleaning", run_id=self.run_id)
        return cleaned

    def _want(self, modality: Modality) -> None:
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
    """The Predictor of a finished run; `CheckpointMismatch` says which file is missing or does not belong."""
    return Predictor(*read_checkpoint(Path(run_folder)))


def cached(run_folder: Path | str) -> Predictor:
    """`load`, kept in memory until the run's card changes."""
    card = Path(run_folder) / CARD
    return _kept(str(run_folder), card.stat().st_mtime_ns if card.is_file() else 0)


@lru_cache(maxsize=KEPT)
def _kept(run_folder: str, changed_ns: int) -> Predictor:
    return load(run_folder)
