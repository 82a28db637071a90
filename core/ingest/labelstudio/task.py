"""One task of a project, and what several annotators made of one item: its text, its labels, their votes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.ingest.exports.rows import DeliveredVote
from core.ingest.labelstudio.answers import Answers, decide
from core.ingest.labelstudio.audio import AudioBeside
from core.ingest.labelstudio.names import SchemeNames
from core.ingest.labelstudio.results import Results, labels_of, texts_of
from core.messages import Message
from core.speakers import names_a_person

DISAGREE = Message("task whose annotators disagree")
TEXTS_DIFFER = Message("text on which annotators differ: all versions are in the details")
REMARK = Message("further text of an annotator: kept in the details")


@dataclass(frozen=True, slots=True)
class Project:
    """What all tasks of a file share. `stem` is the name of the file, `text` the field that a person named."""

    stem: str
    text: str | None
    names: SchemeNames
    audio: AudioBeside

    def person(self, data: Mapping[str, Any]) -> str | None:
        """The group of the person who speaks; None if no speaker is given or it is a role."""
        speaker = data.get("speaker")
        if not isinstance(speaker, str) or not names_a_person(speaker):
            return None
        return f"labelstudio:{self.stem}:speaker:{speaker.strip()}"


@dataclass(frozen=True, slots=True)
class Task:
    """A task on its way to rows. `audio` is what its data names; `notes` are about the whole task."""

    project: Project
    key: str
    raw: Mapping[str, Any]
    data: Mapping[str, Any]
    where: str
    answers: Answers
    audio: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the annotators made of one item. `details` holds what is neither its text nor a label."""

    text: str
    labels: Mapping[str, str]
    disputed: tuple[str, ...]
    votes: tuple[DeliveredVote, ...]
    details: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def judge(
    task: Task,
    deciding: Mapping[str, Results],
    voting: Mapping[str, Results],
    shown: str | None,
    *,
    of_recording: bool = False,
) -> Judged:
    """Judge one item by the results of its annotators (curator -> results); `shown` is the text that they were given.

    Where annotators typed different texts, the text that they were given stays; without one, the last of `deciding`.
    """
    names = task.project.names
    if len(deciding) == 1 and not voting:
        return _of_one(task, next(iter(deciding.values())), shown)
    typed = {curator: texts_of(results, task.where, shown is not None) for curator, results in deciding.items()}
    text, versions = _text({curator: text for curator, (text, _) in typed.items()}, shown)
    labels, disputed = decide([labels_of(results, task.where, names.name_of) for results in deciding.values()])
    ballots = {curator: labels_of(results, task.where, names.name_of) for curator, results in voting.items()}
    votes = [DeliveredVote(n, v, c, of_recording) for c, ballot in ballots.items() for n, v in ballot.items()]
    remarks = {name: more for _, texts in typed.values() for name, more in texts.items() if more}
    details = ({"texts": versions} if versions else {}) | ({"remarks": remarks} if remarks else {})
    notes = ([TEXTS_DIFFER] if versions else []) + [REMARK] * len(remarks)
    if versions or decide(list(ballots.values()))[1]:
        notes.append(DISAGREE)
    return Judged(text, labels, disputed, tuple(votes), details, tuple(notes))


def _of_one(task: Task, results: Results, shown: str | None) -> Judged:
    """Judge an item that one annotator answered, as most are."""
    text, remarks = texts_of(results, task.where, shown is not None)
    labels = labels_of(results, task.where, task.project.names.name_of)
    remarks = {name: more for name, more in remarks.items() if more}
    details = {"remarks": remarks} if remarks else {}
    return Judged((shown or "") if text is None else text, labels, (), (), details, (REMARK,) * len(remarks))


def _text(typed: Mapping[str, str | None], shown: str | None) -> tuple[str, dict[str, str]]:
    """The text of an item, and the version of each annotator if they differ.

    >>> _text({"vote:1": "불", "vote:2": None}, "물"), _text({"vote:1": "불", "vote:2": "물"}, None)
    (('물', {'1': '불', '2': '물'}), ('물', {'1': '불', '2': '물'}))
    """
    versions = {curator: shown if text is None else text for curator, text in typed.items()}
    given = {curator.partition(":")[2]: text for curator, text in versions.items() if text is not None}
    if len(set(given.values())) > 1:
        return shown if shown is not None else list(given.values())[-1], given
    return next(iter(given.values()), shown or ""), {}
