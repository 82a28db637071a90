"""Reader of Label Studio JSON: an array of tasks with annotations and predictions, one task in memory at a time.

A task with a text is one utterance. A task whose results mark regions of its audio (`start` and `end` in seconds) is a
recording with an utterance a region: `textarea` gives its text, `choices` and `labels` of the same id its labels. In
both, `from_name` is the scheme. Of several answers the one marked as ground truth counts, else the last that was not
cancelled; disagreement is counted. Predictions are opinions, never labels. Audio is taken where `data` names a file
that lies beside the JSON; nothing is fetched. Spans within a text, rankings, images and pairs are counted, not read.
Tasks that `python -m core export` wrote come back as what they were.
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
from core.ingest.exports.rows import Heard, Opinion, Told, name_of, text_of, truth, whole
from core.messages import Message
from core.records import SHORTEST_VOICE_MS, NewRecording, NewUtterance, Skip
from core.schemes import JOIN, Scheme

TEXT_RESULT = "transcription"
TEXT_FIELDS = ("text", "transcription", "transcript", "sentence", "발화", "문장")
AUDIO_FIELDS = ("audio", "url", "wav", "sound")
_SPOKEN = ("choices", "labels", "textarea")

Results = list[dict[str, Any]]


class Tasks:
    """A file of tasks; see `core.ingest.exports.rows.Reader`. `text` names the field of `data` that holds the text."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        if not path.is_file():
            raise InputError("not found: {path}", path=path)
        self.name = path.name
        self.schemes: Mapping[str, Scheme] = {}
        self._path, self._text = path, text

    def rows(self) -> Iterator[Told | Skip]:
        for number, task in enumerate(self._tasks(), start=1):
            where = Message("{file}, task {number}", file=self.name, number=number)
            try:
                yield from self._read(task, where, number)
            except BadRecord as error:
                yield Skip(error.where, error.reason)

    def recordings(self) -> Iterator[Heard | Skip]:
        return iter(())

    def _tasks(self) -> Iterator[Any]:
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                yield from json_array.items(file, self.name)
        except OSError as error:
            raise InputError("{name}: cannot be read: {reason}", name=self.name, reason=error.strerror) from error

    def _read(self, task: Any, where: str, number: int) -> Iterator[Told]:
        data = task.get("data") if isinstance(task, dict) else None
        if not isinstance(data, dict):
            raise BadRecord(where, "has no `data`: export the project as JSON, not JSON-MIN")
        answer, notes = _answer(task, where)
        given = answer.get("result")
        listed = given if isinstance(given, list) else []
        results = [one for one in listed if isinstance(one, dict) and isinstance(one.get("value"), dict)]
        key = name_of(data.get("key"), "key", where) or self._key(task, data, number)
        if regions := _regions(results):
            yield from self._recording(key, task, data, regions, where, notes)
        else:
            yield self._utterance(key, task, data, results, truth(answer.get("was_cancelled"), "was_cancelled", where),
                                  where, notes)  # fmt: skip

    def _key(self, task: Mapping[str, Any], data: Mapping[str, Any], number: int) -> str:
        """The task's id where it has one, else what it holds: the same task has the same key in another file."""
        if isinstance(task.get("id"), int | str):
            return f"labelstudio:{self._path.stem}:{task['id']}"
        told = json.dumps(data, sort_keys=True, ensure_ascii=True, default=str)
        return f"labelstudio:{sha256(told.encode())[:20]}"

    def _utterance(
        self, key: str, task: Mapping[str, Any], data: Mapping[str, Any], results: Results, skipped: bool, where: str,
        notes: tuple[str, ...],
    ) -> Told:  # fmt: skip
        field = self._text or next((name for name in TEXT_FIELDS if isinstance(data.get(name), str)), None)
        if field is not None and field not in data:
            raise BadRecord(
                where, "`data` has no field {field!r}; it has {names}", field=field, names=", ".join(map(str, data))
            )
        shown = text_of(data.get(field), field, where) if field else ""
        edited = [_text(one) for one in results if one.get("type") == "textarea"]
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
        told = gwidama.told(where, row)
        call, sound = told.call, None
        if call is None and (sound := self._sound(data)) is not None:
            call = NewRecording(f"{key}@recording", 0, None, None, None, ())
        return Told(
            where, told.new, told.text, _labels(results, where), told.silver, told.skipped, told.number, told.parent,
            told.recording or (call.key if call else None), call, sound, told.source, told.licence,
            _opinions(task.get("predictions"), where), told.tags, (*notes, *_unread(results)), told.disputed,
        )  # fmt: skip

    def _recording(
        self, key: str, task: Mapping[str, Any], data: Mapping[str, Any], regions: dict[str, Results], where: str,
        notes: tuple[str, ...],
    ) -> Iterator[Told]:  # fmt: skip
        spans = {name: _span(results, where) for name, results in regions.items()}
        call = NewRecording(key, max(end for _, end in spans.values()), None, None, None, (), meta={"data": data})
        sound = self._sound(data)
        notes = (*notes, *_unread([one for results in regions.values() for one in results]))
        for place, name in enumerate(sorted(regions, key=lambda name: spans[name]), start=1):
            results = regions[name]
            said = [_text(one) for one in results if one.get("type") == "textarea"]
            text = text_of(said[-1] if said else "", TEXT_RESULT, where)
            start, end = spans[name]
            speaker = name_of(data.get("speaker"), "speaker", where)
            long = end - start >= SHORTEST_VOICE_MS
            new = NewUtterance(f"{key}:{place}", text, key, start, end, speaker, voice_usable=long)
            yield Told(
                where, new, text, _labels(results, where), recording=key, call=call, sound=sound,
                notes=notes if place == 1 else (),
            )  # fmt: skip

    def _sound(self, data: Mapping[str, Any]) -> Path | None:
        """The file that `data` names, if it lies in the folder of the JSON or below."""
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
            found = (home / name).resolve()
            if name and found.is_relative_to(home) and found.is_file():
                return found
        return None


def _answer(task: Mapping[str, Any], where: str) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The annotation that counts, an empty one where there is none."""
    given = task.get("annotations", task.get("completions"))
    answers = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    valid = [one for one in answers if one.get("was_cancelled") is not True]
    agreed = {json.dumps([_plain(r) for r in one.get("result") or []], sort_keys=True, default=str) for one in valid}
    notes = (Message("task whose annotators disagree"),) if len(agreed) > 1 else ()
    settled = [one for one in valid if one.get("ground_truth") is True]
    return (settled or valid or answers or [{}])[-1], notes


def _plain(result: Any) -> Any:
    return [result.get("from_name"), result.get("value")] if isinstance(result, dict) else None


def _regions(results: Results) -> dict[str, Results]:
    """Results by region, of those that have a span of the audio; results of the whole task are of no region."""
    named: dict[str, Results] = {}
    for one in results:
        named.setdefault(str(one.get("id")), []).append(one)
    return {name: found for name, found in named.items() if any(_is_span(one["value"]) for one in found)}


def _is_span(value: Mapping[str, Any]) -> bool:
    return all(isinstance(value.get(name), int | float) for name in ("start", "end"))


def _span(results: Results, where: str) -> tuple[int, int]:
    value = next(one["value"] for one in results if _is_span(one["value"]))
    start, end = (whole(round(value[name] * 1000), name, where) or 0 for name in ("start", "end"))
    if not 0 <= start < end:
        raise BadRecord(where, "a region from {start} to {end} ms has no length", start=start, end=end)
    return start, end


def _labels(results: Results, where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in results:
        if one.get("type") in ("choices", "labels"):
            name = text_of(one.get("from_name"), "from_name", where)
            values = one["value"].get(one["type"])
            found[name] = JOIN.join(text_of(v, name, where) for v in values) if isinstance(values, list) else ""
    return {name: value for name, value in found.items() if value}


def _text(result: Mapping[str, Any]) -> str:
    said = result["value"].get("text")
    return "\n".join(map(str, said)) if isinstance(said, list) else str(said or "")


def _unread(results: Results) -> tuple[str, ...]:
    return tuple(
        Message("result of type {kind} not read", kind=one.get("type"))
        for one in results
        if one.get("type") not in _SPOKEN
    )


def _opinions(predictions: Any, where: str) -> tuple[Opinion, ...]:
    found = []
    for one in predictions if isinstance(predictions, list) else ():
        results = one.get("result") if isinstance(one, dict) else None
        usable = [r for r in results or () if isinstance(r, dict) and isinstance(r.get("value"), dict)]
        model = text_of(str(one.get("model_version") or "Label Studio"), "model_version", where) if usable else ""
        for result in usable:
            score = one.get("score") if _is_share(one.get("score")) else None
            told = _labels([result], where)
            found += [Opinion(model, name, value, score, _margin(result.get("meta"))) for name, value in told.items()]
    return tuple(found)


def _margin(meta: Any) -> float | None:
    """Between the two most probable classes, where our own export told the probabilities."""
    told = meta.get("probabilities") if isinstance(meta, dict) else None
    shares = sorted(filter(_is_share, told.values()), reverse=True) if isinstance(told, dict) else []
    return float(shares[0] - shares[1]) if len(shares) > 1 else None


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
