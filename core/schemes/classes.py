"""What a Scheme is: Label, Scheme, how an answer is spelt and stored, and how a scheme may grow.

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

Kind = Literal["single", "multi"]
State = Literal["proposed", "active"]

JOIN = "|"
SPARE_KEYS = "1234567890dnqwtyuiopghjklxvbmacfr"  # what the commands of the review page leave: not s, z, e


def tidy(text: str) -> str:
    """`text` in NFC with single spaces; what two spellings of one value have in common."""
    return " ".join(unicodedata.normalize("NFC", text).split())


@dataclass(frozen=True, slots=True)
class Label:
    """`code` is stored, `ko`/`en` are shown, `key` is the review key ("" for none), `color` is `#rrggbb`."""

    code: str
    ko: str
    en: str
    key: str
    color: str

    def title(self, language: str) -> str:
        return self.ko if language == "ko" else self.en


@dataclass(frozen=True)
class Scheme:
    """`critical` is the class whose recall is reported first; `aliases` maps spellings found in deliveries to codes.

    `ordinal`: the classes stand in an order, and a neighbour is nearer than the next but one (agreement weighs by it).
    A `proposed` scheme was made from found values and waits for a person; nothing is trained on it before.
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

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(label.code for label in self.labels)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {code: place for place, code in enumerate(self.codes)}

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Every way to write a class, case folded, with its code."""
        names = {tidy(n).casefold(): x.code for x in self.labels for n in (x.code, x.ko, x.en)}
        return names | {tidy(alias).casefold(): code for alias, code in self.aliases}

    def title(self, language: str) -> str:
        return self.ko if language == "ko" else self.en

    def label(self, code: str) -> Label:
        return self.labels[self.index(code)]

    def index(self, code: str) -> int:
        """Class id of `code`; `UnknownName` lists the legal ones."""
        if code not in self._place:
            raise UnknownName(Message("{name} class", name=SchemeName(self.name)), code, self.codes)
        return self._place[code]

    def parse(self, raw: str) -> str:
        """The code that `raw` (a code, a Korean or English name, an alias) means; of a multi scheme, joined codes.

        >>> from core.schemes import DANGER, URGENCY
        >>> URGENCY.parse("상"), DANGER.parse(" Danger ")
        ('high', 'danger')
        """
        whole = self.spellings.get(tidy(raw).casefold())
        if whole is None and self.kind == "multi" and JOIN in raw:
            return self.join(self._one(part) for part in raw.split(JOIN))
        return whole or self._one(raw)

    def _one(self, raw: str) -> str:
        found = self.spellings.get(tidy(raw).casefold())
        if found is None:
            raise UnknownName(
                Message("{name} class", name=SchemeName(self.name)), raw, tuple(x.ko for x in self.labels)
            )
        return found

    def join(self, codes: Iterable[str]) -> str:
        """Codes as they are stored: once each, in class order."""
        return JOIN.join(sorted(set(codes), key=self.index))


def parts(stored: str) -> tuple[str, ...]:
    """The codes of a stored answer.

    >>> parts("anger|joy"), parts("joy")
    (('anger', 'joy'), ('joy',))
    """
    return tuple(stored.split(JOIN))


def check_growth(old: Scheme, new: Scheme) -> None:
    """`InputError` where `new` is not `old` with other titles, keys, colours and more classes at the end."""
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
