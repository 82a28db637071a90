"""Helpers that open a page in process and read its text; the fixture `english` sets its language."""

from collections.abc import Iterable
from typing import Any

from streamlit.testing.v1 import AppTest

from core.settings import ROOT


def page(name: str, **query: str | list[str]) -> AppTest:
    """Return page `name` after its first run, as a link opens it; `app.py` is its main script, so links resolve."""
    opened = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    opened.switch_page(f"pages/{name}.py")
    for key, value in query.items():
        opened.query_params[key] = value
    return ok(opened.run())


def ok(opened: AppTest) -> AppTest:
    assert not opened.exception, opened.exception
    return opened


def faultless(opened: AppTest) -> AppTest:
    """Return a page that shows neither an exception nor an error."""
    assert not ok(opened).error, opened.error
    return opened


def texts(boxes: Iterable[Any]) -> list[str]:
    """Return what each box holds."""
    return [box.value for box in boxes]


def captions(opened: AppTest) -> list[str]:
    return [box.value for box in opened.caption]


def notices(opened: AppTest) -> list[str]:
    return [box.value for box in opened.success]
