"""Predict the labels of new input: a sentence, or a recording cut into utterances.

Page, shell and REST service get the same document:
`{"source", "transcriber": {"name", "state", "reason"}, "utterances": [{"start_ms", "end_ms", "text", "speaker",
"transcript", "judgements": {scheme: judgement}, "abstained": {scheme: code}}], "call": {scheme: judgement}, "verdict":
{scheme: verdict}, "abstained": code or null}`. A judgement is `{"label", "confidence", "probabilities": {class: p},
"run", "chosen", "abstained": code or null, "reason": sentence or null, "set": [classes that fit], "alarm", "by":
{"text", "voice" or "both": the judgement of one run}, "weights": {"text", "voice"} or null, "disagree"}`; a verdict has
the first nine, "level", "utterance", "first_alarm_ms" and "recall". Times are None for a sentence, and where a label
JSON gives none; `text` is None where nobody knows the words. Runs that were trained on whole calls judge the joined
turns once: "call" is there only with such a run. `chosen` is false if the run serves only because it is the newest and
nobody has chosen one. "alarm": the class that must not be missed reaches the operating point of the run. The label
stays where a run cannot tell (`core.abstention`): a face shows the reason instead.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.abstention import Code
from core.abstention.script import unreadable
from core.audio import Audio, decode, to_wav
from core.audio.vad import segments as voiced_spans
from core.errors import CoreError, InputError
from core.inference.predictor import Predictor, cached
from core.inference.threads import settle
from core.models.values import Sample
from core.records import SHORTEST_VOICE_MS
from core.workflows.predict.judging import serving, spans
from core.workflows.predict.judging.fusion import fused
from core.workflows.predict.judging.hearing import Sound as Sound
from core.workflows.predict.judging.hearing import hear_each
from core.workflows.predict.judging.judge import Known, Said, judge, judge_call, judge_each, why_unjudged
from core.workflows.predict.judging.serving import Plan, Runs
from core.workflows.predict.judging.spans import OFF, Heard, Span
from core.workflows.predict.judging.verdict import verdicts
from core.workflows.workspace import Workspace

__all__ = [
    "OFF",
    "Runs",
    "Sound",
    "Span",
    "explain",
    "judge_again",
    "playable",
    "predict_audio",
    "predict_conversation",
    "predict_labels",
    "predict_recordings",
    "predict_text",
    "predict_texts",
    "predictors",
    "read_audio",
    "warm_up",
]  # fmt: skip

Document = dict[str, Any]
Weights = Mapping[str, float]  # the share of the text, by scheme


def predictors(ws: Workspace, run_ids: Runs = ()) -> list[Predictor]:
    """The named runs, or the run that serves each scheme and modality (`core.workflows.models.in_use`)."""
    return list(serving.plan(ws, run_ids).models)


def warm_up(ws: Workspace) -> None:
    """Load the default models and judge a second of noise, so that the first visitor does not wait for libraries.

    It also settles how many threads this process uses in a judgement (`core.inference.threads`).
    """
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    voiced_spans(noise)
    models = predictors(ws)
    settle(models)
    for predictor in models:
        predictor.predict([Sample("여보세요", None if predictor.modality == "text" else noise)])


def predict_text(
    ws: Workspace,
    text: str,
    run_ids: Runs = (),
    source: str = "text",
    *,
    schemes: Sequence[str] = (),
    weights: Weights | None = None,
) -> Document:
    """Judge one typed sentence by every text model. `InputError` if no chosen run reads text or the text is empty."""
    (document,) = predict_texts(ws, [text], run_ids, source, schemes=schemes, weights=weights)
    if isinstance(document, CoreError):
        raise document
    return document


def predict_texts(
    ws: Workspace,
    texts: Sequence[str],
    run_ids: Runs = (),
    source: str = "text",
    *,
    schemes: Sequence[str] = (),
    weights: Weights | None = None,
) -> list[Document | CoreError]:
    """Judge several sentences in one batch, each as `predict_text` judges it alone; an error stands in its place."""
    plan = _of_text(serving.plan(ws, run_ids, schemes, weights))
    readable = [any(p.reads(text) for p in plan.models) for text in texts]
    own = [Span(None, None, text) for text, is_readable in zip(texts, readable, strict=True) if is_readable]
    said = iter(judge(own, plan, None))
    answers: list[Document | CoreError] = []
    for text, is_readable in zip(texts, readable, strict=True):
        if is_readable:
            answers.append(_document(ws, source, spans.typed(text), plan, None, [next(said)]))
        else:
            answers.append(InputError("{source}: the text is empty", source=source))
    return answers


def predict_labels(
    ws: Workspace,
    labels: bytes,
    source: str,
    run_ids: Runs = (),
    *,
    schemes: Sequence[str] = (),
    weights: Weights | None = None,
) -> Document:
    """Judge the words of a 119 label JSON whose recording is not there.

    `BadRecord` or `InputError` if it has none, `InputError` if no chosen run reads text.
    """
    return _words(ws, source, spans.delivered(labels, source, None), serving.plan(ws, run_ids, schemes, weights))


def predict_conversation(
    ws: Workspace,
    lines: Sequence[str],
    run_ids: Runs = (),
    source: str = "text",
    *,
    schemes: Sequence[str] = (),
    weights: Weights | None = None,
) -> Document:
    """Judge typed lines as the utterances of one conversation. `InputError` if no chosen run reads text."""
    return _words(ws, source, [Span(None, None, line) for line in lines], serving.plan(ws, run_ids, schemes, weights))


def _words(ws: Workspace, source: str, said: list[Span], plan: Plan) -> Document:
    readers = _of_text(plan)
    return _document(ws, source, Heard(said, spans.state("given")), readers, None, judge(said, readers, None))


def _of_text(plan: Plan) -> Plan:
    """The runs that can judge words without sound. `InputError` if there is none."""
    readers = plan.without_voice_runs()
    if not readers.models:
        raise InputError("none of the chosen runs judges text")
    return readers


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
    run_ids: Runs = (),
    segments: Sequence[Span] | None = None,
    schemes: Sequence[str] = (),
    transcriber: str | None = None,
    weights: Weights | None = None,
    language: str = "ko",
    own_voice: bool = False,
) -> Document:
    """Judge a recording: voice models judge every utterance, text models those with a text, then both together.

    The utterances come from the 119 label JSON `labels` if it is given, else from `segments`, else from voice activity
    detection. The lines of a typed transcript `text` go to the utterances one by one if there are as many lines as
    utterances, else to the whole recording. Without words the recording is transcribed, by the speech recogniser
    `transcriber` or the usual one; "off" transcribes nothing. With `own_voice` a run that hears differences from the
    neutral voice of a speaker takes how the speaker sounds in this recording. `AudioError` if the audio cannot be used.
    """
    (document,) = predict_recordings(
        ws, [Sound(data, source, text, labels, segments)], run_ids=run_ids, schemes=schemes, transcriber=transcriber,
        weights=weights, language=language, own_voice=own_voice,
    )  # fmt: skip
    if isinstance(document, CoreError):
        raise document
    return document


def predict_recordings(
    ws: Workspace,
    recordings: Sequence[Sound],
    *,
    run_ids: Runs = (),
    schemes: Sequence[str] = (),
    transcriber: str | None = None,
    weights: Weights | None = None,
    language: str = "ko",
    own_voice: bool = False,
) -> list[Document | CoreError]:
    """Judge several recordings in one batch, each as `predict_audio` judges it alone; an error stands in its place.

    Voice activity detection and every run go through them side by side, which takes less time for short ones. All of
    them are in memory at once.
    """
    plan = serving.plan(ws, run_ids, schemes, weights, own_voice)
    heard = hear_each(ws, recordings, transcriber, language)
    said = iter(judge_each([(one[0].spans, one[1]) for one in heard if not isinstance(one, CoreError)], plan))
    return [
        found if isinstance(found, CoreError) else _document(ws, one.source, found[0], plan, found[1], next(said))
        for one, found in zip(recordings, heard, strict=True)
    ]


def judge_again(
    ws: Workspace,
    document: Mapping[str, Any],
    audio: Audio | None = None,
    *,
    texts: Mapping[int, str] | None = None,
    run_ids: Runs = (),
    schemes: Sequence[str] = (),
    weights: Weights | None = None,
    own_voice: bool = False,
) -> Document:
    """Judge an input again after a change: `texts` by the place of the utterance, other runs, other weights.

    What did not change is taken from `document`: nothing is transcribed again, no voice that a run has judged is read
    again, and new weights need no model. `audio` is what `document` was made from, None for a sentence.
    """
    plan = serving.plan(ws, run_ids, schemes, weights, own_voice)
    if audio is None:
        plan = _of_text(plan)
    changed = {i: text for i, text in (texts or {}).items() if text != document["utterances"][i]["text"]}
    own = [_span(u, changed.get(i)) for i, u in enumerate(document["utterances"])]
    known: Known = [
        _voice_only(u["judgements"]) if i in changed else u["judgements"] for i, u in enumerate(document["utterances"])
    ]
    heard = Heard(own, dict(document["transcriber"]))
    return _document(ws, document["source"], heard, plan, audio, judge(own, plan, audio, known))


def _span(utterance: Mapping[str, Any], text: str | None) -> Span:
    values = {name: utterance[name] for name in ("start_ms", "end_ms", "text", "speaker", "transcript")}
    return Span(**values) if text is None else replace(Span(**values), text=text)


def _voice_only(judgements: Mapping[str, Any]) -> dict[str, Any]:
    """What was judged of the voice alone, which new words do not change."""
    return {
        name: {"by": {"voice": judged["by"]["voice"]}} for name, judged in judgements.items() if "voice" in judged["by"]
    }


def playable(audio: Audio) -> bytes:
    """The audio as a WAV (mono, 16 kHz), which every browser can play."""
    return to_wav(audio.wave, audio.sample_rate_hz)


def explain(ws: Workspace, text: str, run_id: str, scheme: str | None = None) -> list[tuple[str, float]]:
    """The parts of `text` with their weight for (positive) or against the decision; none if the run cannot tell."""
    predictor = cached(ws.run_folder(run_id))
    return predictor.explain(text, scheme) if predictor.explains else []


def _document(
    ws: Workspace, source: str, heard: Heard, plan: Plan, audio: Audio | None, said: Sequence[Said]
) -> Document:
    call = _fused(judge_call(heard.spans, plan, audio), plan)
    document: Document = {
        "source": source,
        "transcriber": heard.transcriber,
        "utterances": [_utterance(span, own, plan) for span, own in zip(heard.spans, said, strict=True)],
        **({"call": call} if call else {}),
        "abstained": _whole(heard.spans, audio, plan),
    }
    document["verdict"] = verdicts(ws, plan, document)
    json.dumps(document, allow_nan=False)  # refuse a NaN probability
    return document


def _utterance(span: Span, said: Said, plan: Plan) -> dict[str, Any]:
    judgements = _fused(said, plan)
    schemes = dict.fromkeys(name for p in plan.of_unit("utterance") for name in plan.models[p].schemes)
    return {
        "start_ms": span.start_ms,
        "end_ms": span.end_ms,
        "text": span.text,
        "speaker": span.speaker,
        "transcript": span.transcript,
        "judgements": judgements,
        "abstained": {name: why_unjudged(span, plan, name) for name in schemes if name not in judgements},
    }


def _fused(said: Said, plan: Plan) -> dict[str, Any]:
    return {name: fused(parts, plan.weight(name)) for name, parts in said.items()}


def _whole(own: Sequence[Span], audio: Audio | None, plan: Plan) -> Code | None:
    """Why the whole input cannot be judged; None if something of it can."""
    if audio is None:
        korean = all(predictor.limits.korean for predictor in plan.models)
        return unreadable(" ".join(span.text or "" for span in own), korean)
    if any(span.text for span in own):
        return None
    if audio.duration_ms < SHORTEST_VOICE_MS:
        return "too_short"
    silent = all(span.transcript is not None and span.transcript["state"] == "no_speech" for span in own)
    return "no_speech" if silent else None
