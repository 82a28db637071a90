"""Fine-tuning of a real pretrained encoder: the time of an epoch beside the notebook way, and accuracy beside n-grams.

The encoder is ../shared/models/ko-e5-small, the data the reviews of ../shared/data/nsmc with label 0 or 1: each text
once, those with both labels left out, as many of each class, in the order of seed 0. The first 40,000 are for testing,
the next 2,000 choose the best epoch, the rest is for training, so that a smaller training part lies inside a larger.
`--corpus questions` reads ../shared/data/chatbot in their place, in the same manner: short texts of three classes.

`epochs` trains one epoch twice, from the same weights and with as many updates: by the fit of the product, and by a
plain loop that pads every text to the longest length and does not sort; each of `--lengths` has its number of rows in
`--sizes`. `accuracy` fine-tunes on each size and scores the n-gram (scikit-learn with the settings of the recipe) on
the same rows.
"""

import argparse
import csv
import gzip
import random
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bench import results
from bench.corpus import REVIEWS
from core.models.text.encoder import TextEncoder
from core.schemes.target import Target
from core.training.fits import Fitting, Rows
from core.training.fits.text_encoder import TextEncoderFit, TextEncoderSettings
from core.training.trainer.reproducible import reproducible

COMMAND = "python -m bench.finetune"
QUESTIONS = REVIEWS.parents[1] / "chatbot" / "ChatbotData.csv"
ENCODER = REVIEWS.parents[2] / "models" / "ko-e5-small"
TARGETS = {
    "reviews": Target("review", ("negative", "positive")),
    "questions": Target("question", ("every_day", "break_up", "love")),
}
TEST, VALIDATION = {"reviews": 40_000, "questions": 2_000}, {"reviews": 2_000, "questions": 100}
SETTINGS = TextEncoderSettings(
    epochs=3, batch_size=32, learning_rate=2e-4, max_len=128, pooling="mean", class_weights=False, bf16="off"
)
TITLES = {
    "epochs": "One epoch of fine-tuning beside the notebook way",
    "accuracy": "A fine-tuned encoder beside n-grams",
}

# On a CPU processor seconds, which other work on the machine moves little; a GPU works beside the process.
clock = time.perf_counter if torch.cuda.is_available() else time.process_time

Part = tuple[list[str], NDArray[np.int64]]


@dataclass(frozen=True)
class Data:
    """Texts and class ids of the three sides."""

    target: Target
    train: Part
    validation: Part
    test: Part

    def right(self, model: Any, part: Part) -> NDArray[np.bool_]:
        """Whether a model answers each row of one side rightly, bool (N,)."""
        right: NDArray[np.bool_] = model.logits(part[0])[self.target.name].argmax(axis=1) == part[1]
        return right

    def accuracy(self, model: Any, part: Part) -> float:
        """The share of right answers of a model on one side."""
        return float(self.right(model, part).mean())

    def rows(self) -> Rows:
        """The training side as a fit reads it."""
        return Rows(self.train[0], {self.target.name: self.train[1]}, [None] * len(self.train[0]))


def answered(corpus: str) -> list[tuple[str, str]]:
    """The texts of a corpus with the digits that stand for their classes, as its file has them."""
    if corpus == "questions":
        with QUESTIONS.open(encoding="utf-8-sig", newline="") as lines:
            return [(row["Q"], row["label"]) for row in csv.DictReader(lines)]
    with gzip.open(REVIEWS, "rt", encoding="utf-8", newline="") as lines:
        return [(r[1], r[3]) for r in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if r[3] in ("0", "1")]


def load(corpus: str, train: int, test: int) -> Data:
    """`train` rows to train on, `test` of the unseen rows to test on."""
    target = TARGETS[corpus]
    labels: dict[str, set[str]] = {}
    for text, label in answered(corpus):
        labels.setdefault(text.strip(), set()).add(label)
    sides: tuple[list[str], ...] = tuple([] for _ in target.codes)
    for text, given in labels.items():
        if text and len(given) == 1:
            sides[int(next(iter(given)))].append(text)
    chance = random.Random(0)
    for side in sides:
        chance.shuffle(side)
    mixed = [(text, label) for pair in zip(*sides, strict=False) for label, text in enumerate(pair)]

    def part(at: int, n: int) -> Part:
        cut = mixed[at : at + n]
        return [text for text, _ in cut], np.array([label for _, label in cut])

    unseen, choosing = TEST[corpus], VALIDATION[corpus]
    return Data(target, part(unseen + choosing, train), part(unseen, choosing), part(0, test))


@dataclass
class Tuned:
    """The best epoch by validation, its answers on the test side, seconds of training, items a second, the history."""

    best: int
    right: NDArray[np.bool_]
    seconds: float
    rate: float
    history: list[float]


def fine_tuned(data: Data, settings: TextEncoderSettings) -> Tuned:
    """Fine-tune by the fit of the product; the clock stops while the validation side is scored."""
    history: list[float] = []
    seconds, began = 0.0, clock()

    def epoch_end(epoch: int, model: Any, loss: float, **more: float) -> bool:
        nonlocal seconds, began
        seconds += clock() - began
        history.append(data.accuracy(model, data.validation))
        print(f"epoch {epoch}: loss {loss:.4f}, validation {history[-1]:.4f}, {more}", file=sys.stderr)
        if latest_best(history) == epoch:
            (folder / "best").mkdir(exist_ok=True)
            model.save(folder / "best")
        began = clock()
        return epoch - latest_best(history) >= settings.patience

    with TemporaryDirectory(prefix="gwidama-finetune-") as made:
        folder = Path(made)
        job = Fitting(folder, 0, lambda done, total, epoch, loss: None, epoch_end)
        TextEncoderFit()(data.rows(), [data.target], str(ENCODER), settings, job)
        model = TextEncoder.load(folder / "best", [data.target], asdict(settings))
        rate = len(data.train[0]) * len(history) / seconds
        return Tuned(latest_best(history), data.right(model, data.test), seconds, rate, history)


def latest_best(history: list[float]) -> int:
    """The epoch of the highest score, of equal ones the last.

    >>> latest_best([0.8, 0.9, 0.9, 0.7])
    3
    """
    return max(range(len(history)), key=lambda at: (history[at], at)) + 1


def ngram(data: Data) -> tuple[NDArray[np.bool_], float]:
    """The right answers of scikit-learn's n-grams with the settings of the recipe, and the seconds of the fit."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    began = clock()
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=2, sublinear_tf=True)
    solver = LogisticRegression(C=5.0, class_weight="balanced", max_iter=1000)
    solver.fit(vectorizer.fit_transform(data.train[0]), data.train[1])
    seconds = clock() - began
    right: NDArray[np.bool_] = solver.predict(vectorizer.transform(data.test[0])) == data.test[1]
    return right, seconds


def points(right: NDArray[np.bool_], other: NDArray[np.bool_]) -> str:
    """How many points more of the same rows are right, with the 95% interval of the paired difference.

    >>> points(np.array([True] * 60 + [False] * 40), np.array([True] * 50 + [False] * 50))
    '10.00 [4.09, 15.91]'
    """
    gain = 100 * (right.astype(float) - other)
    mean, margin = gain.mean(), 1.96 * gain.std(ddof=1) / len(gain) ** 0.5
    return f"{mean:.2f} [{mean - margin:.2f}, {mean + margin:.2f}]"


def notebook(data: Data, settings: TextEncoderSettings) -> tuple[float, float]:
    """One epoch the notebook way: shuffled, each text padded to `max_len`; returns seconds and test accuracy."""
    with reproducible(0, 0):
        network = TextEncoder.create([data.target], str(ENCODER), asdict(settings), data.train[0])
        texts, labels = data.train[0], torch.from_numpy(data.train[1])
        optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=0.01)
        order = torch.randperm(len(texts)).split(settings.batch_size)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: settings.rate_factor(step, len(order)))
        network.train()
        began = clock()
        for rows in order:
            batch = network.tokenizer(
                [texts[int(row)] for row in rows], padding="max_length", truncation=True, max_length=settings.max_len,
                return_token_type_ids=False, return_tensors="pt",
            )  # fmt: skip
            loss = torch.nn.functional.cross_entropy(network(**batch)[data.target.name], labels[rows])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        seconds = clock() - began
        return seconds, data.accuracy(network, data.test)


def epochs(
    corpus: str, sizes: list[int], test: int, settings: TextEncoderSettings, lengths: list[int], command: str
) -> None:
    """Compare one epoch both ways at each longest length, with the number of rows beside it in `sizes`."""
    rows: list[tuple[str, str]] = []
    for max_len, size in zip(lengths, sizes, strict=True):
        one, data = replace(settings, epochs=1, max_len=max_len), load(corpus, size, test)
        data = replace(data, validation=(data.validation[0][:64], data.validation[1][:64]))  # there is one epoch only
        network = TextEncoder.create([data.target], str(ENCODER), asdict(one), data.train[0])
        ours, (seconds, score) = fine_tuned(data, one), notebook(data, one)
        title = f"{size:,} {corpus} padded to {max_len}"
        rows += [
            (f"{title}: true tokens of a text, mean", f"{network.lengths(data.train[0]).mean():.1f}"),
            (f"{title}: processor seconds, ours / notebook", f"{ours.seconds:.0f} / {seconds:.0f}"),
            (f"{title}: times faster", f"{seconds / ours.seconds:.1f}"),
            (f"{title}: accuracy, ours / notebook", f"{ours.right.mean():.4f} / {score:.4f}"),
        ]
    note = (
        f"Batches of {settings.batch_size}, the same encoder, head, learning rates and number of updates, fp32, one "
        f"thread; tested on {test:,} unseen {corpus}. The gain is bound by the longest length over the true one."
    )
    results.write(f"{TITLES['epochs']}: {corpus}", command, rows, note)


def accuracies(sizes: list[int], test: int, settings: TextEncoderSettings, command: str) -> None:
    """Compare the fine-tuned encoder with the n-gram at each size."""
    where = "one GPU, bf16" if torch.cuda.is_available() else "one thread, fp32, seconds of processor time"
    changed = {name: value for name, value in asdict(settings).items() if value != asdict(TextEncoderSettings())[name]}
    listed = ", ".join(f"{name} {value}" for name, value in changed.items())
    note = f"Tested on {test:,} unseen reviews; {where}. Settings other than the defaults: {listed}."
    for size in sizes:  # a section for each: the next may take an hour
        data = load("reviews", size, test)
        plain, seconds = ngram(data)
        print(f"n-gram at {size:,}: {plain.mean():.4f}", file=sys.stderr)
        tuned = fine_tuned(data, settings)
        rows = [
            ("accuracy, fine-tuned / n-gram", f"{tuned.right.mean():.4f} / {plain.mean():.4f}"),
            ("points above the n-gram, 95% interval", points(tuned.right, plain)),
            ("validation accuracy after each epoch", ", ".join(f"{score:.4f}" for score in tuned.history)),
            ("best of epochs", f"{tuned.best} of {len(tuned.history)}"),
            ("seconds of training / of the n-gram", f"{tuned.seconds:.0f} / {seconds:.1f}"),
            ("items a second", f"{tuned.rate:.0f}"),
        ]
        results.write(f"{TITLES['accuracy']}: {size:,} rows", command, rows, note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=TITLES)
    parser.add_argument("--corpus", choices=TARGETS, default="reviews", help="what `epochs` trains on")
    parser.add_argument("--sizes", default="2000,8000,20000", help="rows to train on, commas between")
    parser.add_argument("--test", type=int, default=TEST["reviews"], help="how many of the unseen rows are scored")
    parser.add_argument("--lengths", default="64,128,256", help="longest lengths for `epochs`, one for each size")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the fit")
    parser.add_argument("--gpu", action="store_true", help="all 150,000 rows, bf16, on a GPU")
    given = parser.parse_args()
    if not REVIEWS.is_file() or not ENCODER.is_dir():
        sys.exit(f"{REVIEWS} or {ENCODER} is missing")
    changes = {name: type(getattr(SETTINGS, name))(raw) for name, raw in (pair.split("=", 1) for pair in given.set)}
    settings = replace(SETTINGS, **changes)
    sizes = [int(size) for size in given.sizes.split(",")]
    command = f"{COMMAND} {' '.join(sys.argv[1:])}"
    if given.gpu:
        if not torch.cuda.is_available():
            sys.exit("--gpu: there is no GPU here")
        accuracies([150_000], given.test, replace(settings, bf16="on"), command)
        return
    torch.set_num_threads(1)
    with threadpool_limits(limits=1):
        if given.what == "epochs":
            epochs(given.corpus, sizes, given.test, settings, list(map(int, given.lengths.split(","))), command)
        else:
            accuracies(sizes, given.test, settings, command)


if __name__ == "__main__":
    main()
