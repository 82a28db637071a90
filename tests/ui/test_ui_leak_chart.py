"""core.ui.widgets.charts.leak_scores: values, intervals and the leak beside the last column."""

from core.ui.widgets.charts import leak_scores


def score(value: float | None, reach: float | None = None) -> dict[str, float | None]:
    ends = (None, None) if value is None or reach is None else (value - reach, value + reach)
    return {"value": value, "low": ends[0], "high": ends[1]}


def test_two_splits_stand_beside_each_other_with_intervals_and_the_leak() -> None:
    series = {"lineage": [score(0.5, 0.25), score(0.5)], "rows": [score(0.625, 0.25), score(None)]}
    figure = leak_scores(series, ["without", "<b>with</b>"], "Accuracy", (0.5, 0.625, "leakage +12.5"))
    first, second = figure.data
    assert (first.name, second.name) == ("lineage", "rows")
    assert first.marker.symbol != second.marker.symbol, "told apart without colour"
    assert list(first.text) == ["50.0%", "50.0%"]
    assert (list(first.error_y.array), list(first.error_y.arrayminus)) == ([0.25, 0], [0.25, 0])
    assert first.x[0] < 0 < second.x[0]
    (bar,) = figure.layout.shapes
    assert (bar.y0, bar.y1) == (0.5, 0.625)
    assert figure.layout.annotations[0].text == "<b>leakage +12.5</b>"
    assert list(figure.layout.xaxis.ticktext) == ["without", "&lt;b&gt;with&lt;/b&gt;"]
    assert not leak_scores(series, ["without", "with"], "Accuracy").layout.shapes
