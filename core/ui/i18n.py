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

from core.ui import particles

LANGUAGES = {"ko": "한국어", "en": "English"}
DEFAULT = "ko"
CATALOGUE = Path(__file__).with_name("locale") / "ko.po"


class Korean(gettext.GNUTranslations):
    """The Korean translations; their `format` chooses the particles after values."""

    def gettext(self, message: str) -> str:
        return particles.template(super().gettext(message))


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return the translations into `language`. English has none: the messages in the code are English."""
    if language != "ko":
        return gettext.NullTranslations()
    with CATALOGUE.open("rb") as po:
        messages = read_po(po, locale="ko")
    mo = BytesIO()
    write_mo(mo, messages)
    mo.seek(0)
    return Korean(mo)


_REQUEST_LANGUAGE: ContextVar[str | None] = ContextVar("language", default=None)


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Translate messages into `language` inside the block. For answers to requests without a Streamlit session."""
    token = _REQUEST_LANGUAGE.set(language)
    try:
        yield
    finally:
        _REQUEST_LANGUAGE.reset(token)


def language() -> str:
    """Return the language of this browser session: the last choice, by the switch or by `?lang=`; else Korean."""
    if requested := _REQUEST_LANGUAGE.get():
        return requested
    import streamlit as st

    state = st.session_state
    if (chosen := state.get("language")) in LANGUAGES:
        return str(chosen)
    if (named := st.query_params.get("lang")) not in LANGUAGES:
        return DEFAULT
    state["language"] = named  # the address of the next page does not name it
    return named


def _(message: str) -> str:
    """Return `message` in the session's language."""
    return catalogue(language()).gettext(message)


def N_(message: str) -> str:
    """Mark a message for the catalogue and return it unchanged. It is translated later, when it is shown."""
    return message
