"""Shows the guidelines of a scheme. They are hostile as every text of a workspace: no HTML, no image is loaded."""

import re

import streamlit as st

from core.schemes import Scheme
from core.schemes.files import guidelines_of
from core.ui.i18n import language
from core.ui.widgets import forms

_IN_BLOCK = r"(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t])))*[ \t]*"  # of a quotation or a list
_HEADING = re.compile(rf"^({_IN_BLOCK})#{{1,6}}(?:[ \t](.*))?$", re.MULTILINE)
_UNDERLINE = re.compile(rf"^({_IN_BLOCK})(?:=+|-+)[ \t]*$", re.MULTILINE)
_IMAGE = re.compile(r"(?<!\\)((?:\\\\)*)!\[")  # not one whose `!` is escaped already


def safe(text: str) -> str:
    r"""Return Markdown that holds no image and no heading: an image stays as it was typed, a heading becomes bold.

    Streamlit escapes HTML itself. A heading would break the order of the headings of the page.

    >>> safe("# 위험\n![x](https://evil.example/a.png)")
    '**위험**\n\\!\\[x](https://evil.example/a.png)'
    """
    text = _HEADING.sub(lambda found: found[1] + _bold((found[2] or "").strip(" \t#")), text)
    text = _UNDERLINE.sub(r"\1", text)
    return _IMAGE.sub(r"\1\\!\\[", text)


def _bold(text: str) -> str:
    return f"**{text}**" if text and "*" not in text else text


def show(scheme: Scheme) -> None:
    """Show the guidelines of a scheme, then those of each class under the name and the colour of the class."""
    if text := scheme.guide(language()):
        st.markdown(safe(text))
    for label in scheme.labels:
        if text := label.guide(language()):
            key = f" ({label.key.upper()})" if label.key else ""
            st.markdown(f"**{forms.plain(label.title(language()) + key)}**")
            st.markdown(safe(text))


def is_written(scheme: Scheme) -> bool:
    """Return whether a scheme has guidelines, of its own or of a class."""
    return bool(guidelines_of(scheme)) or any(guidelines_of(label) for label in scheme.labels)
