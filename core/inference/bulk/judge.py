"""Judge blocks of many items by one run, with the results of `Predictor.predict`.

    make = JudgeMaker(run_folder)          # small; travels to a worker by spawn or Ray
    judge = make()                         # loads the run
    batch = judge(Block(ids, texts))       # pa.RecordBatch

Columns of a batch, one row for each id, in the order of the ids: `id` int64; for each Target of the run
`probs:<target>` fixed_size_list<float32>[K], calibrated (multi-label: each class by itself); `skipped` string, null for
a judged row, else the reason as JSON of `core.messages` (empty text, unreadable sound): such a row has NaN
probabilities. An item that cannot be judged never stops a block.

In float32 the probabilities are those of `Predictor.predict` within 1e-5. In int8 and bf16 they differ by some
thousandths; a row whose first two classes are closer than the difference seen in a trial is judged again in float32, so
that the answers stay. Equal texts of a block are judged once.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.batches import batches
from core.confidence import calibrated
from core.inference.bulk import precision, quick
from core.inference.bulk.batching import KEPT, by_length, distinct
from core.inference.bulk.blocks import Block, Clip, decoded
from core.inference.bulk.products import Number
from core.inference.bulk.sentences import SENTENCES
from core.inference.predictor import Predictor, load
from core.messages import Message, message_to_json
from core.models.values import Sample
from core.schemes.target import Target

ID, SKIPPED, PROBS = "id", "skipped", "probs:"
BUDGET = 1024  # tokens of padded length in one batch: what fits the caches of a core
Probs = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class JudgeMaker:
    """Makes the judge of a run in whichever process calls it.

    `precision` is "auto", "float32", "bf16" or "int8" (`core.inference.bulk.precision`), `budget` the tokens of one
    batch, `folder` the workspace, in which the paths of clips lie. `UnknownName` for another precision.
    """

    run_folder: str
    precision: str = "auto"
    budget: int = BUDGET
    folder: str = "."

    def __post_init__(self) -> None:
        precision.asked(self.precision)

    def __call__(self) -> "Judge":
        """Load the run; the errors are those of `core.inference.predictor.load`."""
        return Judge(load(self.run_folder), Path(self.folder), self.precision, self.budget)


class Judge:
    """A loaded run that judges blocks; not to be shared between threads.

    `number` is the type that it computes in, `trial` how far that lies from float32 (None: it is float32).
    `judged_again` counts the ties.
    """

    def __init__(self, predictor: Predictor, folder: Path, wanted: str = "float32", budget: int = BUDGET) -> None:
        self.predictor, self.folder, self.budget = predictor, folder, budget
        self.number: Number = "float32"
        self.trial: precision.Trial | None = None
        self.judged_again = 0
        self._exact = quick.judging(predictor, "float32", budget) or self._plainly
        self._quick = self._exact
        if (number := self._number(wanted)) != "float32":
            self._try(number, wanted == "auto")

    def __call__(self, block: Block) -> pa.RecordBatch:
        """The batch of `block`; see the head of this file."""
        targets = self.predictor.targets
        probs = {target.name: np.full((len(block), len(target.codes)), np.nan, np.float32) for target in targets}
        reasons: dict[int, Message] = {}
        for part in batches(self._samples(block, reasons), KEPT if self.predictor.modality != "text" else len(block)):
            for rows, judged in self._judged(part):
                for target in targets:
                    probs[target.name][rows] = judged[target.name]
        return record_batch(block.ids, probs, reasons)

    def _plainly(self, samples: Sequence[Sample]) -> quick.Logits:
        return quick.plainly(self.predictor, samples, self.budget)

    def _number(self, wanted: str) -> Number:
        """The type to try."""
        if wanted == "auto":
            return precision.fastest(quick.width_of(self.predictor))
        return cast(Number, wanted)

    def _try(self, number: Number, may_refuse: bool) -> None:
        """Judge in a type of number from now on; float32 stays if the run cannot, or if too many ties would come."""
        if self.predictor.modality == "voice" or self.predictor.needs_both:
            return
        judge = quick.judging(self.predictor, number, self.budget)
        if judge is None:
            return
        samples = [Sample(self.predictor.reads(text)) for text in SENTENCES]
        trial = precision.trial(self.predictor.targets, self._exact(samples), judge(samples))
        if not (may_refuse and trial.ties > precision.MOST_TIES):
            self.number, self.trial, self._quick = number, trial, judge

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
        if self.trial is not None:
            again = np.flatnonzero(precision.ties(self.predictor.targets, logits, self.trial.tolerance))
            if len(again):
                self.judged_again += len(again)
                for name, table in self._exact([samples[int(row)] for row in again]).items():
                    logits[name][again] = table
        return {target.name: self._calibrated(target, logits[target.name]) for target in self.predictor.targets}

    def _calibrated(self, target: Target, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        return calibrated(target, logits, self.predictor.card.calibrations[target.name].temperature)

    def _samples(self, block: Block, reasons: dict[int, Message]) -> Iterator[tuple[int, Sample]]:
        """Row number and cleaned Sample of what can be judged; the others get a reason."""
        clips = {row: item for row, item in enumerate(block.samples) if isinstance(item, Clip)}
        texts = [(row, Sample(item)) for row, item in enumerate(block.samples) if not isinstance(item, Clip)]
        if self.predictor.modality == "text":
            texts += [(row, Sample(clip.text)) for row, clip in clips.items()]
            clips = {}
        for row, sample in (*texts, *decoded(list(clips.items()), self.folder)):
            readable = self._readable(clips.get(row), sample)
            if isinstance(readable, Message):
                reasons[row] = readable
            else:
                yield row, readable

    def _readable(self, clip: Clip | None, sample: Sample | Message) -> Sample | Message:
        """The sample as the run reads it, or why it cannot; of text and voice one part is enough for most runs."""
        predictor = self.predictor
        if isinstance(sample, Message):
            if predictor.modality == "voice" or clip is None or not predictor.reads(clip.text):
                return sample
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
    ids: NDArray[np.int64], probs: Mapping[str, NDArray[np.float32]], reasons: Mapping[int, Message]
) -> pa.RecordBatch:
    """The batch of N `ids` with the `probs` (N, K) of each Target; `reasons` of the rows that are not judged."""
    columns: dict[str, pa.Array] = {ID: pa.array(np.asarray(ids, np.int64))}
    for name, table in probs.items():
        columns[PROBS + name] = pa.FixedSizeListArray.from_arrays(pa.array(table.ravel()), table.shape[1])
    said = [json.dumps(message_to_json(reasons[row])) if row in reasons else None for row in range(len(ids))]
    return pa.RecordBatch.from_pydict(columns | {SKIPPED: pa.array(said, pa.string())})
