"""Two runs side by side on the items that both were scored on: scores, matrices, and what one mended or broke."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core.errors import CoreError
from core.messages import Message
from core.records import RunInfo
from core.schemes import scheme
from core.ui.error_messages import explain
from core.ui.frame import workspace
from core.ui.i18n import _, language
from core.ui.panels import runs as run_panel
from core.ui.panels.evaluation.cells import open_button, queue_button
from core.ui.widgets import chart_table, charts, forms
from core.workflows.evaluation import compare
from core.workflows.evaluation.compare import Changed, Comparison
from core.workflows.models import runs


def show(run: RunInfo) -> None:
    """Let a person choose a second run of the same scheme, and show how it differs from `run`."""
    st.header(_("Compare two runs"), anchor=False)
    others = [other.id for other in runs.finished(workspace()) if run.scheme in other.schemes and other.id != run.id]
    if not others:
        st.info(_("There is no other finished run of this scheme to compare with."))
        return
    titles = run_panel.titles(runs.finished(workspace()))
    asked = st.query_params.get("with", "")
    if asked and asked not in others and "with" not in st.session_state:
        st.warning(_("The second run in the address is no finished run of this scheme. Choose another one."),
                   icon=":material/help:")  # fmt: skip
    second = forms.linked_choice(
        _("Compare with"), ["", *others], "with", lambda name: titles[name] if name else _("Choose a second run")
    )
    if not second:
        return
    try:
        result = compare.compare(workspace(), run.id, second, target=run.scheme)
    except CoreError as error:
        st.warning(forms.plain(explain(error)), icon=":material/block:")
        return
    _side_by_side(result, titles)
    _test(result.scores["mcnemar"])
    _matrices(result, titles)
    _changed(run, result)


def _matrices(result: Comparison, titles: Mapping[str, str]) -> None:
    """Draw the confusion matrices of both runs beside each other, both on the shared items."""
    whole = scheme(result.scheme)
    chosen = replace(whole, labels=tuple(whole.label(code) for code in result.codes))
    names = (_("First run"), _("Second run"))
    for place, name, run_id, matrix in zip(
        st.columns(2), names, (result.first, result.second), result.matrices, strict=True
    ):
        with place:
            st.caption(f"{name}: {forms.plain(titles[run_id])}")
            figure = charts.confusion(matrix, chosen, language(), (_("True"), _("Predicted")))
            title = _("Confusion matrix of {run}").format(run=titles[run_id])
            chart_table.show(figure, title, f"matrix-{run_id}", tools=False)


def _side_by_side(result: Comparison, names: Mapping[str, str]) -> None:
    titles = {"accuracy": _("Accuracy"), "macro_f1": _("Macro-F1")}
    for name, column in zip(("first", "second"), st.columns(2), strict=True):
        with column.container(border=True):
            st.caption(forms.plain(names[getattr(result, name)]))
            for (key, title), place in zip(titles.items(), st.columns(2), strict=True):
                place.metric(title, f"{result.scores[key][name]:.3f}")
    rows = {title: result.scores[key]["difference"] for key, title in titles.items()}
    title = _("Second run minus first run")
    chart_table.show(charts.differences(rows, title), title, "differences", table=False)  # the caption has the values
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
            _("The second run mended: {n}").format(n=f"{len(result.wrong_to_right):,}"),
            _("The second run broke: {n}").format(n=f"{len(result.right_to_wrong):,}"),
        ]
    )
    for tab, key in zip(tabs, ("wrong_to_right", "right_to_wrong"), strict=True):
        changed: Sequence[Changed] = getattr(result, key)
        with tab:
            if not changed:
                st.caption(_("No utterance."))
                continue
            chosen = _choose_change(run.scheme, changed, key)
            st.dataframe([_row(run.scheme, row) for row in chosen], hide_index=True)
            ids = [row.id for row in chosen]
            mended = key == "wrong_to_right"
            title = Message("Mended by the second run") if mended else Message("Broken by the second run")
            with st.container(horizontal=True):
                open_button(run.scheme, ids, key, title, _("Open these in Review"))
                queue_button(ids, key, _("Queue these for review"))


def _choose_change(scheme_name: str, changed: Sequence[Changed], key: str) -> list[Changed]:
    """Let a person choose one kind of change, the most frequent first; return its utterances, all by default."""
    counts = Counter((row.gold, row.first, row.second) for row in changed)
    kinds = {"/".join(codes): codes for codes, _n in counts.most_common()}

    def title(kind: str) -> str:
        if not kind:
            return _("All changes: {n}").format(n=f"{len(changed):,}")
        gold, first, second = (forms.code_title(scheme_name, code) for code in kinds[kind])
        text = _("{gold}: {first} before, {second} now · {n}")
        return text.format(gold=gold, first=first, second=second, n=f"{counts[kinds[kind]]:,}")

    kind = forms.linked_choice(_("Kind of change"), ["", *kinds], key, title)
    return [row for row in changed if not kind or (row.gold, row.first, row.second) == kinds[kind]]


def _row(scheme: str, row: Changed) -> dict[str, str]:
    return {
        _("Text"): row.text or row.key,
        _("True"): forms.code_title(scheme, row.gold),
        _("First run"): forms.code_title(scheme, row.first),
        _("Second run"): forms.code_title(scheme, row.second),
    }
