"""Asks once before an action on many: the question with the number opens at the button, and its answer acts."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256

import streamlit as st

from core.ui.i18n import _


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


def accept_all(n: int, key: str) -> bool:
    """Ask whether all `n` waiting suggestions are accepted; return whether it was just answered by yes."""
    return confirmed(
        _("Accept all {n} waiting").format(n=f"{n:,}"),
        _("Accept {n} suggestions? One Z takes all of them back.").format(n=f"{n:,}"),
        _("Yes, accept {n}").format(n=f"{n:,}"), icon=":material/done_all:", key=key, disabled=not n,
    )  # fmt: skip


def reject_all(n: int, key: str) -> bool:
    """Ask whether all `n` waiting suggestions are rejected; return whether it was just answered by yes."""
    return confirmed(
        _("Reject all {n} waiting").format(n=f"{n:,}"),
        _("Reject {n} suggestions? One Z takes all of them back.").format(n=f"{n:,}"),
        _("Yes, reject {n}").format(n=f"{n:,}"), icon=":material/block:", key=key, disabled=not n,
    )  # fmt: skip


def twice(
    label: str, question: str, yes: str, *, key: str, what: object, on_yes: Callable[[], None] | None,
    needed: bool = True,
) -> None:  # fmt: skip
    """Show the button `label`, which gives way to the question; its answer `yes` calls `on_yes`.

    `what` is all that the question is about: the action, what it changes, its values. An answer counts for nothing
    else: of another `what` the question is asked anew, also if its number is the same. Where it is not `needed`, the
    button acts at once. Without `on_yes` the button is disabled.
    """
    asked, mark = f"{key}_asked", sha256(repr(what).encode("utf-8", "surrogatepass")).hexdigest()
    if on_yes is None or st.session_state.get(asked) != mark:
        st.session_state.pop(asked, None)
        act = partial(_ask, asked, mark) if needed else on_yes
        st.button(label, type="primary", icon=":material/done_all:", key=f"{key}_go_on", disabled=on_yes is None,
                  on_click=act)  # fmt: skip
        return
    st.text(question)
    with st.container(horizontal=True):
        answer = partial(_answer, asked, on_yes)
        st.button(yes, type="primary", icon=":material/done_all:", key=f"{key}_yes", on_click=answer)
        st.button(_("No"), key=f"{key}_no", on_click=_ask, args=(asked, ""))


def _ask(asked: str, mark: str) -> None:
    st.session_state[asked] = mark


def _answer(asked: str, on_yes: Callable[[], None]) -> None:
    st.session_state[asked] = ""  # the next action asks again
    on_yes()
