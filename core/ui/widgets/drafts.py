"""Keeps what is typed into boxes of a page in the browser until it is saved: reload, Back and the menu lose nothing.

A draft belongs to one person and to one version of what is written on. A draft of another version is shown beside the
boxes and takes the place of nothing by itself. The script lies in assets/drafts.
"""

import secrets
from collections.abc import Mapping
from math import isfinite
from zlib import crc32

import streamlit as st

from core.settings import ASSETS
from core.ui import identity
from core.ui.i18n import _

LONGEST = 100_000  # characters of a box
ENDED = "drafts_ended"
MOST_ENDS = 50  # that the browser is told about
_DRAFTS = st.components.v2.component(
    "gwidama_drafts", html="", css="", js=(ASSETS / "drafts" / "drafts.js").read_text("utf-8")
)


def keep(
    item: str, version: int | str, fields: Mapping[str, str], *, numbers: Mapping[str, float] | None = None,
    values: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Keep the boxes of `item` (name -> key of the widget) while they are typed into; call it after the boxes.

    `version` names the state that the boxes began with; `numbers` are the boxes that take a number, each with its
    least. The boxes have no default values, because a draft may take their place, and stand outside forms. `values` is
    what inputs that are no boxes hold, such as a table; a draft of it is put into the session under the field's key.
    """
    numbers = numbers or {}
    key = f"drafts-{crc32(item.encode())}"  # Streamlit takes no key of a component with "__" in it

    def found() -> None:
        for name, value in _values(st.session_state[key]["found"], fields, numbers).items():
            st.session_state[fields[name]] = value

    def older() -> None:
        st.session_state[_older_key(item)] = _values(st.session_state[key]["older"], fields, numbers)

    data = _place() | {"item": item, "version": version, "fields": dict(fields), "values": dict(values or {})}
    _DRAFTS(key=key, data=data, on_found_change=found, on_older_change=older)
    _show_older(item, version, fields)


def done(item: str) -> None:
    """Have the browser drop the draft of `item`: it was saved. Call it where the save has succeeded."""
    _end(item, "saved", "")


def flush() -> None:
    """Tell the browser what was saved. The frame of every page calls it."""
    if st.session_state.get(ENDED):
        _DRAFTS(key="drafts-done", data=_place())


def _place() -> dict[str, object]:
    return {"place": identity.place(), "nobody": identity.nobody(), "ended": st.session_state.get(ENDED, [])}


def _values(value: object, fields: Mapping[str, str], numbers: Mapping[str, float]) -> dict[str, str | float]:
    """Return what the browser sent for known boxes: texts, and numbers for the boxes that take them."""
    if not isinstance(value, dict):
        return {}
    texts = {
        name: text for name, text in value.items() if name in fields and isinstance(text, str) and len(text) <= LONGEST
    }
    values: dict[str, str | float] = {name: text for name, text in texts.items() if name not in numbers}
    for name in texts.keys() & numbers.keys():
        try:
            number = float(texts[name])
        except ValueError:
            continue
        if isfinite(number) and number >= numbers[name]:
            values[name] = number
    return values


def _older_key(item: str) -> str:
    return f"drafts-older-{item}"


def _show_older(item: str, version: int | str, fields: Mapping[str, str]) -> None:
    """Show the draft of an older version, unless it is what the boxes hold."""
    state = st.session_state
    values = {
        name: value for name, value in state.get(_older_key(item), {}).items()
        if value not in ("", state.get(fields[name]))
    }  # fmt: skip
    if not values:
        return
    with st.container(border=True):
        st.caption(_("You began this on an earlier version; it is not saved:"))
        for value in values.values():
            st.text(str(value))
        with st.container(horizontal=True):
            key = _older_key(item)
            st.button(_("go on with it"), key=f"{key}-take", on_click=_settle, args=(item, version, fields, values))
            st.button(_("drop the draft"), key=f"{key}-drop", on_click=_settle, args=(item, version, fields, {}))


def _settle(item: str, version: int | str, fields: Mapping[str, str], taken: Mapping[str, str | float]) -> None:
    """Put what was taken into the boxes; the browser keeps it with the present version, or drops it."""
    for name, value in taken.items():
        st.session_state[fields[name]] = value
    st.session_state.pop(_older_key(item), None)
    _end(item, "take" if taken else "drop", version)


def _end(item: str, how: str, version: int | str) -> None:
    """Note how a draft ends; the token has the browser carry it out once."""
    ends = [*st.session_state.get(ENDED, []), [item, secrets.token_hex(6), how, version]]
    st.session_state[ENDED] = ends[-MOST_ENDS:]
