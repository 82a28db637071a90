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


# What a view shows stands in its address, so that it can be shared. Streamlit can bind a widget to the URL itself, but
# keeps titles there, in one language; and the browser then writes what the server writes too, and one may lose.
def share(key: str, value: str | Sequence[str], default: str | Sequence[str] = "") -> None:
    """Keep `value` in the address under `key`, or nothing where it is the default."""
    if value != default:
        st.query_params[key] = value
    elif key in st.query_params:
        del st.query_params[key]


def linked_multiselect(
    label: str, options: Sequence[str], key: str, title: Callable[[str], str], default: Sequence[str] = (), **more: Any
) -> list[str]:
    """A multiselect whose values are in the address."""
    if key not in st.session_state:
        asked = [value for value in st.query_params.get_all(key) if value in options]
        st.session_state[key] = asked or list(default)
    chosen = st.multiselect(label, options, format_func=title, key=key, placeholder=_("any"), **more)
    share(key, chosen, list(default))
    return chosen


def linked_select(label: str, options: Sequence[str], key: str) -> str:
    """A select box whose value is in the address; the first option is the default."""
    if key not in st.session_state and (asked := st.query_params.get(key)) in options:
        st.session_state[key] = asked
    chosen = st.selectbox(label, options, key=key)
    share(key, chosen, options[0])
    return chosen


def linked_text(label: str, key: str, **more: Any) -> str:
    """A text field whose text is in the address."""
    st.session_state.setdefault(key, st.query_params.get(key, ""))
    text = st.text_input(label, key=key, **more)
    share(key, text)
    return text


def linked_range(label: str, low: int, high: int, key: str) -> tuple[int, int]:
    """A slider over [low, high] whose two ends are in the address as `low-high`."""
    if key not in st.session_state:
        ends = st.query_params.get(key, "").split("-")
        asked = [int(end) for end in ends if end.isdecimal()]
        fits = len(asked) == 2 and low <= asked[0] <= asked[1] <= high
        st.session_state[key] = tuple(asked) if fits else (low, high)
    st.slider(label, low, high, key=key)
    first, last = st.session_state[key]
    share(key, f"{first}-{last}", f"{low}-{high}")
    return first, last


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
