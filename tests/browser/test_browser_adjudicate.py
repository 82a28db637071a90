"""Settling disputes by keyboard only: two curators answered blind and differ; a third writes a reason and decides."""

import pytest
from live import CURATOR, PATIENCE_MS, Live, component, expect, go, idle, ko, main, shown, until
from playwright.sync_api import Page

from core.records import Revision
from core.workflows.review import desk as review_desk
from core.workflows.review import settle
from core.workflows.review.desk import Desk
from core.workflows.workspace import now

Item = tuple[int, int]
KIM, LEE = (Desk(name, ("danger",), overlap=1.0) for name in ("김지우", "이서연"))
REASON = "두 번 들으니 비명입니다"


@pytest.fixture(scope="module")
def disputed(live: Live) -> list[int]:
    """Three utterances with sound that two curators answered blind and differently."""
    items: list[int] = []
    while len(items) < 3:
        (card,) = review_desk.take(live.ws, KIM, 1)
        item = card.utterance.id
        audible = live.ws.store.corpus.utterance(item).voice_usable
        for desk, code in ((KIM, "normal"), (LEE, "danger" if audible else "normal")):
            (own_card,) = review_desk.take(live.ws, desk, 1) if desk is LEE else (card,)
            assert (own_card.utterance.id, "danger" in own_card.labels) == (item, False), "blind"
            comment = f"{desk.curator}: {code}"
            review_desk.decide(
                live.ws, desk, item, own_card.utterance.version, {"danger": code}, spent_ms=2500, comment=comment
            )  # fmt: skip
        items += [item] if audible else []
    return items


def press(page: Page, key: str, item: Item) -> Item:
    """Press `key` on `item`; return the next item when it is painted."""
    page.keyboard.press(key)
    return shown(page, before=item)


def standing(live: Live, item: int) -> tuple[str, str]:
    return live.ws.store.corpus.grades("utterance", "danger")[item]


def last(live: Live, item: int) -> Revision:
    return live.ws.store.review.history(item)[-1]


def test_disputes_are_heard_settled_put_off_and_taken_back_by_key(live: Live, disputed: list[int], page: Page) -> None:
    assert {standing(live, item) for item in disputed} == {("normal", "disputed")}
    first, second, third = disputed
    go(page, live, "adjudicate")
    item = shown(page)
    assert item[0] == first
    root = component(page, "review")
    for text in (KIM.curator, LEE.curator, f"{KIM.curator}: normal", f"{LEE.curator}: danger", "2.5"):
        expect(main(page)).to_contain_text(text)
    expect(main(page)).to_contain_text(live.ws.store.corpus.utterance(first).text)
    page.wait_for_function("() => gw('review').dataset.ready === 'true'", timeout=PATIENCE_MS)
    page.keyboard.press(" ")
    page.wait_for_function("() => gw('review').dataset.playedMs", timeout=PATIENCE_MS)

    page.keyboard.press("e")
    page.keyboard.type(REASON)
    page.keyboard.press("Control+Enter")
    expect(root.locator("textarea")).to_have_value(REASON)
    item = press(page, "d", item)
    assert item[0] == second
    expect(root.locator("textarea")).to_have_value("")
    revision = last(live, first)
    assert (revision.act, revision.why, revision.curator) == ("settle", REASON, CURATOR)
    assert revision.spent_ms
    assert standing(live, first) == ("danger", "gold")

    item = press(page, "s", item)
    assert (item[0], standing(live, second)[1]) == (third, "disputed")
    item = press(page, "z", item)
    assert (item[0], standing(live, first)) == (first, ("normal", "disputed"))
    item = press(page, "n", item)
    assert (item[0], last(live, first).act, standing(live, first)) == (third, "settle", ("normal", "gold"))
    page.keyboard.press("d")
    until(lambda: standing(live, third) == ("danger", "gold"), "the third is settled")
    expect(root).to_have_count(0)
    assert settle.disputes(live.ws, "danger") == 1

    expect(page.get_by_role("button", name=ko("Undo the last decision"))).to_be_enabled()
    idle(page)
    page.keyboard.press("z")  # the button's own key, where there is nothing on the screen
    assert shown(page)[0] == third
    until(lambda: standing(live, third)[1] == "disputed", "the last settlement is taken back")
    annotations = live.ws.store.review.annotations(first)
    assert {annotation.curator for annotation in annotations} == {KIM.curator, LEE.curator, CURATOR}, (
        "what they said stays"
    )


def test_a_decision_that_came_too_late_is_told(live: Live, disputed: list[int], page: Page) -> None:
    go(page, live, "adjudicate", lang="en")
    item = shown(page)
    live.ws.store.review.decide(item[0], item[1], "somebody", now(), text="다시 들었습니다")
    again = press(page, "d", item)
    expect(component(page, "review").locator(".gw-error")).to_contain_text("Somebody was faster")
    assert again == (item[0], item[1] + 1)
    expect(main(page)).to_contain_text("다시 들었습니다")
    assert standing(live, item[0])[1] == "disputed"
