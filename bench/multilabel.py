"""A multi-label corpus from its file to scores: KOTE, 44 emotions of Korean comments.

The files of ../shared/data/kote are imported as a table, frozen as one multi-label snapshot, and the recipe `text` is
trained on it. Beside it: scikit-learn's one-vs-rest logistic regression over TF-IDF of characters on the same rows, and
two trivial baselines. All are scored by `core.scores.multi` on the same test side. `--plain` leaves our training out.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bench import results
from bench.corpus import settings_of
from core.scores.baselines import majority_sets, shortcut_multi_probs, text_features
from core.scores.multi import best_thresholds, evaluate_multi
from core.snapshots.format import Snapshot, read
from core.workflows.corpus import schemes
from core.workflows.imports.tables import table
from core.workflows.models import train
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, open_workspace

COMMAND = "python -m bench.multilabel"
TITLE = "A multi-label corpus: KOTE, 44 emotions"
FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "kote"
NAME = "kote"
Floats = NDArray[np.float64]


def filled(home: Path) -> Workspace:
    """A workspace with both files of KOTE and their scheme, which a person would confirm."""
    ws = open_workspace(settings_of(home))
    for file in ("val.tsv", "test.tsv"):
        columns = table.Columns("column_2", {NAME: "column_3"}, id="column_1")
        table.ingest_table(ws, table.File.at(FOLDER / file), table.TableImportOptions(columns, source=NAME))
    schemes.confirm(ws, NAME, "bench")
    return ws


class Sides:
    """Texts, answers (N, K) and groups of each side of a snapshot."""

    def __init__(self, frozen: Snapshot) -> None:
        (self.target,) = frozen.targets
        items, answers = frozen.items, self.target.answers(frozen.answers(self.target.name))
        side, text, group = (np.array(items.column(name), dtype=object) for name in ("side", "text", "group"))
        self.rows = {name: np.flatnonzero(side == name) for name in ("train", "validation", "test")}
        self.texts = {name: text[rows].tolist() for name, rows in self.rows.items()}
        self.answers = {name: answers[rows].astype(np.int64) for name, rows in self.rows.items()}
        self.groups = {name: group[rows].tolist() for name, rows in self.rows.items()}

    def scores(self, probs: Floats, thresholds: Floats | None = None) -> dict[str, Any]:
        """The scores of `probs` on the test side."""
        return evaluate_multi(
            self.answers["test"], probs, self.groups["test"], self.target.codes, thresholds=thresholds
        )


def plain(sides: Sides) -> tuple[dict[str, Floats], float]:
    """Probabilities of scikit-learn's one-vs-rest regression on validation and test, and its processor seconds."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    began = time.process_time()
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=2, sublinear_tf=True)
    model = OneVsRestClassifier(LogisticRegression(C=5.0, class_weight="balanced", max_iter=1000))
    model.fit(vectorizer.fit_transform(sides.texts["train"]), sides.answers["train"])
    probs = {name: model.predict_proba(vectorizer.transform(sides.texts[name])) for name in ("validation", "test")}
    return probs, time.process_time() - began


def trivial(sides: Sides) -> dict[str, Floats]:
    """Probabilities of the two baselines on the test side."""
    features = {name: text_features(sides.texts[name]) for name in ("train", "test")}
    return {
        "most frequent set of classes": majority_sets(sides.answers["train"], len(sides.texts["test"])),
        "length and punctuation": shortcut_multi_probs(features["train"], sides.answers["train"], features["test"]),
    }


def row(name: str, scores: dict[str, Any]) -> tuple[str, str]:
    """One row: macro-F1 with its interval, then micro-F1, exact sets and calibration."""
    macro = scores["macro_f1"]
    interval = f" [{macro['low']:.3f}, {macro['high']:.3f}]" if macro["low"] is not None else ""
    ece = f", ECE {scores['ece']:.3f}" if "ece" in scores else ""
    return name, (
        f"macro-F1 {macro['value']:.3f}{interval}, micro-F1 {scores['micro_f1']['value']:.3f}, "
        f"exact sets {scores['accuracy']['value']:.3f}{ece}"
    )


def measured(ws: Workspace, ours: bool) -> tuple[list[tuple[str, str]], int]:
    """All rows of the table, and how many items the snapshot has."""
    began = time.process_time()
    info = snapshot.create(ws, NAME, NAME)
    freezing_s = time.process_time() - began
    sides = Sides(read(ws.snapshot_folder(NAME)))
    rows = [("items on train / validation / test", " / ".join(f"{len(at):,}" for at in sides.rows.values()))]
    rows += [row(name, sides.scores(probs)) for name, probs in trivial(sides).items()]
    probs, plain_s = plain(sides)
    limits = best_thresholds(sides.answers["validation"], probs["validation"])
    rows += [
        row("scikit-learn one-vs-rest, threshold .5", sides.scores(probs["test"])),
        row("the same, thresholds chosen on validation", sides.scores(probs["test"], limits)),
    ]
    if ours:
        began = time.process_time()
        test = train.run(ws, train.plan(ws, "text", NAME, "ngram"))["test"]
        training_s = time.process_time() - began
        rows.append(row("recipe text, n-gram", test))
        rows.append(("processor seconds: training ours / scikit-learn", f"{training_s:.1f} / {plain_s:.1f}"))
    rows.append(("processor seconds: freezing", f"{freezing_s:.1f}"))
    return rows, info.counts["n"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plain", action="store_true", help="without our training; nothing is written")
    given = parser.parse_args()
    if not FOLDER.is_dir():
        sys.exit(f"{FOLDER} is missing; it holds KOTE")
    home = Path(mkdtemp(prefix="gwidama-kote-"))
    try:
        with threadpool_limits(limits=1):
            rows, n = measured(filled(home), not given.plain)
        if given.plain:
            print(*(f"{name}: {value}" for name, value in rows), sep="\n")
            return
        note = (
            f"{n:,} comments of KOTE's validation and test files, split 70/15/15 by group, one thread. Scores on the "
            "test side with 95% intervals over groups."
        )
        results.write(TITLE, COMMAND, rows, note)
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
