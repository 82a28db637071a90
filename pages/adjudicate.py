"""판정 / Settle: what curators who answered blind do not agree on, every opinion side by side, one key ends it."""

import streamlit as st

from core import ui
from core.schemes import SCHEMES
from core.ui import _
from core.ui.panels import settle
from core.ui.widgets import forms


def chosen_scheme(waiting: dict[str, int]) -> str:
    """The scheme in the address, else the first that has disputes."""
    if waiting and "scheme" not in st.session_state and "scheme" not in st.query_params:
        st.session_state["scheme"] = next(iter(waiting))
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        name = forms.linked_choice(_("Scheme"), list(SCHEMES), "scheme", forms.scheme_title)
    told = [f"{forms.scheme_title(one)} {n:,}" for one, n in waiting.items()]
    right.caption(_("Waiting: {told}").format(told=forms.plain(" · ".join(told))) if told else "")
    return name


with ui.page("adjudicate"):
    settle.desk(chosen_scheme(settle.waiting()))
