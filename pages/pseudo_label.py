"""의사라벨 / Pseudo-label: a run judges the pool, thresholds with evidence, a blind audit, acceptance, and the gate."""

import streamlit as st

from core import ui
from core.records import RunInfo
from core.ui import _
from core.ui.panels.pseudo_labels import desk, sections, thresholds
from core.ui.widgets import forms
from core.workflows.pseudo_labels import candidates


def choose_run() -> RunInfo | None:
    judging_runs = {run.id: run for run in candidates.judging_runs(ui.workspace())}
    if not judging_runs:
        st.info(_("No trained run yet. Train a recipe on the Train page."))
        return None

    def title(run_id: str) -> str:
        return f"{run_id} · {' · '.join(forms.scheme_title(name) for name in judging_runs[run_id].schemes)}"

    return judging_runs[forms.linked_choice(_("Run"), list(judging_runs), "run", title)]


def choose_target(run: RunInfo) -> str:
    """Let a person choose the scheme whose labels are made; a run with one has no choice."""
    targets = candidates.chosen_targets(ui.workspace(), run)
    if len(targets) == 1:
        return targets[0]
    return forms.linked_choice(_("Scheme"), list(targets), "target", forms.scheme_title)


with ui.page("pseudo_label"):
    run = choose_run()
    if run is not None:
        target = choose_target(run)
        sections.show(run, target, thresholds.current(run, target))
    else:
        desk.imported()
