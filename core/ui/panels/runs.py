"""Parts of the Train and Evaluate pages about one run: whether it serves its scheme, and its model card."""

from collections import Counter
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.records import RunInfo
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels.job_titles import recipe_title
from core.ui.widgets import forms
from core.workflows.handover import imports, model_card
from core.workflows.models import in_use, runs

ENCODERS = {"ngram": N_("character sequences")}  # others are names of models


def title(run: RunInfo) -> str:
    """Return the name of a run for a reader: what it judges, by which recipe and encoder, and when it was trained."""
    schemes = ", ".join(forms.scheme_title(name) for name in run.schemes)
    recipe = recipe_title(run.recipe)
    judges = [recipe] if recipe.startswith(schemes) else [schemes, recipe]
    encoder = _(ENCODERS[run.encoder]) if run.encoder in ENCODERS else run.encoder
    return " · ".join(filter(None, [*judges, encoder, forms.minute(run.started_at)]))


def name(run_id: str) -> str:
    """Return the name of the run `run_id` for a reader; an id that this workspace does not know stays as it is."""
    return titles(runs.every(workspace())).get(run_id, run_id)


def titles(every: Sequence[RunInfo]) -> dict[str, str]:
    """Return run id -> title; equal titles get a number, so that no two runs look the same.

    The newest runs come first, so the oldest of equal ones is number 1.
    """
    shown: dict[str, str] = {}
    counts = Counter(map(title, every))
    left = counts.copy()
    for run in every:
        name = title(run)
        shown[run.id] = name if counts[name] == 1 else f"{name} ({left[name]})"
        left[name] -= 1
    return shown


def technical(run: RunInfo) -> None:
    """Show a button that shows the technical names of a run, which commands and addresses use."""
    with st.popover(_("Technical details"), icon=":material/data_object:", width="content"):
        names = {_("Run"): run.id, _("Snapshot"): run.snapshot, _("Recipe"): run.recipe, _("Encoder"): run.encoder}
        for label, name in names.items():
            st.caption(f"{label}: {forms.plain(name)}")


def bar(run: RunInfo) -> None:
    """Show whether `run` serves its scheme, a button that lets it serve, and its model card behind another one."""
    left, middle, right = st.columns([3, 1, 1], vertical_alignment="center")
    serving = in_use.by_run(workspace()).get(run.id)
    use(run.id, serving, middle)
    left.caption(standing(serving))
    if right.button(_("Model card"), icon=":material/description:", key=f"card-{run.id}", width="stretch"):
        card(run.id)
    if imports.imported(workspace(), run):
        name = forms.plain(run.snapshot)
        st.info(_("This run was imported. Its snapshot {name} is not in this workspace, so a cell of the confusion "
                  "matrix shows no utterances.").format(name=name))  # fmt: skip


def standing(serving: in_use.Serving | None) -> str:
    """Say whether a run serves its scheme, and who chose it when; None: it does not serve."""
    if serving is None:
        return _("Not in use: another run serves this scheme.")
    if serving.choice is None:
        return _("In use because it is the newest: nobody has chosen a run for this scheme.")
    chosen = serving.choice
    return _("In use: chosen by {who}, {at}").format(
        who=forms.plain(chosen.chosen_by), at=forms.minute(chosen.chosen_at)
    )


def use(run_id: str, serving: in_use.Serving | None, place: DeltaGenerator) -> None:
    """Draw the button that lets the run serve; it is disabled where a person has chosen this run already."""
    chosen = serving is not None and serving.chosen
    if place.button(
        _("Use this run"), icon=":material/check_circle:", key=f"use-{run_id}", disabled=chosen, width="stretch"
    ):
        in_use.use(workspace(), run_id, curator())
        st.rerun()


def card(run_id: str) -> None:
    """Show the model card as plain text, with a link to download it."""
    text = model_card.model_card(workspace(), run_id)
    st.download_button(
        _("Download"), text, f"MODEL_CARD-{run_id}.md", "text/markdown", icon=":material/download:", on_click="ignore"
    )
    st.code(text[: model_card.SHOWN_CHARS], language=None, wrap_lines=True)
