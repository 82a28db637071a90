"""Charts of the threshold panel: precision over coverage, and how many predictions of each class every limit keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from core.schemes import Scheme
from core.ui.widgets.charts import AMBER, BLUE, GREEN, GREY, text_color

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_LEGEND = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal"}
SEED_LOOK, NOW_LOOK = (AMBER, "diamond", "dash"), (BLUE, "star", "solid")  # colour, symbol, dash
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mark:
    """A place of a picture: where it is, its 95 % interval (None: none), its title, and whether it is the seed's."""

    x: float
    title: str
    y: float | None = None
    low: float | None = None
    high: float | None = None
    of_seed: bool = False

    @property
    def look(self) -> tuple[str, str, str]:
        return SEED_LOOK if self.of_seed else NOW_LOOK


@dataclass(frozen=True, slots=True)
class Names:
    """Titles of lines and axes of `precision_over_coverage`."""

    estimate: str
    interval: str
    expected: str
    raw: str
    coverage: str
    precision: str


def precision_over_coverage(
    coverage: Floats, estimate: Floats, band: tuple[Floats, Floats], expected: Floats, raw: Floats,
    marks: Sequence[Mark], names: Names,
) -> go.Figure:  # fmt: skip
    """Return estimated precision with its interval, and the mean confidence that promises it, over the share kept.

    All arrays float64 (n,); NaN leaves a gap.
    """
    low, high = band
    edge: dict[str, Any] = {"x": coverage, "mode": "lines", "hoverinfo": "skip", "line": {"width": 0}}
    traces: list[dict[str, Any]] = [
        {**edge, "y": high, "showlegend": False},
        {**edge, "y": low, "fill": "tonexty", "fillcolor": "rgba(37,99,235,.16)", "name": names.interval},
    ]
    drawn = ((names.estimate, estimate, BLUE, "solid", 3), (names.expected, expected, GREEN, "dash", 2),
             (names.raw, raw, GREY, "dot", 2))  # fmt: skip
    traces += [
        {"x": coverage, "y": values, "name": name, "mode": "lines", "hovertemplate": "%{x:.1%} → %{y:.1%}",
         "line": {"color": color, "dash": dash, "width": width}}
        for name, values, color, dash, width in drawn
    ]  # fmt: skip
    traces += [_point(mark, mark.y) for mark in marks if mark.y is not None]
    axes = {
        "xaxis": {"range": [-0.02, 1.02], "tickformat": ".0%", "title": {"text": names.coverage}},
        "yaxis": {"range": [_floor(marks, low, estimate, expected, raw), 1.02], "tickformat": ".0%",
                  "title": {"text": names.precision}},
    }  # fmt: skip
    return _figure(traces, axes)


def kept_by_limit(
    limits: Floats, kept: Mapping[str, NDArray[np.int64]], scheme: Scheme, language: str, marks: Sequence[Mark],
    axes: tuple[str, str], stars: Mapping[str, tuple[float, int]],
) -> go.Figure:  # fmt: skip
    """Return for each class code of `kept` how many predictions each least confidence keeps, with a vertical line at
    each mark, and a star for each class of `stars` (limit, predictions kept).
    """
    labels = [scheme.label(code) for code in kept]
    hover = "≥ %{x:.0%}: %{y:,}"
    traces: list[dict[str, Any]] = [
        {"x": limits, "y": values, "name": escape(label.title(language)), "mode": "lines", "hovertemplate": hover,
         "line": {"color": label.color, "dash": _DASHES[place % len(_DASHES)], "width": 2.5}}
        for place, (label, values) in enumerate(zip(labels, kept.values(), strict=True))
    ]  # fmt: skip
    starred = [label for label in labels if label.code in stars]
    traces.append({
        "x": np.array([stars[label.code][0] for label in starred]), "mode": "markers", "showlegend": False,
        "y": np.array([stars[label.code][1] for label in starred]), "cliponaxis": False,
        "text": [escape(label.title(language)) for label in starred],
        "hovertemplate": "%{text} " + hover + "<extra></extra>",
        "marker": {"color": [label.color for label in starred], "symbol": "star", "size": 13,
                   "line": {"color": text_color(), "width": 1}},
    })  # fmt: skip
    layout = {
        "xaxis": {"range": [-0.01, 1.01], "tickformat": ".0%", "title": {"text": axes[0]}},
        "yaxis": {"rangemode": "tozero", "tickformat": ",.0f", "title": {"text": axes[1]}},
        "shapes": [_line(mark) for mark in marks],
        "annotations": [_title(mark, place) for place, mark in enumerate(marks)],
    }
    return _figure(traces, layout)


def _line(mark: Mark) -> dict[str, Any]:
    color, _, dash = mark.look
    return {"type": "line", "x0": mark.x, "x1": mark.x, "y0": 0, "y1": 1, "yref": "paper",
            "line": {"color": color, "dash": dash, "width": 2}}  # fmt: skip


def _title(mark: Mark, place: int) -> dict[str, Any]:
    """The title beside the line of a mark; the next one stands below it."""
    at_end = mark.x > 0.8
    return {
        "x": mark.x, "y": 1 - 0.1 * place, "yref": "paper", "text": escape(mark.title), "showarrow": False,
        "yanchor": "top", "xanchor": "right" if at_end else "left", "xshift": -4 if at_end else 4,
        "font": {"color": text_color()},
    }  # fmt: skip


def _point(mark: Mark, y: float) -> dict[str, Any]:
    color, symbol, _ = mark.look
    low, high = (y if end is None else end for end in (mark.low, mark.high))
    return {
        "x": [mark.x], "y": [y], "name": mark.title, "mode": "markers", "cliponaxis": False,
        "marker": {"color": color, "symbol": symbol, "size": 15, "line": {"color": text_color(), "width": 1}},
        "error_y": {"type": "data", "symmetric": False, "array": [high - y], "arrayminus": [y - low], "color": color,
                    "thickness": 2, "width": 6},
        "hovertemplate": "%{x:.1%} → %{y:.1%}",
    }  # fmt: skip


def _floor(marks: Sequence[Mark], *lines: Floats) -> float:
    """The lower end of the axis: a little below all that is drawn, at most 90 %."""
    ends = np.array([end for mark in marks for end in (mark.y, mark.low) if end is not None])
    values = np.concatenate([ends, *lines, [0.9]])
    return max(0.0, float(np.nanmin(values)) - 0.05)


def _figure(traces: list[dict[str, Any]], layout: dict[str, Any]) -> go.Figure:
    """A figure made at once: adding traces one by one takes several times as long."""
    clear = "rgba(0,0,0,0)"
    base = {"height": 360, "margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "paper_bgcolor": clear, "plot_bgcolor": clear,
            "showlegend": True, "legend": _LEGEND}  # fmt: skip
    return go.Figure({"data": [{"type": "scatter", **trace} for trace in traces], "layout": base | layout})
