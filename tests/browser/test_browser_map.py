"""The Map page in Chromium: a job makes the map, points are picked and selected by key and mouse, and opened and back.

The workspace has texts only, one of them hostile: looking at a point shows it as plain text. The walk of the selection
goes to Review and back, to the corpus, and through one bulk label that is taken back.
"""

import re
from pathlib import Path

import pytest
from live import Live, choose, close_popover, component, expect, go, idle, ko, main, pick_row, until
from playwright.sync_api import Locator, Page, Route

from core.records import NewUtterance
from core.workflows.corpus import browse
from core.workflows.map import making

AT = "2026-01-01T00:00:00+00:00"
HOSTILE = "![x](http://evil.example/a.png) <img src=x onerror=alert(1)> 불이 났어요"
TEXTS = (
    HOSTILE,
    "집에 불이 났어요",
    "우리 집에 불이 났어요 빨리요",
    "점심은 김치찌개",
    "점심에 김치찌개 먹자",
    "오늘 점심은 뭐야",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("map") / "workspace"


@pytest.fixture(scope="module")
def mapped(live: Live) -> Live:
    source = live.ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    live.ws.store.corpus.add_sentences(source, [NewUtterance(f"k{n}", t, f"k{n}") for n, t in enumerate(TEXTS)], AT)
    return live


def ids(live: Live) -> list[int]:
    return [utterance.id for utterance in live.ws.store.corpus.utterances(range(1, len(TEXTS) + 1))]


def labels(live: Live) -> list[str | None]:
    return [utterance.labels.get("danger") for utterance in browse.utterances(live.ws, ids(live))]


def drawn(page: Page) -> Locator:
    """Return the root of the map once its points are on the screen."""
    root = component(page, "map")
    expect(root).to_have_attribute("data-ready", str(len(TEXTS)))
    return root


def made(live: Live) -> None:
    """Make the map, if no test has done so before."""
    if making.find(live.ws, "hashed-ngram", "pca") is None:
        making.make(live.ws)


def press(page: Page, message: str, **values: object) -> None:
    idle(page)
    page.get_by_role("button", name=ko(message, **values), exact=True).click()


def selected(page: Page, root: Locator, n: int) -> None:
    """Wait until the map and the page agree that `n` points are selected."""
    expect(root).to_have_attribute("data-selected", str(n))
    expect(main(page).get_by_role("heading", name=ko("Selected: {n}", n=n), exact=True)).to_be_visible()


def test_a_map_is_made_and_a_point_is_picked_by_key(mapped: Live, page: Page) -> None:
    go(page, mapped, "map")
    press(page, "Make this map")
    until(lambda: making.find(mapped.ws, "hashed-ngram", "pca"), "the worker has made the map")
    root = drawn(page)
    plane = root.locator(".gw-map-plane")
    plane.focus()
    seen = set()
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
        expect(root.locator(".gw-map-tip")).to_be_visible()
        seen.add(root.locator(".gw-map-tip p").first.inner_text())
    assert seen <= set(TEXTS), "as plain text"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"point=\d"))
    expect(page.get_by_test_id("stText").first).to_have_text(root.locator(".gw-map-tip p").first.inner_text())
    picked = page.url.partition("point=")[2].partition("&")[0]
    assert int(picked) in ids(mapped)
    page.reload()
    drawn(page)
    expect(main(page).get_by_role("heading", name=ko("Nearest neighbours"))).to_be_visible()
    assert f"point={picked}" in page.url
    page.get_by_role("link", name=ko("Open in Review")).first.click()
    expect(component(page, "desk")).to_have_attribute("data-item", picked)


def test_a_selection_goes_to_review_and_back_and_gets_one_label_that_is_taken_back(mapped: Live, page: Page) -> None:
    made(mapped)
    go(page, mapped, "map")
    root = drawn(page)
    box = root.locator(".gw-map-plane").bounding_box()
    assert box is not None
    press(page, "Select in a box")
    page.mouse.move(box["x"] + 12, box["y"] + 12)  # its corners are round
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.mouse.move(box["x"] + box["width"] - 12, box["y"] + box["height"] - 12)
    page.mouse.up()
    selected(page, root, len(TEXTS))
    root.locator(".gw-map-plane").focus()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 22, box["y"] + 27)
    page.mouse.up()
    expect(root.locator(".gw-map-said")).to_have_text(ko("There is no point in it. What was selected stays."))
    selected(page, root, len(TEXTS))
    root.locator(".gw-map-plane").focus()
    page.keyboard.press("Escape")
    selected(page, root, 0)
    page.keyboard.press("v")  # all of them are in sight
    selected(page, root, len(TEXTS))

    expect(main(page)).to_contain_text(ko("Pick a row to hear it and to see its neighbours."))
    expect(page.get_by_test_id("stDataFrame")).to_have_count(1)
    idle(page)
    pick_row(page, 3)
    expect(page).to_have_url(re.compile(rf"point={ids(mapped)[2]}\b"))
    expect(main(page).get_by_test_id("stText").first).to_have_text(TEXTS[2])

    page.locator(".st-key-map_review button").click()
    expect(component(page, "desk")).not_to_have_attribute("data-item", "")
    page.get_by_role("link", name=ko("Go back")).click()
    expect(drawn(page)).to_have_attribute("data-selected", str(len(TEXTS)))  # nothing that was selected is lost

    press(page, "Label or tag")
    choose(page, ko("Class"), "위험")
    press(page, "Go on")
    expect(page.get_by_text(f"발화 {len(TEXTS)}개", exact=False).last).to_be_visible()
    assert labels(mapped) == [None] * len(TEXTS), "nothing before the answer"
    press(page, "Yes, change {n}", n=len(TEXTS))
    until(lambda: labels(mapped) == ["danger"] * len(TEXTS), "all have the label")
    close_popover(page)
    page.locator(".st-key-bulk_undo button").click()
    until(lambda: labels(mapped) == [None] * len(TEXTS), "one button takes all of it back")

    idle(page)
    page.locator(".st-key-map_corpus button").click()
    expect(page).to_have_url(re.compile(r"/corpus\?.*listed="))
    expect(main(page)).to_contain_text(ko("Utterances: **{n}**", n=len(TEXTS)))


def held(page: Page) -> list[Route]:
    """Hold back the points that the server gives; each request waits in the list that is returned."""
    waiting: list[Route] = []
    page.route("**/map/points/*", lambda route: waiting.append(route))
    return waiting


def test_points_are_neutral_until_those_of_the_new_colouring_are_there(mapped: Live, page: Page) -> None:
    made(mapped)
    go(page, mapped, "map")
    root = drawn(page)
    waiting = held(page)
    choose(page, ko("Coloured by"), ko("Source"))
    expect(root).to_have_attribute("data-ready", "")
    expect(root.locator(".gw-map-title")).to_have_text(["s"])  # the new legend is there before its points
    expect(root.locator(".gw-map-take")).to_be_disabled()
    expect(root.locator(".gw-map-category")).to_be_disabled()
    expect(root.locator(".gw-map-plane")).to_have_attribute("aria-busy", "true")
    expect(root.locator(".gw-map-state")).to_contain_text(ko("The points are being loaded…"))
    root.locator(".gw-map-plane").focus()
    page.keyboard.press("v")
    expect(root).to_have_attribute("data-selected", "0")  # nothing is selected by colours that nobody sees
    waiting[0].continue_()
    drawn(page)
    expect(root.locator(".gw-map-state")).to_be_hidden()
    root.locator(".gw-map-take").click()
    selected(page, root, len(TEXTS))


def test_points_that_do_not_come_are_asked_for_again_and_the_page_says_so(mapped: Live, page: Page) -> None:
    made(mapped)
    asked = []

    def away(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=503)

    page.route("**/map/points/*", away)
    go(page, mapped, "map")
    root = component(page, "map")
    expect(root).to_have_attribute("data-state", "failed")
    assert len(asked) > 1, "by itself"
    expect(root.locator(".gw-map-state")).to_contain_text(ko("The points could not be loaded."))
    expect(root.locator(".gw-map-said")).to_have_text(ko("The points could not be loaded."))  # also aloud
    page.unroute("**/map/points/*")
    root.get_by_role("button", name=ko("Try again"), exact=True).click()
    drawn(page)
    expect(root.locator(".gw-map-plane")).to_be_focused()


def test_points_that_made_room_for_others_come_back_by_themselves(mapped: Live, page: Page) -> None:
    made(mapped)
    gone = []

    def once(route: Route) -> None:
        gone.append(route.request.url)
        if len(gone) == 1:
            route.fulfill(status=404)
        else:
            route.continue_()

    page.route("**/map/points/*", once)
    go(page, mapped, "map")
    drawn(page)
    assert gone == [gone[0]] * 2


def test_points_are_selected_one_by_one_and_in_a_box_by_key(mapped: Live, page: Page) -> None:
    made(mapped)
    go(page, mapped, "map")
    root = drawn(page)
    plane = root.locator(".gw-map-plane")
    plane.focus()
    assert plane.evaluate("node => parseFloat(getComputedStyle(node).outlineWidth)") >= 2, "one sees where the keys go"

    def step() -> None:
        """Go to another point: there is one at least on one of the sides."""
        tip = root.locator(".gw-map-tip")
        for key in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"):
            before = tip.inner_text() if tip.is_visible() else ""
            page.keyboard.press(key)
            expect(tip).to_be_visible()
            if tip.inner_text() != before:
                return
        raise AssertionError("no point on any side")

    step()
    page.keyboard.press("Space")
    selected(page, root, 1)
    expect(root.locator(".gw-map-said")).to_have_text(ko("Selected: {n}", n=1))
    plane.focus()
    step()
    page.keyboard.press("Space")
    selected(page, root, 2)
    plane.focus()
    page.keyboard.press("Space")
    selected(page, root, 1)
    plane.focus()
    page.keyboard.press("b")
    expect(root.locator(".gw-map-said")).to_contain_text("B")
    page.keyboard.press("Escape")  # takes the box back, and leaves the selection
    expect(root).to_have_attribute("data-selected", "1")
    page.keyboard.press("b")
    step()
    page.keyboard.press("b")
    expect(root).not_to_have_attribute("data-selected", "1")
    assert int(root.get_attribute("data-selected") or 0) >= 2, "both corners are in the box"


def test_the_page_works_on_a_phone(mapped: Live, page: Page) -> None:
    made(mapped)
    page.set_viewport_size({"width": 390, "height": 844})
    go(page, mapped, "map")
    root = drawn(page)
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0, "nothing is cut off at the side"
    for tool in root.locator("button:visible").all():
        box = tool.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390, tool.inner_text()
