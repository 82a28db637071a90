"""Pages: `python -m bench.pages [--home DEMO] [--starts 3] [--rounds 5] [--decisions 50]`.

DEMO is a workspace that has runs, such as that of `python -m core demo`, which is built if none is named; a copy of it
is served. Three things are
measured, each beside a page of Streamlit that shows a title and one line, from the same installation in turns:

- the start: from the start of the server's process to the frame that shows the first utterance on the Review page, in
  a browser context that has no cache. The page is asked for as soon as the server's port takes connections;
- the memory of the server's process, after the first utterance and after `--decisions` decisions by key;
- every page, warm: from the navigation to the frame after which its title is there, its script has ended and nothing on
  it is stale or a placeholder. By address, all scripts of Streamlit are loaded again from the browser's cache; by the
  menu they are not.

The clock of a page is that of the browser. It writes its section of bench/RESULTS.md.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench import results
from bench.server import ARGS, CHROMIUM, PATIENCE_S, ROOT, free_port
from core.ui.frame import PAGES

BARE = 'import streamlit as st\n\nst.title("Bare")\nst.write("One line.")\n'
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
DESK = ".gw-desk[data-painted-at]:not([data-item=''])"
# Resolves with the clock of the page at the frame after which `title` is shown by a script that has ended.
AWAIT_PAGE = """([title, patience]) => new Promise((done, fail) => {
  const painted = () => {
    const app = document.querySelector('[data-testid="stApp"]')
    if (app?.dataset.testScriptState !== 'notRunning') return false
    if (![...document.querySelectorAll('h1')].some((head) => head.textContent.trim() === title)) return false
    return !document.querySelector('[data-stale="true"], [data-testid="stSkeleton"]')
  }
  const look = () => {
    if (painted()) requestAnimationFrame(() => setTimeout(() => done(performance.now())))
    else if (performance.now() > patience) fail(new Error(`no ${title}: ${document.body.innerText.slice(0, 300)}`))
    else setTimeout(look, 5)
  }
  look()
})"""
CLICKED = "() => { window.benchFrom = performance.now() }"


@dataclass
class Starts:
    """Seconds from the start of a server's process: until its port answers, until the first frame with content."""

    answers: list[float] = field(default_factory=list)
    painted: list[float] = field(default_factory=list)


@dataclass
class Times:
    """Milliseconds until each page is painted, by title: opened by its address, and by the menu."""

    address: dict[str, list[float]] = field(default_factory=dict)
    menu: dict[str, list[float]] = field(default_factory=dict)

    def note(self, by: dict[str, list[float]], title: str, ms: float) -> None:
        by.setdefault(title, []).append(ms)


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a server on the workspace `home`; it may keep compiled files, as usual."""
    left = ("GWIDAMA_", "STREAMLIT_", "PYTHONDONTWRITEBYTECODE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(left)}
    return clean | {"GWIDAMA_HOME": str(home), "GWIDAMA_CURATOR": "bench"}


@contextmanager
def process(command: list[str], home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server while the block runs."""
    server = subprocess.Popen(
        command, cwd=ROOT, env=environment(home), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield server
    finally:
        server.terminate()
        server.wait(30)


def ours(port: int) -> list[str]:
    return [sys.executable, "-m", "core", "serve", "--port", str(port)]


def bare(script: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]


def await_port(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Wait until the server takes a connection."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with {server.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.01)
    raise SystemExit(f"no answer within {PATIENCE_S} s")


def first_card(page: Page) -> None:
    page.locator(DESK).wait_for(timeout=PATIENCE_S * 1000)


def first_line(page: Page) -> None:
    page.get_by_text("One line.").wait_for(timeout=PATIENCE_S * 1000)


def start(browser: Browser, command: list[str], port: int, home: Path, path: str, shown: Callable[[Page], None],
          starts: Starts) -> None:  # fmt: skip
    """Start a server, open `path` as soon as its port answers, and add both times to `starts`."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    began = time.perf_counter()
    with process(command, home) as server:
        await_port(port, server)
        starts.answers.append(time.perf_counter() - began)
        page.goto(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S * 1000)
        shown(page)
        starts.painted.append(time.perf_counter() - began)
        context.close()


def memory_of(pid: int) -> float:
    """The resident memory of a process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return float(status.partition("VmRSS:")[2].split()[0]) / 1024


def review(context: BrowserContext, url: str, pid: int, decisions: int) -> tuple[float, float]:
    """Decide `decisions` times by key; return the server's memory in MB after the first card and after the last."""
    page = context.new_page()
    page.goto(f"{url}/review?lang=en", timeout=PATIENCE_S * 1000)
    first_card(page)
    before = memory_of(pid)
    desk = page.locator(DESK)
    for _ in range(decisions):
        item = desk.get_attribute("data-item")
        page.locator(f"{DESK}[data-locked=false]").wait_for(timeout=PATIENCE_S * 1000)
        page.wait_for_timeout(200)  # keys count 125 ms after the paint
        page.keyboard.press("n")
        page.locator(f"{DESK}:not([data-item='{item}'])").wait_for(timeout=PATIENCE_S * 1000)
    after = memory_of(pid)
    page.close()
    return before, after


def open_page(page: Page, url: str, title: str) -> float:
    """Open an address; return the ms until the page is painted."""
    page.goto(url, timeout=PATIENCE_S * 1000)
    return float(page.evaluate(AWAIT_PAGE, [title, PATIENCE_S * 1000]))


def click_page(page: Page, title: str) -> float:
    """Open a page by the menu; return the ms until it is painted."""
    page.wait_for_selector(IDLE)
    link = page.get_by_test_id("stPageLink").get_by_text(title, exact=True)
    link.scroll_into_view_if_needed()
    page.evaluate(CLICKED)
    link.click()
    return float(page.evaluate(AWAIT_PAGE, [title, PATIENCE_S * 1000])) - float(page.evaluate("window.benchFrom"))


def visit_all(context: BrowserContext, url: str, bare_url: str, rounds: int) -> Times:
    """Visit every page once, then `rounds` times in turns with the bare page; the first visits do not count."""
    page, times = context.new_page(), Times()
    addresses = {
        info.title: f"{url}/{info.file.removeprefix('pages/').removesuffix('.py').replace('app', '')}?lang=en"
        for info in PAGES
    }
    for number in range(rounds + 1):
        for title, address in addresses.items():
            ms, bare_ms = open_page(page, address, title), open_page(page, bare_url, "Bare")
            if number:
                times.note(times.address, title, ms)
                times.note(times.address, "Bare", bare_ms)
        open_page(page, addresses["Overview"], "Overview")
        for title in [*addresses][1:]:
            ms = click_page(page, title)
            if number:
                times.note(times.menu, title, ms)
    page.close()
    return times


def report(own: Starts, plain: Starts, memory: tuple[float, float], times: Times, options: argparse.Namespace) -> None:
    def middle(values: list[float]) -> float:
        return results.quantile(values, 0.5)

    bare_ms = middle(times.address["Bare"])
    rows = [
        ("server's start to the first utterance on the screen, s, best; median", _best(own.painted)),
        ("bare page of Streamlit, the same", _best(plain.painted)),
        ("ratio of the medians", f"{middle(own.painted) / middle(plain.painted):.2f}"),
        ("server's start to an open port, ours / bare, s, median",
         f"{middle(own.answers):.2f} / {middle(plain.answers):.2f}"),
        (f"memory of the server after the first utterance / after {options.decisions} decisions, MB",
         f"{memory[0]:.0f} / {memory[1]:.0f}"),
        ("bare page by address, warm, ms p50", f"{bare_ms:.0f}"),
    ]  # fmt: skip
    for title, values in times.address.items():
        if title != "Bare":
            by_menu = f"; by the menu {middle(times.menu[title]):.0f} ms" if title in times.menu else ""
            rows.append(
                (f"{title}, by address, warm: ms p50; highest; ratio to bare",
                 f"{middle(values):.0f}; {max(values):.0f}; {middle(values) / bare_ms:.2f}{by_menu}")
            )  # fmt: skip
    results.write(
        "Pages: start, memory and paint",
        f"python -m bench.pages --starts {options.starts} --rounds {options.rounds} --decisions {options.decisions}",
        rows,
        f"{options.starts} starts of each in turns, {options.rounds} warm visits of each page by address and by the "
        "menu, a bare page after each address. Server and browser share the machine.",
    )


def _best(values: list[float]) -> str:
    return f"{min(values):.2f}; {results.quantile(values, 0.5):.2f}"


def measure(options: argparse.Namespace, folder: Path) -> None:
    script, home = folder / "bare.py", folder / "workspace"
    script.write_text(BARE, encoding="utf-8")
    if options.home:
        shutil.copytree(options.home.resolve(), home)
    else:
        subprocess.run([sys.executable, "-m", "core", "demo"], cwd=ROOT, env=environment(home), check=True)
    own, plain = Starts(), Starts()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(CHROMIUM), args=ARGS.split())
        browser.new_page().goto("about:blank")
        for _ in range(options.starts):
            port = free_port()
            start(browser, ours(port), port, home, "/review?lang=en", first_card, own)
            port = free_port()
            start(browser, bare(script, port), port, home, "/", first_line, plain)
        ports = free_port(), free_port()
        with process(ours(ports[0]), home) as server, process(bare(script, ports[1]), home) as other:
            await_port(ports[0], server)
            await_port(ports[1], other)
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            url, bare_url = (f"http://127.0.0.1:{port}" for port in ports)
            memory = review(context, url, server.pid, options.decisions)
            times = visit_all(context, url, bare_url, options.rounds) if options.rounds else Times({"Bare": [1.0]})
            context.close()
        browser.close()
    report(own, plain, memory, times, options)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, help="a workspace with runs; else the demo is built")
    parser.add_argument("--starts", type=int, default=3, help="of each server")
    parser.add_argument("--rounds", type=int, default=5, help="warm visits of each page; 0: none")
    parser.add_argument("--decisions", type=int, default=50)
    options = parser.parse_args()
    if shutil.which(CHROMIUM) is None:
        raise SystemExit("chromium is not installed (Debian: apt-get install chromium fonts-nanum)")
    with TemporaryDirectory(prefix="gwidama-bench-") as folder:
        measure(options, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
