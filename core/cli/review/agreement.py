"""The verb `agreement`, which compares the answers of several people.

A `figure` is `{"value", "low", "high", "n": items, "n_ratings", "n_raters", "reason"}`; its value is null, with the
reason, if it is not defined. `low` to `high` is the 95% interval over resampled items. A `share` is `{"value", "low",
"high", "k", "n"}`. With `--json` the verb answers:

- `agreement`: `{"scheme", "codes", "n_items": items with two answers or more, "n_ratings": their answers, "single":
  items with one answer, "settled", "raters": names, "anonymous": whether there are votes without a name, "unanimous":
  figure, "fleiss": figure (of the items with the commonest number of answers), "krippendorff": {"nominal": figure,
  "ordinal": figure or null where the classes have no order}, "cohen": [figure + {"a", "b", "agreed"}], "classes":
  [{"code", "n_ratings", "krippendorff": figure, "fleiss": figure}] (each against the rest), "confusion": {"pairs": K x
  K counts of two answers to one item, the diagonal once, "raters": [{"rater", "agreed": share, "matrix": K x K, rows
  the consensus}]}, "drift": [{"rater", "change", "windows": [{"first_at", "last_at", "agreed": share}]}], "speed":
  [{"from_ms", "to_ms", "agreed": share}]}`. The consensus is the settled class, else the answer of most other raters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, table
from core.cli.imports.votes import split_names

if TYPE_CHECKING:
    from core.agreement import Agreement, Figure, Share

_FIGURE = ("value", "95%", "items", "")
_SHARE = ("agreed", "95%", "items")


def agreement(
    scheme: Annotated[str, typer.Option(metavar="NAME", help="The scheme whose answers are compared.")],
    since: Annotated[str, typer.Option(metavar="DAY", help="Only answers from this day or time on (UTC).")] = "",
    until: Annotated[
        str, typer.Option(metavar="DAY", help="Only answers up to and including this day or time (UTC).")
    ] = "",
    pairs: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Cohen's kappa of these two only; may be repeated.")
    ] = None,
    ordinal: Annotated[
        bool | None,
        typer.Option("--ordinal/--nominal", help="Whether the classes have an order. By default as the scheme says."),
    ] = None,
    window: Annotated[str, typer.Option(help="The window of drift: a number of answers, day or week.")] = "50",
    json: Json = False,
) -> None:
    """Compare the answers of several people: Cohen, Fleiss, Krippendorff, by class, pair, person, time and speed."""
    rater_pairs = [_pair(pair) for pair in pairs or ()]
    if window not in ("day", "week") and not (window.isdecimal() and int(window)):
        raise typer.BadParameter(f"--window {window}: write a number of answers, day or week")
    with answering(json) as reply:
        from core.workflows.review.agreement import AgreementQuery
        from core.workflows.review.agreement import agreement as measure_agreement
        from core.workflows.workspace import open_workspace

        window_size: Any = int(window) if window.isdecimal() else window
        report = measure_agreement(
            open_workspace(), scheme, AgreementQuery(since, until, rater_pairs, ordinal, window_size)
        )
        reply.give(_document(scheme, report), *_tables(scheme, report))


def _pair(value: str) -> tuple[str, str]:
    names = split_names("--pairs", value)
    if len(names) != 2:
        raise typer.BadParameter(f"--pairs {value}: write two different raters, A,B")
    return names[0], names[1]


def _document(scheme: str, report: "Agreement") -> dict[str, Any]:
    """`report` as the document that this file's first docstring describes."""
    fields = asdict(report)
    unchanged = ("codes", "n_items", "n_ratings", "single", "settled", "raters", "anonymous", "unanimous", "fleiss")
    return {
        "scheme": scheme,
        **{name: fields[name] for name in unchanged},
        "krippendorff": {"nominal": fields["nominal"], "ordinal": fields["ordinal"]},
        "cohen": [{"a": x["a"], "b": x["b"], "agreed": x["agreed"], **x["kappa"]} for x in fields["cohen"]],
        "classes": fields["classes"],
        "confusion": {"pairs": fields["pairs"], "raters": fields["against"]},
        "drift": fields["drift"],
        "speed": fields["speed"],
    }


def _tables(scheme: str, report: "Agreement") -> Iterator[Any]:
    raters = f"{len(report.raters)} raters" + (" and votes without a name" if report.anonymous else "")
    yield f"{scheme}: {report.n_items} items with two answers or more, {report.n_ratings} answers of {raters}"
    figures = [("unanimous", report.unanimous), ("Fleiss κ", report.fleiss), ("Krippendorff α", report.nominal)]
    figures += [("Krippendorff α, ordinal", report.ordinal)] if report.ordinal else []
    yield table("", ("", *_FIGURE), [(name, *_figure_cells(row)) for name, row in figures])
    classes = [(row.code, row.n_ratings, *_figure_cells(row.krippendorff)) for row in report.classes]
    yield table("Krippendorff α of each class against the rest", ("class", "answers", *_FIGURE), classes)
    yield from _table_if_any("Cohen κ", ("", "", *_FIGURE), [(x.a, x.b, *_figure_cells(x.kappa)) for x in report.cohen])
    people = [(row.rater, *_share_cells(row.agreed)) for row in report.against]
    yield from _table_if_any("Against what the others said, or what was settled", ("", *_SHARE), people)
    windows = [
        (x.rater, w.first_at[:16], w.last_at[:16], *_share_cells(w.agreed)) for x in report.drift for w in x.windows
    ]
    yield from _table_if_any("Over time", ("", "from", "to", *_SHARE), windows)
    bins = [
        (f"{row.from_ms / 1000:.1f} to {row.to_ms / 1000:.1f} s", *_share_cells(row.agreed)) for row in report.speed
    ]
    yield from _table_if_any("By the time taken", ("", *_SHARE), bins)


def _table_if_any(title: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    if rows:
        yield table(title, columns, list(rows))


def _figure_cells(figure: "Figure") -> tuple[str, str, int, str]:
    return number(figure.value), _range(figure.low, figure.high), figure.n, figure.reason


def _share_cells(share: "Share") -> tuple[str, str, int]:
    return number(share.value), _range(share.low, share.high), share.n


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _range(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.3f} to {high:.3f}"
