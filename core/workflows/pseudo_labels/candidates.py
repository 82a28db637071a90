"""What a run may judge for pseudo-labels: utterances, or calls, that no person has labelled.

An item is what it was in training. A run of whole calls reads a call as one text or sound. A run of single utterances
judges utterances under a scheme of utterances; under a scheme of calls it judges the turns of a call, without those of
the call-taker, and their mean, weighted by their lengths, is that of the call. A silver label is a machine's, so its
item is judged again by a later run. A variant made by augmentation is not judged, since its label is that of its
source. The corpus is read in blocks, so that memory does not grow with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.filters import Filter
from core.inference.bulk.blocks import Clip
from core.messages import Names, SchemeName, Word
from core.records import UNLABELLED, Level, RunInfo, ScannedRecording, Utterance
from core.runs.card import Card
from core.runs.shards import digest
from core.schemes import scheme
from core.text.model_text import model_text
from core.workflows.snapshots.calls import in_order, transcript
from core.workflows.workspace import Workspace

HUMAN = ("gold", "disputed")  # grades of labels that people, or deliveries, gave
ANY = (*HUMAN, "silver")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One item: its id (of a call: of its first turn), a digest of what is judged, and for which targets of the run.

    `samples`: one, or the turns of a call, whose answers count by `weights`.
    """

    id: int
    digest: int
    open: tuple[bool, ...]
    samples: tuple[str | Clip, ...]
    weights: tuple[float, ...] = (1.0,)


@dataclass(frozen=True, eq=False)
class Turns:
    """The samples of a block of candidates: `ids` int64 (M,), `starts` of the candidates in them, `weights` (M,)."""

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, block: Sequence[Candidate]) -> "Turns":
        """The samples of `block` in their order."""
        sizes = np.array([len(candidate.samples) for candidate in block], dtype=np.int64)
        ids = np.repeat(np.array([candidate.id for candidate in block], dtype=np.int64), sizes)
        weights = np.array([weight for candidate in block for weight in candidate.weights])
        return cls(ids, np.concatenate([[0], np.cumsum(sizes)[:-1]]), weights)

    def reasons(self, told: Sequence[str | None]) -> list[str | None]:
        """Why a candidate could not be judged: the reason of its first sample, if every sample has one."""
        ends = [*self.starts[1:], len(told)]
        spans = (told[start:end] for start, end in zip(self.starts, ends, strict=True))
        return [span[0] if all(reason is not None for reason in span) else None for span in spans]

    def mean(self, probs: NDArray[np.float32], judged: Sequence[bool]) -> NDArray[np.float32]:
        """The probabilities (N, K) of the candidates: of their judged samples, weighted by length."""
        if len(self.starts) == len(probs):
            return probs
        weights = np.where(judged, self.weights, 0.0)
        summed = np.add.reduceat(np.nan_to_num(probs.astype(np.float64)) * weights[:, None], self.starts)
        totals = np.add.reduceat(weights, self.starts)[:, None]
        return np.divide(summed, totals, out=np.full_like(summed, np.nan), where=totals > 0).astype(np.float32)


def judging_runs(ws: Workspace) -> list[RunInfo]:
    """The finished runs that can make pseudo-labels, the newest first: by text, by voice, or by both."""
    of_calls = snapshots_of_calls(ws)
    return [run for run in ws.store.ledger.runs("done") if possible_targets(run, of_calls)]


def snapshots_of_calls(ws: Workspace) -> set[str]:
    """The names of the snapshots whose items are whole calls."""
    infos = (*ws.store.ledger.snapshots(), *ws.store.ledger.foreign_snapshots())
    return {info.name for info in infos if info.counts.get("unit") == "call"}


def possible_targets(run: RunInfo, of_calls: set[str]) -> tuple[str, ...]:
    """The targets of a run for which there is something to judge: a run of whole calls says nothing of utterances."""
    return tuple(name for name in run.schemes if run.snapshot not in of_calls or scheme(name).level == "recording")


def chosen_targets(ws: Workspace, run: RunInfo, wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """The targets of `run` that are judged together: `wanted`, or those of the level of the first one.

    `InputError` for targets that the run does not have, or of two levels: their items differ.
    """
    possible = possible_targets(run, snapshots_of_calls(ws))
    for name in wanted or (() if possible else (run.scheme,)):
        if name not in possible:
            raise InputError(
                "run {run_id} makes no pseudo-labels of {target}; it can of {possible}",
                run_id=run.id, target=name, possible=Names(SchemeName(one) for one in possible) or Word("none"),
            )  # fmt: skip
    levels = {scheme(name).level for name in wanted}
    if len(levels) > 1:
        raise InputError(
            "{targets} are labels of utterances and of calls: judge them one after the other, with --target",
            targets=Names(SchemeName(name) for name in wanted),
        )
    level = scheme((wanted or possible)[0]).level
    return tuple(name for name in dict.fromkeys(wanted or possible) if scheme(name).level == level)


@dataclass(frozen=True)
class Candidates:
    """Reads the candidates of a run. `targets`: those that are judged; `but` grades of labels that close an item."""

    ws: Workspace
    card: Card
    targets: tuple[str, ...]
    wanted: Filter = field(default_factory=Filter)
    but: tuple[str, ...] = HUMAN

    def __post_init__(self) -> None:
        for name in self.targets:
            if any(code != UNLABELLED for code in self.wanted.labels.get(name, ())):
                raise InputError(
                    "pseudo-labels are for items without a label of {scheme}: leave it out of the filter",
                    scheme=SchemeName(name),
                )

    @property
    def of_calls(self) -> bool:
        """Whether the targets are labels of calls."""
        return scheme(self.targets[0]).level == "recording"

    def count(self) -> int:
        """How many utterances or recordings are looked at; those that are labelled are among them."""
        if self.of_calls:
            return int(self.ws.store.corpus.counts()["recordings"])
        return self.ws.store.corpus.find(self._filter(), limit=0).total

    def read(self) -> Iterator[tuple[int, Candidate | None]]:
        """The number of items looked at so far, with the item if it is a candidate."""
        items = self._calls() if self.of_calls else self._utterances()
        yield from enumerate(items, 1)

    def digests(self, ids: Sequence[int]) -> dict[int, int]:
        """The digest of what a run reads of these utterances now, or of their calls: by the id of the candidate."""
        if not self.of_calls and self.card.modality == "text":
            return {number: _digest(text) for number, text in self.ws.store.texts.of(ids).items()}
        some = self.ws.store.corpus.utterances(ids)
        if not self.of_calls:
            paths = self._paths()
            samples = {utterance.id: self._sample(utterance, paths) for utterance in some}
            return {number: _digest(sample) for number, sample in samples.items() if sample is not None}
        chosen = {turn.recording_id for turn in some if turn.recording_id is not None}
        turns = self._turns(sorted(chosen))
        calls = (call for block in self.ws.store.scan.calls() for call in block if turns.get(call.id))
        read = (self._call(call, turns[call.id], ()) for call in calls)
        return {candidate.id: candidate.digest for candidate in read if candidate is not None}

    def _filter(self) -> Filter:
        labels = {name: codes for name, codes in self.wanted.labels.items() if name not in self.targets}
        if not self.of_calls and len(self.targets) == 1 and set(self.but) == set(ANY):
            labels |= {self.targets[0]: (UNLABELLED,)}
        return replace(self.wanted, labels=labels, skipped=False)

    def _closed(self) -> dict[str, NDArray[np.int64]]:
        """The ids of what has a label, by target."""
        level: Level = "recording" if self.of_calls else "utterance"
        return {name: self.ws.store.corpus.labelled(level, name, self.but) for name in self.targets}

    def _utterances(self) -> Iterator[Candidate | None]:
        closed, paths = self._closed(), self._paths()
        for utterance in self.ws.store.corpus.every(self._filter()):
            open_ = self._open(closed, utterance.id)
            sample = self._sample(utterance, paths) if any(open_) and utterance.origin != "augmented" else None
            yield None if sample is None else Candidate(utterance.id, _digest(sample), open_, (sample,))

    def _open(self, closed: Mapping[str, NDArray[np.int64]], number: int) -> tuple[bool, ...]:
        """For each target of the run, whether the item is to be judged for it."""
        return tuple(target.name in closed and not _among(closed[target.name], number) for target in self.card.targets)

    def _paths(self) -> dict[int, str]:
        """The sound of each recording that has one; none for a run that reads texts only."""
        if self.card.modality == "text":
            return {}
        return {recording.id: recording.path for recording in self.ws.store.corpus.recordings() if recording.path}

    def _sample(self, utterance: Utterance, paths: Mapping[int, str]) -> str | Clip | None:
        """What a run reads of an utterance; None if there is nothing."""
        text = model_text(self.card.cleaning, utterance.text, utterance.origin)
        if self.card.modality == "text":
            return utterance.text if text else None
        path = paths.get(utterance.recording_id or 0, "") if utterance.voice_usable else ""
        spoken = utterance.text if text else ""
        if not path and (self.card.modality == "voice" or not spoken):
            return None
        return Clip(path, utterance.start_ms or 0, utterance.end_ms, spoken, utterance.speaker)

    def _calls(self) -> Iterator[Candidate | None]:
        closed, chosen = self._closed(), self._recordings()
        for block in self.ws.store.scan.calls():
            turns = self._turns([call.id for call in block])
            for call in block:
                open_, spoken = self._open(closed, call.id), turns.get(call.id, ())
                if spoken and any(open_) and (chosen is None or _among(chosen, call.id)):
                    yield self._call(call, spoken, open_)
                else:
                    yield None

    def _call(self, call: ScannedRecording, turns: Sequence[Utterance], open_: tuple[bool, ...]) -> Candidate | None:
        """A call as the run reads it; None if there is nothing to read."""
        if self.card.unit == "call":
            whole = self._whole(call, turns)
            return None if whole is None else Candidate(turns[0].id, _digest(whole), open_, (whole,))
        paths = {call.id: call.path} if call.path and self.card.modality != "text" else {}
        judged = [(turn, sample) for turn in _of_callers(turns) if (sample := self._sample(turn, paths)) is not None]
        if not judged:
            return None
        samples, weights = tuple(sample for _, sample in judged), _lengths([turn for turn, _ in judged])
        return Candidate(turns[0].id, _digest(*samples), open_, samples, weights)

    def _whole(self, call: ScannedRecording, turns: Sequence[Utterance]) -> str | Clip | None:
        """A whole call as one text or sound."""
        text = transcript(turns, self.card.cleaning)
        if self.card.modality == "text":
            return text or None
        path = call.path or ""
        if not path and (self.card.modality == "voice" or not text):
            return None
        return Clip(path, 0, call.duration_ms, text)

    def _recordings(self) -> NDArray[np.int64] | None:
        """The recordings with an utterance that the filter selects, ascending; None without a filter."""
        if self._filter() == Filter(skipped=False):
            return None
        of_turns = (turn.recording_id for turn in self.ws.store.corpus.every(self._filter()))
        return np.unique(np.fromiter((number for number in of_turns if number is not None), dtype=np.int64))

    def _turns(self, recordings: Sequence[int]) -> dict[int, list[Utterance]]:
        """The turns of each recording in time order."""
        by_call = self.ws.store.scan.utterances_of(recordings)
        rows = self.ws.store.corpus.utterances([number for ids in by_call.values() for number in ids])
        spoken: dict[int, list[Utterance]] = {}
        for turn in rows:
            spoken.setdefault(turn.recording_id or 0, []).append(turn)
        return {number: in_order(turns) for number, turns in spoken.items()}


def _among(ids: NDArray[np.int64], number: int) -> bool:
    at = int(np.searchsorted(ids, number))
    return at < len(ids) and int(ids[at]) == number


def _of_callers(turns: Sequence[Utterance]) -> list[Utterance]:
    """The turns that the label of a call is about, as a snapshot takes them: none of the call-taker's.

    Where other speakers are known, one who is not may be the call-taker.
    """
    others = [turn for turn in turns if turn.speaker != "taker"]
    known = any(turn.speaker is not None for turn in turns)
    return [turn for turn in others if turn.speaker is not None or not known]


def _lengths(turns: Sequence[Utterance]) -> tuple[float, ...]:
    """The length of each turn in ms; one without times counts as much as those with times do on average."""
    known = [
        None if turn.start_ms is None or turn.end_ms is None else float(max(1, turn.end_ms - turn.start_ms))
        for turn in turns
    ]
    told = [length for length in known if length is not None]
    mean = sum(told) / len(told) if told else 1.0
    return tuple(mean if length is None else length for length in known)


def _digest(*samples: str | Clip) -> int:
    """A number for what is judged."""
    parts = (
        sample
        if isinstance(sample, str)
        else f"{sample.path}|{sample.start_ms}|{sample.end_ms}|{sample.speaker}|{sample.text}"
        for sample in samples
    )
    return digest("\x1e".join(parts))
