"""Two runs side by side on the items that both were scored on: the difference of their scores, and what changed."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.records import RunInfo
from core.ui.error_messages import explain
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.panels.evaluation.cells import queue_button
from core.ui.widgets import charts, forms
from core.workflows.evaluation import compare
from core.workflows.evaluation.compare import Changed, Comparison
from core.workflows.models import runs


def show(run: RunInfo) -> None:
    """Let a person choose a second run of the same scheme, and show how it differs from `run`."""
    st.subheader(_("Compare two runs"), anchor=False)
    others = [other.id for other in runs.finished(workspace()) if run.scheme in other.schemes and other.id != run.id]
    if not others:
        st.info(_("There is no other finished run of this scheme to compare with."))
        return
    second = forms.linked_choice(
        _("Compare with"), ["", *others], "with", lambda name: name or _("Choose a second run")
    )
    if not second:
        return
    try:
        result = compare.compare(workspace(), run.id, second, target=run.scheme)
    except CoreError as error:
        st.warning(forms.plain(explain(error)), icon=":material/block:")
        return
    _side_by_side(result)
    _test(result.scores["mcnemar"])
    _changed(run, result)


def _side_by_side(result: Comparison) -> None:
    titles = {"accuracy": _("Accuracy"), "macro_f1": _("Macro-F1")}
    for name, column in zip(("first", "second"), st.columns(2), strict=True):
        with column.container(border=True):
            st.caption(forms.plain(getattr(result, name)))
            for (key, title), place in zip(titles.items(), st.columns(2), strict=True):
                place.metric(title, f"{result.scores[key][name]:.3f}")
    rows = {title: result.scores[key]["difference"] for key, title in titles.items()}
    st.plotly_chart(charts.differences(rows, _("Second run minus first run")), key="differences", config=charts.tools())
    values = " · ".join(f"{title} {_signed(row)}" for title, row in rows.items())
    st.caption(
        _("Second minus first, with 95% intervals by drawing groups: {values}. Shared items: {n} in {groups} groups.")
        .format(values=values, n=result.scores["n"], groups=result.scores["n_groups"])
    )  # fmt: skip
    if result.only_first or result.only_second or result.different:
        st.caption(
            _("Not compared: {first} items only of the first run, {second} only of the second, {different} whose text "
              "or class differs between the snapshots.")
            .format(first=result.only_first, second=result.only_second, different=result.different)
        )  # fmt: skip


def _signed(row: Mapping[str, float | None]) -> str:
    value, low, high = row["value"], row["low"], row["high"]
    interval = _("no interval") if low is None or high is None else f"{low:+.3f} – {high:+.3f}"
    return f"{value:+.3f} ({interval})"


def _test(test: Mapping[str, Any]) -> None:
    text = _("McNemar's test: right to wrong {lost}, wrong to right {won}, p = {p}.")
    st.markdown(text.format(lost=test["right_to_wrong"], won=test["wrong_to_right"], p=f"{test['p_value']:.4f}"))
    st.caption(
        _("A small p says that so large a difference would be rare if both runs were equally good.")
        if test["right_to_wrong"] + test["wrong_to_right"]
        else _("Both runs are right on the same items.")
    )


def _changed(run: RunInfo, result: Comparison) -> None:
    tabs = st.tabs(
        [
            _("Wrong to right: {n}").format(n=len(result.wrong_to_right)),
            _("Right to wrong: {n}").format(n=len(result.right_to_wrong)),
        ]
    )
    for tab, key in zip(tabs, ("wrong_to_right", "right_to_wrong"), strict=True):
        changed: Sequence[Changed] = getattr(result, key)
        with tab:
            if not changed:
                st.caption(_("No utterance."))
                continue
            st.dataframe([_row(run.scheme, row) for row in changed], hide_index=True)
            queue_button([row.id for row in changed], key, _("Queue these for review"))


def _row(scheme: str, row: Changed) -> dict[str, str]:
    return {
        _("Text"): row.text or row.key,
        _("True"): forms.code_title(scheme, row.gold),
        _("First run"): forms.code_title(scheme, row.first),
        _("Second run"): forms.code_title(scheme, row.second),
    }
