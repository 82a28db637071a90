"""Keeps what is typed into boxes of a page in the browser until it is saved: reload, Back and the menu lose nothing.

A draft belongs to one version of what is written on. A draft of another version is shown beside the boxes and takes the
place of nothing by itself. The script lies in assets/drafts.
"""

from collections.abc import Mapping
from zlib import crc32

import streamlit as st

from core.settings import ASSETS
from core.ui import identity
from core.ui.i18n import _

LONGEST = 10_000  # characters of a box
DONE = "drafts_done"
_DRAFTS = st.components.v2.component(
    "gwidama_drafts", html="", css="", js=(ASSETS / "drafts" / "drafts.js").read_text("utf-8")
)


def keep(item: str, version: int | str, fields: Mapping[str, str]) -> None:
    """Keep the boxes of `item` (name -> key of the widget) while they are typed into; call it after the boxes.

    `version` names the state that the boxes began with.
    """
    key = f"drafts-{crc32(item.encode())}"  # Streamlit takes no key of a component with "__" in it

    def found() -> None:
        for name, text in _texts(st.session_state[key]["found"], fields).items():
            st.session_state[fields[name]] = text

    def older() -> None:
        st.session_state[_older_key(item)] = _texts(st.session_state[key]["older"], fields)

    data = {"place": identity.place(), "item": item, "version": version, "fields": dict(fields)}
    _DRAFTS(key=key, data=data, on_found_change=found, on_older_change=older)
    _show_older(item, fields)


def done(item: str) -> None:
    """Have the browser drop the draft of `item`: it was saved. Call it where the save has succeeded."""
    counts = dict(st.session_state.get(DONE, {}))
    counts[item] = counts.get(item, 0) + 1
    st.session_state[DONE] = counts


def flush() -> None:
    """Tell the browser what was saved. The frame of every page calls it."""
    if counts := st.session_state.get(DONE):
        _DRAFTS(key="drafts-done", data={"place": identity.place(), "done": list(counts.items())})


def _texts(value: object, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of known boxes in what the browser sent."""
    if not isinstance(value, dict):
        return {}
    return {
        name: text for name, text in value.items() if name in fields and isinstance(text, str) and len(text) <= LONGEST
    }


def _older_key(item: str) -> str:
    return f"drafts-older-{item}"


def _show_older(item: str, fields: Mapping[str, str]) -> None:
    texts = {name: text for name, text in st.session_state.get(_older_key(item), {}).items() if text}
    if not texts:
        return
    with st.container(border=True):
        st.caption(_("You began this on an earlier version; it is not saved:"))
        for text in texts.values():
            st.text(text)
        with st.container(horizontal=True):
            st.button(_("go on with it"), key=f"{_older_key(item)}-take", on_click=_end, args=(item, texts, fields))
            st.button(_("drop the draft"), key=f"{_older_key(item)}-drop", on_click=_end, args=(item, {}, fields))


def _end(item: str, texts: Mapping[str, str], fields: Mapping[str, str]) -> None:
    for name, text in texts.items():
        st.session_state[fields[name]] = text
    st.session_state.pop(_older_key(item), None)
    done(item)
