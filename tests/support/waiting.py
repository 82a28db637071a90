"""Waiting for a fact outside of a page; for a page, use Playwright's `expect`."""

import time
from collections.abc import Callable

PATIENCE_S = 120


def until(fact: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Ask for `fact` until it is true; fails with `what` after `patience_s`."""
    give_up = time.monotonic() + patience_s
    while not fact():
        assert time.monotonic() < give_up, f"never happened: {what}"
        time.sleep(0.05)
