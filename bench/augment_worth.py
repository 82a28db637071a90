"""What augmentation is worth on the demo corpus: danger recall with and without it: `python -m bench.augment_worth`.

The danger sentences of the demo are split five times by group (seeds 0 to 4). The recipe `danger-text` with n-grams is
trained on each training side as it is, and on the same side with variants that nobody has reviewed. Twice: every class
augmented to the same factor, and danger alone, as the seed did. The test sides of the five splits are scored together;
the bootstrap draws groups, so a group counts in every split that tests it. Differences are paired: the same test rows.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import results
from bench.corpus import settings_of
from bench.leakmeter import points
from core.settings import DEMO

if TYPE_CHECKING:
    from core.scores.leakage import ScoredRows
    from core.workflows.workspace import Workspace

SEEDS = range(5)
FACTOR = 4.5
SCHEME, RECIPE, ENCODER = "danger", "danger-text", "ngram"
WITHOUT = "without augmentation"
KINDS: dict[str, dict[str, Any]] = {
    "every class": {"factor": FACTOR},
    "danger alone": {"factor": 1.0, "class_factors": {"danger": FACTOR}},
}


@dataclass
class Splits:
    """What the models of all splits predicted, by kind of training, and how the variants were made."""

    scored: "dict[str, list[ScoredRows]]" = field(default_factory=dict)
    variants: dict[str, int] = field(default_factory=dict)
    operations: tuple[str, ...] = ()

    def add(self, ws: "Workspace", seed: int, folder: Path) -> None:
        """Split with `seed`; train once without variants, then with those of each kind."""
        from core.workflows.leaks.arms import AUGMENTED, PLAIN, arrange, groups_of, predicted_test_rows, train
        from core.workflows.leaks.plan import LeakPlan, checked
        from core.workflows.leaks.variants import augmented
        from core.workflows.snapshots import snapshot

        name = f"worth-{seed}"
        snapshot.create(ws, name, SCHEME, seed=seed)
        for kind, factors in KINDS.items():
            plan = LeakPlan(name, RECIPE, ENCODER, seed=seed, **factors)
            frozen, spec = checked(ws, plan)
            made = augmented(ws, frozen, plan, folder)
            self.operations = made.operations
            self.variants[kind] = self.variants.get(kind, 0) + len(made.variants)
            groups, place = groups_of(made.originals, made.variants), folder / f"{seed}-{len(kind)}"
            for arm, title in ((PLAIN, WITHOUT), (AUGMENTED, kind)):
                if title == WITHOUT and len(self.scored.get(WITHOUT, ())) > seed:
                    continue
                items, _ = arrange(arm, made.originals, made.variants, True, seed)
                train(arm, frozen, items, replace(spec, seed=seed), place)
                rows = predicted_test_rows(arm, place, frozen.targets[0], groups)
                self.scored.setdefault(title, []).append(rows)

    def joined(self) -> "dict[str, ScoredRows]":
        """The rows of all splits as those of one model, by kind of training."""
        from core.scores.leakage import ScoredRows

        return {
            title: ScoredRows(
                np.concatenate([part.truth for part in parts]),
                np.concatenate([part.guess for part in parts]),
                [group for part in parts for group in part.groups],
            )
            for title, parts in self.scored.items()
        }


def rows_of(measured: dict[str, Any], splits: Splits) -> Iterator[tuple[str, str]]:
    """The scores of each kind of training, the differences, and one plain sentence."""
    for title, scores in measured["models"].items():
        name = title if title == WITHOUT else f"{title} augmented to {FACTOR} times as many"
        yield f"{name}: danger recall", results.interval(scores["recall"])
        yield (
            f"{name}: accuracy / macro-F1",
            " / ".join(results.interval(scores[key]) for key in ("accuracy", "macro_f1")),
        )
    for kind, scores in measured["differences"].items():
        yield f"{kind}: difference of the danger recall", points(scores["recall"])
        yield f"{kind}: difference of the accuracy", points(scores["accuracy"])
        yield f"{kind}: variants made in the five splits", f"{splits.variants[kind]:,}"
    yield "told plainly", "; ".join(told(kind, scores["recall"]) for kind, scores in measured["differences"].items())


def told(kind: str, recall: dict[str, float]) -> str:
    """Whether the danger recall is better or worse, or cannot be told apart."""
    if recall["low"] > 0:
        return f"augmenting {kind} raises the danger recall"
    if recall["high"] < 0:
        return f"augmenting {kind} lowers the danger recall"
    return f"whether augmenting {kind} changes the danger recall cannot be told from chance"


def main() -> None:
    home = Path(mkdtemp(prefix="gwidama-worth-"))
    os.environ["GWIDAMA_HOME"] = str(home)
    from core.schemes import SCHEMES
    from core.scores.leakage import measure
    from core.workflows import demo
    from core.workflows.imports import aihub119
    from core.workflows.overview.summary import DEMO_SOURCE
    from core.workflows.workspace import open_workspace

    try:
        ws = open_workspace(settings_of(home))
        aihub119.ingest_aihub119(ws, sorted((DEMO / "archives").glob("*.zip")))
        aihub119.ingest_sentences(ws, DEMO / "utterances.csv", DEMO_SOURCE, demo.LICENCE)
        splits = Splits()
        for seed in SEEDS:
            splits.add(ws, seed, home / "measured")
        critical = SCHEMES[SCHEME].codes.index("danger")
        pairs = {kind: (WITHOUT, kind) for kind in KINDS}
        measured = measure(splits.joined(), pairs, critical=critical)
        plain = measured["models"][WITHOUT]
        note = (
            f"Danger sentences of the demo, five splits 70/15/15 by group: {plain['n']} test rows of "
            f"{plain['n_groups']} groups in all. Operations: {', '.join(splits.operations)}; no variant was reviewed. "
            "95% intervals over groups; a difference is taken on the same test rows."
        )
        rows = list(rows_of(measured, splits))
        results.write("What augmentation is worth: the demo corpus", "python -m bench.augment_worth", rows, note)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
