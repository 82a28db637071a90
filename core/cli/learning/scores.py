"""Tables of scores, and the verb `compare`. With `--json` it answers:

`{"first", "second", "scheme", "n", "n_groups", "accuracy": {"first", "second", "difference": {"value", "low", "high"}},
"macro_f1", "mcnemar": {"both_right", "right_to_wrong", "wrong_to_right", "both_wrong", "statistic", "p_value",
"exact"}, "only_first", "only_second", "different", "right_to_wrong": [{"id", "key", "text", "gold", "first",
"second"}], "wrong_to_right"}`; a difference is that of the second run minus that of the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, table

if TYPE_CHECKING:
    from core.workflows.evaluation.compare import Changed
    from core.workflows.evaluation.gold import GoldScores

OVERALL = (("accuracy", "accuracy"), ("macro-F1", "macro_f1"), ("weighted-F1", "weighted_f1"))
_SHOWN = 20  # changed utterances in a table
_WIDEST = 12  # classes of a confusion matrix that fits a terminal


def compare(
    first: Annotated[str, typer.Argument(help="A run's id, as `runs list` shows it.")],
    second: Annotated[str, typer.Argument(help="The run to compare it with.")],
    target: Annotated[
        str | None,
        typer.Option(metavar="SCHEME", help="The scheme, of runs that judge several."),
    ] = None,
    json: Json = False,
) -> None:
    """Compare two runs on the test items that both were scored on: McNemar's test, differences, what changed."""
    with answering(json) as reply:
        from core.workflows.evaluation.compare import compare as compare_runs
        from core.workflows.workspace import open_workspace

        result = compare_runs(open_workspace(), first, second, target=target)
        scores, test = result.scores, result.scores["mcnemar"]
        kind = "exact" if test["exact"] else "chi-square, with continuity correction"
        reply.give(
            {name: value for name, value in asdict(result).items() if name != "scores"} | dict(scores),
            f"{scores['n']} shared items in {scores['n_groups']} groups; only {first}: {result.only_first}, "
            f"only {second}: {result.only_second}, with another text or class: {result.different}",
            table("", ("score", first, second, "difference", "95% interval over groups"), _differences(scores)),
            f"McNemar ({kind}): right to wrong {test['right_to_wrong']}, wrong to right {test['wrong_to_right']}, "
            f"p = {test['p_value']:.4f}",
            *_changed_tables(result.right_to_wrong, result.wrong_to_right),
        )


def _differences(scores: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for title, key in OVERALL[:2]:
        score = scores[key]
        value, interval = value_and_interval(score["difference"], signed=True)
        rows.append((title, f"{score['first']:.3f}", f"{score['second']:.3f}", value, interval))
    return rows


def _changed_tables(right_to_wrong: "Sequence[Changed]", wrong_to_right: "Sequence[Changed]") -> list[Any]:
    columns = ("text", "true class", "first", "second")
    tables = []
    for title, changed in (("right to wrong", right_to_wrong), ("wrong to right", wrong_to_right)):
        rows = [(row.text or row.key, row.gold, row.first, row.second) for row in changed[:_SHOWN]]
        more = f" ({_SHOWN} of {len(changed)})" if len(changed) > _SHOWN else ""
        tables += [table(title + more, columns, rows)] if rows else []
    return tables


def value_and_interval(score: Mapping[str, float | None], *, signed: bool = False) -> tuple[str, str]:
    """A score and its interval as text, "-" for what is not defined."""
    value, low, high = score["value"], score["low"], score["high"]
    form = "+.3f" if signed else ".3f"
    return (
        "-" if value is None else format(value, form),
        "-" if low is None or high is None else f"{low:{form}} to {high:{form}}",
    )


def score_rows(test: Mapping[str, Any], baselines: Mapping[str, Any] | None) -> tuple[tuple[str, ...], list[Any]]:
    """The columns and rows of the overall scores, with those of the trivial baselines beside them."""
    columns: tuple[str, ...] = ("score", "value", "95% interval over groups")
    if baselines is not None:
        columns += ("majority class", f"{baselines['shortcut']['reads']} only")
    rows = []
    for title, key in OVERALL:
        trivial = [baselines[name][key] for name in ("majority", "shortcut")] if baselines is not None else []
        rows.append((title, *value_and_interval(test[key]), *(value_and_interval(score)[0] for score in trivial)))
    return columns, rows


def class_table(test: Mapping[str, Any], baselines: Mapping[str, Any] | None) -> Any:
    """The scores of each class, with the recall of the baseline that reads no word."""
    columns: tuple[str, ...] = ("class", "n", "recall", "precision", "F1")
    trivial = baselines["shortcut"]["per_class"] if baselines is not None else []
    if baselines is not None:
        columns += (f"F1 by {baselines['shortcut']['reads']}",)
    rows = []
    for i, row in enumerate(test["per_class"]):
        extra = [value_and_interval(trivial[i]["f1"])[0]] if trivial else []
        rows.append((row["code"], row["n"], *(score_text(row[key]) for key in ("recall", "precision", "f1")), *extra))
    return table("", columns, rows)


def confusion_table(test: Mapping[str, Any]) -> list[Any]:
    """The confusion matrix as a table, with the share of each row; nothing if it is too wide, or if there is none."""
    codes = [row["code"] for row in test["per_class"]]
    if len(codes) > _WIDEST or test.get("confusion") is None:
        return []
    rows = [
        (code, *(f"{n} ({n / max(sum(counts), 1):.0%})" for n in counts))
        for code, counts in zip(codes, test["confusion"], strict=True)
    ]
    return ["confusion: a row is the true class, in brackets its share", table("", ("", *codes), rows)]


def gold_lines(gold: "GoldScores") -> list[Any]:
    """What `evaluate --gold` shows: the scores on the gold set, and what of it did not count."""
    columns, rows = score_rows(gold.scores, gold.baselines)
    which = "all items" if gold.side == "all" else "test side"
    return [
        f"gold set {gold.snapshot} ({which}): {gold.scores['n']} items in {gold.scores['n_groups']} groups, none of "
        f"them seen; not gold: {gold.not_gold}, unusable: {gold.unusable}",
        table("", columns, rows),
        class_table(gold.scores, gold.baselines),
        *confusion_table(gold.scores),
    ]


def alarm_lines(timed: Mapping[str, Any] | None) -> list[str]:
    """How soon calls raise their alarm, as lines; none without calls."""
    if timed is None:
        return []
    time, seconds = timed["time_to_alarm_ms"], timed["within_ms"] / 1000
    median = "" if time["median"] is None else f"; median time to alarm {time['median'] / 1000:.1f} s"
    left_out = ", ".join(f"{reason}: {n}" for reason, n in timed["left_out"].items())
    return [
        f"{timed['scheme']}, alarms in {timed['calls']} calls ({timed['of']}), {timed['dangerous']} of them "
        f"{timed['class']}: recall within {seconds:g} s {score_text(timed['recall_within'])}, "
        f"in the whole call {score_text(timed['recall'])}{median}",
        f"false alarms a call {score_text(timed['false_alarms'])}; calls with one "
        f"{score_text(timed['calls_with_false_alarm'])}",
        *([f"calls left out: {left_out}"] if left_out else []),
    ]


def score_text(score: Mapping[str, float | None]) -> str:
    """A score with its interval in brackets, where it has one."""
    value, interval = value_and_interval(score)
    return value if interval == "-" else f"{value} ({interval})"
