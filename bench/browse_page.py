"""The Corpus page in Chromium: from a key or click to the frame that shows its rows; and the memory of the server.

A real server on a workspace of its own. The clock starts at the last keydown or pointerdown, in the browser. It stops
in the frame after which all of this holds: the table of rows is another one than before (its key is made of the ids
it shows), it is no leftover of the run before, the count beside it is the one the store gives for what was asked, and
its canvas has ink below the header. Opening is by the menu, from another page, as a curator comes; opening a shared
address loads the whole of Streamlit's scripts anew and is told apart. Memory is that of the server's process: after
its start, after one other page (which loads Streamlit's libraries, whatever the corpus), and after all of the browsing.
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
class Session:
    """ms by kind; memory of the server in MB at its start, after a first other page, and after all."""

    waits: dict[str, list[float]]
    started_mb: float
    idle_mb: float
    after_mb: float


class Corpus:
    """The Corpus page in one tab, and the store behind it for the counts to expect."""

    def __init__(self, page: Page, url: str, store: Store) -> None:
        self._page = page
        self._url = url
        self._store = store

    def visit(self, query: str = "", wanted: Filter | None = None) -> float:
        """Open the page by its address; ms until its rows are painted."""
        began = time.perf_counter()
        self._page.goto(f"{self._url}/corpus?lang=en{query}")
        self._page.evaluate("window.benchAct = performance.now()")
        self._await("", wanted or Filter())
        return (time.perf_counter() - began) * 1000

    def open(self) -> float:
        """From another page by the menu."""
        self._page.get_by_test_id("stPageLink").get_by_text("Schemes", exact=True).click()
        self._page.get_by_role("heading", name="Schemes", exact=True).wait_for()
        self._page.wait_for_selector(IDLE)
        self._page.wait_for_timeout(THINKING_MS)
        self._page.get_by_test_id("stPageLink").get_by_text("Corpus", exact=True).click()
        return self._await("", Filter())

    def act(self, deed: Callable[[Page], None], wanted: Filter) -> float:
        """ms from the last key or click of `deed` until the rows of `wanted` are painted."""
        self._page.wait_for_selector(IDLE)
        self._page.wait_for_timeout(THINKING_MS)
        before = self._page.evaluate(KEY)
        deed(self._page)
        return self._await(before, wanted)

    def open_filters(self) -> None:
        self._page.get_by_test_id("stExpander").get_by_text("Filters", exact=True).click()

    def _await(self, before: str, wanted: Filter) -> float:
        total = f"{self._store.corpus.find(wanted, limit=0).total:,}"
        taken: float = self._page.evaluate(AWAIT_ROWS, [before, total, PATIENCE_S * 1000])
        return taken


def _type(text: str) -> Callable[[Page], None]:
    def deed(page: Page) -> None:
        field = page.locator(".st-key-text input")
        field.fill(text)
        field.press("Enter")

    return deed


def _choose(key: str, title: str) -> Callable[[Page], None]:
    """An option of a select box or multiselect; its list is opened before the click that counts."""

    def deed(page: Page) -> None:
        page.locator(f".st-key-{key} input").click()
        page.get_by_role("option", name=title, exact=True).click()

    return deed


def _clear(key: str) -> Callable[[Page], None]:
    return lambda page: page.locator(f".st-key-{key}").get_by_label("Clear all", exact=False).first.click()


def _turn(chance: random.Random) -> Callable[[Page], None]:
    def deed(page: Page) -> None:
        page.get_by_test_id("stPaginationPage").nth(chance.randrange(4)).click()

    return deed


def session(home: Path, rounds: int) -> Session:
    """Browse the workspace `home`: every kind `rounds` times."""
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
        waits = _browse(Corpus(page, url, store), WORDS, rounds)
        after = server_mb()
        browser.close()
    return Session(waits, started, idle, after)


def _browse(corpus: Corpus, words: Sequence[str], rounds: int) -> dict[str, list[float]]:
    chance = random.Random(11)
    everything = Filter()
    waits: dict[str, list[float]] = {"open the page, from another": [corpus.open() for _ in range(rounds)]}
    waits["next page"] = [
        corpus.act(lambda page: page.get_by_test_id("stPaginationNext").click(), everything) for _ in range(rounds)
    ]
    waits["page N"] = [corpus.act(_turn(chance), everything) for _ in range(rounds)]
    typed = [words[at % len(words)] for at in range(rounds)]
    waits["two syllables and Enter, rows and count"] = [corpus.act(_type(one), Filter(text=one)) for one in typed]
    text = typed[-1]
    sorts = ("Shortest first", "By text", "Longest first", "Newest first", "By text, backwards", "As imported")
    waits["sort, with a text"] = [
        corpus.act(_choose("sort", sorts[at % len(sorts)]), Filter(text=text)) for at in range(rounds)
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
        waits[f"filter: {kind}"] = [corpus.act(*both[at % 2]) for at in range(rounds)]
    waits["a shared address, all of Streamlit loaded anew"] = [
        corpus.visit(f"&text={quote(one)}&sort={'text' if at % 2 else '-length'}", Filter(text=one))
        for at, one in enumerate(words[:3])
    ]
    return waits


def server_mb() -> float:
    """Resident memory of the server that this process started, in MB."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = (status.parent / "cmdline").read_bytes().split(b"\0")
            told = status.read_text(encoding="utf-8")
        except OSError:
            continue  # a process that ended just now
        mine = int(told.partition("PPid:")[2].split()[0]) == os.getpid()
        if mine and b"serve" in command:
            total += int(told.partition("VmRSS:")[2].split()[0])
    return total / 1024


def report(command: str, homes: Sequence[Path], sizes: Sequence[int], rounds: int) -> None:
    """Browse each workspace and write the section."""
    if shutil.which(CHROMIUM) is None:
        raise SystemExit("chromium is not installed (Debian: apt-get install chromium fonts-nanum)")
    found = [session(home, rounds) for home in homes]
    rows = []
    for kind in found[0].waits:
        middle, late = ([results.quantile(one.waits[kind], share) for one in found] for share in (0.5, 0.95))
        rows.append(
            (
                f"{kind}, ms p50; p95; p50 at {sizes[-1]:,} against {sizes[0]:,}",
                f"{' / '.join(f'{ms:.0f}' for ms in middle)}; {' / '.join(f'{ms:.0f}' for ms in late)}; "
                f"{middle[-1] / middle[0]:.1f} times",
            )
        )
    for what, told in {
        "server after its start, MB": [one.started_mb for one in found],
        "server with one small page open, idle, MB": [one.idle_mb for one in found],
        "above that after the whole browsing session, MB": [one.after_mb - one.idle_mb for one in found],
    }.items():
        rows.append((what, " / ".join(f"{mb:.0f}" for mb in told)))
    results.write(
        "The Corpus page: key or click to painted rows",
        command,
        rows,
        f"Utterances: {' / '.join(f'{n:,}' for n in sizes)}. {rounds} of each kind in Chromium, one curator, a real "
        "server beside it on the same cores. From the last keydown or pointerdown to the frame that shows the other "
        "rows and their count.",
    )
