"""What a batch or an import reports: items that could not be used, known keys with other content, counts.

They are part of `core.records`, which names them too.
"""

from dataclasses import dataclass, field
from typing import Literal

OnClash = Literal["report", "propose", "source"]  # what an import does with a known key that has other content


@dataclass(frozen=True, slots=True)
class Skip:
    """One item of a batch that could not be used."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which a delivery differs from an earlier one under the same key.

    `field` is text, start_ms, end_ms, speaker, label:SCHEME or audio: a SHA-256, or the key of another recording.
    """

    field: str
    before: str | int | None
    after: str | int | None


@dataclass(frozen=True, slots=True)
class Clash:
    """A known key that a delivery gives with other content. It is of a recording if `utterance_id` is None."""

    key: str
    utterance_id: int | None
    recording_id: int | None
    where: str
    differences: tuple[Difference, ...]


@dataclass(slots=True)
class Report:
    """The result of a batch: counts of new (`added`) and already present (`known`) records, the items that could not be
    used (`skipped`), and counts of remarkable facts about items that were used (`notes`).

    `clashed` counts known keys with other content: `clashes` are the first, `differing` counts them by field.
    `labels_added` counts labels that known items got because nobody had given them one.
    """

    added: int = 0
    known: int = 0
    skipped: list[Skip] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    clashed: int = 0
    labels_added: int = 0
    differing: dict[str, int] = field(default_factory=dict)

    def note(self, what: str, n: int = 1) -> None:
        """Add `n` to the count of the note `what`."""
        self.notes[what] = self.notes.get(what, 0) + n
