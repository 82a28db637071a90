"""Pieces that several pages share: choosing classes, and showing utterances (as plain text: they are hostile)."""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import streamlit as st

from core.filters import label_key
from core.records import UNLABELLED, Utterance
from core.schemes import SCHEMES, Scheme, parts, review_keys
from core.ui.i18n import _, language
from core.ui.widgets.player import Choice, ChoiceGroup

Value = TypeVar("Value", bound=str)
PLAIN = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]()#+-.!|<>~$:"})


def plain(text: str) -> str:
    """`text` with every Markdown character escaped, for the few places that only take Markdown."""
    return text.translate(PLAIN)


def scheme_title(name: str) -> str:
    """The scheme's title; of a proposed one it says so. A workspace's titles are hostile: `plain` before Markdown."""
    one = SCHEMES.get(name)
    if one is None:
        return name  # dropped by another process just now
    title = one.title(language())
    return _("{title} (proposed)").format(title=title) if one.state == "proposed" else title


def code_title(scheme_name: str, code: str) -> str:
    """The class's title; several of a multi scheme with commas between."""
    if code == UNLABELLED:
        return _("unlabelled")
    one = SCHEMES.get(scheme_name)
    known = one.codes if one else ()
    return ", ".join(one.label(c).title(language()) if one and c in known else c for c in parts(code))


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
    if gone := [value for value in st.session_state.get(key, ()) if value not in options]:
        st.session_state[key] = [value for value in st.session_state[key] if value not in gone]
    if key not in st.session_state:
        asked = [value for value in st.query_params.get_all(key) if value in options]
        st.session_state[key] = asked or list(default)
    chosen = st.multiselect(label, options, format_func=title, key=key, placeholder=_("any"), **more)
    share(key, chosen, list(default))
    return chosen


def linked_choice(label: str, options: Sequence[Value], key: str, title: Callable[[Value], str], **more: Any) -> Value:
    """A select box whose value is in the address; the first option is meant where the address says nothing."""
    if st.session_state.get(key) not in options:
        asked = st.query_params.get(key)
        st.session_state[key] = next((one for one in options if one == asked), options[0])
    chosen: Value = st.selectbox(label, options, format_func=title, key=key, **more)
    share(key, chosen, options[0])
    return chosen


def linked_text(label: str, key: str, **more: Any) -> str:
    """A text field whose text is in the address."""
    st.session_state.setdefault(key, st.query_params.get(key, ""))
    text = st.text_input(label, key=key, **more)
    share(key, text)
    return text


def linked_toggle(label: str, key: str) -> bool:
    """A switch that stands in the address while it is on."""
    st.session_state.setdefault(key, st.query_params.get(key) == "true")
    chosen = st.toggle(label, key=key, width="content")
    share(key, "true" if chosen else "")
    return chosen


def linked_pages(n: int, key: str, of: object) -> int:
    """Which of `n` pages, kept in the address; another `of` (what is shown, and in which order) begins at the first."""
    asked, before = st.query_params.get(key, ""), f"{key}_of"
    anew = st.session_state.get(before, of) != of
    first = int(asked) if asked.isdecimal() and len(asked) < 10 and not anew else 1
    st.session_state[before] = of
    mine = f"{key}-{zlib.crc32(repr(of).encode('utf-8', 'surrogatepass'))}"
    number = st.pagination(n, default=min(max(first, 1), n), key=mine) if n > 1 else 1
    share(key, str(number), "1")
    return number


def choose_codes(name: str, key: str) -> None:
    """A multiselect over a scheme's classes and "unlabelled"; kept in the URL."""
    options = [*SCHEMES[name].codes, UNLABELLED]
    linked_multiselect(plain(scheme_title(name)), options, key, lambda code: code_title(name, code))


def choose_labels() -> None:
    """One multiselect a scheme, the workspace's among them."""
    names = [*_SHOWN, *(name for name in SCHEMES if name not in _SHOWN)]
    for start in range(0, len(names), 4):
        for column, name in zip(st.columns(4), names[start : start + 4], strict=False):
            with column:
                choose_codes(name, label_key(name))


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
            multi=one.kind == "multi",
        )
        for one in schemes
    ]


def seconds(ms: int) -> str:
    """
    >>> seconds(61_500)
    '1:01.5'
    """
    return f"{ms // 60000}:{ms % 60000 / 1000:04.1f}"


def minute(at: str) -> str:
    """
    >>> minute("2026-11-21T08:56:33.120000+00:00")
    '2026-11-21 08:56 UTC'
    """
    return f"{at[:16].replace('T', ' ')} UTC"


def listen(utterance_id: int) -> None:
    """A small player of one utterance; the browser fetches the audio itself, so that a list of many costs nothing."""
    _listen(f"utterance/{utterance_id}")


def listen_to_recording(recording_id: int) -> None:
    """The same for all of a recording."""
    _listen(f"recording/{recording_id}")


def _listen(what: str) -> None:
    # st.audio takes a path without a host for a file on the disk of the server.
    here = urlsplit(st.context.url or "")
    st.audio(f"{here.scheme}://{here.netloc}/audio/{what}", format="audio/wav")


def utterance_rows(rows: Iterable[Utterance]) -> list[dict[str, object]]:
    """What a table shows of each utterance: the labels of the emergency schemes and of whatever else is answered."""
    rows = list(rows)
    more = [name for name in SCHEMES if name not in _SHOWN and any(name in u.labels for u in rows)]
    titles = {name: scheme_title(name) for name in _SHOWN}
    for name in more:
        titles[name] = scheme_title(name) if scheme_title(name) not in titles.values() else name
    return [
        {
            "id": u.id,
            _("Text"): u.text,
            _("Speaker"): speaker_title(u.speaker),
            _("From"): "" if u.start_ms is None else seconds(u.start_ms),
            **{title: code_title(n, u.labels[n]) if n in u.labels else "" for n, title in titles.items()},
            _("Origin"): origin_title(u.origin),
        }
        for u in rows
    ]


_SHOWN = ("danger", "urgency", "sentiment", "disaster")
