"""Filter: conditions that select utterances. This module also writes and reads a Filter in three formats.

- pairs: the `KEY=VALUE` words of the option `--filter`; a mistake is an error that names it
- query: the URL parameters of a page, also stored in a saved view; values that no Filter can hold are left out, and
  `unread` names them
- document: JSON, stored with a cleaning run and its job

The store turns a Filter into SQL (`core.store.corpus.find`); nothing here reads the store.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from core.errors import InputError, UnknownName
from core.records import UNLABELLED, Source
from core.schemes import SCHEMES, is_bundled, scheme


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions on utterances; an utterance must meet all of them.

    `labels` maps a scheme to the wanted codes; `UNLABELLED` among them selects utterances that no person has labelled:
    a machine's label counts only for a derived utterance, where it is that of its source. One matching code is enough,
    also in a multi scheme. A scheme of level "recording" is looked up at the utterance's recording. Nothing matches a
    scheme that is gone. `text` is a substring. `min_chars` and `max_chars` are lengths in characters. Of several tags,
    one is enough. `curator`, `since` and `until` select what has a standing decision of one of these curators in that
    time; both ends are days (of UTC; `in_zone` makes them days of a reader) or instants, and a day as `until` is
    included. `comment`: "any", "open" (nobody has decided since the last comment) or "none". `run` selects what a run
    has predicted; then `predicted` are the wanted codes (of joined codes, all), and `wrong` compares with the label of
    a person as it is now, under the scheme `target` or every target of the run.
    `listed` is the name of a stored list (`core.workflows.review.queues.open_list`), for more ids than `ids` holds.
    """

    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    speaker: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    min_chars: int | None = None
    max_chars: int | None = None
    text: str = ""
    ignore_spacing: bool = False
    source: tuple[int, ...] = ()
    recording_id: int | None = None
    in_recording: bool | None = None
    with_audio: bool | None = None
    skipped: bool | None = None
    after_id: int | None = None
    tag: tuple[str, ...] = ()
    curator: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    flagged: bool | None = None
    comment: str = ""
    run: str = ""
    target: str = ""
    predicted: tuple[str, ...] = ()
    wrong: bool | None = None
    ids: tuple[int, ...] = ()
    listed: str = ""


LONGEST_DAY = len("2026-12-01")  # a longer text is an instant
LIST_KEYS = ("speaker", "origin", "tag", "curator", "predicted")
COMMENTS = ("any", "open", "none")


def instant(value: str, *, end: bool = False, zone: tzinfo = UTC) -> str:
    """Return a day or an instant as the store writes instants, in UTC; with `end`, a day means the end of that day.

    A day, and an instant without a zone, is one of `zone`. `ValueError` for another text, also for a week or a month.

    >>> instant("2026-11-30"), instant("20261130", end=True)
    ('2026-11-30T00:00:00.000000+00:00', '2026-12-01T00:00:00.000000+00:00')
    >>> instant("2026-12-01T00:00+09:00", end=True)
    '2026-11-30T15:00:00.000000+00:00'
    """
    if _is_day(value):
        day = date.fromisoformat(value)
        at = datetime.combine(day + timedelta(days=1) if end and day < date.max else day, time())
    elif len(value) > LONGEST_DAY:
        at = datetime.fromisoformat(value)
    else:
        raise ValueError(value)
    try:
        return at.replace(tzinfo=at.tzinfo or zone).astimezone(UTC).isoformat("T", "microseconds")
    except OverflowError as error:  # the first or last day of the calendar, in another zone
        raise ValueError(value) from error


def _is_day(value: str) -> bool:
    return re.fullmatch(r"[0-9]{4}-?([0-9]{2}-?[0-9]{2}|W[0-9]{2}-?[0-9])", value) is not None


def in_zone(wanted: Filter, zone: tzinfo) -> Filter:
    """Return `wanted` with its days as instants: a day begins and ends in `zone`, where its reader is.

    >>> from datetime import timezone
    >>> in_zone(Filter(until="2026-12-01"), timezone(timedelta(hours=9))).until
    '2026-12-01T15:00:00.000000+00:00'
    """
    return replace(wanted, since=_localised(wanted.since, zone), until=_localised(wanted.until, zone, end=True))


def _localised(value: str, zone: tzinfo, *, end: bool = False) -> str:
    try:
        return instant(value, end=end, zone=zone) if _is_day(value) else value
    except ValueError:  # the first or last day of the calendar stays a day
        return value


# -- pairs

BOOLEAN_KEYS = ("ignore_spacing", "in_recording", "with_audio", "skipped", "flagged", "wrong")
NUMBER_KEYS = ("recording_id", "after_id")
TIME_KEYS = ("since", "until")
PLAIN_KEYS = ("text", "speaker", "origin", "chars")
# other names of a field, in an address and on the command line
ALIASES = {"spacing": "ignore_spacing", "call": "recording_id", "from": "since", "to": "until", "id": "ids"}
MORE_KEYS = (
    "tag", "curator", "from", "to", "flagged", "comment", "run", "target", "predicted", "wrong", "source", "call", "id",
    "listed",
    "spacing", "in_recording", "with_audio", "skipped", "after_id",
)  # fmt: skip
_KNOWN = {*PLAIN_KEYS, *MORE_KEYS, *ALIASES.values()}
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def from_pairs(pairs: Sequence[str], sources: Sequence[Source] = ()) -> Filter:
    """Read KEY=VALUE pairs as one Filter; several values of one key are alternatives.

    Keys: text, speaker, origin, tag, source (the name or id of one of `sources`), chars (`10-50`, `10-`, `-50`), every
    scheme (a class by code or name, `-` for unlabelled), call and id (numbers), curator, from and to (a day or an
    instant), comment (any, open, none), run, target and predicted (a class), and with true or false `ignore_spacing`
    (`spacing` in a URL), `in_recording`, `with_audio`, `skipped`, `flagged`, `wrong`. `UnknownName` if a key, class or
    source does not exist, `InputError` if a word is no pair or its value has the wrong form.

    >>> from_pairs(["danger=위험", "danger=-", "chars=2-"])  # doctest: +ELLIPSIS
    Filter(labels={'danger': ('danger', '-')}, speaker=(), origin=(), min_chars=2, max_chars=None, ...)
    """
    given = _by_key(pairs)
    values: dict[str, Any] = {key: tuple(given.pop(key)) for key in LIST_KEYS if key in given}
    values["min_chars"], values["max_chars"] = _span(given.pop("chars", []))
    values["source"] = tuple(_source(value, sources) for value in given.pop("source", ()))
    values["ids"] = tuple(_number("id", value) for value in given.pop("ids", ()))
    single: dict[str, Callable[[str, str], Any]] = dict.fromkeys(("text", "run", "listed"), lambda key, value: value)
    single |= dict.fromkeys(BOOLEAN_KEYS, _truth) | dict.fromkeys(NUMBER_KEYS, _number)
    single |= dict.fromkeys(TIME_KEYS, _time) | {"comment": _comment, "target": lambda key, value: scheme(value).name}
    for key, read in single.items():
        if key in given:
            values[key] = read(key, _only(key, given.pop(key)))
    labels = {key: tuple(_code(key, value) for value in of_key) for key, of_key in given.items()}
    return _checked(Filter(labels=labels, **values))


def _checked(wanted: Filter) -> Filter:
    """Return `wanted`, the classes of its predictions as codes; `InputError` for a prediction without its run."""
    if not wanted.run and (wanted.target or wanted.predicted or wanted.wrong is not None):
        raise InputError("target, predicted and wrong are about the predictions of a run: name one by run=ID")
    if not wanted.target:
        return wanted
    return replace(wanted, predicted=tuple(scheme(wanted.target).parse(code) for code in wanted.predicted))


def _by_key(pairs: Sequence[str]) -> dict[str, list[str]]:
    given: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise InputError("filter {pair!r} is no KEY=VALUE pair such as danger=danger", pair=pair)
        if key not in _KNOWN and key not in SCHEMES:
            raise UnknownName("filter key", key, (*PLAIN_KEYS, *SCHEMES, *MORE_KEYS))
        given.setdefault(ALIASES.get(key, key), []).append(value)
    return given


def _only(key: str, values: Sequence[str]) -> str:
    if len(values) > 1:
        raise InputError("filter {key} is given more than once; only one {key} can be looked for", key=key)
    return values[0]


def _code(key: str, value: str) -> str:
    return value if value == UNLABELLED else scheme(key).parse(value)


def _source(value: str, sources: Sequence[Source]) -> int:
    for source in sources:
        if value in (source.name, str(source.id)):
            return source.id
    raise UnknownName("source", value, [source.name for source in sources])


def _truth(key: str, value: str) -> bool:
    if value.casefold() not in _TRUTH:
        raise InputError("filter {key}={value}: expected true or false", key=key, value=value)
    return _TRUTH[value.casefold()]


def _time(key: str, value: str) -> str:
    try:
        instant(value)
    except ValueError:
        raise InputError(
            "filter {key}={value}: expected a day such as 2026-11-30, or an instant", key=key, value=value
        ) from None
    return value


def _comment(key: str, value: str) -> str:
    if value not in COMMENTS:
        raise UnknownName("comment filter", value, COMMENTS)
    return value


def _number(key: str, value: str) -> int:
    if not is_id(value):
        raise InputError("filter {key}={value}: expected a whole number", key=key, value=value)
    return int(value)


def _span(values: list[str]) -> tuple[int | None, int | None]:
    """Read one value `low-high`, or two numbers as the URL has them."""
    span = values[0] if len(values) == 1 else "-".join(values)
    match = re.fullmatch(r"([0-9]{0,18})-([0-9]{0,18})", span)
    if values and match is None:
        raise InputError("filter chars={span} is no span of lengths such as 10-50, 10- or -50", span=span)
    low, high = match.groups() if match else ("", "")
    return int(low) if low else None, int(high) if high else None


# -- query

NO_BOUND = "200"  # the second of two values of `chars`, as addresses had them before
MOST_IDS = 200  # more ids make an address too long; a longer list is stored (core.workflows.review.queues)
_PARAMETERS = {name: alias for alias, name in ALIASES.items()}  # the parameter of a field that has another name
_NUMBERS, _WORDS = ("source", "ids"), ("run", "target", "since", "until", "comment", "listed")
_FLAGS = tuple(name for name in BOOLEAN_KEYS if name != "ignore_spacing")
_OWN_SCHEME = "label."


def label_key(scheme_name: str) -> str:
    """Return the URL parameter that holds the wanted codes of a scheme."""
    return scheme_name if is_bundled(scheme_name) else f"{_OWN_SCHEME}{scheme_name}"


def query_keys(given: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the URL parameters that a Filter may have, those of the schemes of the workspace too.

    Those of `given` that name a scheme which is gone are among them.
    """
    own = (*LIST_KEYS, *_NUMBERS, *_WORDS, *_FLAGS, *NUMBER_KEYS, "text", "chars", "ignore_spacing")
    labels = dict.fromkeys(_label_keys(given).values())
    return (*labels, *(_PARAMETERS.get(name, name) for name in own))


def _label_keys(given: Iterable[str]) -> dict[str, str]:
    """Return the name of each scheme -> its URL parameter; a scheme that is gone is there if `given` names it."""
    gone = {key.removeprefix(_OWN_SCHEME) for key in given if key.startswith(_OWN_SCHEME)}
    return {name: label_key(name) for name in (*SCHEMES, *sorted(gone - {"", *SCHEMES}))}


def to_query(wanted: Filter) -> dict[str, list[str]]:
    """Return URL parameter -> values, without empty ones; `InputError` for more than `MOST_IDS` ids.

    >>> to_query(Filter(labels={"danger": ("-",)}, min_chars=3, recording_id=7, flagged=True))
    {'danger': ['-'], 'flagged': ['true'], 'call': ['7'], 'chars': ['3-']}
    """
    if len(wanted.ids) > MOST_IDS:
        raise InputError("an address holds at most {most} utterances by id; these are {n}", most=MOST_IDS,
                         n=len(wanted.ids))  # fmt: skip
    low, high = ("" if end is None else str(end) for end in (wanted.min_chars, wanted.max_chars))
    query = {label_key(name): list(codes) for name, codes in wanted.labels.items()}
    query |= {key: list(getattr(wanted, key)) for key in LIST_KEYS}
    values: dict[str, list[Any]] = {name: list(getattr(wanted, name)) for name in _NUMBERS}
    values |= {name: [getattr(wanted, name)] for name in (*_WORDS, *_FLAGS, *NUMBER_KEYS)}
    for name, chosen in values.items():
        query[_PARAMETERS.get(name, name)] = [_text(value) for value in chosen if value not in (None, "")]
    query |= {"text": [wanted.text] if wanted.text else [], "chars": [f"{low}-{high}"] if low or high else []}
    query["spacing"] = ["true"] if wanted.ignore_spacing else []
    return {key: values for key, values in query.items() if values}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def from_query(query: Mapping[str, Sequence[str]]) -> Filter:
    """Return the Filter of a URL or a saved view; unknown parameters and values without sense are left out.

    A value that nothing has is kept (a tag that is gone, the class of a scheme that is gone): it matches nothing.

    >>> from_query({"text": ["불"], "chars": ["3-"], "sort": ["text"]}).min_chars
    3
    """
    low, high = _lengths(query.get("chars", ())) or (None, None)
    more: dict[str, Any] = {key: tuple(query.get(key, ())) for key in LIST_KEYS}
    more |= {name: tuple(_numbers(query.get(_PARAMETERS.get(name, name), ()))) for name in _NUMBERS}
    more |= {name: _first(query, name, _WORD_OF.get(name, str)) or "" for name in _WORDS}
    more |= {name: _first(query, name, lambda value: _TRUTH[value]) for name in _FLAGS}
    more |= {name: _first(query, name, lambda value: _number("", value)) for name in NUMBER_KEYS}
    if not more["run"]:
        more |= {"target": "", "predicted": (), "wrong": None}
    return Filter(
        labels={name: tuple(query[key]) for name, key in _label_keys(query).items() if query.get(key)},
        text=next(iter(query.get("text", ())), ""), ignore_spacing="true" in query.get("spacing", ()),
        min_chars=low, max_chars=high, **more,
    )  # fmt: skip


def unread(query: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Return (parameter, value) of each value of a filter in a URL that `from_query` leaves out.

    >>> unread({"from": ["soon"], "source": ["3", "*"], "sort": ["text"], "page": ["2"], "flagged": [""]})
    [('source', '*'), ('from', 'soon')]
    """
    lost: list[tuple[str, str]] = []
    for key in query_keys(query):
        about = {"run": query.get("run", ())} if key != "run" else {}  # target, predicted and wrong are about it
        nothing, is_number = from_query(about), key in ("source", "id")
        for value in query.get(key, ()) if key not in ("chars", "spacing") else ():
            if value and (not is_id(value) if is_number else from_query({**about, key: [value]}) == nothing):
                lost.append((key, value))
    if query.get("chars") and _lengths(query["chars"]) is None:
        lost.append(("chars", "-".join(query["chars"])))
    return lost


def is_id(value: str) -> bool:
    """Whether a text is a number that a source or an utterance may have."""
    return re.fullmatch(r"[0-9]{1,18}", value) is not None


def _numbers(values: Sequence[str]) -> list[int]:
    return [int(value) for value in values if is_id(value)]


def _lengths(ends: Sequence[str]) -> tuple[int | None, int | None] | None:
    """Return the bounds that `chars` says, one span or two numbers as addresses had before; None without sense."""
    try:
        if len(ends) < 2:
            return _span(list(ends))
        low, high = (_number("chars", end) for end in ends)
    except (InputError, ValueError):
        return None
    if ends[1] == NO_BOUND:
        return low or None, None
    return min(low, high) or None, max(low, high)


def _first(query: Mapping[str, Sequence[str]], name: str, read: Callable[[str], Any]) -> Any:
    """Return the first value of a parameter as `read` reads it; None if it is missing or has no sense."""
    try:
        return read(next(iter(query.get(_PARAMETERS.get(name, name), ()))))
    except (StopIteration, InputError, UnknownName, KeyError):
        return None


_WORD_OF: Mapping[str, Callable[[str], str]] = {
    "since": lambda value: _time("from", value),
    "until": lambda value: _time("to", value),
    "comment": lambda value: _comment("comment", value),
    "target": lambda value: scheme(value).name,
}


# -- document


def to_document(wanted: Filter) -> dict[str, Any]:
    """Return the fields of `wanted` that are set, as JSON can hold them.

    >>> to_document(Filter(speaker=("caller",), min_chars=2))
    {'speaker': ['caller'], 'min_chars': 2}
    """
    default, document = Filter(), {}
    for condition in fields(Filter):
        value = getattr(wanted, condition.name)
        if value != getattr(default, condition.name):
            document[condition.name] = list(value) if isinstance(value, tuple) else value
    if "labels" in document:
        document["labels"] = {name: list(codes) for name, codes in wanted.labels.items()}
    return document


def from_document(document: Mapping[str, Any]) -> Filter:
    """Return the Filter that `to_document` was given; `UnknownName` if a Filter does not have a field.

    >>> from_document({"speaker": ["caller"], "labels": {"danger": ["-"]}}).labels
    {'danger': ('-',)}
    """
    names = [condition.name for condition in fields(Filter)]
    if unknown := [name for name in document if name not in names]:
        raise UnknownName("filter field", unknown[0], names)
    values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in document.items()}
    if "labels" in values:
        values["labels"] = {name: tuple(codes) for name, codes in document["labels"].items()}
    return Filter(**values)
