"""평가 / Evaluate: scores on held-out groups with intervals, and the utterances of each confusion cell."""

from typing import Any

import streamlit as st

from core import ui
from core.records import RunInfo
from core.schemes import scheme
from core.ui import _, links, translation
from core.ui.panels import runs as run_panel
from core.ui.panels.evaluation import alarms, cells, compare, curves, leaks
from core.ui.panels.job_titles import JOB_STATES
from core.ui.widgets import chart_table, charts, forms
from core.workflows.evaluation import evaluate, marks
from core.workflows.models import runs

SCORES = {
    "accuracy": ui.N_("Accuracy"),
    "macro_f1": ui.N_("Macro-F1"),
    "weighted_f1": ui.N_("Weighted-F1"),
}
METHODS = {"temperature": ui.N_("temperature scaling")}
# What the shortcut baseline reads (core.training.baselines).
READS = {
    "length and punctuation": ui.N_("Length and punctuation only"),
    "duration": ui.N_("Duration only"),
}
# Notes of core.scores, here so that the catalogue has them.
NOTES = (
    ui.N_("no example in the gold labels: left out of the macro average"),
    ui.N_("never predicted: precision is undefined"),
    ui.N_("one group only: no interval"),
)


def choose_run() -> str | None:
    """Return the chosen run; None if there is none, or if the address names one that has no scores."""
    titles = run_panel.titles(runs.finished(ui.workspace()))
    asked = st.query_params.get("run", "")
    if asked and asked not in titles and st.session_state.get("run") not in titles:
        st.warning(no_scores(asked), icon=":material/help:")
        if titles:
            st.selectbox(_("Run"), list(titles), index=None, format_func=titles.__getitem__, key="other_run",
                         placeholder=_("Choose a run"), on_change=take_other_run)  # fmt: skip
        return None
    if not titles:
        st.info(_("No finished run yet: train one on the Train page."))
        return None
    run_id = forms.linked_choice(_("Run"), list(titles), "run", titles.__getitem__)
    st.query_params["run"] = run_id  # the newest too: the address means the same run after the next training
    return run_id


def take_other_run() -> None:
    st.session_state["run"] = st.query_params["run"] = st.session_state["other_run"]


def no_scores(run_id: str) -> str:
    """Say why the run of the address cannot be shown: its training is not over, or it is not here."""
    states = {run.id: run.state for run in runs.every(ui.workspace())}
    if run_id not in states:
        return _("The run that the address names is not in this workspace: {run}").format(run=forms.plain(run_id))
    return _("The run that the address names has no scores: {state}").format(state=_(JOB_STATES[states[run_id]]))


def choose_target(run_id: str) -> str | None:
    """Let a person choose which scheme of a run with several is shown; None for a run with one."""
    schemes = next(run.schemes for run in runs.finished(ui.workspace()) if run.id == run_id)
    return forms.linked_choice(_("Scheme"), list(schemes), "target", forms.scheme_title) if len(schemes) > 1 else None


def number(score: dict[str, float | None] | None) -> str:
    return "–" if not score or score["value"] is None else f"{score['value']:.3f}"


def interval(score: dict[str, float | None] | None) -> str:
    if not score or score["low"] is None or score["high"] is None:
        return _("no interval")
    return f"{score['low']:.3f} – {score['high']:.3f}"


def headline(run: RunInfo, metrics: dict[str, Any], trivial: dict[str, Any] | None, unseen: bool = True) -> None:
    """Show the main scores, each above those of the trivial baselines; the recall of the critical class comes first.

    `unseen`: training saw none of the groups.
    """
    titles = {key: _(title) for key, title in SCORES.items()}
    critical = scheme(run.scheme).critical
    if critical:
        row = critical_row(metrics, critical)
        name = forms.code_title(run.scheme, critical)
        titles = {"critical": _("Recall of {name} (n = {n})").format(name=name, n=row["n"])} | titles
    for column, (key, title) in zip(st.columns(4), titles.items(), strict=False):
        score = score_of(metrics, key, critical)
        column.metric(title, number(score), interval(score), delta_color="off", delta_arrow="off")
        for baseline, name in baseline_titles(trivial).items():
            assert trivial is not None
            column.caption(f"{name}: {number(score_of(trivial[baseline], key, critical))}")
    caption = (
        _("Test side, n = {n} in {groups} groups that training never saw; intervals are 95%, by resampling groups.")
        if unseen
        else _("Published test side, n = {n} in {groups} groups; intervals are 95%, by resampling groups.")
    )
    st.caption(caption.format(n=metrics["n"], groups=metrics["n_groups"]))
    for note in metrics.get("notes", ()):
        note_text = note["what"]
        names = ", ".join(forms.code_title(run.scheme, code) for code in note["classes"])
        st.warning(": ".join(filter(None, [names, _(note_text)])), icon=":material/warning:")


def critical_row(metrics: dict[str, Any], code: str) -> dict[str, Any]:
    row: dict[str, Any] = next(row for row in metrics["per_class"] if row["code"] == code)
    return row


def score_of(metrics: dict[str, Any], key: str, critical: str | None) -> dict[str, float | None]:
    """Return an overall score, or the recall of the critical class for the key "critical"."""
    score: dict[str, float | None]
    score = critical_row(metrics, critical)["recall"] if key == "critical" and critical else metrics[key]
    return score


def baseline_titles(trivial: dict[str, Any] | None) -> dict[str, str]:
    """Return the titles of the two baselines; none for a run that has no baselines."""
    if trivial is None:
        return {}
    reads = READS[trivial["shortcut"]["reads"]]
    return {"majority": _("Most frequent class"), "shortcut": _(reads)}


def per_class(run: RunInfo, metrics: dict[str, Any], trivial: dict[str, Any] | None) -> None:
    chosen = scheme(run.scheme)
    # Recall first: a missed cry for help is the worst error.
    columns = {"recall": _("Recall"), "precision": _("Precision"), "f1": "F1"}
    rows = metrics["per_class"]
    names = [f"{chosen.label(row['code']).title(ui.language())} (n={row['n']})" for row in rows]
    chart_table.show(charts.scores(rows, names, columns), _("Scores of each class"), "per-class", table=False)
    with st.expander(_("As a table"), icon=":material/table:"):
        st.dataframe(
            [
                {_("Class"): name, "n": row["n"]}
                | {title: f"{number(row[key])} ({interval(row[key])})" for key, title in columns.items()}
                | {
                    f"F1, {title}": number(trivial[baseline]["per_class"][i]["f1"])
                    for baseline, title in baseline_titles(trivial).items()
                    if trivial is not None
                }
                for i, (name, row) in enumerate(zip(names, rows, strict=True))
            ],
            hide_index=True,
        )


def ablation(metrics: dict[str, Any]) -> None:
    """Show what a model of text and voice scores when it reads one of them."""
    titles = {"text": _("By the text alone"), "voice": _("By the voice alone")}
    for part, scores in metrics.get("ablation", {}).items():
        score = scores["macro_f1"]
        st.caption(f"{titles[part]}: " + _("Macro-F1") + f" {number(score)} ({interval(score)})")


def calibration(metrics: dict[str, Any]) -> None:
    facts = metrics["calibration"]
    method = METHODS[facts["method"]]
    text = _(
        "Confidence is calibrated by {method} on the {where} side (n = {n}): "
        "expected calibration error {before} before, {after} after."
    )
    st.caption(
        text.format(
            method=_(method),
            where=forms.side_title(facts["fitted_on"]),
            n=facts["n"],
            before=f"{facts['ece_before']:.3f}",
            after=f"{facts['ece_after']:.3f}",
        )
    )


def by_recording(run: RunInfo, metrics: dict[str, Any], trivial: dict[str, Any] | None, unseen: bool) -> None:
    """Show the scores by call: the mean of its utterances' probabilities decides."""
    if call_metrics := metrics["by_recording"]:
        st.header(_("By call"), anchor=False)
        pooled = trivial and {name: row["by_recording"] | {"reads": row.get("reads")} for name, row in trivial.items()}
        headline(run, call_metrics, pooled, unseen)


with ui.page("evaluate"):
    links.back_link()
    run_id = choose_run()
    if run_id is not None:
        run, metrics = evaluate.report(ui.workspace(), run_id, choose_target(run_id))
        test, trivial = metrics["test"], metrics.get("baselines")
        unseen = not marks.training_saw_the_test(metrics)
        run_panel.bar(run)
        run_panel.technical(run)
        headline(run, test, trivial, unseen)
        for sentence in marks.warnings(metrics):
            st.warning(forms.plain(translation.translate(sentence)), icon=":material/warning:")
        if trivial is None:
            st.caption(_("The trivial baselines cannot be computed: the snapshot of this run cannot be read."))
        ablation(metrics)
        calibration(metrics)
        st.header(_("Per class"), anchor=False)
        per_class(run, test, trivial)
        if test.get("confusion") is not None:  # of an item with several classes there is no one cell
            st.header(_("Confusion"), anchor=False)
            cells.cells(run, test)
            curves.show(run)
            compare.show(run)
        by_recording(run, metrics, trivial, unseen)
        alarms.show(run)
        leaks.show(run)
