"""A clash is resolved on the Import page, in Chromium: an edited edition, suggestions, keys, undo, the list."""

from pathlib import Path

import pytest
from live import Live, choose, component, expect, go, idle, ko, main, shown, until
from playwright.sync_api import Page

from core.filters import Filter
from core.workflows.imports import clashes

ROWS = {"1": "집에 불이 났어요", "2": "괜찮아요", "3": "물이 새요", "4": "여보세요", "5": "아무도 없어요"}
EDITED = ROWS | {"1": "우리 집에 불이 났어요", "3": "물이 많이 새요"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace."""
    return tmp_path_factory.mktemp("clashes") / "workspace"


def bring_in(page: Page, rows: dict[str, str]) -> None:
    """Upload the table under its name and import it."""
    data = "번호,문장\n" + "".join(f"{n},{text}\n" for n, text in rows.items())
    page.set_input_files("input[type=file]", [{"name": "신고.csv", "mimeType": "text/csv", "buffer": data.encode()}])
    expect(main(page)).to_contain_text(ko("Which column is what"))
    choose(page, ko("Id"), "번호")
    idle(page)
    page.get_by_role("button", name=ko("Import"), exact=True).click()
    expect(main(page)).to_contain_text(ko("Look at it in Corpus"))


def stored(live: Live) -> list[str]:
    return [utterance.text for utterance in live.ws.store.corpus.every(Filter())]


def view(page: Page, message: str) -> None:
    """Show the suggestions as a list, or one by one."""
    idle(page)
    page.get_by_role("radio", name=ko(message)).click()


def press(page: Page, message: str, **values: object) -> None:
    idle(page)
    page.get_by_role("button", name=ko(message, **values)).last.click()


def test_an_edited_edition_is_taken_as_suggestions_decided_and_undone(live: Live, page: Page) -> None:
    go(page, live, "import_data")
    bring_in(page, ROWS)
    until(lambda: stored(live) == list(ROWS.values()), "the first edition is stored")

    go(page, live, "import_data")
    bring_in(page, EDITED)
    expect(main(page)).to_contain_text(ko("Differ from what is known: {n}", n=2))
    expect(page.get_by_test_id("stTable")).to_contain_text("+ 우리")
    assert stored(live) == list(ROWS.values()), "the import changed nothing"

    press(page, "Take as suggestions ({n})", n=2)
    expect(main(page)).to_contain_text(ko("Suggestions made: {n}. Accept or reject them below.", n=2))
    view(page, "One by one, by keys")
    expect(component(page, "review").locator("ins").first).to_have_text("우리")
    component(page, "review").locator(".gw-bar").click()  # the focus leaves the switch
    first = shown(page)
    page.keyboard.press("a")
    until(lambda: stored(live)[0] == EDITED["1"], "the first is accepted by its key")
    shown(page, first)
    page.keyboard.press("x")
    until(lambda: not clashes.counts(live.ws), "the second is rejected by its key")
    assert stored(live)[2] == ROWS["3"]

    press(page, "Undo all accepted ({n})", n=1)
    until(lambda: stored(live) == list(ROWS.values()), "what was accepted is taken back")
    expect(main(page)).to_contain_text(ko("Taken back: {n}.", n=1))
    view(page, "As a list")
    page.locator("[class*=st-key-delivery-yes-] button").click()
    until(lambda: stored(live)[0] == EDITED["1"], "it is accepted by its button in the list")
    expect(main(page)).to_contain_text(ko("Nothing waits here."))
