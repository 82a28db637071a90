"""The state of the work on the screen: how far each scheme is and when it ends, and who did what. Days are UTC."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st
from babel.dates import format_date

from core.schemes import SCHEMES
from core.ui.frame import workspace
from core.ui.i18n import _, language
from core.ui.widgets import charts, forms
from core.workflows.review import progress as work
from core.workflows.review.progress import Course, Progress, Work
from core.workflows.workspace import Workspace, now

MOST_BARS = 20  # curators in one picture


def measured() -> Progress:
    """The progress of now, kept while nothing was imported or decided."""
    ws = workspace()
    return _measured(ws, work.progress_mark(ws), now()[:10])


@st.cache_resource(max_entries=4, show_spinner=False)
def _measured(_ws: Workspace, mark: tuple[str, int, int, int], today: str) -> Progress:
    """What tells whether it is known; only the workspace is left out of that."""
    return work.progress(_ws, today)


def courses(found: Progress) -> None:
    """Every scheme that is worked on, in a line each."""
    st.dataframe(
        [
            {
                _("Scheme"): forms.scheme_title(one.scheme),
                _("Done"): one.labelled / one.targets if one.targets else None,
                _("Labelled"): one.labelled,
                _("Left"): one.left,
                _("A day"): round(one.per_day, 1),
                _("Hours left"): one.hours_left if one.left else 0.0,
                _("Done by"): (one.finish or "–") if one.left else _("done"),
            }
            for one in found.courses
        ],
        hide_index=True,
        placeholder="–",
        column_config={
            _("Done"): st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            _("Hours left"): st.column_config.NumberColumn(format="%.1f"),
            **{name: st.column_config.NumberColumn(format="localized") for name in (_("Labelled"), _("Left"))},
        },
    )


def course(one: Course) -> None:
    """How far one scheme is: in a sentence, and as a burn-down."""
    st.markdown(sentence(one))
    before = one.burn_down[0]
    days = [(day.day, day.left, day.projected) for day in one.burn_down]
    if before.done:  # what was left in the morning of the first day
        days.insert(0, (_day_before(before.day), before.left + before.done, False))
    figure = charts.burn_down(days, (_("left"), _("at this pace")), day_in_words(one.finish) if one.finish else "")
    st.plotly_chart(figure, key="burn-down", config={"displayModeBar": False})


def sentence(one: Course) -> str:
    """What a manager wants to know, in Markdown."""
    if not one.left:
        return ":material/check_circle: " + _("**All {n} are labelled.**").format(n=f"{one.targets:,}")
    left = _("**{left} of {targets} are left.**").format(left=f"{one.left:,}", targets=f"{one.targets:,}")
    hours = ""
    if one.hours_left is not None:
        hours = " " + _("That is about {hours} hours of work.").format(hours=f"{max(one.hours_left, 0.1):,.1f}")
    if one.finish is None:
        slow = _("Nobody decided anything in the last {days} days, or too little to see an end.")
        return f":material/hourglass_disabled: {left} {slow.format(days=work.PACE_DAYS)}{hours}"
    pace = _("At the pace of the last {days} days, {pace} a day, it is done on **{finish}**.").format(
        days=work.PACE_DAYS, pace=f"{one.per_day:,.1f}", finish=day_in_words(one.finish)
    )
    return f":material/event: {left} {pace}{hours}"


def day_in_words(day: str) -> str:
    """A day as people write it in the session's language."""
    return str(format_date(date.fromisoformat(day), "long", locale=language()))


def curators(found: Progress, chosen: Course) -> None:
    """Who did how much under the scheme, how fast, and how far the others agree."""
    mine = [one for one in found.work if one.scheme == chosen.scheme]
    if not mine:
        st.caption(_("Nobody has decided anything under this scheme: its labels came with the data."))
        return
    st.dataframe(
        [_row(one, chosen.left) for one in mine], hide_index=True, placeholder="–",
        column_config={
            _("Agrees with the others"): st.column_config.NumberColumn(format="percent"),
            _("Hours worked"): st.column_config.NumberColumn(format="%.2f"),
            _("Hours on screen"): st.column_config.NumberColumn(format="%.2f"),
            _("Hours left, alone"): st.column_config.NumberColumn(format="%.1f"),
        },
    )  # fmt: skip
    st.caption(_("Hours worked run from the first to the last answer of a sitting; a pause of five minutes ends it. "
                 "Hours on screen are what the utterances were looked at."))  # fmt: skip


def pictures(found: Progress, chosen: Course) -> None:
    """Class balance and agreement, by curator."""
    mine = [one for one in found.work if one.scheme == chosen.scheme][:MOST_BARS]
    left, right = st.columns(2)
    with left:
        st.subheader(_("Class balance"), anchor=False)
        rows: dict[str, Mapping[str, int]] = {_("All labels"): chosen.classes}
        rows |= {one.curator: one.classes for one in mine}
        figure = charts.balance(rows, SCHEMES[chosen.scheme], language())
        st.plotly_chart(figure, key="balance", config={"displayModeBar": False})
    with right:
        st.subheader(_("Agrees with the others"), anchor=False)
        if any(one.agreed.n for one in mine):
            figure = charts.whiskers([(one.curator, one.agreed) for one in mine], percent=True)
            st.plotly_chart(figure, key="agreed", config={"displayModeBar": False})
            st.caption(_("The share of answers that are those of most others, or what was settled; 95 % intervals."))
        else:
            st.caption(
                _("Nobody else answered the same: on the Review page, let two curators answer a share (Settings).")
            )
        st.page_link("pages/agreement.py", label=_("Agreement"), icon=":material/handshake:")


def download(found: Progress) -> None:
    """Hours and counts by curator, day and scheme, for a spreadsheet."""
    st.download_button(
        _("Hours and counts as CSV"), lambda: _csv(found), f"gwidama-hours-{now()[:10]}.csv", "text/csv",
        icon=":material/download:", on_click="ignore", key="hours",
    )  # fmt: skip


def _csv(found: Progress) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "hours.csv"
        work.write_csv(found.days, path)
        return path.read_bytes()


def _row(one: Work, left: int) -> dict[str, object]:
    return {
        _("Curator"): one.curator,
        _("Decisions"): one.decisions,
        _("Hours worked"): one.worked_ms / work.HOUR_MS,
        _("Hours on screen"): one.spent_ms / work.HOUR_MS,
        _("An hour"): None if one.per_hour is None else round(one.per_hour),
        _("Hours left, alone"): left / one.per_hour if one.per_hour else None,
        _("Agrees with the others"): one.agreed.value,
        _("of"): one.agreed.n,
        _("Last day"): one.last_day,
    }


def _day_before(day: str) -> str:
    return date.fromordinal(date.fromisoformat(day).toordinal() - 1).isoformat()
