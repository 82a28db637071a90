"""What the runs say of the spans of an input, and of the whole call.

A run reads only what is there: a text run the words, a voice run a span that is long enough. What an earlier document
of the same input says is used again where words and run are the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from core.abstention import Code
from core.audio import Audio, cut
from core.inference.predictor import Predictor
from core.models import Modality
from core.models.values import Sample
from core.records import SHORTEST_VOICE_MS
from core.workflows.predict.judging.fusion import Part
from core.workflows.predict.judging.serving import Plan
from core.workflows.predict.judging.spans import Span
from core.workflows.snapshots.calls import in_order, transcript

Said = dict[str, dict[Modality, Part]]  # scheme -> modality -> what a run says
Spoken = tuple[Sequence[Span], Audio | None]  # the spans of one input, and its sound
Place = tuple[int, int]  # of a span: number of its input, number in it
Known = Sequence[Mapping[str, Any] | None]  # judgements of an earlier document, by span


def judge(spans: Sequence[Span], plan: Plan, audio: Audio | None, known: Known = ()) -> list[Said]:
    """What the runs of utterances say of each span."""
    (said,) = judge_each([(spans, audio)], plan, known)
    return said


def judge_each(inputs: Sequence[Spoken], plan: Plan, known: Known = ()) -> list[list[Said]]:
    """What the runs of utterances say of each span of each input: a run reads all inputs in one batch.

    `known` belongs to the first input.
    """
    said: list[list[Said]] = [[{} for _ in spans] for spans, _ in inputs]
    for predictor in plan.of_unit("utterance"):
        if known:
            _reuse(predictor, plan, known, said[0])
        samples = {
            (n, i): sample
            for n, (spans, audio) in enumerate(inputs)
            for i in _open(predictor, plan, said[n])
            if (sample := sample_of(spans[i], predictor, audio))
        }
        for group in _together(predictor, plan, samples):
            for (n, i), part in _answers(predictor, plan, group):
                said[n][i].setdefault(part.target.name, {}).setdefault(predictor.modality, part)
    return said


def _open(predictor: Predictor, plan: Plan, said: Sequence[Said]) -> Iterable[int]:
    """The spans of an input that a run has to read."""
    left = [i for i, one in enumerate(said) if not _has_all(one, predictor, plan)]
    if left and baseline_of(predictor, plan) == "own":
        return range(len(said))  # a voice is compared with all that it says in the recording
    return left


def _together(predictor: Predictor, plan: Plan, samples: Mapping[Place, Sample]) -> list[dict[Place, Sample]]:
    """The samples that a run reads at once: all of them, or where voices are compared those of one input."""
    if baseline_of(predictor, plan) != "own":
        return [dict(samples)]
    of_input: dict[int, dict[Place, Sample]] = {}
    for place, sample in samples.items():
        of_input.setdefault(place[0], {})[place] = sample
    return [*of_input.values()]


def judge_call(spans: Sequence[Span], plan: Plan, audio: Audio | None) -> Said:
    """What the runs say that read a whole call: its turns joined as in training."""
    said: Said = {}
    turns = in_order(_Turn(n, span) for n, span in enumerate(spans))
    for predictor in plan.of_unit("call"):
        joined = transcript(turns, predictor.card.cleaning)
        whole = Span(None if audio is None else 0, None if audio is None else audio.duration_ms, joined)
        sample = sample_of(whole, predictor, audio)
        for _, part in _answers(predictor, plan, {} if sample is None else {(0, 0): sample}):
            said.setdefault(part.target.name, {}).setdefault(predictor.modality, part)
    return said


def why_unjudged(span: Span, plan: Plan, name: str) -> Code:
    """Why no run could judge a span under a scheme."""
    if span.transcript is not None and span.transcript["state"] != "ok":
        return "no_speech" if span.transcript["state"] == "no_speech" else "not_understood"
    reads_voice = any(p.modality != "text" and name in use.schemes for p, use in plan.models.items())
    return "too_short" if reads_voice and not _long_enough(span) else "empty"


def sample_of(span: Span, predictor: Predictor, audio: Audio | None) -> Sample | None:
    """What a run reads of a span; None if there is nothing that it could judge.

    A run of text and voice reads the voice alone where it cannot tell of the text.
    """
    text = predictor.reads(span.text or "") if predictor.modality != "voice" else ""
    voiced = predictor.modality != "text" and audio is not None and _long_enough(span)
    if voiced and text and predictor.refuses(text):
        text = ""
    if predictor.needs_both and not (text and voiced):
        return None
    if not text and not voiced:
        return None
    raw = (span.text or "") if text else ""
    if audio is None or not voiced:
        return Sample(raw)
    return Sample(raw, _wave(audio, span), span.speaker, audio.source_rate_hz)


class _Turn:
    """A span as a turn of a transcript."""

    origin = "imported"

    def __init__(self, number: int, span: Span) -> None:
        self.id, self.start_ms, self.speaker, self.text = number, span.start_ms, span.speaker, span.text or ""


def _answers(predictor: Predictor, plan: Plan, samples: Mapping[Place, Sample]) -> list[tuple[Place, Part]]:
    """The answers of a run for the samples, under each scheme that it is used for."""
    if not samples:
        return []
    probs, refused = predictor.assess([*samples.values()], plan.own_voice)
    use, baseline = plan.models[predictor], baseline_of(predictor, plan)
    return [
        (place, Part(predictor, target, row, code, use.chosen, baseline))
        for target in predictor.targets
        if target.name in use.schemes
        for place, row, code in zip(samples, probs[target.name], refused, strict=True)
    ]


def baseline_of(predictor: Predictor, plan: Plan) -> str:
    """Whose neutral voice a run takes off here: "own" is that of the speaker in this recording."""
    return "own" if plan.own_voice and predictor.baseline == "speaker" else predictor.baseline


def _reuse(predictor: Predictor, plan: Plan, known: Known, said: list[Said]) -> None:
    """Take the answers of a run from an earlier document. A span whose words changed has only its voice there."""
    use, baseline = plan.models[predictor], baseline_of(predictor, plan)
    for i, judgements in enumerate(known):
        for target in (target for target in predictor.targets if target.name in use.schemes):
            of_scheme = (judgements or {}).get(target.name, {}).get("by", {}).get(predictor.modality)
            same = (predictor.run_id, baseline)
            if of_scheme is not None and (of_scheme["run"], of_scheme.get("baseline", "")) == same:
                row = np.array([of_scheme["probabilities"][code] for code in target.codes], dtype=np.float64)
                code = of_scheme["abstained"]
                part = Part(predictor, target, row, None if code == "undecided" else code, use.chosen, baseline)
                said[i].setdefault(target.name, {}).setdefault(predictor.modality, part)


def _has_all(said: Said, predictor: Predictor, plan: Plan) -> bool:
    return all(predictor.modality in said.get(name, {}) for name in plan.models[predictor].schemes)


def _long_enough(span: Span) -> bool:
    return span.duration_ms is not None and span.duration_ms >= SHORTEST_VOICE_MS


def _wave(audio: Audio, span: Span) -> np.ndarray:
    return cut(audio.wave, audio.sample_rate_hz, span.start_ms or 0, min(span.end_ms or 0, audio.duration_ms))
