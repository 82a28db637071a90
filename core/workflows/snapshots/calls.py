"""Whole calls as text: the turns of a recording joined in time order, with who spoke marked.

A call is frozen as one item. Its id is that of its first utterance, so that predictions, which are stored by utterance,
need no table of their own; its key is that of the recording.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Protocol, TypeVar

from core.speakers import names_a_person
from core.store import ScannedSample
from core.text.model_text import DEFAULT_PLAN, model_text
from core.workflows.workspace import Workspace

MARKS = {"caller": "신고자", "taker": "수보자"}
PERSON_MARK, UNKNOWN_MARK = "화자", "미상"


class Turn(Protocol):
    """What a transcript reads of an utterance."""

    @property
    def id(self) -> int: ...
    @property
    def start_ms(self) -> int | None: ...
    @property
    def speaker(self) -> str | None: ...
    @property
    def text(self) -> str: ...
    @property
    def origin(self) -> str: ...


T = TypeVar("T", bound=Turn)


def in_order(turns: Iterable[T]) -> list[T]:
    """The turns that were spoken, by time; variants made by augmentation are none of them."""
    spoken = (turn for turn in turns if turn.origin != "augmented")
    return sorted(spoken, key=lambda turn: (turn.start_ms is None, turn.start_ms or 0, turn.id))


def transcript(turns: Sequence[Turn], plan: Sequence[str] = DEFAULT_PLAN) -> str:
    """The text of a call: turns in time order, a mark before each change of speaker.

    A role has its own mark, persons are numbered as they appear. A call whose speakers are all unknown has no marks.
    """
    spoken = [(turn.speaker, text) for turn in turns if (text := model_text(plan, turn.text, turn.origin))]
    marks = _marks([speaker for speaker, _ in spoken])
    parts = []
    for speaker, texts in groupby(spoken, key=lambda turn: turn[0]):
        mark = f"{marks[speaker]}: " if marks else ""
        parts.append(mark + " ".join(text for _, text in texts))
    return " ".join(parts)


def _marks(speakers: Sequence[str | None]) -> dict[str | None, str]:
    """Who stands before a turn, by speaker; empty if no speaker is known."""
    marks: dict[str | None, str] = {}
    persons = 0
    for speaker in dict.fromkeys(speakers):
        if names_a_person(speaker):
            persons += 1
            marks[speaker] = f"{PERSON_MARK} {persons}"
        else:
            marks[speaker] = MARKS.get(speaker, speaker) if speaker else UNKNOWN_MARK
    return {} if set(marks) <= {None} else marks


def calls(ws: Workspace, recording_ids: Collection[int]) -> Iterator[tuple[int, list[ScannedSample]]]:
    """The recordings that have a turn, each with its turns in time order."""
    turns: dict[int, list[ScannedSample]] = {}
    for utterance in ws.store.scan.samples():
        if utterance.recording_id is not None and utterance.recording_id in recording_ids:
            turns.setdefault(utterance.recording_id, []).append(utterance)
    for recording_id, spoken in turns.items():
        if ordered := in_order(spoken):
            yield recording_id, ordered
