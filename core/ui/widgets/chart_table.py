"""A chart with its text alternative: a name for readers of the screen, and its values as a table behind a switch.

The table is made from the figure itself, so that every chart has one. Names in a figure are escaped HTML; in the table
they are plain text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from itertools import islice
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.ui.i18n import _
from core.ui.widgets import charts, forms

MOST_ROWS = 60
Row = dict[str, str]


def show(figure: go.Figure, title: str, key: str, *, tools: bool = True, table: bool = True, **more: Any) -> Any:
    """Draw the figure, named `title` for a screen reader, with the switch of its table; return Streamlit's answer.

    `tools` is whether the chart has Plotly's tools; `table` is False where the page shows the values already.
    """
    config = charts.tools() if tools else {"displayModeBar": False}
    quiet = charts.quiet_color()
    figure.update_xaxes(tickfont_color=quiet, title_font_color=quiet)
    figure.update_yaxes(tickfont_color=quiet, title_font_color=quiet)
    answer = st.plotly_chart(figure, key=key, config=config, alt=title, **more)
    if table and st.toggle(_("Show as a table"), key=f"{key}-table", help=title):
        st.table([_safe(row) for row in rows(figure)], hide_index=True, alt=title)
    return answer


def rows(figure: go.Figure) -> list[Row]:
    """Return the values of a figure: by category or point, one column a series; at most about `MOST_ROWS`."""
    if any(trace.type == "heatmap" for trace in figure.data):
        return _matrix(figure)
    series = [trace for trace in figure.data if _is_series(trace)]
    is_horizontal = any(trace.orientation == "h" for trace in series)
    point_axis, value_axis = ("yaxis", "xaxis") if is_horizontal else ("xaxis", "yaxis")
    points = _points(figure, series, is_horizontal)
    names = dict.fromkeys(name for by in points.values() for name in by)
    axes = figure.select_yaxes() if is_horizontal else figure.select_xaxes()  # below the last of several pictures
    at = next(filter(None, (_plain(axis.title.text) for axis in axes)), _("Point"))
    ticks = dict(
        zip(map(str, figure.layout[point_axis].tickvals or ()), figure.layout[point_axis].ticktext or (), strict=False)
    )
    wanted = set(_spread(list(points)))
    return [
        {at: _written(ticks.get(str(place), place), figure.layout[point_axis].tickformat)}
        | dict.fromkeys(names, "")
        | {name: _written(value, figure.layout[value_axis].tickformat, ends) for name, (value, ends) in by.items()}
        for place, by in points.items()
        if place in wanted
    ]


def _is_series(trace: Any) -> bool:
    """Whether a trace shows values; helpers such as an edge of a band have neither a name nor a hover text."""
    return trace.x is not None and trace.y is not None and not (trace.hoverinfo == "skip" and trace.showlegend is False)


def _points(
    figure: go.Figure, series: Sequence[Any], is_horizontal: bool
) -> dict[Any, dict[str, tuple[Any, tuple[float, float] | None]]]:
    """Return, for each place on the axis, the value and the interval of each series.

    In a figure of several pictures above each other, the name of a series says which picture it is in.
    """
    points: dict[Any, dict[str, tuple[Any, tuple[float, float] | None]]] = {}
    pictures = {trace.yaxis for trace in series}
    for number, trace in enumerate(series):
        name = _plain(trace.name) or (_("Value") if len(series) == 1 else _("Value {n}").format(n=number + 1))
        if len(pictures) > 1:
            axis = (trace.yaxis or "y").replace("y", "yaxis")
            name = f"{_plain(figure.layout[axis].title.text)} · {name}"
        places, values = (trace.y, trace.x) if is_horizontal else (trace.x, trace.y)
        error = trace.error_x if is_horizontal else trace.error_y
        for index, (place, value) in enumerate(zip(places, values, strict=False)):
            points.setdefault(_place(place, trace), {})[name] = (value, _ends(error, index, value))
    return points


def _place(place: Any, trace: Any) -> Any:
    """Return where a value stands; a series that stands beside its category is at the category."""
    if isinstance(place, float) and trace.mode == "markers+text":
        return round(place)
    return place.item() if hasattr(place, "item") else place


def _ends(error: Any, index: int, value: Any) -> tuple[float, float] | None:
    if error is None or error.array is None or error.arrayminus is None:
        return None
    return value - error.arrayminus[index], value + error.array[index]


def _matrix(figure: go.Figure) -> list[Row]:
    """Return the cells of a confusion matrix, which are annotations: one row a true class."""
    true, predicted = (_plain(figure.layout[axis].title.text) for axis in ("yaxis", "xaxis"))
    cells: dict[str, Row] = {}
    for cell in figure.layout.annotations:
        row = cells.setdefault(_plain(cell.y), {f"{true} \\ {predicted}": _plain(cell.y)})
        number, _line, share = cell.text.partition("<br>")
        row[_plain(cell.x)] = f"{_plain(number)} ({_plain(share)})" if share else _plain(number)
    return list(cells.values())


def _spread(places: Sequence[Any]) -> Iterable[Any]:
    """Return at most `MOST_ROWS` places, spread evenly; the last one is among them."""
    step = -(-len(places) // MOST_ROWS) or 1
    return [*islice(places, 0, None, step), *places[-1:]]


def _written(value: Any, form: str | None, ends: tuple[float, float] | None = None) -> str:
    """Return a value as text: a share as `95%` where the axis says so; an instant in the reader's zone."""
    if isinstance(value, str) or (not isinstance(value, (int, float)) and not hasattr(value, "dtype")):
        return forms.minute(value) if re.fullmatch(r"\d{4}-\d\d-\d\dT.+", str(value)) else _plain(str(value))
    if value != value:  # not a number: nothing is drawn there
        return "–"
    shown = _number(float(value), form)
    return f"{shown} ({_number(ends[0], form)}–{_number(ends[1], form)})" if ends and ends[0] != ends[1] else shown


def _number(value: float, form: str | None) -> str:
    if form and form.endswith("%"):
        return f"{value:.1%}"
    return f"{value:,.0f}" if value == int(value) else f"{value:.3f}"


def _plain(text: str | None) -> str:
    """Return the text of a figure without its tags."""
    return unescape(re.sub(r"<[^>]*>", " ", text or "")).strip()


def _safe(row: Mapping[str, str]) -> Row:
    """Escape a row for `st.table`, which reads Markdown."""
    return {forms.plain(name): forms.plain(text) for name, text in row.items()}
