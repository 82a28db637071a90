"""Fixtures of the browser tests: one Chromium and server for each module, one watched context for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from live import ARGS, FINDER, PATIENCE_MS, Live
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright


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


@pytest.fixture
def page(browser: Browser, live: Live) -> Iterator[Page]:
    """Fail the test if the page broke, a dialog opened, the policy was violated or a request went to another host."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, locale="ko-KR")
    context.add_init_script(FINDER)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []

    def asked(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != f"127.0.0.1:{live.port}":
            wrong.append(f"request to {request.url}")

    def on_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            wrong.append(message.text)

    opened.on("request", asked)
    opened.on("console", on_console)
    opened.on("pageerror", lambda error: wrong.append(f"error on the page: {error}"))
    opened.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    yield opened
    context.close()
    assert not wrong
