"""The Corpus page in Chromium: from a key or click to the frame that shows its rows; and the memory of the server.

It runs a real server on its own workspace. The clock starts at the last keydown or pointerdown, in the browser. It
stops at the first frame for which all of this is true: the table of rows is not the table of before (its key is made of
the ids that it shows) and is not stale, the count beside it is the count that the store gives for the filter, and its
canvas has dark pixels below the header. A page is opened by the menu, from another page, as a curator does it. To open
a shared address loads all scripts of Streamlit again, so it is measured separately. Memory is the memory of the server
process: after its start, after one other page (which loads Streamlit's libraries) and after all of the browsing.
"""

import os
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright

from bench import results
from bench.server import ARGS, CHROMIUM, PATIENCE_S, serving
from core.filters import Filter
from core.records import UNLABELLED
from core.store import Store, open_store

THINKING_MS = 250
WORDS = ("영화", "연기", "화재", "최고", "신고", "재미", "감동", "배우", "불이", "병원")
NOTE_ACTS = """for (const kind of ['keydown', 'pointerdown'])
  addEventListener(kind, () => { window.benchAct = performance.now() }, true)"""
KEY = """() => document.querySelector('[class*="st-key-rows-"]')?.className.match(/st-key-rows-\\d+/)[0] ?? ''"""
# Resolves with the ms from the last act to the paint of other rows than `before` with `total` beside them.
AWAIT_ROWS = """([before, total, patience]) => new Promise((done, fail) => {
  const began = performance.now()
  const inked = canvas => {
    const top = Math.round(40 * devicePixelRatio), high = Math.min(canvas.height - top, 120)
    if (high <= 0 || !canvas.width) return false
    const data = canvas.getContext('2d').getImageData(0, top, canvas.width, high).data
    let dark = 0
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200 && data[at] < 110) dark++
    return dark > 40
  }
  const ready = () => {
    const rows = document.querySelector('[class*="st-key-rows-"][data-stale="false"]')
    const key = rows?.className.match(/st-key-rows-\\d+/)[0]
    if (!rows || key === before) return false
    const counts = [...document.querySelectorAll('[data-testid="stMarkdown"] strong')].map(one => one.textContent)
    if (!counts.includes(total)) return false
    const canvas = rows.querySelector('canvas[data-testid="data-grid-canvas"]')
    return canvas !== null && inked(canvas)
  }
  const look = () => {
    if (ready()) requestAnimationFrame(() => setTimeout(() => done(performance.now() - window.benchAct)))
    else if (performance.now() - began > patience) fail(new Error(`no other rows than ${before}, with ${total}`))
    else setTimeout(look, 5)
  }
  look()
})"""
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@dataclass(frozen=True)
class SessionFigures:
    """Waiting times in ms by kind; memory of the server in MB at its start, after one other page, and at the end."""

    waits: dict[str, list[float]]
    started_mb: float
    idle_mb: float
    after_mb: float


class CorpusPage:
    """The Corpus page in one tab, and its store, which gives the counts to expect."""

    def __init__(self, page: Page, url: str, store: Store) -> None:
        self._page = page
        self._url = url
        self._store = store

    def visit(self, query: str = "", wanted: Filter | None = None) -> float:
        """Open the page by its address; return the ms until its rows are painted."""
        began = time.perf_counter()
        self._page.goto(f"{self._url}/corpus?lang=en{query}")
        self._page.evaluate("window.benchAct = performance.now()")
        self._await("", wanted or Filter())
        return (time.perf_counter() - began) * 1000

    def open(self) -> float:
        """Open the page by the menu, from another page; return the ms until its rows are painted."""
        self._page.get_by_test_id("stPageLink").get_by_text("Schemes", exact=True).click()
        self._page.get_by_role("heading", name="Schemes", exact=True).wait_for()
        self._page.wait_for_selector(IDLE)
        self._page.wait_for_timeout(THINKING_MS)
        self._page.get_by_test_id("stPageLink").get_by_text("Corpus", exact=True).click()
        return self._await("", Filter())

    def do(self, action: Callable[[Page], None], wanted: Filter) -> float:
        """Run `action`; return the ms from its last key or click until the rows of `wanted` are painted."""
        self._page.wait_for_selector(IDLE)
        self._page.wait_for_timeout(THINKING_MS)
        before = self._page.evaluate(KEY)
        action(self._page)
        return self._await(before, wanted)

    def open_filters(self) -> None:
        self._page.get_by_test_id("stExpander").get_by_text("Filters", exact=True).click()

    def _await(self, before: str, wanted: Filter) -> float:
        total = f"{self._store.corpus.find(wanted, limit=0).total:,}"
        taken: float = self._page.evaluate(AWAIT_ROWS, [before, total, PATIENCE_S * 1000])
        return taken


def _type(text: str) -> Callable[[Page], None]:
    def action(page: Page) -> None:
        field = page.locator(".st-key-text input")
        field.fill(text)
        field.press("Enter")

    return action


def _choose(key: str, title: str) -> Callable[[Page], None]:
    """An option of a select box or multiselect; its list is opened before the click that counts."""

    def action(page: Page) -> None:
        page.locator(f".st-key-{key} input").click()
        page.get_by_role("option", name=title, exact=True).click()

    return action


def _clear(key: str) -> Callable[[Page], None]:
    return lambda page: page.locator(f".st-key-{key}").get_by_label("Clear all", exact=False).first.click()


def _turn(chance: random.Random) -> Callable[[Page], None]:
    def action(page: Page) -> None:
        page.get_by_test_id("stPaginationPage").nth(chance.randrange(4)).click()

    return action


def browse_session(home: Path, rounds: int) -> SessionFigures:
    """Browse the workspace `home`, each kind of action `rounds` times."""
    store = open_store(f"sqlite:///{home / 'gwidama.db'}")
    with serving(home) as url, sync_playwright() as playwright:
        started = server_mb()
        browser = playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=ARGS.split())
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE_S * 1000)
        page.add_init_script(NOTE_ACTS)
        page.goto(f"{url}/schemes?lang=en")
        page.get_by_role("heading", name="Schemes", exact=True).wait_for()
        page.wait_for_selector(IDLE)
        idle = server_mb()
        waits = _browse(CorpusPage(page, url, store), WORDS, rounds)
        after = server_mb()
        browser.close()
    return SessionFigures(waits, started, idle, after)


def _browse(corpus: CorpusPage, words: Sequence[str], rounds: int) -> dict[str, list[float]]:
    chance = random.Random(11)
    everything = Filter()
    waits: dict[str, list[float]] = {"open the page, from another": [corpus.open() for _ in range(rounds)]}
    waits["next page"] = [
        corpus.do(lambda page: page.get_by_test_id("stPaginationNext").click(), everything) for _ in range(rounds)
    ]
    waits["page N"] = [corpus.do(_turn(chance), everything) for _ in range(rounds)]
    typed = [words[at % len(words)] for at in range(rounds)]
    waits["two syllables and Enter, rows and count"] = [corpus.do(_type(word), Filter(text=word)) for word in typed]
    text = typed[-1]
    sorts = ("Shortest first", "By text", "Longest first", "Newest first", "By text, backwards", "As imported")
    waits["sort, with a text"] = [
        corpus.do(_choose("sort", sorts[at % len(sorts)]), Filter(text=text)) for at in range(rounds)
    ]
    for kind, key, title, wanted in (
        ("a label", "danger", "Danger", Filter(labels={"danger": ("danger",)})),
        ("no label", "danger", "unlabelled", Filter(labels={"danger": (UNLABELLED,)})),
        ("a label of the call", "urgency", "Medium", Filter(labels={"urgency": ("medium",)})),
        ("speaker", "speaker", "Caller", Filter(speaker=("caller",))),
    ):
        corpus.visit()
        corpus.open_filters()
        both = [(_choose(key, title), wanted), (_clear(key), everything)]
        waits[f"filter: {kind}"] = [corpus.do(*both[at % 2]) for at in range(rounds)]
    waits["a shared address, all of Streamlit loaded anew"] = [
        corpus.visit(f"&text={quote(word)}&sort={'text' if at % 2 else '-length'}", Filter(text=word))
        for at, word in enumerate(words[:3])
    ]
    return waits


def server_mb() -> float:
    """Resident memory of the server that this process started, in MB."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = (status.parent / "cmdline").read_bytes().split(b"\0")
            process_status = status.read_text(encoding="utf-8")
        except OSError:
            continue  # the process has just ended
        is_child = int(process_status.partition("PPid:")[2].split()[0]) == os.getpid()
        if is_child and b"serve" in command:
            total += int(process_status.partition("VmRSS:")[2].split()[0])
    return total / 1024


def report(command: str, homes: Sequence[Path], sizes: Sequence[int], rounds: int) -> None:
    """Browse each workspace, and write the section of RESULTS.md."""
    if shutil.which(CHROMIUM) is None:
        raise SystemExit("chromium is not installed (Debian: apt-get install chromium fonts-nanum)")
    sessions = [browse_session(home, rounds) for home in homes]
    rows = []
    for kind in sessions[0].waits:
        middle, late = ([results.quantile(session.waits[kind], share) for session in sessions] for share in (0.5, 0.95))
        rows.append(
            (
                f"{kind}, ms p50; p95; p50 at {sizes[-1]:,} against {sizes[0]:,}",
                f"{' / '.join(f'{ms:.0f}' for ms in middle)}; {' / '.join(f'{ms:.0f}' for ms in late)}; "
                f"{middle[-1] / middle[0]:.1f} times",
            )
        )
    for what, values in {
        "server after its start, MB": [session.started_mb for session in sessions],
        "server with one small page open, idle, MB": [session.idle_mb for session in sessions],
        "above that after the whole browsing session, MB": [session.after_mb - session.idle_mb for session in sessions],
    }.items():
        rows.append((what, " / ".join(f"{mb:.0f}" for mb in values)))
    results.write(
        "The Corpus page: key or click to painted rows",
        command,
        rows,
        f"Utterances: {' / '.join(f'{n:,}' for n in sizes)}. {rounds} of each kind in Chromium, one curator, a real "
        "server beside it on the same cores. From the last keydown or pointerdown to the frame that shows the other "
        "rows and their count.",
    )
