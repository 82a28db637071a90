"""The player and review components in real Chromium: which sound plays, what a key does, and what it must not do."""

import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from core.errors import InputError
from core.ui.widgets import player as ui
from core.ui.widgets import review_screen

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30
ARGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> **굵게** 불이야"

APP = """
# An application of one page, with the audio route and the content-security policy that the workbench has too.
import base64, hashlib, re
from pathlib import Path
import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import FileResponse
from starlette.routing import Route

HERE = Path(__file__).parent
INDEX = (Path(st.__file__).parent / "static/index.html").read_text("utf-8")
HASHES = [hashlib.sha256(body.encode()).digest() for body in re.findall(r"<script>(.*?)</script>", INDEX, re.S)]
INLINE = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in HASHES)
CSP = f"script-src 'self' 'wasm-unsafe-eval' blob: {INLINE}; object-src 'none'; connect-src 'self' ws:"

class Csp:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def with_csp(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", CSP.encode())]
            await send(message)
        await self.app(scope, receive, with_csp)

async def audio(request):
    return FileResponse(HERE / "ramp.wav")

app = st.App(HERE / "page.py", routes=[Route("/audio/{kind}/{id}", audio)], middleware=[Middleware(Csp)])
"""

PAGE = """
import json, time
from pathlib import Path
import streamlit as st
from core.ui.widgets.player import Choice, ChoiceGroup, Region, ReviewItem, player, review

HERE, Q, S = Path(__file__).parent, st.query_params, st.session_state
HOSTILE = json.loads((HERE / "hostile.json").read_text("utf-8"))

def log(**row):
    with (HERE / (Q["log"] + ".jsonl")).open("a", encoding="utf-8") as out:
        out.write(json.dumps(row, ensure_ascii=False) + "\\n")

def group(name, title, *codes, required=True, multi=False, current=None):
    return ChoiceGroup(name, title, tuple(Choice(c, t, k, col) for c, t, k, col in codes), current, required, multi)

GROUPS = {
    "one": [group("danger", "위험", ("normal", "정상", "n", "#0f8a5f"), ("danger", "위험", "d", "#dc2626"))],
    "two": [group("danger", "위험", ("normal", "정상", "n", "#0f8a5f"), ("danger", "위험", "d", "#dc2626")),
            group("urgency", "긴급도", ("low", "하", "1", "#0f8a5f"), ("high", "상", "3", "#dc2626")),
            group("note", "비고", ("noise", "잡음", "7", "#64748b"), required=False)],
    "several": [group("danger", "위험", ("normal", "정상", "n", "#0f8a5f"), ("danger", "위험", "d", "#dc2626")),
                group("mood", "기분", ("joy", "기쁨", "1", "#0f8a5f"), ("anger", "분노", "2", "#dc2626"),
                      ("fear", "두려움", "3", "#b45309"), ("other", HOSTILE, "", ""),
                      multi=True, current="anger|fear")],
}

def current():
    at = S.setdefault("at", 1)
    text = HOSTILE if at == 5 else f"{at}번 집에 불이 났어요 빨리 와 주세요"
    context = ("네 119입니다 무엇을 도와드릴까요", "주소가 어떻게 되시나요")
    audio = None if Q.get("audio") == "none" else f"/audio/utterance/{at}"
    return ReviewItem(at, S.get("version", 1), audio, text, text, context=context,
                      note=f"119-0001 · {at}/400", error=S.get("error", ""))

def handle(event):
    shown = current()
    log(kind=event.kind, item=event.item, version=event.version, labels=dict(event.labels), text=event.text,
        spent_ms=event.spent_ms, nonce=event.nonce, now=[shown.id, shown.version])
    S["error"] = ""
    if Q.get("refuse") and not S.get("refused"):
        S["refused"], S["error"] = True, "저장하지 못했습니다: " + HOSTILE
    elif event.kind == "undo":
        S["at"] = max(1, S["at"] - 1)
    elif (event.item, event.version) == (shown.id, shown.version):
        S["at"] += 1
    time.sleep(float(Q.get("slow", 0)))

if Q.get("scene") == "player":
    regions = [
        Region("a", 1000, 2500, "네 119입니다 무엇을 도와드릴까요", "taker"),
        Region("b", 2000, 3000, "여기 불이 났어요 빨리 좀 와 주세요", "caller"),
        Region("c", 4000, 4613, HOSTILE, "danger", "위험 .93"),
        Region("d", 5000, 5200, "네", "caller"),
        Region("e", 7000, 9999, "끝까지 들립니다", "plain"),
    ]
    S["chosen"] = player(audio_url=None if Q.get("audio") == "none" else "/audio/recording/1", duration_ms=8000,
                         regions=regions, selected=S.get("last"), key="p")
    if S["chosen"]:
        log(region=S["chosen"])
        S["last"] = S["chosen"]
        st.rerun()
else:
    if Q.get("flow") == "return":
        event = review(item=current(), groups=GROUPS[Q.get("groups", "one")], key="r")
        if event:
            handle(event)
            st.rerun()
    else:
        review(item=current(), groups=GROUPS[Q.get("groups", "one")], key="r", on_event=handle)
    st.text_input("검색", key="search")
# The server takes what a page sends in order: once a click is counted, whatever was sent before it is handled.
def count():
    S["clicks"] = S.get("clicks", 0) + 1

st.button("다시", key="again", on_click=count)
st.caption(f"clicks: {S.get('clicks', 0)}")
"""

# Listens at the loudspeaker: wherever a node is connected to a context's destination, a worklet hears the same
# samples and reports the first and last of each stretch of sound. It does not trust the component's own account.
EAR = """
(() => {
  window.heard = [];
  window.gwRoot = () =>
    [...document.querySelectorAll("*")].map((node) => node.shadowRoot?.querySelector(".gw")).find(Boolean);
  const code = `registerProcessor("ear", class extends AudioWorkletProcessor {
    process([input]) {
      for (const v of input[0] ?? []) {
        if (v !== 0) { this.first ??= v; this.last = v; this.count = (this.count ?? 0) + 1; }
        else this.flush();
      }
      if (!input[0]) this.flush();
      return true;
    }
    flush() {
      if (this.first === undefined) return;
      this.port.postMessage([this.first, this.last, this.count]);
      this.first = undefined; this.count = 0;
    }
  })`;
  const url = URL.createObjectURL(new Blob([code], {type: "text/javascript"}));
  const Real = window.AudioContext;
  window.AudioContext = class extends Real {
    constructor(options) { super(options); this.ear = this.audioWorklet.addModule(url); }
  };
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to === this.context.destination && this.context.ear) {
      this.context.ear.then(() => {
        const ear = new AudioWorkletNode(this.context, "ear");
        ear.port.onmessage = (event) => window.heard.push(event.data);
        connect.call(this, ear);
        connect.call(ear, this.context.destination);
        window.earReady = true;
      });
    }
    return connect.call(this, to, ...rest);
  };
})();
"""

# Every (item, version) that reached the screen, in order.
WATCH = """
() => {
  const root = gwRoot();
  window.painted = [];
  const note = () => {
    const {item, version, paintedAt} = root.dataset;
    const last = window.painted.at(-1);
    if (paintedAt && !(last && last[0] == item && last[1] == version)) window.painted.push([+item, +version]);
  };
  new MutationObserver(note).observe(root, {attributes: true});
  note();
}
"""


@dataclass(frozen=True)
class Site:
    url: str
    folder: Path

    def log(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / f"{name}.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def write_ramp(path: Path) -> None:
    """8 s at 8 kHz; sample i has the value 1 + i // 2, so the values that are played show their position."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes((1 + np.arange(64000) // 2).astype("<i2").tobytes())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "app.py").write_text(APP, "utf-8")
    (folder / "page.py").write_text(PAGE, "utf-8")
    (folder / "hostile.json").write_text(json.dumps(HOSTILE), "utf-8")
    write_ramp(folder / "ramp.wav")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = f"--server.port {port} --server.address 127.0.0.1 --server.headless true --server.fileWatcherType none"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *flags.split(), "--browser.gatherUsageStats=false"]
    with (folder / "server.log").open("wb") as out:
        server = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, server)
            yield Site(url, folder)
        finally:
            server.terminate()
            server.wait(10)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "the server ended"
        try:
            with urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not answer")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGS.split())
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def window(browser: Any) -> Iterator[Any]:
    """One window for all tests: a new one would load and compile all of Streamlit again."""
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    context.add_init_script(EAR)
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    yield opened
    context.close()


@pytest.fixture
def page(window: Any) -> Iterator[Any]:
    """The window, empty; the test fails if its page broke or hostile text became code."""
    broken: list[str] = []

    def on_error(error: Any) -> None:
        broken.append(str(error))

    window.on("pageerror", on_error)
    yield window
    title = window.title()
    window.evaluate("() => origin !== 'null' && (localStorage.clear(), sessionStorage.clear())")
    window.goto("about:blank")
    window.remove_listener("pageerror", on_error)
    assert not broken
    assert title != "owned"


def open_scene(page: Any, site: Site, log: str, **query: object) -> Any:
    """Return the component's root; its audio is loaded and, for the review, its item is painted and accepts keys."""
    query_string = "&".join(f"{name}={value}" for name, value in {"lang": "en", "log": log, **query}.items())
    page.goto(f"{site.url}/?{query_string}")
    root = page.locator(".gw")
    root.wait_for()
    if query.get("audio") != "none":
        until(page, "ready", "true")
    if query.get("scene") != "player":
        page.wait_for_function("() => gwRoot().dataset.paintedAt")
        page.evaluate(WATCH)
        quiet(page)
    return root


def until(page: Any, name: str, value: object) -> None:
    page.wait_for_function("([name, value]) => gwRoot()?.dataset[name] === value", arg=[name, str(value)])


def quiet(page: Any) -> None:
    """Wait until a key counts again: the item is painted and 120 ms are over."""
    page.wait_for_function(
        "() => gwRoot().dataset.locked === 'false' && performance.now() - +(gwRoot().dataset.paintedAt || 1e9) > 125"
    )


def item_shown(page: Any, item: int) -> None:
    until(page, "item", item)
    quiet(page)


def settled(page: Any) -> None:
    """Wait until the server has handled all requests of the page so far; the focus does not move."""
    clicks = int(page.get_by_text("clicks: ").inner_text().split()[-1])
    page.get_by_role("button", name="다시").dispatch_event("click")
    page.get_by_text(f"clicks: {clicks + 1}", exact=True).wait_for()


def frames(page: Any, number: int = 1) -> None:
    """Wait until the browser has drawn the page `number` more times: the pace of a held key."""
    for _ in range(number):
        page.evaluate("() => new Promise(requestAnimationFrame)")


def rows(page: Any, site: Site, log: str, count: int) -> list[dict[str, Any]]:
    """Return the log; it has exactly `count` rows when all requests of the page are handled."""
    deadline = time.monotonic() + PATIENCE_S
    while len(site.log(log)) < count and time.monotonic() < deadline:
        frames(page)
    settled(page)
    logged = site.log(log)
    assert len(logged) == count, logged
    return logged


def press(page: Any, code: str, **more: object) -> None:
    """Send a synthetic key event: the test keyboard cannot make composition or Hangul layouts."""
    page.evaluate(
        "event => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, composed: true, ...event}))",
        {"code": code, **more},
    )


# --- the player ------------------------------------------------------------------------------------------------------


def heard_ms(page: Any) -> list[tuple[float, float]]:
    """Return (start, end) of each sound played so far, computed from the ramp's values."""
    return [
        ((first * 32768 - 1) * 2 / 8, ((last * 32768 - 1) * 2 + 2) / 8)
        for first, last, _count in page.evaluate("() => window.heard")
    ]


@pytest.mark.browser
@pytest.mark.parametrize(
    ("row", "start", "end"), [("b", 2000, 3000), ("c", 4000, 4613), ("d", 5000, 5200), ("e", 7000, 8000)]
)
def test_a_region_sounds_from_its_start_to_its_end(site: Site, page: Any, row: str, start: int, end: int) -> None:
    log = f"range-{row}"
    root = open_scene(page, site, log, scene="player")
    # The first choice makes the context; the ear is in place for the second.
    root.locator(f"[data-id={row}]").click()
    until(page, "playedMs", f"{start}-{end}")
    settled(page)  # Streamlit makes one event of two that come before a run
    page.wait_for_function("() => window.earReady")
    page.evaluate("() => { window.heard = [] }")
    root.locator(f"[data-id={row}]").click()
    page.wait_for_function("() => window.heard.length > 0")
    (was,) = heard_ms(page)
    assert was == (pytest.approx(start, abs=1), pytest.approx(end, abs=1))
    assert root.get_attribute("data-playing") == "false"
    assert root.get_attribute("data-region") == row
    assert [row_sent["region"] for row_sent in rows(page, site, log, 2)] == [row, row]


@pytest.mark.browser
def test_overlapping_regions_of_the_waveform_can_both_be_clicked(site: Site, page: Any) -> None:
    root = open_scene(page, site, "overlap", scene="player")
    chips = page.locator("[part~=chip]")
    assert chips.count() == 5
    boxes = [chips.nth(i).bounding_box() for i in range(2)]
    assert boxes[0]["y"] >= boxes[1]["y"] + boxes[1]["height"] or boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"]
    for index, region, played in [(0, "a", "1000-2500"), (1, "b", "2000-3000")]:
        page.locator("[part~=shade]").nth(index).click()
        until(page, "region", region)
        until(page, "playedMs", played)
        settled(page)
    assert [row["region"] for row in rows(page, site, "overlap", 2)] == ["a", "b"]
    assert root.locator("[aria-current=true]").get_attribute("data-id") == "b"


@pytest.mark.browser
def test_the_player_by_keyboard(site: Site, page: Any) -> None:
    root = open_scene(page, site, "keyboard", scene="player")
    root.locator("[data-id=a]").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.down("Enter")
    for _ in range(5):
        page.keyboard.down("Enter")  # auto-repeat
    page.keyboard.up("Enter")
    until(page, "playedMs", "5000-5200")
    assert [row["region"] for row in rows(page, site, "keyboard", 1)] == ["d"]
    root.locator("[data-id=e]").focus()
    page.keyboard.press("Enter")
    until(page, "playing", "true")
    page.keyboard.press("Space")
    until(page, "playing", "false")
    start, end = map(int, root.get_attribute("data-played-ms").split("-"))
    assert start == 7000
    assert 7000 <= end < 8000
    page.keyboard.press("Space")
    until(page, "playedMs", f"{end}-8000")
    rows(page, site, "keyboard", 2)


@pytest.mark.browser
def test_hostile_text_is_shown_as_it_is(site: Site, page: Any) -> None:
    root = open_scene(page, site, "hostile", scene="player")
    assert root.locator("[data-id=c] .gw-text").inner_text() == HOSTILE
    assert page.locator("[part~=chip]").nth(2).inner_text() == f"! {HOSTILE}"
    assert root.locator("img, b, strong").count() == 0


@pytest.mark.browser
def test_without_audio_regions_can_still_be_chosen(site: Site, page: Any) -> None:
    root = open_scene(page, site, "silent", scene="player", audio="none")
    assert root.locator(".gw-note").inner_text() == ui.STRINGS["no_audio"]
    root.locator("[data-id=b]").click()
    assert rows(page, site, "silent", 1) == [{"region": "b"}]


@pytest.mark.browser
def test_zoom_and_a_rerun_keep_the_place(site: Site, page: Any) -> None:
    root = open_scene(page, site, "zoom", scene="player")
    wide = page.locator("[part~=chip]").nth(4).bounding_box()["width"]
    root.get_by_label(ui.STRINGS["zoom_in"]).click()
    settled(page)
    assert root.locator(".gw-zoom-level").inner_text() == "×2"
    root.get_by_label(ui.STRINGS["zoom_out"]).click()
    assert page.locator("[part~=chip]").nth(4).bounding_box()["width"] == pytest.approx(wide, abs=2)


# --- the review ------------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("flow", ["callback", "return"])
def test_ten_items_by_key(site: Site, page: Any, flow: str) -> None:
    open_scene(page, site, f"ten-{flow}", flow=flow)
    for item in range(1, 11):
        item_shown(page, item)
        page.keyboard.press("d" if item % 2 else "n")
    events = rows(page, site, f"ten-{flow}", 10)
    assert [event["item"] for event in events] == list(range(1, 11))
    assert [event["labels"]["danger"] for event in events] == ["danger", "normal"] * 5
    assert all(event["text"] is None and event["spent_ms"] >= 120 for event in events)
    assert len({event["nonce"] for event in events}) == 10


@pytest.mark.browser
def test_a_held_key_labels_one_item(site: Site, page: Any) -> None:
    open_scene(page, site, "held")
    for _ in range(40):
        page.keyboard.down("d")
        frames(page, 2)
    page.keyboard.up("d")
    (event,) = rows(page, site, "held", 1)
    assert event["item"] == 1


@pytest.mark.browser
@pytest.mark.parametrize(("gap", "slow"), [(0, 0), (2, 0), (5, 0.15)])
def test_a_hammered_key_never_labels_what_was_not_shown(site: Site, page: Any, gap: int, slow: float) -> None:
    log = f"hammer-{gap}"
    open_scene(page, site, log, slow=slow)
    for _ in range(20):
        page.keyboard.press("d")
        frames(page, gap)
    settled(page)
    events, painted = site.log(log), page.evaluate("() => window.painted")
    pairs = [[event["item"], event["version"]] for event in events]
    assert 1 <= len(events) <= 20
    assert pairs == [event["now"] for event in events]
    assert pairs == [[item, 1] for item in range(1, len(pairs) + 1)]
    assert all(pair in painted for pair in pairs)
    assert all(event["spent_ms"] >= 120 for event in events)


@pytest.mark.browser
def test_composition_modifiers_and_typing_label_nothing(site: Site, page: Any) -> None:
    root = open_scene(page, site, "typing")
    press(page, "KeyD", key="ㅇ", isComposing=True)
    press(page, "KeyD", key="Process", keyCode=229)
    press(page, "KeyD", key="d", repeat=True)
    for combination in ("Control+d", "Alt+d", "Shift+d"):
        page.keyboard.press(combination)
    root.locator("textarea").click()
    page.keyboard.type("dn s z 1")
    search = page.get_by_label("검색")
    search.click()
    page.keyboard.type("dsnz")
    rows(page, site, "typing", 0)
    search.blur()
    settled(page)
    press(page, "KeyD", key="ㅇ", keyCode=68)  # the same key under a Hangul layout
    (event,) = rows(page, site, "typing", 1)
    assert event["labels"] == {"danger": "danger"}
    assert event["text"].endswith("dn s z 1")


@pytest.mark.browser
def test_the_text_is_mended_and_its_diff_shown(site: Site, page: Any) -> None:
    root = open_scene(page, site, "mend")
    assert root.locator(".gw-diff-line").is_hidden()
    page.keyboard.press("e")
    page.keyboard.press("End")
    page.keyboard.type(" 지금")
    assert root.locator("ins").all_text_contents() == ["지금"]
    page.keyboard.press("Escape")
    assert root.locator("textarea").input_value() == "1번 집에 불이 났어요 빨리 와 주세요"
    page.keyboard.press("e")
    root.locator("textarea").fill("1번 집에 불이 났습니다 빨리 와 주세요")
    assert root.locator("del").all_text_contents() == ["났어요"]
    assert root.locator("ins").all_text_contents() == ["났습니다"]
    assert "underline" in root.locator("ins").evaluate("node => getComputedStyle(node).textDecorationLine")
    assert "line-through" in root.locator("del").evaluate("node => getComputedStyle(node).textDecorationLine")
    page.keyboard.press("Control+Enter")
    rows(page, site, "mend", 0)
    page.keyboard.press("n")
    (event,) = rows(page, site, "mend", 1)
    assert (event["text"], event["labels"]) == ("1번 집에 불이 났습니다 빨리 와 주세요", {"danger": "normal"})


@pytest.mark.browser
def test_two_groups_are_sent_once_both_are_chosen(site: Site, page: Any) -> None:
    root = open_scene(page, site, "two", groups="two", audio="none")
    assert root.locator(".gw-note").inner_text() == ui.STRINGS["no_audio"]
    page.keyboard.press("7")
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    assert root.locator(".gw-status").inner_text() == ui.STRINGS["incomplete"]
    assert root.locator("[aria-pressed=true]").count() == 2
    rows(page, site, "two", 0)
    page.keyboard.press("3")
    (event,) = rows(page, site, "two", 1)
    assert event["labels"] == {"danger": "danger", "urgency": "high", "note": "noise"}


@pytest.mark.browser
def test_skip_undo_and_the_buttons(site: Site, page: Any) -> None:
    root = open_scene(page, site, "commands")
    page.keyboard.press("s")
    item_shown(page, 2)
    root.locator("[data-code=danger]").click()
    item_shown(page, 3)
    page.keyboard.press("Space")  # replays; the button that was clicked must not fire again
    page.keyboard.press("z")
    item_shown(page, 2)
    root.locator("[data-command=undo]").click()
    item_shown(page, 1)
    page.keyboard.press("z")  # nothing left: the server answers with the same item, which is open again
    item_shown(page, 1)
    page.keyboard.press("n")
    events = rows(page, site, "commands", 6)
    assert [(event["kind"], event["item"]) for event in events] == [
        ("skip", 1), ("decision", 2), ("undo", 3), ("undo", 2), ("undo", 1), ("decision", 1),
    ]  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("flow", ["callback", "return"])
def test_a_refusal_is_said_and_unlocks(site: Site, page: Any, flow: str) -> None:
    log = f"refused-{flow}"
    root = open_scene(page, site, log, refuse=1, flow=flow)
    page.keyboard.press("d")
    alert = root.get_by_role("alert")
    alert.filter(has_text="저장하지").wait_for()
    assert alert.inner_text().endswith(HOSTILE)
    quiet(page)
    page.keyboard.press("d")
    item_shown(page, 2)
    assert [event["item"] for event in rows(page, site, log, 2)] == [1, 1]


@pytest.mark.browser
def test_a_rerun_keeps_the_work_and_adds_no_listener(site: Site, page: Any) -> None:
    root = open_scene(page, site, "rerun", slow=0)
    root.locator("textarea").fill("고친 말")
    for _ in range(3):
        settled(page)
    assert root.locator("textarea").input_value() == "고친 말"
    page.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("d")
    (event,) = rows(page, site, "rerun", 1)
    assert event["text"] == "고친 말"


def pressed(root: Any) -> list[str]:
    """Return the codes that the buttons show as chosen."""
    return [button.get_attribute("data-code") for button in root.locator(".gw-choice[aria-pressed=true]").all()]


@pytest.mark.browser
def test_several_classes_are_toggled_and_enter_saves(site: Site, page: Any) -> None:
    root = open_scene(page, site, "several", groups="several", audio="none")
    assert pressed(root) == ["anger", "fear"]
    assert ui.STRINGS["several"] in root.locator(".gw-group").nth(1).inner_text()
    for key, shown in [("1", ["joy", "anger", "fear"]), ("2", ["joy", "fear"]), ("d", ["danger", "joy", "fear"])]:
        page.keyboard.press(key)
        assert pressed(root) == shown, key
    rows(page, site, "several", 0)  # only Enter says that the group is answered
    root.locator("[data-code=other]").click()  # a class for which no key was left
    page.keyboard.press("Enter")
    (event,) = rows(page, site, "several", 1)
    assert event["labels"] == {"danger": "danger", "mood": "joy|fear|other"}
    item_shown(page, 2)
    assert pressed(root) == ["anger", "fear"], "the next item begins with its own answer"
    assert root.locator("img, b").count() == 0


@pytest.mark.browser
def test_several_classes_are_not_saved_while_none_is_chosen_or_a_key_is_held(site: Site, page: Any) -> None:
    root = open_scene(page, site, "none", groups="several", audio="none")
    for key in "n23":
        page.keyboard.press(key)
    assert pressed(root) == ["normal"]
    page.keyboard.press("Enter")
    rows(page, site, "none", 0)
    assert root.locator(".gw-status").inner_text() == ui.STRINGS["incomplete"]
    for _ in range(5):
        page.keyboard.down("1")
        frames(page, 2)
    page.keyboard.up("1")
    assert pressed(root) == ["normal", "joy"], "a held key toggles once"
    page.keyboard.press("Enter")
    (event,) = rows(page, site, "none", 1)
    assert event["labels"] == {"danger": "normal", "mood": "joy"}


# --- without a browser -----------------------------------------------------------------------------------------------

DANGER = ui.ChoiceGroup("danger", "위험", (ui.Choice("normal", "정상", "n"), ui.Choice("danger", "위험", "d")))


def test_an_event_is_checked() -> None:
    sent = {"item": 3, "version": 2, "nonce": "ab", "spent_ms": 800, "labels": {"danger": "danger"}, "text": "불"}
    event = ui.parse_event("decision", sent, [DANGER])
    assert event == ui.ReviewEvent("decision", 3, 2, "ab", {"danger": "danger"}, "불", 800)
    broken: object
    for broken in ({**sent, "item": "3"}, {**sent, "labels": ["danger"]}, {**sent, "text": 1}, None, []):
        with pytest.raises(InputError, match="malformed decision"):
            ui.parse_event("decision", broken, [DANGER])
    with pytest.raises(InputError, match="unknown class danger:fire"):
        ui.parse_event("decision", {**sent, "labels": {"danger": "fire"}}, [DANGER])


@pytest.mark.parametrize("code", ["", "b|a", "a|a", "a|", "a|c", ["a"], None])
def test_several_classes_are_checked_too(code: object) -> None:
    several = ui.ChoiceGroup("g", "g", (ui.Choice("a", "a", "a"), ui.Choice("b", "b", "")), multi=True)
    sent = {"item": 3, "version": 2, "nonce": "ab", "spent_ms": 800}
    assert ui.parse_event("decision", sent | {"labels": {"g": "a|b"}}, [several]).labels == {"g": "a|b"}
    with pytest.raises(InputError, match="unknown class g:"):
        ui.parse_event("decision", sent | {"labels": {"g": code}}, [several])
    with pytest.raises(InputError, match=r"unknown class danger:normal\|danger"):
        ui.parse_event("decision", sent | {"labels": {"danger": "normal|danger"}}, [DANGER])


@pytest.mark.parametrize(
    ("keys", "message"),
    [("nn", "'n' of g:1 is taken by g:0"), ("ns", "'s' of g:1 is taken by a command"), ("n한", "one letter a-z")],
)
def test_keys_that_clash_are_refused(keys: str, message: str) -> None:
    group = ui.ChoiceGroup("g", "g", tuple(ui.Choice(str(i), str(i), key) for i, key in enumerate(keys)))
    item = ui.ReviewItem(1, 1, None, "불", "불")
    with pytest.raises(InputError, match=message):
        ui.review(item=item, groups=[group], key="x")


def test_the_screen_has_a_text_for_everything_it_says() -> None:
    sources = [ui.ASSETS / "src" / "desk.js", *(ui.ASSETS / "src" / "desk").glob("*.js")]
    code = "\n".join(path.read_text("utf-8") for path in sources)
    named = set(re.findall(r"\bt\.(\w+)", code)) | set(re.findall(r"^  (\w+): \[", code, re.M))
    assert named - review_screen.STRINGS.keys() == set()
    built = {"act_", "batch_", "is_", "trouble_"}  # put together from a name: t[`trouble_${kind}`]
    assert {name for name in review_screen.STRINGS.keys() - named if not name.startswith(tuple(built))} == set()


def test_the_bundles_are_whole_and_name_their_licences() -> None:
    licences = (ui.ASSETS / "LICENSES.md").read_text("utf-8")
    sources = sorted((ui.ASSETS / "src").rglob("*.js"), key=lambda path: path.relative_to(ui.ASSETS).as_posix())
    built_from = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    for name, holder in [("player", "katspaugh"), ("review", "Kevin Decker"), ("desk", "Kevin Decker")]:
        bundle = (ui.ASSETS / "dist" / f"{name}.js").read_text("utf-8")
        assert bundle.startswith("/*! Gwidama")
        assert built_from in bundle, "the bundle is not built from these sources: sh assets/player/build.sh"
        assert holder in bundle
        assert holder in licences
        assert "eval(" not in bundle
        assert ' from "' not in bundle
    assert licences.count("Redistributions in binary form") == 2
    assert not (ui.ASSETS / "package-lock.json").exists()
