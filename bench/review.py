"""Review: `python -m bench.review [--utterances 20000] [--curators 10] [--decisions 60]` (or `make bench`).

It runs a real server on its own workspace (bench/review_corpus.py), and opens the Review page in one Chromium context
for each curator. All curators decide at the same time on the queue of unlabelled utterances. Each decision gives two
times, by the clock of the browser: from the key to the frame that shows the next utterance (`data-painted-at`), and
until the sound of that utterance is playable too (`data-audio-ready-at`; without sound, the frame alone). The next
cards are fetched beforehand, so the wait is the time until the decision is on disk. After each decision, the page sends
a bare request to /api/v1/health, which shows the cost of the connection alone. A key comes 300 ms after both, so this
measures the wait, not the speed of typing. Server and browsers share this machine.

Then the same curators make `--check` decisions, each key as soon as it counts. The keys of all sessions are compared
with the store: no decision is lost, doubled, or written to another utterance. A difference is an error.
`--database-url postgresql://…/empty` does the same a second time on PostgreSQL, on a copy of the same workspace.
It writes its section of bench/RESULTS.md.
"""

import argparse
import asyncio
import random
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, Locator, Page, async_playwright

from bench import results, review_corpus
from bench.server import ARGS, CHROMIUM, PATIENCE_S, serving
from core.settings import Settings
from core.workflows.moving import move_to
from core.workflows.workspace import Workspace, open_workspace

THINKING_MS = 300
WARM_UP = 3
KEYS = {"n": "normal", "d": "danger"}
# Records the time of a key and the item on the screen, before the component receives the key.
NOTE_KEYS = """addEventListener('keydown', () => {
  const find = (root) => root.querySelector('.gw-desk') ?? [...root.querySelectorAll('*')].map(
    (node) => node.shadowRoot?.querySelector('.gw-desk')).find(Boolean)
  const shown = (window.benchRoot ??= find(document))?.dataset
  window.benchKey = {at: performance.now(), item: +shown?.item, version: +shown?.version}
}, true)"""
# Gives [ms to the paint, ms to paint and sound, whether it has sound] of the item after the decided item.
AWAIT_NEXT = """(root, patience) => new Promise((done, fail) => {
  const {at, item, version} = window.benchKey
  const look = () => {
    const now = root.dataset
    const other = +now.item !== item || +now.version !== version
    if (other && now.paintedAt && now.audioReadyAt)
      done([now.paintedAt - at, Math.max(now.paintedAt, now.audioReadyAt) - at, now.audio === 'true'])
    else if (performance.now() - at > patience) fail(new Error(`stuck on ${JSON.stringify(now)}: ${root.innerText}`))
    else setTimeout(look, 4)
  }
  look()
})"""
# Waits until a key counts: the item is painted and unlocked, and the pause without keys is over.
AWAIT_OPEN = """(root, patience) => new Promise((done, fail) => {
  const began = performance.now()
  const look = () => {
    const {locked, paintedAt, item} = root.dataset
    if (item && locked === 'false' && paintedAt && performance.now() - paintedAt > 125) done(true)
    else if (performance.now() - began > patience) fail(new Error(`closed: ${JSON.stringify(root.dataset)}`))
    else setTimeout(look, 4)
  }
  look()
})"""
PING = """async () => {
  const began = performance.now()
  const answer = await fetch('/api/v1/health', {cache: 'no-store'})
  await answer.text()
  if (!answer.ok) throw new Error(`health: ${answer.status}`)
  return performance.now() - began
}"""


@dataclass
class Timings:
    """Times of all sessions in ms: to the paint, to paint and sound, the same for items with sound, bare requests."""

    painted: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    sounding: list[float] = field(default_factory=list)
    pings: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class KeyPress:
    """A key that counted: its curator, the item and its version, and the class of the key."""

    curator: str
    item: int
    version: int
    code: str


@dataclass
class Session:
    """One curator at the Review page in a browser context."""

    curator: str
    page: Page
    root: Locator
    chance: random.Random
    pressed: list[KeyPress] = field(default_factory=list)

    async def decide(self) -> tuple[float, float, bool]:
        """Press a key as soon as it counts; return ms to the paint, ms to paint and sound, whether there is sound."""
        patience = PATIENCE_S * 1000
        await self.root.evaluate(AWAIT_OPEN, patience)
        key = self.chance.choice(list(KEYS))
        await self.page.keyboard.press(key)
        painted, ready, sounds = await self.root.evaluate(AWAIT_NEXT, patience)
        on = await self.page.evaluate("() => window.benchKey")
        self.pressed.append(KeyPress(self.curator, on["item"], on["version"], KEYS[key]))
        return float(painted), float(ready), bool(sounds)

    async def measure(self, decisions: int, timings: Timings) -> None:
        """Make `decisions` decisions after a warm-up, and add their times to `timings`."""
        for number in range(decisions + WARM_UP):
            await self.page.wait_for_timeout(THINKING_MS)
            painted, ready, sounds = await self.decide()
            ping = float(await self.page.evaluate(PING))
            if number < WARM_UP:
                continue
            timings.painted.append(painted)
            timings.ready.append(ready)
            timings.pings.append(ping)
            if sounds:
                timings.sounding.append(ready)

    async def hurry(self, decisions: int) -> None:
        """Make `decisions` decisions as fast as keys count."""
        for _ in range(decisions):
            await self.decide()


async def start_session(browser: Browser, url: str, number: int) -> Session:
    """Open the Review page as a new curator, and wait for the first item."""
    curator = f"bench-{number}"
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    await page.add_init_script(NOTE_KEYS)
    await page.goto(f"{url}/review?lang=en")
    box = page.get_by_role("textbox", name="Curator", exact=True)
    await box.fill(curator)
    await box.press("Enter")
    root = page.locator(f".gw-desk[data-curator={curator}]:not([data-item=''])")
    await root.wait_for()
    await box.blur()
    return Session(curator, page, root, random.Random(number))


async def run_sessions(url: str, curators: int, decisions: int, check: int) -> tuple[Timings, list[KeyPress]]:
    """Run all sessions: measured decisions, then `check` fast ones. Return the times and all keys."""
    timings = Timings()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=ARGS.split())
        sessions = [await start_session(browser, url, number) for number in range(curators)]
        await asyncio.gather(*(session.measure(decisions, timings) for session in sessions))
        shares = [check // curators + (number < check % curators) for number in range(curators)]
        await asyncio.gather(*(session.hurry(share) for session, share in zip(sessions, shares, strict=True)))
        await browser.close()
    return timings, [press for session in sessions for press in session.pressed]


def compare(ws: Workspace, pressed: list[KeyPress]) -> list[str]:
    """All differences between the pressed keys and the store; empty if there are none."""
    wrong = [f"item {item} was decided {n} times" for item, n in Counter(p.item for p in pressed).items() if n > 1]
    for press in pressed:
        revisions = [row for row in ws.store.review.history(press.item) if row.version == press.version + 1]
        written = [(row.curator, row.after.get("labels", {}).get("danger", {}).get("code")) for row in revisions]
        if written != [(press.curator, press.code)]:
            wrong.append(f"{press}: the store has {written or 'nothing'}")
        answers = [(row.curator, row.code) for row in ws.store.review.annotations(press.item)]
        if answers != [(press.curator, press.code)]:
            wrong.append(f"{press}: annotations {answers or 'none'}")
    stored = sum(ws.store.review.decided(curator) for curator in {press.curator for press in pressed})
    if stored != len(pressed):
        wrong.append(f"{len(pressed)} keys, {stored} decisions in the store")
    return wrong


def workspace(home: Path, database_url: str = "") -> Workspace:
    database, jobs = (f"sqlite:///{home / name}" for name in ("gwidama.db", "jobs.db"))
    return open_workspace(Settings(home, database_url or database, jobs, frozenset(), "127.0.0.1", 0, "bench"))


def measured(home: Path, options: argparse.Namespace, database_url: str = "") -> tuple[Timings, int]:
    """Return the times and the number of all decisions on a workspace; leave with an error if one of them is wrong."""
    with serving(home, database_url) as url:
        timings, pressed = asyncio.run(run_sessions(url, options.curators, options.decisions, options.check))
    if wrong := compare(workspace(home, database_url), pressed):
        raise SystemExit("\n".join([f"{len(wrong)} differences", *wrong[:20]]))
    return timings, len(pressed)


def report(timings: Timings, pressed: int, server: Timings | None, options: argparse.Namespace) -> None:
    def both(values: list[float]) -> str:
        return f"{results.quantile(values, 0.5):.0f} ms; {results.quantile(values, 0.95):.0f} ms"

    bare = results.quantile(timings.pings, 0.5)
    with_audio = both(timings.sounding) if timings.sounding else "none came up"
    against = [results.quantile(timings.ready, share) / bare for share in (0.5, 0.95)]
    rows_of_server: list[tuple[str, str]] = []
    if server is not None:
        times = [results.quantile(server.ready, p) / results.quantile(timings.ready, p) for p in (0.5, 0.95)]
        rows_of_server = [
            ("the first line on PostgreSQL, p50; p95", both(server.ready)),
            ("PostgreSQL against SQLite, p50; p95", f"{times[0]:.2f}; {times[1]:.2f} times"),
        ]
    results.write(
        "Review: key to next utterance painted and audio ready",
        f"python -m bench.review --utterances {options.utterances} --curators {options.curators} "
        f"--decisions {options.decisions} --check {options.check}"
        + (" --database-url postgresql://…" if server is not None else ""),
        [
            ("key to next utterance painted and its audio ready, p50; p95", both(timings.ready)),
            ("the same, only those with audio, p50; p95", with_audio),
            ("key to next utterance painted, p50; p95", both(timings.painted)),
            ("slowest", f"{max(timings.ready):.0f} ms"),
            ("bare request to /api/v1/health from the same pages in turns, p50; p95", both(timings.pings)),
            ("painted and audio ready against the bare request's p50", f"{against[0]:.1f}; {against[1]:.1f} times"),
            ("decisions by all sessions, of which lost, doubled or on another utterance", f"{pressed:,}; 0"),
            *rows_of_server,
        ],
        f"{len(timings.ready)} decisions by key in Chromium, {len(timings.sounding)} of them before an utterance with "
        f"audio; {options.curators} curators at once on {options.utterances:,} utterances, a bare request after each "
        f"decision, {THINKING_MS} ms of thinking; then {options.check:,} decisions, each as soon as a key counts. "
        "Server and browsers share the machine.",
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--utterances", type=int, default=20_000)
    parser.add_argument("--curators", type=int, default=10)
    parser.add_argument("--decisions", type=int, default=60, help="measured ones, by each curator")
    parser.add_argument("--check", type=int, default=1000, help="decisions by all curators whose traces are compared")
    parser.add_argument("--home", type=Path, help="a folder to build in, or one built before; else a temporary one")
    parser.add_argument("--database-url", default="", help="an empty PostgreSQL database, measured beside SQLite")
    options = parser.parse_args()
    if shutil.which(CHROMIUM) is None:
        raise SystemExit("chromium is not installed (Debian: apt-get install chromium fonts-nanum)")
    with TemporaryDirectory(prefix="gwidama-bench-") as folder:
        built = options.home.resolve() if options.home else Path(folder) / "workspace"
        if not built.is_dir():
            began = time.perf_counter()
            review_corpus.fill(workspace(built), options.utterances)
            print(f"built in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        home = Path(folder) / "at-work"
        shutil.copytree(built, home)
        timings, pressed = measured(home, options)
        server = None
        if options.database_url:
            move_to(workspace(built), options.database_url)
            server, more = measured(home, options, options.database_url)
            pressed += more
    report(timings, pressed, server, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
