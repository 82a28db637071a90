"""Similar utterances: the nearest neighbours of an utterance, each with its similarity and a button that opens it."""

import streamlit as st

from core.errors import InputError
from core.ui import translation
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.widgets import forms
from core.workflows.corpus.similar import Neighbour, like

LIMIT = 10
LINKED_CHARS = 80  # the first characters of a text, which the Corpus page searches for


def show(utterance_id: int, limit: int = LIMIT) -> None:
    """Show a switch; when on, the `limit` most similar utterances. The first time, an index is built (with a bar)."""
    if not st.toggle(_("More like this"), key="similar", help=_("By shared syllables, as the texts stand now.")):
        return
    bar = st.empty()

    def tell(done: int, total: int) -> None:
        bar.progress(done / total, _("Reading texts: {n} of {total}").format(n=f"{done:,}", total=f"{total:,}"))

    try:
        neighbours = like(workspace(), utterance_id, limit, progress=tell)
    except InputError as error:
        neighbours = []
        st.text(translation.translate(error.message))
    bar.empty()
    if not neighbours:
        st.caption(_("Nothing is like it."))
    for neighbour in neighbours:
        _show_neighbour(neighbour)


def _show_neighbour(neighbour: Neighbour) -> None:
    utterance = neighbour.utterance
    with st.container(border=True):
        st.text(utterance.text)
        labels = [forms.code_title(name, code) for name, code in utterance.labels.items()]
        with st.container(horizontal=True, vertical_alignment="center"):
            score = _("similarity {score}").format(score=f"{neighbour.score:.0%}")
            st.caption(forms.plain(" · ".join([score, *labels])))
            part = utterance.text.strip()[:LINKED_CHARS].strip()
            st.button(_("Open"), key=f"like-{utterance.id}", on_click=_search_for, args=(part,))


def _search_for(part: str) -> None:
    st.session_state["text"] = part  # the search field of the Corpus page
