"""Decides which source a delivery belongs to: known by its content, an edition of a known source, or a source of its
own.

The name of a file alone does not tell: two folders may each hold a `labels.csv`, and one export may come again under
another name. So the content decides. The same content is the same source under any name. Other content under a known
name is compared with what is stored: if most of what they share has another text or another sound, it is another
delivery that shares the name, and becomes a source of its own, named apart; otherwise it is a newer edition, and what
differs are clashes. A name that a person gives always means the source of that name.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from core.ingest.archives import printable
from core.messages import Message
from core.records import NewRecording, NewUtterance, OnClash
from core.store import Comparison
from core.workflows.workspace import Workspace, now

_FAMILIES = (("table", "votes"),)  # kinds whose rows have the same keys
_LONGEST = 200
_MOST_COMPARED = 20  # sources of the same name

Compare = Callable[[str], Comparison]  # takes the name of a source, compares the delivery with what is stored for it


@dataclass(frozen=True, slots=True)
class NamedDelivery:
    """A delivery and what it is called.

    `asked`: a person gave the name. `part` is the sheet or list that is read, "" for the first or only one; `parts`
    says that there are several. `folder` is the name of the folder it lies in. `sounding`: its audio must be compared
    too, even if the table is the same. `former` are sources that earlier programs made of it under other names.
    """

    kind: str
    name: str
    sha256: str
    asked: bool = False
    part: str = ""
    parts: bool = False
    folder: str = ""
    sounding: bool = False
    former: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        """The name without what tells it from another delivery: every sheet but the first names itself."""
        return self.name if self.asked or not self.part else _cut(f"{self.name}/{printable(self.part)}")


@dataclass(frozen=True, slots=True)
class ChosenSource:
    """The name of a delivery's source. `note` says why it is another name than the delivery's; None if it is not.

    `new`: no source had this name when it was chosen.
    """

    name: str
    note: Message | None = None
    new: bool = False


def settle(
    ws: Workspace, delivered: NamedDelivery, compare: Compare, policy: OnClash, licence: str
) -> tuple[ChosenSource, int]:
    """Choose the source of a delivery and add it if it is new; return its id, too.

    If another import took the name in the meantime, the delivery gets another one.
    """
    taken: list[str] = []
    while True:
        chosen = choose(ws, delivered, compare, policy, taken)
        source_id = ws.store.corpus.add_source(chosen.name, delivered.kind, licence, delivered.sha256, now())
        if not chosen.new or delivered.asked or ws.store.deliveries.made_by(source_id) == delivered.sha256:
            ws.store.deliveries.add(source_id, delivered.name, delivered.sha256, delivered.part, now())
            return chosen, source_id
        taken.append(chosen.name)


def choose(
    ws: Workspace, delivered: NamedDelivery, compare: Compare, policy: OnClash = "report", taken: Sequence[str] = ()
) -> ChosenSource:
    """Return the source of a delivery; nothing is stored. With the policy "source", any clash makes a new source.

    `taken` are names that it must not have.
    """
    kinds = ws.store.deliveries.kinds() | dict.fromkeys(taken, "")
    if delivered.asked:
        return _asked(delivered, compare, kinds) if policy == "source" else ChosenSource(delivered.name)
    family = next((names for names in _FAMILIES if delivered.kind in names), (delivered.kind,))
    certain, likely = _same_content(ws, delivered, family)
    if policy != "source" and certain and not delivered.sounding:
        return _known(certain[0], delivered)
    alike = sorted((n for n, kind in kinds.items() if kind in family and _same_name(n, delivered)), key=_by_length)
    # A source of another kind may hold rows that an earlier program put there because of its name.
    foreign = [delivered.base] if kinds.get(delivered.base, family[0]) not in family else []
    candidates = list(dict.fromkeys([*certain, *likely, *alike, *delivered.former, *foreign]))[:_MOST_COMPARED]
    editions = [(name, found.same) for name in candidates if _is_edition(found := compare(name), policy)]
    if shared := [name for name, same in editions if same]:
        return _known(shared[0], delivered)
    if editions and editions[0][0] in (delivered.base, *certain) and editions[0][0] not in foreign:
        return _known(editions[0][0], delivered)
    free = next(name for name in _names(delivered) if name not in kinds)
    return ChosenSource(free, None if free == delivered.base else _apart(delivered.base, free), new=True)


def _numbered(name: str) -> Iterator[str]:
    """`name`, `name (2)`, `name (3)` …"""
    yield name
    for number in range(2, _MOST_COMPARED):
        yield _cut(name, f" ({number})")


def _by_length(name: str) -> tuple[int, str]:
    return len(name), name


def _asked(delivered: NamedDelivery, compare: Compare, kinds: Collection[str]) -> ChosenSource:
    """The source of the name that a person gave, or with a number after it if the delivery clashes with that."""
    for name in _numbered(delivered.name):
        if name not in kinds or not compare(name).clashes:
            break
    return ChosenSource(name, None if name == delivered.name else _apart(delivered.name, name))


def _apart(name: str, source: str) -> Message:
    return Message("another delivery is called {name}: this is the source {source}", name=name, source=source)


def register(ws: Workspace, source: str, delivered: NamedDelivery, licence: str) -> int:
    """Add the source if it is new, note that this delivery belongs to it, and return its id."""
    source_id = ws.store.corpus.add_source(source, delivered.kind, licence, delivered.sha256, now())
    ws.store.deliveries.add(source_id, delivered.name, delivered.sha256, delivered.part, now())
    return source_id


Records = tuple[Sequence[NewUtterance], Sequence[NewRecording]]


def apart(ws: Workspace, name: str, read: Callable[[], Iterable[Records]], plain: str | None = None) -> str:
    """Return the source of a delivery whose keys do not depend on its source, under the policy "source".

    It is `name` if nothing clashes, else the first `name (2)`, `name (3)` … under which nothing does. `read` reads the
    delivery from its start. In the source `plain` (by default `name`) keys are as delivered.
    """
    plain = name if plain is None else plain
    kinds = ws.store.deliveries.kinds()
    for candidate in _numbered(name):
        if candidate not in kinds:
            return candidate
        compared = (
            ws.store.corpus.compare([renamed(s, plain, candidate) for s in sentences],
                                    [renamed_recording(r, plain, candidate) for r in recordings])
            for sentences, recordings in read()
        )  # fmt: skip
        if not any(comparison.clashes for comparison in compared):
            return candidate
    return name


def renamed(item: NewUtterance, name: str, source: str) -> NewUtterance:
    """The utterance with the key that it has in `source`: its own, unless the source was told apart from `name`."""
    return item if source == name else replace(item, key=f"{item.key}@{source}")


def renamed_recording(item: NewRecording, name: str, source: str) -> NewRecording:
    """The recording and its utterances with the keys that they have in `source`."""
    if source == name:
        return item
    utterances = tuple(renamed(utterance, name, source) for utterance in item.utterances)
    return replace(item, key=f"{item.key}@{source}", utterances=utterances)


def _same_content(ws: Workspace, delivered: NamedDelivery, family: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The sources that got this very content, and those for which an earlier program did not note the sheet."""
    earlier = ws.store.deliveries.with_content(delivered.sha256, family)
    certain = [
        row.source for row in earlier if row.part == delivered.part or (row.part is None and not delivered.parts)
    ]
    return certain, [row.source for row in earlier if row.part is None and delivered.parts]


def _is_edition(comparison: Comparison, policy: OnClash) -> bool:
    """Whether the delivery is a newer edition of what it was compared with."""
    if policy == "source" and comparison.clashes:
        return False
    return comparison.other <= comparison.same and comparison.other_sounds <= comparison.same_sounds


def _known(name: str, delivered: NamedDelivery) -> ChosenSource:
    if name == delivered.base:
        return ChosenSource(name)
    return ChosenSource(name, Message("known by its content as the source {source}", source=name))


def _same_name(name: str, delivered: NamedDelivery) -> bool:
    """Whether a source has the delivery's name, also one that was named apart."""
    base = delivered.base
    return name == base or name.endswith(f"/{base}") or bool(re.fullmatch(re.escape(base) + r" \(\d+\)", name))


def _names(delivered: NamedDelivery) -> Iterator[str]:
    """The names that the source may get, the best first."""
    base = delivered.base
    yield base
    if folder := printable(" ".join(delivered.folder.split())):
        yield _cut(f"{folder}/{base}")
    number = 2
    while True:
        yield _cut(base, f" ({number})")
        number += 1


def _cut(name: str, end: str = "") -> str:
    return name[: _LONGEST - len(end)] + end
