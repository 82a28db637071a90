"""Links from the map to other pages: one utterance or the selected ones, in Review or in the corpus, and back."""

from collections.abc import Sequence

import streamlit as st

from core.messages import Message
from core.ui import links
from core.ui.i18n import _
from core.ui.panels.corpus import reviewing
from core.workflows.map.drawing import LABEL

PAGE = "map"


def one(utterance_id: int) -> None:
    """Show a link that opens one utterance in Review, with the way back to this point."""
    links.show(_("Open in Review"), links.review(item=utterance_id, back=links.here(PAGE)), icon=":material/hearing:")


def many(chosen: Sequence[int], way: str) -> None:
    """Show what opens all selected utterances as a stored list: in Review, and in the corpus."""
    in_review = st.button(_("Open in Review"), icon=":material/hearing:", key="map_review")
    if not (st.button(_("Open in the corpus"), icon=":material/library_music:", key="map_corpus") or in_review):
        return
    title = Message("Selected on the map: {n:,}", n=len(chosen))
    reviewing.open_ids(chosen, title, links.here(PAGE), scheme_of(way), in_corpus=not in_review)


def scheme_of(way: str) -> str:
    """Return the scheme whose labels colour the map; the first one for another colouring."""
    return way.removeprefix(LABEL) if way.startswith(LABEL) else reviewing.FIRST_SCHEME
