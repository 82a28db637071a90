"""More like this: the neighbours of an utterance below it, each with its likeness and a way to it."""

import streamlit as st

from core.errors import InputError
from core.ui import phrases
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.widgets import forms
from core.workflows.corpus.similar import Neighbour, like

LIMIT = 10
LINKED_CHARS = 80  # of a text that is searched for to open it


def show(utterance_id: int, limit: int = LIMIT) -> None:
    """A switch; on, the `limit` utterances most like this one. The first time an index is built, with a bar."""
    if not st.toggle(_("More like this"), key="similar", help=_("By shared syllables, as the texts stand now.")):
        return
    bar = st.empty()

    def tell(done: int, total: int) -> None:
        bar.progress(done / total, _("Reading texts: {n} of {total}").format(n=f"{done:,}", total=f"{total:,}"))

    try:
        found = like(workspace(), utterance_id, limit, progress=tell)
    except InputError as error:
        found = []
        st.text(phrases.shown(error.message))
    bar.empty()
    if not found:
        st.caption(_("Nothing is like it."))
    for one in found:
        _row(one)


def _row(one: Neighbour) -> None:
    said = one.utterance
    with st.container(border=True):
        st.text(said.text)
        labels = [forms.code_title(name, code) for name, code in said.labels.items()]
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(forms.plain(" · ".join([f"{one.score:.2f}", *labels, said.key])))
            part = said.text.strip()[:LINKED_CHARS].strip()
            st.button(_("Open"), key=f"like-{said.id}", on_click=_search_for, args=(part,))


def _search_for(part: str) -> None:
    st.session_state["text"] = part  # the search field of the Corpus page
