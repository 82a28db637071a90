"""What thresholds keep, as numbers, pictures and a table: how many of each class, how right, how balanced."""

import plotly.graph_objects as go
import streamlit as st

from core.schemes import scheme
from core.thresholds import GRID, LEAST_ANSWERS
from core.ui.i18n import _, language
from core.ui.widgets import chart_table, charts, forms, threshold_charts
from core.ui.widgets.threshold_charts import Mark, Names
from core.workflows.pseudo_labels.view import Point, Share, View

DRAWN = 8  # classes with a line of their own; those with the most predictions


def headline(seen: View) -> None:
    """Show how many predictions stay, the estimated precision with its interval, and what the model itself claims."""
    st.markdown(
        _("**{kept}** of {total} predictions stay ({share})").format(
            kept=f"{seen.now.kept:,}", total=f"{seen.total:,}", share=f"{seen.now.coverage:.1%}"
        )
    )
    say_changed(seen.changed)
    tiles = (
        (_("Estimated precision"), percent(seen.now.precision.value), interval(seen.now.precision)),
        (_("Estimated noise"), percent(_rest(seen.now.precision.value)), _("share of wrong labels")),
        (_("Mean confidence"), percent(seen.now.confidence),
         _("{value} before calibration").format(value=percent(seen.now.raw))),
        (_("Kept with 75% and 20%"), f"{seen.seed.kept:,}", _at_seed(seen.seed)),
    )  # fmt: skip
    for pair in (tiles[:2], tiles[2:]):
        for column, (title, value, more) in zip(st.columns(2), pair, strict=True):
            column.metric(title, value)
            column.caption(more)
    st.caption(_source(seen))


def say_changed(n: int) -> None:
    """Say how many predictions are left out because their text was corrected since; nothing if there is none."""
    if n:
        st.caption(
            _("{n} predictions more were made for a text that was corrected since. They are left out until the run "
              "judges again (“Predict”).").format(n=f"{n:,}")
        )  # fmt: skip


def pictures(target: str, seen: View) -> None:
    """Show the curves, the balance of the classes, and the table of the classes."""
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{_('Precision and share kept')}**")
        chart_table.show(precision(seen), _("Precision and share kept"), "pseudo-precision")
        st.caption(_("Along the line the least confidence falls from left to right, with the least margin as set. A "
                     "star above the line keeps better labels than one limit for all classes would."))  # fmt: skip
    with right:
        st.markdown(f"**{_('Kept by least confidence')}**")
        chart_table.show(kept(target, seen), _("Kept by least confidence"), "pseudo-kept")
        st.caption(_("A star is the limit of a class and what it keeps now."))
        if len(seen.classes) > DRAWN:
            st.caption(_("The {n} classes with the most predictions; the table has all.").format(n=DRAWN))
    _balance(target, seen)
    _table(target, seen)


def percent(value: float | None) -> str:
    """Format a share; a dash where there is none.

    >>> percent(.954), percent(None)
    ('95.4%', '–')
    """
    return "–" if value is None else f"{value:.1%}"


def interval(share: Share) -> str:
    """Format the 95 % interval of a share with the number of items behind it."""
    if share.value is None or share.low is None or share.high is None:
        return _("no estimate")
    return _("95% interval {low}–{high}, n = {n}").format(
        low=percent(share.low), high=percent(share.high), n=f"{share.n:,}"
    )


def _rest(value: float | None) -> float | None:
    return None if value is None else 1 - value


def _at_seed(seed: Point) -> str:
    if seed.precision.value is None:
        return _("{share} kept").format(share=f"{seed.coverage:.1%}")
    return _("{share} kept, precision {precision}").format(
        share=f"{seed.coverage:.1%}", precision=percent(seed.precision.value)
    )


def _source(seen: View) -> str:
    """Say where the estimates come from, and how far they can be believed."""
    if seen.source is None:
        return _("No estimate: the run has no test data and there is no audit yet. Draw a sample under “Audit”.")
    if seen.source == "test":
        return _("Estimated from the run's test data. New data is often harder: an audit of a sample of these very "
                 "predictions is the better evidence.")  # fmt: skip
    if seen.now.precision.value is None and seen.now.precision.n < LEAST_ANSWERS:
        return _("The audit has {n} answers among what stays now, too few for an estimate (at least {least}).").format(
            n=f"{seen.now.precision.n:,}", least=LEAST_ANSWERS
        )
    if seen.now.precision.value is None:
        return _("The audit stands for {share} of what stays now, too little for an estimate. Draw a new sample under "
                 "“Audit”.").format(share=f"{seen.represented:.0%}")  # fmt: skip
    return _("Estimated from the curators' answers in the audit.")


def precision(seen: View) -> go.Figure:
    """Draw precision over the share kept, with the marks of now and of the seed."""
    shown = seen.curves
    marks = [_mark(seen.seed, _("75% and 20%"), of_seed=True), _mark(seen.now, _("now"))]
    names = Names(
        _("Estimated precision"), _("95% interval"), _("Confidence (calibrated)"), _("Confidence (uncalibrated)"),
        _("Share of all predictions that is kept"), _("Precision"),
    )  # fmt: skip
    return threshold_charts.precision_over_coverage(
        shown.coverage, shown.precision, (shown.low, shown.high), shown.expected, shown.raw, marks, names,
    )  # fmt: skip


def _mark(point: Point, title: str, *, of_seed: bool = False) -> Mark:
    """A mark at the estimated precision; without an estimate at the mean confidence."""
    share = point.precision
    height = point.confidence if share.value is None else share.value
    return Mark(point.coverage, title, height, share.low, share.high, of_seed)


def kept(target: str, seen: View) -> go.Figure:
    """Draw what each least confidence keeps of the classes with the most predictions."""
    most = sorted(range(len(seen.classes)), key=lambda k: -seen.classes[k].total)[:DRAWN]
    lines = {seen.classes[k].code: seen.curves.kept[:, k] for k in sorted(most)}
    stars = {row.code: (row.limit, row.kept) for row in seen.classes if row.limit is not None}
    limits = [limit for limit, n in stars.values()]
    marks = [Mark(0.75, _("75% (seed)"), of_seed=True)]
    if len({round(limit, 3) for limit in limits}) == 1:
        now = Mark(limits[0], _("now"))
        marks = [Mark(0.75, _("now, and 75%"))] if round(limits[0], 3) == 0.75 else [now, *marks]
    return threshold_charts.kept_by_limit(
        GRID, lines, scheme(target), language(), marks,
        (_("Least confidence"), _("Predictions kept")), stars,
    )  # fmt: skip


def _balance(target: str, seen: View) -> None:
    st.markdown(f"**{_('Balance of the classes')}**")
    columns = {_("Gold labels"): "gold", _("All predictions"): "total", _("Kept with 75% and 20%"): "kept_by_seed",
               _("Kept now"): "kept"}  # fmt: skip
    rows = {title: {row.code: getattr(row, name) for row in seen.classes} for title, name in columns.items()}
    rows = {title: counts for title, counts in rows.items() if sum(counts.values())}
    figure = charts.balance(rows, scheme(target), language())
    chart_table.show(figure, _("Class balance"), "pseudo-balance", table=False)  # the table of the classes has it


def _table(target: str, seen: View) -> None:
    with st.expander(_("Classes as a table"), icon=":material/table:", expanded=len(seen.classes) <= DRAWN):
        st.dataframe(
            [
                {
                    _("Class"): forms.code_title(target, row.code),
                    _("Limit"): percent(row.limit),
                    _("Kept"): row.kept,
                    _("All predictions"): row.total,
                    _("with 75% and 20%"): row.kept_by_seed,
                    _("Estimated precision"): percent(row.precision.value),
                    _("95% interval"): _ends(row.precision),
                    _("items"): row.precision.n,
                    _("Confidence (calibrated)"): percent(row.confidence),
                    _("Confidence (uncalibrated)"): percent(row.raw),
                    _("Gold labels"): row.gold,
                }
                for row in seen.classes
            ],
            hide_index=True,
        )


def _ends(share: Share) -> str:
    return "–" if share.low is None or share.high is None else f"{percent(share.low)} – {percent(share.high)}"
