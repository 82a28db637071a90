"""The form of a run: which texts, which operations, how many times as many; its preview, and the button that starts it.

The texts of a preview are hostile: a diff is escaped before it becomes Markdown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.augment import DEFAULT_ALPHA, LANGUAGE_MODEL, MOST_PER_SENTENCE
from core.filters import Filter, from_query
from core.schemes import SCHEMES
from core.ui.frame import curator, workspace
from core.ui.i18n import _
from core.ui.panels import runs
from core.ui.panels.augment import llm
from core.ui.panels.augment.titles import operation_title, reason_title
from core.ui.panels.cleaning.cleaning import diff_markdown
from core.ui.panels.job_progress import follow
from core.ui.widgets import forms
from core.workflows import jobs
from core.workflows.augment import plan as plans
from core.workflows.augment import run
from core.workflows.augment.making import Candidate
from core.workflows.augment.plan import AugmentPlan
from core.workflows.augment.sources import ClassCount
from core.workflows.corpus import views

TRIED, SAMPLES = 60, 6  # texts of a preview; examples that it shows of each operation
DEFAULT_FACTOR = 2.0


def choose_plan() -> AugmentPlan:
    """Show the widgets of a plan; return what is chosen."""
    names = [name for name, known in SCHEMES.items() if known.state == "active"]
    first, second, third = st.columns([2, 2, 2])
    scheme = first.selectbox(_("Scheme"), names, format_func=forms.scheme_title, key="augment_scheme")
    with second:
        wanted = _source_filter(third)
    codes = st.multiselect(
        _("Classes"), SCHEMES[scheme].codes, format_func=lambda code: forms.code_title(scheme, code),
        key=f"augment_classes_{scheme}", placeholder=_("all"), help=_("Only these classes are multiplied."),
    )  # fmt: skip
    known = [*plans.operations(), LANGUAGE_MODEL]
    operations = st.multiselect(
        _("Operation"), known, [name for name in plans.DEFAULT_OPERATIONS if name in known], operation_title,
        key="augment_operations", placeholder=_("any"),
        help=_("All keep negations and danger words, so that the label stays true."),
    )  # fmt: skip
    factor, balance, limit = _amounts()
    with st.expander(_("More settings"), icon=":material/tune:"):
        alpha, per_sentence, seed = _details()
    options = llm.choose(scheme) if LANGUAGE_MODEL in operations else {}
    of_classes: float | Mapping[str, float] = dict.fromkeys(codes, factor) if codes else factor
    return AugmentPlan(
        wanted, scheme, tuple(operations), of_classes, balance, alpha, per_sentence, limit or None, seed,
        options,
    )  # fmt: skip


def _source_filter(beside: Any) -> Filter:
    """Show a choice of saved views, and `beside` it a text to search for; return the filter."""
    saved = {view.name: view for view in views.list_views(workspace())}
    every = _("All utterances")
    view = forms.linked_choice(_("Which utterances"), ["", *saved], "view", lambda name: name or every)
    if view:
        return from_query(saved[view].query)
    with beside:
        return Filter(text=forms.linked_text(_("Text contains"), "text").strip())


def _amounts() -> tuple[float, bool, int]:
    first, second, third = st.columns([2, 2, 2], vertical_alignment="bottom")
    factor = first.number_input(
        _("Times as many texts"), 1.0, plans.MOST_FACTOR, DEFAULT_FACTOR, 0.5, key="augment_factor",
        help=_("2 means one variant for each text. The seed system made 4.5 times as many danger texts."),
    )  # fmt: skip
    balance = second.toggle(
        _("Balance the classes"), key="augment_balance",
        help=_("Every class gets as many texts as the largest one, as far as its texts allow."),
    )  # fmt: skip
    limit = third.number_input(
        _("Texts at most (0: all)"), 0, 1_000_000, 0, key="augment_limit", help=_("They are drawn at random.")
    )
    return float(factor), balance, int(limit)


def _details() -> tuple[float, int, int]:
    first, second, third = st.columns(3)
    alpha = first.slider(
        _("Share of changed words"), 0.1, 0.3, DEFAULT_ALPHA, 0.05, key="augment_alpha",
    )  # fmt: skip
    per_sentence = second.number_input(
        _("Variants of a text at most"), 1, MOST_PER_SENTENCE, MOST_PER_SENTENCE, key="augment_per_sentence"
    )
    seed = third.number_input(
        _("Seed"), 0, 2**31, 0, key="augment_seed", help=_("The same seed makes the same variants.")
    )
    return float(alpha), int(per_sentence), int(seed)


def begin(plan: AugmentPlan) -> None:
    """Show a button for a preview and one that starts the run as a job; below them the last preview of this plan."""
    left, right = st.columns(2)
    ready = bool(plan.operations)
    if left.button(_("Preview"), icon=":material/preview:", key="augment_look", width="stretch", disabled=not ready):
        with st.spinner(_("Looking …")):
            st.session_state["augment_seen"] = plan, run.preview(workspace(), plan, most=TRIED)
    busy = jobs.running(workspace(), run.JOB) is not None
    if right.button(
        _("Make proposals"), type="primary", icon=":material/auto_fix_high:", key="augment_run", width="stretch",
        disabled=busy or not ready, help=_("The variants wait below until a person accepts them."),
    ):  # fmt: skip
        st.session_state.pop("augment_seen", None)
        run.start(workspace(), plan, curator())
        st.rerun()
    if not ready:
        st.caption(_("Choose at least one operation."))
    if LANGUAGE_MODEL in plan.operations:
        llm.cost(plan)
    seen = st.session_state.get("augment_seen")
    if seen is not None and seen[0] == plan:
        show_preview(plan, seen[1])


@st.fragment(run_every="1s")
def progress(job_id: str) -> None:
    """Show the progress of a run."""

    def counted(counts: Mapping[str, Any], done: int, total: int) -> str:
        return (f"{done:,} / {total:,} " if total else f"{done:,} ") + _("variants")

    follow(job_id, "augment", counted)


def show_preview(plan: AugmentPlan, seen: run.AugmentPreview) -> None:
    """Show what a run would make: counts by class, examples with their changes, what was refused and why."""
    if not seen.classes:
        st.info(_("No text that matches has a label of this scheme. Label some, or choose another filter."))
        return
    _class_table(plan.scheme, seen.classes)
    st.caption(
        _("Tried {n} of {total} texts; nothing was written.").format(n=f"{seen.looked_at:,}", total=f"{seen.sources:,}")
        + " "
        + (_check_text(seen))
    )
    if not seen.wanted:
        st.info(_("Nothing more to make: these texts have their variants already."), icon=":material/check:")
    for operation, n in seen.by_operation.items():
        with st.expander(f"{operation_title(operation)} · {n:,}", expanded=operation == next(iter(seen.by_operation))):
            examples = [c for c in seen.candidates if c.variant.operation == operation]
            for candidate in examples[:SAMPLES]:
                _example(plan.scheme, candidate)
    if seen.refused:
        with st.expander(_("Refused candidates: {n}").format(n=f"{sum(seen.refused.values()):,}")):
            st.dataframe(
                [{_("Reason"): reason_title(code), _("Count"): n} for code, n in seen.refused.items()],
                hide_index=True, width="content",
            )  # fmt: skip


def _check_text(seen: run.AugmentPreview) -> str:
    if seen.checked_by is None:
        return _("No run in use judges single texts under this scheme, so no label was checked.")
    return _("{n} have another label by the run in use ({run}).").format(
        n=f"{seen.flagged:,}", run=forms.plain(runs.name(seen.checked_by))
    )


def _class_table(scheme: str, classes: Sequence[ClassCount]) -> None:
    st.dataframe(
        [
            {
                _("Class"): forms.code_title(scheme, row.code), _("Texts"): row.texts,
                _("Variants so far"): row.present, _("To make"): row.wanted,
                _("Afterwards"): row.texts + row.present + row.wanted,
            }
            for row in classes
        ],
        hide_index=True, width="content",
    )  # fmt: skip


def _example(scheme: str, candidate: Candidate) -> None:
    title = forms.plain(forms.code_title(scheme, candidate.source.code))
    parts = [title]
    if (checked := candidate.checked) is not None:
        parts.append(_("probability of the label {p}").format(p=f"{checked.score:.0%}"))
        if checked.flag:
            parts.append(
                _("the run in use says {label}").format(label=forms.plain(forms.code_title(scheme, checked.code)))
            )
    note = " · ".join(parts)
    st.markdown(f"{diff_markdown(candidate.source.text, candidate.variant.text)}  \n:gray[{note}]")
