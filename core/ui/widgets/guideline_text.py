"""Shows the guidelines of a scheme. They are hostile as every text of a workspace: no HTML, no image is loaded."""

import re

import streamlit as st

from core.schemes import Scheme
from core.ui.i18n import language
from core.ui.widgets import forms

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t#]*$", re.MULTILINE)
_UNDERLINE = re.compile(r"^( {0,3})(=+|-+)[ \t]*$", re.MULTILINE)


def safe(text: str) -> str:
    r"""Return Markdown that holds no image and no heading: an image stays as it was typed, a heading becomes bold.

    Streamlit escapes HTML itself. A heading would break the order of the headings of the page.

    >>> safe("# 위험\n![x](https://evil.example/a.png)")
    '**위험**\n\\![x](https://evil.example/a.png)'
    """
    text = _HEADING.sub(lambda found: f"**{found[1]}**" if found[1] else "", text)
    text = _UNDERLINE.sub("", text)
    return text.replace("![", "\\![")


def show(scheme: Scheme) -> None:
    """Show the guidelines of a scheme, then those of each class under the name and the colour of the class."""
    if scheme.guideline:
        st.markdown(safe(scheme.guideline))
    for label in scheme.labels:
        if label.guideline:
            key = f" ({label.key.upper()})" if label.key else ""
            st.markdown(f"**{forms.plain(label.title(language()) + key)}**")
            st.markdown(safe(label.guideline))


def is_written(scheme: Scheme) -> bool:
    """Return whether a scheme has guidelines, of its own or of a class."""
    return bool(scheme.guideline or any(label.guideline for label in scheme.labels))
