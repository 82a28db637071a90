"""The curves of a run: precision-recall and ROC of each class, and how far its confidence can be believed."""

from typing import Any

import streamlit as st

from core.errors import CheckpointMismatch
from core.records import RunInfo
from core.schemes import scheme
from core.ui import translation
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.widgets import chart_table, charts, forms
from core.workflows.evaluation import curves

DRAWN = 4  # classes at first; as many lines can be told apart without their colour


def show(run: RunInfo) -> None:
    """Show all curves of a run on its test side; a warning if its predictions cannot be read."""
    try:
        shown = curves.of_run(workspace(), run.id, run.scheme)
    except CheckpointMismatch as error:
        why = forms.plain(translation.translate(str(error)))
        st.warning(_("The curves cannot be drawn: {why}").format(why=why), icon=":material/warning:")
        return
    st.header(_("Precision-recall and ROC"), anchor=False)
    _class_curves(run, shown.classes)
    st.header(_("Reliability"), anchor=False)
    _reliability(shown)


def _class_curves(run: RunInfo, classes: list[dict[str, Any]]) -> None:
    drawable = {row["code"]: row for row in classes if row["average_precision"] is not None}
    if not drawable:
        st.info(_("The test side holds one class only: there is no curve."))
        return
    critical = scheme(run.scheme).critical
    first = sorted(drawable, key=lambda code: (code != critical, -drawable[code]["n"]))[:DRAWN]
    codes = st.multiselect(_("Classes"), list(drawable), default=first, key=f"curves-{run.id}",
                           format_func=lambda code: forms.code_title(run.scheme, code))  # fmt: skip
    rows = {forms.code_title(run.scheme, code): drawable[code] for code in codes}
    left, right = st.columns(2)
    with left:
        lines = {name: (row["pr"]["recall"], row["pr"]["precision"]) for name, row in rows.items()}
        figure = charts.class_curves(lines, (_("Recall"), _("Precision")))
        chart_table.show(figure, _("Precision over recall"), f"pr-{run.id}")
        parts = [
            f"{forms.plain(name)} {row['average_precision']:.3f} ({row['share']:.3f})" for name, row in rows.items()
        ]
        st.caption(_("Average precision, in brackets that of a blind guess: {values}").format(values=" · ".join(parts)))
    with right:
        lines = {name: (row["roc"]["fpr"], row["roc"]["tpr"]) for name, row in rows.items()}
        figure = charts.class_curves(lines, (_("False alarms"), _("Recall")), diagonal=True)
        chart_table.show(figure, _("ROC: recall over false alarms"), f"roc-{run.id}")
        parts = [f"{forms.plain(name)} {row['auc']:.3f}" for name, row in rows.items()]
        st.caption(_("Area under the ROC curve, .5 for a blind guess: {values}").format(values=" · ".join(parts)))


def _reliability(shown: curves.Curves) -> None:
    names = {_("before calibration"): shown.before, _("after calibration"): shown.after}
    figure = charts.reliability(
        {name: row["bins"] for name, row in names.items()}, (_("Confidence"), _("Share that is right"))
    )
    chart_table.show(figure, _("Reliability"), "reliability", table=False)  # the table below has the values
    text = _(
        "On the test side (n = {n}): expected calibration error {before} before calibration, {after} after. "
        "Points below the dotted line are too sure."
    )
    before, after = (f"{row['ece']:.3f}" for row in names.values())
    st.caption(text.format(n=shown.after["n"], before=before, after=after))
    with st.expander(_("As a table"), icon=":material/table:"):
        st.dataframe(
            [
                {
                    _("Calibration"): name,
                    _("Confidence"): f"{row['low']:.2f} – {row['high']:.2f}",
                    "n": row["n"],
                    _("Mean confidence"): f"{row['confidence']:.3f}",
                    _("Share that is right"): f"{row['accuracy']:.3f}",
                }
                for name, curve in names.items()
                for row in curve["bins"]
            ],
            hide_index=True,
        )
