"""A cleaning run on the Clean page, in Chromium: preview, run, accept by key and all at once, undo the run."""

from pathlib import Path

import pytest
from live import Live, choose, component, expect, go, idle, ko, main, shown, until
from playwright.sync_api import Page

from core.filters import Filter
from core.records import NewUtterance
from core.workflows.cleaning import history, plan

AT = "2026-01-01T00:00:00+00:00"
SAID = ["(SP:불) 불이야!!!!!", "살려주세요!!!!!", "연기가 나요 ㅋㅋㅋㅋㅋ", "괜찮아요", "괜찮아요"]
STEPS = [{"name": "tags", "self_apply": True}, {"name": "repeats"}, {"name": "same-text"}]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace."""
    return tmp_path_factory.mktemp("live") / "workspace"


@pytest.fixture(scope="module")
def filled(live: Live) -> Live:
    source = live.ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    live.ws.store.corpus.add_sentences(source, [NewUtterance(f"k{n}", t, f"k{n}") for n, t in enumerate(SAID)], AT)
    plan.save(live.ws, STEPS, [], "mine")
    return live


def stored_texts(live: Live) -> list[str]:
    return [utterance.text for utterance in live.ws.store.corpus.every(Filter(skipped=False))]


def press(page: Page, message: str, **values: object) -> None:
    idle(page)
    page.get_by_role("button", name=ko(message, **values)).last.click()


def test_a_run_is_looked_at_run_accepted_and_undone(filled: Live, page: Page) -> None:
    go(page, filled, "clean")
    press(page, "Preview")
    expect(main(page)).to_contain_text(ko("Looked at {n} utterances; nothing was written.", n=5))
    assert history.list_runs(filled.ws) == []

    press(page, "Run the plan")
    until(lambda: stored_texts(filled)[0] == "불이야!!!!!", "the safe step has applied itself")
    (run,) = history.list_runs(filled.ws)
    until(lambda: filled.ws.store.board.get(run.id).state == "done", "the job is done")
    expect(main(page)).to_contain_text(ko("Undo the whole run"))

    choose(page, ko("Step"), ko("Laughter and lengthened syllables"))
    expect(component(page, "review").locator("ins, del").first).to_be_visible()
    component(page, "review").locator(".gw-bar").click()  # the focus leaves the select box
    first = shown(page)
    page.keyboard.press("a")
    until(lambda: stored_texts(filled)[0] == "불이야!", "the first is accepted by its key")
    shown(page, first)
    press(page, "Accept all {n} waiting", n=2)
    press(page, "Yes, accept {n}", n=2)
    until(
        lambda: stored_texts(filled)[:3] == ["불이야!", "살려주세요!", "연기가 나요 ㅋㅋ"],
        "all of the step are accepted",
    )
    expect(main(page)).to_contain_text(ko("Accepted: {n}.", n=2))
    choose(page, ko("Step"), ko("Same text again"))
    press(page, "Accept all {n} waiting", n=1)
    press(page, "Yes, accept {n}", n=1)
    until(lambda: len(stored_texts(filled)) == 4, "the copy is left out")

    press(page, "Undo the whole run")
    until(lambda: stored_texts(filled) == SAID, "all of it is taken back")
    expect(main(page)).to_contain_text(ko("Taken back: {n}.", n=5))
