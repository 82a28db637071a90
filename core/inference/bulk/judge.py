"""Judge blocks of many items by one run, with the results of `Predictor.predict`.

    make = JudgeMaker(run_folder)          # small; travels to a worker by spawn or Ray
    judge = make()                         # loads the run
    batch = judge(Block(ids, texts))       # pa.RecordBatch

Columns of a batch, one row for each id, in the order of the ids: `id` int64; for each Target of the run
`probs:<target>` fixed_size_list<float32>[K], calibrated (multi-label: each class by itself); `skipped` string, null for
a judged row, else the reason as JSON of `core.messages` (empty text, unreadable sound): such a row has NaN
probabilities. `again` bool: a sound file of the row was missing or unreadable, so a later job judges it again. An item
that cannot be judged never stops a block.

In float32 the probabilities are those of `Predictor.predict` within 1e-5. In int8 and bf16 they differ by some
thousandths; a row whose first two classes are closer than the difference seen in a trial is judged again in float32.
"auto" takes such a type only if no answer changes on other sentences than those of the trial; who names a type gets it
without that check. No type is used for an encoder whose packed form differs from its own in float32. Equal texts of a
block are judged once.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.batches import batches
from core.confidence import calibrated
from core.inference.bulk import precision, quick
from core.inference.bulk.batching import KEPT, by_length, distinct
from core.inference.bulk.blocks import Block, Clip, Unread, decoded
from core.inference.bulk.products import Number
from core.inference.bulk.sentences import CHECKED, SENTENCES
from core.inference.predictor import Predictor, load
from core.messages import Message, message_to_json
from core.models.values import Sample
from core.schemes.target import Target

ID, SKIPPED, AGAIN, PROBS = "id", "skipped", "again", "probs:"
BUDGET = 1024  # tokens of padded length in one batch: what fits the caches of a core
Probs = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class JudgeMaker:
    """Makes the judge of a run in whichever process calls it.

    `precision` is "auto", "float32", "bf16" or "int8" (`core.inference.bulk.precision`), `budget` the tokens of one
    batch, `folder` the workspace, in which the paths of clips lie. `tolerance`: that of ties by Target, where the
    precision was decided before (`decided`). The errors of `precision.asked`.
    """

    run_folder: str
    precision: str = "auto"
    budget: int = BUDGET
    folder: str = "."
    tolerance: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        precision.asked(self.precision)

    def __call__(self) -> "Judge":
        """Load the run; the errors are those of `core.inference.predictor.load`."""
        return Judge(load(self.run_folder), Path(self.folder), self.precision, self.budget, dict(self.tolerance))

    def decided(self) -> tuple["JudgeMaker", "Judge"]:
        """The maker with the precision chosen once for all workers, and the judge that it was chosen with."""
        judge = self()
        return replace(self, precision=judge.number, tolerance=tuple(judge.tolerance.items())), judge


class Judge:
    """A loaded run that judges blocks; not to be shared between threads.

    `number` is the type that it computes in, `tolerance` the lead of a tie by Target (of float32: none), `trial` how
    the type was tried here (None: it was not). `judged_again` counts the ties.
    """

    def __init__(
        self, predictor: Predictor, folder: Path, wanted: str = "float32", budget: int = BUDGET,
        tolerance: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        self.predictor, self.folder, self.budget = predictor, folder, budget
        self.number: Number = "float32"
        self.trial: precision.Trial | None = None
        self.judged_again = 0
        self.tolerance: Mapping[str, float] = {}
        packed = quick.judging(predictor, "float32", budget)
        self._exact = self._quick = packed or self._plainly
        by_text = predictor.modality != "voice" and not predictor.needs_both
        if packed is not None and by_text and (number := self._number(wanted)) != "float32":
            self._use(number, wanted == "auto", tolerance or {})

    def __call__(self, block: Block) -> pa.RecordBatch:
        """The batch of `block`; see the head of this file."""
        targets = self.predictor.targets
        probs = {target.name: np.full((len(block), len(target.codes)), np.nan, np.float32) for target in targets}
        reasons, again = dict[int, Message](), set[int]()
        together = KEPT if self.predictor.modality != "text" else len(block)
        for part in batches(self._samples(block, reasons, again), together):
            for rows, judged in self._judged(part):
                for target in targets:
                    probs[target.name][rows] = judged[target.name]
        return record_batch(block.ids, probs, reasons, again)

    def _plainly(self, samples: Sequence[Sample]) -> quick.Logits:
        return quick.plainly(self.predictor, samples, self.budget)

    def _number(self, wanted: str) -> Number:
        """The type to try."""
        if wanted == "auto":
            return precision.fastest(quick.width_of(self.predictor))
        return cast(Number, wanted)

    def _use(self, number: Number, may_refuse: bool, tolerance: Mapping[str, float]) -> None:
        """Judge in a type of number from now on; float32 stays if the run cannot, or if a trial speaks against it."""
        judge = quick.judging(self.predictor, number, self.budget)
        if judge is None:
            return
        if not tolerance:
            trial, unequal = self._tried(judge)
            if may_refuse and (unequal or trial.ties > precision.MOST_TIES):
                return
            self.trial, tolerance = trial, trial.tolerance
        self.number, self.tolerance, self._quick = number, tolerance, judge

    def _tried(self, judge: quick.Judging) -> tuple[precision.Trial, int]:
        """The trial of a type, and how many answers it changes on other sentences although ties are judged again."""
        targets = self.predictor.targets
        learnt, others = ([Sample(self.predictor.reads(text)) for text in texts] for texts in (SENTENCES, CHECKED))
        trial = precision.trial(targets, self._exact(learnt), judge(learnt))
        return trial, precision.unequal(targets, self._exact(others), judge(others), trial.tolerance)

    def _judged(self, part: Sequence[tuple[int, Sample]]) -> Iterator[tuple[list[int], Probs]]:
        """Row numbers with their probabilities; equal texts once, sounds of like length together."""
        if self.predictor.modality != "text":
            for some in by_length(part):
                yield [row for row, _ in some], self._probs([sample for _, sample in some])
            return
        texts, places = distinct([sample.text for _, sample in part])
        probs = self._probs([Sample(text) for text in texts])
        yield [row for row, _ in part], {name: table[places] for name, table in probs.items()}

    def _probs(self, samples: Sequence[Sample]) -> Probs:
        """Target name -> calibrated probabilities (n, K) of cleaned samples."""
        logits = {name: np.array(table, np.float64) for name, table in self._quick(samples).items()}
        if self.tolerance:
            again = np.flatnonzero(precision.ties(self.predictor.targets, logits, self.tolerance))
            if len(again):
                self.judged_again += len(again)
                for name, table in self._exact([samples[int(row)] for row in again]).items():
                    logits[name][again] = table
        return {target.name: self._calibrated(target, logits[target.name]) for target in self.predictor.targets}

    def _calibrated(self, target: Target, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        return calibrated(target, logits, self.predictor.card.calibrations[target.name].temperature)

    def _samples(self, block: Block, reasons: dict[int, Message], again: set[int]) -> Iterator[tuple[int, Sample]]:
        """Row number and cleaned Sample of what can be judged; the others get a reason.

        `again` gets the rows of which a sound file could not be read.
        """
        clips = {row: item for row, item in enumerate(block.samples) if isinstance(item, Clip)}
        texts = [(row, Sample(item)) for row, item in enumerate(block.samples) if not isinstance(item, Clip)]
        if self.predictor.modality == "text":
            texts += [(row, Sample(clip.text)) for row, clip in clips.items()]
            clips = {}
        for row, sample in (*texts, *decoded(list(clips.items()), self.folder)):
            if isinstance(sample, Unread):
                again.add(row)
            readable = self._readable(clips.get(row), sample)
            if isinstance(readable, Message):
                reasons[row] = readable
            else:
                yield row, readable

    def _readable(self, clip: Clip | None, sample: Sample | Message | Unread) -> Sample | Message:
        """The sample as the run reads it, or why it cannot; of text and voice one part is enough for most runs."""
        predictor = self.predictor
        if not isinstance(sample, Sample):
            alone = predictor.modality != "voice" and not predictor.needs_both  # whether a text alone is enough
            if clip is None or not (alone and predictor.reads(clip.text)):
                return sample.reason if isinstance(sample, Unread) else sample
            sample = Sample(clip.text, None, clip.speaker)
        text = predictor.reads(sample.text)
        if predictor.needs_both and not (text and sample.wave is not None):
            return Message("this run needs text and voice of every item")
        if predictor.modality == "voice" and sample.wave is None:
            return Message("no audio that can be judged by voice")
        if not text and (predictor.modality == "text" or sample.wave is None):
            return Message("no text")
        return Sample(text, sample.wave, sample.speaker, sample.source_hz)


def record_batch(
    ids: NDArray[np.int64],
    probs: Mapping[str, NDArray[np.float32]],
    reasons: Mapping[int, Message],
    again: Collection[int] = (),
) -> pa.RecordBatch:
    """The batch of N `ids` with the `probs` (N, K) of each Target; `reasons` of the rows that are not judged.

    `again`: the rows that a later job judges again.
    """
    columns: dict[str, pa.Array] = {ID: pa.array(np.asarray(ids, np.int64))}
    for name, table in probs.items():
        columns[PROBS + name] = pa.FixedSizeListArray.from_arrays(pa.array(table.ravel()), table.shape[1])
    said = [json.dumps(message_to_json(reasons[row])) if row in reasons else None for row in range(len(ids))]
    later = pa.array([row in again for row in range(len(ids))], pa.bool_())
    return pa.RecordBatch.from_pydict(columns | {SKIPPED: pa.array(said, pa.string()), AGAIN: later})
