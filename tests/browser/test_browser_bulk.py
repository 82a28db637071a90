"""Bulk actions on the Corpus page, in Chromium: label picked rows, undo it; save and share a view."""

import re
from pathlib import Path

import pytest
from live import Live, after_a_run, cell, choose, close_popover, expect, go, idle, ko, main, pick_row, until
from playwright.sync_api import Page

from core.filters import Filter
from core.records import NewUtterance
from core.schemes import SCHEMES

AT = "2026-01-01T00:00:00+00:00"
SAID = ["불 이 났어요", "산불이요", "괜찮아요", "화재입니다"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace."""
    return tmp_path_factory.mktemp("live") / "workspace"


@pytest.fixture(scope="module")
def filled(live: Live) -> Live:
    source = live.ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    live.ws.store.corpus.add_sentences(source, [NewUtterance(f"k{n}", t, f"k{n}") for n, t in enumerate(SAID)], AT)
    return live


def dangers(live: Live) -> list[str | None]:
    return [utterance.labels.get("danger") for utterance in live.ws.store.corpus.every(Filter())]


def press(page: Page, message: str, **values: object) -> None:
    idle(page)
    page.get_by_role("button", name=ko(message, **values)).last.click()


def test_rows_that_are_picked_are_labelled_and_taken_back(filled: Live, page: Page) -> None:
    go(page, filled, "corpus")
    pick_row(page, 1)
    idle(page)
    pick_row(page, 3)
    press(page, "Label or tag: {n}", n=2)
    expect(page.get_by_text(ko("Rows picked: {n}", n=2))).to_be_visible()
    # A click before the page has taken the choice in would be refused.
    after_a_run(page, lambda: choose(page, ko("Class"), "위험"))
    press(page, "Go on")
    label = f"{SCHEMES['danger'].title('ko')} = 위험"
    expect(page.get_by_text(ko("Set {label}: utterances {n}", label=label, n=2))).to_be_visible()
    assert dangers(filled) == [None] * 4, "nothing before the answer"
    press(page, "Yes, change {n}", n=2)
    until(lambda: dangers(filled) == ["danger", None, "danger", None], "the two rows picked are labelled")
    expect(main(page)).to_contain_text(ko("Changed: {n}.", n=2))
    close_popover(page)
    press(page, "Undo all of it")
    until(lambda: dangers(filled) == [None] * 4, "both are as they were")


def test_a_view_is_kept_and_its_address_shared(filled: Live, page: Page) -> None:
    go(page, filled, "corpus", text="불이", spacing="true")
    expect(cell(page, 2)).to_have_text(SAID[1])
    choose(page, ko("Sort"), ko("Newest first"))
    page.wait_for_url(re.compile("sort=-id"))
    expect(cell(page, 1)).to_have_text(SAID[1])
    expect(cell(page, 2)).to_have_text(SAID[0])
    shared = page.url
    press(page, "Views")
    page.get_by_label(ko("Save what is shown as")).fill("불 나는")
    page.keyboard.press("Enter")
    press(page, "Save")
    until(lambda: [view.name for view in filled.ws.store.views.list()] == ["불 나는"], "the view is saved")

    go(page, filled, "corpus")
    expect(cell(page, 1)).to_have_text(SAID[0])
    press(page, "Views")
    press(page, "Open")
    expect(cell(page, 1)).to_have_text(SAID[1])
    expect(page.get_by_label(ko("Text contains"))).to_have_value("불이")
    page.wait_for_url(re.compile("sort=-id"))
    page.wait_for_url(re.compile("spacing=true"))
    page.wait_for_url(re.compile("text="))

    page.goto(shared)
    idle(page)
    expect(cell(page, 1)).to_have_text(SAID[1])
    expect(cell(page, 2)).to_have_text(SAID[0])
