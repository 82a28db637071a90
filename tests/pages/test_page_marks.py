"""A score on a published split, or on a split that cuts speakers, says so on the pages that show it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from workflow_data import trained

from core.settings import ROOT
from core.ui.i18n import catalogue
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

MARK = {"did": "keep", "train": 612, "validation": 3, "test": 6_121, "validation_from": "train", "test_from": None}


def opened(page: str, lang: str = "en") -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params["lang"] = lang
    app.run()
    if page != "overview":
        app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    return app


def test_marks_stand_beside_the_score(ws: Workspace, tmp_path: Path) -> None:
    run_id = trained(ws, tmp_path)
    assert [w.value for w in opened("evaluate").warning if "side" in w.value] == []
    assert "Split" not in opened("overview").dataframe[0].value.columns
    info = ws.store.ledger.run(run_id)
    marked = {**info.metrics, "official": MARK, "persons_on_several_sides": 4}
    ws.store.ledger.set_run(run_id, "done", marked)
    page = opened("evaluate")
    shown = "\n".join(w.value for w in page.warning)
    assert "4 speakers stand on several sides of the split" in shown
    assert "612 training and 3 validation items repeat a later side and were kept" in shown
    assert not any("training never saw" in caption.value for caption in page.caption)
    assert list(opened("overview").dataframe[0].value["Split"]) == ["as published, speakers on several sides"]


def test_a_run_from_before_has_no_marks(ws: Workspace, tmp_path: Path) -> None:
    run_id = trained(ws, tmp_path)
    info = ws.store.ledger.run(run_id)
    old = {name: value for name, value in info.metrics.items() if name not in ("official", "persons_on_several_sides")}
    ws.store.ledger.set_run(run_id, "done", old)
    page = opened("evaluate")
    assert any("training never saw" in caption.value for caption in page.caption)


def test_a_snapshot_of_the_published_split_is_frozen_on_the_train_page(ws: Workspace, tmp_path: Path) -> None:
    trained(ws, tmp_path)
    tags = ("split:train", "split:validation", "split:test")
    for number in range(120):
        ws.store.bulk.tag([number + 1], tags[number // 40], "ann", "2024")
    page = opened("train", "ko")  # AppTest forms the titles of boxes outside of its session, so in Korean
    korean = catalogue("ko").gettext
    box = next(box for box in page.selectbox if box.label == korean("Published split"))
    box.set_value("clean")
    next(field for field in page.text_input if field.label == korean("Name")).set_value("official")
    next(button for button in page.button if button.label == korean("Freeze")).click()
    page.run()
    assert not page.exception
    assert not page.error
    report = ws.store.ledger.snapshot("official").counts["report"]
    assert (report["official"]["did"], report["official"]["test"]) == ("clean", 40)
