"""The verb about what several people said. A `figure` is `{"value", "low", "high", "n": items, "n_ratings",
"n_raters", "reason"}`: value null where it is not defined, with the reason; low to high is 95 % over resampled items.
A `share` is `{"value", "low", "high", "k", "n"}`. `--json` answers:

- `agreement`: `{"scheme", "codes", "n_items": with two answers or more, "n_ratings": theirs, "single": items with one
  answer, "settled", "raters": names, "anonymous": whether there are votes without a name, "unanimous": figure,
  "fleiss": figure (of the items with the commonest number of answers), "krippendorff": {"nominal": figure, "ordinal":
  figure or null where the classes have no order}, "cohen": [figure + {"a", "b", "agreed"}], "classes": [{"code",
  "n_ratings", "krippendorff": figure, "fleiss": figure}] (each against the rest), "confusion": {"pairs": K x K
  counts of two answers to one item, the diagonal once, "raters": [{"rater", "agreed": share, "matrix": K x K, rows the
  consensus}]}, "drift": [{"rater", "change", "windows": [{"first_at", "last_at", "agreed": share}]}], "speed":
  [{"from_ms", "to_ms", "agreed": share}]}`. The consensus is the settled class, else what most of the others said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, table
from core.cli.imports.votes import listed

if TYPE_CHECKING:
    from core.agreement import Agreement, Figure, Share

_FIGURE = ("value", "95 %", "items", "")
_SHARE = ("agreed", "95 %", "items")


def agreement(
    scheme: Annotated[str, typer.Option(metavar="NAME", help="The scheme whose answers are compared.")],
    since: Annotated[str, typer.Option(metavar="DAY", help="Answers from this day or instant on (UTC).")] = "",
    until: Annotated[str, typer.Option(metavar="DAY", help="Answers up to this day or instant, it included.")] = "",
    pairs: Annotated[
        list[str] | None, typer.Option(metavar="A,B", help="Cohen's kappa of these two only; may be repeated.")
    ] = None,
    ordinal: Annotated[
        bool | None,
        typer.Option("--ordinal/--nominal", help="Whether the classes have an order. Else as the scheme says."),
    ] = None,
    window: Annotated[str, typer.Option(help="Drift by so many answers, or by day or week.")] = "50",
    json: Json = False,
) -> None:
    """Compare what several people answered: Cohen, Fleiss, Krippendorff, by class, pair, person, time and speed."""
    chosen = [_pair(one) for one in pairs or ()]
    if window not in ("day", "week") and not (window.isdecimal() and int(window)):
        raise typer.BadParameter(f"--window {window}: write a number of answers, day or week")
    with answering(json) as reply:
        from core.workflows.review.agreement import Asked
        from core.workflows.review.agreement import agreement as run
        from core.workflows.workspace import open_workspace

        every: Any = int(window) if window.isdecimal() else window
        found = run(open_workspace(), scheme, Asked(since, until, chosen, ordinal, every))
        reply.give(_document(scheme, found), *_shown(scheme, found))


def _pair(told: str) -> tuple[str, str]:
    names = listed("--pairs", told)
    if len(names) != 2:
        raise typer.BadParameter(f"--pairs {told}: write two different raters, A,B")
    return names[0], names[1]


def _document(scheme: str, found: "Agreement") -> dict[str, Any]:
    """`found` under the names that the docstring above fixes."""
    whole = asdict(found)
    plain = ("codes", "n_items", "n_ratings", "single", "settled", "raters", "anonymous", "unanimous", "fleiss")
    return {
        "scheme": scheme,
        **{name: whole[name] for name in plain},
        "krippendorff": {"nominal": whole["nominal"], "ordinal": whole["ordinal"]},
        "cohen": [{"a": x["a"], "b": x["b"], "agreed": x["agreed"], **x["kappa"]} for x in whole["cohen"]],
        "classes": whole["classes"],
        "confusion": {"pairs": whole["pairs"], "raters": whole["against"]},
        "drift": whole["drift"],
        "speed": whole["speed"],
    }


def _shown(scheme: str, found: "Agreement") -> Iterator[Any]:
    named = f"{len(found.raters)} raters" + (" and votes without a name" if found.anonymous else "")
    yield f"{scheme}: {found.n_items} items with two answers or more, {found.n_ratings} answers of {named}"
    whole = [("unanimous", found.unanimous), ("Fleiss κ", found.fleiss), ("Krippendorff α", found.nominal)]
    whole += [("Krippendorff α, ordinal", found.ordinal)] if found.ordinal else []
    yield table("", ("", *_FIGURE), [(name, *_row(one)) for name, one in whole])
    classes = [(one.code, one.n_ratings, *_row(one.krippendorff)) for one in found.classes]
    yield table("Krippendorff α of each class against the rest", ("class", "answers", *_FIGURE), classes)
    yield from _listed("Cohen κ", ("", "", *_FIGURE), [(x.a, x.b, *_row(x.kappa)) for x in found.cohen])
    people = [(one.rater, *_part(one.agreed)) for one in found.against]
    yield from _listed("Against what the others said, or what was settled", ("", *_SHARE), people)
    windows = [(x.rater, w.first_at[:16], w.last_at[:16], *_part(w.agreed)) for x in found.drift for w in x.windows]
    yield from _listed("Over time", ("", "from", "to", *_SHARE), windows)
    bins = [(f"{one.from_ms / 1000:.1f} to {one.to_ms / 1000:.1f} s", *_part(one.agreed)) for one in found.speed]
    yield from _listed("By the time taken", ("", *_SHARE), bins)


def _listed(title: str, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    if rows:
        yield table(title, columns, list(rows))


def _row(one: "Figure") -> tuple[str, str, int, str]:
    return number(one.value), _range(one.low, one.high), one.n, one.reason


def _part(one: "Share") -> tuple[str, str, int]:
    return number(one.value), _range(one.low, one.high), one.n


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _range(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.3f} to {high:.3f}"
