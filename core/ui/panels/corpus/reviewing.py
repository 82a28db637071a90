"""Opens utterances in Review: the rows that are picked in the corpus, all matches, or what another page chose.

The number is said first: it is the number that opens.
"""

from collections.abc import Sequence

import streamlit as st

from core.filters import Filter
from core.messages import Message
from core.schemes import SCHEMES
from core.ui import links
from core.ui.frame import workspace
from core.ui.i18n import _
from core.workflows.review import queues
from core.workflows.review.queues import FIRST_SCHEME


def panel(wanted: Filter, total: int, picked: Sequence[int]) -> None:
    """Show a button for the rows that are picked or, without any, a link for all matches of the filter."""
    if picked:
        label = _("Open in Review: {n} picked").format(n=f"{len(picked):,}")
        if st.button(label, icon=":material/hearing:", key="review_picked"):
            title = Message("Rows picked in the corpus")
            open_ids(picked, title, links.here("corpus"), scheme_of(wanted))
        return
    n = queues.opening(workspace(), wanted)
    form = _("Open in Review: {n}") if n == total else _("Open in Review: {n} of {total}")
    left_out = None if n == total else _(
        "Left out: what was skipped and, without a filter, what was decided in the last 24 hours."
    )  # fmt: skip
    links.show(
        form.format(n=f"{n:,}", total=f"{total:,}"), links.review(wanted=wanted, back=links.here("corpus")),
        ":material/hearing:", help=left_out, disabled=not n,
    )  # fmt: skip


def open_ids(ids: Sequence[int], title: str, back: str, scheme: str = FIRST_SCHEME, *, in_corpus: bool = False) -> None:
    """Store the utterances as a list called `title` (a Message) and open it in Review, or in the corpus."""
    name = queues.open_list(workspace(), scheme, ids, title)
    address = links.corpus(Filter(listed=name), back=back) if in_corpus else ""
    links.go(address or links.review(named=name, schemes=[scheme], back=back))


def scheme_of(wanted: Filter) -> str:
    """Return the first scheme that the filter names, else the first scheme of all."""
    return next((name for name in wanted.labels if name in SCHEMES), FIRST_SCHEME)


__all__ = ["FIRST_SCHEME", "open_ids", "panel", "scheme_of"]
