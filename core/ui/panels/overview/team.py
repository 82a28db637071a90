"""The team at work: what each curator decided, and what waits for each; a lead's view."""

from datetime import date

import streamlit as st

from core.ui import links
from core.ui.frame import workspace
from core.ui.i18n import _
from core.workflows.overview.team import Workload, team


def show() -> None:
    """Show a table with one row for each curator of the last week."""
    st.header(_("The team"), anchor=False)
    rows = team(workspace())
    if not rows:
        st.caption(_("Nobody has decided anything in the last seven days."))
        return
    st.dataframe([_row(row) for row in rows], hide_index=True)
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
