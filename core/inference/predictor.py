"""A Predictor: a loaded run that gives calibrated probabilities for texts, voices or both.

Texts pass the card's cleaning plan first; then the architecture's `prepare` gives what was read in training. Result for
each Target: `probs float64 (N, K)`, column k is `codes[k]`, rows sum to 1 (multi-label: each class by itself). `assess`
also says of which samples the run cannot tell. Safe to share between threads; `cached` keeps one copy of each run a
process. It does not decode audio and does not choose a run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from core.abstention import Code, conformal
from core.abstention.familiar import new_share
from core.abstention.script import unreadable
from core.confidence import calibrated
from core.errors import InputError
from core.inference import why
from core.messages import Word
from core.models import Modality, Model, prepared
from core.models.values import Sample, Values
from core.runs.card import CARD, Card, read_model
from core.runs.limits import Limits, read_limits
from core.schemes.target import Target
from core.text.model_text import model_text

CACHE_SIZE = 16  # loaded predictors


@dataclass(frozen=True, eq=False)
class Predictor:
    """A model with its card. Made by `load` or `cached`. Methods without a target answer for the first one."""

    card: Card
    model: Model
    limits: Limits = field(default_factory=Limits)

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
        cleaned = self._cleaned(samples)
        if not cleaned:
            return {target.name: np.zeros((0, len(target.codes))) for target in self.targets}
        return self.judge(self._prepared(cleaned))

    @property
    def baseline(self) -> str:
        """Whose neutral voice the run takes off: "speaker" or "gender"; "" for a run that hears voices as they are."""
        named = str(self.card.config.get("baseline", "none")) if self.modality == "voice" else "none"
        return "" if named == "none" else named

    def assess(
        self, samples: Sequence[Sample], own_voice: bool = False
    ) -> tuple[dict[str, NDArray[np.float64]], list[Code | None]]:
        """Probabilities as from `predict`, and for each sample why the run cannot tell; None where it can.

        With `own_voice` the samples are one recording, and a run with baselines of speakers takes those of the
        recording.
        """
        cleaned = self._cleaned(samples)
        if not cleaned:
            return self.predict(()), []
        values = self._prepared(cleaned)
        if own_voice and self.baseline == "speaker":
            values = self.model.with_own_voices(values)  # type: ignore[attr-defined]
        reads_text = self.modality != "voice"
        of_text = [self.refuses(sample.text) if sample.text and reads_text else None for sample in cleaned]
        of_voice = self.unlike(values, len(cleaned))
        return self.judge(values), [text or voice for text, voice in zip(of_text, of_voice, strict=True)]

    def refuses(self, text: str) -> Code | None:
        """Why the run has nothing to say of a cleaned text; None if it may be judged."""
        limits = self.limits
        code = unreadable(text, limits.korean)
        if code is None and limits.known is not None and limits.farthest is not None:
            return "unfamiliar" if new_share(text, limits.known) > limits.farthest else None
        return code

    @property
    def knows_voices(self) -> bool:
        """Whether a run that reads voices can tell which of them are unlike those of its training."""
        tells = hasattr(self.model, "distance") or self.limits.usual is not None
        return self.modality != "text" and tells and self._farthest_voice is not None

    @property
    def _farthest_voice(self) -> float | None:
        return self.limits.farthest if self.modality == "voice" else self.limits.farthest_voice

    def unlike(self, values: Values, n: int) -> list[Code | None]:
        """Which of `n` inputs have a voice far from those of the training, where that can be told."""
        farthest = self._farthest_voice
        distances = self._distances(values) if self.knows_voices else None
        if distances is None or farthest is None:
            return [None] * n
        return ["unfamiliar" if far > farthest else None for far in distances]  # NaN, no voice, is not above

    def _distances(self, values: Values) -> NDArray[np.float64] | None:
        """How far each voice lies from those of the training: what the model itself tells, else by its summary."""
        model: Any = self.model
        distances = model.distance(values) if hasattr(model, "distance") else None
        if distances is not None or self.limits.usual is None or not hasattr(model, "voice_summaries"):
            return distances
        summaries = model.voice_summaries(values)
        return None if summaries is None else self.limits.usual.distances(summaries)

    def fits(self, target: Target, probs: NDArray[np.float64]) -> tuple[str, ...]:
        """The classes of `target` that fit `probs` (K,) at the level of the run, the most probable first."""
        return conformal.prediction_set(target, probs, self.limits.thresholds.get(target.name))

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
        """Whether the run can tell which parts of a text decided: each run that can judge a text alone."""
        return self.modality != "voice" and not self.needs_both

    @property
    def needs_both(self) -> bool:
        """Whether a run of text and voice cannot do without one of them, as the network of the seed."""
        return self.modality == "both" and self.card.config.get("fusion") == "seed"

    def explain(self, text: str, scheme: str | None = None) -> list[tuple[str, float]]:
        """Parts of the cleaned text with their weight in the decision: above 0 for it, below 0 against it.

        The strongest first. Exact for a linear model of n-grams, else by `core.inference.why`. `InputError` for a run
        that cannot judge a text alone.
        """
        if not self.explains:
            self._refuse("text")
        target = scheme or self.scheme
        cleaned = self.reads(text)
        self._check_sample(Sample(cleaned))
        decided = int(self._scores(target, [cleaned])[0].argmax())
        return why.explained(self.model, partial(self._scores, target), cleaned, target, decided)

    def _scores(self, target: str, texts: Sequence[str]) -> NDArray[np.float64]:
        """The logits (N, K) of N cleaned texts."""
        return self.model.logits(self._prepared([Sample(text) for text in texts]))[target]

    def _cleaned(self, samples: Sequence[Sample]) -> list[Sample]:
        cleaned = [replace(sample, text=self.reads(sample.text)) for sample in samples]
        for sample in cleaned:
            self._check_sample(sample)
        return cleaned

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
    folder = Path(run_folder)
    card, model = read_model(folder)
    return Predictor(card, model, read_limits(folder, card, model))


def cached(run_folder: Path | str) -> Predictor:
    """Like `load`, but the Predictor stays in memory until the run's card changes; one copy of a run a process."""
    folder, card = str(run_folder), Path(run_folder) / CARD
    changed_ns = card.stat().st_mtime_ns if card.is_file() else 0
    with _CACHE_LOCK:
        slot = _CACHE.pop(folder, None) or _Slot()
        _CACHE[folder] = slot  # the last one used stands last
        for oldest in list(_CACHE)[:-CACHE_SIZE]:
            del _CACHE[oldest]
    return slot.get(folder, changed_ns)


class _Slot:
    """A run in memory; two threads that ask for it at once get the same copy, read once."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.loaded: tuple[int, Predictor] | None = None

    def get(self, folder: str, changed_ns: int) -> Predictor:
        loaded = self.loaded
        if loaded is not None and loaded[0] == changed_ns:
            return loaded[1]
        with self.lock:
            if self.loaded is None or self.loaded[0] != changed_ns:
                self.loaded = None  # an old copy goes before a new one comes
                self.loaded = (changed_ns, load(folder))
            return self.loaded[1]


_CACHE: dict[str, _Slot] = {}
_CACHE_LOCK = Lock()
