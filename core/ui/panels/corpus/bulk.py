"""Bulk actions on the Corpus page: change the picked rows or all matches at once, and undo the change."""

from collections.abc import Sequence

import streamlit as st

from core.errors import CoreError
from core.filters import Filter
from core.records import BulkAction
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import _
from core.ui.panels.corpus import actions, views
from core.ui.panels.corpus.actions import DONE, TROUBLE
from core.ui.widgets import forms
from core.workflows.corpus import bulk


def panel(wanted: Filter, total: int, selected: Sequence[int], table: str) -> None:
    """Show a button that opens the actions, on the `selected` ids of `table` or on all `total` matches of `wanted`."""
    touched = len(selected) or total  # said before anything is opened: what is picked may be out of sight
    with st.popover(_("Label or tag: {n}").format(n=f"{touched:,}"), icon=":material/checklist:"):
        titles = {
            "selected": _("Rows picked: {n}").format(n=f"{len(selected):,}"),
            "all": _("All matches: {n}").format(n=f"{total:,}"),
        }
        # Two keys: a choice of "all" made when no row was picked must not stay chosen when rows are picked.
        scopes = ["selected", "all"] if selected else ["all"]
        scope_key = f"bulk_on_{scopes[0]}"
        scope = st.radio(_("On"), scopes, format_func=titles.__getitem__, key=scope_key)
        which, n = (tuple(selected), len(selected)) if scope == "selected" else (wanted, total)
        actions.panel(which, n, "bulk", screen=lambda: _screen(table, scope_key))


def _screen(table: str, scope_key: str) -> list[object]:
    """Return the picked rows, the filters, and whether the action is on all matches."""
    picked = st.session_state[table]["selection"]["rows"] if table in st.session_state else ()
    query = views.state()
    query.pop("sort", None)
    return [list(picked), query, st.session_state.get(scope_key)]


def _undo(bulk_id: int) -> None:
    try:
        undone = bulk.undo(workspace(), bulk_id, curator())
    except CoreError as error:
        st.session_state[TROUBLE] = explain(error)
    else:
        st.session_state[DONE] = _("Taken back: {n}.").format(n=f"{undone.what['undone']:,}") + (
            " " + _("Decided on since, and left: {n}.").format(n=f"{undone.what['since']:,}")
            if undone.what["since"] else ""
        )  # fmt: skip


def last_action() -> None:
    """Show what the last action did, and the button that undoes all of it."""
    if trouble := st.session_state.pop(TROUBLE, ""):
        st.error(forms.plain(trouble), icon=":material/error:")
    if message := st.session_state.pop(DONE, ""):
        st.success(message, icon=":material/done_all:")
    action = bulk.latest(workspace())
    if action is None or action.undone_at is not None or not action.count:
        return
    text = _("Last bulk action: {what} · utterances: {n} · {who}, {at}").format(
        what=forms.plain(_action_text(action)), n=f"{action.count:,}", who=forms.plain(action.curator),
        at=forms.minute(action.at),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(text, width="content")
        st.button(_("Undo all of it"), icon=":material/undo:", key="bulk_undo", on_click=_undo, args=(action.id,))


def _action_text(action: BulkAction) -> str:
    what = action.what
    if what["do"] == "label":
        return f"{forms.scheme_title(what['scheme'])} = {forms.code_title(what['scheme'], what['code'])}"
    return f"{'+' if what['do'] == 'tag' else '−'} {what['tag']}"
