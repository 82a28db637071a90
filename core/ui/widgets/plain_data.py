"""Keeps pandas out of pages that show no table: it takes half a second and 60 MB when it is loaded.

Streamlit asks of each value that is passed to a component whether it is a table, and loads pandas to find out. The
answer for a dict or a list is no: components of Gwidama get plain JSON.
"""

from streamlit.components.v2.bidi_component import serialization
from streamlit.dataframe_util import is_dataframe_like


def is_table(obj: object) -> bool:
    """Return whether Streamlit has to send `obj` as a table."""
    return not isinstance(obj, (dict, list)) and is_dataframe_like(obj)


def install() -> None:
    """Let Streamlit ask `is_table`. Idempotent."""
    serialization.is_dataframe_like = is_table  # type: ignore[attr-defined]
