"""The items that a snapshot freezes: labelled utterances, or labelled calls, with their answers under each scheme.

A derived item has the answer that its source has now, unless a person answered the derived item itself. What is left
out is counted by reason: an answer that may not be used under its scheme, an item that nothing can read.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.errors import InputError
from core.filters import Filter
from core.messages import Message, Names, SchemeName
from core.records import Side, Weight
from core.schemes import SCHEMES, Scheme, split_codes
from core.snapshots.answers import Further
from core.snapshots.format import Inputs, Item, Unit
from core.snapshots.freeze import PERSON, SOUND
from core.snapshots.lineage import Lineage
from core.speakers import names_a_person
from core.split import PUBLISHED, SIDES
from core.store import DERIVED, ScannedSample
from core.text.model_text import DEFAULT_PLAN, model_text
from core.workflows.snapshots import sounds
from core.workflows.snapshots.ancestry import Ancestry, is_derived
from core.workflows.snapshots.calls import calls, transcript
from core.workflows.workspace import Workspace

UNAUDITED = 0.5  # the weight of a machine's labels that neither an audit nor a person who read them speaks for
NO_SPLIT, UNKNOWN, NO_SOURCE_LABEL = "no published split", "unknown speaker", "source without a label"
VOICE_COPY = Message("changed copy of a voice, of no use where the text alone is read")
Answers = dict[str, tuple[str, bool]]  # scheme -> code, and whether it is gold


def check_unit(schemes: Sequence[Scheme], unit: Unit) -> None:
    """`InputError` for a scheme that labels utterances where an item is a whole call."""
    wrong = [scheme.name for scheme in schemes if scheme.level == "utterance"]
    if unit == "call" and wrong:
        raise InputError(
            "scheme {scheme} labels utterances, and a snapshot of whole calls needs labels of recordings: take one of "
            "{known}, or freeze utterances",
            scheme=SchemeName(wrong[0]),
            known=Names(SchemeName(name) for name, scheme in SCHEMES.items() if scheme.level == "recording"),
        )


@dataclass(eq=False)
class Gathering:
    """Reads the workspace once. `items` yields what is frozen and fills the other fields on the way.

    `further` holds by scheme, then key of an item, its answers under all schemes but the first. `marks` names the
    persons and sounds of an item; `lineages` says what derived items were made from, `calls` names the recording of the
    first source. `left_out` counts items by reason, `masked` answers by scheme and reason. `weights` holds by scheme,
    then key, how much a silver answer counts, and `rounds` which round of pseudo-labels made it. `loose` holds the
    silver answers without a round, with the run that made each, or None where nobody can tell. `accepted` has,
    by scheme, what people accepted one by one.
    """

    ws: Workspace
    schemes: Sequence[Scheme]
    inputs: Inputs
    official: bool
    unit: Unit
    left_out: Counter[str] = field(default_factory=Counter)
    masked: dict[str, Counter[str]] = field(default_factory=dict)
    further: dict[str, Answers] = field(default_factory=dict)
    marks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lineages: dict[str, Lineage] = field(default_factory=dict)
    calls: dict[str, str] = field(default_factory=dict)
    weights: dict[str, dict[str, float]] = field(default_factory=dict)
    rounds: dict[str, dict[str, int]] = field(default_factory=dict)
    loose: dict[str, dict[str, str | None]] = field(default_factory=dict)
    accepted: dict[str, Mapping[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        corpus = self.ws.store.corpus
        self.grades = {scheme.name: corpus.grades(scheme.level, scheme.name) for scheme in self.schemes}
        self.rounds_of = {scheme.name: self.ws.store.rounds.rounds_of(scheme.name) for scheme in self.schemes}
        self.desk_runs = {scheme.name: self.ws.store.rounds.desk_runs(scheme.name) for scheme in self.schemes}
        self.round_weights = {scheme.name: self.ws.store.rounds.weights(scheme.name) for scheme in self.schemes}
        self.recordings = {recording.id: recording for recording in corpus.recordings()}
        delivered = [recording for recording in self.recordings.values() if DERIVED not in recording.meta]
        self.alike = sounds.representatives(self.ws, delivered) if self.inputs != "text" else {}
        self.published = _published(self.ws) if self.official else {}
        self.ancestry = Ancestry(self.ws)
        self.masked = {scheme.name: Counter() for scheme in self.schemes}
        self.further = {scheme.name: {} for scheme in self.schemes[1:]}
        self.weights = {scheme.name: {} for scheme in self.schemes}
        self.rounds = {scheme.name: {} for scheme in self.schemes}
        self.loose = {scheme.name: {} for scheme in self.schemes}

    def targets(self) -> list[Further]:
        """The schemes after the first with their answers, which `items` fills."""
        return [Further(scheme, self.further[scheme.name]) for scheme in self.schemes[1:]]

    def items(self) -> Iterator[Item]:
        """The items to freeze."""
        if self.unit == "call":
            return self._calls()
        items = self._utterances()
        turns = [scheme.name for scheme in self.schemes if scheme.level == "recording"]
        return iter(self._without_unknown_speakers([*items], turns)) if turns else items

    def _utterances(self) -> Iterator[Item]:
        for utterance in self.ws.store.scan.samples():
            if self.inputs == "text" and utterance.origin == "augmented" and utterance.voice_usable:
                self.left_out[VOICE_COPY] += 1  # its text is that of its source
                continue
            answers = self._answers(utterance)
            if not answers:
                continue
            text = model_text(DEFAULT_PLAN, utterance.text, utterance.origin)
            side = self._side([utterance])
            if reason := self._unreadable(text, utterance.voice_usable, side):
                self.left_out[reason] += 1
                continue
            recording = self.recordings.get(utterance.recording_id or 0)
            code, gold = self._noted(utterance.key, answers, [utterance])
            if (lineage := self.ancestry.lineage(utterance)) is not None:
                self.lineages[utterance.key] = lineage
                self._note_call(utterance)
            yield Item(
                id=utterance.id, key=utterance.key, group=self.ancestry.group(utterance), text=text, code=code,
                gold=gold, side=side or "train",
                audio=recording.path if recording is not None and utterance.voice_usable else None,
                start_ms=utterance.start_ms, end_ms=utterance.end_ms, speaker=utterance.speaker,
                recording=recording.key if recording is not None else None,
            )  # fmt: skip

    def _calls(self) -> Iterator[Item]:
        labelled = {recording for grades in self.grades.values() for recording in grades}
        for recording_id, turns in calls(self.ws, labelled):
            recording, first = self.recordings[recording_id], turns[0]
            line = [(recording_id, recording_id)]
            answers = self._usable_answers(recording.key, line, None, derived=False)
            if not answers:
                continue
            text, side = transcript(turns), self._side(turns)
            if reason := self._unreadable(text, recording.path is not None, side):
                self.left_out[reason] += 1
                continue
            code, gold = self._noted(recording.key, answers, turns)
            yield Item(
                id=first.id, key=recording.key, group=first.group, text=text, code=code, gold=gold,
                side=side or "train", audio=recording.path, start_ms=0, end_ms=recording.duration_ms,
                recording=recording.key,
            )  # fmt: skip

    def _answers(self, utterance: ScannedSample) -> Answers:
        sources = ((source.id, source.recording_id) for source in self.ancestry.sources(utterance))
        line = [(utterance.id, utterance.recording_id), *sources]
        return self._usable_answers(utterance.key, line, utterance.speaker, derived=is_derived(utterance))

    def _usable_answers(
        self, key: str, line: Sequence[tuple[int, int | None]], speaker: str | None, *, derived: bool
    ) -> Answers:
        """The answers of the item `key` that may be used; the others are counted.

        `line`: the ids of an item and of its sources, the nearest first, each with that of its recording.
        """
        usable = {}
        for scheme in self.schemes:
            graded = self._graded(scheme, line)
            if graded is None:
                continue
            code, grade, owner = graded
            if grade == "disputed":
                self.masked[scheme.name]["disputed"] += 1
            elif scheme.level == "recording" and speaker == "taker":
                self.masked[scheme.name]["call-taker"] += 1
            else:
                usable[scheme.name] = (code, grade == "gold" and not derived)
                if grade == "silver":
                    self._note_round(scheme.name, key, owner, code)
        return usable

    def _graded(self, scheme: Scheme, line: Sequence[tuple[int, int | None]]) -> tuple[str, str, int] | None:
        """Code, grade and owner that count: those of the first source, unless a person answered what was made from it.

        The owner is the utterance, or recording, that has the label. What was made has copies of labels, as silver.
        They are shown, and go out of date.
        """
        grades = self.grades[scheme.name]
        *made, first = [(own if scheme.level == "utterance" else call) or 0 for own, call in line]
        labelled = [number for number in made if number in grades]
        owner = next((number for number in labelled if grades[number][1] != "silver"), first)
        if owner not in grades:
            if labelled:
                self.masked[scheme.name][NO_SOURCE_LABEL] += 1
            return None
        return *grades[owner], owner

    def _note_round(self, scheme: str, key: str, owner: int, code: str) -> None:
        """Note of a silver answer which round of pseudo-labels made it, and how much it counts.

        One without a round counts as one of a round without an audit, unless a person accepted it by itself.
        """
        number = self.rounds_of[scheme].get(owner)
        if number is None:
            self.loose[scheme][key] = self.desk_runs[scheme].get(owner)
            weight = 1.0 if set(split_codes(self._read(scheme).get(owner, ""))) == set(split_codes(code)) else UNAUDITED
        else:
            self.rounds[scheme][key] = number
            weight = weight_of(self.round_weights[scheme].get(number, 1.0), code)
        if weight != 1:
            self.weights[scheme][key] = weight

    def _read(self, name: str) -> Mapping[int, str]:
        """The target ids of the silver labels that a person read and accepted one by one, with their codes."""
        if name not in self.accepted:
            codes = self.ws.store.proposals.singly_accepted(name)
            if SCHEMES[name].level == "recording":
                turns = self.ws.store.corpus.utterances(list(codes))
                codes = {turn.recording_id or 0: codes[turn.id] for turn in turns}
            self.accepted[name] = codes
        return self.accepted[name]

    def _note_call(self, utterance: ScannedSample) -> None:
        """Note the recording that the first source of a derived item is a part of."""
        calls = [source.recording_id for source in self.ancestry.sources(utterance)]
        if calls and calls[-1] in self.recordings:
            self.calls[utterance.key] = self.recordings[calls[-1]].key

    def _noted(self, key: str, answers: Answers, turns: Sequence[ScannedSample]) -> tuple[str, bool]:
        """Note the marks of an item and its further answers; return code and gold under the first scheme."""
        if mark := tuple({mark: None for turn in turns for mark in _marks(turn, self.alike)}):
            self.marks[key] = mark
        for name, of_scheme in self.further.items():
            if name in answers:
                of_scheme[key] = answers[name]
        return answers.get(self.schemes[0].name, ("", False))

    def _side(self, turns: Sequence[ScannedSample]) -> Side | None:
        ids = (number for turn in turns for number in (turn.id, *self.ancestry.ids(turn)))
        sides = (self.published.get(number) for number in ids)
        return next((side for side in sides if side), None) if self.official else None

    def _unreadable(self, text: str, voice: bool, side: Side | None) -> str | None:
        """Why a labelled item is not frozen, None if it is."""
        if self.inputs == "voice":
            reason = None if voice else "no usable voice"
        else:
            reason = None if text or voice else "no text and no usable voice"
        return reason or (NO_SPLIT if self.official and not side else None)

    def _without_unknown_speakers(self, items: list[Item], turns: Sequence[str]) -> list[Item]:
        """Mask the label of a call for who is not known while its other speakers are: it may be the call-taker."""
        for name in turns:
            labelled = self._labelled(items, name)
            labelled_items = [(item, self._call(item)) for item in items if item.key in labelled]
            with_roles = {call for item, call in labelled_items if item.speaker is not None}
            unknown = {item.key for item, call in labelled_items if item.speaker is None and call in with_roles}
            self.masked[name][UNKNOWN] += len(unknown)
            if name == self.schemes[0].name:
                items = [replace(item, code="", gold=False) if item.key in unknown else item for item in items]
            else:
                for key in unknown:
                    del self.further[name][key]  # in place: `targets` gave this mapping away
        return [
            item for item in items if item.code or any(item.key in of_scheme for of_scheme in self.further.values())
        ]

    def _call(self, item: Item) -> str | None:
        """The recording that the item, or the first source of a derived item, is a part of."""
        return self.calls.get(item.key, item.recording)

    def _labelled(self, items: Sequence[Item], name: str) -> Collection[str]:
        return {item.key for item in items if item.code} if name == self.schemes[0].name else self.further[name].keys()


def weight_of(weight: Weight, code: str) -> float:
    """How much a label of a round counts. Of several classes the smallest weight counts.

    >>> weight_of(0.5, "fire"), weight_of({"fire": 0.2}, "fire|gas"), weight_of({"fire": 0.2}, "")
    (0.5, 0.2, 1.0)
    """
    if not isinstance(weight, Mapping):
        return float(weight)
    return min((float(weight.get(single, 1.0)) for single in split_codes(code)), default=1.0)


def _published(ws: Workspace) -> dict[int, Side]:
    """Utterance id -> its published side, from the tag that an import gave it. `InputError` if no item has one."""
    published: dict[int, Side] = {}
    for side in SIDES:
        published |= {u.id: side for u in ws.store.corpus.every(Filter(skipped=False, tag=(f"{PUBLISHED}{side}",)))}
    if not published:
        raise InputError(
            "no item has a published split: import the table with --split-column NAME, or tag items {tags}",
            tags=", ".join(f"{PUBLISHED}{side}" for side in SIDES),
        )
    return published


def _marks(utterance: ScannedSample, alike: Mapping[int, str]) -> Iterator[str]:
    """What a split must not cut where the voice is read: the person who speaks, and the (near-)identical sound."""
    if names_a_person(utterance.speaker):
        yield f"{PERSON}{utterance.source_id}:{utterance.speaker}"
    if utterance.recording_id is not None and utterance.recording_id in alike:
        yield f"{SOUND}{alike[utterance.recording_id]}"
