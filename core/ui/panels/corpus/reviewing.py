"""Opens what the Corpus page shows in Review: the rows that are picked, or all matches. The number is said first."""

from collections.abc import Sequence

import streamlit as st

from core.filters import NOT_IN_QUERY, Filter, to_document
from core.schemes import SCHEMES
from core.ui import links
from core.ui.frame import workspace
from core.ui.i18n import _
from core.workflows.review import queues

FIRST_SCHEME = "danger"


def panel(wanted: Filter, total: int, picked: Sequence[int]) -> None:
    """Show a button for the rows that are picked or, without any, a link for all matches of the filter."""
    if picked:
        label = _("Open in Review: {n} picked").format(n=f"{len(picked):,}")
        if st.button(label, icon=":material/hearing:", key="review_picked"):
            open_ids(picked, _("Rows picked in the corpus"), links.here("corpus"), scheme_of(wanted))
    elif not any(name in NOT_IN_QUERY for name in to_document(wanted)):
        label = _("Open in Review: {n}").format(n=f"{total:,}")
        links.show(label, links.review(wanted=wanted, back=links.here("corpus")), ":material/hearing:")


def open_ids(ids: Sequence[int], title: str, back: str, scheme: str = FIRST_SCHEME) -> None:
    """Store the utterances as a list and open it in Review."""
    name = queues.open_list(workspace(), scheme, ids, title)
    links.go(links.review(named=name, schemes=[scheme], back=back))


def scheme_of(wanted: Filter) -> str:
    """Return the first scheme that the filter names, else the first scheme of all."""
    return next((name for name in wanted.labels if name in SCHEMES), FIRST_SCHEME)
