"""Nothing is lost and nothing happens by accident: names, drafts, focus, held keys, tabs, language."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live import Live, component, expect, frame, go, idle, ko, leave, open_window, shown, takes_keys, until
from playwright.sync_api import Browser, Locator, Page
from store_data import sentences

from core.workflows.review import desk
from core.workflows.review.desk import Desk

DRAFT, COMMENT = "3층에 불이 났어요 지금", "바람 소리가 크다"


class Nameless(Live):
    """A server that nobody gave a curator's name."""

    def environment(self) -> dict[str, str]:
        return {name: value for name, value in super().environment().items() if name != "GWIDAMA_CURATOR"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lost") / "workspace"
    sentences(Live(folder).ws.store, *(f"{n}번 집에 불이 났어요" for n in range(60)))
    return folder


@pytest.fixture(scope="module")
def live(home: Path) -> Iterator[Live]:
    server = Nameless(home)
    server.start()
    yield server
    server.end()


@pytest.fixture(scope="module")
def other(browser: Browser) -> Iterator[Page]:
    """A second browser."""
    opened = open_window(browser)
    yield opened
    opened.context.close()


def answer_name(page: Page, name: str) -> None:
    page.get_by_role("textbox", name=ko("Your name"), exact=True).fill(name)
    page.get_by_role("button", name=ko("Begin")).click()
    component(page, "desk")


def remembered(page: Page, cookie: str = "gwidama_name") -> bool:
    return cookie in {str(kept.get("name")) for kept in page.context.cookies()}


def sit(live: Live, page: Page, name: str = "김지우") -> tuple[int, int]:
    """Open the Review page under a name; return the utterance on the screen."""
    go(page, live, "review")
    if not page.locator(".gw-desk").count():
        answer_name(page, name)
    return shown(page)


def with_another_desk(page: Page, act: Callable[[], object]) -> None:
    """Do an action that makes the page open another desk; wait for that desk's item."""
    shown(page)
    then = page.evaluate("() => performance.now()")
    act()
    page.wait_for_function("then => +gw('desk').dataset.paintedAt > then", arg=then)


def test_the_name_is_asked_before_the_first_decision_remembered_and_no_card_is_shared(
    live: Live, page: Page, other: Page
) -> None:
    go(page, live, "review")
    expect(page.get_by_text(ko("Who is at work?"))).to_be_visible()
    expect(page.locator(".gw-desk")).to_have_count(0)
    answer_name(page, "김지우")
    mine = shown(page)
    until(lambda: remembered(page), "the browser remembers the name")
    assert sit(live, other, "이서연")[0] != mine[0]
    with page.context.expect_page() as opened:
        page.evaluate("address => window.open(address)", f"{live.address}/review")
    tab = opened.value
    expect(component(tab, "desk")).to_have_attribute("data-curator", "김지우")
    in_tab = shown(tab)
    assert len({mine[0], in_tab[0], shown(other)[0]}) == 3, "two tabs under one name have different cards, too"
    tab.keyboard.press("d")
    shown(tab, before=in_tab)
    (revision,) = live.ws.store.review.history(in_tab[0])
    assert revision.curator == "김지우"
    tab.close()
    leave(other)


def test_what_was_typed_survives_reload_back_and_the_menu(live: Live, page: Page) -> None:
    item = sit(live, page)
    root = component(page, "desk")
    box, comment = root.locator("textarea"), root.locator("input.gw-line")
    page.keyboard.press("e")
    box.fill(DRAFT)
    page.keyboard.press("Control+Enter")
    page.keyboard.press("/")
    comment.fill(COMMENT)

    def is_there() -> None:
        assert shown(page) == item
        expect(root.locator("textarea")).to_have_value(DRAFT)
        expect(root.locator("input.gw-line")).to_have_value(COMMENT)

    page.reload()
    is_there()
    page.get_by_role("link", name=ko("Corpus"), exact=True).click()
    expect(page.locator(".gw-desk")).to_have_count(0)
    idle(page)
    page.go_back()
    is_there()
    desk.decide(live.ws, Desk("이서연", ("danger",)), item[0], item[1], {}, text="남이 고친 말")
    page.reload()
    now_shown = shown(page)
    assert now_shown == (item[0], item[1] + 1)
    expect(root.locator("textarea")).to_have_value("남이 고친 말")
    expect(root.locator(".gw-older")).to_contain_text(DRAFT)
    root.locator("[data-draft=take]").click()
    expect(root.locator("textarea")).to_have_value(DRAFT)
    page.keyboard.press("d")
    shown(page, before=now_shown)
    written = live.ws.store.corpus.utterance(item[0])
    assert (written.text, written.labels) == (DRAFT, {"danger": "danger"})
    assert page.evaluate("() => Object.keys(localStorage).filter(key => key.startsWith('gwidama.draft'))") == []


def test_a_control_gives_the_keys_back_and_a_held_key_decides_once(live: Live, page: Page) -> None:
    sit(live, page)
    page.get_by_role("combobox", name=ko("Queue"), exact=True).click()
    option = page.get_by_role("option", name=ko("All"), exact=True)
    with_another_desk(page, option.click)
    item = shown(page)
    page.keyboard.press("d")  # no click into the card before it
    item = shown(page, before=item)
    page.get_by_role("button", name=ko("Settings")).click()
    with_another_desk(page, page.get_by_test_id("stPopoverBody").locator("[data-testid=stCheckbox] label").click)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stPopoverBody")).to_be_hidden()
    item = shown(page)
    decided = live.ws.store.review.decided("김지우")
    page.keyboard.down("d")
    for _ in range(8):
        page.keyboard.down("d")  # as the keyboard repeats a held key
        frame(page)
    page.keyboard.up("d")
    shown(page, before=item)
    for _ in range(5):
        frame(page)
    assert live.ws.store.review.decided("김지우") == decided + 1


def test_the_language_is_remembered_and_stands_in_every_address(live: Live, page: Page) -> None:
    page.goto(f"{live.address}/corpus")
    idle(page)
    page.get_by_text("English", exact=True).click()
    expect(page.get_by_role("heading", name="Corpus")).to_be_visible()
    until(lambda: remembered(page, "gwidama_lang"), "the browser remembers the language")
    page.get_by_role("link", name="Schemes", exact=True).click()
    expect(page).to_have_url(re.compile("/schemes[?]lang=en"))
    page.goto(f"{live.address}/corpus")
    expect(page.get_by_role("heading", name="Corpus")).to_be_visible()


def test_a_page_of_many_has_no_class_until_it_is_chosen_and_is_taken_back_as_one(live: Live, page: Page) -> None:
    sit(live, page)
    go(page, live, "review", many="true")
    takes_keys(page)
    root = component(page, "desk")
    cells = root.locator(".gw-cell")
    expect(cells).to_have_count(20)
    expect(root.locator("[aria-pressed=true]")).to_have_count(0)
    for index in range(20):
        cells.nth(index).scroll_into_view_if_needed()
        expect(cells.nth(index)).to_have_attribute("data-seen", "true")
    takes_keys(page)
    before = live.ws.store.review.decided("김지우")
    page.keyboard.press("Enter")
    expect(root.get_by_role("status")).to_contain_text(ko("First choose the class of the rest: Shift and its key."))
    page.keyboard.press("Shift+N")
    page.keyboard.press("Enter")
    expect(root.get_by_role("dialog")).to_contain_text("20")
    assert live.ws.store.review.decided("김지우") == before
    page.keyboard.press("Enter")
    until(lambda: live.ws.store.review.decided("김지우") == before + 20, "the page is saved")
    takes_keys(page)
    page.keyboard.press("z")
    until(lambda: live.ws.store.review.decided("김지우") == before, "one Z takes all of it back")


def test_the_guidelines_of_a_scheme_survive_a_reload_until_they_are_saved(live: Live, page: Page) -> None:
    sit(live, page)

    def opened() -> Locator:
        go(page, live, "schemes", scheme="danger")
        page.get_by_text(ko("Guidelines"), exact=True).click()
        page.get_by_text(ko("Edit the guidelines"), exact=True).click()
        return page.get_by_role("textbox", name=ko("How to decide (Markdown)"))

    opened().press_sequentially("불이 보이면 위험")
    box = opened()
    expect(box).to_have_value("불이 보이면 위험")
    box.press("Control+Enter")
    page.get_by_role("button", name=ko("Save the guidelines")).click()
    page.wait_for_function("() => !Object.keys(localStorage).some(key => key.startsWith('gwidama.draft'))")
    go(page, live, "schemes", scheme="danger")
    expect(page.get_by_text("불이 보이면 위험", exact=True)).to_be_attached()
