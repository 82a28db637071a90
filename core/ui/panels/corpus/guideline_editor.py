"""The guidelines of a scheme on the Schemes page: shown, written as Markdown with a preview, saved as one.

What somebody else saved meanwhile is shown beside what was typed, and nothing is overwritten unseen.
"""

from dataclasses import dataclass
from zlib import crc32

import streamlit as st

from core.errors import Stale
from core.schemes import Scheme
from core.schemes.files import LONGEST_GUIDELINE
from core.ui.frame import curator, workspace
from core.ui.i18n import _
from core.ui.widgets import drafts, forms, guideline_text
from core.workflows.corpus import guidelines
from core.workflows.corpus.guidelines import Guidelines

PX = 220  # the field of the whole scheme; that of a class is lower


@dataclass(frozen=True, slots=True)
class _Typed:
    """What the fields hold, and the guidelines that they were filled with."""

    seen: Guidelines
    text: Guidelines


def panel(scheme: Scheme) -> bool:
    """Show the guidelines and the form that changes them; return whether it has just saved."""
    with st.expander(_("Guidelines"), icon=":material/menu_book:", expanded=guideline_text.is_written(scheme)):
        if guideline_text.is_written(scheme):
            guideline_text.show(scheme)
        else:
            st.caption(_("Write how to decide, and an example of each class: Review shows it beside the card."))
        if not forms.linked_toggle(_("Edit the guidelines"), f"guide-{scheme.name}-edit"):
            st.session_state.pop(_seen_key(scheme), None)
            return False
        typed = _form(scheme)
        if typed.text != typed.seen:
            st.caption(_("Not saved yet."))
        return st.button(
            _("Save the guidelines"), icon=":material/save:", type="primary", key="guide-save",
            disabled=typed.text == typed.seen,
        ) and _save(scheme, typed)  # fmt: skip


def _draft(scheme: Scheme) -> str:
    """Return the name under which the browser keeps the guidelines while they are written."""
    return f"guide-{scheme.name}"


def _seen_key(scheme: Scheme) -> str:
    return f"guide-{scheme.name}-seen"


def _form(scheme: Scheme) -> _Typed:
    seen: Guidelines = st.session_state.setdefault(_seen_key(scheme), guidelines.of(scheme.name))
    keys = {"": f"guide-{scheme.name}-text"} | {x.code: f"guide-{scheme.name}-of-{x.code}" for x in scheme.labels}
    for code, key in keys.items():  # no default values: a draft may take their place
        st.session_state.setdefault(key, seen.classes.get(code, "") if code else seen.text)
    text = st.text_area(
        _("How to decide (Markdown)"), height=PX, max_chars=LONGEST_GUIDELINE,
        key=keys[""], help=_("Bold, lists and tables; HTML and images are not shown."),
    )  # fmt: skip
    classes = {}
    for label in scheme.labels:
        title = _("What belongs to {name}, with examples").format(name=forms.code_title(scheme.name, label.code))
        classes[label.code] = st.text_area(
            forms.plain(title), max_chars=LONGEST_GUIDELINE, key=keys[label.code],
        )  # fmt: skip
    drafts.keep(_draft(scheme), crc32(repr((seen.text, sorted(seen.classes.items()))).encode()), keys)
    written = {code: typed.strip() for code, typed in classes.items() if typed.strip()}
    return _Typed(seen, Guidelines(text.strip(), written))


def _save(scheme: Scheme, typed: _Typed) -> bool:
    """Save what was typed; if somebody was faster, show theirs, and let the next save replace it on purpose."""
    try:
        guidelines.save(workspace(), scheme.name, typed.text, typed.seen, curator())
    except Stale:
        theirs = guidelines.of(scheme.name)
        st.session_state[_seen_key(scheme)] = theirs
        st.warning(_("Somebody else saved other guidelines meanwhile; they are shown above. Yours are still in the "
                     "fields: put both together, then save again."), icon=":material/call_split:")  # fmt: skip
        return False
    st.session_state.pop(_seen_key(scheme), None)
    drafts.done(_draft(scheme))
    return True
