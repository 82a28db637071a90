"""Tasks that are one utterance: a sentence, or a whole audio file without regions."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.audio import gate
from core.errors import AudioError, BadRecord
from core.ingest.exports import gwidama
from core.ingest.exports.rows import ExportedRow, text_of
from core.ingest.labelstudio.audio import ABSENT
from core.ingest.labelstudio.results import TEXT_FIELDS, predictions_of, text_field
from core.ingest.labelstudio.task import Judged, Task, judge
from core.messages import Message
from core.records import SHORTEST_VOICE_MS, NewRecording, NewUtterance, Skip

NO_TEXT = Message("audio without a text: kept")


def read_single(task: Task) -> Iterator[ExportedRow | Skip]:
    """The utterance of `task`; before it a `Skip` if its audio is missing and files of like names are there."""
    shown, audio = _shown_text(task), task.audio
    deciding = {answer.curator: answer.results.whole for answer in task.answers.deciding}
    voting = {answer.curator: answer.results.whole for answer in task.answers.voters}
    judged = judge(task, deciding, voting, shown)
    if shown is None and not judged.text and audio is None:
        raise BadRecord(
            task.where, "holds no text; name its field, or one of {text_fields}", text_fields=", ".join(TEXT_FIELDS)
        )
    parsed = gwidama.exported_row(task.where, _columns(task, shown or "", judged.text))
    sound = None if parsed.new_recording or audio is None else task.project.audio.find(audio)
    yield from _about_missing(task, judged, sound)
    file, own = sound if isinstance(sound, Path) else None, "key" in task.data  # our own exports have their times
    recording = parsed.new_recording
    if recording is None and (file or (audio and not judged.text)):
        recording = NewRecording(f"{task.key}@recording", 0, None, None, None, ())
    names = task.project.names
    predictions = predictions_of(task.raw.get("predictions"), task.where, names.name_of)
    new = _with_details(task, judged, parsed.new if own else _over_audio(parsed.new, file, task.where))
    key = parsed.recording or (recording.key if recording else None)
    disputed = (*parsed.disputed, *judged.disputed)
    notes = (*_notes(task, judged, sound), *names.take_notes())
    yield ExportedRow(
        task.where, new, parsed.text, judged.labels, parsed.silver, parsed.skipped, parsed.number, parsed.parent, key,
        recording, file, parsed.source, parsed.licence, predictions, parsed.tags, notes, disputed, judged.votes,
        whole=recording is not None and not own,
    )  # fmt: skip


def _notes(task: Task, judged: Judged, sound: Path | Message | None) -> list[str]:
    notes = [*task.notes, *judged.notes, *([ABSENT] if sound == ABSENT else [])]
    return [*notes, NO_TEXT] if task.audio and not judged.text else notes


def _with_details(task: Task, judged: Judged, new: NewUtterance) -> NewUtterance:
    """The utterance with what is neither its text nor a label in its details."""
    spans = task.answers.spans
    details = {**judged.details, **({"spans": spans} if spans else {})}
    return replace(new, meta={**new.meta, **details}) if details else new


def _shown_text(task: Task) -> str | None:
    """The text that the annotators were given; None if the task has none."""
    field = task.project.text or text_field(task.data)
    if field is None:
        return None
    if field not in task.data:
        names = ", ".join(map(str, task.data))
        raise BadRecord(task.where, "`data` has no field {field!r}; it has {names}", field=field, names=names)
    return text_of(task.data.get(field), field, task.where)


def _columns(task: Task, shown: str, text: str) -> dict[str, Any]:
    """The task as a row of an export of this program."""
    data = task.data
    row = {name: value for name, value in data.items() if name.startswith("_")}
    row |= {n: data.get(n) for n in ("start_ms", "end_ms", "speaker", "origin", "group", "voice_usable")}
    row |= {"text": text, "skipped": task.answers.skipped, "key": task.key}
    row["original"] = text_of(data.get("original"), "original", task.where, shown)
    row["_meta"] = row.get("_meta") if isinstance(row.get("_meta"), str) else None
    row["group"] = row["group"] or task.project.person(data)
    return row


def _about_missing(task: Task, judged: Judged, sound: Path | Message | None) -> Iterator[Skip]:
    """A Skip that names audio that was not found; `BadRecord` if nothing else is in the task."""
    if not isinstance(sound, Message) or "key" in task.data:
        return
    if not judged.text and not judged.labels:
        raise BadRecord(task.where, "holds neither a text nor a label; {reason}", reason=sound)
    if sound != ABSENT:
        yield Skip(task.where, sound)


def _over_audio(new: NewUtterance, file: Path | None, where: str) -> NewUtterance:
    """The utterance over the whole of `file`, unless it has times; as it is if there is no readable audio."""
    if file is None or new.start_ms is not None or new.end_ms is not None:
        return new
    try:
        length = gate.probe(file, where).duration_ms
    except AudioError:
        return new  # the import names the file
    return replace(new, start_ms=0, end_ms=length, voice_usable=length >= SHORTEST_VOICE_MS)
