"""Words and endings of dialects: `data/dialect.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "dialect.toml"


@dataclass(frozen=True, slots=True)
class Dialect:
    """`words`: noun or adverb -> word of the region; `endings`: ending -> `how it is written>how the region says it`.

    `past`: endings that the region has behind a past or a guess only; `tell_only`: endings that change in statements
    and requests, and stay in questions; `ask_only`: endings that change only where they ask for something.
    """

    name: str
    words: Mapping[str, str]
    endings: Mapping[str, str]
    past: Mapping[str, str]
    tell_only: frozenset[str]
    ask_only: frozenset[str]


@cache
def dialects() -> tuple[Dialect, ...]:
    """The dialects of the file."""
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        Dialect(
            name,
            dict(line.split() for line in part["words"].split("\n") if line),
            part["endings"],
            part.get("past", {}),
            frozenset(part.get("tell_only", "").split()),
            frozenset(part.get("ask_only", "").split()),
        )
        for name, part in document.items()
    )


def nouns_of_dialect(word: str) -> tuple[str, ...]:
    """What the regions say for `word`.

    >>> nouns_of_dialect("할머니")
    ('할매',)
    """
    return tuple(dict.fromkeys(dialect.words[word] for dialect in dialects() if word in dialect.words))
