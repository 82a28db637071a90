"""The pictures: one palette, readable in light and dark, never by colour alone. Values in, Plotly figures out."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.schemes import Scheme

BLUE, GREY, GREEN, AMBER = "#2563eb", "#94a3b8", "#0f8a5f", "#b45309"
_DASHES = ("solid", "dash", "dot", "dashdot")


def _calm(figure: go.Figure, height: int, **layout: Any) -> go.Figure:
    legend = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}
    base = {"height": height, "margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)", "legend": legend}  # fmt: skip
    return figure.update_layout(**(base | layout))


def _ink() -> str:
    """Text on coloured cells, in the browser's theme."""
    return "#e5e9f0" if st.context.theme.type == "dark" else "#1f2937"


def confusion(matrix: Sequence[Sequence[int]], chosen: Scheme, language: str, axes: tuple[str, str]) -> go.Figure:
    """Rows true, columns predicted. A heat map does not report clicks, so transparent squares lie over its cells.

    Their `customdata` is (gold code, predicted code). The numbers are annotations: a trace's own text fades once a cell
    is chosen.
    """
    titles = [label.title(language) for label in chosen.labels]
    names = [title.replace(" ", "<br>") for title in titles]
    shares = [[n / max(sum(row), 1) for n in row] for row in matrix]
    figure = go.Figure(
        go.Heatmap(
            z=shares, x=names, y=names, zmin=0, zmax=1, showscale=False, hoverinfo="skip", xgap=3, ygap=3,
            colorscale=[(0, "rgba(37,99,235,.08)"), (1, "rgba(37,99,235,.6)")],
        )
    )  # fmt: skip
    cells = [(i, j) for i in range(len(names)) for j in range(len(names))]
    figure.add_scatter(
        x=[names[j] for _, j in cells],
        y=[names[i] for i, _ in cells],
        customdata=[(chosen.codes[i], chosen.codes[j]) for i, j in cells],
        hovertext=[f"{axes[0]}: {titles[i]}<br>{axes[1]}: {titles[j]}" for i, j in cells],
        hoverinfo="text",
        mode="markers",
        marker={"symbol": "square", "size": 64, "color": "rgba(0,0,0,0)"},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        showlegend=False,
    )
    for i, j in cells:
        told = f"<b>{matrix[i][j]}</b><br>{shares[i][j]:.0%}"
        figure.add_annotation(x=names[j], y=names[i], text=told, showarrow=False, font={"size": 15, "color": _ink()})
    figure.update_yaxes(autorange="reversed", title=axes[0], showgrid=False)
    figure.update_xaxes(title=axes[1], side="top", showgrid=False, tickangle=0)
    return _calm(figure, 110 + 90 * len(names), clickmode="event+select", dragmode=False)


def scores(rows: Sequence[Mapping[str, Any]], names: Sequence[str], columns: Mapping[str, str]) -> go.Figure:
    """Points with 95 % intervals; `rows[i][column]` is {"value", "low", "high"} or None; `columns`: key to title."""
    figure = go.Figure()
    for (column, title), color, symbol in zip(
        columns.items(), (BLUE, AMBER, GREEN), ("circle", "diamond", "square"), strict=False
    ):
        told = [(n, r.get(column) or {}) for n, r in zip(names, rows, strict=True)]
        known = [(n, s) for n, s in told if s.get("value") is not None]
        figure.add_scatter(
            name=title,
            x=[s["value"] for _, s in known],
            y=[n for n, _ in known],
            mode="markers",
            orientation="h",
            offsetgroup=column,
            marker={"color": color, "symbol": symbol, "size": 11},
            error_x={
                "type": "data", "symmetric": False, "color": color, "thickness": 1.5,
                "array": [(s["high"] if s["high"] is not None else s["value"]) - s["value"] for _, s in known],
                "arrayminus": [s["value"] - (s["low"] if s["low"] is not None else s["value"]) for _, s in known],
            },
        )  # fmt: skip
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(autorange="reversed")
    return _calm(figure, 120 + 56 * len(names), scattermode="group")


def curves(history: Sequence[Mapping[str, float]], titles: Mapping[str, str], x_title: str) -> go.Figure:
    """One line a key of `titles` over epochs."""
    figure = go.Figure()
    for (key, title), color, dash in zip(titles.items(), (BLUE, AMBER, GREEN), _DASHES, strict=False):
        points = [(row["epoch"], row[key]) for row in history if row.get(key) is not None]
        figure.add_scatter(
            name=title, x=[x for x, _ in points], y=[y for _, y in points], mode="lines+markers",
            line={"color": color, "dash": dash},
        )  # fmt: skip
    figure.update_xaxes(title=x_title, dtick=None if len(history) > 12 else 1)
    return _calm(figure, 300)


def shares(
    chosen: Scheme, language: str, kept: Mapping[str, int], dropped: Mapping[str, int], names: tuple[str, str]
) -> go.Figure:
    """Stacked bars a class: kept and dropped."""
    titles = [label.title(language) for label in chosen.labels]
    figure = go.Figure()
    hatched = {"shape": "/", "fillmode": "overlay", "fgopacity": 0.35}
    for counts, name, color, pattern in ((kept, names[0], BLUE, {}), (dropped, names[1], GREY, hatched)):
        values = [counts[code] for code in chosen.codes]
        figure.add_bar(y=titles, x=values, name=name, orientation="h", text=values,
                       insidetextanchor="middle",
                       marker={"color": color, "pattern": pattern})  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    return _calm(figure, 110 + 48 * len(titles), barmode="stack", legend_traceorder="normal")


def timeline(utterances: Sequence[Mapping[str, Any]], scheme: Scheme, language: str, x_title: str) -> go.Figure:
    """Calibrated probabilities of one scheme over the recording: one step line a class, seconds on x."""
    figure = go.Figure()
    for label, dash in zip(scheme.labels, _DASHES * 2, strict=False):
        x: list[float | None] = []
        y: list[float | None] = []
        for one in utterances:
            judged = one["judgements"].get(scheme.name)
            if judged is None or one["start_ms"] is None:
                continue
            p = judged["probabilities"][label.code]
            x += [one["start_ms"] / 1000, one["end_ms"] / 1000, None]
            y += [p, p, None]
        line = {"color": label.color, "dash": dash, "width": 3}
        figure.add_scatter(name=label.title(language), x=x, y=y, mode="lines", line=line, hovertemplate="%{y:.0%}")
    figure.update_yaxes(range=[-0.03, 1.03], tickformat=".0%")
    figure.update_xaxes(title=x_title)
    return _calm(figure, 240, hovermode="x")


def classes(chosen: Scheme, language: str, keys: Mapping[str, str]) -> go.Figure:
    """The classes in order as they are seen in Review: a square in the class's colour, its key, its title.

    Titles of a workspace's scheme are hostile, and Plotly reads a little HTML.
    """
    wide = 4
    places = [(n % wide, -(n // wide)) for n in range(len(chosen.labels))]
    titles = [f"<b>{keys[x.code].upper() or '·'}</b>  {escape(x.title(language))}" for x in chosen.labels]
    figure = go.Figure(
        go.Scatter(
            x=[x for x, _ in places], y=[y for _, y in places], text=titles, mode="markers+text",
            textposition="middle right", hoverinfo="skip",
            marker={"symbol": "square", "size": 18, "color": [x.color for x in chosen.labels]},
        )
    )  # fmt: skip
    figure.update_xaxes(range=[-0.1, wide], visible=False, fixedrange=True)
    figure.update_yaxes(range=[places[-1][1] - 0.6, 0.6], visible=False, fixedrange=True)
    return _calm(figure, 30 + 34 * (1 - places[-1][1]))


def bars(chosen: Scheme, language: str, probabilities: Mapping[str, float]) -> go.Figure:
    """One bar a class with its probability written on it."""
    values = [probabilities[code] for code in chosen.codes]
    figure = go.Figure(
        go.Bar(
            y=[label.title(language) for label in chosen.labels], x=values, orientation="h",
            text=[f"{v:.0%}" for v in values], marker={"color": [label.color for label in chosen.labels]},
        )
    )  # fmt: skip
    figure.update_xaxes(range=[0, 1], visible=False)
    figure.update_yaxes(autorange="reversed")
    return _calm(figure, 40 + 36 * len(values))
