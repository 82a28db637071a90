"""Reviewing by keyboard on the real page: nothing decided is lost, nothing unseen is decided."""

import signal

import pytest
from live import CURATOR, WATCH, Live, component, expect, go, shown
from playwright.sync_api import Page

from core.workflows import review as work

Item = tuple[int, int]


def decide(page: Page, key: str, item: Item) -> Item:
    """Press `key` on `item`; the item that follows, painted."""
    page.keyboard.press(key)
    return shown(page, before=item)


def codes(live: Live, items: list[int]) -> list[str | None]:
    return [one.labels.get("danger") for one in live.ws.store.corpus.utterances(items)]


def test_ten_by_keyboard_with_an_undo_are_there_after_a_restart(live: Live, page: Page) -> None:
    go(page, live, "review")
    item = shown(page)
    decided: dict[int, str] = {}
    for number in range(10):
        key, code = (("d", "danger"), ("n", "normal"))[number % 2]
        here, item = item, decide(page, key, item)
        assert here[1] == 0
        decided[here[0]] = code
        if number == 4:
            back = decide(page, "z", item)
            assert back == (here[0], 2)  # the same utterance, after the decision and its undo
            assert codes(live, [here[0]]) == [None]
            again, item = back, decide(page, "n", back)
            decided[again[0]] = "normal"
    undone = list(decided)[4]
    live.end()
    live.start()

    assert codes(live, list(decided)) == list(decided.values())
    assert [(one.why, one.curator) for one in live.ws.store.review.history(undone)] == [
        ("review", CURATOR), ("undo", CURATOR), ("review", CURATOR),
    ]  # fmt: skip
    go(page, live, "review", lang="en")
    assert shown(page)[0] not in decided
    page.get_by_role("radio", name="All").or_(page.get_by_role("button", name="All", exact=True)).first.click()
    first = next(iter(decided))
    root = component(page, "review")
    expect(root).to_have_attribute("data-item", str(first))
    expect(root.locator("[data-code=danger]")).to_have_attribute("aria-pressed", "true")
    page.get_by_text("History of this utterance").click()
    expect(page.get_by_test_id("stExpander").get_by_test_id("stText")).to_contain_text([f"{CURATOR}  review"])


def test_what_was_decided_before_kill_9_is_there_after_it(live: Live, page: Page) -> None:
    go(page, live, "review")
    item = shown(page)
    decided: list[int] = []
    for _ in range(4):
        decided.append(item[0])
        item = decide(page, "d", item)
    live.end(signal.SIGKILL)
    live.start()
    assert codes(live, decided) == ["danger"] * 4
    assert [len(live.ws.store.review.history(one)) for one in decided] == [1] * 4
    go(page, live, "review")
    assert shown(page) == item


def test_an_item_that_somebody_else_decided_is_refused_and_said(live: Live, page: Page) -> None:
    go(page, live, "review", lang="en")
    item, version = shown(page)
    work.decide(live.ws, item, version, "somebody", {"danger": "normal"})
    page.keyboard.press("d")
    expect(page.get_by_test_id("stAlert")).to_contain_text(f"utterance {item} was changed meanwhile")
    assert codes(live, [item]) == ["normal"]


@pytest.mark.parametrize("how", ["held", "hammered"])
def test_keys_pressed_too_fast_label_nothing_unshown(live: Live, page: Page, how: str) -> None:
    reviewed = live.ws.store.review
    go(page, live, "review")
    shown(page)
    page.evaluate(WATCH)
    before = reviewed.decided(CURATOR)
    presses = 0
    # A slow machine paints fewer items meanwhile; hammering goes on until some have passed.
    while presses < 30 or (how == "hammered" and page.evaluate("() => window.painted.length") < 4 and presses < 2000):
        presses += 1
        if how == "held":
            page.keyboard.down("d")  # from the second on, the browser marks it as a repeat
        else:
            page.keyboard.press("d")
        page.wait_for_timeout(25)
    page.keyboard.up("d")
    shown(page)  # whatever was sent is answered now
    painted = [(item, version) for item, version in page.evaluate("() => window.painted")]
    written = [pair for pair in painted if any(one.version == pair[1] + 1 for one in reviewed.history(pair[0]))]
    assert reviewed.decided(CURATOR) - before == len(written)
    assert written == painted[:-1]  # in the order of the screen; the last one is still there
    assert len(written) == 1 if how == "held" else 1 < len(written) < presses
