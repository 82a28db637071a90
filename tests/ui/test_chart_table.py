"""The text alternative of a chart: its values as rows, made from the figure itself."""

import re
from pathlib import Path

from core.schemes import SCHEMES
from core.settings import ROOT
from core.ui.i18n import in_language
from core.ui.widgets import chart_table, charts


def test_a_confusion_matrix_is_a_table_with_counts_and_shares() -> None:
    danger = SCHEMES["danger"]
    with in_language("en"):
        rows = chart_table.rows(charts.confusion([[3, 1], [0, 4]], danger, "en", ("True", "Predicted")))
    first, second = (label.title("en") for label in danger.labels)
    assert rows == [
        {"True \\ Predicted": first, first: "3 (75%)", second: "1 (25%)"},
        {"True \\ Predicted": second, first: "0 (0%)", second: "4 (100%)"},
    ]


def test_scores_have_their_intervals_and_names_are_no_markup() -> None:
    figure = charts.scores([{"f1": {"value": 0.5, "low": 0.4, "high": 0.7}}], ["fire &lt;b&gt;"], {"f1": "F1"})
    with in_language("en"):
        assert chart_table.rows(figure) == [{"Point": "fire <b>", "F1": "50.0% (40.0%–70.0%)"}]


def test_lines_with_different_points_share_the_rows() -> None:
    lines = {"danger": ([0.0, 0.5], [1.0, 0.8]), "normal": ([0.0, 1.0], [0.9, 0.2])}
    with in_language("en"):
        assert chart_table.rows(charts.class_curves(lines, ("Recall", "Precision"))) == [
            {"Recall": "0", "danger": "1", "normal": "0.900"},
            {"Recall": "0.500", "danger": "0.800", "normal": ""},
            {"Recall": "1", "danger": "", "normal": "0.200"},
        ]


def test_pictures_above_each_other_keep_their_values_apart() -> None:
    history = [{"epoch": 1, "macro_f1": 0.5, "validation_loss": 1.5}]
    with in_language("en"):
        rows = chart_table.rows(charts.run_curves({"a": history, "b": history}, ("F1", "Loss"), "Epoch"))
    assert rows == [{"Epoch": "1", "F1 · a": "0.500", "Loss · a": "1.500", "F1 · b": "0.500", "Loss · b": "1.500"}]


def test_a_long_line_is_shortened_and_keeps_its_end() -> None:
    points = [(float(n), n / 1000) for n in range(1000)]
    with in_language("en"):
        rows = chart_table.rows(charts.recall_by_time(points, 30, ("Seconds", "Recall"), "30 s"))
    assert chart_table.MOST_ROWS >= len(rows) - 1 > chart_table.MOST_ROWS / 2
    assert rows[-1] == {"Seconds": "999", "Value": "99.9%"}


def test_every_chart_of_the_pages_has_its_text_alternative() -> None:
    drawing = [
        str(path.relative_to(ROOT))
        for folder in ("core/ui", "pages")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"st\.\w+_chart\(", path.read_text("utf-8")) and path != Path(chart_table.__file__)
    ]
    assert drawing == []
