"""Sorts the results of one annotation: regions of audio, spans within a text, and answers about the whole task.

All results with the same id belong together. A group with `start` and `end` is a region of audio, in seconds, or a
span within a text, in characters: an audio player writes `channel` or `original_length`, a text its marked words. Times
leave this module in ms.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.audio.header import SUFFIXES
from core.errors import BadRecord
from core.ingest.exports.rows import DeliveredPrediction, text_of
from core.messages import Message
from core.records import LONGEST_MS
from core.schemes import JOIN

TEXT_RESULT = "transcription"
TEXT_FIELDS = ("text", "transcription", "transcript", "sentence", "발화", "문장")
AUDIO_FIELDS = ("audio", "wav", "sound")
READ = ("choices", "labels", "textarea")
_EDIT = re.compile(
    r"transcri|text|sentence|utterance|correct|edit|fix|rewrit|normal|수정|교정|전사|발화|문장|텍스트", re.I
)
_SPAN_MARKS = ("startOffset", "endOffset", "globalOffsets")

Results = list[dict[str, Any]]
NameOf = Callable[[str], str]  # from_name -> the name of its scheme


@dataclass(slots=True)
class SortedResults:
    """The results of one annotation. `regions` and `spans` map an id to its results; `whole` are about the task."""

    regions: dict[str, Results] = field(default_factory=dict)
    spans: dict[str, Results] = field(default_factory=dict)
    whole: Results = field(default_factory=list)


def usable(results: Any) -> Results:
    """The entries of `results` that are results: objects with a `value`."""
    listed = results if isinstance(results, list) else []
    return [r for r in listed if isinstance(r, dict) and isinstance(r.get("value"), dict)]


def sort_results(results: Results, data: Mapping[str, Any]) -> SortedResults:
    """Sort `results` by what they are about; `data` is that of their task."""
    if not any("start" in result["value"] or "end" in result["value"] for result in results):
        return SortedResults(whole=results)
    by_id: dict[str, Results] = {}
    for number, result in enumerate(results):
        by_id.setdefault(str(result.get("id") or f"#{number}"), []).append(result)
    found = SortedResults()
    for name, group in by_id.items():
        if not any(_has_span(r["value"]) for r in group):
            found.whole += group
        elif _is_text_span(group, data):
            found.spans[name] = group
        else:
            found.regions[name] = group
    return found


def audio_name(data: Mapping[str, Any]) -> str | None:
    """The audio that `data` names: in one of the usual fields, else in the first field with an audio file's name."""
    texts = {name: value for name, value in data.items() if isinstance(value, str) and value.strip()}
    usual = (texts[name] for name in AUDIO_FIELDS if name in texts)
    files = (value for value in texts.values() if value.partition("?")[0].lower().endswith(SUFFIXES))
    return next(usual, None) or next(files, None)


def text_field(data: Mapping[str, Any]) -> str | None:
    """The field of `data` that holds the text; None if none of the usual ones does."""
    return next((name for name in TEXT_FIELDS if isinstance(data.get(name), str)), None)


def _has_span(value: Mapping[str, Any]) -> bool:
    return all(isinstance(value.get(n), int | float) and not isinstance(value[n], bool) for n in ("start", "end"))


def _is_text_span(group: Results, data: Mapping[str, Any]) -> bool:
    """Whether the group marks words of a text, not a part of an audio file."""
    values = [result["value"] for result in group]
    if any(mark in value for value in values for mark in _SPAN_MARKS):
        return True
    if any("channel" in value for value in values) or any("original_length" in result for result in group):
        return False
    if any(isinstance(r["value"].get("text"), str) for r in group if r.get("type") != "textarea"):
        return True
    targets = {result["to_name"] for result in group if isinstance(result.get("to_name"), str)}
    return (
        bool(targets) and text_field(data) is not None and (audio_name(data) is None or bool(targets & {*TEXT_FIELDS}))
    )


def region_times(results: Results, where: str) -> tuple[int, int]:
    """Start and end of a region in ms; `BadRecord` if they are no times, or not in order."""
    value = next(result["value"] for result in results if _has_span(result["value"]))
    start, end = (_ms(value[name]) for name in ("start", "end"))
    if start is None or end is None:
        raise BadRecord(
            where, "a region from {start} to {end} s has no usable times",
            start=str(value["start"])[:40], end=str(value["end"])[:40],
        )  # fmt: skip
    if not start < end:
        raise BadRecord(where, "a region from {start} to {end} ms has no length", start=start, end=end)
    return start, end


def _ms(seconds: int | float) -> int | None:
    if not (math.isfinite(seconds) and 0 <= seconds * 1000 <= LONGEST_MS):
        return None
    return round(seconds * 1000)


def channel_of(results: Results) -> int | None:
    """The channel of the audio that a region marks, counted from 0; None if it names none."""
    channels = (result["value"].get("channel") for result in results)
    return next((c for c in channels if isinstance(c, int) and not isinstance(c, bool) and c >= 0), None)


def labels_of(results: Results, where: str, name_of: NameOf) -> dict[str, str]:
    """scheme -> value; several classes, also of several results, are joined by `|`."""
    labels: dict[str, dict[str, None]] = {}
    for result in results:
        if result.get("type") in ("choices", "labels"):
            raw = text_of(result.get("from_name"), "from_name", where)
            values = result["value"].get(result["type"])
            name = name_of(raw)
            for value in values if isinstance(values, list) else ():
                labels.setdefault(name, {})[text_of(value, raw, where)] = None
    return {name: JOIN.join(values) for name, values in labels.items() if any(values)}


def texts_of(results: Results, where: str, shown: bool) -> tuple[str | None, dict[str, str]]:
    """The text that was typed, None if none was, and further texts by `from_name`, such as a remark.

    Of several text areas the one called `transcription` or like a field of the text gives the text, else the last. If
    a text was `shown`, only an area whose name says that it is an edit replaces it: another one may be a comment.
    """
    typed: dict[str, str] = {}
    for result in results:
        if result.get("type") == "textarea":
            typed[str(result.get("from_name"))] = text_of(_joined(result["value"].get("text")), TEXT_RESULT, where)
    if not typed:
        return None, {}
    main = next((name for name in (TEXT_RESULT, *TEXT_FIELDS) if name in typed), None)
    main = main or next((name for name in reversed(typed) if not shown or _EDIT.search(name)), None)
    return typed.pop(main) if main is not None else None, typed


def _joined(text: Any) -> str:
    return "\n".join(map(str, text)) if isinstance(text, list) else str(text or "")


def span_facts(spans: Mapping[str, Results]) -> list[dict[str, Any]]:
    """The spans as plain values, which the details of an utterance keep."""
    facts = []
    for group in spans.values():
        for result in group:
            value = result["value"]
            marks = [
                str(v) for key in value if key.endswith("labels") and isinstance(value[key], list) for v in value[key]
            ]
            if marks:
                facts.append({
                    "start": value.get("start"), "end": value.get("end"), "text": str(value.get("text") or ""),
                    "labels": marks, "from_name": str(result.get("from_name")),
                })  # fmt: skip
    return facts


def span_notes(spans: Mapping[str, Results]) -> list[str]:
    """A note for each span within a text."""
    names = (
        next((r for r in group if r.get("type") == "labels"), group[0]).get("from_name") for group in spans.values()
    )
    return [Message("span within a text, of {name}: no label is made of it", name=str(name)) for name in names]


def unread_notes(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """A note for each result of a type that is not read."""
    return [
        Message("result of type {kind} not read", kind=str(result.get("type")))
        for result in results
        if result.get("type") not in READ
    ]


def predictions_of(predictions: Any, where: str, name_of: NameOf) -> tuple[DeliveredPrediction, ...]:
    """The predictions of models about the whole task."""
    delivered = []
    for prediction in predictions if isinstance(predictions, list) else ():
        results = usable(prediction.get("result")) if isinstance(prediction, dict) else []
        if not results:
            continue
        model = text_of(str(prediction.get("model_version") or "Label Studio"), "model_version", where)
        score = prediction.get("score") if _is_probability(prediction.get("score")) else None
        for result in results:
            if _has_span(result["value"]):
                continue
            margin = _margin(result.get("meta"))
            delivered += [
                DeliveredPrediction(model, name, value, score, margin)
                for name, value in labels_of([result], where, name_of).items()
            ]
    return tuple(delivered)


def region_predictions(predictions: Any) -> int:
    """The number of a models' results about regions or spans, which are not read."""
    listed = predictions if isinstance(predictions, list) else []
    results = [r for p in listed if isinstance(p, dict) for r in usable(p.get("result"))]
    return sum(_has_span(result["value"]) for result in results)


def _margin(meta: Any) -> float | None:
    """The difference of the two highest probabilities, which only our own export holds; else None."""
    probabilities = meta.get("probabilities") if isinstance(meta, dict) else None
    values = probabilities.values() if isinstance(probabilities, dict) else ()
    shares = sorted(filter(_is_probability, values), reverse=True)
    return float(shares[0] - shares[1]) if len(shares) > 1 else None


def _is_probability(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
