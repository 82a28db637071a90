"""Progress on the screen: how much of each scheme is labelled, when it will be finished, who did what.

Days are those of the reader's time zone.
"""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st
from babel.dates import format_date

from core.schemes import SCHEMES
from core.ui.frame import workspace
from core.ui.i18n import _, language
from core.ui.widgets import chart_table, charts, forms
from core.workflows.review import progress
from core.workflows.review.progress import CuratorWork, Forecast, Progress
from core.workflows.workspace import Workspace

MOST_BARS = 20  # curators in one picture


def current_progress() -> Progress:
    """Return today's progress; it is cached until something is imported or decided."""
    ws, zone = workspace(), forms.reader_zone()
    return _cached_progress(ws, progress.progress_mark(ws), _today(zone), str(zone), zone)


@st.cache_resource(max_entries=4, show_spinner=False)
def _cached_progress(
    _ws: Workspace, mark: tuple[str, int, int, int], today: str, zone_name: str, _zone: tzinfo
) -> Progress:
    """Cache by `mark`, `today` and `zone_name`. Streamlit leaves out of the key what begins with an underscore."""
    return progress.progress(_ws, today, _zone)


def _today(zone: tzinfo) -> str:
    return datetime.now(zone).date().isoformat()


def scheme_table(report: Progress) -> None:
    """Show a table with one row for each scheme that people work on."""
    st.dataframe(
        [
            {
                _("Scheme"): forms.scheme_title(scheme.scheme),
                _("Done"): scheme.labelled / scheme.targets if scheme.targets else None,
                _("Labelled"): scheme.labelled,
                _("Left"): scheme.left,
                _("A day"): round(scheme.per_day, 1),
                _("Hours left"): scheme.hours_left if scheme.left else 0.0,
                _("Done by"): (scheme.finish or "–") if scheme.left else _("done"),
            }
            for scheme in report.forecasts
        ],
        hide_index=True,
        placeholder="–",
        column_config={
            _("Done"): st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            _("Hours left"): st.column_config.NumberColumn(format="%.1f"),
            **{name: st.column_config.NumberColumn(format="localized") for name in (_("Labelled"), _("Left"))},
        },
    )


def burn_down(scheme: Forecast) -> None:
    """Show the progress of one scheme: a sentence and a burn-down chart."""
    st.markdown(sentence(scheme))
    before = scheme.burn_down[0]
    days = [(day.day, day.left, day.projected) for day in scheme.burn_down]
    if before.done:  # the number left before the first day
        days.insert(0, (_day_before(before.day), before.left + before.done, False))
    figure = charts.burn_down(
        days, (_("left"), _("at this pace")), day_in_words(scheme.finish) if scheme.finish else ""
    )
    chart_table.show(figure, _("What is left by day"), "burn-down", tools=False)


def sentence(scheme: Forecast) -> str:
    """Return one sentence in Markdown: what is left, how many hours that is, and when it will be finished."""
    if not scheme.left:
        return ":material/check_circle: " + _("**All {n} are labelled.**").format(n=f"{scheme.targets:,}")
    left = _("**{left} of {targets} are left.**").format(left=f"{scheme.left:,}", targets=f"{scheme.targets:,}")
    hours = ""
    if scheme.hours_left is not None:
        hours = " " + _("That is about {hours} hours of work.").format(hours=f"{max(scheme.hours_left, 0.1):,.1f}")
    if scheme.finish is None:
        slow = _("Nobody decided anything in the last {days} days, or too little to see an end.")
        return f":material/hourglass_disabled: {left} {slow.format(days=progress.PACE_DAYS)}{hours}"
    pace = _("At the pace of the last {days} days, {pace} a day, it is done on **{finish}**.").format(
        days=progress.PACE_DAYS, pace=f"{scheme.per_day:,.1f}", finish=day_in_words(scheme.finish)
    )
    return f":material/event: {left} {pace}{hours}"


def day_in_words(day: str) -> str:
    """Format an ISO day in the session's language."""
    return str(format_date(date.fromisoformat(day), "long", locale=language()))


def curators(report: Progress, chosen: Forecast) -> None:
    """Show for each curator of a scheme: number of decisions, speed, and agreement with the others."""
    rows = [row for row in report.work if row.scheme == chosen.scheme]
    if not rows:
        st.caption(_("Nobody has decided anything under this scheme: its labels came with the data."))
        return
    st.dataframe(
        [_curator_row(row, chosen.left) for row in rows], hide_index=True, placeholder="–",
        column_config={
            _("Agrees with the others"): st.column_config.NumberColumn(format="percent"),
            _("Hours worked"): st.column_config.NumberColumn(format="%.2f"),
            _("Hours on screen"): st.column_config.NumberColumn(format="%.2f"),
            _("Hours left, alone"): st.column_config.NumberColumn(format="%.1f"),
        },
    )  # fmt: skip
    st.caption(_("Hours worked run from the first to the last answer of a sitting; a pause of five minutes ends it. "
                 "Hours on screen are what the utterances were looked at."))  # fmt: skip


def pictures(report: Progress, chosen: Forecast) -> None:
    """Show charts of class balance and agreement, by curator."""
    work_rows = [row for row in report.work if row.scheme == chosen.scheme][:MOST_BARS]
    left, right = st.columns(2)
    with left:
        st.header(_("Class balance"), anchor=False)
        balances: dict[str, Mapping[str, int]] = {_("All labels"): chosen.classes}
        balances |= {row.curator: row.classes for row in work_rows}
        figure = charts.balance(balances, SCHEMES[chosen.scheme], language())
        chart_table.show(figure, _("Class balance"), "balance", tools=False)
    with right:
        st.header(_("Agrees with the others"), anchor=False)
        if any(row.agreed.n for row in work_rows):
            figure = charts.whiskers([(row.curator, row.agreed) for row in work_rows], percent=True)
            chart_table.show(figure, _("Agrees with the others"), "agreed", tools=False)
            st.caption(_("The share of answers that are those of most others, or what was settled; 95% intervals."))
        else:
            st.caption(
                _("Nobody else answered the same: on the Review page, let two curators answer a share (Settings).")
            )
        st.page_link("pages/agreement.py", label=_("Agreement"), icon=":material/handshake:")


def download(report: Progress) -> None:
    """Show a button that downloads hours and counts by curator, day and scheme as CSV."""
    name = f"gwidama-hours-{_today(forms.reader_zone())}.csv"
    st.download_button(
        _("Hours and counts as CSV"), lambda: _csv(report), name, "text/csv",
        icon=":material/download:", on_click="ignore", key="hours",
    )  # fmt: skip


def _csv(report: Progress) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "hours.csv"
        progress.write_csv(report.days, path)
        return path.read_bytes()


def _curator_row(row: CuratorWork, left: int) -> dict[str, object]:
    return {
        _("Curator"): row.curator,
        _("Decisions"): row.decisions,
        _("Hours worked"): row.worked_ms / progress.HOUR_MS,
        _("Hours on screen"): row.spent_ms / progress.HOUR_MS,
        _("An hour"): None if row.per_hour is None else round(row.per_hour),
        _("Hours left, alone"): left / row.per_hour if row.per_hour else None,
        _("Agrees with the others"): row.agreed.value,
        _("of"): row.agreed.n,
        _("Last day"): row.last_day,
    }


def _day_before(day: str) -> str:
    return date.fromordinal(date.fromisoformat(day).toordinal() - 1).isoformat()
