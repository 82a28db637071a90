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
    return any(str(kept.get("name")).startswith(cookie) for kept in page.context.cookies())


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

    def box() -> Locator:
        go(page, live, "schemes", scheme="danger")
        switch = page.get_by_text(ko("Edit the guidelines"), exact=True)
        opened(page, switch, "Guidelines").click()
        return page.get_by_role("textbox", name=ko("How to decide (Markdown)"))

    first = box()
    first.fill("")
    first.press_sequentially("불이 보이면 위험")
    again = box()
    expect(again).to_have_value("불이 보이면 위험")
    again.press("Control+Enter")
    page.get_by_role("button", name=ko("Save the guidelines")).click()
    page.wait_for_function("() => !Object.keys(localStorage).some(key => key.startsWith('gwidama.draft'))")
    go(page, live, "schemes", scheme="danger")
    expect(page.get_by_text("불이 보이면 위험", exact=True)).to_be_attached()


def opened(page: Page, box: Locator, *titles: str) -> Locator:
    """Open the folded parts of the page that hide a box; return the box."""
    idle(page)
    for title in titles:
        part = page.locator("details").filter(has=page.locator("summary", has_text=ko(title)))
        if part.get_attribute("open") is None:
            part.locator("summary").click()
    expect(box).to_be_visible()
    return box


# Whether the browser keeps a draft with this text.
KEPT = """text => Object.entries(localStorage).some(([key, value]) => key.startsWith('gwidama.draft.')
  && Object.values(JSON.parse(value).fields).includes(text))"""


def survives(page: Page, box: Callable[[], Locator], text: str) -> None:
    """Type without leaving the box; then what was typed stands there after a reload, and each time one comes back."""
    box().fill(text)
    page.wait_for_function(KEPT, arg=text)  # nobody types and reloads before the page's scripts are there
    page.reload()
    expect(box()).to_have_value(text)
    for _ in range(2):
        page.get_by_role("link", name=ko("Progress"), exact=True).click()
        page.wait_for_url(re.compile("/progress"))
        idle(page)
        page.go_back()
        expect(page.get_by_test_id("stHeading").first).to_be_visible()
        expect(box()).to_have_value(text)


def test_a_conversation_to_be_judged_survives(live: Live, page: Page) -> None:
    def box() -> Locator:
        idle(page)
        page.get_by_role("tab", name=ko("Sentence")).click()
        field = page.get_by_label(ko("A typed or pasted conversation, one line an utterance"))
        if not field.is_visible():
            page.get_by_test_id("stCheckbox").filter(has_text=ko("Several lines")).locator("label").click()
        return field

    go(page, live, "predict")
    survives(page, box, "여보세요\n3층에 불이 났어요")


def test_the_settings_of_a_cleaning_plan_and_the_sentence_to_try_survive(live: Live, page: Page) -> None:
    sit(live, page)
    go(page, live, "clean")
    words, sentence = page.locator("textarea").first, page.get_by_label(ko("Try the plan on a sentence"))
    survives(page, lambda: opened(page, words, "Change the plan"), "어\n음\n그니까 뭐랄까")
    opened(page, sentence, "Change the plan").fill("음 그니까 불이 났어요")
    page.reload()
    expect(opened(page, sentence, "Change the plan")).to_have_value("음 그니까 불이 났어요")
    expect(words).to_have_value("어\n음\n그니까 뭐랄까")


def test_a_new_scheme_survives_until_it_is_added(live: Live, page: Page) -> None:
    sit(live, page)
    go(page, live, "schemes")
    title = page.get_by_label(ko("Korean title"), exact=True).last
    survives(page, lambda: opened(page, title, "A new scheme"), "신고자가 있는 곳의 종류")


def test_the_prompt_of_a_language_model_survives_until_it_is_saved(live: Live, page: Page) -> None:
    sit(live, page)
    field = page.get_by_label(ko("Rule for every request"))

    def box() -> Locator:
        idle(page)
        if not page.locator("summary").filter(has_text=ko("Prompt")).count():
            page.get_by_role("combobox", name=ko("Operation"), exact=True).click()
            page.get_by_role("option", name=ko("Language model"), exact=True).click()
            page.keyboard.press("Escape")
        return opened(page, field, "Prompt")

    go(page, live, "augment")
    survives(page, box, "짧고 다급한 신고 전화처럼 쓴다")
    page.keyboard.press("Tab")
    page.get_by_role("button", name=ko("Save the prompt")).click()
    expect(page.get_by_text(ko("The prompt is saved."))).to_be_visible()
    until(lambda: drafts_in(page) == [], "the draft is gone")


def drafts_in(page: Page) -> list[str]:
    keys: list[str] = page.evaluate("() => Object.keys(localStorage).filter(key => key.startsWith('gwidama.draft'))")
    return keys


def test_choices_of_an_import_survive_while_they_are_typed(live: Live, page: Page) -> None:
    table = live.home / "inbox" / "현장.csv"
    table.parent.mkdir(exist_ok=True)
    table.write_text("문장\n불이 났어요\n", encoding="utf-8")
    go(page, live, "import_data", **{"from": "server", "root": "inbox"})
    survives(page, lambda: page.get_by_label(ko("Licence")), "연구에만 쓰고 다시 나누지 않는다")


def test_another_person_in_one_browser_sees_no_draft_and_an_emptied_name_is_forgotten(live: Live, page: Page) -> None:
    item = sit(live, page)
    root = component(page, "desk")
    page.keyboard.press("/")
    root.locator("input.gw-line").fill("김지우의 메모")
    until(lambda: remembered(page), "the browser remembers the name")
    page.reload()
    assert shown(page) == item
    expect(root.locator("input.gw-line")).to_have_value("김지우의 메모")
    name = page.get_by_label(ko("Curator"), exact=True)
    with_another_desk(page, lambda: (name.fill("이서연"), name.press("Enter")))
    shown(page)
    expect(root.locator("input.gw-line")).to_be_hidden()
    until(lambda: remembered(page), "the browser remembers the name")
    name.fill("")
    name.press("Enter")
    expect(page.get_by_text(ko("Who is at work?"))).to_be_visible()
    until(lambda: not remembered(page), "the browser forgets the name")
    page.reload()
    expect(page.get_by_text(ko("Who is at work?"))).to_be_visible()
    answer_name(page, "김지우")
    until(lambda: shown(page) == item, "the card waits for who began it")
    expect(root.locator("input.gw-line")).to_have_value("김지우의 메모")


def test_a_held_key_does_not_answer_the_question_that_it_opened(live: Live, page: Page) -> None:
    sit(live, page)
    go(page, live, "review", many="true")
    takes_keys(page)
    root = component(page, "desk")
    cells = root.locator(".gw-cell")
    for index in range(cells.count()):
        cells.nth(index).scroll_into_view_if_needed()
        expect(cells.nth(index)).to_have_attribute("data-seen", "true")
    takes_keys(page)
    before = live.ws.store.review.decided("김지우")
    page.keyboard.press("Shift+N")
    page.keyboard.down("Enter")
    for _ in range(8):
        page.keyboard.down("Enter")  # as the keyboard repeats a held key
        frame(page)
    page.keyboard.up("Enter")
    expect(root.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(root.get_by_role("dialog")).to_have_count(0)
    assert live.ws.store.review.decided("김지우") == before
