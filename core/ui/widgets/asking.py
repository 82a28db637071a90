"""Asks once before an action on many: the question with the number opens at the button, and its answer acts."""

import streamlit as st


def confirmed(label: str, question: str, yes: str, *, key: str, icon: str, disabled: bool = False) -> bool:
    """Show the button `label`, which opens the question; return whether it was just answered by `yes`.

    Widths are those of the column. A disabled button asks nothing.
    """
    if disabled:  # another element than the popover, so that an open question closes
        st.button(label, icon=icon, key=f"{key}_none", disabled=True, width="stretch")
        return False
    with st.popover(label, icon=icon, width="stretch"):
        st.text(question)
        return st.button(yes, type="primary", key=key)
