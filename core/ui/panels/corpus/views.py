"""Saved views on the Corpus page: save the current filters under a name, open them again, delete them.

A view is the part of the URL that describes the filters. Opening a view sets the filters, and they set the URL. The
conditions of `ADDRESS` have no input that keeps them: only the URL says them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.filters import CHARS, LIST_KEYS, Filter, char_bounds, from_query, label_key, query_keys, to_query
from core.schemes import SCHEMES
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import _
from core.ui.widgets import forms
from core.workflows.corpus import views

FIRST_SORT = "id"
CHOICES = ("flagged", "comment", "run", "wrong")  # one value each
DAYS = ("from", "to")


def state() -> dict[str, list[str]]:
    """Return the current filters and sort order: URL parameter -> values, without empty ones."""
    sort = st.query_params.get_all("sort")  # its box is not drawn if nothing matches
    return to_query(wanted()) | ({"sort": sort} if any(sort) else {})


def wanted() -> Filter:
    """Return the current filter."""
    session = st.session_state
    query: dict[str, Any] = {key: st.query_params.get_all(key) for key in _address_keys()}
    query |= {key: session.get(key) or () for key in _list_keys()}
    query |= {key: [session.get(key) or ""] for key in CHOICES}
    query |= {"text": [session.get("text") or ""], "chars": session.get("chars") or ()}
    return from_query(query | {"spacing": ["true"] if session.get("spacing") else []})


def restore(query: Mapping[str, Sequence[str]]) -> None:
    """Set the filters to `query` before they are drawn. Filters that it does not name are cleared."""
    for key in _list_keys():
        st.session_state[key] = list(query.get(key, ()))
    for key in CHOICES:
        st.session_state[key] = next(iter(query.get(key, ())), "")
    for key in _address_keys():
        forms.share(key, list(query.get(key, ())), [])
    for key in DAYS:
        st.session_state.pop(f"{key}_day", None)  # its input reads the URL again
    st.session_state["text"] = next(iter(query.get("text", ())), "")
    st.session_state["chars"] = char_bounds(query.get("chars", ()))
    st.session_state["spacing"] = "true" in query.get("spacing", ())
    st.session_state["sort"] = next(iter(query.get("sort", ())), FIRST_SORT)


def length() -> None:
    """Show the slider of lengths, stored in the URL. A slider bound by Streamlit could not be set by a view."""
    if "chars" not in st.session_state:
        st.session_state["chars"] = char_bounds(st.query_params.get_all("chars"))
    chosen: Any = st.slider(_("Length (characters)"), *CHARS, key="chars")  # two ends, as its state has
    low, high = chosen
    forms.share("chars", [str(low), str(high)], [str(end) for end in CHARS])


def _list_keys() -> list[str]:
    return [*LIST_KEYS, "source", *(label_key(name) for name in SCHEMES)]


def _address_keys() -> list[str]:
    """Return the parameters of a filter that only the URL keeps."""
    inputs = {*_list_keys(), *CHOICES, "text", "chars", "spacing"}
    return [key for key in query_keys() if key not in inputs]


def panel() -> None:
    """Show a button that opens the list of views; its title names the view that is open."""
    saved = {view.name: view for view in views.list_views(workspace())}
    current_query = state()
    open_names = [
        forms.plain(name)
        for name, view in saved.items()
        if {k: list(v) for k, v in view.query.items()} == current_query
    ]
    with st.popover(": ".join([_("Views"), *open_names[:1]]), icon=":material/bookmark:"):
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
    for view in views.list_views(workspace()):
        if view.name == name:
            restore(view.query)


def _save() -> None:
    try:
        views.save(workspace(), st.session_state["view_new"], state(), curator())
    except CoreError as error:
        st.session_state["view_trouble"] = explain(error)
    else:
        st.session_state["view_new"] = ""


def _delete() -> None:
    try:
        views.remove(workspace(), st.session_state["view_name"])
    except CoreError as error:
        st.session_state["view_trouble"] = explain(error)
