"""The candidates that wait: statistics by operation, decisions on many, and one by one by key."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import CoreError, Unfit
from core.ui.error_messages import explain
from core.ui.frame import curator, guard, workspace
from core.ui.i18n import _
from core.ui.panels.augment.titles import operation_title, reason_title
from core.ui.panels.cleaning.cleaning import diff_text
from core.ui.panels.cleaning.proposals import refusal, summary
from core.ui.widgets import asking, forms
from core.ui.widgets.player import Choice, ChoiceGroup, ReviewEvent, ReviewItem, review
from core.workflows.augment import batches, deciding
from core.workflows.augment.deciding import CandidateCard, Where
from core.workflows.cleaning import decisions

NOTICE, SHOWN, AFTER, ERROR, TURN = (f"augment_{name}" for name in ("notice", "shown", "after", "error", "turn"))


@st.fragment
def show() -> None:
    """Show the waiting candidates with everything that decides on them."""
    with guard():
        _show()


def _show() -> None:
    rows = deciding.statistics(workspace())
    if not rows:
        st.info(_("No variant is waiting. Make some above."), icon=":material/info:")
        return
    st.header(_("Variants"), anchor=False)
    _statistics(rows)
    where = _where(rows)
    waits = deciding.count(workspace(), where)
    _in_bulk(where, waits)
    _desk(where, waits)


def _statistics(rows: list[deciding.OperationCount]) -> None:
    st.dataframe(
        [
            {
                _("Operation"): operation_title(row.operation), _("Waiting"): row.open, _("Accepted"): row.accepted,
                _("Rejected"): row.rejected,
                _("Accepted of the decided"): None if row.share_accepted is None else round(100 * row.share_accepted),
                _("Another label by the run"): row.flagged, _("In the corpus"): row.in_corpus,
            }
            for row in rows
        ],
        column_config={_("Accepted of the decided"): st.column_config.ProgressColumn(
            format="%d%%", min_value=0, max_value=100
        )},
        hide_index=True,
    )  # fmt: skip


def _where(rows: list[deciding.OperationCount]) -> Where:
    """Show the widgets that narrow the candidates; return what is chosen."""
    runs = {batch.id: batch for batch in batches.every(workspace())}
    first, second, third = st.columns(3)
    with first:
        operation = forms.linked_choice(
            _("Operation"), ["", *(row.operation for row in rows)], "operation",
            lambda name: operation_title(name) if name else _("all"),
        )  # fmt: skip
    with second:
        reason = forms.linked_choice(_("Label check"), ["", *deciding.FLAGS, deciding.UNFLAGGED], "reason", _reason)
    with third:
        run = forms.linked_choice(
            _("Augmentation run"), ["", *runs], "run", lambda name: _run_title(runs[name]) if name else _("all")
        )
    low, high = st.slider(
        _("Probability of the label, by the run in use"), 0.0, 1.0, (0.0, 1.0), 0.05, key="augment_score",
        help=_("Variants that no run judged stay only while the whole range is chosen."),
    )  # fmt: skip
    return Where(
        (operation,) if operation else (), (reason,) if reason else (), (run,) if run else (), (),
        low if low > 0 else None, high if high < 1 else None,
    )  # fmt: skip


def _reason(code: str) -> str:
    if code == deciding.UNFLAGGED:
        return _("same label, or not checked")
    return reason_title(code) if code else _("all")


def _run_title(batch: batches.Batch) -> str:
    made = _("{n} variants").format(n=f"{batch.made:,}")
    return f"{forms.minute(batch.at)} · {batch.curator} · {made}"


def _in_bulk(where: Where, n: int) -> None:
    """Show the buttons that decide on all chosen candidates, and the one that takes the last decision back."""
    left, middle, right = st.columns(3)
    with left:
        accepts = asking.accept_all(n, "augment_accept")
    with middle:
        rejects = asking.reject_all(n, "augment_reject")
    if accepts:
        bar = st.progress(0.0)
        counts = deciding.accept(workspace(), where, curator(), lambda done, total: _fill(bar, done / max(total, 1)))
        _tell(summary(counts))
    if rejects:
        _tell(_("Rejected: {n}.").format(n=f"{deciding.reject(workspace(), where, curator()):,}"))
    if right.button(
        _("Undo the last decision"), icon=":material/undo:", key="augment_undo", width="stretch",
        help=_("A decision on many variants is taken back as one."),
    ):  # fmt: skip
        with guard():
            _undo()
    if notice := st.session_state.pop(NOTICE, ""):
        st.success(notice, icon=":material/done_all:")


def _fill(bar: DeltaGenerator, share: float) -> None:
    bar.progress(min(share, 1.0))


def _undo() -> None:
    undone = deciding.undo(workspace(), curator())
    if undone is None:
        _tell(_("There is no decision of yours to take back."))
        return
    st.session_state[SHOWN] = undone.first
    _tell(_undone_text(undone))


def _undone_text(undone: deciding.Undone) -> str:
    message = _("Waiting again: {n}.").format(n=f"{undone.opened:,}")
    if undone.left:
        message += " " + _("Decided on since, and left: {n}.").format(n=f"{undone.left:,}")
    return message


def _tell(message: str) -> None:
    st.session_state[NOTICE] = message
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    st.rerun()


def _desk(where: Where, waits: int) -> None:
    """Show the next candidate, which is accepted or rejected by a key."""
    state = st.session_state
    st.caption(_("{n} variants wait").format(n=f"{waits:,}"))
    shown = state.get(SHOWN)
    card = deciding.card(workspace(), shown) if shown else deciding.next_card(workspace(), where, state.get(AFTER, 0))
    if card is None:
        st.info(_("No variant of this choice waits."), icon=":material/check:")
        return
    choices = (Choice("accept", _("Accept"), "a", "#0f8a5f"), Choice("reject", _("Reject"), "x", "#dc2626"))
    text = decisions.text_if_accepted(card.proposal, card.source.text) or str(card.proposal.payload["text"])
    review(
        item=ReviewItem(
            id=card.proposal.id, version=state.get(TURN, 0), audio_url=None, text=text, original=card.source.text,
            readonly=True, note=_note(card, text), error=state.get(ERROR, ""),
        ),
        groups=[ChoiceGroup("decision", _("Decision"), choices)],
        can_edit=False,
        strings={"no_audio": ""},
        can_skip=True,
        key="desk-augmentation",
        on_event=_handle,
    )  # fmt: skip


def _note(card: CandidateCard, text: str) -> str:
    """The labels of the source, the operation, the label check, and the changed words."""
    proposal, labels = card.proposal, card.source.labels
    parts = [f"{forms.scheme_title(name)}: {forms.code_title(name, code)}" for name, code in labels.items()]
    parts.append(operation_title(proposal.operation))
    if proposal.confidence is not None:
        parts.append(_("probability of the label {p}").format(p=f"{proposal.confidence:.0%}"))
    if proposal.flag:
        parts.append(reason_title(proposal.flag))
    return " · ".join([*parts, diff_text(card.source.text, text)])


def _handle(event: ReviewEvent) -> None:
    state = st.session_state
    state[ERROR], state[SHOWN] = "", None
    state[TURN] = state.get(TURN, 0) + 1  # an undone candidate is a new item to the component
    try:
        if event.kind == "undo":
            if (undone := deciding.undo(workspace(), curator())) is not None:
                state[SHOWN] = undone.first
                state[NOTICE] = _undone_text(undone) if undone.opened > 1 or undone.left else ""
        else:
            if event.kind == "decision":
                decisions.decide(workspace(), event.item, event.labels["decision"] == "accept", curator())
            state[AFTER] = event.item
    except Unfit as error:
        state[ERROR] = refusal(error)
    except CoreError as error:
        state[ERROR] = explain(error)
