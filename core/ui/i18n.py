"""Korean and English by gettext. Messages in the code are English; `locale/ko.po` holds the Korean ones.

The catalogue is compiled in memory with Babel, so that no binary lies in the repository.
"""

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"ko": "한국어", "en": "English"}
DEFAULT = "ko"
CATALOGUE = Path(__file__).with_name("locale") / "ko.po"


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of `language`; English needs none."""
    if language != "ko":
        return gettext.NullTranslations()
    with CATALOGUE.open("rb") as po:
        messages = read_po(po, locale="ko")
    mo = BytesIO()
    write_mo(mo, messages)
    mo.seek(0)
    return gettext.GNUTranslations(mo)


_ASKED: ContextVar[str | None] = ContextVar("language", default=None)


@contextmanager
def reading(language: str) -> Iterator[None]:
    """Messages are in `language` within; for an answer to a request, which has no Streamlit session of its own."""
    token = _ASKED.set(language)
    try:
        yield
    finally:
        _ASKED.reset(token)


def language() -> str:
    """The language of this browser session: what was chosen last, by the switch or by `?lang=`, else Korean."""
    if asked := _ASKED.get():
        return asked
    import streamlit as st

    state = st.session_state
    chosen = state.get("language") or st.query_params.get("lang")
    if chosen not in LANGUAGES:
        return DEFAULT
    state["language"] = chosen  # the next page's address does not say it again
    return chosen


def _(message: str) -> str:
    """`message` in the session's language."""
    return catalogue(language()).gettext(message)


def N_(message: str) -> str:
    """Marks a message for the catalogue that is translated later, when a session is there."""
    return message
