"""A Filter as words: KEY=VALUE pairs, as `--filter` takes them and the Corpus page's URL has them."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from core.errors import InputError, UnknownName
from core.records import UNLABELLED, Filter, Source
from core.schemes import SCHEMES, scheme

LISTS = ("speaker", "origin", "tag")
TRUTHS = ("ignore_spacing", "in_recording", "with_audio", "skipped")
NUMBERS = ("recording_id", "after_id")
PLAIN_KEYS = ("text", "speaker", "origin", "chars")
MORE_KEYS = ("tag", "source", "spacing", *TRUTHS, *NUMBERS)
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def parse_filter(pairs: Sequence[str], sources: Sequence[Source] = ()) -> Filter:
    """KEY=VALUE pairs as one Filter; values of one key are alternatives.

    Keys: text, speaker, origin, tag, source (the name or id of one of `sources`), chars (`10-50`, `10-`, `-50`), every
    scheme (a class by code or name, `-` for unlabelled), and with true or false `ignore_spacing` (`spacing` in a URL),
    `in_recording`, `with_audio`, `skipped`. `UnknownName` for another key, class or source, `InputError` for a pair
    that is none.

    >>> parse_filter(["danger=위험", "danger=-", "chars=2-"])  # doctest: +ELLIPSIS
    Filter(labels={'danger': ('danger', '-')}, speaker=(), origin=(), min_chars=2, max_chars=None, ...)
    """
    found = _by_key(pairs)
    told: dict[str, Any] = {key: tuple(found.pop(key)) for key in LISTS if key in found}
    told["min_chars"], told["max_chars"] = _chars(found.pop("chars", []))
    told["source"] = tuple(_source(value, sources) for value in found.pop("source", ()))
    single: dict[str, Callable[[str, str], Any]] = {"text": lambda key, value: value}
    single |= dict.fromkeys(TRUTHS, _truth) | dict.fromkeys(NUMBERS, _number)
    for key, read in single.items():
        if key in found:
            told[key] = read(key, _only(key, found.pop(key)))
    labels = {key: tuple(_code(key, value) for value in values) for key, values in found.items()}
    return Filter(labels=labels, **told)


def _by_key(pairs: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError("filter {pair!r} is no KEY=VALUE pair such as danger=danger", pair=pair)
        if key not in PLAIN_KEYS and key not in SCHEMES and key not in MORE_KEYS:
            raise UnknownName("filter key", key, (*PLAIN_KEYS, *SCHEMES, *MORE_KEYS))
        found.setdefault("ignore_spacing" if key == "spacing" else key, []).append(value)
    return found


def _only(key: str, values: Sequence[str]) -> str:
    if len(values) > 1:
        raise InputError("filter {key} is given more than once; only one {key} can be looked for", key=key)
    return values[0]


def _code(key: str, value: str) -> str:
    return value if value == UNLABELLED else scheme(key).parse(value)


def _source(value: str, sources: Sequence[Source]) -> int:
    for one in sources:
        if value in (one.name, str(one.id)):
            return one.id
    raise UnknownName("source", value, [one.name for one in sources])


def _truth(key: str, value: str) -> bool:
    if value.casefold() not in _TRUTH:
        raise InputError("filter {key}={value}: expected true or false", key=key, value=value)
    return _TRUTH[value.casefold()]


def _number(key: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise InputError("filter {key}={value}: expected a whole number", key=key, value=value)
    return int(value)


def _chars(values: list[str]) -> tuple[int | None, int | None]:
    """One `low-high`, or two numbers as the URL writes them."""
    span = values[0] if len(values) == 1 else "-".join(values)
    match = re.fullmatch(r"([0-9]{0,9})-([0-9]{0,9})", span)
    if values and match is None:
        raise InputError("filter chars={span} is no span of lengths such as 10-50, 10- or -50", span=span)
    low, high = match.groups() if match else ("", "")
    return int(low) if low else None, int(high) if high else None
