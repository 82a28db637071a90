"""Links from the map to other pages: one utterance or the selected ones, in Review or in the corpus, and back."""

from collections.abc import Sequence

import streamlit as st

from core.filters import Filter
from core.ui import links
from core.ui.frame import workspace
from core.ui.i18n import _
from core.workflows.map.drawing import LABEL
from core.workflows.review import queues

PAGE = "map"
DEFAULT_SCHEME = "danger"


def one(utterance_id: int) -> None:
    """Show a link that opens one utterance in Review, with the way back to this point."""
    links.show(_("Open in Review"), links.review(item=utterance_id, back=links.here(PAGE)), icon=":material/hearing:")


def many(chosen: Sequence[int], way: str) -> None:
    """Show what opens all selected utterances as a stored list: in Review, and in the corpus."""
    in_review = st.button(_("Open in Review"), icon=":material/hearing:", key="map_review")
    if not (st.button(_("Open in the corpus"), icon=":material/library_music:", key="map_corpus") or in_review):
        return
    scheme = way.removeprefix(LABEL) if way.startswith(LABEL) else DEFAULT_SCHEME
    title = _("Selected on the map: {n}").format(n=f"{len(chosen):,}")
    name, back = queues.open_list(workspace(), scheme, chosen, title), links.here(PAGE)
    if in_review:
        links.go(links.review(named=name, schemes=[scheme], back=back))
    links.go(links.corpus(Filter(listed=name), back=back))
