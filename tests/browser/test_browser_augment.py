"""A run on the Augment page, in Chromium: preview, job, accept by key, reject by reason, and both taken back."""

from pathlib import Path

import pytest
from augment_corpus import fill
from live import Live, choose, component, expect, go, idle, ko, main, shown, until
from playwright.sync_api import Page

from core.store import Choice, NewProposal
from core.workflows.augment import batches
from core.workflows.augment.check import DISAGREES
from core.workflows.augment.plan import KIND


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty workspace."""
    return tmp_path_factory.mktemp("live") / "workspace"


@pytest.fixture(scope="module")
def filled(live: Live) -> Live:
    fill(live.ws)
    return live


def press(page: Page, message: str, **values: object) -> None:
    idle(page)
    page.get_by_role("button", name=ko(message, **values)).last.click()


def take_back(page: Page) -> None:
    """Press the button of the page; the desk has one of the same name."""
    idle(page)
    page.locator(".st-key-augment_undo button").first.click()


def test_variants_are_looked_at_made_decided_on_and_taken_back(filled: Live, page: Page) -> None:
    ws = filled.ws

    def counts() -> dict[str, int]:
        return ws.store.proposals.counts(KIND)

    go(page, filled, "augment")
    press(page, "Preview")
    expect(main(page)).to_contain_text(ko("Tried {n} of {total} texts; nothing was written.", n=6, total=6))
    assert counts()["open"] == 0
    press(page, "Make proposals")
    until(lambda: bool(batches.every(ws)) and batches.every(ws)[0].finished_at is not None, "the job is done")
    made = counts()["open"]
    assert made >= 5

    component(page, "review").locator(".gw-bar").click()
    first = shown(page)
    page.keyboard.press("a")
    second = shown(page, before=first)
    assert ws.store.proposals.get(first[0]).state == "accepted"
    page.keyboard.press("x")
    shown(page, before=second)
    assert counts() == {"open": made - 2, "accepted": 1, "rejected": 1}

    (source,) = ws.store.corpus.utterances([1])
    flagged = [
        NewProposal(
            KIND, 1, "dialect", {"text": f"{source.text} {word}", "before": source.text, "seed": 1}, "why",
            confidence=0.2, flag=DISAGREES,
        )
        for word in ("잉", "예", "유")
    ]  # fmt: skip
    ws.store.proposals.add(flagged, batches.every(ws)[0].at)
    go(page, filled, "augment")
    choose(page, ko("Label check"), ko("the run in use gives it another label"))
    press(page, "Reject all {n} waiting", n=3)
    press(page, "Yes, reject {n}", n=3)
    expect(main(page)).to_contain_text(ko("Rejected: {n}.", n=3))
    assert counts() == {"open": made - 2, "accepted": 1, "rejected": 4}
    take_back(page)
    expect(main(page)).to_contain_text(ko("Waiting again: {n}.", n=3))
    assert ws.store.candidates.count(Choice(KIND, flag=(DISAGREES,))) == 3
    for left in ({"open": made + 2, "accepted": 1, "rejected": 0}, {"open": made + 3, "accepted": 0, "rejected": 0}):
        take_back(page)
        expect(main(page)).to_contain_text(ko("Waiting again: {n}.", n=1))
        until(lambda left=left: counts() == left, "the decision by key is taken back")  # type: ignore[misc]
