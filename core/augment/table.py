"""The reviewed table of synonyms: `data/synonyms/*.toml`, one part of speech a file.

`a = b = c`: each may stand for the others. `a > b, c`: b and c may stand for a, not the other way. The words are stems
as the analyser gives them; `nouns.toml` explains which nouns are left out and why.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "data" / "synonyms"
BESIDE = "beside"  # the group of nouns that may be replaced behind a noun without a particle too: 집 근처
REQUEST = "request"  # the group of adverbs that may be replaced only where somebody is asked to do something
ALONE = "alone"  # the group of adverbs that may be replaced only where no noun stands beside them


@dataclass(frozen=True, slots=True)
class Entry:
    """`word` may be replaced by `by`; `group` is its table in the file."""

    word: str
    by: str
    part: str
    group: str


@cache
def entries() -> tuple[Entry, ...]:
    """Every single replacement that the files allow, in their order."""
    return tuple(entry for path in sorted(FOLDER.glob("*.toml")) for entry in _read(path))


@cache
def synonyms(part: str) -> Mapping[str, tuple[str, ...]]:
    """Word -> the words that may stand for it, for one part of speech.

    >>> synonyms("noun")["계란"], synonyms("adverb")["굳이"]
    (('달걀',), ('구태여',))
    """
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries():
        if entry.part == part:
            found[entry.word] = (*found.get(entry.word, ()), entry.by)
    return found


@cache
def in_group(group: str) -> frozenset[str]:
    """The words of one group of the files, such as `BESIDE`."""
    return frozenset(entry.word for entry in entries() if entry.group == group)


def _read(path: Path) -> Iterator[Entry]:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    part = document.pop("part")
    for group, text in document.items():
        for line in filter(None, text.splitlines()):
            for word, by in _pairs(line):
                yield Entry(word, by, part, group)


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    head, one_way, others = line.partition(">")
    if one_way:
        yield from ((head.strip(), word.strip()) for word in others.split(","))
        return
    group = [word.strip() for word in line.split("=")]
    yield from ((a, b) for a in group for b in group if a != b)
