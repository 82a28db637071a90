"""Read and write schemes as TOML files, and add classes for values that occur in data.

    name = "mood"            # a word
    ko = "기분"
    en = "Mood"              # the Korean title if absent
    level = "utterance"      # or recording
    kind = "single"          # or multi: several classes at once
    ordinal = true           # the classes have an order, as low, medium, high; false if absent
    guideline = "..."        # how curators decide: Markdown; empty if absent
    guideline_en = "..."     # the same for English readers; they read `guideline` if absent

    [[label]]                # in order: a class id is its position
    code = "good"            # stored: letters, digits, _ . -
    ko = "좋음"
    en = "Good"
    key = "g"                # review key: a letter or digit, not s, z, e
    color = "#0f8a5f"
    aliases = ["+", "좋다"]   # other spellings in deliveries
    critical = true          # at most one class: its recall is reported first
    guideline = "..."        # what belongs to this class, with examples: Markdown; empty if absent
    guideline_en = "..."     # the same for English readers

A label needs only `code` and `ko`; a missing key is the next free one, a missing colour comes from `PALETTE`. The store
holds the same document as JSON. A wrong file is a `BadRecord` that names file, field and reason.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, get_args

import tomli_w

from core.errors import BadRecord, InputError
from core.messages import Message, SchemeName, Word, within
from core.records import Level, Utterance
from core.schemes.classes import JOIN, SPARE_KEYS, Kind, Label, Scheme, State, tidy
from core.text.visible import folded, visible

PALETTE = ("#0f8a5f", "#dc2626", "#2563eb", "#b45309", "#7c3aed", "#0e7490", "#64748b")
LONGEST_FILE = 1 << 18
LONGEST_TITLE = 100
LONGEST_GUIDELINE = 20_000
MOST_CLASSES = 256
Guided = TypeVar("Guided", Scheme, Label)
GUIDELINES = ("guideline", "guideline_en")
_NAME = re.compile(r"[^\W_][\w-]{0,63}")
_CODE = re.compile(r"\w[\w.-]{0,199}")
_COLOR = re.compile(r"#[0-9a-f]{6}", re.I)
_RESERVED = frozenset(Utterance.__slots__)  # tables have these columns, and one column for each scheme
_TOP = {
    "name": str, "ko": str, "en": str, "level": str, "kind": str, "ordinal": bool, "guideline": str,
    "guideline_en": str, "label": list,
}  # fmt: skip
_LABEL = {
    "code": str, "ko": str, "en": str, "key": str, "color": str, "aliases": list, "critical": bool, "guideline": str,
    "guideline_en": str,
}  # fmt: skip


def usable_name(name: str) -> str:
    """Return the name of a scheme that stands for `name` in a delivery: `name` itself if a scheme may be called so.

    Other signs become `-`, and the name of a column that every table has gets `-label` after it.

    >>> usable_name("urgency"), usable_name("labels"), usable_name(" 긴급도 (콜) "), usable_name("?")
    ('urgency', 'labels-label', '긴급도-콜', 'label')
    """
    word = tidy(name)
    if not _NAME.fullmatch(word):
        word = re.sub(r"[^\w-]+|^_+", "-", word).strip("-_")[:64].rstrip("-_") or "label"
    return f"{word}-label" if word in _RESERVED else word


def parse_toml(text: str, where: str) -> Scheme:
    """Read and check the scheme in the TOML `text`; `where` is the name of the file, for errors."""
    if len(text) > LONGEST_FILE:
        raise BadRecord(
            where, "{n:,} characters; a scheme has at most {longest_file:,}", n=len(text), longest_file=LONGEST_FILE
        )
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"))
    except ValueError as error:  # TOMLDecodeError, and a number with thousands of digits
        raise BadRecord(where, "is not TOML: {error}", error=error) from error
    except RecursionError as error:
        raise BadRecord(where, "is nested too deeply") from error
    scheme = from_document(document, where)
    _check_spellings(scheme, [where] * len(scheme.labels), folded)
    return scheme


def to_toml(scheme: Scheme) -> str:
    """Write `scheme` as TOML. `parse_toml` reads the same scheme back, except for its `state`."""
    return tomli_w.dumps(to_document(scheme))


def to_document(scheme: Scheme) -> dict[str, Any]:
    """Return the document that a TOML file and the store hold."""
    labels = []
    for x in scheme.labels:
        aliases = [spelling for spelling, code in scheme.aliases if code == x.code]
        more: dict[str, Any] = {"aliases": aliases} if aliases else {}
        critical = {"critical": True} if x.code == scheme.critical else {}
        more |= critical | guidelines_of(x)
        labels.append({"code": x.code, "ko": x.ko, "en": x.en, "key": x.key, "color": x.color} | more)
    heading = {name: getattr(scheme, name) for name in ("name", "ko", "en", "level", "kind")}
    heading |= guidelines_of(scheme)
    return heading | ({"ordinal": True} if scheme.ordinal else {}) | {"label": labels}


def guidelines_of(of: Scheme | Label) -> dict[str, str]:
    """Return the guidelines of a scheme or a class that are not empty, by the names of their fields."""
    return {name: text for name in GUIDELINES if (text := getattr(of, name))}


def guided_as(of: Guided, other: Guided) -> Guided:
    """Return a scheme or a class with the guidelines of another one."""
    return replace(of, guideline=other.guideline, guideline_en=other.guideline_en)


def from_document(document: Mapping[str, Any], where: str, state: State = "active") -> Scheme:
    """Read and check the scheme of a parsed file, and fill in optional fields that are missing."""
    _fields(document, _TOP, ("name", "ko", "label"), where)
    name = document["name"]
    if not _NAME.fullmatch(name) or name != tidy(name):
        raise BadRecord(
            within(where, "name"), "{name!r} is no name: up to 64 letters, digits, _ and -, no spaces", name=name[:80]
        )
    if name in _RESERVED:
        raise BadRecord(
            within(where, "name"), "{name!r} is the name of a column of every table; choose another one", name=name
        )
    rows = document["label"]
    if not 1 <= len(rows) <= MOST_CLASSES:
        raise BadRecord(
            within(where, "label"),
            "{n} classes; a scheme has 1 to {most_classes}",
            n=len(rows),
            most_classes=MOST_CLASSES,
        )
    ko = _title(document["ko"], within(where, "ko"))
    places = [Message("{where}, label {n}", where=where, n=n) for n in range(1, len(rows) + 1)]
    for row, place in zip(rows, places, strict=True):
        if not isinstance(row, Mapping):
            raise BadRecord(place, "is no table: classes are written as [[label]] blocks")
        _fields(row, _LABEL, ("code", "ko"), place)
    critical = [row["code"] for row in rows if row.get("critical")]
    if len(critical) > 1:
        raise BadRecord(
            within(where, "critical"), "{critical}: at most one class is critical", critical=", ".join(critical)
        )
    scheme = Scheme(
        name=name, ko=ko, en=_title(document.get("en", ko), within(where, "en")),
        level=_one_of(document.get("level", "utterance"), get_args(Level), within(where, "level")),
        labels=_labels(rows, places), critical="".join(critical),
        aliases=tuple((_title(a, f"{p}, aliases"), r["code"]) for r, p in zip(rows, places, strict=True)
                      for a in r.get("aliases", ())),
        kind=_one_of(document.get("kind", "single"), get_args(Kind), within(where, "kind")), state=state,
        ordinal=document.get("ordinal", False),
        **_guidelines(document, where),
    )  # fmt: skip
    if scheme.ordinal and scheme.kind == "multi":
        raise BadRecord(
            within(where, "ordinal"), "several classes at once have no order; only a single scheme is ordinal"
        )
    _check_spellings(scheme, places, lambda text: tidy(text).casefold())
    return scheme


def _fields(row: Mapping[str, Any], known: Mapping[str, type], needed: tuple[str, ...], where: str) -> None:
    for name, value in row.items():
        if name not in known:
            raise BadRecord(within(where, name[:40]), "no such field; there are {known}", known=", ".join(known))
        if not isinstance(value, known[name]):
            kind = {str: "a text", list: "a list", bool: "true or false"}[known[name]]
            raise BadRecord(
                within(where, name), "expected {wanted}, found {value!r}", wanted=Word(kind), value=str(value)[:40]
            )
    if missing := [name for name in needed if name not in row]:
        raise BadRecord(within(where, missing[0]), "is missing")


def _one_of(value: str, known: tuple[Any, ...], where: str) -> Any:
    if value not in known:
        raise BadRecord(where, "{value!r} is not one of {known}", value=value[:40], known=", ".join(known))
    return value


def _title(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise BadRecord(where, "expected a text, found {value!r}", value=str(value)[:40])
    if not (text := tidy(value)):
        raise BadRecord(where, "is empty")
    if len(text) > LONGEST_TITLE:
        raise BadRecord(where, "{n} characters; at most {longest_title}", n=len(text), longest_title=LONGEST_TITLE)
    if wrong := [c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]:
        raise BadRecord(where, "holds the control character U+{code:04X}", code=ord(wrong[0]))
    return text


def _labels(rows: list[Mapping[str, Any]], places: Sequence[str]) -> tuple[Label, ...]:
    keys = _keys([str(row.get("key", "")).lower() for row in rows], places)
    labels = []
    for n, (row, place) in enumerate(zip(rows, places, strict=True)):
        code, color = row["code"], row.get("color") or PALETTE[n % len(PALETTE)]
        if not _CODE.fullmatch(code) or code != tidy(code):
            raise BadRecord(
                within(place, "code"), "{code!r} is no code: letters, digits, _ . - and no spaces", code=code[:80]
            )
        if not _COLOR.fullmatch(color):
            raise BadRecord(within(place, "color"), "{color!r} is no colour; write #rrggbb", color=color[:40])
        ko = _title(row["ko"], within(place, "ko"))
        en = _title(row.get("en") or ko, within(place, "en"))
        labels.append(Label(code, ko, en, keys[n], color.lower(), **_guidelines(row, place)))
    return tuple(labels)


def _guidelines(row: Mapping[str, Any], where: str) -> dict[str, str]:
    return {name: _guideline(row.get(name, ""), within(where, name)) for name in GUIDELINES}


def _guideline(value: str, where: str) -> str:
    """Return a guideline with plain line ends and without space around it; control characters are refused."""
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if len(text) > LONGEST_GUIDELINE:
        raise BadRecord(where, "{n:,} characters; at most {most:,}", n=len(text), most=LONGEST_GUIDELINE)
    if wrong := [c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]:
        raise BadRecord(where, "holds the control character U+{code:04X}", code=ord(wrong[0]))
    return text


def with_guidelines(scheme: Scheme, text: str, of_classes: Mapping[str, str], language: str = "ko") -> Scheme:
    """Return `scheme` with other guidelines: `text` of the scheme, and code -> text; classes not named keep theirs.

    The texts are those that a reader of `language` sees. A guideline that has an English text of its own changes in
    one language; any other is one text for every reader. `BadRecord` for a text that is too long or holds control
    characters, or a scheme that would no longer fit into a file; `UnknownName` for an unknown class.
    """
    for code in of_classes:
        scheme.index(code)
    labels = tuple(
        _rewritten(x, of_classes.get(x.code, x.guide(language)), f"{scheme.name}, {x.code}", language)
        for x in scheme.labels
    )
    changed = replace(_rewritten(scheme, text, scheme.name, language), labels=labels)
    if (n := len(to_toml(changed))) > LONGEST_FILE:
        raise BadRecord(
            scheme.name, "{n:,} characters; a scheme has at most {longest_file:,}", n=n, longest_file=LONGEST_FILE
        )
    return changed


def _rewritten(of: Guided, text: str, where: str, language: str) -> Guided:
    text = _guideline(text, where)
    if text == of.guide(language):
        return of
    return replace(of, guideline_en=text) if language != "ko" and of.guideline_en else replace(of, guideline=text)


def _keys(given: list[str], places: Sequence[str]) -> list[str]:
    """Replace each empty key of `given` by the next free one, or by "" if none is left."""
    for n, key in enumerate(given):
        if key and (len(key) != 1 or key not in SPARE_KEYS):
            raise BadRecord(
                within(places[n], "key"), "{key!r} is no key: one letter or digit, not s, z, e", key=key[:20]
            )
        if key and key in given[:n]:
            raise BadRecord(
                within(places[n], "key"),
                "{key!r} is the key of label {number} already",
                key=key,
                number=given.index(key) + 1,
            )
    free = iter(key for key in SPARE_KEYS if key not in given)
    return [key or next(free, "") for key in given]


def _check_spellings(scheme: Scheme, places: Sequence[str], key: Callable[[str], str]) -> None:
    """Refuse a scheme in which one spelling stands for two classes: an answer in a file would be ambiguous.

    Spellings with the same `key` are one.
    """
    code_of: dict[str, str] = {}
    spellings = [(n, x.code, text) for n, x in enumerate(scheme.labels) for text in (x.code, x.ko, x.en)]
    spellings += [(scheme.index(code), code, alias) for alias, code in scheme.aliases]
    for n, code in enumerate(scheme.codes):
        if code in scheme.codes[:n]:
            raise BadRecord(within(places[n], "code"), "{code!r} is the code of two classes", code=code)
    for n, code, text in spellings:
        if scheme.kind == "multi" and JOIN in text:
            raise BadRecord(
                places[n],
                "{text!r} holds {join!r}, which stands between the classes of a multi scheme",
                text=text,
                join=JOIN,
            )
        if code_of.setdefault(key(text), code) != code:
            other = code_of[key(text)]
            raise BadRecord(
                places[n], "{text!r} means class {other!r} already; a spelling means one class", text=text, other=other
            )


def extend_scheme(scheme: Scheme, values: Iterable[str]) -> Scheme:
    """Return `scheme` with a new class for each value that is no class of it yet.

    The code of a new class is the `slug` of the value; the value itself is its title and an alias. `InputError` if the
    scheme would have more than `MOST_CLASSES` classes.
    """
    titles: dict[str, str] = {}
    for value in values:
        text = _title(visible(value), f"scheme {scheme.name}, value {value[:40]!r}")
        if scheme.find(text) is None:
            titles.setdefault(folded(text), text)
    if len(scheme.labels) + len(titles) > MOST_CLASSES:
        raise InputError(
            "scheme {scheme}: {n:,} different values, a scheme has at most {most_classes} classes; "
            "is this a column of labels?",
            scheme=SchemeName(scheme.name),
            n=len(scheme.labels) + len(titles),
            most_classes=MOST_CLASSES,
        )
    document = to_document(scheme)
    rows = list(document["label"])
    taken = {*map(folded, scheme.spellings), *titles}
    for title in titles.values():
        code = _free_code(slug(title), taken - {folded(title)})
        taken.add(folded(code))
        rows.append({"code": code, "ko": title, "aliases": [title]})
    return replace(from_document(document | {"label": rows}, scheme.name), state=scheme.state)


def slug(value: str) -> str:
    """Return a code for a value: each illegal character becomes `_` + its code point in hexadecimal + `_`.

    >>> slug("당황/난처"), slug("-1"), slug("joy")
    ('당황_2f_난처', '_2d_1', 'joy')
    """
    text = tidy(value)
    escaped = (c if re.match(r"\w" if at == 0 else r"[\w.-]", c) else f"_{ord(c):x}_" for at, c in enumerate(text))
    return "".join(escaped)[:200]


def _free_code(code: str, taken: set[str]) -> str:
    """Return `code`, with a number after it if another class has this spelling."""
    n, free = 1, code
    while folded(free) in taken:
        n += 1
        free = f"{code[:190]}_{n}"
    return free
