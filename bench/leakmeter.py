"""The leak meter on a small single-label corpus: chatbot questions, three classes: `python -m bench.leakmeter`.

The CSV of ../shared/data/chatbot is imported as a table, frozen by group, and measured with the default recipe for
texts: four trainings, all operations of augmentation, the factor 4.5 of the seed's script. Seconds are those of the
whole measurement, with making the variants; on a busy machine the processor time tells more.
"""

import time
from typing import Any

from bench import results
from bench.chatbot import NAME, questions

FACTOR = 4.5
LONGEST_S = 300


def points(score: dict[str, float | None]) -> str:
    """A difference in points with its interval."""
    ends = (score[end] for end in ("value", "low", "high"))
    value, low, high = ("–" if end is None else f"{100 * end:+.1f}" for end in ends)
    return f"{value} [{low}, {high}] points"


def rows_of(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The scores of all trainings, then the differences between them."""
    rows = [
        (
            f"{arm['split']}, {'with' if arm['augmented'] else 'without'} augmentation "
            f"(trained on {arm['sides']['train']:,}, tested on {arm['n']:,})",
            f"{results.interval(arm['accuracy'])} / {results.interval(arm['macro_f1'])}",
        )
        for arm in document["arms"]
    ]
    return rows + [(name, points(scores["accuracy"])) for name, scores in document["differences"].items()]


def main() -> None:
    with questions() as ws:
        from core.workflows.leaks import meter
        from core.workflows.leaks.plan import LeakPlan
        from core.workflows.leaks.sentences import sentences
        from core.workflows.snapshots import snapshot

        snapshot.create(ws, NAME, NAME)
        began, before = time.perf_counter(), time.process_time()
        document = meter.run(ws, LeakPlan(NAME, "text", factor=FACTOR))
        seconds, worked = time.perf_counter() - began, time.process_time() - before
        made = document["augmentation"]
        operations = ", ".join(made["operations"])
        rows = [
            *rows_of(document),
            ("variants made, by " + operations, f"{made['n']:,}"),
            ("candidates refused", ", ".join(f"{why}: {n:,}" for why, n in made["refused"].items()) or "none"),
            *((f"sentence {n}", text) for n, text in enumerate(sentences(document), start=1)),
            (f"whole measurement (limit {LONGEST_S} s)", f"{seconds:.0f} s, of processor time {worked:.0f} s"),
        ]
        note = (
            "11,823 questions of three classes, split 70/15/15 by group, where equal and nearly equal questions share "
            f"a group; augmented to {FACTOR} times as many rows; recipe `text` with n-grams. Accuracy / macro-F1 on "
            "the test side, 95% intervals over groups; differences are of the accuracy."
        )
        results.write("The leak meter: chatbot questions", "python -m bench.leakmeter", rows, note)


if __name__ == "__main__":
    main()
