"""The guidelines of a scheme on the Schemes page: shown, written as Markdown with a preview, saved as one.

What somebody else saved meanwhile is shown beside what was typed, and nothing is overwritten unseen. A reader writes
the texts of the language that the page is in. Where texts are empty that come with the program, they are offered.
"""

from dataclasses import dataclass
from zlib import crc32

import streamlit as st

from core.errors import Stale
from core.schemes import Scheme
from core.schemes.files import LONGEST_GUIDELINE
from core.ui.frame import curator, workspace
from core.ui.i18n import _, language
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
        if _take_over(scheme):
            return True
        if not forms.linked_toggle(_("Edit the guidelines"), f"guide-{scheme.name}-edit"):
            st.session_state.pop(_seen_key(scheme), None)
            return False
        if scheme.guideline_en or any(label.guideline_en for label in scheme.labels):
            st.caption(_("These are the texts for readers of English; the Korean ones stay as they are.")
                       if language() != "ko" else
                       _("These are the texts for readers of Korean; the English ones stay as they are."))  # fmt: skip
        typed = _form(scheme)
        if typed.text != typed.seen:
            st.caption(_("Not saved yet."))
        return st.button(
            _("Save the guidelines"), icon=":material/save:", type="primary", key="guide-save",
            disabled=typed.text == typed.seen,
        ) and _save(scheme, typed)  # fmt: skip


def _take_over(scheme: Scheme) -> bool:
    """Show the button that fills empty guidelines with those that come with the program; return whether it has."""
    if not (n := guidelines.offered(scheme.name)):
        return False
    st.caption(_("Texts that come with Gwidama and are empty here: {n}. What is written stays as it is.").format(n=n))
    if not st.button(_("Fill in the guidelines of Gwidama"), icon=":material/menu_book:", key="guide-take-over"):
        return False
    guidelines.take_over(workspace(), scheme.name, curator())
    st.session_state.pop(_seen_key(scheme), None)
    for key in _keys(scheme).values():
        st.session_state.pop(key, None)
    return True


def _draft(scheme: Scheme) -> str:
    """Return the name under which the browser keeps the guidelines while they are written; a language has its own."""
    return f"guide-{scheme.name}-{language()}"


def _seen_key(scheme: Scheme) -> str:
    return f"{_draft(scheme)}-seen"


def _keys(scheme: Scheme) -> dict[str, str]:
    """Return code -> key of its field; "" for the field of the whole scheme."""
    return {"": f"{_draft(scheme)}-text"} | {x.code: f"{_draft(scheme)}-of-{x.code}" for x in scheme.labels}


def _form(scheme: Scheme) -> _Typed:
    seen: Guidelines = st.session_state.setdefault(_seen_key(scheme), guidelines.of(scheme.name, language()))
    keys = _keys(scheme)
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
        guidelines.save(workspace(), scheme.name, typed.text, typed.seen, curator(), language())
    except Stale:
        theirs = guidelines.of(scheme.name, language())
        st.session_state[_seen_key(scheme)] = theirs
        st.warning(_("Somebody else saved other guidelines meanwhile; they are shown above. Yours are still in the "
                     "fields: put both together, then save again."), icon=":material/call_split:")  # fmt: skip
        return False
    st.session_state.pop(_seen_key(scheme), None)
    drafts.done(_draft(scheme))
    return True
