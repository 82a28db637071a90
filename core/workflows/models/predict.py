"""Predict the labels of new input: a sentence, or a recording cut into utterances.

Page, shell and REST service get the same document:
`{"source", "utterances": [{"start_ms", "end_ms", "text", "judgements": {scheme: {"label", "confidence",
"probabilities": {class: p}, "run", "chosen"}}}]}`; times are None for a sentence, text is None where nothing was
transcribed. Runs that were trained on whole calls judge the joined turns once: their judgements stand under "call".
`chosen` is false if the run serves only because it is the newest and nobody has chosen one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.audio import Audio, cut, decode, to_wav
from core.audio.vad import segments
from core.confidence import best_answer
from core.errors import CoreError, InputError, NotEnoughData
from core.inference.predictor import Predictor, cached
from core.ingest.aihub import label
from core.messages import Message
from core.models.values import Sample
from core.records import SHORTEST_VOICE_MS
from core.schemes.target import Target
from core.workflows.models import in_use
from core.workflows.service.renewed import Renewed
from core.workflows.snapshots.calls import transcript
from core.workflows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the input that models judge, `[start_ms, end_ms)`; a sentence has no times."""

    start_ms: int | None
    end_ms: int | None
    text: str | None
    speaker: str | None = None


def predictors(ws: Workspace, run_ids: Sequence[str] = ()) -> list[Predictor]:
    """The named runs, or the run that serves each scheme and modality (`core.workflows.models.in_use`)."""
    return list(_predictors(ws, run_ids))


@dataclass(frozen=True, slots=True)
class _Use:
    """Whether a person chose or named a run, and the schemes that it judges here."""

    chosen: bool
    schemes: tuple[str, ...]


def _predictors(ws: Workspace, run_ids: Sequence[str]) -> dict[Predictor, _Use]:
    """Each predictor, and what it is used for."""
    if run_ids:
        named = [cached(ws.run_folder(run_id)) for run_id in run_ids]
        return {p: _Use(True, tuple(target.name for target in p.targets)) for p in named}
    return _serving.of(ws)


def _in_use(ws: Workspace) -> dict[Predictor, _Use]:
    serving = in_use.serving(ws)
    if not serving:
        raise NotEnoughData("no trained model yet: run `python -m core demo`, or train one")
    return {cached(ws.run_folder(item.run.id)): _Use(item.chosen, item.schemes) for item in serving}


_serving = Renewed(_in_use)  # a request makes no query for what serves


def warm_up(ws: Workspace) -> None:
    """Load the default models and judge a second of noise, so that the first visitor does not wait for libraries."""
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    segments(noise)
    for predictor in predictors(ws):
        predictor.predict([Sample("여보세요", None if predictor.modality == "text" else noise)])


def predict_text(ws: Workspace, text: str, run_ids: Sequence[str] = (), source: str = "text") -> dict[str, Any]:
    """Judge one typed sentence by every text model. `InputError` if no chosen run reads text or the text is empty."""
    models = {p: use for p, use in _predictors(ws, run_ids).items() if p.modality != "voice"}
    if not models:
        raise InputError("none of the chosen runs judges text")
    if not any(p.reads(text) for p in models):
        raise InputError("{source}: the text is empty", source=source)
    return _document(source, [Span(None, None, text)], models, None)


def predict_texts(ws: Workspace, texts: Sequence[str], run_ids: Sequence[str] = ()) -> list[dict[str, Any] | CoreError]:
    """As `predict_text` for each text, but the models judge all texts in one batch. A text that fails is its error."""
    models = {p: use for p, use in _predictors(ws, run_ids).items() if p.modality != "voice"}
    if not models:
        raise InputError("none of the chosen runs judges text")
    read = [any(p.reads(text) for p in models) for text in texts]
    spans = [Span(None, None, text) for text, reads in zip(texts, read, strict=True) if reads]
    judged = zip(spans, _judge(spans, models, None), strict=True)
    documents = (_put_together("text", [span], [judgements], models, None) for span, judgements in judged)
    return [next(documents) if reads else InputError("{source}: the text is empty", source="text") for reads in read]


def read_audio(data: bytes | Path | BinaryIO, source: str) -> Audio:
    """Decode a recording once, for `predict_audio` and `playable`; `AudioError` if it cannot be decoded."""
    return decode(data, source)


def predict_audio(
    ws: Workspace,
    data: bytes | Path | Audio,
    source: str,
    *,
    text: str | None = None,
    labels: bytes | None = None,
    run_ids: Sequence[str] = (),
) -> dict[str, Any]:
    """Judge a recording: voice models judge every utterance, text models those with a text.

    The utterances come from the 119 label JSON `labels` if it is given, else from voice activity detection. The lines
    of a typed transcript `text` go to the utterances one by one if there are as many lines as utterances, else to the
    whole recording. `AudioError` if the audio cannot be used.
    """
    models = _predictors(ws, run_ids)
    audio = data if isinstance(data, Audio) else read_audio(data, source)
    spans = _spans(audio, text, labels, source)
    return _document(source, spans, models, audio)


def playable(audio: Audio) -> bytes:
    """The audio as a WAV (mono, 16 kHz), which every browser can play."""
    return to_wav(audio.wave, audio.sample_rate_hz)


def calibrated_on(ws: Workspace, run_id: str) -> str:
    """The split on which the confidence of a run was calibrated."""
    return cached(ws.run_folder(run_id)).card.calibration.fitted_on


def explain(ws: Workspace, text: str, run_id: str, scheme: str | None = None) -> list[tuple[str, float]]:
    """The parts of `text` with their weight for (positive) or against the decision; none if the run cannot tell."""
    predictor = cached(ws.run_folder(run_id))
    return predictor.explain(text, scheme) if predictor.explains else []


def _spans(audio: Audio, text: str | None, labels: bytes | None, source: str) -> list[Span]:
    if labels is not None:
        return _delivered_spans(labels, source, audio.duration_ms)
    voiced = segments(audio.wave, audio.sample_rate_hz)
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    if not lines:
        return [Span(a, b, None) for a, b in voiced]
    if len(lines) == len(voiced):
        return [Span(a, b, line) for (a, b), line in zip(voiced, lines, strict=True)]
    return [Span(0, audio.duration_ms, " ".join(lines)), *(Span(a, b, None) for a, b in voiced)]


def _delivered_spans(labels: bytes, source: str, duration_ms: int) -> list[Span]:
    """The utterances of a 119 label JSON that lie inside the recording."""
    where = Message("label JSON of {source}", source=source)
    document = label.decode(labels, where)
    utterances = label.utterances(document, "", where, duration_ms, label.Issues())
    spans = [
        Span(u.start_ms, min(u.end_ms, duration_ms), u.text or None, u.speaker)
        for u in utterances
        if u.start_ms is not None and u.end_ms is not None and u.start_ms < min(u.end_ms, duration_ms)
    ]
    if not spans:
        raise InputError(
            "{where}: no utterance lies inside the recording of {duration_ms} ms", where=where, duration_ms=duration_ms
        )
    return spans


def _judge(spans: Sequence[Span], models: Mapping[Predictor, _Use], audio: Audio | None) -> list[dict[str, Any]]:
    judged: list[dict[str, Any]] = [{} for _ in spans]
    for predictor in _in_turn(models, "utterance"):
        samples = {i: sample for i, span in enumerate(spans) if (sample := _sample(span, predictor, audio))}
        if not samples:
            continue
        probs = predictor.predict([*samples.values()])
        use = models[predictor]
        for target in (target for target in predictor.targets if target.name in use.schemes):
            for i, row in zip(samples, probs[target.name], strict=True):
                # What reads more wins if several models judge one scheme: fusing them needs a model of its own.
                judged[i].setdefault(target.name, _judgement(predictor, target, row, use.chosen))
    return judged


def _judge_call(spans: Sequence[Span], models: Mapping[Predictor, _Use], audio: Audio | None) -> dict[str, Any]:
    """The judgements of the runs that read a whole call: its turns joined as in training."""
    judged: dict[str, Any] = {}
    turns = [_Turn(n, span) for n, span in enumerate(spans)]
    last_ms = audio.duration_ms if audio is not None else None
    for predictor in _in_turn(models, "call"):
        whole = Span(None if audio is None else 0, last_ms, transcript(turns, predictor.card.cleaning))
        sample = _sample(whole, predictor, audio)
        if sample is None:
            continue
        probs = predictor.predict([sample])
        for target in predictor.targets:
            if target.name in models[predictor].schemes:
                row = probs[target.name][0]
                judged.setdefault(target.name, _judgement(predictor, target, row, models[predictor].chosen))
    return judged


class _Turn:
    """A span as a turn of a transcript."""

    origin = "imported"

    def __init__(self, number: int, span: Span) -> None:
        self.id, self.start_ms, self.speaker, self.text = number, span.start_ms, span.speaker, span.text or ""


def _in_turn(models: Mapping[Predictor, _Use], unit: str) -> list[Predictor]:
    """The predictors that judge a `unit`, those that read more first: what they say of a scheme wins."""
    chosen = [predictor for predictor in models if predictor.card.unit == unit]
    return sorted(chosen, key=lambda predictor: ("both", "text", "voice").index(predictor.modality))


def _sample(span: Span, predictor: Predictor, audio: Audio | None) -> Sample | None:
    """What a model reads of a span; None if there is nothing that it could judge."""
    text = (span.text or "") if predictor.modality != "voice" and predictor.reads(span.text or "") else ""
    voiced = predictor.modality != "text" and audio is not None and _long_enough(span)
    if not text and not voiced:
        return None
    if audio is None or not voiced:
        return Sample(text)
    return Sample(text, _wave(audio, span), source_hz=audio.source_rate_hz)


def _long_enough(span: Span) -> bool:
    return span.start_ms is not None and span.end_ms is not None and span.end_ms - span.start_ms >= SHORTEST_VOICE_MS


def _wave(audio: Audio, span: Span) -> np.ndarray:
    return cut(audio.wave, audio.sample_rate_hz, span.start_ms or 0, min(span.end_ms or 0, audio.duration_ms))


def _judgement(predictor: Predictor, target: Target, row: np.ndarray, chosen: bool) -> dict[str, Any]:
    label, confidence, _ = best_answer(target, row)
    return {
        "label": label,
        "confidence": confidence,
        "probabilities": {code: float(p) for code, p in zip(target.codes, row, strict=True)},
        "run": predictor.run_id,
        "chosen": chosen,
    }


def _document(
    source: str, spans: Sequence[Span], models: Mapping[Predictor, _Use], audio: Audio | None
) -> dict[str, Any]:
    return _put_together(source, spans, _judge(spans, models, audio), models, audio)


def _put_together(
    source: str,
    spans: Sequence[Span],
    judged: Sequence[dict[str, Any]],
    models: Mapping[Predictor, _Use],
    audio: Audio | None,
) -> dict[str, Any]:
    utterances = [
        {"start_ms": s.start_ms, "end_ms": s.end_ms, "text": s.text, "judgements": j}
        for s, j in zip(spans, judged, strict=True)
    ]
    call = _judge_call(spans, models, audio)
    document = {"source": source, "utterances": utterances} | ({"call": call} if call else {})
    json.dumps(document, allow_nan=False)  # refuse a NaN probability
    return document
