"""What a slider's move costs at a million predictions: `python -m bench.thresholds [N] [--scheme NAME]`.

Probabilities are drawn (Dirichlet), so no model is needed. Counts and rows of each mode, the curves, the estimates from
2,000 audited items, then all that the page does at a move: the view, and its pictures as JSON for the browser.
"""

import argparse
import logging
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np

from bench import results
from core.schemes import SCHEMES, Scheme
from core.thresholds import MODES, ClassLimits, Evidence, Scores, Thresholds, counted, curves, estimates, keep, limits
from core.ui.panels.pseudo_labels import evidence as pictures
from core.ui.widgets import charts
from core.workflows.pseudo_labels.view import Material, View, of_material

AUDITED, GOAL_MS, TURNS = 2_000, 50, 15
Rng = np.random.Generator


def drawn(rng: Rng, n: int, scheme: Scheme) -> Scores:
    """Predictions of `n` items, float32, with the confidence of a good model."""
    k = len(scheme.codes)
    probs = rng.dirichlet(np.full(k, 0.15), size=n).astype(np.float32)
    top = np.partition(probs, -2, axis=1)
    entropy = -(probs * np.log(np.maximum(probs, 1e-12))).sum(axis=1) / np.log(k)
    raw = np.minimum(top[:, -1] * 1.05, 1)
    return Scores.of(
        scheme.codes, probs.argmax(axis=1), top[:, -1], top[:, -1] - top[:, -2], entropy, raw,
        class_probs=probs.mean(axis=0),
    )  # fmt: skip


def audited(rng: Rng, scores: Scores) -> Evidence:
    """An audit of the predictions: the surer a prediction is, the more often it is right."""
    rows = rng.choice(len(scores), AUDITED, replace=False)
    predicted = scores.members[scores.answers[rows]]
    right = rng.random(AUDITED) < scores.confidence[rows]
    gold = np.where(right[:, None], predicted, np.roll(predicted, 1, axis=1))
    weight = np.full(AUDITED, len(scores) / AUDITED)
    return Evidence(predicted, gold, scores.confidence[rows], scores.margin[rows], scores.entropy[rows], weight, True)


def milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """The least and the median time of 15 runs."""
    took = []
    for _ in range(TURNS):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return min(took), median(took)


def setting(mode: str, scheme: Scheme) -> Thresholds:
    own = (ClassLimits(scheme.codes[0], 0.6, 0.1),) if mode == "per-class" else ()
    return Thresholds(mode, per_class=own, k=5_000)  # type: ignore[arg-type]


def kept(scores: Scores, given: Thresholds, known: Evidence) -> None:
    found = counted(scores, given)
    estimates(known, limits(scores, given), found.total)


def drawn_page(scheme: Scheme, seen: View) -> int:
    """The JSON of the three pictures, in letters."""
    rows = {name: {row.code: getattr(row, name) for row in seen.classes} for name in ("gold", "total", "kept")}
    figures = (pictures.precision(seen), pictures.kept(scheme.name, seen), charts.balance(rows, scheme, "ko"))
    return sum(len(figure.to_json()) for figure in figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--scheme", default="emotion-dialogue")
    parser.add_argument("--dry", action="store_true", help="print, and leave RESULTS.md alone")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # Streamlit misses its server
    scheme, rng = SCHEMES[options.scheme], np.random.default_rng(0)
    scores = drawn(rng, options.n, scheme)
    began = time.perf_counter()
    _ = scores.falling, scores.running, scores.tables, scores.entropy_tables, scores.starts, scores.mean_confidence
    opened = time.perf_counter() - began
    known = audited(rng, scores)
    material = Material.of(scores, known, "audit", dict.fromkeys(scheme.codes, 100))
    rows = [("prepared once, when the pool is opened", f"{opened:.2f} s")]
    for mode in MODES:
        given = setting(mode, scheme)
        rows.append((f"`{mode}`: counts and means by class, estimates", _ms(partial(kept, scores, given, known))))
        rows.append((f"`{mode}`: the rows that stay", _ms(partial(keep, scores, given))))
    rows.append(("curves of 101 limits, with estimates", _ms(lambda: curves(scores, 0.2, known))))
    for mode in ("fixed", "freematch"):
        rows.append((f"the whole view, `{mode}`", _ms(partial(of_material, material, setting(mode, scheme)))))
    seen = of_material(material, Thresholds())
    rows.append(("its three pictures, as JSON for the browser", _ms(lambda: drawn_page(scheme, seen))))
    note = (f"{options.n:,} predictions of {len(scheme.codes)} classes, {AUDITED:,} audited items. Least and median of "
            f"{TURNS} runs, in ms; the goal is {GOAL_MS}.")  # fmt: skip
    if options.dry:
        print(note, *(f"{name}: {value}" for name, value in rows), sep="\n")
    else:
        results.write("Thresholds", f"python -m bench.thresholds {options.n}", rows, note)


def _ms(work: Callable[[], object]) -> str:
    return "{:.1f} / {:.1f}".format(*milliseconds(work))


if __name__ == "__main__":
    main()
