"""The answers of several annotators to one task: who said what, which answer becomes the label, what is disputed.

Each annotator has one answer: the last that was not cancelled. Answers marked as ground truth decide; else the answers
of all annotators count. A value on which these agree is the label. Where they differ, the most frequent value is stored
as a disputed label, of equally frequent ones the first; nobody's answer passes for all. An annotator who left a
scheme out neither agrees nor differs.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.ingest.labelstudio.results import SortedResults, sort_results, span_facts, usable
from core.ingest.votes import NAMELESS, PREFIX
from core.messages import Message

TWICE = Message("annotator who answered one task twice: the later answer counts")


@dataclass(frozen=True, slots=True)
class Answer:
    """One annotator's results; `curator` is the name under which votes are stored."""

    curator: str
    truth: bool
    results: SortedResults


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to one task. `deciding` make the label; each of `voters` votes, none if only one person answered."""

    deciding: tuple[Answer, ...] = ()
    voters: tuple[Answer, ...] = ()
    skipped: bool = False
    notes: tuple[str, ...] = ()

    @property
    def spans(self) -> list[dict[str, Any]]:
        """The spans of the deciding answers as plain values."""
        return [fact for answer in self.deciding for fact in span_facts(answer.results.spans)]


def read_answers(task: Mapping[str, Any], data: Mapping[str, Any]) -> Answers:
    """The answers in `task`; `skipped` if there are only cancelled ones."""
    given = task.get("annotations", task.get("completions"))
    listed = [a for a in given if isinstance(a, dict)] if isinstance(given, list) else []
    valid = [a for a in listed if a.get("was_cancelled") is not True]
    if len(valid) == 1:  # most tasks: who answered does not matter
        results = sort_results(usable(valid[0].get("result")), data)
        return Answers((Answer(f"{NAMELESS}1", False, results),))
    named: dict[str, Answer] = {}
    notes = []
    for place, annotation in enumerate(valid, start=1):
        answer = _answer(annotation, place, data)
        if answer.curator in named:
            notes.append(TWICE)
            earlier = named.pop(answer.curator)
            answer = earlier if earlier.truth and not answer.truth else answer
        named[answer.curator] = answer
    everyone = tuple(named.values())
    deciding = tuple(a for a in everyone if a.truth) or everyone
    if not everyone and listed:
        return Answers((_answer(listed[-1], 1, data),), (), True)
    return Answers(deciding, everyone if len(everyone) > 1 else (), False, tuple(notes))


def _answer(annotation: Mapping[str, Any], place: int, data: Mapping[str, Any]) -> Answer:
    results = sort_results(usable(annotation.get("result")), data)
    return Answer(_curator(annotation.get("completed_by"), place), annotation.get("ground_truth") is True, results)


def _curator(person: Any, place: int) -> str:
    """The curator name of an annotator: e-mail address, user name or number; a nameless vote without one.

    >>> _curator({"id": 3, "email": "a@x.kr"}, 1), _curator(7, 1), _curator(None, 2)
    ('vote:a@x.kr', 'vote:7', 'vote:#2')
    """
    if isinstance(person, Mapping):
        person = next(
            (person[name] for name in ("email", "username", "id") if person.get(name) not in (None, "")), None
        )
    name = str(person).strip().lstrip("#") if isinstance(person, str | int) and not isinstance(person, bool) else ""
    printable = "".join(c for c in name if c.isprintable())[:100]
    return f"{PREFIX}{printable}" if printable else f"{NAMELESS}{place}"


def decide(answers: Sequence[Mapping[str, str]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """scheme -> value of the label, and the schemes on which `answers` differ.

    >>> decide([{"urgency": "상", "mood": "a"}, {"urgency": "하"}])
    ({'urgency': '상', 'mood': 'a'}, ('urgency',))
    """
    if len(answers) == 1:
        return dict(answers[0]), ()
    values: dict[str, Counter[str]] = {}
    for labels in answers:
        for name, value in labels.items():
            values.setdefault(name, Counter())[value] += 1
    chosen = {name: counts.most_common(1)[0][0] for name, counts in values.items()}
    return chosen, tuple(name for name, counts in values.items() if len(counts) > 1)
