"""The team at work: what each curator decided, and what waits for each; a lead's view."""

from datetime import date

import streamlit as st

from core.ui import links
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.widgets import forms
from core.workflows.overview.summary import Overview
from core.workflows.overview.team import Workload, team


def show(summary: Overview) -> None:
    """Show a table with one row for each curator of the last week."""
    st.header(_("The team"), anchor=False)
    rows = team(workspace(), zone=forms.reader_zone(), disputes=summary.disputes)
    if not rows:
        st.caption(_("Nobody has decided anything in the last seven days."))
        return
    numbers = [title for title, value in _row(rows[0]).items() if isinstance(value, int)]
    config = {title: st.column_config.NumberColumn(format="localized") for title in numbers}
    st.dataframe([_row(row) for row in rows], column_config=config, hide_index=True, placeholder="–")
    links.show(_("Progress in full"), links.page("progress"), icon=":material/trending_down:")


def _row(row: Workload) -> dict[str, object]:
    return {
        _("Curator"): row.curator,
        _("Today"): row.today,
        _("Last 7 days"): row.week,
        _("Last decision"): date.fromisoformat(row.last_day) if row.last_day else None,
        _("On the screen now"): row.on_screen,
        _("Second answers to give"): row.blind,
        _("In dispute"): row.disputes,
    }
