"""평가 / Evaluate: scores on held-out groups with intervals, and the utterances of each confusion cell."""

from typing import Any

import streamlit as st

from core import ui
from core.records import UNLABELLED, RunInfo
from core.schemes import scheme
from core.ui import _, translation
from core.ui.panels import runs as run_panel
from core.ui.widgets import charts, forms
from core.workflows.models import evaluate, runs

SCORES = {
    "accuracy": ui.N_("Accuracy"),
    "macro_f1": ui.N_("Macro-F1"),
    "weighted_f1": ui.N_("Weighted-F1"),
}
MATRIX_PX, CELL_PX = 170, 90  # the names beside the matrix, and each of its columns
LINKED_CHARS = 80  # the first characters of a text, which the Corpus page searches for
METHODS = {"temperature": ui.N_("temperature scaling")}
# Notes of core.scores, here so that the catalogue has them.
NOTES = (
    ui.N_("no example in the gold labels: left out of the macro average"),
    ui.N_("never predicted: precision is undefined"),
    ui.N_("one group only: no interval"),
)


def choose_run() -> str | None:
    run_ids = [run.id for run in runs.finished(ui.workspace())]
    if not run_ids:
        st.info(_("No finished run yet: train one on the Train page."))
        return None
    return forms.linked_choice(_("Run"), run_ids, "run", str)


def number(score: dict[str, float | None] | None) -> str:
    return "–" if not score or score["value"] is None else f"{score['value']:.3f}"


def interval(score: dict[str, float | None] | None) -> str:
    if not score or score["low"] is None or score["high"] is None:
        return _("no interval")
    return f"{score['low']:.3f} – {score['high']:.3f}"


def headline(run: RunInfo, metrics: dict[str, Any]) -> None:
    """Show the main scores; the recall of the critical class comes first."""
    scores = [(_(title), metrics[key]) for key, title in SCORES.items()]
    if critical := scheme(run.scheme).critical:
        row = next(row for row in metrics["per_class"] if row["code"] == critical)
        name = forms.code_title(run.scheme, critical)
        scores.insert(0, (_("Recall of {name} (n = {n})").format(name=name, n=row["n"]), row["recall"]))
    for column, (title, score) in zip(st.columns(4), scores, strict=False):
        column.metric(title, number(score), interval(score), delta_color="off", delta_arrow="off")
    st.caption(
        _(
            "Test side, n = {n} in {groups} groups that training never saw; intervals are 95 %, by resampling groups."
        ).format(n=metrics["n"], groups=metrics["n_groups"])
    )
    for note in metrics["notes"]:
        note_text = note["what"]
        names = ", ".join(forms.code_title(run.scheme, code) for code in note["classes"])
        st.warning(": ".join(filter(None, [names, _(note_text)])), icon=":material/warning:")


def per_class(run: RunInfo, metrics: dict[str, Any]) -> None:
    chosen = scheme(run.scheme)
    # Recall first: a missed cry for help is the worst error.
    columns = {"recall": _("Recall"), "precision": _("Precision"), "f1": "F1"}
    rows = metrics["per_class"]
    names = [f"{chosen.label(row['code']).title(ui.language())} (n={row['n']})" for row in rows]
    st.plotly_chart(charts.scores(rows, names, columns), key="per-class")
    with st.expander(_("As a table"), icon=":material/table:"):
        st.dataframe(
            [
                {_("Class"): name, "n": row["n"]}
                | {title: f"{number(row[key])} ({interval(row[key])})" for key, title in columns.items()}
                for name, row in zip(names, rows, strict=True)
            ],
            hide_index=True,
        )


def cells(run: RunInfo, metrics: dict[str, Any]) -> None:
    chosen = scheme(run.scheme)
    figure = charts.confusion(metrics["confusion"], chosen, ui.language(), (_("True"), _("Predicted")))
    row = st.container(horizontal=True)  # wraps in a narrow window
    with row.container(width=MATRIX_PX + CELL_PX * len(chosen.codes)):
        clicked = st.plotly_chart(figure, key=f"confusion-{run.id}", on_select="rerun", selection_mode="points",
                                  config={"displayModeBar": False})  # fmt: skip
    points = clicked["selection"]["points"]
    with row.container(key="behind"):
        if points:
            show_cell(run, *points[0]["customdata"][:2])
        else:
            st.info(_("Click a cell to hear and read the utterances behind it."))


def show_cell(run: RunInfo, gold: str, predicted: str) -> None:
    names = [forms.code_title(run.scheme, code) for code in (gold, predicted)]
    cell = evaluate.cell(ui.workspace(), run.id, gold, predicted)
    mistakes = cell.mistakes
    st.subheader(
        _("{gold} taken for {predicted}: {n}").format(gold=names[0], predicted=names[1], n=len(mistakes)), anchor=False
    )
    if cell.trouble:
        why = forms.plain(translation.translate(str(cell.trouble)))
        st.warning(_("The texts that the model saw cannot be shown: {why}").format(why=why), icon=":material/warning:")
    box = st.container(height=620 if len(mistakes) > 4 else "content", border=False)
    for mistake in mistakes[:30]:
        with box.container(border=True):
            utterance_row(run, mistake)
    if len(mistakes) > 30:
        st.caption(_("{n} more").format(n=len(mistakes) - 30))


def utterance_row(run: RunInfo, mistake: evaluate.Mistake) -> None:
    """Show one utterance: the frozen text, what changed since, then ways to hear and open it."""
    if mistake.item:
        st.text(mistake.item.text)
    else:
        st.caption(_("The text that the model saw is missing."))
    details = [f"{mistake.prediction.confidence:.0%}"]
    if shown_item := mistake.utterance or mistake.item:
        place = "" if shown_item.start_ms is None else forms.seconds(shown_item.start_ms)
        details += [forms.speaker_title(shown_item.speaker), place, forms.plain(shown_item.key)]
    st.caption(" · ".join(filter(None, details)))
    show_changes(run, mistake)
    if (current := mistake.utterance) is None:
        return
    if current.voice_usable:
        forms.listen(current.id)
    if part := current.text.strip()[:LINKED_CHARS].strip():
        to = ":material/arrow_forward:"
        st.page_link("pages/corpus.py", label=_("Open"), icon=to, query_params={"text": part})


def show_changes(run: RunInfo, mistake: evaluate.Mistake) -> None:
    """Show how the utterance of today differs from the frozen one that the model saw."""
    current = mistake.utterance
    if current is None:
        st.caption(_("It is no longer in the corpus."))
        return
    if current.skipped:
        st.caption(_("It has been skipped since."))
    if mistake.new_code:
        title = forms.code_title(run.scheme, mistake.code or UNLABELLED)
        st.caption(_("Label today: {label}").format(label=forms.plain(title)))
    if mistake.new_text:
        st.caption(_("Text today:"))
        st.text(current.text)


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


def by_recording(run: RunInfo, metrics: dict[str, Any]) -> None:
    """Show the scores by call: the mean of its utterances' probabilities decides."""
    if call_metrics := metrics["by_recording"]:
        st.subheader(_("By call"), anchor=False)
        headline(run, call_metrics)


with ui.page("evaluate"):
    run_id = choose_run()
    if run_id is not None:
        run, metrics = evaluate.report(ui.workspace(), run_id)
        test = metrics["test"]
        run_panel.bar(run)
        headline(run, test)
        calibration(metrics)
        st.subheader(_("Per class"), anchor=False)
        per_class(run, test)
        st.subheader(_("Confusion"), anchor=False)
        cells(run, test)
        by_recording(run, metrics)
