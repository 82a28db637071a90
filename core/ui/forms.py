"""Pieces that several pages share: choosing classes, and showing utterances (as plain text: they are hostile)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from core.records import UNLABELLED, Utterance
from core.schemes import SCHEMES, Scheme, review_keys
from core.ui.i18n import _, language
from core.ui.player import Choice, ChoiceGroup

PLAIN = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]()#+-.!|<>~$:"})


def plain(text: str) -> str:
    """`text` with every Markdown character escaped, for the few places that only take Markdown."""
    return text.translate(PLAIN)


def scheme_title(name: str) -> str:
    return SCHEMES[name].title(language())


def code_title(scheme_name: str, code: str) -> str:
    return _("unlabelled") if code == UNLABELLED else SCHEMES[scheme_name].label(code).title(language())


def linked_multiselect(
    label: str, options: Sequence[str], key: str, title: Callable[[str], str], default: Sequence[str] = (), **more: Any
) -> list[str]:
    """A multiselect kept in the URL by its values; Streamlit's own binding would keep its titles in one language."""
    if key not in st.session_state:
        asked = [value for value in st.query_params.get_all(key) if value in options]
        st.session_state[key] = asked or list(default)
    chosen = st.multiselect(label, options, format_func=title, key=key, placeholder=_("any"), **more)
    if chosen != list(default):
        st.query_params[key] = chosen
    elif key in st.query_params:
        del st.query_params[key]
    return chosen


def choose_codes(name: str, key: str) -> tuple[str, ...]:
    """A multiselect over a scheme's classes and "unlabelled"; kept in the URL."""
    options = [*SCHEMES[name].codes, UNLABELLED]
    return tuple(linked_multiselect(scheme_title(name), options, key, lambda code: code_title(name, code)))


def speaker_title(speaker: str | None) -> str:
    return {"caller": _("Caller"), "taker": _("Call taker")}.get(speaker or "", speaker or "")


def side_title(side: str) -> str:
    return {"train": _("training"), "validation": _("validation"), "test": _("test")}.get(side, side)


def origin_title(origin: str) -> str:
    return {"imported": _("imported"), "augmented": _("augmented")}.get(origin, origin)


def choice_groups(schemes: Sequence[Scheme], current: Mapping[str, str]) -> list[ChoiceGroup]:
    """Review keys for `schemes`: one group each, keys distinct over all of them."""
    keys = review_keys(schemes)
    return [
        ChoiceGroup(
            one.name,
            one.title(language()),
            tuple(Choice(x.code, x.title(language()), keys[one.name, x.code], x.color) for x in one.labels),
            current.get(one.name),
        )
        for one in schemes
    ]


def seconds(ms: int) -> str:
    """
    >>> seconds(61_500)
    '1:01.5'
    """
    return f"{ms // 60000}:{ms % 60000 / 1000:04.1f}"


def listen(utterance_id: int) -> None:
    """A small player of one utterance; the browser fetches the audio itself, so that a list of many costs nothing."""
    # st.audio takes a path without a host for a file on the disk of the server.
    here = urlsplit(st.context.url or "")
    st.audio(f"{here.scheme}://{here.netloc}/audio/utterance/{utterance_id}", format="audio/wav")


def utterance_rows(rows: Iterable[Utterance]) -> list[dict[str, object]]:
    """What a table shows of each utterance."""
    return [
        {
            "id": u.id,
            _("Text"): u.text,
            _("Speaker"): speaker_title(u.speaker),
            _("From"): "" if u.start_ms is None else seconds(u.start_ms),
            **{scheme_title(n): code_title(n, u.labels[n]) if n in u.labels else "" for n in _SHOWN},
            _("Origin"): origin_title(u.origin),
        }
        for u in rows
    ]


_SHOWN = ("danger", "urgency", "sentiment", "disaster")
