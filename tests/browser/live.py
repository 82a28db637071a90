"""A real server on its own workspace, and actions of a person on its pages in Chromium.

`Live` starts, stops and kills the server; the functions find and wait for what is on the screen. Expected values come
from the store: every process may read it while the server runs. Nothing here asserts about the product.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from playwright.sync_api import Browser, FilePayload, Locator, Page, TimeoutError, ViewportSize, expect

from core.settings import ROOT, Settings
from core.ui.i18n import catalogue
from core.workflows.workspace import Workspace, open_workspace

ARGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
PATIENCE_S = 60
PATIENCE_MS = PATIENCE_S * 1000
LISTED_MS = 15_000
CURATOR = "tester"
VIEWPORT: ViewportSize = {"width": 1400, "height": 1000}

expect.set_options(timeout=PATIENCE_MS)

# Streamlit keeps a component in a shadow tree; `gw("review")` finds its root wherever it is.
# window.runsEnded counts how often the page's script came to its end.
FINDER = """
window.gw = (name) =>
  [...document.querySelectorAll("*")].map((node) => node.shadowRoot?.querySelector(".gw-" + name)).find(Boolean);
window.runsEnded = 0;
new MutationObserver((changes) => (runsEnded += changes.filter((one) => one.oldValue === "running").length))
  .observe(document, {subtree: true, attributeFilter: ["data-test-script-state"], attributeOldValue: true});
"""
# [item, version] on the screen once a key counts: painted, unlocked, the quiet time over; and other than `before`.
OPEN = """(before) => {
  const shown = gw("review")?.dataset;
  if (!shown?.paintedAt || shown.locked !== "false" || performance.now() - shown.paintedAt < 130) return null;
  return `${shown.item} ${shown.version}` !== before && [+shown.item, +shown.version];
}"""
# The desk takes keys: what it shows is painted, nothing is on its way, the quiet time is over, and 250 ms have passed
# since the last cell of a page of many came into sight.
TAKES_KEYS = """() => {
  const shown = gw("desk")?.dataset, now = performance.now();
  return shown?.paintedAt && shown.locked === "false" && now - shown.paintedAt > 130 && now - (shown.seenAt ?? 0) > 260;
}"""
# Notes every [item, version] that reached the screen, in order, in window.painted.
WATCH = """() => {
  const root = gw("review");
  window.painted = [];
  const note = () => {
    const {item, version, paintedAt} = root.dataset, last = window.painted.at(-1);
    if (paintedAt && !(last && last[0] == item && last[1] == version)) window.painted.push([+item, +version]);
  };
  new MutationObserver(note).observe(root, {attributes: true});
  note();
}"""


def until(fact: Callable[[], object], what: str) -> None:
    """Wait for a fact of the store or the system. For the page, use `expect`."""
    give_up = time.monotonic() + PATIENCE_S
    while not fact():
        if time.monotonic() > give_up:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.05)


class Live:
    """`python -m core serve` on `home`, always at the same address."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = home.parent / f"{home.name}.log"
        self.outbound = home.parent / f"{home.name}-outbound.log"  # what left this machine or tried to

    @cached_property
    def ws(self) -> Workspace:
        database, jobs = (f"sqlite:///{self.home / name}" for name in ("gwidama.db", "jobs.db"))
        return open_workspace(Settings(self.home, database, jobs, frozenset(), "127.0.0.1", self.port, CURATOR))

    def environment(self) -> dict[str, str]:
        others = {k: v for k, v in os.environ.items() if not k.startswith(("GWIDAMA_", "STREAMLIT_"))}
        # Most tests ask for no prediction: their servers need not load the models, which takes seconds.
        guarded = {"OUTBOUND_LOG": str(self.outbound), "PYTHONPATH": str(ROOT / "tests" / "support" / "outbound")}
        return others | guarded | {"GWIDAMA_HOME": str(self.home), "GWIDAMA_CURATOR": CURATOR, "GWIDAMA_WARM_UP": "0"}

    def core(self, *arguments: str) -> str:
        """Run one shell command of Gwidama and return its output."""
        command = [sys.executable, "-m", "core", *arguments]
        result = subprocess.run(
            command, cwd=ROOT, env=self.environment(), capture_output=True, encoding="utf-8", check=False
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "core", "serve", "--port", str(self.port)],
                cwd=ROOT, env=self.environment(), stdout=log, stderr=log,
            )  # fmt: skip
        until(self._answers, f"the server starts; its log: {self.log.read_text('utf-8')[-2000:]}")

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text("utf-8")[-4000:]
        try:
            with urlopen(f"{self.address}/api/v1/health", timeout=5):
                return True
        except OSError:
            return False

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(PATIENCE_S)

    def worker(self) -> int:
        """Return the id of the worker process."""
        pids: list[int] = []

        def look() -> bool:
            for stat in Path("/proc").glob("[0-9]*/stat"):
                try:
                    parent = int(stat.read_text().rpartition(")")[2].split()[1])
                    command = stat.with_name("cmdline").read_bytes()
                except OSError:
                    continue
                if parent == self.process.pid and b"core.jobs" in command:
                    pids.append(int(stat.parent.name))
            return bool(pids)

        until(look, "there is a worker")
        return pids[0]


def open_window(browser: Browser) -> Page:
    """Return an empty window with storage of its own."""
    context = browser.new_context(viewport=VIEWPORT, locale="ko-KR")
    context.add_init_script(FINDER)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    return page


def leave(page: Page) -> None:
    """Empty the window for the next test: only its cache stays. A test that adds a script takes a window of its own."""
    page.unroute_all()
    page.context.clear_cookies()
    page.context.clear_permissions()
    page.evaluate("() => origin !== 'null' && (localStorage.clear(), sessionStorage.clear())")
    page.goto("about:blank")
    page.set_viewport_size(VIEWPORT)
    page.emulate_media(color_scheme="light")
    for other in page.context.pages:
        if other != page:
            other.close()


def go(page: Page, live: Live, name: str, lang: str = "ko", **query: str) -> None:
    """Open a page and wait for the end of its first run."""
    query_string = "&".join(f"{key}={quote(value)}" for key, value in {"lang": lang, **query}.items())
    page.goto(f"{live.address}/{name}?{query_string}")
    expect(page.get_by_test_id("stHeading").first).to_be_visible()
    idle(page)


def idle(page: Page) -> None:
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached()


def after_a_run(page: Page, act: Callable[[], object]) -> None:
    """Do an action that runs the page again, and wait for the end of that run."""
    idle(page)
    ended = page.evaluate("() => window.runsEnded")
    act()
    page.wait_for_function("ended => window.runsEnded > ended", arg=ended)
    idle(page)


def frame(page: Page) -> None:
    """Wait until the browser has drawn the page once more: the pace of a held key."""
    page.evaluate("() => new Promise(requestAnimationFrame)")


def answered(page: Page) -> None:
    """Wait until the desk has an answer, or an error, for the request of the last key."""
    page.wait_for_function("() => gw('desk').dataset.locked === 'false'")


def takes_keys(page: Page) -> None:
    """Wait until the desk accepts the next key; `shown` also returns the item on the screen."""
    page.wait_for_function(TAKES_KEYS)


def main(page: Page) -> Locator:
    return page.get_by_test_id("stMain")


def component(page: Page, name: str) -> Locator:
    """Return the root of the player or the review when its content is on the screen."""
    root = page.locator(f".gw-{name}")
    expect(root).to_be_visible()
    return root


def shown(page: Page, before: tuple[int, int] | None = None) -> tuple[int, int]:
    """Return (id, version) of the item in the review component once keys count; it must differ from `before`."""
    handle = page.wait_for_function(OPEN, arg=f"{before[0]} {before[1]}" if before else "", timeout=PATIENCE_MS)
    item, version = handle.json_value()
    return item, version


def press_at(page: Page, target: Locator, x: float, y: float) -> None:
    """Click with the mouse: tables and plots cover their elements with other layers."""
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x, box["y"] + y)


def ko(message: str, **values: object) -> str:
    """Return a message of the code in Korean as the page shows it, without Markdown's bold."""
    return catalogue("ko").gettext(message).format(**values).replace("**", "")


def choose(page: Page, label: str, option: str) -> None:
    """Choose one entry of the select box or multiselect `label`."""
    idle(page)
    box = page.get_by_role("combobox", name=label, exact=True)
    entry = page.get_by_role("option", name=option, exact=True)

    def open_list() -> bool:  # it closes again when the page moves under it
        if not entry.is_visible():
            box.click()
            with suppress(TimeoutError):
                entry.wait_for(timeout=1000)
        return entry.is_visible()

    until(open_list, f"{label} offers {option}")
    entry.evaluate("node => node.click()")


def close_popover(page: Page) -> None:
    """Close the open popover by Escape; while the page under it is drawn anew, a first Escape may find nothing."""
    body = page.get_by_test_id("stPopoverBody").locator("visible=true")

    def close() -> bool:
        page.keyboard.press("Escape")
        with suppress(AssertionError):
            expect(body).to_have_count(0, timeout=2000)
        return not body.count()

    until(close, "the popover closes")


def give_files(page: Page, chooser: Locator, files: Sequence[FilePayload]) -> None:
    """Give files to a file input and wait until its uploader lists them.

    The uploader lists them when the server has answered where they go. In one full run no answer came, and nothing was
    said: as a person would, this gives them again.
    """
    listed = page.get_by_test_id("stFileUploader").filter(has=chooser).get_by_test_id("stFileChip")

    def give() -> bool:
        chooser.set_input_files(files)
        with suppress(AssertionError):
            expect(listed).to_have_count(len(files), timeout=LISTED_MS)
        return listed.count() >= len(files)

    until(give, f"the uploader lists {[file['name'] for file in files]}")


def cell(page: Page, row: int, column: int = 1) -> Locator:
    """Return a cell of the page's first table; row and column count from 1."""
    return page.get_by_test_id("stDataFrame").first.get_by_test_id(f"glide-cell-{column}-{row - 1}")


def pick_row(page: Page, row: int) -> None:
    """Click the check box at the row's left; it is drawn, so there is no element to find."""
    press_at(page, page.get_by_test_id("stDataFrame").first, 18, 52 + 35 * (row - 1))


def confusion_cell(page: Page, gold: str, predicted: str, codes: Sequence[str]) -> None:
    """Click the cell of the confusion matrix; `codes` are the classes in order."""
    plot = page.locator(".js-plotly-plot").nth(1)
    points = plot.locator(".scatterlayer .point")
    expect(points).to_have_count(len(codes) ** 2)
    press_at(page, points.nth(codes.index(gold) * len(codes) + codes.index(predicted)), 32, 32)
