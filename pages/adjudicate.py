"""최종 판정 / Settle: disputes between curators, their answers side by side; one key gives the final decision."""

import streamlit as st

from core import ui
from core.schemes import SCHEMES
from core.ui import _
from core.ui.panels.review import settle
from core.ui.widgets import forms


def chosen_scheme(waiting: dict[str, int]) -> str:
    """Return the scheme in the address, else the first one with disputes."""
    if waiting and "scheme" not in st.session_state and "scheme" not in st.query_params:
        st.session_state["scheme"] = next(iter(waiting))
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        name = forms.linked_choice(_("Scheme"), list(SCHEMES), "scheme", forms.scheme_title)
    counts = [f"{forms.scheme_title(scheme_name)} {n:,}" for scheme_name, n in waiting.items()]
    right.caption(_("Waiting: {told}").format(told=forms.plain(" · ".join(counts))) if counts else "")
    return name


with ui.page("adjudicate"):
    settle.desk(chosen_scheme(settle.waiting()))
