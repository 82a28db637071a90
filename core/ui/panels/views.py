"""Saved views on the Corpus page: keep what is asked for under a name, open it again, delete it.

A view is what the URL says of the filters; opening one sets the filters, and they set the URL.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.filters import CHARS, LISTS, Filter, chars_of, from_query, label_key, to_query
from core.schemes import SCHEMES
from core.ui.frame import curator, workspace
from core.ui.i18n import _
from core.ui.troubles import explain
from core.ui.widgets import forms
from core.workflows.corpus import views as work

FIRST_SORT = "id"


def state() -> dict[str, list[str]]:
    """What is asked for now: URL parameter -> values, without those that say nothing."""
    sort = st.query_params.get_all("sort")  # its box is not drawn where nothing matches
    return to_query(wanted()) | ({"sort": sort} if any(sort) else {})


def wanted() -> Filter:
    """What the filters ask for now."""
    now = st.session_state
    query: dict[str, Any] = {key: now.get(key) or () for key in _lists()}
    query |= {"text": [now.get("text") or ""], "chars": now.get("chars") or ()}
    return from_query(query | {"spacing": ["true"] if now.get("spacing") else []})


def restore(query: Mapping[str, Sequence[str]]) -> None:
    """Set the filters as `query` says, before they are drawn; what it does not name asks for nothing."""
    for key in _lists():
        st.session_state[key] = list(query.get(key, ()))
    st.session_state["text"] = next(iter(query.get("text", ())), "")
    st.session_state["chars"] = chars_of(query.get("chars", ()))
    st.session_state["spacing"] = "true" in query.get("spacing", ())
    st.session_state["sort"] = next(iter(query.get("sort", ())), FIRST_SORT)


def length() -> None:
    """The slider of lengths, kept in the URL; a bound slider could not be set by a view."""
    if "chars" not in st.session_state:
        st.session_state["chars"] = chars_of(st.query_params.get_all("chars"))
    chosen: Any = st.slider(_("Length (characters)"), *CHARS, key="chars")  # two ends, as its state has
    low, high = chosen
    forms.share("chars", [str(low), str(high)], [str(end) for end in CHARS])


def _lists() -> list[str]:
    return [*LISTS, *(label_key(name) for name in SCHEMES)]


def panel() -> None:
    """A button that opens the list of views; it names the one that is shown."""
    saved = {one.name: one for one in work.every(workspace())}
    now = state()
    shown = [forms.plain(name) for name, one in saved.items() if {k: list(v) for k, v in one.query.items()} == now]
    with st.popover(": ".join([_("Views"), *shown[:1]]), icon=":material/bookmark:"):
        if saved:
            name = st.selectbox(_("Saved view"), list(saved), key="view_name")
            left, right = st.columns(2)
            left.button(_("Open"), key="view_open", icon=":material/folder_open:", on_click=_open)
            right.button(_("Delete"), key="view_delete", icon=":material/delete:", on_click=_delete)
            who = forms.plain(saved[name].curator)
            st.caption(_("Saved by {who}, {at}").format(who=who, at=forms.minute(saved[name].created_at)))
            st.divider()
        st.text_input(_("Save what is shown as"), key="view_new", max_chars=60)
        st.button(_("Save"), key="view_save", icon=":material/bookmark_add:", on_click=_save)
        st.caption(_("The address of this page says the same: send it to share the view."))
    if trouble := st.session_state.pop("view_trouble", ""):
        st.error(forms.plain(trouble), icon=":material/error:")


def _open() -> None:
    name = st.session_state["view_name"]
    for view in work.every(workspace()):
        if view.name == name:
            restore(view.query)


def _save() -> None:
    try:
        work.save(workspace(), st.session_state["view_new"], state(), curator())
    except CoreError as error:
        st.session_state["view_trouble"] = explain(error)
    else:
        st.session_state["view_new"] = ""


def _delete() -> None:
    try:
        work.remove(workspace(), st.session_state["view_name"])
    except CoreError as error:
        st.session_state["view_trouble"] = explain(error)
