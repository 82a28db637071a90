"""Who is at work in this browser: asked once, before the first decision, and remembered by a signed cookie.

The name is the one that was typed in this session; else the one of the cookie; else the name of the key with which the
person entered an open server; else the one of `GWIDAMA_CURATOR`. Without any, nobody decides: `ask` shows the question.
Who empties the box of the name is forgotten.
"""

import base64
import binascii

import streamlit as st

from core.settings import ASSETS
from core.ui import choices
from core.ui.i18n import _
from core.web import identity as routes
from core.web import key_form
from core.workflows import identity
from core.workflows.workspace import open_workspace

BOX = "curator_name"  # the key of the box in the menu
ASKED = "curator_asked"
FORGOTTEN = "curator_forgotten"  # whether a person has emptied the box

_REMEMBER = st.components.v2.component(
    "gwidama_remember", html="", css="", js=(ASSETS / "remember" / "remember.js").read_text("utf-8")
)


def curator() -> str | None:
    """Return the name of the person at work; None if it is not known yet."""
    return _typed() or _of_cookie() or _of_login() or _of_settings()


def place() -> str:
    """Return the place where the browser keeps what the person at work has not saved yet."""
    return identity.desk(open_workspace(), curator())


def nobody() -> str:
    """Return the place where the browser keeps what was typed before anybody was named."""
    return identity.desk(open_workspace(), None)


def _typed() -> str | None:
    return identity.tidy(str(st.session_state.get(BOX) or "")) or None


def _of_cookie() -> str | None:
    """Return the name that the browser remembers; None once it was told to forget it."""
    return None if st.session_state.get(FORGOTTEN) else _remembered()


def _remembered() -> str | None:
    ws = open_workspace()
    signed = st.context.cookies.get(routes.cookie(ws))
    return identity.name_of(ws, signed) if signed else None


def _of_login() -> str | None:
    """Return the name of the API key that the browser sends to an open server."""
    ws, cookie = open_workspace(), st.context.cookies.get(key_form.COOKIE, "")
    if not ws.settings.open or not cookie:
        return None
    try:
        key = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)).decode()
    except (ValueError, binascii.Error):
        return None
    return identity.name_of_key(ws, key)


def _of_settings() -> str | None:
    settings = open_workspace().settings
    return settings.curator if settings.curator_named else None


# --- asking and remembering -----------------------------------------------------------------------------------------


def box() -> None:
    """Show the box of the name in the menu; a name that the browser remembers stands in it."""
    if BOX not in st.session_state and (known := _of_cookie()):
        st.session_state[BOX] = known
    st.text_input(
        _("Curator"), key=BOX, max_chars=identity.LONGEST_NAME,
        placeholder=_of_login() or _of_settings() or _("Your name"),
        help=_("Your decisions are kept under this name."), persist_state="session", on_change=_changed,
    )  # fmt: skip


def _changed() -> None:
    st.session_state[FORGOTTEN] = _typed() is None


def ask() -> None:
    """Show the question for the name; the page goes on as soon as it is answered."""
    with st.container(border=True), st.form("curator_form", border=False):
        st.markdown(f"**{_('Who is at work?')}**")
        st.text_input(_("Your name"), key=ASKED, max_chars=identity.LONGEST_NAME)
        st.caption(_("Your decisions are kept under this name. This browser remembers it."))
        st.form_submit_button(_("Begin"), type="primary", icon=":material/login:", on_click=_answered)


def _answered() -> None:
    if name := identity.tidy(str(st.session_state.get(ASKED) or "")):
        st.session_state[BOX] = name


def remember() -> None:
    """Have the browser keep the name that was typed (or forget it), and the language and the theme that were chosen."""
    ws, remembered = open_workspace(), choices.new()
    if (name := _typed()) and name != _of_cookie():
        remembered["name"] = identity.sign(ws, name)
    elif not name and st.session_state.get(FORGOTTEN) and _remembered():
        remembered["name"] = ""
    if remembered:
        _REMEMBER(key="remember", data={"address": routes.ADDRESS, "remembered": remembered})
