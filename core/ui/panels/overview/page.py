"""개요 / Overview: what waits for a decision, for the curator at work and for the team, and what to do next."""

import streamlit as st

from core.schemes import SCHEMES
from core.ui import identity
from core.ui.frame import workspace
from core.ui.i18n import N_, _
from core.ui.panels.overview import failed, first_steps, recent, team, waiting
from core.ui.widgets import forms
from core.workflows.overview.summary import NextStep, Overview, overview
from core.workflows.overview.waiting import NOBODY, in_use

# What to do next, beside what waits: the text of the link, and its page.
STEPS: dict[NextStep, tuple[str, str]] = {
    "snapshot": (N_("Freeze a snapshot"), "pages/train.py"),
    "train": (N_("Train a model"), "pages/train.py"),
    "predict": (N_("Try the models on a recording"), "pages/predict.py"),
}
MOST_CLASSES = 8  # the most frequent ones, where a scheme has more


def show() -> None:
    """Show the page; of an empty workspace, the two ways to begin."""
    first_steps.demo_progress()
    who = identity.curator() or NOBODY
    summary = overview(workspace(), who)
    if not summary.counts["utterances"]:
        first_steps.show()
        failed.show()
        return
    if summary.is_demo:
        st.info(
            _("This is the demo corpus: calls and sentences were written by this project, the voices are synthetic."),
            icon=":material/info:",
        )
    whose = waiting.chosen_view()
    waiting.show(summary.waiting, whose, who)
    failed.show()
    if whose == "team":
        team.show(summary)
    _next(summary)
    _counts(summary.counts)
    st.header(_("Progress by scheme"), anchor=False)
    for name, n in summary.progress.items():
        if n["targets"] and in_use(name, n):
            _progress(name, n)
    recent.show(summary)


def _next(summary: Overview) -> None:
    """Link what no decision waits for, but what comes next in the work."""
    steps = [STEPS[step] for step in summary.next_steps if step in STEPS]
    if steps:
        st.header(_("Next"), anchor=False)
        with st.container(horizontal=True):
            for text, target in steps:
                st.page_link(target, label=_(text), icon=":material/arrow_forward:")


def _counts(counts: dict[str, int]) -> None:
    st.header(_("What the corpus holds"), anchor=False)
    tiles = (
        (_("Calls"), f"{counts['recordings']:,}"),
        (_("Utterances"), f"{counts['utterances']:,}"),
        (_("Sentences on their own"), f"{counts['sentences']:,}"),
        (_("Usable for voice"), f"{counts['voice_usable']:,}"),
        (_("Audio (minutes)"), f"{counts['audio_ms'] / 60000:,.1f}"),
    )
    with st.container(horizontal=True, key="tiles"):  # wraps where the window is narrow
        for title, value in tiles:
            st.metric(title, value, border=True)


def _progress(name: str, n: dict[str, int]) -> None:
    codes = SCHEMES[name].codes
    if len(codes) > MOST_CLASSES:
        codes = tuple(sorted(codes, key=lambda code: -n[code])[:MOST_CLASSES])
    classes = " · ".join(f"{forms.code_title(name, code)} {n[code]:,}" for code in codes)
    classes += "" if len(codes) == len(SCHEMES[name].codes) else " · …"
    share = n["labelled"] / n["targets"]
    text = f"{forms.scheme_title(name)}: {n['labelled']:,} / {n['targets']:,} ({share:.0%}) — {classes}"
    st.progress(share, text=forms.plain(text))
