"""Scheme and Label, the spellings and the stored form of an answer, and which changes a scheme may have.

Several classes of one target (a `multi` scheme) are stored as one string, codes joined by `|` in class order.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from core.errors import InputError, UnknownName
from core.messages import ClassName, Message, SchemeName, Word
from core.records import Level
from core.text.visible import folded

Kind = Literal["single", "multi"]
State = Literal["proposed", "active"]

JOIN = "|"
SPARE_KEYS = "1234567890dnqwtyuiopghjklxvbmacfr"  # all keys but s, z and e, which are commands of the review page


def tidy(text: str) -> str:
    """Return `text` in NFC with single spaces, so that two spellings of one value become equal."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@dataclass(frozen=True, slots=True)
class Label:
    """A class of a scheme. `code` is stored, `ko` and `en` are its titles.

    `key` is the review key ("" for none), `color` is `#rrggbb`. `guideline` says with examples what belongs to the
    class (Markdown); `guideline_en` says it in English, "" where one text is for every reader.
    """

    code: str
    ko: str
    en: str
    key: str
    color: str
    guideline: str = ""
    guideline_en: str = ""

    def title(self, language: str) -> str:
        """The title in Korean for "ko", else in English."""
        return self.ko if language == "ko" else self.en

    def guide(self, language: str) -> str:
        """The guideline for a reader of `language`: the English one for others than Korean, if there is one."""
        return in_language(self, language)


@dataclass(frozen=True)
class Scheme:
    """A closed, ordered list of classes; the position of a class is its id.

    `critical` is the class whose recall is reported first, "" for none. `aliases` holds pairs of a spelling that occurs
    in deliveries and its code. `ordinal` says that the classes have an order, as low, medium, high; agreement then
    weighs a disagreement by its distance. The program made a `proposed` scheme from values in data; no model is trained
    on it until a person confirms it. `guideline` and `guideline_en` say how curators decide, as those of a Label do.
    """

    name: str
    ko: str
    en: str
    level: Level
    labels: tuple[Label, ...]
    critical: str = ""
    aliases: tuple[tuple[str, str], ...] = ()
    kind: Kind = "single"
    state: State = "active"
    ordinal: bool = False
    guideline: str = ""
    guideline_en: str = ""

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The codes in class order."""
        return tuple(label.code for label in self.labels)

    @cached_property
    def _id_of(self) -> dict[str, int]:
        return {code: class_id for class_id, code in enumerate(self.codes)}

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Each spelling of a class (code, titles, aliases), case folded, with its code."""
        names = {tidy(n).casefold(): x.code for x in self.labels for n in (x.code, x.ko, x.en)}
        return names | {tidy(alias).casefold(): code for alias, code in self.aliases}

    @cached_property
    def _looks(self) -> dict[str, str]:
        """Each spelling by `folded` with its code, but for those that several classes share (in old workspaces)."""
        codes: dict[str, set[str]] = {}
        for spelling, code in self.spellings.items():
            codes.setdefault(folded(spelling), set()).add(code)
        return {look: of.pop() for look, of in codes.items() if len(of) == 1}

    def find(self, raw: str) -> str | None:
        """Return the code of one spelling, None if there is none. Hidden characters and width make no difference."""
        return self.spellings.get(tidy(raw).casefold()) or self._looks.get(folded(raw))

    def title(self, language: str) -> str:
        """The title in Korean for "ko", else in English."""
        return self.ko if language == "ko" else self.en

    def guide(self, language: str) -> str:
        """The guideline for a reader of `language`: the English one for others than Korean, if there is one."""
        return in_language(self, language)

    def label(self, code: str) -> Label:
        """Return the class with this code; `UnknownName` if the scheme does not have it."""
        return self.labels[self.index(code)]

    def index(self, code: str) -> int:
        """Return the class id of `code`; `UnknownName` if the scheme does not have it."""
        if code not in self._id_of:
            raise UnknownName(Message("{name} class", name=SchemeName(self.name)), code, self.codes)
        return self._id_of[code]

    def parse(self, raw: str) -> str:
        """Return the code of `raw`: a code, a Korean or English title, or an alias. `UnknownName` for anything else.

        In a multi scheme `raw` may hold several of these, joined by `|`; the result is joined too.

        >>> from core.schemes import DANGER, URGENCY
        >>> URGENCY.parse("상"), DANGER.parse(" Danger ")
        ('high', 'danger')
        """
        code = self.find(raw)
        if code is None and self.kind == "multi" and JOIN in raw:
            return self.join(self._code_of(part) for part in raw.split(JOIN))
        return code or self._code_of(raw)

    def _code_of(self, raw: str) -> str:
        code = self.find(raw)
        if code is None:
            raise UnknownName(
                Message("{name} class", name=SchemeName(self.name)), raw, tuple(x.ko for x in self.labels)
            )
        return code

    def join(self, codes: Iterable[str]) -> str:
        """Join `codes` as they are stored: each once, in class order."""
        return JOIN.join(sorted(set(codes), key=self.index))


def in_language(of: Label | Scheme, language: str) -> str:
    """Return the guideline of a scheme or a class for a reader of `language`."""
    return of.guideline if language == "ko" else of.guideline_en or of.guideline


def split_codes(stored: str) -> tuple[str, ...]:
    """Return the codes of a stored answer.

    >>> split_codes("anger|joy"), split_codes("joy")
    (('anger', 'joy'), ('joy',))
    """
    return tuple(stored.split(JOIN))


def check_growth(old: Scheme, new: Scheme) -> None:
    """Refuse a wrong change of a scheme.

    `new` may have other titles, keys and colours than `old`, and more classes at the end. Any other difference is an
    `InputError`.
    """
    for what in ("name", "kind", "level"):
        if (was := getattr(old, what)) != (now := getattr(new, what)):
            raise InputError(
                "scheme {name}: its {what} is {was!r} and cannot become {now!r}; add another scheme",
                name=SchemeName(old.name),
                what=Word(what),
                was=Word(was),
                now=Word(now),
            )
    for place, code in enumerate(old.codes):
        if new.codes[place : place + 1] == (code,):
            continue
        moved = code in new.codes and Message("was moved to place {place}", place=new.index(code) + 1)
        raise InputError(
            "scheme {name}: class {code!r} of place {place} {how}; a class keeps its place, which is "
            "its number in every snapshot and model: append new classes at the end, rename titles as "
            "you like",
            name=SchemeName(old.name),
            code=ClassName(old.name, code),
            place=place + 1,
            how=moved or Message("is gone"),
        )
