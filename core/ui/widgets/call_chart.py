"""One picture of a call over time: the running danger curve, and below it a ribbon of probabilities for each scheme.

Takes rows of plain values, returns a figure. Classes are told apart by colour and by pattern; what a model could not
tell is faint and marked with "?". Where its probabilities mean nothing, only the "?" stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.schemes import Scheme

PATTERNS = ("", "/", "x", ".", "\\", "-", "+", "|")
CURVE_PX, RIBBON_PX = 190, 62
FAINT = 0.3


@dataclass(frozen=True, slots=True)
class Stretch:
    """The probabilities of one utterance `[start_ms, end_ms)`.

    `sure` is False where the model cannot tell; `counts` where its probabilities mean something all the same.
    """

    start_ms: int
    end_ms: int
    probabilities: Mapping[str, float]
    sure: bool = True
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """Translated texts of the picture. `at` is a number of seconds with its unit; `{s}` stands for the number."""

    curve: str
    running: str
    alarm: str
    seconds: str
    unsure: str
    at: str = "{s} s"

    def hover(self, value: str) -> str:
        """Return what Plotly shows at a point: its time, then `value`."""
        return f"{escape(self.at).format(s='%{x:.1f}')}: {value}"


def call_chart(
    ribbons: Sequence[tuple[Scheme, Sequence[Stretch]]],
    curve: Scheme | None,
    *,
    alarm_ms: int | None,
    duration_ms: int,
    language: str,
    words: Words,
    ink: str,
) -> go.Figure:
    """Return the figure; `curve` is the scheme whose critical class the running curve follows, None: no curve.

    `ink` is the colour of texts on the picture.
    """
    heights = ([CURVE_PX] if curve is not None else []) + [RIBBON_PX] * len(ribbons)
    figure = make_subplots(rows=len(heights), cols=1, shared_xaxes=True, row_heights=heights, vertical_spacing=0.05)
    if curve is not None:
        stretches = next(rows for scheme, rows in ribbons if scheme.name == curve.name)
        _curve(figure, curve, stretches, alarm_ms, language, words, ink)
    for row, (scheme, stretches) in enumerate(ribbons, start=len(heights) - len(ribbons) + 1):
        _ribbon(figure, row, scheme, stretches, language, words, ink)
    figure.update_xaxes(range=[0, duration_ms / 1000], showgrid=False)
    figure.update_xaxes(title=words.seconds, row=len(heights), col=1)
    return figure.update_layout(
        height=sum(heights) + 30 * len(ribbons) + 70, barmode="overlay", bargap=0, hovermode="closest",
        margin={"l": 8, "r": 8, "t": 26, "b": 8}, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(127,140,160,.08)",
        legend={"orientation": "h", "y": -0.12, "yanchor": "top", "x": 0, "traceorder": "grouped"},
    )  # fmt: skip


def _curve(
    figure: go.Figure,
    scheme: Scheme,
    stretches: Sequence[Stretch],
    alarm_ms: int | None,
    language: str,
    words: Words,
    ink: str,
) -> None:
    """Draw the probability of the critical class in each utterance, and the highest so far."""
    red = scheme.label(scheme.critical).color
    title = escape(scheme.label(scheme.critical).title(language))
    for sure, dash in ((True, "solid"), (False, "dash")):
        x: list[float | None] = []
        y: list[float | None] = []
        for stretch in stretches:
            if stretch.counts and stretch.sure == sure:
                p = stretch.probabilities.get(scheme.critical, 0.0)
                x += [stretch.start_ms / 1000, stretch.end_ms / 1000, None]
                y += [p, p, None]
        name = title if sure else f"{title} ({escape(words.unsure)})"
        line = {"color": red, "width": 4 if sure else 2.5, "dash": dash}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, row=1, col=1, showlegend=False, name=name,
                           hovertemplate=words.hover("%{y:.0%}"))  # fmt: skip
    highest, running = 0.0, [(0.0, 0.0)]
    for stretch in (stretch for stretch in stretches if stretch.counts):
        highest = max(highest, stretch.probabilities.get(scheme.critical, 0.0))
        running.append((stretch.end_ms / 1000, highest))
    figure.add_scatter(
        x=[x for x, _ in running], y=[y for _, y in running], mode="lines", line_shape="hv", fill="tozeroy",
        row=1, col=1, name=words.running, fillcolor="rgba(220,38,38,.14)",
        line={"color": red, "width": 1.5, "dash": "dot"}, showlegend=False, hovertemplate=words.hover("%{y:.0%}"),
    )  # fmt: skip
    _row_title(figure, 1, words.curve, ink)
    figure.update_yaxes(range=[-0.03, 1.08], tickformat=".0%", row=1, col=1, tickvals=[0, 0.5, 1])
    if alarm_ms is not None:
        at = alarm_ms / 1000
        figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1.05, line={"color": red, "width": 2}, row=1, col=1)
        figure.add_scatter(
            x=[at], y=[1.03], mode="markers+text", marker={"symbol": "triangle-down", "size": 13, "color": red},
            text=[f"<b>{escape(words.alarm)}</b>"], textposition="middle right", textfont={"color": ink, "size": 13},
            showlegend=False, hoverinfo="skip", cliponaxis=False, row=1, col=1,
        )  # fmt: skip


def _ribbon(
    figure: go.Figure, row: int, scheme: Scheme, stretches: Sequence[Stretch], language: str, words: Words, ink: str
) -> None:
    """Draw the probabilities of each utterance one above the other, as wide as the utterance is long.

    An utterance whose probabilities mean nothing has none.
    """
    middles = [(s.start_ms + s.end_ms) / 2000 for s in stretches]
    base = [0.0] * len(stretches)
    for place, label in enumerate(scheme.labels):
        heights = [stretch.probabilities.get(label.code, 0.0) if stretch.counts else 0.0 for stretch in stretches]
        name = escape(label.title(language))
        figure.add_bar(
            x=middles, y=heights, base=list(base), width=[(s.end_ms - s.start_ms) / 1000 for s in stretches], name=name,
            legendgroup=scheme.name, legendgrouptitle={"text": escape(scheme.title(language))}, row=row, col=1,
            customdata=heights, hovertemplate=words.hover(f"{name} %{{customdata:.0%}}<extra></extra>"),
            marker={"color": label.color, "opacity": [1 if s.sure else FAINT for s in stretches], "line": {"width": 0},
                    "pattern": {"shape": PATTERNS[place % len(PATTERNS)], "fillmode": "overlay", "size": 6,
                                "fgcolor": "rgba(255,255,255,.45)"}},
        )  # fmt: skip
        base = [low + height for low, height in zip(base, heights, strict=True)]
    unsure = [(x, s) for x, s in zip(middles, stretches, strict=True) if not s.sure]
    figure.add_scatter(
        x=[x for x, _ in unsure], y=[0.5] * len(unsure), mode="text", text=["<b>?</b>"] * len(unsure), showlegend=False,
        textfont={"color": ink, "size": 15}, hovertext=[escape(words.unsure)] * len(unsure), hoverinfo="text",
        row=row, col=1,
    )  # fmt: skip
    _row_title(figure, row, scheme.title(language), ink)
    figure.update_yaxes(range=[0, 1], visible=False, row=row, col=1)


def _row_title(figure: go.Figure, row: int, title: str, ink: str) -> None:
    axis: dict[str, Any] = {"xref": "paper", "yref": f"y{'' if row == 1 else row} domain"}
    figure.add_annotation(x=0, y=1, **axis, text=f"<b>{escape(title)}</b>", showarrow=False, xanchor="left",
                          yanchor="bottom", font={"size": 13, "color": ink})  # fmt: skip
