"""The leak meter on Evaluate: start a measurement of a run's recipe, follow it, see its four scores in one picture."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.augment import MOST_PER_SENTENCE
from core.errors import CoreError
from core.records import RunInfo
from core.ui import translation
from core.ui.error_messages import explain
from core.ui.frame import workspace
from core.ui.i18n import N_, _
from core.ui.panels.augment.titles import operation_title
from core.ui.panels.job_progress import follow
from core.ui.widgets import chart_table, charts, forms
from core.workflows import jobs
from core.workflows.leaks import meter, results
from core.workflows.leaks.plan import FACTOR, LeakPlan, default_operations, of_run
from core.workflows.leaks.sentences import sentences

SPLITS = {"lineage": N_("Split by lineage"), "rows": N_("Random rows")}
SPEAKERS = {"lineage": N_("Unseen speakers"), "rows": N_("Random clips")}
SCORES = {"accuracy": N_("Accuracy"), "macro_f1": N_("Macro-F1")}


def show(run: RunInfo) -> None:
    """Draw the leak meter of a run's recipe on the run's snapshot."""
    with st.container(key="leak_meter"):
        _panel(run)


def _panel(run: RunInfo) -> None:
    st.header(_("Leak meter"), anchor=False)
    st.caption(
        _(
            "The same recipe is trained on this snapshot split by lineage, as always, and by random rows, as nobody "
            "should, each without and with augmentation. The difference between the two splits is leakage."
        )
    )
    if (live := jobs.running(workspace(), meter.KIND)) is not None:
        _follow(live.id)
    else:
        _begin(run)
    if trouble := st.session_state.pop("leakmeter_trouble", ""):
        st.error(forms.plain(translation.translate(trouble)))
    documents = results.of_snapshot(workspace(), run.snapshot, run.recipe, run.encoder, run.scheme)
    if documents:
        _document(documents)


@st.fragment(run_every="1s")
def _follow(job_id: str) -> None:
    follow(job_id, "leakmeter", lambda progress, done, total: counted(progress))


def counted(progress: Mapping[str, Any]) -> str:
    """Say which of the trainings of a leak meter is running."""
    if "trainings" not in progress:
        return _("variants are being made")
    return _("leak meter, training {number} of {trainings}").format(
        number=progress["training"], trainings=progress["trainings"]
    )


def _begin(run: RunInfo) -> None:
    """Draw the form that starts a measurement."""
    with st.form("leakmeter"):
        left, middle, right = st.columns([4, 1, 1], vertical_alignment="bottom")
        operations = left.multiselect(
            _("Operations of augmentation"), list(default_operations(run.modality)), format_func=operation_title,
            key="leak_operations", placeholder=_("the accepted variants of the snapshot, or all operations"),
        )  # fmt: skip
        factor = middle.number_input(
            _("Factor"), 1.0, 1.0 + MOST_PER_SENTENCE, FACTOR, 0.5, key="leak_factor",
            help=_("How many rows there are after augmentation for each row before."),
        )  # fmt: skip
        seed = right.number_input(_("Seed"), 0, 2**31, 0, key="leak_seed")
        if st.form_submit_button(_("Measure leakage"), icon=":material/water_drop:"):
            _start(run, tuple(operations), float(factor), int(seed))


def _start(run: RunInfo, operations: tuple[str, ...], factor: float, seed: int) -> None:
    try:
        plan = LeakPlan(
            **of_run(workspace(), run.id, run.scheme).to_dict()
            | {"operations": operations, "factor": factor, "seed": seed}
        )
        meter.start(workspace(), plan)
    except CoreError as error:
        st.session_state["leakmeter_trouble"] = str(explain(error))
    st.rerun()


def _document(documents: list[results.Document]) -> None:
    """Draw the newest measurement, or another one that a person chooses."""
    by_id = {str(document["id"]): document for document in documents}
    left, right = st.columns(2)
    with left:
        chosen = forms.linked_choice(_("Measurement"), list(by_id), "leak", lambda key: _when(by_id[key]))
    document = by_id[chosen]
    titles = {key: _(title) for key, title in SCORES.items()}
    if document["critical"]:
        name = forms.code_title(document["scheme"], document["critical"])
        titles["recall"] = _("Recall of {name}").format(name=name)
    score = right.selectbox(_("Score"), list(titles), format_func=lambda key: titles[key], key="leak_score")
    first, *others = (forms.plain(translation.translate(line)) for line in sentences(document, score))
    st.markdown(f"**{first}**")
    _picture(document, score, titles[score])
    for line in others:
        st.caption(line)
    with st.expander(_("As a table"), icon=":material/table:"):
        st.dataframe(_table(document, titles), hide_index=True)


def _when(document: results.Document) -> str:
    augmentation = document["augmentation"]
    text = _("{at}, {n} variants") if augmentation["n"] else _("{at}, without augmentation")
    return text.format(at=forms.minute(document["made_at"]), n=f"{augmentation['n']:,}")


def _splits(document: results.Document) -> dict[str, str]:
    titles = SPEAKERS if document["unseen"] == "speakers" else SPLITS
    return {key: _(title) for key, title in titles.items()}


def _picture(document: results.Document, score: str, title: str) -> None:
    arms = {(arm["split"], arm["augmented"]): arm[score] for arm in document["arms"]}
    columns = [augmented for augmented in (False, True) if ("rows", augmented) in arms]
    series = {name: [arms[split, augmented] for augmented in columns] for split, name in _splits(document).items()}
    names = [_("With augmentation") if augmented else _("Without augmentation") for augmented in columns]
    figure = charts.leak_scores(series, names, title, _leak(document, arms, columns[-1], score))
    chart_table.show(figure, title, "leaks", table=False)  # the table below has the values


def _leak(
    document: results.Document, arms: Mapping[Any, Mapping[str, Any]], augmented: bool, score: str
) -> tuple[float, float, str] | None:
    """The two values between which the leakage lies, and its text; None where it cannot be told from chance."""
    difference = document["differences"]["leakage" if augmented else "leakage_without"][score]
    if difference["low"] is None or difference["low"] <= 0:
        return None
    text = _("leakage {points}").format(points=f"{100 * difference['value']:+.1f}")
    return arms["lineage", augmented]["value"], arms["rows", augmented]["value"], text


def _table(document: results.Document, titles: Mapping[str, str]) -> list[dict[str, Any]]:
    splits = _splits(document)
    return [
        {
            _("Split"): splits[arm["split"]],
            _("Augmentation"): _("with") if arm["augmented"] else _("without"),
            _("Trained on"): arm["sides"]["train"],
            _("Tested on"): arm["n"],
        }
        | {title: _score(arm[key]) for key, title in titles.items()}
        for arm in document["arms"]
    ]


def _score(score: Mapping[str, float | None]) -> str:
    value, low, high = score["value"], score["low"], score["high"]
    if value is None:
        return "–"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f} – {high:.3f})"
