"""The guidelines of the schemes that are answered, beside the card; the address keeps whether they are open."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from core.schemes import Scheme
from core.ui.i18n import _
from core.ui.widgets import forms, guideline_text

WIDTHS = (3, 1)  # of the card and of the guidelines beside it
SHOWN = "guide"  # the switch in the session and in the address
PX = 620  # longer guidelines scroll


def switch() -> None:
    """Show the switch that opens and closes the guidelines."""
    forms.linked_toggle(_("Guidelines"), SHOWN)


@contextmanager
def beside(schemes: Sequence[Scheme]) -> Iterator[None]:
    """Draw what is drawn inside beside the guidelines of `schemes`, or over the whole width while they are closed."""
    if not st.session_state.get(SHOWN):
        yield
        return
    card, side = st.columns(WIDTHS)
    with card:
        yield
    with side.container(height=PX, key="guidelines"):
        _all(schemes)


def _all(schemes: Sequence[Scheme]) -> None:
    for scheme in schemes:
        st.markdown(f"**{_('Guidelines')} · {forms.plain(forms.scheme_title(scheme.name))}**")
        if guideline_text.is_written(scheme):
            guideline_text.show(scheme)
        else:
            st.caption(_("Nobody has written guidelines for this scheme yet."))
        st.page_link("pages/schemes.py", label=_("Write guidelines"), icon=":material/edit_note:",
                     query_params={"scheme": scheme.name})  # fmt: skip
