"""Review: `python -m bench.review [--utterances 20000] [--curators 5] [--decisions 60]` (or `make bench`).

A real server on a workspace of its own (bench/review_corpus.py), the Review page in as many Chromium contexts as there
are curators, all of them deciding at once on the queue of what is unlabelled. Every decision is two measures, by the
browser's own clock: from the key that decides to the frame that shows the next utterance (`data-painted-at`), and to
that frame and the next utterance's sound decoded, drawn and playable (`data-audio-ready-at`; where it has no sound,
the frame alone). The next cards are fetched beforehand, so what is waited for is the decision on the disk. After each
decision a bare request to /api/v1/health from the same page, for what the way to the server costs alone. Keys come
300 ms after both: it measures the wait, not how fast one can type. Server and browsers share this machine.

Then `--check` decisions by the same curators, each key as soon as it counts; what every session pressed on which
utterance is compared with the store: none lost, none doubled, none on another utterance. A difference is an error.
Writes its section of bench/RESULTS.md.
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
from core.workflows.workspace import Workspace, open_workspace

THINKING_MS = 300
WARM_UP = 3
KEYS = {"n": "normal", "d": "danger"}
# Notes what was on the screen, and when, at the very key; before the component hears of it.
NOTE_KEYS = """addEventListener('keydown', () => {
  const find = (root) => root.querySelector('.gw-desk') ?? [...root.querySelectorAll('*')].map(
    (node) => node.shadowRoot?.querySelector('.gw-desk')).find(Boolean)
  const shown = (window.benchRoot ??= find(document))?.dataset
  window.benchKey = {at: performance.now(), item: +shown?.item, version: +shown?.version}
}, true)"""
# [ms to the paint, ms to paint and sound, whether it has sound] of the item after the one that was decided.
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
# A key counts: painted, unlocked, and the time without keys over.
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
class Told:
    """What the sessions saw: ms to the paint, ms to paint and sound of items with sound and of all, bare requests."""

    painted: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    sounding: list[float] = field(default_factory=list)
    pings: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Pressed:
    """A key that counted: by whom, on which item in which version, and the class it stands for."""

    curator: str
    item: int
    version: int
    code: str


@dataclass
class Session:
    curator: str
    page: Page
    root: Locator
    chance: random.Random
    pressed: list[Pressed] = field(default_factory=list)

    async def decide(self) -> tuple[float, float, bool]:
        """One key, as soon as it counts; how long until the next item."""
        patience = PATIENCE_S * 1000
        await self.root.evaluate(AWAIT_OPEN, patience)
        key = self.chance.choice(list(KEYS))
        await self.page.keyboard.press(key)
        painted, ready, sounds = await self.root.evaluate(AWAIT_NEXT, patience)
        on = await self.page.evaluate("() => window.benchKey")
        self.pressed.append(Pressed(self.curator, on["item"], on["version"], KEYS[key]))
        return float(painted), float(ready), bool(sounds)

    async def measure(self, decisions: int, told: Told) -> None:
        for number in range(decisions + WARM_UP):
            await self.page.wait_for_timeout(THINKING_MS)
            painted, ready, sounds = await self.decide()
            ping = float(await self.page.evaluate(PING))
            if number < WARM_UP:
                continue
            told.painted.append(painted)
            told.ready.append(ready)
            told.pings.append(ping)
            if sounds:
                told.sounding.append(ready)

    async def hurry(self, decisions: int) -> None:
        for _ in range(decisions):
            await self.decide()


async def sit_down(browser: Browser, url: str, number: int) -> Session:
    """A curator of a name of their own at the Review page, the first item on the screen."""
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


async def work(url: str, curators: int, decisions: int, check: int) -> tuple[Told, list[Pressed]]:
    told = Told()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=ARGS.split())
        sessions = [await sit_down(browser, url, number) for number in range(curators)]
        await asyncio.gather(*(one.measure(decisions, told) for one in sessions))
        shares = [check // curators + (number < check % curators) for number in range(curators)]
        await asyncio.gather(*(one.hurry(share) for one, share in zip(sessions, shares, strict=True)))
        await browser.close()
    return told, [press for one in sessions for press in one.pressed]


def compare(ws: Workspace, pressed: list[Pressed]) -> list[str]:
    """Every difference between what was pressed and what the store holds; empty where there is none."""
    wrong = [f"item {item} was decided {n} times" for item, n in Counter(p.item for p in pressed).items() if n > 1]
    for press in pressed:
        revisions = [one for one in ws.store.review.history(press.item) if one.version == press.version + 1]
        written = [(one.curator, one.after.get("labels", {}).get("danger", {}).get("code")) for one in revisions]
        if written != [(press.curator, press.code)]:
            wrong.append(f"{press}: the store has {written or 'nothing'}")
        answers = [(one.curator, one.code) for one in ws.store.review.annotations(press.item)]
        if answers != [(press.curator, press.code)]:
            wrong.append(f"{press}: annotations {answers or 'none'}")
    stored = sum(ws.store.review.decided(one) for one in {press.curator for press in pressed})
    if stored != len(pressed):
        wrong.append(f"{len(pressed)} keys, {stored} decisions in the store")
    return wrong


def workspace(home: Path) -> Workspace:
    database, jobs = (f"sqlite:///{home / name}" for name in ("gwidama.db", "jobs.db"))
    return open_workspace(Settings(home, database, jobs, frozenset(), "127.0.0.1", 0, "bench"))


def report(told: Told, pressed: int, asked: argparse.Namespace) -> None:
    def both(values: list[float]) -> str:
        return f"{results.quantile(values, 0.5):.0f} ms; {results.quantile(values, 0.95):.0f} ms"

    bare = results.quantile(told.pings, 0.5)
    against = [results.quantile(told.ready, share) / bare for share in (0.5, 0.95)]
    results.write(
        "Review: key to next utterance painted and audio ready",
        f"python -m bench.review --utterances {asked.utterances} --curators {asked.curators} "
        f"--decisions {asked.decisions} --check {asked.check}",
        [
            ("key to next utterance painted and its audio ready, p50; p95", both(told.ready)),
            ("the same, only those with audio, p50; p95", both(told.sounding) if told.sounding else "none came up"),
            ("key to next utterance painted, p50; p95", both(told.painted)),
            ("slowest", f"{max(told.ready):.0f} ms"),
            ("bare request to /api/v1/health from the same pages in turns, p50; p95", both(told.pings)),
            ("painted and audio ready against the bare request's p50", f"{against[0]:.1f}; {against[1]:.1f} times"),
            ("decisions by all sessions, of which lost, doubled or on another utterance", f"{pressed:,}; 0"),
        ],
        f"{len(told.ready)} decisions by key in Chromium, {len(told.sounding)} of them before an utterance with audio; "
        f"{asked.curators} curators at once on {asked.utterances:,} utterances, a bare request after each decision, "
        f"{THINKING_MS} ms of thinking; then {asked.check:,} decisions, each as soon as a key counts. Server and "
        "browsers share the machine.",
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--utterances", type=int, default=20_000)
    parser.add_argument("--curators", type=int, default=5)
    parser.add_argument("--decisions", type=int, default=60, help="measured ones, by each curator")
    parser.add_argument("--check", type=int, default=1000, help="decisions by all curators whose traces are compared")
    parser.add_argument("--home", type=Path, help="a folder to build in, or one built before; else a temporary one")
    asked = parser.parse_args()
    if shutil.which(CHROMIUM) is None:
        raise SystemExit("chromium is not installed (Debian: apt-get install chromium fonts-nanum)")
    with TemporaryDirectory(prefix="gwidama-bench-") as folder:
        kept = asked.home.resolve() if asked.home else Path(folder) / "workspace"
        if not kept.is_dir():
            began = time.perf_counter()
            review_corpus.fill(workspace(kept), asked.utterances)
            print(f"built in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        home = Path(folder) / "at-work"
        shutil.copytree(kept, home)
        with serving(home) as url:
            told, pressed = asyncio.run(work(url, asked.curators, asked.decisions, asked.check))
        if wrong := compare(workspace(home), pressed):
            raise SystemExit("\n".join([f"{len(wrong)} differences", *wrong[:20]]))
    report(told, len(pressed), asked)
    return 0


if __name__ == "__main__":
    sys.exit(main())
