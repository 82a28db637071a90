"""Korean and English by gettext. Messages in the code are English; `locale/ko.po` holds the Korean ones.

Babel compiles the catalogue, which takes a second; the result is kept beside Python's own compiled files.
"""

import gettext
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from hashlib import sha256
from importlib.util import cache_from_source
from io import BytesIO
from pathlib import Path

from core.errors import CoreError
from core.files import write_bytes
from core.ui import particles

LANGUAGES = {"ko": "한국어", "en": "English"}
DEFAULT = "ko"
COOKIE = "gwidama_lang"  # core.web.identity sets it
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
    return Korean(BytesIO(_compiled(CATALOGUE.read_bytes())))


def _compiled(po: bytes) -> bytes:
    """Return the catalogue `po` in the format of gettext, from the file of an earlier process if there is one."""
    kept = Path(cache_from_source(str(CATALOGUE))).with_name(f"{CATALOGUE.stem}.{sha256(po).hexdigest()[:16]}.mo")
    with suppress(OSError):
        return kept.read_bytes()
    mo = _compile(po)
    if not sys.dont_write_bytecode:
        with suppress(OSError, CoreError):  # an installed package may lie in a folder that nobody writes to
            _keep(kept, mo)
    return mo


def _compile(po: bytes) -> bytes:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    mo = BytesIO()
    write_mo(mo, read_po(BytesIO(po), locale="ko"))
    return mo.getvalue()


def _keep(kept: Path, mo: bytes) -> None:
    """Write the compiled catalogue in place of older ones."""
    kept.parent.mkdir(exist_ok=True)
    for old in kept.parent.glob(f"{CATALOGUE.stem}.*.mo"):
        old.unlink(missing_ok=True)
    write_bytes(kept, mo)


_UNNAMED = "gwidama_unnamed"  # on the context of a run of a page: the address that named no language
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
    """Return the language of this session: the last choice, by the switch or by `?lang=`; else the one that this
    browser remembers; else Korean.
    """
    if requested := _REQUEST_LANGUAGE.get():
        return requested
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    state = st.session_state
    if (chosen := state.get("language")) in LANGUAGES:
        return str(chosen)
    run = get_script_run_ctx(suppress_warning=True)
    if run is not None and getattr(run, _UNNAMED, None) == run.query_string:
        return DEFAULT
    if (named := st.query_params.get("lang") or st.context.cookies.get(COOKIE)) not in LANGUAGES:
        if run is not None:  # a page has hundreds of messages, and to read the cookies takes half a millisecond
            setattr(run, _UNNAMED, run.query_string)
        return DEFAULT
    state["language"] = named  # the address of the next page does not name it
    return named


def _(message: str) -> str:
    """Return `message` in the session's language."""
    return catalogue(language()).gettext(message)


def N_(message: str) -> str:
    """Mark a message for the catalogue and return it unchanged. It is translated later, when it is shown."""
    return message
