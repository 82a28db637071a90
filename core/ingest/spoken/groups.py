"""Which recordings a split must not part: those in which the same person speaks.

A name that only counts the speakers of one file (`SPEAKER_00`, `화자 2` of two) names nobody outside it, neither does a
role. Persons who share a recording, also through others, are one group.
"""

import re
from collections.abc import Iterable

from core.speakers import ROLES, names_a_person

_NUMBERED = re.compile(r"(.*?\w)[\s_#-]*(\d{1,3})")


def persons(speakers: Iterable[str | None], by_machine: bool) -> set[str]:
    """Those of the `speakers` of one file who are persons.

    >>> sorted(persons(["김민수", "화자1", "신고자"], False)), persons(["SPEAKER_00", "김"], True)
    (['김민수'], set())
    >>> persons(["speaker 1", "speaker 2"], False), persons(["speaker 17"], False)
    (set(), {'speaker 17'})
    """
    distinct = {speaker for speaker in speakers if speaker}
    if by_machine:
        return set()
    return {name for name in distinct if names_a_person(name) and not _counts(name, len(distinct))}


def _counts(name: str, n_speakers: int) -> bool:
    """Whether `name` is a role with a number that only counts the speakers of its file."""
    numbered = _NUMBERED.fullmatch(name.strip().casefold())
    return numbered is not None and numbered[1] in ROLES and int(numbered[2]) <= n_speakers


class Groups:
    """Persons who were heard together; one of them stands for all."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def join(self, names: Iterable[str]) -> None:
        """Note that `names` are heard in one recording."""
        roots = sorted({self.root(name) for name in names})
        self._above.update(dict.fromkeys(roots[1:], roots[0]) if roots else {})

    def root(self, name: str) -> str:
        """The person who stands for `name`; the chain of stand-ins is shortened on the way."""
        while (above := self._above.setdefault(name, name)) != name:
            self._above[name] = self._above[above]
            name = above
        return name
