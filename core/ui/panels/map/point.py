"""The picked point: its text and labels, its sound, and its nearest neighbours, each of which can be picked next."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.records import Utterance
from core.ui.frame import workspace
from core.ui.i18n import _
from core.ui.panels.map import opening
from core.ui.widgets import forms
from core.workflows.corpus import browse
from core.workflows.corpus.similar import Neighbour

LIST_PX = 520  # the list scrolls, so that the selected points stay near below the map


def show(picked: int | None, near: Sequence[Neighbour], pick: Callable[[int], None]) -> None:
    """Show the picked point and its neighbours; `pick` is called with the id of a neighbour that is picked."""
    st.header(_("Picked point"), anchor=False)
    if picked is None:
        st.info(_("Press a point of the map, or go there with the arrow keys and press Enter."), icon=":material/info:")
        return
    utterance = browse.utterance(workspace(), picked)
    with st.container(border=True):
        _facts(utterance)
        opening.one(utterance.id)
    st.header(_("Nearest neighbours"), anchor=False)
    if not near:
        st.caption(_("Nothing is like it."))
        return
    with st.container(height=LIST_PX, border=False):
        _list(near, pick)


def _list(near: Sequence[Neighbour], pick: Callable[[int], None]) -> None:
    """Show the neighbours with the numbers that they have on the map."""
    for number, neighbour in enumerate(near, start=1):
        with st.container(border=True):
            _facts(neighbour.utterance, f"{number}", _("similarity {score}").format(score=f"{neighbour.score:.0%}"))
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    _("Show on the map"), key=f"pick-{neighbour.utterance.id}", icon=":material/my_location:",
                    on_click=pick, args=(neighbour.utterance.id,),
                )  # fmt: skip
                opening.one(neighbour.utterance.id)


def _facts(utterance: Utterance, *more: str) -> None:
    st.text(utterance.text)
    labels = [forms.code_title(name, code) for name, code in utterance.labels.items()]
    speaker = forms.speaker_title(utterance.speaker)
    st.caption(forms.plain(" · ".join(filter(None, [*more, *labels, speaker]))))
    if utterance.voice_usable:
        forms.listen(utterance.id)
