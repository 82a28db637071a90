"""Cures on the Quality page: edit text and times of a row where its fault is shown, take it back, open it in Review."""

from collections.abc import Sequence

import streamlit as st

from core.errors import CoreError
from core.quality import Finding
from core.records import Revision, Utterance
from core.ui import identity, links
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import _
from core.ui.panels.corpus import reviewing
from core.ui.widgets import drafts, forms
from core.workflows.cleaning import cures
from core.workflows.review.desk import LONGEST_TEXT

EDITED = "quality_editing"  # the id of the utterance whose form is open
TROUBLE = "quality_cure_trouble"


def review(finding: Finding, all_findings: Sequence[Finding], title: str) -> None:
    """Show buttons that open the utterances of a finding, and those of all findings of its check, in Review."""
    same = [other for other in all_findings if other.check == finding.check]
    own = cures.utterances_of(workspace(), [finding])
    if not own:
        return
    with st.container(horizontal=True):
        label = _("Open in Review: {n}").format(n=_number(len(own), [finding]))
        _open(label, own, title, finding.scheme, "review_finding")
        if len(same) > 1:
            every = cures.utterances_of(workspace(), same)
            label = _("All of this check: {n}").format(n=_number(len(every), same))
            _open(label, every, title, finding.scheme, "review_check")


def _number(n: int, findings: Sequence[Finding]) -> str:
    """Return the number of utterances; of findings that name only their first items, also of how many these are."""
    named, of_all = sum(len(finding.ids) for finding in findings), sum(map(cures.size, findings))
    if named >= of_all:
        return f"{n:,}"
    if findings[0].level == "recording":
        return _("{n} (of the first {named} of {all} calls)").format(n=f"{n:,}", named=f"{named:,}", all=f"{of_all:,}")
    return _("the first {n} of {all}").format(n=f"{n:,}", all=f"{of_all:,}")


def _open(label: str, ids: Sequence[int], title: str, scheme: str, key: str) -> None:
    if st.button(label, icon=":material/hearing:", key=key):
        reviewing.open_ids(ids, title, links.here("quality"), scheme or reviewing.FIRST_SCHEME)


def row(utterance: Utterance, changed: Revision | None) -> None:
    """Show what can be done with one row: edit it here, open it in Review, take back what was changed here."""
    with st.container(horizontal=True, vertical_alignment="center"):
        is_open = st.session_state.get(EDITED) == utterance.id
        st.button(
            _("Close") if is_open else _("Edit here"), icon=":material/edit:", key=f"edit-{utterance.id}",
            on_click=_toggle, args=(utterance.id,),
        )  # fmt: skip
        way = links.review(item=utterance.id, back=links.here("quality"))
        links.show(_("Open in Review"), way, ":material/hearing:")
        if changed is not None:
            who, at = forms.plain(changed.curator), forms.minute(changed.at)
            st.caption(_("Changed since the check: {who}, {at}").format(who=who, at=at), width="content")
            if cures.is_cure(changed) and changed.curator == identity.curator():
                st.button(_("Take it back"), icon=":material/undo:", key=f"back-{utterance.id}", on_click=_take_back,
                          args=(utterance.id, changed.id))  # fmt: skip
    if is_open:
        _form(utterance)


def _toggle(utterance_id: int) -> None:
    is_open = st.session_state.get(EDITED) == utterance_id
    st.session_state[EDITED] = None if is_open else utterance_id
    st.session_state.pop(TROUBLE, None)


def _form(utterance: Utterance) -> None:
    """Show the inputs of text and times; a key has the version, so that a newer state begins with its own values."""
    key = f"cure-{utterance.id}-{utterance.version}"
    st.session_state.setdefault(f"{key}-text", utterance.text)  # no default value: a draft may take its place
    st.text_area(_("Text"), key=f"{key}-text", max_chars=max(LONGEST_TEXT, len(utterance.text)), height=80)
    times: dict[str, str] = {}
    if utterance.start_ms is not None and utterance.end_ms is not None:
        left, right = st.columns(2)
        for place, end, title, ms in (
            (left, "start", _("Start (s)"), utterance.start_ms), (right, "end", _("End (s)"), utterance.end_ms)
        ):  # fmt: skip
            st.session_state.setdefault(f"{key}-{end}", ms / 1000)
            place.number_input(title, 0.0, None, step=0.05, format="%.2f", key=f"{key}-{end}")
            times[end] = f"{key}-{end}"
    st.text_input(_("Why (optional)"), key=f"{key}-why", max_chars=cures.LONGEST_REASON)
    boxes = {"text": f"{key}-text", "why": f"{key}-why"} | times
    drafts.keep(f"cure-{utterance.id}", utterance.version, boxes, numbers=dict.fromkeys(times, 0.0))
    st.button(_("Save"), type="primary", icon=":material/save:", key="cure_save", on_click=_save,
              args=(utterance, key))  # fmt: skip
    if trouble := st.session_state.get(TROUBLE):
        st.error(forms.plain(trouble), icon=":material/error:")


def _save(utterance: Utterance, key: str) -> None:
    said = st.session_state
    start = _ms(said.get(f"{key}-start"), utterance.start_ms)
    end = _ms(said.get(f"{key}-end"), utterance.end_ms)
    try:
        cures.cure(
            workspace(), utterance.id, utterance.version, curator(), text=_other(said[f"{key}-text"], utterance.text),
            start_ms=start, end_ms=end, why=said[f"{key}-why"],
        )  # fmt: skip
    except CoreError as error:
        said[TROUBLE] = explain(error)
    else:
        drafts.done(f"cure-{utterance.id}")
        said[EDITED] = None
        said.pop(TROUBLE, None)


def _ms(seconds: float | None, before: int | None) -> int | None:
    """Return seconds as ms; None if they are shown as they were, to a hundredth of a second."""
    if seconds is None or before is None or f"{seconds:.2f}" == f"{before / 1000:.2f}":
        return None
    return round(seconds * 1000)


def _other(text: str, before: str) -> str | None:
    return None if text == before else text


def _take_back(utterance_id: int, revision_id: int) -> None:
    try:
        cures.take_back(workspace(), utterance_id, revision_id, curator())
    except CoreError as error:
        st.session_state["quality_trouble"] = error.message
