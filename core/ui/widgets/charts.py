"""Charts with one palette, readable in light and dark, never by colour alone. Functions take values, return figures."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from core.schemes import Scheme
from core.ui.i18n import N_, _, language

BLUE, GREY, GREEN, AMBER = "#2563eb", "#94a3b8", "#0f8a5f", "#b45309"
_COLORS = (BLUE, AMBER, GREEN, GREY)
_DASHES = ("solid", "dash", "dot", "dashdot")
_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "x", "star")
_PATTERNS = ("", "/", "x", ".", "\\", "-", "+", "|")

# What Plotly's own tools and notices say, and the message of each.
_TOOLS = {
    "Download plot as a PNG": N_("Download as a PNG"),
    "Download plot": N_("Download the chart"),
    "Zoom": N_("Zoom by dragging"),
    "Pan": N_("Move by dragging"),
    "Box Select": N_("Select in a box"),
    "Lasso Select": N_("Select freely"),
    "Zoom in": N_("Zoom in"),
    "Zoom out": N_("Zoom out"),
    "Autoscale": N_("Fit to the data"),
    "Reset axes": N_("Reset the axes"),
    "Double-click to zoom back out": N_("Double-click to zoom back out"),
    "Taking snapshot - this may take a few seconds": N_("The picture is being made …"),
    "Snapshot succeeded": N_("The picture is saved."),
    "Sorry, there was a problem downloading your snapshot!": N_("The picture could not be made."),
}


def tools() -> dict[str, Any]:
    """Return the settings of Plotly that show its tools in the reader's language, without its logo."""
    dictionary = {english: _(message) for english, message in _TOOLS.items()}
    reader = language()
    return {"displaylogo": False, "locale": reader, "locales": {reader: {"dictionary": dictionary}}}


def _with_layout(figure: go.Figure, height: int, **layout: Any) -> go.Figure:
    legend = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}
    base = {"height": height, "margin": {"l": 8, "r": 8, "t": 8, "b": 8}, "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)", "legend": legend}  # fmt: skip
    return figure.update_layout(**(base | layout))


def text_color() -> str:
    """Return the colour of text on coloured cells, for the browser's theme."""
    return "#e5e9f0" if st.context.theme.type == "dark" else "#1f2937"


def quiet_color() -> str:
    """Return the colour of the texts of axes; Streamlit's own has too little contrast."""
    return "#a7b1c2" if st.context.theme.type == "dark" else "#596375"


def confusion(matrix: Sequence[Sequence[int]], scheme: Scheme, language: str, axes: tuple[str, str]) -> go.Figure:
    """Return a confusion matrix: rows true, columns predicted; `axes` are the titles of rows and columns.

    A heat map does not report clicks, so transparent squares lie over its cells. Their `customdata` is
    (gold code, predicted code). The numbers are annotations: a trace's own text fades once a cell is chosen.
    """
    titles = [label.title(language) for label in scheme.labels]
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
        customdata=[(scheme.codes[i], scheme.codes[j]) for i, j in cells],
        hovertext=[f"{axes[0]}: {titles[i]}<br>{axes[1]}: {titles[j]}" for i, j in cells],
        hoverinfo="text",
        mode="markers",
        marker={"symbol": "square", "size": 64, "color": "rgba(0,0,0,0)"},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        showlegend=False,
    )
    for i, j in cells:
        cell_text = f"<b>{matrix[i][j]}</b><br>{shares[i][j]:.0%}"
        figure.add_annotation(
            x=names[j], y=names[i], text=cell_text, showarrow=False, font={"size": 15, "color": text_color()}
        )
    figure.update_yaxes(autorange="reversed", title=axes[0], showgrid=False)
    figure.update_xaxes(title=axes[1], side="top", showgrid=False, tickangle=0)
    return _with_layout(figure, 110 + 90 * len(names), clickmode="event+select", dragmode=False)


def scores(rows: Sequence[Mapping[str, Any]], names: Sequence[str], columns: Mapping[str, str]) -> go.Figure:
    """Return points with 95 % intervals. `rows[i][column]`: {"value", "low", "high"} or None; `columns`: key, title."""
    figure = go.Figure()
    for (column, title), color, symbol in zip(
        columns.items(), (BLUE, AMBER, GREEN), ("circle", "diamond", "square"), strict=False
    ):
        row_scores = [(n, r.get(column) or {}) for n, r in zip(names, rows, strict=True)]
        drawn = [(n, s) for n, s in row_scores if s.get("value") is not None]
        figure.add_scatter(
            name=title,
            x=[s["value"] for _, s in drawn],
            y=[n for n, _ in drawn],
            mode="markers",
            orientation="h",
            offsetgroup=column,
            marker={"color": color, "symbol": symbol, "size": 11},
            error_x={
                "type": "data", "symmetric": False, "color": color, "thickness": 1.5,
                "array": [(s["high"] if s["high"] is not None else s["value"]) - s["value"] for _, s in drawn],
                "arrayminus": [s["value"] - (s["low"] if s["low"] is not None else s["value"]) for _, s in drawn],
            },
        )  # fmt: skip
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(autorange="reversed")
    return _with_layout(figure, 120 + 56 * len(names), scattermode="group")


def curves(history: Sequence[Mapping[str, float]], titles: Mapping[str, str], x_title: str) -> go.Figure:
    """Return one line over epochs for each key of `titles` (key to title)."""
    figure = go.Figure()
    for (key, title), color, dash in zip(titles.items(), (BLUE, AMBER, GREEN), _DASHES, strict=False):
        points = [(row["epoch"], row[key]) for row in history if row.get(key) is not None]
        figure.add_scatter(
            name=title, x=[x for x, _ in points], y=[y for _, y in points], mode="lines+markers",
            line={"color": color, "dash": dash},
        )  # fmt: skip
    figure.update_xaxes(title=x_title, dtick=None if len(history) > 12 else 1)
    return _with_layout(figure, 300)


def run_curves(
    histories: Mapping[str, Sequence[Mapping[str, Any]]], titles: tuple[str, str], x_title: str
) -> go.Figure:
    """Return two pictures of several runs by epoch: validation macro-F1, and below it validation loss.

    `histories` are by the name of the run; `titles` are those of the two scores. A run has one colour and one dash.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for place, (name, history) in enumerate(histories.items()):
        look = {"color": _COLORS[place % len(_COLORS)], "dash": _DASHES[place // len(_COLORS) % len(_DASHES)]}
        for row, key in enumerate(("macro_f1", "validation_loss"), start=1):
            points = [(entry["epoch"], entry[key]) for entry in history if entry.get(key) is not None]
            figure.add_scatter(
                name=escape(name), legendgroup=name, showlegend=row == 1, x=[x for x, _ in points],
                y=[y for _, y in points], mode="lines+markers", line=look, row=row, col=1,
                marker={"symbol": _SYMBOLS[place % len(_SYMBOLS)], "size": 8},
            )  # fmt: skip
    for row, title in enumerate(titles, start=1):
        figure.update_yaxes(title=title, row=row, col=1)
    figure.update_xaxes(title=x_title, row=2, col=1)
    return _with_layout(figure, 460, showlegend=True)


def shares(
    scheme: Scheme,
    language: str,
    kept_counts: Mapping[str, int],
    dropped_counts: Mapping[str, int],
    names: tuple[str, str],
) -> go.Figure:
    """Return one stacked bar for each class: how many predictions are kept and dropped; `names` are their titles."""
    titles = [label.title(language) for label in scheme.labels]
    figure = go.Figure()
    hatched = {"shape": "/", "fillmode": "overlay", "fgopacity": 0.35}
    for counts, name, color, pattern in ((kept_counts, names[0], BLUE, {}), (dropped_counts, names[1], GREY, hatched)):
        values = [counts[code] for code in scheme.codes]
        figure.add_bar(y=titles, x=values, name=name, orientation="h", text=values,
                       insidetextanchor="middle",
                       marker={"color": color, "pattern": pattern})  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    return _with_layout(figure, 110 + 48 * len(titles), barmode="stack", legend_traceorder="normal")


def classes(scheme: Scheme, language: str, keys: Mapping[str, str]) -> go.Figure:
    """Return the classes in order, as Review shows them: a square in the class's colour, its key, its title.

    Titles of a workspace's scheme are hostile and Plotly reads some HTML, so they are escaped.
    """
    columns = 4
    places = [(n % columns, -(n // columns)) for n in range(len(scheme.labels))]
    titles = [f"<b>{keys[x.code].upper() or '·'}</b>  {escape(x.title(language))}" for x in scheme.labels]
    figure = go.Figure(
        go.Scatter(
            x=[x for x, _ in places], y=[y for _, y in places], text=titles, mode="markers+text",
            textposition="middle right", hoverinfo="skip",
            marker={"symbol": "square", "size": 18, "color": [x.color for x in scheme.labels]},
        )
    )  # fmt: skip
    figure.update_xaxes(range=[-0.1, columns], visible=False, fixedrange=True)
    figure.update_yaxes(range=[places[-1][1] - 0.6, 0.6], visible=False, fixedrange=True)
    return _with_layout(figure, 30 + 34 * (1 - places[-1][1]))


def bars(scheme: Scheme, language: str, probabilities: Mapping[str, float]) -> go.Figure:
    """Return one bar for each class with its probability written on it."""
    values = [probabilities[code] for code in scheme.codes]
    figure = go.Figure(
        go.Bar(
            y=[label.title(language) for label in scheme.labels], x=values, orientation="h",
            text=[f"{v:.0%}" for v in values], marker={"color": [label.color for label in scheme.labels]},
        )
    )  # fmt: skip
    figure.update_xaxes(range=[0, 1], visible=False)
    figure.update_yaxes(autorange="reversed")
    return _with_layout(figure, 40 + 36 * len(values))


def whiskers(rows: Sequence[tuple[str, Any]], *, percent: bool = False) -> go.Figure:
    """Return a dot with its 95 % interval for each (name, `core.agreement` Figure or Share) that has a value."""
    measured = [(name, score) for name, score in rows if score.value is not None]
    score_rows = [{"": {"value": score.value, "low": score.low, "high": score.high}} for _, score in measured]
    names = [escape(name) for name, _ in measured]
    figure = scores(score_rows, names, {"": ""})
    ends = [end for _, score in measured for end in (score.value, score.low, score.high) if end is not None]
    figure.update_xaxes(range=[min([0.0, *ends]) - 0.03, 1.03], tickformat=".0%" if percent else ".2f", zeroline=True)
    figure.update_traces(hovertemplate="%{x:.1%}<extra></extra>" if percent else "%{x:.3f}<extra></extra>")
    return figure.update_layout(height=70 + 40 * len(names), showlegend=False)


def burn_down(days: Sequence[tuple[str, float, bool]], names: tuple[str, str], finish: str) -> go.Figure:
    """Return what is left by day, then the projection, with the text `finish` at its end.

    A day of `days` is (ISO day, items left, whether it is projected); `names` are the titles of both lines.
    """
    past = [(day, left) for day, left, projected in days if not projected]
    coming = [past[-1], *((day, left) for day, left, projected in days if projected)]
    figure = go.Figure()
    figure.add_scatter(
        name=names[0], x=[x for x, _ in past], y=[y for _, y in past], mode="lines+markers", fill="tozeroy",
        fillcolor="rgba(37,99,235,.12)", line={"color": BLUE, "width": 3}, marker={"size": 7},
        hovertemplate="%{x|%Y-%m-%d}: %{y:,.0f}<extra></extra>",
    )  # fmt: skip
    if len(coming) > 1:
        figure.add_scatter(
            name=names[1], x=[x for x, _ in coming], y=[y for _, y in coming], mode="lines",
            line={"color": AMBER, "width": 3, "dash": "dash"}, hovertemplate="%{x|%Y-%m-%d}: %{y:,.0f}<extra></extra>",
        )  # fmt: skip
        end, left = coming[-1]
        figure.add_scatter(
            x=[end], y=[left], mode="markers", marker={"color": AMBER, "symbol": "diamond", "size": 14},
            showlegend=False, hoverinfo="skip", cliponaxis=False,
        )  # fmt: skip
        figure.add_shape(type="line", x0=end, x1=end, y0=0, y1=1, yref="paper", line={"color": AMBER, "dash": "dot"})
        figure.add_annotation(
            x=end, y=1, yref="paper", text=f"<b>{escape(finish)}</b>", showarrow=False, xanchor="right", xshift=-6,
            yanchor="top", font={"color": text_color(), "size": 14},
        )  # fmt: skip
    figure.update_xaxes(type="date", tickformat="%m-%d")
    figure.update_yaxes(rangemode="tozero", tickformat=",.0f")
    return _with_layout(figure, 340)


def balance(rows: Mapping[str, Mapping[str, int]], scheme: Scheme, language: str) -> go.Figure:
    """Return one bar for each row of `rows` (name to counts by class): classes as shares, counts written on them."""
    bars_ = []
    names = [escape(name) for name in rows]
    for place, label in enumerate(scheme.labels):
        counts = [row.get(label.code, 0) for row in rows.values()]
        shares_ = [n / max(sum(row.values()), 1) for n, row in zip(counts, rows.values(), strict=True)]
        bars_.append({
            "type": "bar", "y": names, "x": shares_, "name": escape(label.title(language)), "orientation": "h",
            "insidetextanchor": "middle", "text": [f"{n:,}" if n else "" for n in counts],
            "hovertemplate": "%{x:.0%} · %{text}<extra>%{fullData.name}</extra>",
            "marker": {"color": label.color, "pattern": {"shape": _PATTERNS[place % len(_PATTERNS)],
                       "fillmode": "overlay", "fgcolor": "rgba(255,255,255,.5)", "size": 6}},
        })  # fmt: skip
    figure = go.Figure({"data": bars_})  # at once: a slider of the Pseudo-label page draws it anew
    figure.update_xaxes(range=[0, 1], tickformat=".0%")
    figure.update_yaxes(autorange="reversed")
    return _with_layout(figure, 110 + 44 * len(names), barmode="stack", legend_traceorder="normal")


def over_time(lines: Mapping[str, Sequence[tuple[str, float]]]) -> go.Figure:
    """Return one line for each name: x is an instant (ISO), y a share from 0 to 1."""
    figure = go.Figure()
    colors = (BLUE, AMBER, GREEN, GREY)
    for place, (name, points) in enumerate(lines.items()):
        figure.add_scatter(
            name=escape(name), x=[x for x, _ in points], y=[y for _, y in points], mode="lines+markers",
            line={"color": colors[place % len(colors)], "dash": _DASHES[place // len(colors) % len(_DASHES)]},
            marker={"symbol": _SYMBOLS[place % len(_SYMBOLS)], "size": 9}, hovertemplate="%{x|%m-%d %H:%M}: %{y:.0%}",
        )  # fmt: skip
    figure.update_yaxes(range=[-0.03, 1.03], tickformat=".0%")
    figure.update_xaxes(type="date", tickformat="%m-%d %H:%M", nticks=8)
    return _with_layout(figure, 300, showlegend=True)


def class_curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]], axes: tuple[str, str], *, diagonal: bool = False
) -> go.Figure:
    """Return one line for each class title (x values, y values), both from 0 to 1; `diagonal`: a blind guess."""
    figure = go.Figure()
    if diagonal:
        figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": GREY, "dash": "dot"})
    for place, (name, (x, y)) in enumerate(lines.items()):
        figure.add_scatter(
            name=escape(name), x=list(x), y=list(y), mode="lines", line_shape="hv",
            line={"color": _COLORS[place % len(_COLORS)], "dash": _DASHES[place % len(_DASHES)], "width": 2.5},
            hovertemplate=f"{escape(axes[0])} %{{x:.2f}}, {escape(axes[1])} %{{y:.2f}}",
        )  # fmt: skip
    figure.update_xaxes(range=[-0.02, 1.02], title=axes[0])
    figure.update_yaxes(range=[-0.02, 1.02], title=axes[1])
    return _with_layout(figure, 340, showlegend=True)


def recall_by_time(
    points: Sequence[tuple[float, float]], within_s: float, axes: tuple[str, str], mark: str
) -> go.Figure:
    """Return the share of calls whose alarm has come after so many seconds; `within_s` is marked as `mark`."""
    figure = go.Figure()
    figure.add_scatter(
        x=[x for x, _ in points], y=[y for _, y in points], mode="lines+markers", line_shape="hv",
        line={"color": BLUE, "width": 3}, marker={"size": 6}, fill="tozeroy", fillcolor="rgba(37,99,235,.12)",
        hovertemplate="%{x:.0f}: %{y:.0%}<extra></extra>",
    )  # fmt: skip
    figure.add_vline(x=within_s, line={"color": AMBER, "dash": "dash", "width": 2}, annotation_text=escape(mark))
    figure.update_xaxes(title=axes[0], range=[0, max((x for x, _ in points), default=1)])
    figure.update_yaxes(title=axes[1], range=[-0.02, 1.05], tickformat=".0%")
    return _with_layout(figure, 260, showlegend=False)


def reliability(lines: Mapping[str, Sequence[Mapping[str, float]]], axes: tuple[str, str]) -> go.Figure:
    """Return accuracy over confidence, one line for each name; the dotted diagonal is a perfect calibration.

    A bin is {confidence, accuracy, n}; the size of its marker grows with its number of rows.
    """
    figure = go.Figure()
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": GREY, "dash": "dot"})
    for place, (name, bins) in enumerate(lines.items()):
        most = max((row["n"] for row in bins), default=1)
        figure.add_scatter(
            name=escape(name), x=[row["confidence"] for row in bins], y=[row["accuracy"] for row in bins],
            mode="lines+markers", customdata=[row["n"] for row in bins],
            line={"color": _COLORS[place], "dash": _DASHES[place]},
            marker={"symbol": _SYMBOLS[place], "size": [7 + 11 * (row["n"] / most) ** 0.5 for row in bins]},
            hovertemplate="%{x:.2f} → %{y:.2f}, n = %{customdata}",
        )  # fmt: skip
    figure.update_xaxes(range=[-0.02, 1.02], title=axes[0])
    figure.update_yaxes(range=[-0.02, 1.04], title=axes[1])
    return _with_layout(figure, 340, showlegend=True)


def differences(rows: Mapping[str, Mapping[str, float | None]], x_title: str) -> go.Figure:
    """Return a point with its 95 % interval for each name, around the line at 0 where two models are equal."""
    figure = scores([{"": row} for row in rows.values()], [escape(name) for name in rows], {"": ""})
    ends = [abs(end) for row in rows.values() for end in row.values() if end is not None]
    reach = max([0.05, *ends]) * 1.15
    figure.add_vline(x=0, line={"color": GREY, "dash": "dot"})
    figure.update_xaxes(range=[-reach, reach], tickformat="+.2f", title=x_title)
    return figure.update_layout(height=120 + 46 * len(rows), showlegend=False)


def leak_scores(
    series: Mapping[str, Sequence[Mapping[str, float | None]]],
    columns: Sequence[str],
    y_title: str,
    leak: tuple[float, float, str] | None = None,
) -> go.Figure:
    """Return a score with its 95 % interval for each series (title to a score for each of `columns`), side by side.

    `leak` is a pair of values and what is written between them, drawn beside the last column.
    """
    figure = go.Figure()
    reach = [end for scores_ in series.values() for row in scores_ for end in row.values() if end is not None]
    for place, (title, rows) in enumerate(series.items()):
        shift, color = 0.24 * place - 0.12, _COLORS[place]
        values = [row["value"] if row["value"] is not None else float("nan") for row in rows]
        ends = [(row["low"], row["high"]) for row in rows]
        figure.add_scatter(
            name=title, x=[number + shift for number in range(len(columns))], y=values, mode="markers+text",
            text=[f"{value:.1%}" for value in values], textposition="middle left" if place == 0 else "middle right",
            textfont={"size": 14, "color": text_color()}, cliponaxis=False,
            marker={"color": color, "symbol": _SYMBOLS[place], "size": 14}, hovertemplate="%{y:.1%}",
            error_y={
                "type": "data", "symmetric": False, "color": color, "thickness": 2, "width": 8,
                "array": [0 if high is None else high - value for value, (_, high) in zip(values, ends, strict=True)],
                "arrayminus": [0 if low is None else value - low for value, (low, _) in zip(values, ends, strict=True)],
            },
        )  # fmt: skip
    if leak is not None:
        x = len(columns) - 1 + 0.42
        figure.add_shape(type="line", x0=x, x1=x, y0=leak[0], y1=leak[1], line={"color": AMBER, "width": 6})
        figure.add_annotation(x=x, y=(leak[0] + leak[1]) / 2, text=f"<b>{escape(leak[2])}</b>", showarrow=False,
                              xanchor="left", xshift=8, font={"size": 14, "color": text_color()})  # fmt: skip
    low, high = min(reach, default=0.0), max(reach, default=1.0)
    figure.update_xaxes(tickvals=[*range(len(columns))], ticktext=[escape(name) for name in columns],
                        range=[-0.5, len(columns) - 0.5 + (0.25 if leak else 0)], showgrid=False)  # fmt: skip
    figure.update_yaxes(range=[max(0.0, low - 0.05), min(1.02, high + 0.05)], tickformat=".0%", title=y_title)
    return _with_layout(figure, 380, showlegend=True)
