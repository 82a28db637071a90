"""Widgets that several pages share: inputs kept in the address, choices of classes, tables of utterances.

Texts, names and titles of a corpus are hostile: they are shown as plain text.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from core.filters import label_key
from core.records import UNLABELLED, Utterance
from core.schemes import SCHEMES, Scheme, review_keys, split_codes
from core.text.clock import clock
from core.ui.i18n import _, language
from core.ui.widgets.player import Choice, ChoiceGroup

Value = TypeVar("Value", bound=str)
PLAIN = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]()#+-.!|<>~$:"})


def plain(text: str) -> str:
    """Return `text` with every Markdown character escaped, for the few places that only take Markdown."""
    return text.translate(PLAIN)


def scheme_title(name: str) -> str:
    """Return the scheme's title; a proposed scheme is marked. Titles are hostile: call `plain` before Markdown."""
    scheme = SCHEMES.get(name)
    if scheme is None:
        return name  # another process removed it just now
    title = scheme.title(language())
    return _("{title} (proposed)").format(title=title) if scheme.state == "proposed" else title


def code_title(scheme_name: str, code: str) -> str:
    """Return the class's title; several classes of a multi scheme are joined by commas."""
    if code == UNLABELLED:
        return _("unlabelled")
    scheme = SCHEMES.get(scheme_name)
    codes = scheme.codes if scheme else ()
    return ", ".join(scheme.label(c).title(language()) if scheme and c in codes else c for c in split_codes(code))


# The state of a view is in its address, so that it can be shared. Streamlit can bind a widget to the URL itself, but
# it stores titles there, in one language; and browser and server would both write the address and lose changes.
def share(key: str, value: str | Sequence[str], default: str | Sequence[str] = "") -> None:
    """Store `value` in the address under `key`; remove the key if the value is the default."""
    if value != default:
        st.query_params[key] = value
    elif key in st.query_params:
        del st.query_params[key]


def linked_multiselect(
    label: str, options: Sequence[str], key: str, title: Callable[[str], str], default: Sequence[str] = (), *,
    keep: Callable[[str], bool] | None = None, **more: Any,
) -> list[str]:  # fmt: skip
    """Show a multiselect whose values are stored in the address; return the chosen options.

    A value that is no option is dropped, but one for which `keep` is true stays chosen and is called unknown.
    """
    known = options
    if keep is not None:
        given = st.session_state[key] if key in st.session_state else st.query_params.get_all(key)
        options = [*known, *dict.fromkeys(value for value in given if value not in known and keep(value))]
    if removed := [value for value in st.session_state.get(key, ()) if value not in options]:
        st.session_state[key] = [value for value in st.session_state[key] if value not in removed]
    if key not in st.session_state:
        from_address = [value for value in st.query_params.get_all(key) if value in options]
        st.session_state[key] = from_address or list(default)
    titled = lambda value: title(value) if value in known else unknown(value)  # noqa: E731
    chosen = st.multiselect(label, options, format_func=titled, key=key, placeholder=_("any"), **more)
    share(key, chosen, list(default))
    return chosen


def unknown(value: str) -> str:
    """Return the title of a value that nothing has, such as a tag that is gone."""
    return _("{value} (unknown)").format(value=value)


def linked_choice(label: str, options: Sequence[Value], key: str, title: Callable[[Value], str], **more: Any) -> Value:
    """Show a select box whose value is stored in the address; return the choice. The first option is the default."""
    if st.session_state.get(key) not in options:
        from_address = st.query_params.get(key)
        st.session_state[key] = next((option for option in options if option == from_address), options[0])
    chosen: Value = st.selectbox(label, options, format_func=title, key=key, **more)
    share(key, chosen, options[0])
    return chosen


def linked_text(label: str, key: str, **more: Any) -> str:
    """Show a text field whose text is stored in the address; return the text."""
    st.session_state.setdefault(key, st.query_params.get(key, ""))
    text = st.text_input(label, key=key, **more)
    share(key, text)
    return text


def linked_toggle(label: str, key: str) -> bool:
    """Show a switch that is stored in the address while it is on; return whether it is on."""
    st.session_state.setdefault(key, st.query_params.get(key) == "true")
    chosen = st.toggle(label, key=key, width="content")
    share(key, "true" if chosen else "")
    return chosen


def linked_pages(n: int, key: str, content: object) -> int:
    """Return the chosen page of `n`, stored in the address. If `content` (filter and order) changes: page 1."""
    from_address, content_key = st.query_params.get(key, ""), f"{key}_of"
    is_other_content = st.session_state.get(content_key, content) != content
    start_page = (
        int(from_address) if from_address.isdecimal() and len(from_address) < 10 and not is_other_content else 1
    )
    st.session_state[content_key] = content
    widget_key = f"{key}-{zlib.crc32(repr(content).encode('utf-8', 'surrogatepass'))}"
    number = st.pagination(n, default=min(max(start_page, 1), n), key=widget_key) if n > 1 else 1
    share(key, str(number), "1")
    return number


def choose_codes(name: str, key: str) -> None:
    """Show a multiselect of a scheme's classes and "unlabelled", stored in the address."""
    options = [*SCHEMES[name].codes, UNLABELLED]
    linked_multiselect(plain(scheme_title(name)), options, key, lambda code: code_title(name, code), keep=bool)


def choose_labels() -> None:
    """Show one multiselect of classes for each scheme, the workspace's own schemes too."""
    names = [*_FIRST_SCHEMES, *(name for name in SCHEMES if name not in _FIRST_SCHEMES)]
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
    """Return one group of choices for each scheme; no key is used twice. `current`: scheme name to chosen code."""
    keys = review_keys(schemes)
    return [
        ChoiceGroup(
            scheme.name,
            scheme.title(language()),
            tuple(Choice(x.code, x.title(language()), keys[scheme.name, x.code], x.color) for x in scheme.labels),
            current.get(scheme.name),
            multi=scheme.kind == "multi",
        )
        for scheme in schemes
    ]


def minute(at: str, form: str = "%Y-%m-%d %H:%M") -> str:
    """Format an ISO instant up to the minute, in the zone of the reader's browser; in UTC, and so marked, without one.

    >>> minute("2026-11-21T08:56:33.120000+00:00")
    '2026-11-21 08:56 UTC'
    """
    instant, zone = datetime.fromisoformat(at), _reader_zone()
    instant = instant.replace(tzinfo=instant.tzinfo or UTC)
    return f"{instant.astimezone(zone or UTC):{form}}{'' if zone else ' UTC'}"


def _reader_zone() -> ZoneInfo | None:
    """Return the time zone of the browser; None without a browser, or if this machine does not know the zone."""
    try:
        return ZoneInfo(name) if (name := st.context.timezone) else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def reader_zone() -> tzinfo:
    """Return the time zone of the reader's browser; UTC without one."""
    return _reader_zone() or UTC


def listen(utterance_id: int, *, autoplay: bool = False) -> None:
    """Show a small player of one utterance. The browser fetches the audio, so a list of many players costs nothing."""
    _listen(f"utterance/{utterance_id}", autoplay)


def listen_to_recording(recording_id: int) -> None:
    """Show a small player of a whole recording."""
    _listen(f"recording/{recording_id}")


def _listen(item: str, autoplay: bool = False) -> None:
    # st.audio reads a path without a host as a file on the server's disk.
    page_url = urlsplit(st.context.url or "")
    st.audio(f"{page_url.scheme}://{page_url.netloc}/audio/{item}", format="audio/wav", autoplay=autoplay)


def utterance_rows(rows: Iterable[Utterance]) -> list[dict[str, object]]:
    """Return table rows of utterances: text, start, labels of the emergency schemes and other answered schemes."""
    rows = list(rows)
    other_schemes = [name for name in SCHEMES if name not in _FIRST_SCHEMES and any(name in u.labels for u in rows)]
    titles = {name: scheme_title(name) for name in _FIRST_SCHEMES}
    for name in other_schemes:
        titles[name] = scheme_title(name) if scheme_title(name) not in titles.values() else name
    return [
        {
            "id": u.id,
            _("Text"): u.text,
            _("Speaker"): speaker_title(u.speaker),
            _("From"): clock(u.start_ms),
            **{title: code_title(n, u.labels[n]) if n in u.labels else "" for n, title in titles.items()},
            _("Origin"): origin_title(u.origin),
        }
        for u in rows
    ]


_FIRST_SCHEMES = ("danger", "urgency", "sentiment", "disaster")
