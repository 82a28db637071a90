"""N-grams, vectors of a frozen text encoder, and both together on the demo's sentences: `python -m bench.frozen`.

Five folds over groups: nearly equal sentences stay on one side. The encoder is `../shared/models/ko-e5-small`; another
folder is named by `--encoder`. Vectors are read twice into a temporary workspace: anew, and from the cache.
"""

import argparse
import csv
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import results
from core.schemes.target import Target
from core.settings import DEMO, ROOT

ENCODER = ROOT.parent / "shared" / "models" / "ko-e5-small"
FOLDS = 5
DANGER = Target("danger", ("normal", "danger"))


def sentences() -> tuple[list[str], NDArray[np.int64], list[int]]:
    """The demo's sentences, their class ids, and a group number that nearly equal ones share."""
    from core.text import letters
    from core.text.near_duplicates import first_near

    with (DEMO / "utterances.csv").open(encoding="utf-8", newline="") as file:
        rows = {letters(row["text"]): row for row in csv.DictReader(file)}
    groups = first_near(list(rows))
    return [r["text"] for r in rows.values()], DANGER.answers([r["label"] for r in rows.values()]), groups


def folds(labels: NDArray[np.int64], groups: list[int]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Training rows and test rows of each fold."""
    from sklearn.model_selection import StratifiedGroupKFold

    made = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    return list(made.split(np.zeros(len(labels)), labels, groups))


def predicted(kind: str, values: Any, labels: NDArray[np.int64], groups: list[int]) -> NDArray[np.int64]:
    """The class id that each row gets from the model that did not see its fold."""
    from core.models.linear.heads import HeadsConfig, HeadsModel
    from core.models.linear.ngram import NgramConfig, NgramModel
    from core.models.linear.ngram_heads import NgramHeadsConfig, NgramHeadsModel
    from core.models.values import take

    models: dict[str, tuple[Any, Any]] = {
        "ngram": (NgramModel, NgramConfig()), "frozen": (HeadsModel, HeadsConfig()),
        "ngram+frozen": (NgramHeadsModel, NgramHeadsConfig()),
    }  # fmt: skip
    model, config = models[kind]
    guess = np.zeros(len(labels), np.int64)
    for train, test in folds(labels, groups):
        fitted = model.fit(config, take(values, train), {"danger": labels[train]}, [DANGER])
        guess[test] = fitted.logits(take(values, test))["danger"].argmax(axis=1)
    return guess


def scores(labels: NDArray[np.int64], guess: NDArray[np.int64], groups: list[int]) -> str:
    """Accuracy and macro-F1 with intervals over groups."""
    from core.scores import evaluate

    made = evaluate(labels, np.eye(2)[guess] * 0.98 + 0.01, [str(group) for group in groups], DANGER.codes)
    shown = []
    for name in ("accuracy", "macro_f1"):
        value, low, high = (made[name][key] for key in ("value", "low", "high"))
        shown.append(f"{value:.3f} [{low:.3f}, {high:.3f}]")
    return " / ".join(shown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, default=ENCODER)
    encoder = parser.parse_args().encoder
    if not encoder.is_dir():
        sys.exit(f"{encoder} is missing; name the folder of a text encoder with --encoder")
    from core.models.pretrained.frozen_text import vectors

    texts, labels, groups = sentences()
    with tempfile.TemporaryDirectory() as home:
        os.environ["GWIDAMA_HOME"] = home
        vectors(texts[:1], str(encoder))  # loads the encoder
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            table = vectors(texts, str(encoder))
            seconds.append(time.perf_counter() - start)
    values: dict[str, Any] = {"ngram": texts, "frozen": table, "ngram+frozen": {"text": texts, "vector": table}}
    rows = [
        (f"{kind}: accuracy / macro-F1", scores(labels, predicted(kind, values[kind], labels, groups), groups))
        for kind in values
    ]
    rows += [
        ("vectors anew, texts a second", f"{len(texts) / seconds[0]:.0f}"),
        ("vectors from the cache, times as fast", f"{seconds[0] / seconds[1]:.0f}"),
    ]
    note = (
        f"{len(texts)} sentences of the demo in {len(set(groups))} groups, {FOLDS} folds over groups, settings as they "
        f"are by default, encoder {encoder.name}. Intervals resample groups."
    )
    results.write("Frozen text vectors beside n-grams", "python -m bench.frozen", rows, note)


if __name__ == "__main__":
    main()
