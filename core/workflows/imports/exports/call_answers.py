"""Collects what a project says about whole recordings: answers beside its regions, which are labels of the recording.

A label that a project gives beside regions is one of recordings in the whole file: also where a recording has no
regions and is a single utterance, unless utterances have a label of that name too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.ingest.exports.rows import ExportedRow
from core.schemes import Scheme

Reading = tuple[Scheme, Callable[[str], str]]  # a scheme, and the function that turns a value into a code
Ref = str | int  # how a row names its recording


@dataclass(slots=True)
class CallAnswers:
    """The answers about recordings in a file. `values` are those of each scheme.

    `mixed` are the schemes under which two rows of one recording have different values, so that they cannot be labels
    of recordings. `schemes` is filled in when the whole file was read.
    """

    values: dict[str, dict[str, None]] = field(default_factory=dict)
    mixed: set[str] = field(default_factory=set)
    schemes: Mapping[str, Reading] = field(default_factory=dict)
    _labels: dict[Ref, dict[str, str]] = field(default_factory=dict)
    _disputed: dict[Ref, set[str]] = field(default_factory=dict)
    _of_utterances: set[str] = field(default_factory=set)

    def add(self, row: ExportedRow) -> None:
        """Collect the answers of a row."""
        if not row.whole:
            self._of_utterances.update(row.labels)
        if not row.recording_labels and not row.votes:
            return
        votes = [(vote.scheme, vote.value) for vote in row.votes if vote.of_recording]
        for name, value in [*row.recording_labels.items(), *votes]:
            self.values.setdefault(name, {})[value] = None
        if row.recording is not None and row.recording_labels:
            self._labels.setdefault(row.recording, {}).update(row.recording_labels)
            self._disputed.setdefault(row.recording, set()).update(row.recording_disputed)

    def settle(self, values: dict[str, dict[str, None]]) -> None:
        """Take over the `values` of schemes that are of recordings everywhere; call it after the last row."""
        for name in self.values.keys() & values.keys() - self._of_utterances:
            self.values[name] |= values.pop(name)

    def labels_of(self, recording: Ref | None) -> tuple[dict[str, str], tuple[str, ...]]:
        """scheme -> code for a recording, and the names of the schemes that are disputed."""
        labels = self._labels.get(recording, {}) if recording is not None else {}
        usable = {name: self.schemes[name] for name in labels if name in self.schemes}
        codes = {known.name: code for name, (known, parse) in usable.items() if (code := parse(labels[name]))}
        disputed = self._disputed.get(recording, set()) if recording is not None else set()
        return codes, tuple(usable[name][0].name for name in sorted(disputed) if name in usable)
