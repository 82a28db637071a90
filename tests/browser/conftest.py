"""Fixtures of the browser tests: one Chromium, window and server for each module; each test watches the window.

Tests of a module use its window one after another: a new one would load and compile all of Streamlit again, which
takes two seconds of processor time. In between it is emptied.
"""

import shutil
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from live import ARGS, Live, leave, open_window
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Page, Request, sync_playwright

Reporting = Generator[None, pytest.TestReport, pytest.TestReport]
MOST_SHOWN = 3000  # characters of a page's text in the report of a failed test


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Reporting:
    """Add to the report of a failed test what its window shows: a screenshot of another machine cannot be asked for."""
    report = yield
    window = getattr(item, "funcargs", {}).get("page")
    if call.when == "call" and report.failed and isinstance(window, Page):
        with suppress(Error):
            tabs = window.locator("[role=tab][aria-selected=true]").all_inner_texts()
            shown = window.locator("body").inner_text(timeout=5000)[:MOST_SHOWN]
            report.sections.append(("the window", f"{window.url}\nopen tabs: {tabs}\n{shown}"))
    return report


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGS.split())
        yield running
        running.close()


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the demo workspace; a module that needs another has its own fixture of this name."""
    copy = tmp_path_factory.mktemp("live") / "workspace"
    shutil.copytree(demo_home, copy, ignore=shutil.ignore_patterns("*.lock"))
    yield copy
    shutil.rmtree(copy, ignore_errors=True)


@pytest.fixture(scope="module")
def live(home: Path) -> Iterator[Live]:
    server = Live(home)
    server.start()
    yield server
    server.end()
    assert not server.outbound.exists(), server.outbound.read_text("utf-8")


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    opened = open_window(browser)
    yield opened
    opened.context.close()


@pytest.fixture
def page(window: Page, live: Live) -> Iterator[Page]:
    """Fail the test if the page broke, a dialog opened, the policy was violated or a request went to another host."""
    wrong: list[str] = []

    def asked(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != f"127.0.0.1:{live.port}":
            wrong.append(f"request to {request.url}")

    def on_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            wrong.append(message.text)

    def on_error(error: Error) -> None:
        wrong.append(f"error on the page: {error}")

    def on_dialog(dialog: Dialog) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    listeners = {"request": asked, "console": on_console, "pageerror": on_error, "dialog": on_dialog}
    for event, listener in listeners.items():
        window.on(event, listener)
    yield window
    leave(window)
    for event, listener in listeners.items():
        window.remove_listener(event, listener)
    assert not wrong
