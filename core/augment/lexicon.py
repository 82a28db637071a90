"""Guarded words of a Scheme: words of danger, and words that say there is none. No variant gains or loses one of them.

A lexicon is a TOML file of tables of words, grouped for the reader; `data/lexicons` has those of the program, and a
workspace may have its own. A word stands under the beginnings by which a text shows it (`아프:아프,아파`), or under
itself. Above the tables: `include` names lexicons of the program, `same` lists words that may stand for each other
(구급차, 앰뷸런스), `apart` words that only begin like a guarded one (불편), `endings` ends of words that change a label
(a condition, a pretence).
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.text import nfc

FOLDER = Path(__file__).parent / "data" / "lexicons"
GENERAL = "danger"  # the lexicon of a Scheme that has none of its own
_FAMILIES = {"emotion-dialogue": "emotion", "emotion-diary": "emotion", "sentiment": "emotion"}
_LISTS = ("include", "same", "endings")
_HEAD = (*_LISTS, "apart")
_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, eq=False)
class Lexicon:
    """`starts`: the beginning of a word in a text -> the guarded word; `endings`: ends of words that change a label.

    >>> danger = Lexicon.of("danger")
    >>> danger.found("아파서"), danger.found("앰뷸런스를"), danger.found("커피를"), danger.found("불이")
    ('아프', '구급차', '', '불')
    """

    name: str
    starts: Mapping[str, str]
    endings: tuple[str, ...] = ()

    @staticmethod
    @cache
    def of(scheme: str) -> "Lexicon":
        """The program's lexicon of `scheme`; that of danger for a Scheme that has none."""
        name = _FAMILIES.get(scheme, scheme)
        path = FOLDER / f"{name}.toml"
        return _bundled(name if re.fullmatch(r"[\w-]+", name) and path.is_file() else GENERAL)

    @staticmethod
    def read(path: Path) -> "Lexicon":
        """The lexicon in a file of the workspace; `InputError` names what is wrong in it."""
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError("{file} is no lexicon: {reason}", file=path.name, reason=str(error)) from error
        return _made(path.stem, path.name, document)

    @cached_property
    def words(self) -> frozenset[str]:
        """The guarded words themselves: nouns, and stems of verbs and adjectives."""
        return frozenset(word for word in self.starts.values() if word)

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.starts), default=0)

    def found(self, word: str) -> str:
        """The guarded word with which `word` of a text begins; "" if there is none. The longest beginning counts."""
        bare = _LETTERS.sub("", word)
        for length in range(min(self._longest, len(bare)), 0, -1):
            if (guarded := self.starts.get(bare[:length])) is not None:
                return guarded
        return ""

    def ends(self, word: str) -> str:
        """The end by which `word` changes a label, such as 면; "" if there is none."""
        bare = _LETTERS.sub("", word)
        if self._is_apart(bare):
            return ""
        return next((end for end in self.endings if bare.endswith(end)), "")

    def _is_apart(self, bare: str) -> bool:
        return any(self.starts.get(bare[:length]) == "" for length in range(2, len(bare) + 1))

    def count(self, items: Iterable[tuple[str, Iterable[str]]]) -> Counter[str]:
        """How often each guarded word occurs in words of a text, given as (word, its morphemes)."""
        found: Counter[str] = Counter()
        for word, morphemes in items:
            hit = self.found(word) or next((self.starts[form] for form in morphemes if self.starts.get(form)), "")
            found.update([hit] if hit else ())
            if end := self.ends(word):
                found[f"-{end[0]}"] += 1
        return found


@cache
def _bundled(name: str) -> Lexicon:
    return Lexicon.read(FOLDER / f"{name}.toml")


def _made(name: str, file: str, document: Mapping[str, Any]) -> Lexicon:
    for key, value in document.items():
        if key in _LISTS and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise InputError("{file}: {key} is not a list of texts", file=file, key=key)
        if key not in _HEAD and not (isinstance(value, dict) and all(isinstance(v, str) for v in value.values())):
            raise InputError("{file}: {key} is not a table of words", file=file, key=key)
    parents = [_included(file, parent) for parent in document.get("include", ())]
    starts = {start: word for parent in parents for start, word in parent.starts.items()}
    tables = [table for key, table in document.items() if key not in _HEAD]
    for text in (text for table in tables for text in table.values()):
        starts |= dict(_starts(nfc(text)))
    for group in document.get("same", ()):
        first, *others = nfc(group).split()
        starts = {start: first if word in others else word for start, word in starts.items()}
        starts |= dict.fromkeys((first, *others), first)
    starts |= dict.fromkeys((word for word in nfc(str(document.get("apart", ""))).split()), "")
    endings = [*(end for parent in parents for end in parent.endings), *document.get("endings", ())]
    if not starts:
        raise InputError("{file} has no words", file=file)
    return Lexicon(name, starts, tuple(sorted(dict.fromkeys(endings), key=len, reverse=True)))


def _included(file: str, name: str) -> Lexicon:
    if not (re.fullmatch(r"[\w-]+", name) and (FOLDER / f"{name}.toml").is_file()):
        known = ", ".join(sorted(path.stem for path in FOLDER.glob("*.toml")))
        raise InputError("{file}: there is no lexicon {name!r}; known: {known}", file=file, name=name, known=known)
    return _bundled(name)


def _starts(text: str) -> Iterator[tuple[str, str]]:
    for item in text.split():
        word, _, starts = item.partition(":")
        for start in (word, *starts.split(",")):
            if start:
                yield start, word
