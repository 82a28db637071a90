"""Reader of Label Studio JSON: an array of tasks with annotations and predictions, one task in memory at a time.

A task with a text is one utterance. A task whose results mark regions of its audio (`start` and `end` in seconds) is a
recording, and each region is one utterance: `textarea` gives its text, `choices` and `labels` with the same id give its
labels. In both kinds `from_name` is the scheme. If a task has several annotations, the one marked as ground truth
counts, else the last that was not cancelled; a note counts the disagreement. Predictions never become labels. Audio is
used if `data` names a file beside the JSON; nothing is downloaded. Spans within a text, rankings, images and pairs are
not read but counted in notes. Tasks that `python -m core export` wrote give back the same utterances.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, urlsplit

from core.errors import BadRecord, InputError
from core.files import sha256
from core.ingest import json_array
from core.ingest.exports import gwidama
from core.ingest.exports.rows import DeliveredPrediction, ExportedRecording, ExportedRow, name_of, text_of, truth, whole
from core.messages import Message
from core.records import SHORTEST_VOICE_MS, NewRecording, NewUtterance, Skip
from core.schemes import JOIN, Scheme
from core.speakers import names_a_person

TEXT_RESULT = "transcription"
TEXT_FIELDS = ("text", "transcription", "transcript", "sentence", "발화", "문장")
AUDIO_FIELDS = ("audio", "url", "wav", "sound")
_READ = ("choices", "labels", "textarea")

Results = list[dict[str, Any]]


class LabelStudioExport:
    """An opened file of tasks; see `core.ingest.exports.rows.Export`. `text` is the field of `data` with the text."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        if not path.is_file():
            raise InputError("not found: {path}", path=path)
        self.name = path.name
        self.schemes: Mapping[str, Scheme] = {}
        self._path, self._text = path, text

    def rows(self) -> Iterator[ExportedRow | Skip]:
        """Every utterance of the file; a task that cannot be used gives a `Skip`."""
        for number, task in enumerate(self._tasks(), start=1):
            where = Message("{file}, task {number}", file=self.name, number=number)
            try:
                yield from self._read(task, where, number)
            except BadRecord as error:
                yield Skip(error.where, error.reason)

    def recordings(self) -> Iterator[ExportedRecording | Skip]:
        """Empty: the rows hold the recordings."""
        return iter(())

    def _tasks(self) -> Iterator[Any]:
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                yield from json_array.items(file, self.name)
        except OSError as error:
            raise InputError("{name}: cannot be read: {reason}", name=self.name, reason=error.strerror) from error

    def _read(self, task: Any, where: str, number: int) -> Iterator[ExportedRow]:
        data = task.get("data") if isinstance(task, dict) else None
        if not isinstance(data, dict):
            raise BadRecord(where, "has no `data`: export the project as JSON, not JSON-MIN")
        answer, notes = _chosen_answer(task, where)
        given = answer.get("result")
        listed = given if isinstance(given, list) else []
        results = [r for r in listed if isinstance(r, dict) and isinstance(r.get("value"), dict)]
        key = name_of(data.get("key"), "key", where) or self._key(task, data, number)
        if regions := _regions(results):
            yield from self._recording(key, task, data, regions, where, notes)
        else:
            yield self._utterance(key, task, data, results, truth(answer.get("was_cancelled"), "was_cancelled", where),
                                  where, notes)  # fmt: skip

    def _key(self, task: Mapping[str, Any], data: Mapping[str, Any], number: int) -> str:
        """The key of a task: its id if it has one, else a hash of its `data`, which is the same in every file."""
        if isinstance(task.get("id"), int | str):
            return f"labelstudio:{self._path.stem}:{task['id']}"
        content = json.dumps(data, sort_keys=True, ensure_ascii=True, default=str)
        return f"labelstudio:{sha256(content.encode())[:20]}"

    def _utterance(
        self, key: str, task: Mapping[str, Any], data: Mapping[str, Any], results: Results, skipped: bool, where: str,
        notes: tuple[str, ...],
    ) -> ExportedRow:  # fmt: skip
        field = self._text or next((name for name in TEXT_FIELDS if isinstance(data.get(name), str)), None)
        if field is not None and field not in data:
            raise BadRecord(
                where, "`data` has no field {field!r}; it has {names}", field=field, names=", ".join(map(str, data))
            )
        shown = text_of(data.get(field), field, where) if field else ""
        edited = [_text(result) for result in results if result.get("type") == "textarea"]
        if field is None and not edited:
            raise BadRecord(
                where, "holds no text; name its field, or one of {text_fields}", text_fields=", ".join(TEXT_FIELDS)
            )
        original = text_of(data.get("original"), "original", where, shown)
        text = text_of(edited[-1], TEXT_RESULT, where) if edited else shown
        meta = data.get("_meta")
        row = {"original": original, "text": text, "skipped": skipped, "key": key} | {
            name: data.get(name) for name in ("start_ms", "end_ms", "speaker", "origin", "group", "voice_usable")
        }  # fmt: skip
        row |= {name: value for name, value in data.items() if name.startswith("_")}
        row["_meta"] = meta if isinstance(meta, str) else None
        row["group"] = row["group"] or self._person(data)
        parsed = gwidama.exported_row(where, row)
        recording, sound = parsed.new_recording, None
        if recording is None and (sound := self._sound(data)) is not None:
            recording = NewRecording(f"{key}@recording", 0, None, None, None, ())
        return ExportedRow(
            where, parsed.new, parsed.text, _labels(results, where), parsed.silver, parsed.skipped, parsed.number,
            parsed.parent, parsed.recording or (recording.key if recording else None), recording, sound,
            parsed.source, parsed.licence, _predictions(task.get("predictions"), where), parsed.tags,
            (*notes, *_unread(results)), parsed.disputed,
        )  # fmt: skip

    def _recording(
        self, key: str, task: Mapping[str, Any], data: Mapping[str, Any], regions: dict[str, Results], where: str,
        notes: tuple[str, ...],
    ) -> Iterator[ExportedRow]:  # fmt: skip
        spans = {name: _span(results, where) for name, results in regions.items()}
        recording = NewRecording(key, max(end for _, end in spans.values()), None, None, None, (), meta={"data": data})
        sound = self._sound(data)
        notes = (*notes, *_unread([result for results in regions.values() for result in results]))
        first = True
        for name in sorted(regions, key=lambda name: spans[name]):
            results = regions[name]
            texts = [_text(result) for result in results if result.get("type") == "textarea"]
            text = text_of(texts[-1] if texts else "", TEXT_RESULT, where)
            start, end = spans[name]
            speaker = name_of(data.get("speaker"), "speaker", where)
            long = end - start >= SHORTEST_VOICE_MS
            group = self._person(data) or key
            new = NewUtterance(f"{key}:{name}", text, group, start, end, speaker, voice_usable=long)
            yield ExportedRow(
                where, new, text, _labels(results, where), recording=key, new_recording=recording, sound=sound,
                notes=notes if first else (),
            )  # fmt: skip
            first = False

    def _person(self, data: Mapping[str, Any]) -> str | None:
        """The group of the person who speaks; None if no speaker is given or it is a role."""
        speaker = data.get("speaker")
        if not isinstance(speaker, str) or not names_a_person(speaker):
            return None
        return f"labelstudio:{self._path.stem}:speaker:{speaker.strip()}"

    def _sound(self, data: Mapping[str, Any]) -> Path | None:
        """The audio file that `data` names; None unless it lies in the folder of the JSON or below it."""
        named = next((data[name] for name in AUDIO_FIELDS if isinstance(data.get(name), str)), None)
        if not named or "\0" in named:
            return None
        try:
            url = urlsplit(named)
        except ValueError:
            return None
        local = parse_qs(url.query).get("d", [url.path])[0]  # /data/local-files/?d=folder/file.wav
        home = self._path.resolve().parent
        for name in (local.lstrip("/"), PurePosixPath(local).name):
            file = (home / name).resolve()
            if name and file.is_relative_to(home) and file.is_file():
                return file
        return None


def _chosen_answer(task: Mapping[str, Any], where: str) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The annotation that counts, {} if there is none, and a note if the annotators disagree."""
    given = task.get("annotations", task.get("completions"))
    answers = [a for a in given if isinstance(a, dict)] if isinstance(given, list) else []
    valid = [a for a in answers if a.get("was_cancelled") is not True]
    distinct = {json.dumps([_plain(r) for r in a.get("result") or []], sort_keys=True, default=str) for a in valid}
    notes = (Message("task whose annotators disagree"),) if len(distinct) > 1 else ()
    truths = [a for a in valid if a.get("ground_truth") is True]
    return (truths or valid or answers or [{}])[-1], notes


def _plain(result: Any) -> Any:
    return [result.get("from_name"), result.get("value")] if isinstance(result, dict) else None


def _regions(results: Results) -> dict[str, Results]:
    """region id -> its results, for regions with a span of the audio. Results of the whole task have no span."""
    by_id: dict[str, Results] = {}
    for result in results:
        by_id.setdefault(str(result.get("id")), []).append(result)
    return {name: group for name, group in by_id.items() if any(_is_span(r["value"]) for r in group)}


def _is_span(value: Mapping[str, Any]) -> bool:
    return all(isinstance(value.get(name), int | float) for name in ("start", "end"))


def _span(results: Results, where: str) -> tuple[int, int]:
    value = next(result["value"] for result in results if _is_span(result["value"]))
    start, end = (whole(round(value[name] * 1000), name, where) or 0 for name in ("start", "end"))
    if not 0 <= start < end:
        raise BadRecord(where, "a region from {start} to {end} ms has no length", start=start, end=end)
    return start, end


def _labels(results: Results, where: str) -> dict[str, str]:
    """scheme -> value; several classes are joined by `|`."""
    labels: dict[str, str] = {}
    for result in results:
        if result.get("type") in ("choices", "labels"):
            name = text_of(result.get("from_name"), "from_name", where)
            values = result["value"].get(result["type"])
            labels[name] = JOIN.join(text_of(v, name, where) for v in values) if isinstance(values, list) else ""
    return {name: value for name, value in labels.items() if value}


def _text(result: Mapping[str, Any]) -> str:
    text = result["value"].get("text")
    return "\n".join(map(str, text)) if isinstance(text, list) else str(text or "")


def _unread(results: Results) -> tuple[str, ...]:
    """A note for each result of a type that is not read."""
    return tuple(
        Message("result of type {kind} not read", kind=result.get("type"))
        for result in results
        if result.get("type") not in _READ
    )


def _predictions(predictions: Any, where: str) -> tuple[DeliveredPrediction, ...]:
    delivered = []
    for prediction in predictions if isinstance(predictions, list) else ():
        results = prediction.get("result") if isinstance(prediction, dict) else None
        usable = [r for r in results or () if isinstance(r, dict) and isinstance(r.get("value"), dict)]
        if not usable:
            continue
        model = text_of(str(prediction.get("model_version") or "Label Studio"), "model_version", where)
        score = prediction.get("score") if _is_probability(prediction.get("score")) else None
        for result in usable:
            margin = _margin(result.get("meta"))
            delivered += [
                DeliveredPrediction(model, name, value, score, margin)
                for name, value in _labels([result], where).items()
            ]
    return tuple(delivered)


def _margin(meta: Any) -> float | None:
    """The difference of the two highest probabilities, which only our own export holds; else None."""
    probabilities = meta.get("probabilities") if isinstance(meta, dict) else None
    values = probabilities.values() if isinstance(probabilities, dict) else ()
    shares = sorted(filter(_is_probability, values), reverse=True)
    return float(shares[0] - shares[1]) if len(shares) > 1 else None


def _is_probability(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
