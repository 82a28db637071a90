"""Bulk actions on the Corpus page: what to do with the rows picked or with all matches, and taking it back.

The button carries what was on screen when it was drawn. If a choice, the selection or a filter changed between that and
the click, nothing is done and the page says so: an action never reaches rows, or does a thing, that was not shown.
"""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.errors import CoreError
from core.filters import Filter
from core.records import BulkAction
from core.schemes import JOIN, SCHEMES
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels import views
from core.ui.troubles import explain
from core.ui.widgets import forms
from core.workflows.corpus import bulk as work
from core.workflows.review.queues import TAG

MANY = 1000  # matches; more are changed only after one more click
DEEDS = {
    "label": N_("Set a label"),
    "tag": N_("Add a tag"),
    "untag": N_("Remove a tag"),
    "review": N_("Queue for review"),
}
Which = Filter | Sequence[int]


def panel(wanted: Filter, total: int, selected: Sequence[int], table: str) -> None:
    """A button that opens the choice of deeds, on the `selected` ids of `table` or on all `total` that match."""
    with st.popover(_("Label or tag"), icon=":material/checklist:"):
        titles = {
            "selected": _("Rows picked: {n}").format(n=f"{len(selected):,}"),
            "all": _("All matches: {n}").format(n=f"{total:,}"),
        }
        # A key for each list of choices: what was all there was to choose is not what is meant once rows are picked.
        scopes = ["selected", "all"] if selected else ["all"]
        on = f"bulk_on_{scopes[0]}"
        scope = st.radio(_("On"), scopes, format_func=titles.__getitem__, key=on)
        deed = st.selectbox(_("Do"), list(DEEDS), format_func=lambda one: _(DEEDS[one]), key="bulk_do")
        which: Which = tuple(selected) if scope == "selected" else wanted
        n = len(selected) if scope == "selected" else total
        act, keys = _chosen(deed, which)
        sure = n <= MANY or st.checkbox(_("Yes, change all {n} of them").format(n=f"{n:,}"), key=f"bulk_sure_{n}")
        keys = (on, "bulk_do", *keys)
        st.button(
            _("Do it"), type="primary", icon=":material/done_all:", key="bulk_act", disabled=not (act and sure),
            on_click=_run, args=(act, table, keys, _seen(table, keys)),
        )  # fmt: skip


def _seen(table: str, keys: Sequence[str]) -> list[object]:
    """What decides what the button does, as it is at this moment."""
    picked = st.session_state[table]["selection"]["rows"] if table in st.session_state else ()
    asked = views.state()
    asked.pop("sort", None)
    return [list(picked), asked, *(_plain(st.session_state.get(key)) for key in keys)]


def _plain(value: object) -> object:
    return list(value) if isinstance(value, list) else value


def _chosen(deed: str, which: Which) -> tuple[partial[BulkAction] | None, tuple[str, ...]]:
    """The deed with all it needs but who does it, None while something is missing; the keys of what was chosen."""
    if deed == "label":
        one = st.selectbox(_("Scheme"), list(SCHEMES), format_func=forms.scheme_title, key="bulk_scheme")
        return _label(one, which), ("bulk_scheme", f"bulk_code_{one}")
    if deed == "review":
        return partial(work.tag, workspace(), which, TAG), ()
    known, key = work.tags(workspace()), f"bulk_{deed}"
    name: str | None
    if deed == "untag":
        name = st.selectbox(_("Tag"), known, key=key, placeholder=_("No tags yet"))
    else:
        name = st.selectbox(_("Tag"), known, key=key, index=None, accept_new_options=True,
                            placeholder=_("Choose a tag or type a new one"))  # fmt: skip
    return partial(work.tag, workspace(), which, name, remove=deed == "untag") if name else None, (key,)


def _label(name: str, which: Which) -> partial[BulkAction] | None:
    one, key = SCHEMES[name], f"bulk_code_{name}"
    code: str | None
    if one.kind == "multi":
        codes = st.multiselect(_("Classes"), one.codes, format_func=lambda c: forms.code_title(name, c), key=key)
        code = JOIN.join(codes)
    else:
        code = st.selectbox(_("Class"), one.codes, format_func=lambda c: forms.code_title(name, c), key=key)
    return partial(work.label, workspace(), which, name, code) if code else None


def _run(act: partial[BulkAction], table: str, keys: Sequence[str], seen: list[object]) -> None:
    if _seen(table, keys) != seen:
        st.session_state["bulk_trouble"] = _(
            "Something changed just before the click; nothing was done. Look, and press again."
        )
        return
    try:
        done = act(curator=curator())
    except CoreError as error:
        st.session_state["bulk_trouble"] = explain(error)
    else:
        st.session_state["bulk_done"] = _counts(done)


def _undo(bulk_id: int) -> None:
    try:
        undone = work.undo(workspace(), bulk_id, curator())
    except CoreError as error:
        st.session_state["bulk_trouble"] = explain(error)
    else:
        st.session_state["bulk_done"] = _("Taken back: {n}.").format(n=f"{undone.what['undone']:,}") + (
            " " + _("Decided on since, and left: {n}.").format(n=f"{undone.what['since']:,}")
            if undone.what["since"] else ""
        )  # fmt: skip


def last() -> None:
    """What the last action did, and the button that takes it back as one."""
    if trouble := st.session_state.pop("bulk_trouble", ""):
        st.error(forms.plain(trouble), icon=":material/error:")
    if done := st.session_state.pop("bulk_done", ""):
        st.success(done, icon=":material/done_all:")
    action = work.latest(workspace())
    if action is None or action.undone_at is not None or not action.count:
        return
    told = _("Last bulk action: {what} · utterances: {n} · {who}, {at}").format(
        what=forms.plain(_told(action)), n=f"{action.count:,}", who=forms.plain(action.curator),
        at=forms.minute(action.at),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(told, width="content")
        st.button(_("Undo all of it"), icon=":material/undo:", key="bulk_undo", on_click=_undo, args=(action.id,))


def _counts(done: BulkAction) -> str:
    told = [_("Changed: {n}.").format(n=f"{done.count:,}")]
    if done.what["already"]:
        told.append(_("So already: {n}.").format(n=f"{done.what['already']:,}"))
    if done.what["unfit"]:
        told.append(_("Not possible: {n}.").format(n=f"{done.what['unfit']:,}"))
    return " ".join(told)


def _told(action: BulkAction) -> str:
    what = action.what
    if what["do"] == "label":
        return f"{forms.scheme_title(what['scheme'])} = {forms.code_title(what['scheme'], what['code'])}"
    return f"{'+' if what['do'] == 'tag' else '−'} {what['tag']}"
