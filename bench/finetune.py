"""Fine-tuning of a real pretrained encoder: the time of an epoch beside the notebook way, and accuracy beside n-grams.

The encoder is ../shared/models/ko-e5-small, the data the reviews of ../shared/data/nsmc with label 0 or 1: each text
once, those with both labels left out, as many of each class, in the order of seed 0. The first 40,000 are for testing,
the next 2,000 choose the best epoch, the rest is for training, so that a smaller training part lies inside a larger.

`epochs` trains one epoch twice, from the same weights and with as many updates: by the fit of the product, and by a
plain loop that pads every text to the longest length and does not sort. `accuracy` fine-tunes on each size and scores
the n-gram (scikit-learn with the settings of the recipe) on the same rows.
"""

import argparse
import csv
import gzip
import random
import sys
import time
from collections.abc import Iterable
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
ENCODER = REVIEWS.parents[2] / "models" / "ko-e5-small"
TARGET = Target("review", ("negative", "positive"))
TEST, VALIDATION = 40_000, 2_000
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

    train: Part
    validation: Part
    test: Part


def reviews(train: int, test: int) -> Data:
    """`train` rows to train on, `test` of the 40,000 to test on."""
    with gzip.open(REVIEWS, "rt", encoding="utf-8", newline="") as lines:
        rows = [r for r in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if r[3] in ("0", "1")]
    labels: dict[str, set[str]] = {}
    for row in rows:
        labels.setdefault(row[1].strip(), set()).add(row[3])
    sides: tuple[list[str], list[str]] = ([], [])
    for text, found in labels.items():
        if text and len(found) == 1:
            sides[int(next(iter(found)))].append(text)
    chance = random.Random(0)
    for side in sides:
        chance.shuffle(side)
    mixed = [(text, label) for pair in zip(*sides, strict=False) for label, text in enumerate(pair)]

    def part(at: int, n: int) -> Part:
        cut = mixed[at : at + n]
        return [text for text, _ in cut], np.array([label for _, label in cut])

    return Data(part(TEST + VALIDATION, train), part(TEST, VALIDATION), part(0, test))


def accuracy(model: Any, part: Part) -> float:
    return float((model.logits(part[0])[TARGET.name].argmax(axis=1) == part[1]).mean())


def rows_of(part: Part) -> Rows:
    return Rows(part[0], {TARGET.name: part[1]}, [None] * len(part[0]))


@dataclass
class Tuned:
    """The best epoch by validation, its test accuracy, seconds of training alone, items a second, the history."""

    best: int
    accuracy: float
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
        history.append(accuracy(model, data.validation))
        print(f"epoch {epoch}: loss {loss:.4f}, validation {history[-1]:.4f}, {more}", file=sys.stderr)
        if history[-1] == max(history):
            (folder / "best").mkdir(exist_ok=True)
            model.save(folder / "best")
        began = clock()
        return epoch - 1 - int(np.argmax(history)) >= settings.patience

    with TemporaryDirectory(prefix="gwidama-finetune-") as made:
        folder = Path(made)
        job = Fitting(folder, 0, lambda done, total, epoch, loss: None, epoch_end)
        TextEncoderFit()(rows_of(data.train), [TARGET], str(ENCODER), settings, job)
        model = TextEncoder.load(folder / "best", [TARGET], asdict(settings))
        rate = len(data.train[0]) * len(history) / seconds
        return Tuned(int(np.argmax(history)) + 1, accuracy(model, data.test), seconds, rate, history)


def ngram(data: Data) -> tuple[float, float]:
    """Accuracy of scikit-learn's n-grams with the settings of the recipe, and the seconds of the fit."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    began = clock()
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=2, sublinear_tf=True)
    solver = LogisticRegression(C=5.0, class_weight="balanced", max_iter=1000)
    solver.fit(vectorizer.fit_transform(data.train[0]), data.train[1])
    seconds = clock() - began
    return float((solver.predict(vectorizer.transform(data.test[0])) == data.test[1]).mean()), seconds


def notebook(data: Data, settings: TextEncoderSettings) -> tuple[float, float]:
    """One epoch the notebook way: shuffled, each text padded to `max_len`; returns seconds and test accuracy."""
    with reproducible(0, 0):
        network = TextEncoder.create([TARGET], str(ENCODER), asdict(settings), data.train[0])
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
            loss = torch.nn.functional.cross_entropy(network(**batch)[TARGET.name], labels[rows])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        seconds = clock() - began
        return seconds, accuracy(network, data.test)


def epochs(sizes: list[int], test: int, settings: TextEncoderSettings, lengths: Iterable[int], command: str) -> None:
    """Compare one epoch both ways at each longest length."""
    data = reviews(sizes[0], test)
    data = replace(data, validation=(data.validation[0][:64], data.validation[1][:64]))  # there is one epoch only
    rows: list[tuple[str, str]] = []
    for max_len in lengths:
        one = replace(settings, epochs=1, max_len=max_len)
        ours, (seconds, score) = fine_tuned(data, one), notebook(data, one)
        rows += [
            (f"padded to {max_len}: processor seconds, ours / notebook", f"{ours.seconds:.0f} / {seconds:.0f}"),
            (f"padded to {max_len}: times faster", f"{seconds / ours.seconds:.1f}"),
            (f"padded to {max_len}: accuracy, ours / notebook", f"{ours.accuracy:.4f} / {score:.4f}"),
        ]
    note = (
        f"{sizes[0]:,} reviews, batches of {settings.batch_size}, the same encoder, head, learning rates and number of "
        f"updates, fp32, one thread; tested on {test:,} unseen reviews."
    )
    results.write(TITLES["epochs"], command, rows, note)


def accuracies(sizes: list[int], test: int, settings: TextEncoderSettings, command: str) -> None:
    """Compare the fine-tuned encoder with the n-gram at each size."""
    rows: list[tuple[str, str]] = []
    for size in sizes:
        data = reviews(size, test)
        plain, seconds = ngram(data)
        print(f"n-gram at {size:,}: {plain:.4f}", file=sys.stderr)
        tuned = fine_tuned(data, settings)
        rows += [
            (f"{size:,} rows: accuracy, fine-tuned / n-gram", f"{tuned.accuracy:.4f} / {plain:.4f}"),
            (f"{size:,} rows: points above the n-gram", f"{100 * (tuned.accuracy - plain):.1f}"),
            (f"{size:,} rows: best of epochs", f"{tuned.best} of {len(tuned.history)}"),
            (f"{size:,} rows: seconds of training / of the n-gram", f"{tuned.seconds:.0f} / {seconds:.1f}"),
            (f"{size:,} rows: items a second", f"{tuned.rate:.0f}"),
        ]
    where = "one GPU, bf16" if torch.cuda.is_available() else "one thread, fp32, seconds of processor time"
    changed = {name: value for name, value in asdict(settings).items() if value != asdict(TextEncoderSettings())[name]}
    told = ", ".join(f"{name} {value}" for name, value in changed.items())
    note = f"Tested on {test:,} unseen reviews; {where}. Settings other than the defaults: {told}."
    results.write(TITLES["accuracy"], command, rows, note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=TITLES)
    parser.add_argument("--sizes", default="2000,8000,20000", help="rows to train on, commas between")
    parser.add_argument("--test", type=int, default=TEST, help=f"how many of the {TEST:,} unseen rows are scored")
    parser.add_argument("--lengths", default="64,128", help="longest lengths for `epochs`")
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
            epochs(sizes, given.test, settings, map(int, given.lengths.split(",")), command)
        else:
            accuracies(sizes, given.test, settings, command)


if __name__ == "__main__":
    main()
