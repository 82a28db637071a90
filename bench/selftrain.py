"""What self-training brings on ../shared/data/nsmc: 2,000 labelled reviews, the rest as unlabelled ones.

The reviews are those of bench/finetune.py: each text once, those with both labels left out, as many of each class, in
the order of seed 0; the first 40,000 are for testing. A training review that equals or nearly equals a test review is
left out, as snapshots do. Seed s takes the 2,000 reviews at place 2,000 s: 1,700 teach, 300 calibrate the teacher. All
other training reviews are unlabelled: the teacher judges them, and a student learns from the 1,700 and from what the
thresholds keep. The ceiling knows the true label of all.

`ngram` does so with the n-grams of the recipe. `encode` writes the vectors of ../shared/models/ko-e5-small into a
folder, for a budget of processor seconds; `frozen` trains heads on them, on as many reviews as have vectors, and lets
each of the two recipes teach the other.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bench import results, selftrain_vectors
from bench.corpus import REVIEWS
from bench.finetune import ENCODER, load
from bench.selftrain_verdict import ADAPTIVE, CEILING, PLAIN, TEACHER, Answers, Result, verdict
from core.confidence import calibrated, fit_temperature
from core.models.linear.heads import HeadsConfig, HeadsModel
from core.models.linear.ngram import NgramConfig, NgramModel
from core.models.values import take
from core.runs.pool import measures
from core.schemes.target import Target
from core.scores import evaluate, paired
from core.snapshots.lineage import repeating
from core.thresholds import Scores, Thresholds, keep

COMMAND = "python -m bench.selftrain"
LABELLED, CALIBRATING, ENCODED_TEST, TOP = 2_000, 300, 10_240, 5_000
VECTORS = Path("/tmp/gwidama-selftrain-vectors")
TITLES = {"ngram": "Self-training: n-grams", "frozen": "Self-training: frozen vectors of ko-e5-small"}
NGRAM = "n-gram"
NOTE = (
    f"{LABELLED - CALIBRATING:,} reviews teach, {CALIBRATING} calibrate; a value for each seed. Accuracy with its "
    "interval; points of accuracy more than the teacher of the same recipe on the same reviews, with the paired "
    "interval over groups; number of pseudo-labels and the share of them that is right."
)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Texts and class ids: N training reviews, M test reviews, and the groups of near-equal test reviews."""

    target: Target
    texts: list[str]
    labels: Ints
    test_texts: list[str]
    test_labels: Ints
    usable: Bools
    groups: list[str]


@dataclass(frozen=True, eq=False)
class View:
    """What one recipe reads of the training reviews and of the test reviews, and how it is fitted."""

    name: str
    train: Any
    test: Any
    fit: Callable[[Any, Mapping[str, Ints], list[Target], Mapping[str, Floats]], Any]


@cache
def corpus() -> Corpus:
    """The reviews. `usable` says which training reviews repeat no test review."""
    from core.split import merge_near_duplicates

    data = load("reviews", 150_000, 40_000)
    near = repeating(list(enumerate(data.train[0])), data.test[0])
    usable = np.ones(len(data.train[0]), np.bool_)
    usable[list(near)] = False
    groups = merge_near_duplicates([str(n) for n in range(len(data.test[0]))], data.test[0])
    return Corpus(data.target, data.train[0], data.train[1], data.test[0], data.test[1], usable, groups)


def ngram_view(data: Corpus) -> View:
    """The texts of all reviews, for n-grams with the settings of the recipe."""
    return View(
        NGRAM, data.texts, data.test_texts,
        lambda values, answers, targets, weights: NgramModel.fit(NgramConfig(), values, answers, targets, weights),
    )  # fmt: skip


def frozen_view(folder: Path) -> View:
    """The vectors of the reviews that have them, for heads with the settings of the product."""
    train, test = (selftrain_vectors.read(folder, side) for side in ("train", "test"))
    return View(
        ENCODER.name, train, test,
        lambda values, answers, targets, weights: HeadsModel.fit(HeadsConfig(), values, answers, targets, weights),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Parts:
    """Rows that teach, rows that calibrate, and unlabelled rows."""

    labelled: Ints
    calibrating: Ints
    unlabelled: Ints


def split(data: Corpus, seed: int, n: int) -> Parts:
    """The parts of the first `n` training reviews that are usable."""
    chosen = np.zeros(n, np.bool_)
    chosen[seed * LABELLED : (seed + 1) * LABELLED] = True
    labelled, rest = (np.flatnonzero(mask & data.usable[:n]) for mask in (chosen, ~chosen))
    return Parts(labelled[:-CALIBRATING], labelled[-CALIBRATING:], rest)


@dataclass(eq=False)
class Trained:
    """A model of one view, fitted on the labelled rows and on `pseudo` ones, which have the class ids `answers`.

    `weights` say how much each of the pseudo rows counts; None: 1.
    """

    data: Corpus
    view: View
    parts: Parts
    pseudo: Ints
    answers: Ints
    weights: Floats | None = None

    def __post_init__(self) -> None:
        own, target = self.parts.labelled, self.data.target
        labels = np.concatenate([self.data.labels[own], self.answers])
        weights = {} if self.weights is None else {target.name: np.concatenate([np.ones(len(own)), self.weights])}
        values = take(self.view.train, np.concatenate([own, self.pseudo]))
        self.model = self.view.fit(values, {target.name: labels}, [target], weights)

    def logits(self, values: Any) -> Floats:
        made: Floats = self.model.logits(values)[self.data.target.name]
        return made

    @cached_property
    def guess(self) -> Ints:
        """The class ids that the test reviews get."""
        return np.asarray(self.logits(self.view.test).argmax(axis=1))

    @cached_property
    def probs(self) -> Floats:
        """The calibrated probabilities of the unlabelled reviews."""
        rows = self.parts.calibrating
        temperature = fit_temperature(self.logits(take(self.view.train, rows)), self.data.labels[rows])
        return calibrated(self.data.target, self.logits(take(self.view.train, self.parts.unlabelled)), temperature)

    @property
    def precision(self) -> float:
        """The share of its pseudo-labels that is right."""
        return float((self.answers == self.data.labels[self.pseudo]).mean())


def teacher(data: Corpus, view: View, parts: Parts) -> Trained:
    """Fit on the labelled rows alone."""
    nothing = np.zeros(0, np.int64)
    return Trained(data, view, parts, nothing, nothing)


def student(
    data: Corpus, view: View, parts: Parts, probs: Floats, kept: Bools, weights: Floats | None = None
) -> Trained:
    """Fit on the labelled rows and on the most probable classes of the unlabelled rows that are `kept`, bool (N,).

    `weights` (N,) say how much each unlabelled row counts.
    """
    counted = None if weights is None else weights[kept]
    return Trained(data, view, parts, parts.unlabelled[kept], probs.argmax(axis=1)[kept], counted)


def ceiling(data: Corpus, view: View, parts: Parts) -> Trained:
    """Fit on the labelled rows and on all others with their true labels."""
    rows = np.concatenate([parts.calibrating, parts.unlabelled])
    return Trained(data, view, parts, rows, data.labels[rows])


def scores(target: Target, probs: Floats) -> Scores:
    """Predictions as thresholds read them."""
    sure, raw, lead, entropy = measures(target, probs, 1.0)
    return Scores.of(
        target.codes, probs.argmax(axis=1), sure, lead, entropy, raw, class_probs=probs.mean(axis=0)
    )  # fmt: skip


MODES = {
    PLAIN: Thresholds(),
    "plain .95 / .20": Thresholds(confidence=0.95),
    "adaptive, FlexMatch .95": Thresholds("flexmatch", confidence=0.95),
    ADAPTIVE: Thresholds("freematch"),
    f"the {TOP:,} surest of each class": Thresholds("top-k", k=TOP),
}
ALL = Thresholds(confidence=0.0, margin=0.0)
HALF = 0.5


def arms(data: Corpus, view: View, parts: Parts) -> Iterator[tuple[str, Trained]]:
    """The teacher, the students that it teaches, and those of a second round; each named."""
    teaching = teacher(data, view, parts)
    yield TEACHER, teaching
    probs = teaching.probs
    given = scores(data.target, probs)
    for name, thresholds in MODES.items():
        made = student(data, view, parts, probs, keep(given, thresholds))
        yield f"student, {name}", made
        if name in (PLAIN, ADAPTIVE):
            again = keep(scores(data.target, made.probs), thresholds)
            yield f"student, {name}, second round", student(data, view, parts, made.probs, again)
    everything = keep(given, ALL)
    half = np.full(len(given), HALF)
    yield f"student, {PLAIN}, each counts {HALF}", student(data, view, parts, probs, keep(given, MODES[PLAIN]), half)
    yield "student, all, weighted as SoftMatch does", student(data, view, parts, probs, everything, soft(given))


def soft(given: Scores) -> Floats:
    """How much each prediction counts by SoftMatch (Chen et al. 2023): 1 from the mean confidence on, less below it."""
    sure = given.confidence.astype(np.float64)
    below = np.minimum(sure - sure.mean(), 0.0)
    weights: Floats = np.exp(-(below**2) / (sure.var() / 2))
    return np.maximum(weights, 1e-6)


def crossed(data: Corpus, views: Sequence[View], parts: Parts) -> Iterator[tuple[str, Trained]]:
    """Each view as a student of the other one, and of the mean of both teachers."""
    teachers = [teacher(data, view, parts) for view in views]
    both = (teachers[0].probs + teachers[1].probs) / 2
    yield f"{views[0].name}: {TEACHER}", teachers[0]
    for view, probs, who in (
        (views[0], teachers[1].probs, views[1].name), (views[0], both, "both"),
        (views[1], teachers[0].probs, views[0].name), (views[1], both, "both"),
    ):  # fmt: skip
        for name in (PLAIN, ADAPTIVE):
            kept = keep(scores(data.target, probs), MODES[name])
            yield f"{view.name}: student of {who}, {name}", student(data, view, parts, probs, kept)


def result(made: Trained, against: Ints | None) -> Result:
    """Score an arm, and compare it with the answers `against` of its teacher."""
    data, n = made.data, len(made.guess)
    truth, groups, k = data.test_labels[:n], data.groups[:n], len(data.target.codes)
    shown = evaluate(truth, np.eye(k)[made.guess] * 0.98 + 0.01, groups, data.target.codes)["accuracy"]
    gain = None if against is None else paired.compare(truth, against, made.guess, groups, k)["accuracy"]["difference"]
    right = made.precision if len(made.pseudo) else float("nan")
    return Result(shown, gain, len(made.pseudo), right, Answers(truth, made.guess, groups, k))


def lines(named: Mapping[str, list[Result]]) -> list[tuple[str, str]]:
    """The rows of the table: one for each arm, with one value for each seed."""
    rows = []
    for name, each in named.items():
        value = " / ".join(results.interval(one.accuracy) for one in each)
        gains = [one.gain for one in each if one.gain is not None]
        if gains:
            mean = 100 * sum(gain["value"] for gain in gains) / len(gains)
            shown = ", ".join(f"{100 * g['value']:+.2f} [{100 * g['low']:+.2f}, {100 * g['high']:+.2f}]" for g in gains)
            right = ", ".join(f"{one.pseudo:,} at {one.precision:.3f}" for one in each)
            value += f"; points: mean {mean:+.2f} ({shown}); labels: {right}"
        rows.append((name, value))
    return rows


def measured(made: Iterable[tuple[str, Trained]], named: dict[str, list[Result]], base: dict[str, Ints]) -> None:
    """Score arms as they come; the first arm of a view is what the others of that view are compared with."""
    for name, one in made:
        against = base.get(one.view.name)
        base.setdefault(one.view.name, one.guess)
        named.setdefault(name, []).append(result(one, against))
        print(name, named[name][-1], f"{time.process_time():.0f} s", file=sys.stderr, flush=True)


def ngram(seeds: int) -> None:
    """The section of the n-grams: every arm with every seed, the ceiling once."""
    data, named = corpus(), dict[str, list[Result]]()
    view = ngram_view(data)
    for seed in range(seeds):
        parts, base = split(data, seed, len(data.texts)), dict[str, Ints]()
        measured(arms(data, view, parts), named, base)
        if not seed:
            top = ceiling(data, view, parts)
            named[CEILING] = [result(top, base[view.name])]
            n = len(parts.unlabelled)
    named[CEILING] = named.pop(CEILING)
    note = f"{n:,} unlabelled reviews, {len(data.test_texts):,} for testing. {NOTE} {verdict(named)}"
    results.write(TITLES["ngram"], f"{COMMAND} ngram --seeds {seeds}", lines(named), note)


def frozen(seeds: int, folder: Path) -> None:
    """The section of the frozen vectors: the arms of their recipe, then each recipe as the other's student."""
    data, named = corpus(), dict[str, list[Result]]()
    vectors = frozen_view(folder)
    n, m = len(vectors.train), len(vectors.test)
    texts = View(NGRAM, data.texts[:n], data.test_texts[:m], ngram_view(data).fit)
    for seed in range(seeds):
        parts, base = split(data, seed, n), dict[str, Ints]()
        measured(arms(data, vectors, parts), named, base)
        measured(crossed(data, (texts, vectors), parts), named, base)
        if not seed:
            tops = {f"{view.name}: {CEILING}": ceiling(data, view, parts) for view in (vectors, texts)}
            last = {name: [result(top, base[top.view.name])] for name, top in tops.items()}
    note = (
        f"{len(parts.unlabelled):,} unlabelled reviews, of {len(data.texts):,} those that have vectors, and {m:,} for "
        f"testing. {NOTE} {verdict(named)}"
    )
    results.write(TITLES["frozen"], f"{COMMAND} frozen --seeds {seeds}", lines(named | last), note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("ngram", "encode", "frozen"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--vectors", type=Path, default=VECTORS, help="the folder of the vectors")
    parser.add_argument("--budget", type=float, default=1500.0, help="processor seconds of encoding")
    given = parser.parse_args()
    if not REVIEWS.is_file() or not ENCODER.is_dir():
        sys.exit(f"{REVIEWS} or {ENCODER} is missing")
    with threadpool_limits(limits=1):
        if given.what == "encode":
            encode(given.vectors, given.budget)
        elif given.what == "ngram":
            ngram(given.seeds)
        else:
            frozen(given.seeds, given.vectors)


def encode(folder: Path, budget_s: float) -> None:
    """Write vectors: those of the labelled reviews and of some test reviews, then as many more as the budget allows."""
    import torch

    torch.set_num_threads(1)
    data = corpus()
    for side, texts in (("train", data.texts[:ENCODED_TEST]), ("test", data.test_texts[:ENCODED_TEST]),
                        ("train", data.texts)):  # fmt: skip
        selftrain_vectors.encode(folder, side, texts, ENCODER, budget_s)


if __name__ == "__main__":
    main()
