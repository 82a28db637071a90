"""The last section of the Pseudo-label page: what the pseudo-labels are worth to a student, measured in the background.

A round is measured before or after it is accepted. The verdict stays with the round.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.records import Round
from core.ui import translation
from core.ui.error_messages import explain
from core.ui.frame import curator, workspace
from core.ui.i18n import N_, _
from core.ui.panels.job_progress import follow
from core.ui.panels.job_titles import recipe_title
from core.ui.panels.pseudo_labels.accept import STATES
from core.ui.panels.pseudo_labels.chosen import Chosen
from core.ui.widgets import chart_table, charts, forms
from core.workflows import jobs
from core.workflows.pseudo_labels import accept
from core.workflows.pseudo_labels.ablation import gate
from core.workflows.pseudo_labels.ablation.plan import gold_sets, other_recipes, planned, round_of
from core.workflows.pseudo_labels.ablation.sentences import sentences

NEW = 0  # the choice of the thresholds on the page, which are no round yet
ARMS = {"none": N_("Without"), "half": N_("Half"), "all": N_("All")}
SCORES = {"accuracy": N_("Accuracy"), "macro_f1": N_("Macro-F1"), "recall": N_("Recall of {name}")}
ICONS = {"helps": "trending_up", "harms": "trending_down", "undecided": "trending_flat"}


def show(chosen: Chosen) -> None:
    """Draw the form that starts a measurement, or its progress, and the verdict of the chosen round."""
    st.caption(
        _("A student is trained with none, half and all of the pseudo-labels, and scored on the same gold set. Only an "
          "interval that leaves out 0 shows an effect.")
    )  # fmt: skip
    made = _choose(chosen)
    if (live := jobs.running(workspace(), gate.KIND)) is not None:
        _follow(live.id)
    else:
        _begin(chosen, made)
    if trouble := st.session_state.pop("gate_trouble", ""):
        st.error(forms.plain(translation.translate(trouble)), icon=":material/error:")
    if made is not None and made.verdict is not None:
        _verdict(made.verdict)
    elif made is not None:
        st.info(_("This round has not been measured yet."), icon=":material/balance:")


def _choose(chosen: Chosen) -> Round | None:
    """Let a person choose a round of the run; None stands for the thresholds on the page, which are no round yet."""
    rounds = {made.id: made for made in accept.rounds(workspace(), chosen.target, chosen.run.id)}
    here = [made.id for made in rounds.values() if dict(made.thresholds) == chosen.thresholds.to_json()]
    options = [*rounds] if here else [NEW, *rounds]
    number = st.selectbox(
        _("Round"), options, index=options.index(here[0]) if here else 0,
        format_func=lambda number: _title(rounds[number]) if number else _("The thresholds on this page"),
        key=f"gate_round_{len(rounds)}",
    )  # fmt: skip
    return rounds.get(number)


def _title(made: Round) -> str:
    text = _("round {number}, {state}, {at}")
    return text.format(number=made.id, state=_(STATES[made.state]), at=forms.minute(made.made_at))


@st.fragment(run_every="1s")
def _follow(job_id: str) -> None:
    follow(job_id, "gate", lambda progress, done, total: _counted(progress))


def _counted(progress: Mapping[str, Any]) -> str:
    if "trainings" not in progress:
        return _("the pseudo-labels are being gathered")
    text = _("training {number} of {trainings}")
    return text.format(number=progress["training"], trainings=progress["trainings"])


def _begin(chosen: Chosen, made: Round | None) -> None:
    """Draw the form that starts a measurement."""
    names = gold_sets(workspace(), chosen.target)
    with st.form("gate"):
        left, middle, right = st.columns([3, 3, 2], vertical_alignment="bottom")
        at = names.index(chosen.run.snapshot) if chosen.run.snapshot in names else 0
        snapshot = left.selectbox(_("Snapshot of the student"), names, index=at, key="gate_snapshot")
        gold = middle.selectbox(
            _("Gold set"), ["", *names], format_func=lambda name: name or _("The test side of this snapshot"),
            key="gate_gold",
            help=_("Refused if the teacher or the student has seen any of it, or something near to it."),
        )  # fmt: skip
        with right.popover(_("More settings"), icon=":material/tune:", width="stretch"):
            seed = st.number_input(_("Seed"), 0, 2**31, 0, key="gate_seed")
        recipes = other_recipes(workspace(), chosen.run.id, chosen.target)
        recipe = st.selectbox(
            _("Recipe of the student"), recipes, index=recipes.index(chosen.run.recipe) if chosen.run.recipe in recipes
            else 0, format_func=recipe_title, key="gate_recipe",
            help=_("The settings of this teacher are not here, since it was imported."),
        ) if recipes else None  # fmt: skip
        if st.form_submit_button(_("Measure the effect"), icon=":material/balance:"):
            _start(chosen, made, snapshot=snapshot, recipe=recipe, gold=gold or None, seed=int(seed))


def _start(chosen: Chosen, made: Round | None, **asked: Any) -> None:
    ws = workspace()
    try:
        if made is None:
            made = round_of(ws, chosen.run.id, chosen.target, chosen.thresholds, curator())
        gate.start(ws, planned(ws, made.id, **asked))
    except CoreError as error:
        st.session_state["gate_trouble"] = str(explain(error))
    st.rerun()


def _verdict(verdict: Mapping[str, Any]) -> None:
    """Draw what a measurement said: a sentence, the gains with their intervals, and the scores as a table."""
    first, *others = (forms.plain(translation.translate(line)) for line in sentences(verdict))
    st.markdown(f":material/{ICONS[verdict['verdict']]}: **{first}**")
    rows = {_(ARMS[name]): verdict["differences"][name][verdict["by"]] for name in ("half", "all")}
    title = _("Macro-F1 gained over the student without")
    chart_table.show(charts.differences(rows, title), title, "gate_gains", table=False)
    for line in others:
        st.caption(line)
    with st.expander(_("As a table"), icon=":material/table:"):
        st.dataframe([_row(verdict, arm) for arm in verdict["arms"]], hide_index=True)
        st.caption(_("Content hash: {sha}").format(sha=verdict["gold"]["sha256"]))


def _row(verdict: Mapping[str, Any], arm: Mapping[str, Any]) -> dict[str, str]:
    name = forms.code_title(verdict["scheme"], verdict["critical"]) if verdict["critical"] else ""
    scores = {_(title).format(name=name): _score(arm[key]) for key, title in SCORES.items() if key in arm}
    counts = {_("Pseudo-labels"): f"{arm['pseudo_labels']:,}", _("Trained on"): f"{arm['train']:,}"}
    return {_("Student"): _(ARMS[arm["name"]]), **counts, **scores}


def _score(score: Mapping[str, float | None]) -> str:
    value, low, high = score["value"], score["low"], score["high"]
    if value is None:
        return "–"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f} – {high:.3f})"
