"""Choices of the Import page that survive a reload: the fields of a delivery are filled again from the disk.
What is being typed is kept by the browser until it reaches the server.

A field has the key `NAME-TOKEN` or `NAME-TOKEN-MORE`. `recall` comes before the fields of a run, `remember` after them.
"""

from typing import Any, cast

import streamlit as st

from core.ui.frame import workspace
from core.ui.widgets import drafts
from core.workflows.imports.deliveries import choices
from core.workflows.imports.deliveries.choices import Value

FIELDS = frozenset(
    (
        "kind", "which", "source", "licence", "encoding", "separator", "header", "quotes", "sheet", "text", "id",
        "group", "speaker", "split", "recording", "start", "end", "labels", "scheme", "new", "ids", "only", "pattern",
        "label", "labelscheme", "by",
    )
)  # fmt: skip
TYPED = ("source", "licence", "pattern", "labelscheme")  # the fields that take more than a word


def recall(token: str) -> None:
    """Fill the fields of a delivery as they were left; a field that holds something keeps it."""
    for key, value in choices.load(workspace(), token).items():
        if key not in st.session_state and _is_field(key, token):
            st.session_state[key] = value


def remember(token: str) -> None:
    """Keep the fields of a delivery as they are, if one has changed."""
    values = {
        str(key): cast(Value, value) for key, value in st.session_state.items()
        if _is_field(str(key), token) and _is_plain(value)
    }  # fmt: skip
    if values and values != choices.load(workspace(), token):
        choices.save(workspace(), token, values)
        drafts.done(_draft(token))
    typed = {name: f"{name}-{token}" for name in TYPED if f"{name}-{token}" in st.session_state}
    drafts.keep(_draft(token), 0, typed)


def _draft(token: str) -> str:
    return f"import-{token}"


def preset(key: str, value: Any) -> str:
    """Give the field `key` a first value, unless it has one; return the key."""
    st.session_state.setdefault(key, value)
    return key


def _is_field(key: str, token: str) -> bool:
    name, found, _ = key.partition(f"-{token}")
    return bool(found) and name in FIELDS


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int) or (
        isinstance(value, list) and all(isinstance(part, str) for part in value)
    )  # fmt: skip
