"""What groups the rows of a table: which persons stand for which recordings, and what the import says about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from core.ingest.tables import Row, Table
from core.ingest.tables.row_parser import Columns, GroupedBy, ParsedRow, cell_text, is_nothing
from core.messages import Message, Word
from core.speakers import names_a_person
from core.split import PUBLISHED

SHOWN_ROLES = 5


@dataclass(slots=True)
class Grouping:
    """What a split will not cut, counted in rows.

    `by`: the group column, the speaker, the recording or the row itself. `roles` are the first speakers that name a
    role and so group nothing. `published` counts the rows of each side of the published split.
    """

    by: dict[GroupedBy, int] = field(default_factory=dict)
    roles: list[str] = field(default_factory=list)
    published: dict[str, int] = field(default_factory=dict)

    def counted(self, rows: Iterator[ParsedRow]) -> Iterator[ParsedRow]:
        """Count the rows and yield them."""
        for row in rows:
            self.by[row.grouped_by] = self.by.get(row.grouped_by, 0) + 1
            for tag in row.utterance.tags:
                side = tag.removeprefix(PUBLISHED)
                self.published[side] = self.published.get(side, 0) + 1
            speaker = row.utterance.speaker
            if speaker and len(self.roles) < SHOWN_ROLES and speaker not in self.roles and not names_a_person(speaker):
                self.roles.append(speaker)
            yield row

    def add(self, other: "Grouping") -> None:
        """Add the counts of another table, or of another sheet."""
        for kind, n in other.by.items():
            self.by[kind] = self.by.get(kind, 0) + n
        for side, n in other.published.items():
            self.published[side] = self.published.get(side, 0) + n
        self.roles = list(dict.fromkeys((*self.roles, *other.roles)))[:SHOWN_ROLES]

    def sentences(self) -> list[Message]:
        """What groups the rows, a sentence for each kind of group that they have, and the published split."""
        n = {kind: f"{rows:,}" for kind, rows in self.by.items()}
        lines = {
            "group": Message("grouped by the group column: {n} rows", n=n.get("group")),
            "speaker": Message(
                "grouped by the speaker, who names a person (a group column would decide instead): {n} rows",
                n=n.get("speaker"),
            ),
            "recording": Message("grouped by the recording: {n} rows", n=n.get("recording")),
            "row": Message("each row its own group: {n} rows", n=n.get("row")),
        }
        sentences = [line for kind, line in lines.items() if kind in n]
        if self.roles:
            roles = ", ".join(self.roles)
            sentences.append(Message("speakers that name a role, so they group nothing: {roles}", roles=roles))
        return sentences + [
            Message("published split, {side}: {n:,} rows", side=Word(side), n=rows)
            for side, rows in self.published.items()
        ]


def persons_of(table: Table, columns: Columns, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Map each recording in which a person speaks to the person who stands for it; nothing if a group column decides.

    `names` maps a spelling of a recording to its name, where they differ.
    Persons who share a recording, also through others, have one stand-in: the first of their names in order.
    """
    if columns.recording is None or columns.speaker is None or columns.group is not None:
        return {}
    stands_for: dict[str, str] = {}
    heard: dict[str, str] = {}
    for row in table.rows():
        if not isinstance(row, Row):
            continue
        recording, speaker = cell_text(row, columns.recording), cell_text(row, columns.speaker)
        if recording and speaker and names_a_person(speaker) and not is_nothing(speaker):
            recording = (names or {}).get(recording, recording)
            first, second = sorted(_root(stands_for, name) for name in (heard.setdefault(recording, speaker), speaker))
            stands_for[second] = first
    return {recording: _root(stands_for, person) for recording, person in heard.items()}


def _root(stands_for: dict[str, str], person: str) -> str:
    """The person who stands for `person`; the chain of stand-ins is shortened on the way."""
    while (above := stands_for.setdefault(person, person)) != person:
        stands_for[person] = stands_for[above]
        person = above
    return person
