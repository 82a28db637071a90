"""Bulk actions on the Corpus page: change the picked rows or all matches at once, and undo the change.

The button remembers the state of the screen when it was drawn. If a choice, the selection or a filter changed before
the click, nothing is done and the page says so: an action never changes rows that were not shown.
"""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.errors import CoreError
from core.filters import Filter
from core.records import BulkAction
from core.schemes import JOIN, SCHEMES
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels.corpus import views
from core.ui.widgets import forms
from core.workflows.corpus import bulk
from core.workflows.review.queues import TAG

ACTIONS = {
    "label": N_("Set a label"),
    "tag": N_("Add a tag"),
    "untag": N_("Remove a tag"),
    "review": N_("Queue for review"),
}
Which = Filter | Sequence[int]


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
        kind = st.selectbox(_("Do"), list(ACTIONS), format_func=lambda name: _(ACTIONS[name]), key="bulk_do")
        items: Which = tuple(selected) if scope == "selected" else wanted
        n = len(selected) if scope == "selected" else total
        action, keys = _chosen_action(kind, items)
        sure_key = f"bulk_sure_{n}"  # asked once for each action on more than one utterance
        sure = n <= 1 or st.checkbox(_("Yes, change all {n} of them").format(n=f"{n:,}"), key=sure_key)
        keys = (scope_key, "bulk_do", *keys)
        st.button(
            _("Do it: {n}").format(n=f"{n:,}"), type="primary", icon=":material/done_all:", key="bulk_act",
            disabled=not (action and sure), on_click=_run,
            args=(action, table, keys, _screen_state(table, keys), sure_key),
        )  # fmt: skip


def _screen_state(table: str, keys: Sequence[str]) -> list[object]:
    """Return everything that decides what the button does now: picked rows, filters and choices."""
    picked = st.session_state[table]["selection"]["rows"] if table in st.session_state else ()
    query = views.state()
    query.pop("sort", None)
    return [list(picked), query, *(_comparable(st.session_state.get(key)) for key in keys)]


def _comparable(value: object) -> object:
    return list(value) if isinstance(value, list) else value


def _chosen_action(kind: str, items: Which) -> tuple[partial[BulkAction] | None, tuple[str, ...]]:
    """Return the action without its curator (None if a choice is missing), and the widget keys of the choices."""
    if kind == "label":
        scheme_name = st.selectbox(_("Scheme"), list(SCHEMES), format_func=forms.scheme_title, key="bulk_scheme")
        return _label_action(scheme_name, items), ("bulk_scheme", f"bulk_code_{scheme_name}")
    if kind == "review":
        return partial(bulk.tag, workspace(), items, TAG), ()
    known_tags, key = bulk.tags(workspace()), f"bulk_{kind}"
    name: str | None
    if kind == "untag":
        name = st.selectbox(_("Tag"), known_tags, key=key, placeholder=_("No tags yet"))
    else:
        name = st.selectbox(_("Tag"), known_tags, key=key, index=None, accept_new_options=True,
                            placeholder=_("Choose a tag or type a new one"))  # fmt: skip
    return partial(bulk.tag, workspace(), items, name, remove=kind == "untag") if name else None, (key,)


def _label_action(name: str, items: Which) -> partial[BulkAction] | None:
    scheme, key = SCHEMES[name], f"bulk_code_{name}"
    code: str | None
    if scheme.kind == "multi":
        codes = st.multiselect(_("Classes"), scheme.codes, format_func=lambda c: forms.code_title(name, c), key=key)
        code = JOIN.join(codes)
    else:
        code = st.selectbox(_("Class"), scheme.codes, format_func=lambda c: forms.code_title(name, c), key=key)
    return partial(bulk.label, workspace(), items, name, code) if code else None


def _run(
    action: partial[BulkAction], table: str, keys: Sequence[str], drawn_state: list[object], sure_key: str
) -> None:
    if _screen_state(table, keys) != drawn_state:
        st.session_state["bulk_trouble"] = _(
            "Something changed just before the click; nothing was done. Look, and press again."
        )
        return
    if sure_key in st.session_state:
        st.session_state[sure_key] = False  # the next action asks again
    try:
        result = action(curator=curator())
    except CoreError as error:
        st.session_state["bulk_trouble"] = explain(error)
    else:
        st.session_state["bulk_done"] = _summary(result)


def _undo(bulk_id: int) -> None:
    try:
        undone = bulk.undo(workspace(), bulk_id, curator())
    except CoreError as error:
        st.session_state["bulk_trouble"] = explain(error)
    else:
        st.session_state["bulk_done"] = _("Taken back: {n}.").format(n=f"{undone.what['undone']:,}") + (
            " " + _("Decided on since, and left: {n}.").format(n=f"{undone.what['since']:,}")
            if undone.what["since"] else ""
        )  # fmt: skip


def last_action() -> None:
    """Show what the last action did, and the button that undoes all of it."""
    if trouble := st.session_state.pop("bulk_trouble", ""):
        st.error(forms.plain(trouble), icon=":material/error:")
    if message := st.session_state.pop("bulk_done", ""):
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


def _summary(action: BulkAction) -> str:
    parts = [_("Changed: {n}.").format(n=f"{action.count:,}")]
    if action.what["already"]:
        parts.append(_("So already: {n}.").format(n=f"{action.what['already']:,}"))
    if action.what["unfit"]:
        parts.append(_("Not possible: {n}.").format(n=f"{action.what['unfit']:,}"))
    return " ".join(parts)


def _action_text(action: BulkAction) -> str:
    what = action.what
    if what["do"] == "label":
        return f"{forms.scheme_title(what['scheme'])} = {forms.code_title(what['scheme'], what['code'])}"
    return f"{'+' if what['do'] == 'tag' else '−'} {what['tag']}"
