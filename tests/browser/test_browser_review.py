"""Review by keyboard on the real page: no decision is lost, and no unseen item is decided."""

import signal
from typing import Any

import pytest
from live import (
    CURATOR,
    PATIENCE_MS,
    WATCH,
    Live,
    answered,
    component,
    expect,
    frame,
    go,
    shown,
    takes_keys,
    until,
)
from playwright.sync_api import Page, Route

from core.records import Utterance
from core.workflows.review import desk
from core.workflows.review.desk import Desk

Item = tuple[int, int]
SOMEBODY = Desk("somebody", ("danger",))


def decide(page: Page, key: str, item: Item) -> Item:
    """Press `key` on `item`; return the next item when it is painted."""
    page.keyboard.press(key)
    return shown(page, before=item)


def codes(live: Live, items: list[int]) -> list[str | None]:
    return [utterance.labels.get("danger") for utterance in live.ws.store.corpus.utterances(items)]


def utterance(live: Live, item: int) -> Utterance:
    return live.ws.store.corpus.utterance(item)


def data(page: Page, name: str) -> str:
    return str(page.evaluate("name => gw('desk').dataset[name] ?? ''", name))


def wait_for_sound(page: Page) -> None:
    """Wait until the sound of the item on the screen is loaded."""
    page.wait_for_function("() => gw('desk').dataset.audioReadyAt", timeout=PATIENCE_MS)


def fresh(page: Page, live: Live, **query: str) -> Item:
    """Open the review page in English; wait until the first item accepts keys."""
    go(page, live, "review", lang="en", **query)
    return shown(page)


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
    until(lambda: codes(live, list(decided)) == list(decided.values()), "all ten are on disk")
    live.end()
    live.start()

    assert codes(live, list(decided)) == list(decided.values())
    history = live.ws.store.review.history(undone)
    assert [(revision.act, revision.curator) for revision in history] == [
        ("review", CURATOR),
        ("undo", CURATOR),
        ("review", CURATOR),
    ]
    assert all(revision.spent_ms and revision.spent_ms >= 120 for revision in history if revision.undoes is None)
    assert fresh(page, live)[0] not in decided


def test_a_whole_session_by_keyboard_alone(live: Live, page: Page) -> None:
    """Speed, moved ends, corrected text, comment, flag, label and skip by keyboard: all of them are stored."""
    first = fresh(page, live)
    wait_for_sound(page)
    root = component(page, "desk")
    before = utterance(live, first[0])
    assert before.start_ms is not None
    assert before.end_ms is not None
    for key in (".", ".", "\\", "\\", "'", " "):
        page.keyboard.press(key)
    expect(root.locator(".gw-zoom-level")).to_have_text("×1.5")
    expect(root).to_have_attribute("data-playing", "true")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    moved = (before.start_ms + 100, before.end_ms - 50)
    expect(root).to_have_attribute("data-span", f"{moved[0]}-{moved[1]}")
    width = root.locator(".gw-outside-left").evaluate("node => node.getBoundingClientRect().width")
    page.keyboard.press("Backspace")
    expect(root).to_have_attribute("data-span", f"{before.start_ms}-{before.end_ms}")
    assert root.locator(".gw-outside-left").evaluate("node => node.getBoundingClientRect().width") < width
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    page.keyboard.press("e")
    page.keyboard.press("End")
    page.keyboard.type(" 지금")
    expect(root.locator("ins")).to_have_text("지금")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("/")
    page.keyboard.type("바람 소리가 크다")
    page.keyboard.press("Enter")
    expect(root.locator(".gw-remarks")).to_contain_text("바람 소리가 크다")
    page.keyboard.press("`")
    expect(root).to_have_attribute("data-flagged", "true")
    second = decide(page, "d", first)
    after = utterance(live, first[0])
    assert (after.start_ms, after.end_ms, after.text) == (*moved, f"{before.text} 지금")
    assert after.labels["danger"] == "danger"
    (revision,) = live.ws.store.review.history(first[0])
    assert revision.before["start_ms"] == before.start_ms
    assert {row["kind"]: row["text"] for row in desk.history(live.ws, first[0]) if row["what"] == "remark"} == {
        "comment": "바람 소리가 크다", "flag": "",
    }  # fmt: skip

    page.keyboard.press("s")
    expect(page.get_by_role("dialog", name="Why is it skipped?")).to_be_visible()
    page.keyboard.press("d")  # no label while the menu is open
    page.keyboard.press("1")
    third = shown(page, before=second)
    assert utterance(live, second[0]).skipped
    assert live.ws.store.review.history(second[0])[0].why == "inaudible"
    page.keyboard.press("s")
    page.keyboard.press("6")
    page.keyboard.type("말이 없다")
    page.keyboard.press("Enter")
    fourth = shown(page, before=third)
    assert live.ws.store.review.history(third[0])[0].why == "말이 없다"

    here = fourth  # and all the way back
    for item in (third, second, first):
        here = decide(page, "z", here)
        assert here == (item[0], 2)
    back = utterance(live, first[0])
    assert (back.start_ms, back.end_ms, back.text, back.labels.get("danger")) == (
        before.start_ms, before.end_ms, before.text, None,
    )  # fmt: skip
    assert not utterance(live, second[0]).skipped


def test_the_keys_are_all_listed(live: Live, page: Page) -> None:
    item = fresh(page, live)
    root = component(page, "desk")
    for key in ("Shift+Slash", "F1"):
        page.keyboard.press(key)
        dialog = page.get_by_role("dialog", name="All keys")
        expect(dialog).to_be_visible()
        listed = set(dialog.locator("kbd").all_text_contents())
        keys = "nodes => nodes.map(node => node.getAttribute('aria-keyshortcuts'))"
        shown_keys = set(root.locator("[aria-keyshortcuts]").evaluate_all(keys))
        listed_keys = {shown_key.lower() for entry in listed for shown_key in entry.split()} | {
            shown_key.lower() for shown_key in listed
        }
        assert {shown_key.lower() for shown_key in shown_keys} - listed_keys == set()
        page.keyboard.press("d")  # decides nothing while the list is open
        page.keyboard.press(key)
        expect(dialog).to_be_hidden()
    root.locator("[data-command=help]").click()
    expect(page.get_by_role("dialog", name="All keys")).to_be_visible()
    page.keyboard.press("Escape")
    assert shown(page) == item
    assert codes(live, [item[0]]) == [None]


# Presses the keys one after another in a single turn of the page, each where the focus is: no event of the browser can
# come between. How many dialogs of the desk are in the document after each.
AT_ONCE = """(keys) => keys.map((key) => {
  let node = document.activeElement;
  while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
  const [code, shiftKey] = [key.replace("Shift+", ""), key.startsWith("Shift+")];
  node.dispatchEvent(new KeyboardEvent("keydown", {code, shiftKey, bubbles: true, composed: true, cancelable: true}));
  return gw("desk").querySelectorAll("dialog").length;
})"""


def test_the_key_after_a_closed_dialog_is_not_lost(live: Live, page: Page) -> None:
    item = fresh(page, live)
    keys = ["Shift+Slash", "Shift+Slash", "F1", "F1", "Shift+Slash", "Escape", "KeyS", "Escape", "F1", "F1", "KeyS"]
    assert page.evaluate(AT_ONCE, keys) == [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]
    assert page.evaluate(AT_ONCE, ["Escape", "KeyD"]) == [0, 0]
    second = shown(page, before=item)
    assert codes(live, [item[0]]) == ["danger"]
    assert page.evaluate(AT_ONCE, ["KeyS", "Digit1", "F1"]) == [1, 0, 1]
    page.keyboard.press("Escape")
    shown(page, before=second)
    assert utterance(live, second[0]).skipped


def test_a_key_beside_an_open_dialog_decides_nothing(live: Live, page: Page) -> None:
    """A click on the dialog's title moves the focus to the page."""
    item = fresh(page, live)
    page.keyboard.press("s")
    dialog = page.get_by_role("dialog", name="Why is it skipped?")
    dialog.get_by_role("heading").click()
    page.keyboard.press("d")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert shown(page) == item
    assert codes(live, [item[0]]) == [None]


def test_the_key_after_a_comment_is_not_typed_into_its_box(live: Live, page: Page) -> None:
    item = fresh(page, live)
    page.keyboard.press("/")
    page.keyboard.type("바람 소리")
    assert page.evaluate(AT_ONCE, ["Enter", "KeyD"]) == [0, 0]
    shown(page, before=item)
    assert codes(live, [item[0]]) == ["danger"]
    until(lambda: any(row["what"] == "remark" for row in desk.history(live.ws, item[0])), "the comment is kept")


def test_a_stale_edit_is_refused_with_both_versions(live: Live, page: Page) -> None:
    item = fresh(page, live)
    root = component(page, "desk")
    page.keyboard.press("e")
    page.keyboard.type(" 나의 말")
    page.keyboard.press("Control+Enter")
    edited = root.locator("textarea").input_value()
    desk.decide(live.ws, SOMEBODY, item[0], item[1], {"danger": "normal"}, text="<b>남의 말</b>")
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name="Somebody was faster")
    expect(dialog.locator("[data-version-of=mine]")).to_contain_text("나의 말")
    expect(dialog.locator("[data-version-of=theirs]")).to_contain_text("<b>남의 말</b>")
    expect(dialog.locator("[data-version-of=theirs]")).to_contain_text("somebody")
    assert dialog.locator("b").count() == 0
    page.keyboard.press("Escape")  # decides nothing: mine is still on the screen
    assert root.locator("textarea").input_value() == edited
    assert codes(live, [item[0]]) == ["normal"]
    page.keyboard.press("d")
    expect(dialog).to_be_visible()
    page.keyboard.press("1")
    second = shown(page, before=item)
    saved = utterance(live, item[0])
    assert (saved.text, saved.labels["danger"], saved.version) == (edited, "danger", item[1] + 2)

    desk.decide(live.ws, SOMEBODY, second[0], second[1], {"danger": "normal"})
    page.keyboard.press("d")
    expect(dialog).to_be_visible()
    page.keyboard.press("2")
    shown(page, before=second)
    assert codes(live, [second[0]]) == ["normal"]
    assert len(live.ws.store.review.history(second[0])) == second[1] + 1


def test_what_the_server_does_not_answer_stays_and_is_sent_again_once(live: Live, page: Page) -> None:
    item = fresh(page, live)
    root = component(page, "desk")
    page.keyboard.press("e")
    page.keyboard.type(" 고침")
    page.keyboard.press("Control+Enter")
    text = root.locator("textarea").input_value()
    lost: list[Any] = []

    def lose(route: Route) -> None:
        """Let the server write the first request, but lose its answer."""
        lost.append(route.request.post_data_json)
        if len(lost) == 1:
            assert route.fetch().ok
        route.abort()

    page.route("**/desk/*/decide", lose)
    for attempt in (1, 2):
        page.keyboard.press("d")
        expect(root.get_by_role("alert")).to_contain_text("nothing is lost")
        until(lambda attempt=attempt: len(lost) == attempt, "it was sent")
        assert data(page, "item") == str(item[0])
        assert root.locator("textarea").input_value() == text
    page.unroute("**/desk/*/decide")
    assert decide(page, "d", item)[0] != item[0]
    assert len({body["nonce"] for body in lost}) == 1
    assert len(live.ws.store.review.history(item[0])) == item[1] + 1
    assert utterance(live, item[0]).text == text


def test_the_history_is_a_timeline_with_a_way_back(live: Live, page: Page) -> None:
    item = fresh(page, live)
    text = utterance(live, item[0]).text
    desk.decide(live.ws, SOMEBODY, item[0], item[1], {}, text="다른 말", spent_ms=4200)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if request.url.endswith("/history") else None)
    here = fresh(page, live)
    assert here == (item[0], item[1] + 1), "it is unlabelled still"
    assert requests == []
    page.keyboard.press(";")
    root = component(page, "desk")
    rows = root.locator("[data-version-row]")
    expect(rows.first).to_contain_text("somebody")
    expect(rows.first).to_contain_text("4.2 s")
    expect(rows.last).to_contain_text("as received")
    assert len(requests) == 1
    root.locator(f"[data-restore='{item[1]}']").click()
    assert shown(page, before=here) == (item[0], item[1] + 2)
    back = utterance(live, item[0])
    assert (back.text, back.labels.get("danger")) == (text, None)
    expect(root.locator("textarea")).to_have_value(text)
    expect(root.locator("[aria-pressed=true]")).to_have_count(0)


# Presses Enter while a cell was not in sight, in the same turn of the page; the first such cell, or null.
ENTER_WHILE_UNSEEN = """() => {
  const root = gw("desk"), cell = root.querySelector(".gw-cell[data-seen=false]");
  if (!cell) return null;
  root.dispatchEvent(new KeyboardEvent("keydown", {code: "Enter", bubbles: true, composed: true, cancelable: true}));
  return cell.dataset.id;
}"""


def test_a_page_of_many_is_as_many_decisions(live: Live, page: Page) -> None:
    go(page, live, "review", lang="en", many="true")
    takes_keys(page)
    root = component(page, "desk")
    cells = root.locator(".gw-cell")
    expect(cells).to_have_count(20)
    ids = [int(item) for item in data(page, "item").split(",")]
    before = {item: utterance(live, item).version for item in ids}
    page.keyboard.press("ArrowRight")
    page.keyboard.press("d")
    expect(cells.nth(1)).to_have_attribute("data-mark", "danger")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("s")
    expect(cells.nth(2)).to_have_attribute("data-out", "true")
    desk.decide(live.ws, SOMEBODY, ids[5], before[ids[5]], {"danger": "danger"})
    while (unseen := page.evaluate(ENTER_WHILE_UNSEEN)) is not None:  # what was not in sight yet comes first
        expect(root.locator(f"[data-id='{unseen}']")).to_have_attribute("data-seen", "true")
    takes_keys(page)
    assert data(page, "item") == ",".join(map(str, ids)), "nothing is sent while a cell was not in sight"
    for key in ("Shift+N", "Enter", "Enter"):  # the class of the rest, the question, its answer
        page.keyboard.press(key)
    expect(cells).to_have_count(1)
    expect(cells.first).to_contain_text("Theirs")
    others = [item for n, item in enumerate(ids) if n not in (1, 2, 5)]
    assert codes(live, others) == ["normal"] * 17
    assert codes(live, [ids[1], ids[2], ids[5]]) == ["danger", None, "danger"]
    assert [utterance(live, item).version - before[item] for item in others] == [1] * 17
    expect(cells.first).to_have_attribute("data-seen", "true")
    takes_keys(page)
    for key in ("Enter", "Enter"):  # mine, against what stands
        page.keyboard.press(key)
    expect(cells).to_have_count(20)
    assert codes(live, [ids[5]]) == ["normal"]
    assert not set(map(int, data(page, "item").split(","))) & set(ids)


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
    assert [len(live.ws.store.review.history(decided_item)) for decided_item in decided] == [1] * 4
    go(page, live, "review")
    assert shown(page) == item


def test_the_screen_goes_on_by_itself_after_the_server_was_started_anew(live: Live, page: Page) -> None:
    item = fresh(page, live)
    root = component(page, "desk")
    page.keyboard.press("e")
    page.keyboard.type(" 끝까지")
    page.keyboard.press("Control+Enter")
    text = root.locator("textarea").input_value()
    base = page.evaluate("() => performance.now()")
    live.end(signal.SIGKILL)
    page.keyboard.press("d")
    expect(root.get_by_role("alert")).to_contain_text("nothing is lost")
    live.start()

    def sent() -> bool:
        page.keyboard.press("d")
        answered(page)
        return data(page, "item") != str(item[0])

    until(sent, "the decision is sent to the new server")
    assert page.evaluate("() => performance.now()") > base, "the page was not loaded again"
    assert (utterance(live, item[0]).text, codes(live, [item[0]])) == (text, ["danger"])
    assert len(live.ws.store.review.history(item[0])) == item[1] + 1


def test_two_curators_never_get_the_same_utterance(live: Live, page: Page) -> None:
    item = fresh(page, live)
    taken = {card.utterance.id for card in desk.take(live.ws, SOMEBODY, 20)}
    for _ in range(6):
        assert item[0] not in taken
        item = decide(page, "n", item)
    desk.release(live.ws, SOMEBODY)


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
        frame(page)
    page.keyboard.up("d")
    shown(page)  # whatever was sent is answered now
    painted = [(item, version) for item, version in page.evaluate("() => window.painted")]
    written = [
        pair for pair in painted if any(revision.version == pair[1] + 1 for revision in reviewed.history(pair[0]))
    ]
    assert reviewed.decided(CURATOR) - before == len(written)
    assert written == painted[:-1]  # in the order of the screen; the last one is still there
    assert len(written) == 1 if how == "held" else 1 < len(written) < presses


def test_composition_modifiers_and_typing_decide_nothing(live: Live, page: Page) -> None:
    item = fresh(page, live)
    fire = (
        "event => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, composed: true, ...event}))"
    )
    for event in (
        {"code": "KeyD", "key": "ㅇ", "isComposing": True},
        {"code": "KeyD", "key": "Process", "keyCode": 229},
        {"code": "KeyD", "key": "d", "repeat": True},
    ):
        page.evaluate(fire, event)
    for combination in ("Control+d", "Alt+d", "Meta+d"):
        page.keyboard.press(combination)
    root = component(page, "desk")
    root.locator("textarea").click()
    page.keyboard.type("d n s z")
    page.keyboard.press("Escape")
    assert shown(page) == item
    assert codes(live, [item[0]]) == [None]
    page.evaluate(fire, {"code": "KeyD", "key": "ㅇ"})  # the same key while Hangul is switched on
    shown(page, before=item)
    assert codes(live, [item[0]]) == ["danger"]
