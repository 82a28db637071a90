"""A small single-label corpus from its file to scores: chatbot questions, three classes: `python -m bench.chatbot`.

The CSV of ../shared/data/chatbot is imported as a table and frozen three times: keeping contradictory texts, dropping
them, and split at random, which lets equal questions stand on both sides. The recipe `text` is trained on each, by
n-grams, and with the vectors of `../shared/models/ko-e5-small` beside them on the second.
"""

import os
import random
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import results
from bench.corpus import settings_of
from core.settings import ROOT

if TYPE_CHECKING:
    from core.workflows.workspace import Workspace

FILE = ROOT.parent / "shared" / "data" / "chatbot" / "ChatbotData.csv"
ENCODER = ROOT.parent / "shared" / "models" / "ko-e5-small"
NAME = "chatbot"


def shown(scores: dict[str, Any]) -> str:
    """Accuracy and macro-F1 with their intervals."""
    parts = []
    for name in ("accuracy", "macro_f1"):
        value, low, high = (scores[name][key] for key in ("value", "low", "high"))
        parts.append(f"{value:.3f} [{low:.3f}, {high:.3f}]" if low is not None else f"{value:.3f}")
    return " / ".join(parts)


def at_random(folder: Path) -> dict[str, Any]:
    """The scores of the n-gram on a split of rows, not of groups: what the snapshot refuses to make."""
    from core.models.linear.ngram import NgramConfig, NgramModel
    from core.schemes.target import Target
    from core.scores import evaluate
    from core.snapshots.format import read

    items = list(read(folder).items)
    random.Random(0).shuffle(items)
    cut = len(items) * 85 // 100
    target: Target = read(folder).targets[0]
    answers = target.answers([item.code for item in items])
    texts = [item.text for item in items]
    model = NgramModel.fit(NgramConfig(), texts[:cut], {target.name: answers[:cut]}, [target])
    probs = np.exp(model.logits(texts[cut:])[target.name])
    return evaluate(answers[cut:], probs, [item.key for item in items[cut:]], target.codes)


@contextmanager
def questions() -> Iterator["Workspace"]:
    """A workspace of its own with the questions and their scheme, until the block ends; ends the program without them.

    The first thing of a bench that imports use-cases: they read where the workspace is.
    """
    if not FILE.is_file():
        sys.exit(f"{FILE} is missing; it holds the chatbot's questions")
    home = Path(mkdtemp(prefix="gwidama-chatbot-"))
    os.environ["GWIDAMA_HOME"] = str(home)
    from core.workflows.corpus import schemes
    from core.workflows.imports.tables import table
    from core.workflows.workspace import open_workspace

    try:
        ws = open_workspace(settings_of(home))
        columns = table.Columns("Q", {NAME: "label"})
        table.ingest_table(ws, table.File.at(FILE), table.TableImportOptions(columns, source=NAME))
        schemes.confirm(ws, NAME, "bench")
        yield ws
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    with questions() as ws:
        from core.workflows.models import train
        from core.workflows.snapshots import snapshot

        rows = []
        for conflicts in ("keep", "drop"):
            info = snapshot.create(ws, f"{NAME}-{conflicts}", NAME, conflicts=conflicts)  # type: ignore[arg-type]
            metrics = train.run(ws, train.plan(ws, "text", info.name, "ngram"))
            rows.append(
                (f"n-gram, contradictory texts: {conflicts} (n {metrics['test']['n']:,})", shown(metrics["test"]))
            )
        rows.append(("most frequent class", shown(metrics["baselines"]["majority"])))
        rows.append(("length and punctuation only", shown(metrics["baselines"]["shortcut"])))
        if ENCODER.is_dir():
            joined = train.run(ws, train.plan(ws, "text", f"{NAME}-drop", f"ngram+{ENCODER}"))
            rows.append(("n-gram and vectors of ko-e5-small, contradictory texts: drop", shown(joined["test"])))
        rows.append(
            ("n-gram, rows split at random (for comparison)", shown(at_random(ws.snapshot_folder(f"{NAME}-keep"))))
        )
        note = (
            "11,823 questions of three classes (every day, break-up, love), split 70/15/15 by group; equal and nearly "
            "equal questions share a group. Accuracy / macro-F1 on the test side, 95% intervals over groups."
        )
        results.write("A single-label corpus: chatbot questions", "python -m bench.chatbot", rows, note)


if __name__ == "__main__":
    main()
