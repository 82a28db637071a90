"""Two curators in one queue, predictions shown only when allowed, and a server that is killed during an edit."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from live import CURATOR, Live, answered, close_popover, component, expect, go, leave, open_window, shown, until
from playwright.sync_api import Browser, Page, Response, Route
from store_data import sentences

from core.confidence import best_class
from core.records import Prediction, RunInfo, SnapshotInfo
from core.workflows.review import settle
from core.workflows.workspace import now

Item = tuple[int, int]
Sit = Callable[[str], Page]
OTHER = "이서연"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty sentences without a label, and a run with predictions for all of them."""
    folder = tmp_path_factory.mktemp("desk") / "workspace"
    store = Live(folder).ws.store
    ids = sentences(store, *(f"{n}번 집에 불이 났어요" for n in range(60)))
    store.ledger.add_snapshot(SnapshotInfo("s1", "danger", "ab" * 32, now(), {"n": 60}))
    store.ledger.put_run(RunInfo("r1", "danger-text", "ngram", "danger", "text", "s1", "done", now(), {}))
    codes = ("normal", "danger")
    store.ledger.put_predictions(
        [Prediction("r1", "danger", item, "pool", *best_class(codes, (0.125, 0.875))) for item in ids]
    )
    return folder


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Iterator[dict[str, Page]]:
    """The window of each curator, opened when the curator first sits down."""
    opened: dict[str, Page] = {}
    yield opened
    for window in opened.values():
        window.context.close()


@pytest.fixture
def sit(browser: Browser, windows: dict[str, Page], live: Live, page: Page) -> Iterator[Sit]:
    """Return a function that opens the Review page in a separate window for the named curator."""
    taken = []

    def down(name: str) -> Page:
        window = windows.get(name) or windows.setdefault(name, open_window(browser))
        taken.append(window)
        go(window, live, "review", lang="en")
        box = window.get_by_role("textbox", name="Curator", exact=True)
        with_another_desk(window, lambda: (box.fill(name), box.press("Enter")))
        expect(component(window, "desk")).to_have_attribute("data-curator", name)
        box.blur()
        return window

    yield down
    for window in taken:
        leave(window)


def with_another_desk(page: Page, act: Callable[[], object]) -> None:
    """Do an action that makes the page open another desk; wait for that desk's item."""
    shown(page)
    then = page.evaluate("() => performance.now()")
    act()
    page.wait_for_function("then => +gw('desk').dataset.paintedAt > then", arg=then)


def press(page: Page, key: str, item: Item) -> Item:
    """Press `key` on `item`; return the next item when it is painted."""
    page.keyboard.press(key)
    return shown(page, before=item)


def press_until_it_goes(page: Page, key: str, item: Item) -> None:
    """Repeat the key, as a curator does while the server is away, until the item is decided."""

    def went() -> bool:
        page.keyboard.press(key)
        answered(page)
        return page.evaluate("() => gw('desk').dataset.item") != str(item[0])

    until(went, "the decision is sent")


def edit(page: Page, more: str) -> str:
    """Type at the end of the text, leave the box, return the new text."""
    page.keyboard.press("e")
    page.keyboard.type(more)
    page.keyboard.press("Control+Enter")
    return component(page, "desk").locator("textarea").input_value()


def set_up(page: Page, *, overlap: bool = False, opinion: str = "") -> None:
    """Change one setting in the popover of settings."""
    page.get_by_role("button", name="Settings").click()
    if overlap:
        page.get_by_role("slider").focus()
        with_another_desk(page, lambda: page.keyboard.press("End"))
    if opinion:
        option = page.get_by_test_id("stPopoverBody").get_by_text(opinion, exact=True)
        with_another_desk(page, option.click)
    close_popover(page)
    expect(page.get_by_test_id("stPopoverBody")).to_be_hidden()


def collect_cards(page: Page) -> list[dict[str, Any]]:
    """Collect every card that the page receives from now on."""
    cards: list[dict[str, Any]] = []

    def note(response: Response) -> None:
        if response.url.endswith("/take"):
            cards.extend(response.json()["cards"])

    page.on("response", note)
    return cards


def standing(live: Live, item: int) -> tuple[str, str]:
    return live.ws.store.corpus.grades("utterance", "danger")[item]


def test_two_curators_at_one_queue_never_have_the_same_utterance(live: Live, page: Page, sit: Sit) -> None:
    seats = {name: sit(name) for name in ("김지우", OTHER)}
    here = {name: shown(seat) for name, seat in seats.items()}
    items_of: dict[str, list[int]] = {name: [] for name in seats}
    for _ in range(8):
        assert len({item for item, _ in here.values()}) == 2
        for name, seat in seats.items():
            items_of[name].append(here[name][0])
            here[name] = press(seat, "d" if name == OTHER else "n", here[name])
    assert len({*items_of["김지우"], *items_of[OTHER]}) == 16
    for name, code in (("김지우", "normal"), (OTHER, "danger")):
        for item in items_of[name]:
            (revision,) = live.ws.store.review.history(item)
            assert (revision.curator, standing(live, item)) == (name, (code, "gold"))


def test_the_second_of_two_answers_blind_and_what_differs_is_a_dispute(live: Live, page: Page, sit: Sit) -> None:
    first, second = sit("김지우"), sit(OTHER)
    set_up(first, overlap=True)
    item = shown(first)
    answered: list[int] = []
    for _ in range(2):
        answered.append(item[0])
        item = press(first, "d", item)
    cards = collect_cards(second)
    set_up(second, overlap=True)
    on_screen = shown(second)
    assert [on_screen[0], on_screen[1]] == [answered[0], 1], "what waits for a second answer comes first"
    given = {card["utterance"]["id"]: card for card in cards}
    assert [(given[answered_id]["labels"], given[answered_id]["blind"]) for answered_id in answered] == [
        ({}, ["danger"])
    ] * 2
    root = component(second, "desk")
    expect(root.locator("[aria-pressed=true]")).to_have_count(0)
    second.keyboard.press(";")
    expect(root.locator("[data-version-row]").first).to_contain_text("김지우")
    expect(root.locator(".gw-history")).not_to_contain_text("danger", ignore_case=True)
    second.keyboard.press(";")
    on_screen = press(second, "n", on_screen)
    assert on_screen[0] == answered[1]
    on_screen = press(second, "d", on_screen)
    assert on_screen[0] not in answered
    assert [standing(live, answered_id) for answered_id in answered] == [("danger", "disputed"), ("danger", "gold")]
    assert settle.disputes(live.ws, "danger") == 1
    go(page, live, "adjudicate", lang="en")
    assert shown(page)[0] == answered[0]


def test_an_edit_outlives_a_server_that_is_killed_under_it(live: Live, page: Page) -> None:
    go(page, live, "review", lang="en")
    item = shown(page)
    text = edit(page, " 지금")
    live.end(signal.SIGKILL)
    live.start()
    box = component(page, "desk").locator("textarea")
    assert box.input_value() == text
    press_until_it_goes(page, "d", item)
    assert (live.ws.store.corpus.utterance(item[0]).text, standing(live, item[0])) == (text, ("danger", "gold"))
    assert len(live.ws.store.review.history(item[0])) == item[1] + 1


def test_a_decision_whose_answer_died_with_the_server_is_no_conflict(live: Live, page: Page) -> None:
    go(page, live, "review", lang="en")
    item = shown(page)
    text = edit(page, " 빨리")
    root = component(page, "desk")

    def write_and_die(route: Route) -> None:
        assert route.fetch().ok
        live.end(signal.SIGKILL)
        route.abort()

    page.route("**/desk/*/decide", write_and_die)
    page.keyboard.press("d")
    expect(root.get_by_role("alert")).to_contain_text("nothing is lost")
    assert root.locator("textarea").input_value() == text
    page.unroute("**/desk/*/decide")
    (written,) = live.ws.store.review.history(item[0])
    live.start()
    press_until_it_goes(page, "d", item)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert live.ws.store.review.history(item[0]) == [written]
    assert (written.curator, written.after["text"]) == (CURATOR, text)


def test_an_undo_whose_answer_died_with_the_server_takes_back_no_second_decision(live: Live, page: Page) -> None:
    go(page, live, "review", lang="en")
    first = shown(page)
    second = press(page, "d", first)
    third = press(page, "d", second)

    def write_and_die(route: Route) -> None:
        assert route.fetch().ok
        live.end(signal.SIGKILL)
        route.abort()

    page.route("**/desk/*/undo", write_and_die)
    page.keyboard.press("z")
    expect(component(page, "desk").get_by_role("alert")).to_contain_text("nothing is lost")
    page.unroute("**/desk/*/undo")
    written = live.ws.store.review.history(second[0])
    assert [revision.act for revision in written] == ["review", "undo"]
    live.start()
    press_until_it_goes(page, "z", third)
    assert shown(page) == (second[0], 2)
    assert live.ws.store.review.history(second[0]) == written
    assert standing(live, first[0]) == ("danger", "gold")
    assert press(page, "z", (second[0], 2)) == (first[0], 2), "the next one goes on from there"


def test_another_desk_shows_nothing_until_its_cards_have_come(live: Live, page: Page) -> None:
    go(page, live, "review", lang="en")
    shown(page)
    root = component(page, "desk")
    waiting: list[Route] = []
    requests: list[str] = []
    before = live.ws.store.review.newest_ids()
    page.route("**/desk/*/take", lambda route: waiting.append(route))
    box = page.get_by_role("textbox", name="Curator", exact=True)
    box.fill(OTHER)
    with page.expect_request("**/desk/*/take"):
        box.press("Enter")
    page.on("request", lambda request: requests.append(request.url.rpartition("/")[2]))
    expect(root).to_have_attribute("data-curator", OTHER)
    for name in ("item", "version", "painted-at", "locked"):
        expect(root).to_have_attribute(f"data-{name}", "")
    box.blur()
    page.keyboard.press("d")  # returns when the page has handled it
    assert waiting
    for route in waiting:
        route.continue_()
    page.unroute("**/desk/*/take")
    item = shown(page)  # whatever the key had sent would have been answered before
    assert "decide" not in requests
    assert live.ws.store.review.newest_ids() == before
    press(page, "d", item)
    assert "decide" in requests


def test_the_models_opinion_is_told_when_the_setting_says_so(live: Live, page: Page) -> None:
    cards = collect_cards(page)
    go(page, live, "review", lang="en")
    item = shown(page)
    root = component(page, "desk")
    opinion, last = root.locator(".gw-opinion"), root.locator(".gw-last")
    item = press(page, "n", item)
    expect(opinion).to_be_hidden()
    expect(last).to_be_empty()

    set_up(page, opinion="after the decision")
    item = shown(page)
    expect(opinion).to_be_hidden()
    assert cards
    assert all(card["opinions"] == [] for card in cards), "what is not to be seen is not sent"
    item = press(page, "n", item)
    expect(opinion).to_be_hidden()
    expect(last).to_contain_text("88% (r1)")
    expect(last).to_contain_text("Danger", ignore_case=True)

    set_up(page, opinion="shown")
    item = shown(page)
    expect(opinion).to_contain_text("88% (r1)")
    press(page, "d", item)
    expect(opinion).to_be_visible()
    expect(last).to_be_empty()
