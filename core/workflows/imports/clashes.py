"""What an import does with a known key that has other content: it is named, and suggested to a person if asked.

A clash changes nothing by itself. With the policy "propose", each differing field of an utterance becomes a Proposal of
kind "delivery" with what was delivered before and what is delivered now; a person accepts or rejects it, one by one or
all of a delivery. What a curator decided differently is named, but not suggested.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from core.messages import ClassName, Message, Names, SchemeName, Word, message_to_json
from core.records import Clash, Difference, NewRecording, NewUtterance, OnClash, Proposal, Report, Skip, Utterance
from core.store import NewProposal
from core.workflows.cleaning import decisions
from core.workflows.cleaning.decisions import DecisionCounts, Progress
from core.workflows.workspace import Workspace, now

DELIVERY = "delivery"
SHOWN_CLASHES = 100
DECIDED = Message("field that a curator decided: not suggested anew")
_SHOWN_TEXT = 120  # characters of a text in a sentence
_OPERATION_OF = {"text": "text", "start_ms": "times", "end_ms": "times", "speaker": "speaker", "audio": "audio"}
_AUDIO = ("sha256", "path", "duration_ms", "sample_rate_hz")

__all__ = [
    "DECIDED", "DELIVERY", "ClashLog", "DecisionCounts", "DeliveryBatch", "Suggestion", "accept_all",
    "batches", "counts", "decide", "page", "reject_all", "sentence", "summary", "undo", "undo_batch",
]  # fmt: skip


@dataclass(slots=True, kw_only=True)
class ClashCounts:
    """The notes and clashes in the result of an import of a table; `clashes` are the first, `clashed` counts all.

    `differing` counts them by field, `labels_added` the labels that known rows got, and `proposals` the suggestions
    that were made of them in the run `batch`.
    """

    notes: dict[str, int] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    clashed: int = 0
    labels_added: int = 0
    differing: dict[str, int] = field(default_factory=dict)
    proposals: int = 0
    batch: str | None = None

    def note(self, what: str, n: int = 1) -> None:
        """Add `n` to the count of the note `what`."""
        self.notes[what] = self.notes.get(what, 0) + n

    def add_clashes(self, other: "ClashCounts") -> None:
        """Add the notes and clashes of another part of the same delivery."""
        for what, n in other.notes.items():
            self.note(what, n)
        self.clashes = [*self.clashes, *other.clashes][:SHOWN_CLASHES]
        self.clashed += other.clashed
        self.labels_added += other.labels_added
        for name, n in other.differing.items():
            self.differing[name] = self.differing.get(name, 0) + n
        self.proposals += other.proposals
        self.batch = ", ".join(filter(None, (self.batch, other.batch))) or None


class Counted(Protocol):
    """The counts of clashes and notes in the result of an import."""

    clashes: list[Clash]
    clashed: int
    labels_added: int
    differing: dict[str, int]

    def note(self, what: str, n: int = 1) -> None: ...


@dataclass(slots=True)
class ClashLog:
    """Collects the clashes of one import, batch by batch, and makes suggestions of them if `policy` is "propose".

    `source` is the name of the delivery's source. `keep` stores the audio of a recording that clashes and returns the
    recording with its path. `batch` is None until a suggestion was made; `proposals` counts them.
    """

    ws: Workspace
    source: str
    policy: OnClash = "report"
    keep: Callable[[NewRecording], NewRecording] = lambda recording: recording
    batch: str | None = None
    proposals: int = 0
    decided: int = 0
    _recordings: set[tuple[str, int | None]] = field(default_factory=set)  # they may come again in a later batch

    def take(
        self, part: Report, total: Counted, places: Mapping[str, str],
        items: Iterable[NewUtterance] = (), recordings: Iterable[NewRecording] = (),
    ) -> list[Skip]:  # fmt: skip
        """Add the clashes of `part` to `total`; return a Skip for each, which names its place and its differences.

        `places` maps a key to its place in the delivery; `items` and `recordings` are what this batch delivered.
        """
        total.labels_added += part.labels_added
        if not part.clashes:
            return []
        found = [replace(clash, where=places.get(clash.key, clash.key)) for clash in part.clashes]
        found = [clash for clash in found if (clash.key, clash.utterance_id) not in self._recordings]
        self._recordings |= {(clash.key, None) for clash in found if clash.utterance_id is None}
        total.clashed += len(found)
        for difference in (difference for clash in found for difference in clash.differences):
            total.differing[difference.field] = total.differing.get(difference.field, 0) + 1
        total.clashes += found[: max(SHOWN_CLASHES - len(total.clashes), 0)]
        if self.policy == "propose":
            by_key = {call.key: call for call in recordings}
            utterances = {item.key: item for item in items}
            utterances |= {item.key: item for call in by_key.values() for item in call.utterances}
            self._propose(found, utterances, by_key)
        return [Skip(clash.where, _reason(clash)) for clash in found]

    def _propose(
        self, clashes: Sequence[Clash], items: Mapping[str, NewUtterance], recordings: Mapping[str, NewRecording]
    ) -> None:
        targets = _targets(self.ws, clashes)
        made = [
            proposal
            for clash in clashes
            if (target := targets.get((clash.utterance_id, clash.recording_id))) is not None
            for proposal in self._suggestions(clash, target, items, recordings)
        ]
        batch = self.batch or f"delivery-{now()[:19]}-{secrets.token_hex(2)}"
        fitting = self.ws.store.proposals.fitting([replace(proposal, batch=batch) for proposal in made])
        self.decided += len(made) - len(fitting)
        if new := self.ws.store.proposals.add(fitting, now()):
            self.proposals, self.batch = self.proposals + new, batch

    def _suggestions(
        self, clash: Clash, target: Utterance, items: Mapping[str, NewUtterance],
        recordings: Mapping[str, NewRecording],
    ) -> Iterable[NewProposal]:  # fmt: skip
        """One suggestion for each operation that the differences need. Rows left out with their recording get none."""
        if clash.utterance_id is None and clash.key not in recordings:
            return
        grouped: dict[str, list[Difference]] = {}
        for difference in clash.differences:
            grouped.setdefault(_OPERATION_OF.get(difference.field, "labels"), []).append(difference)
        for operation, differences in grouped.items():
            before, after = _change(operation, differences)
            if operation == "audio":
                before, after = self._audio(clash, differences[0], items, recordings)
            elif operation == "speaker" and (item := items.get(clash.key)) and item.group != target.group:
                before, after = before | {"group": target.group}, after | {"group": item.group}
            payload = {"before": before, "after": after, "source": self.source, "where": message_to_json(clash.where)}
            reason = Message("a later delivery of {source}", source=self.source)
            yield NewProposal(DELIVERY, target.id, operation, payload, reason)

    def _audio(
        self, clash: Clash, difference: Difference, items: Mapping[str, NewUtterance],
        recordings: Mapping[str, NewRecording],
    ) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
        """Before and after of other audio of a recording, or of another recording of an utterance."""
        recording = recordings[clash.key if clash.utterance_id is None else str(difference.after)]
        kept = self.keep(recording)
        audio = {name: getattr(kept, name) for name in _AUDIO}
        if clash.utterance_id is None:
            return {"sha256": difference.before}, audio
        item = items[clash.key]
        times = {"start_ms": item.start_ms, "end_ms": item.end_ms} if item.end_ms is not None else {}
        return {"recording": difference.before}, {"recording": recording.key, **audio, **times}


def _targets(ws: Workspace, clashes: Sequence[Clash]) -> dict[tuple[int | None, int | None], Utterance]:
    """Map (utterance, recording) of each clash to the utterance that a suggestion about it belongs to."""
    of_calls = ws.store.corpus.first_utterances({c.recording_id for c in clashes if c.recording_id is not None})
    number_of = {
        (clash.utterance_id, clash.recording_id): clash.utterance_id or of_calls.get(clash.recording_id or 0, 0)
        for clash in clashes
    }
    utterances = {row.id: row for row in ws.store.corpus.utterances(sorted(set(number_of.values())))}
    return {key: utterances[number] for key, number in number_of.items() if number in utterances}


def _change(operation: str, differences: Sequence[Difference]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Before and after of a text, of times, of a speaker or of labels."""
    if operation != "labels":
        return {d.field: d.before for d in differences}, {d.field: d.after for d in differences}
    named = [(difference.field.removeprefix("label:"), difference) for difference in differences]
    return {"labels": {n: d.before for n, d in named}}, {"labels": {n: d.after for n, d in named}}


# -- what a page and the command line show and do


@dataclass(frozen=True, slots=True)
class DeliveryBatch:
    """The suggestions of one import. `counts`: how many are open, accepted and rejected."""

    name: str
    source: str
    made_at: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggestion of a delivery, the utterance as it stands now, and what differs."""

    proposal: Proposal
    utterance: Utterance
    differences: tuple[Difference, ...]


def batches(ws: Workspace) -> list[DeliveryBatch]:
    """The imports that made suggestions, the newest first."""
    sources = ws.store.proposals.batch_sources(DELIVERY)
    return [
        DeliveryBatch(batch.name, sources.get(batch.name, ""), batch.made_at, batch.counts)
        for batch in ws.store.proposals.batches(DELIVERY)
    ]


def counts(ws: Workspace, batch: str | None = None) -> dict[str, int]:
    """How many suggestions are open, by operation."""
    return ws.store.proposals.open_by_operation(DELIVERY, batch=batch)


def page(
    ws: Workspace, *, batch: str | None = None, operation: str | None = None, limit: int = 50, after_id: int = 0
) -> list[Suggestion]:
    """The open suggestions with an id above `after_id`, by id."""
    proposals = ws.store.proposals.page(DELIVERY, operation, limit, after_id=after_id, batch=batch)
    utterances = {row.id: row for row in ws.store.corpus.utterances([p.utterance_id for p in proposals])}
    return [Suggestion(p, utterances[p.utterance_id], differences(p)) for p in proposals]


def differences(proposal: Proposal) -> tuple[Difference, ...]:
    """What a suggestion would change, field by field."""
    before, after = proposal.payload["before"], proposal.payload["after"]
    if proposal.operation == "labels":
        pairs = after["labels"].items()
        return tuple(Difference(f"label:{name}", before["labels"].get(name), code) for name, code in pairs)
    if proposal.operation == "audio":
        name = "recording" if "recording" in after else "sha256"
        return (Difference("audio", before.get(name), after[name]),)
    return tuple(Difference(name, before.get(name), value) for name, value in after.items() if name != "group")


def decide(ws: Workspace, proposal_id: int, yes: bool, curator: str) -> Proposal:
    """Accept or reject one suggestion. `Unfit` if it does not apply any more; it stays open."""
    return decisions.decide(ws, proposal_id, yes, curator)


def accept_all(
    ws: Workspace, curator: str, *, batch: str | None = None, operation: str | None = None,
    progress: Progress = lambda done, total: None,
) -> DecisionCounts:  # fmt: skip
    """Accept every open suggestion of a delivery, or of all; those that do not apply any more are rejected."""
    return decisions.accept_all(ws, DELIVERY, curator, operation=operation, batch=batch, progress=progress)


def reject_all(ws: Workspace, curator: str, *, batch: str | None = None, operation: str | None = None) -> int:
    """Reject every open suggestion of a delivery, or of all; returns how many."""
    return decisions.reject_all(ws, DELIVERY, curator, operation=operation, batch=batch)


def undo(ws: Workspace, curator: str) -> Proposal | None:
    """Undo this curator's latest decision on a suggestion of a delivery; None if there is none."""
    return decisions.undo(ws, DELIVERY, curator)


def undo_batch(ws: Workspace, batch: str, curator: str) -> tuple[int, int]:
    """Undo everything that was accepted of one import; returns (undone, left as they are)."""
    return ws.store.proposals.undo_batch(batch, curator, now())


def sentence(difference: Difference) -> Message:
    """One difference in words."""
    after, before = _shown(difference.after), _shown(difference.before)
    if difference.field == "text":
        return Message("text {after!r} instead of {before!r}", after=after, before=before)
    if difference.field == "start_ms":
        return Message("start {after} ms instead of {before} ms", after=after, before=before)
    if difference.field == "end_ms":
        return Message("end {after} ms instead of {before} ms", after=after, before=before)
    if difference.field == "speaker":
        return Message("speaker {after} instead of {before}", after=after, before=before)
    if difference.field == "audio":
        return Message("audio {after} instead of {before}", after=_short(after), before=_short(before))
    name = difference.field.removeprefix("label:")
    codes = [ClassName(name, str(code)) if code is not None else Word("none") for code in (difference.after,
             difference.before)]  # fmt: skip
    return Message("{scheme} {after} instead of {before}", scheme=SchemeName(name), after=codes[0], before=codes[1])


def summary(differing: Mapping[str, int]) -> list[Message]:
    """How many known keys differ in what, a sentence for each field."""
    return [
        Message("{field} differs: {n:,}", field=_field(name), n=n)
        for name, n in sorted(differing.items(), key=lambda item: (-item[1], item[0]))
    ]


def _field(name: str) -> str:
    words = {
        "text": Word("text"), "start_ms": Word("start"), "end_ms": Word("end"), "speaker": Word("speaker"),
        "audio": Word("audio"),
    }  # fmt: skip
    return words.get(name) or SchemeName(name.removeprefix("label:"))


def _reason(clash: Clash) -> Message:
    """Why a known key is named: what differs, and that nothing was changed."""
    found = Names([sentence(difference) for difference in clash.differences])
    if clash.utterance_id is None and clash.differences[0].field == "audio" and clash.recording_id is not None:
        return Message("its recording is known with other audio ({differences}): left out", differences=found)
    return Message("known with other content ({differences}): left as it is", differences=found)


def _shown(value: str | int | None) -> Any:
    if value is None:
        return Word("none")
    return value[:_SHOWN_TEXT] if isinstance(value, str) else value


def _short(value: str) -> str:
    """A SHA-256 by its first digits; a recording by its key."""
    is_hash = len(value) == 64 and all(c in "0123456789abcdef" for c in value)
    return value[:12] if is_hash else value
