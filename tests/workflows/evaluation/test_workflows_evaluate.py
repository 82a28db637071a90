"""core.workflows.evaluation.evaluate: a confusion cell shows what the model saw, and what has changed since."""

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from page_driver import captions, page
from workflow_data import trained

from core.workflows.evaluation import evaluate
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration

EDITED = "전혀 다른 말입니다"


def behind(ws: Workspace, run: str) -> evaluate.Cell:
    return evaluate.cell(ws, run, "danger", "danger")


def edit(ws: Workspace, item: int, **changes: Any) -> None:
    version = ws.store.corpus.utterance(item).version
    ws.store.review.decide(item, version, "ann", now(), **changes)


def test_a_cell_shows_the_frozen_text_and_label_whatever_was_edited_since(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    first, second, *_ = (x for x in behind(ws, run).mistakes if x.item)
    assert first.item
    assert second.item
    edit(ws, first.item.id, text=EDITED, labels={"danger": "normal"})
    edit(ws, second.item.id, skip=True)
    now_first, now_second, *others = behind(ws, run).mistakes
    assert now_first.item == first.item
    assert now_first.utterance is not None
    assert (now_first.utterance.text, now_first.code) == (EDITED, "normal")
    assert (now_first.new_text, now_first.new_code) == (True, True)
    assert now_second.utterance is not None
    assert (now_second.utterance.skipped, now_second.new_text, now_second.new_code) == (True, False, False)
    assert not any(one.new_text or one.new_code for one in others)


def test_white_space_that_cleaning_takes_away_is_no_difference(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    mistake = behind(ws, run).mistakes[0]
    assert mistake.item
    edit(ws, mistake.item.id, text=f"  {mistake.item.text.replace(' ', '   ')}\n", labels={})
    assert not behind(ws, run).mistakes[0].new_text


def test_a_snapshot_that_is_gone_is_told_and_never_replaced_by_the_text_of_today(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    whole = behind(ws, run)
    shutil.rmtree(ws.snapshot_folder("s1"))
    cell = behind(ws, run)
    assert str(cell.trouble) == "snapshot s1: snapshot.json is missing"
    assert [one.prediction for one in cell.mistakes] == [one.prediction for one in whole.mistakes]
    assert all(one.item is None and one.new_text and not one.new_code for one in cell.mistakes)


def test_a_folder_with_another_snapshot_is_refused(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    snapshot.create(ws, "s2", "danger", seed=5)
    shutil.rmtree(ws.snapshot_folder("s1"))
    shutil.copytree(ws.snapshot_folder("s2"), ws.snapshot_folder("s1"))
    cell = behind(ws, run)
    assert str(cell.trouble) == "snapshot s1: its folder holds another snapshot (SHA-256 differs)"
    assert all(one.item is None for one in cell.mistakes)
    (ws.snapshot_folder("s1") / "items.parquet").write_bytes(b"x")
    assert "snapshot s1 cannot be read" in str(behind(ws, run).trouble)


CELL = "1-1"  # danger taken for danger, as the address names it


@pytest.mark.usefixtures("english")
def test_the_page_shows_both_texts_and_opens_the_utterance(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    first, second, *_ = (x for x in behind(ws, run).mistakes if x.item)
    assert first.item
    assert second.item
    edit(ws, first.item.id, text=EDITED, labels={"danger": "normal"})
    edit(ws, second.item.id, skip=True)
    app = page("evaluate", run=run, cell=CELL)
    assert [box.value for box in app.text][:3] == [first.item.text, EDITED, second.item.text]
    assert {"Label today: Normal", "Text today:", "It has been skipped since."} <= set(captions(app))
    links = [one.proto.query_string for one in app.get("page_link") if one.proto.label == "Open"]
    assert len(links) == len(behind(ws, run).mistakes)
    assert parse_qs(links[0])["id"] == [str(first.item.id)]
    reviews = [one.proto.query_string for one in app.get("page_link") if one.proto.label == "Open in Review"]
    opened = parse_qs(reviews[0])
    assert (opened["queue"], opened["item"], opened["schemes"]) == (["item"], [str(first.item.id)], ["danger"])
    assert opened["back"][0].startswith("/evaluate?")
    assert f"run={run}" in opened["back"][0]


@pytest.mark.usefixtures("english")
def test_the_page_says_that_the_snapshot_is_gone(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    shutil.rmtree(ws.snapshot_folder("s1"))
    app = page("evaluate", run=run, cell=CELL)
    assert any("The texts that the model saw cannot be shown: " in box.value for box in app.warning)
    for text in ("The text that the model saw is missing.", "Text today:"):
        assert captions(app).count(text) == len(behind(ws, run).mistakes)
