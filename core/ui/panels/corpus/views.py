"""Saved views on the Corpus page: save the current filters under a name, open them again, delete them.

A view is the part of the URL that describes the filters. Opening a view sets the filters, and they set the URL. The
conditions of `ADDRESS` have no input that keeps them: only the URL says them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.filters import LIST_KEYS, Filter, from_query, in_zone, label_key, query_keys, to_query
from core.schemes import SCHEMES
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import _
from core.ui.widgets import forms
from core.workflows.corpus import views
from core.workflows.review import queues

FIRST_SORT = "id"
CHARS = (0, 200)  # the ends of the slider of lengths; there they mean no bound
CHOICES = ("flagged", "comment", "run", "wrong")  # one value each
DAYS = ("from", "to")


def state() -> dict[str, list[str]]:
    """Return the current filters and sort order: URL parameter -> values, without empty ones."""
    sort = st.query_params.get_all("sort")  # its box is not drawn if nothing matches
    return to_query(wanted()) | ({"sort": sort} if any(sort) else {})


def wanted() -> Filter:
    """Return the current filter; its days are those of the reader. Many ids in the address become a stored list."""
    session = st.session_state
    query: dict[str, Any] = {key: st.query_params.get_all(key) for key in _address_keys()}
    query |= {key: session.get(key) or () for key in _list_keys()}
    query |= {key: [session.get(key) or ""] for key in CHOICES}
    query |= {"text": [session.get("text") or ""], "spacing": ["true"] if session.get("spacing") else []}
    asked = from_query(query)
    addressable = queues.addressable(workspace(), asked)
    if addressable != asked:
        forms.share("id", [str(number) for number in addressable.ids], [])
        forms.share("listed", addressable.listed)
    return in_zone(addressable, forms.reader_zone())


def restore(query: Mapping[str, Sequence[str]]) -> None:
    """Set the filters to `query` before they are drawn. Filters that it does not name are cleared."""
    for key in _list_keys():
        st.session_state[key] = list(query.get(key, ()))
    for key in CHOICES:
        st.session_state[key] = next(iter(query.get(key, ())), "")
    for key in _address_keys(query):
        forms.share(key, list(query.get(key, ())), [])
    for key in DAYS:
        st.session_state.pop(f"{key}_day", None)  # its input reads the URL again
    st.session_state["text"] = next(iter(query.get("text", ())), "")
    st.session_state["spacing"] = "true" in query.get("spacing", ())
    st.session_state["sort"] = next(iter(query.get("sort", ())), FIRST_SORT)


def length() -> None:
    """Show the slider of lengths. The URL says the lengths; one outside of the slider stays until it is moved."""
    asked = from_query({"chars": st.query_params.get_all("chars")})
    ends = (asked.min_chars or CHARS[0], CHARS[1] if asked.max_chars is None else asked.max_chars)
    shown = tuple(sorted(min(end, CHARS[1]) for end in ends))
    if st.session_state.get("chars") != shown:
        st.session_state["chars"] = shown
    st.slider(_("Length (characters)"), *CHARS, key="chars", on_change=_store_length, args=(asked, shown))


def _store_length(before: Filter, shown: tuple[int, ...]) -> None:
    low, high = st.session_state["chars"]
    chosen = Filter(
        min_chars=before.min_chars if low == shown[0] else low or None,
        max_chars=before.max_chars if high == shown[1] else high if high < CHARS[1] else None,
    )
    forms.share("chars", to_query(chosen).get("chars", []), [])


def _list_keys() -> list[str]:
    return [*LIST_KEYS, "source", *(label_key(name) for name in SCHEMES)]


def _address_keys(given: Iterable[str] = ()) -> list[str]:
    """Return the parameters of a filter that only the URL keeps, those of `given` too."""
    inputs = {*_list_keys(), *CHOICES, "text", "spacing"}
    return [key for key in query_keys([*st.query_params, *given]) if key not in inputs]


def panel() -> None:
    """Show a button that opens the list of views; its title names the view that is open."""
    saved = {view.name: view for view in views.list_views(workspace())}
    current = wanted(), st.query_params.get_all("sort")
    open_names = [
        forms.plain(name)
        for name, view in saved.items()
        if (in_zone(from_query(view.query), forms.reader_zone()), list(view.query.get("sort", ()))) == current
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
