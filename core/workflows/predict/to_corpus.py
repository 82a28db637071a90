"""Send what was predicted to the corpus: a Recording with its utterances, and Proposals that wait for a person.

What a person typed or delivered becomes the text of an utterance. What a machine said never does: a transcript becomes
a cleaning Proposal, a judgement a pseudo-label Proposal with the run that made it; where a run cannot tell there is
none. Sound that the corpus holds already, under any key, is not added again: its utterances with the same span get the
Proposals. Two turns may have one span, as two people speak at once: they are told apart by their order. A turn without
times has none in the corpus either. A repeated call adds nothing.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.audio import gate
from core.errors import InputError
from core.files import sha256
from core.messages import Message
from core.records import SHORTEST_VOICE_MS, NewRecording, NewUtterance, Utterance
from core.schemes import SCHEMES
from core.store import NewProposal
from core.workflows.imports import audio_files
from core.workflows.workspace import Workspace, now

SOURCE, KIND, LICENCE, TAG = "live prediction", "prediction", "not stated", "live prediction"
LABEL, TEXT, TRANSCRIPT = "pseudo-label", "cleaning", "transcript"
NOTHING = Message("nothing to send: no speech was found, and there is no text")

Document = Mapping[str, Any]
Judgement = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """What was added: new utterances, and new Proposals. `known`: the corpus had this sound, or this text, already.

    `recording_id` is None for sentences without sound.
    """

    recording_id: int | None
    utterances: int
    proposals: int
    known: bool


def send(ws: Workspace, document: Document, data: bytes | None) -> Sent:
    """Add the document's utterances, with the sound `data` where there is one, and the Proposals that it makes.

    `InputError` if the document has no utterance with a text or a span; `AudioError` if the sound cannot be read.
    """
    turns = [turn for turn in document["utterances"] if turn["text"] or (data is not None and turn["end_ms"])]
    if not turns:
        raise InputError(NOTHING)
    recording_id, stored, added = _sentences(ws, turns) if data is None else _sound(ws, document, turns, data)
    pairs = [(turn, utterance) for turn, utterance in zip(turns, stored, strict=True) if utterance is not None]
    runs = {run.id for run in ws.store.ledger.runs()}
    proposals = [proposal for turn, utterance in pairs for proposal in _proposals(turn, utterance, runs)]
    if recording_id is not None and pairs:
        first = min((utterance for _, utterance in pairs), key=lambda utterance: utterance.id)
        proposals += _of_call(document, first, runs)
    new = ws.store.proposals.add(proposals, now()) if proposals else 0
    return Sent(recording_id, added, new, not added)


# -- the utterances

Span = tuple[int | None, int | None]
Stored = list[Utterance | None]  # the utterance of each turn; None if the corpus has none with this span


def _sentences(ws: Workspace, turns: Sequence[Mapping[str, Any]]) -> tuple[None, Stored, int]:
    """Add texts without sound; returns the utterances of `turns` and how many are new."""
    keys = [f"predicted:{sha256(turn['text'].encode())[:24]}" for turn in turns]
    items = [NewUtterance(key, turn["text"], group=key, tags=(TAG,)) for key, turn in zip(keys, turns, strict=True)]
    report = ws.store.corpus.add_sentences(_source(ws), items, now())
    return None, _by_key(ws, keys), report.added


def _sound(
    ws: Workspace, document: Document, turns: Sequence[Mapping[str, Any]], data: bytes
) -> tuple[int, Stored, int]:
    """Add the recording, unless the corpus has its sound; returns its id, the utterances, and how many are new."""
    header = gate.probe(data, document["source"])
    path, digest = audio_files.save(ws, data, header.format, header.copy)
    if (known := _with_sound(ws, path, digest)) is not None:
        ids = ws.store.scan.utterances_of([known]).get(known, [])
        of_known = ws.store.corpus.utterances(sorted(ids))
        return known, _with_spans(of_known, [_span(turn, header.duration_ms) for turn in turns]), 0
    key = f"predicted:{digest[:24]}"
    utterances = _utterances(key, turns, header.duration_ms)
    recording = NewRecording(
        key, header.duration_ms, header.sample_rate_hz, path, digest, tuple(utterances),
        meta={"file": document["source"], "made_by": SOURCE},
    )  # fmt: skip
    ws.store.corpus.add_recordings(_source(ws), [recording], now())
    stored = _by_key(ws, [utterance.key for utterance in utterances])
    number = next(utterance.recording_id for utterance in stored if utterance is not None)
    return number or 0, stored, len(utterances)


def _with_spans(utterances: Sequence[Utterance], spans: Sequence[Span]) -> Stored:
    """The utterance of each span; of several with one span each stands for one turn, in their order."""
    left: dict[Span, deque[Utterance]] = {}
    for utterance in utterances:
        left.setdefault((utterance.start_ms, utterance.end_ms), deque()).append(utterance)
    return [of_span.popleft() if (of_span := left.get(span)) else None for span in spans]


def _utterances(key: str, turns: Sequence[Mapping[str, Any]], duration_ms: int) -> list[NewUtterance]:
    """The turns of a recording; a span that comes again has a number in its key."""
    spans = [_span(turn, duration_ms) for turn in turns]
    earlier = [spans[:n].count(span) for n, span in enumerate(spans)]
    return [_utterance(key, *values) for values in zip(turns, spans, earlier, strict=True)]


def _utterance(key: str, turn: Mapping[str, Any], span: Span, earlier: int) -> NewUtterance:
    start, end = span
    own = "untimed" if start is None or end is None else f"{start}-{end}"
    return NewUtterance(
        f"{key}:{own}" + (f"#{earlier + 1}" if earlier else ""), "" if _by_machine(turn) else turn["text"] or "",
        group=key, start_ms=start, end_ms=end, speaker=turn.get("speaker"),
        voice_usable=start is not None and end is not None and end - start >= SHORTEST_VOICE_MS, tags=(TAG,),
    )  # fmt: skip


def _span(turn: Mapping[str, Any], duration_ms: int) -> Span:
    """Where a turn lies in a recording; (None, None) if nobody knows."""
    start, end = turn["start_ms"], turn["end_ms"]
    return (None, None) if start is None or end is None else (int(start), min(int(end), duration_ms))


def _by_machine(turn: Mapping[str, Any]) -> bool:
    """Whether the text is what a recogniser wrote, and nobody changed it."""
    transcript: Mapping[str, Any] | None = turn.get("transcript")
    return transcript is not None and transcript["state"] == "ok" and transcript["text"] == turn["text"]


def _source(ws: Workspace) -> int:
    return ws.store.corpus.add_source(SOURCE, KIND, LICENCE, sha256(SOURCE.encode()), now())


def _by_key(ws: Workspace, keys: Sequence[str]) -> Stored:
    ids = ws.store.corpus.utterance_ids(keys)
    stored = {utterance.key: utterance for utterance in ws.store.corpus.utterances(list(ids.values()))}
    return [stored.get(key) for key in keys]


def _with_sound(ws: Workspace, path: str, digest: str) -> int | None:
    """The id of a recording with this very sound; None if the corpus has none."""
    if path not in ws.store.scan.known_paths([path]):
        return None
    return next((recording.id for recording in ws.store.corpus.recordings() if recording.sha256 == digest), None)


# -- what waits for a person


def _proposals(turn: Mapping[str, Any], utterance: Utterance, runs: set[str]) -> Iterator[NewProposal]:
    """The transcript or the text where it is another one, and the judgements under schemes of utterances."""
    if turn["text"] and turn["text"] != utterance.text:
        confidence = turn["transcript"]["confidence"] if _by_machine(turn) else None
        reason = Message("speech to text of a live prediction") if _by_machine(turn) else Message("typed on Predict")
        payload = {"text": turn["text"], "before": utterance.text}
        yield NewProposal(TEXT, utterance.id, TRANSCRIPT, payload, reason, confidence=confidence)
    for name, judgement in turn["judgements"].items():
        if name in SCHEMES and SCHEMES[name].level == "utterance":
            yield from _label(name, judgement, utterance, runs, turn["text"])


def _of_call(document: Document, first: Utterance, runs: set[str]) -> Iterator[NewProposal]:
    """The judgements of the whole call under schemes of recordings, at its first utterance."""
    verdicts = dict(document.get("verdict", {})) | dict(document.get("call", {}))
    for name, judgement in verdicts.items():
        if name in SCHEMES and SCHEMES[name].level == "recording":
            yield from _label(name, judgement, first, runs)


def _label(
    name: str, judgement: Judgement, utterance: Utterance, runs: set[str], text: str = ""
) -> Iterator[NewProposal]:
    """A pseudo-label; none if the run cannot tell, is not here, or a person has labelled the utterance.

    `text`: what the run read of the utterance, where it was judged by itself.
    """
    if judgement.get("abstained") or judgement["run"] not in runs or name in utterance.labels:
        return
    probabilities = sorted(judgement.get("probabilities", {}).values(), reverse=True)
    payload = {"scheme": name, "code": judgement["label"], "confidence": judgement["confidence"]}
    if len(probabilities) > 1:
        payload["margin"] = probabilities[0] - probabilities[1]
    if text and text != utterance.text:
        payload["judged"] = text
    reason = Message("live prediction, confidence {confidence:.2f}", confidence=judgement["confidence"])
    yield NewProposal(
        LABEL, utterance.id, f"{LABEL} by {judgement['run']}", payload, reason, judgement["run"],
        confidence=judgement["confidence"],
    )  # fmt: skip
