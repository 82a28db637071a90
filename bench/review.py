"""Review round trip: `python -m bench.review [--decisions 100] [--home workspace]` (or `make bench`).

A real server on a copy of the demo workspace, the Review page in Chromium: from the key that decides to the frame that
shows the next utterance (`data-painted-at` of the review component), and after each decision a bare request to
/api/v1/health from the same page, for what the way to the server costs alone. Both clocks are the browser's. Writes its
section of bench/RESULTS.md. Keys come 300 ms after the paint: it measures the wait, not how fast one can type.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from playwright.sync_api import Locator, Page, sync_playwright

from bench import results

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "chromium"
ARGS = "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
PATIENCE_S = 60
THINKING_MS = 300
NOTE_KEYS = "addEventListener('keydown', () => { window.benchKey = performance.now() }, true)"
# Resolves with the ms from the last key to the paint of another (item, version), or null if the page drew a new root.
AWAIT_NEXT = """(root, [item, version, patience]) => new Promise((done, fail) => {
  const began = performance.now()
  const look = () => {
    const now = root.dataset
    if (!root.isConnected) done(null)
    else if (now.paintedAt && (now.item !== item || now.version !== version)) done(now.paintedAt - window.benchKey)
    else if (performance.now() - began > patience) fail(new Error(`stuck on item ${now.item}`))
    else setTimeout(look, 5)
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The address of a server of its own on workspace `home`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GWIDAMA_")}
    environment = clean | {"GWIDAMA_HOME": str(home), "GWIDAMA_CURATOR": "bench"}
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "core", "serve", "--port", str(port)], cwd=ROOT, env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        await_health(f"{url}/api/v1/health", server)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def await_health(url: str, server: "subprocess.Popen[bytes]") -> None:
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with {server.returncode}")
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"no answer within {PATIENCE_S} s")


def keys_of(root: Locator) -> list[str]:
    """The first key of each group of choices: together they complete a decision."""
    groups = root.locator(".gw-choices").all()
    return [str(group.locator("[aria-keyshortcuts]").first.get_attribute("aria-keyshortcuts")) for group in groups]


def decide(page: Page, root: Locator) -> float | None:
    """Answer the item on screen; ms from the last key to the next item's paint, None where that was not to be seen."""
    item, version = root.get_attribute("data-item"), root.get_attribute("data-version")
    for key in keys_of(root):
        if root.get_attribute("data-locked") != "true":
            page.keyboard.press(key)
    taken: float | None = root.evaluate(AWAIT_NEXT, [item, version, PATIENCE_S * 1000])
    return taken


def measure(url: str, decisions: int) -> tuple[list[float], list[float]]:
    """Waits and bare round trips in ms, one each a decision; the first three decisions only warm up."""
    waits: list[float] = []
    pings: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=ARGS.split())
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(NOTE_KEYS)
        page.goto(f"{url}/review")
        root = page.locator("[data-painted-at]:not([data-painted-at=''])")
        root.wait_for(timeout=PATIENCE_S * 1000)
        for number in range(decisions + 3):
            page.wait_for_timeout(THINKING_MS)
            taken = decide(page, root)
            ping = float(page.evaluate(PING))
            if number >= 3 and taken is not None:
                waits.append(taken)
                pings.append(ping)
        browser.close()
    return waits, pings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--decisions", type=int, default=100)
    parser.add_argument("--home", type=Path, default=ROOT / "workspace", help="a demo workspace; it is copied")
    asked = parser.parse_args()
    if shutil.which(CHROMIUM) is None:
        raise SystemExit("chromium is not installed (Debian: apt-get install chromium fonts-nanum)")
    if not asked.home.is_dir():
        raise SystemExit(f"{asked.home} is not there: python -m core demo builds it")
    with TemporaryDirectory(prefix="gwidama-bench-") as folder:
        home = Path(folder) / "workspace"
        shutil.copytree(asked.home, home)
        with serving(home) as url:
            waits, pings = measure(url, asked.decisions)
    if len(waits) < asked.decisions * 0.9:
        raise SystemExit(f"only {len(waits)} of {asked.decisions} decisions could be measured")
    middle, late = results.quantile(waits, 0.5), results.quantile(waits, 0.95)
    bare = results.quantile(pings, 0.5)
    results.write(
        "Review: key to next utterance painted",
        f"python -m bench.review --decisions {asked.decisions}",
        [
            ("p50", f"{middle:.0f} ms"),
            ("p95", f"{late:.0f} ms"),
            ("slowest", f"{max(waits):.0f} ms"),
            ("bare request to /api/v1/health from the same page, p50", f"{bare:.1f} ms"),
            ("p50 against the bare request", f"{middle / bare:.1f} times"),
        ],
        f"{len(waits)} decisions by key in Chromium on the demo workspace, one curator; each is on disk before "
        f"the next utterance shows. A bare request after each decision.",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
