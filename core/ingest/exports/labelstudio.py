"""Reader of Label Studio JSON: an array of tasks with annotations and predictions, one task in memory at a time.

A task with a text is one utterance. A task whose results mark regions of its audio (`start` and `end` in seconds) is a
recording, and each region is one utterance: `textarea` gives its text, `choices` and `labels` with the same id give its
labels, and its `channel` stays in its details. Choices about the whole audio beside regions are labels of the
recording. A task with audio, but without a text and without regions, is one utterance as long as its audio.

`from_name` is the scheme; a name that no scheme can have is changed by rule, and a note says so. Several annotators
become votes; `core.ingest.labelstudio.answers` tells which answer becomes the label. Predictions never become labels.
Audio is used if `data` names a file beside the JSON; nothing is downloaded. Spans within a text stay in the details of
their utterance and are counted in notes, as are rankings, images and pairs, which are not read. Tasks that
`python -m core export` wrote give back the same utterances.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import BadRecord, InputError
from core.files import sha256
from core.ingest import json_array
from core.ingest.exports.rows import ExportedRecording, ExportedRow, name_of
from core.ingest.labelstudio.answers import read_answers
from core.ingest.labelstudio.audio import AudioBeside
from core.ingest.labelstudio.names import SchemeNames
from core.ingest.labelstudio.regions import read_regions
from core.ingest.labelstudio.results import audio_name, region_predictions, span_notes, unread_notes
from core.ingest.labelstudio.single import read_single
from core.ingest.labelstudio.task import Project, Task
from core.messages import Message
from core.records import Skip
from core.schemes import Scheme

NOT_PREDICTED = Message("prediction about a region or a span: not read")


class LabelStudioExport:
    """An opened file of tasks; see `core.ingest.exports.rows.Export`. `text` is the field of `data` with the text.

    `labels` maps a scheme to the `from_name` that it is made of.
    """

    def __init__(self, path: Path, text: str | None = None, labels: Mapping[str, str] | None = None) -> None:
        if not path.is_file():
            raise InputError("not found: {path}", path=path)
        self.name = path.name
        self.schemes: Mapping[str, Scheme] = {}
        self._path = path
        self._project = Project(path.stem, text, SchemeNames(labels), AudioBeside(path, self._audio_names))

    def rows(self) -> Iterator[ExportedRow | Skip]:
        """Every utterance of the file; a task that cannot be used gives a `Skip`."""
        self._project.names.begin()
        for number, task in enumerate(self._tasks(), start=1):
            where = Message("{file}, task {number}", file=self.name, number=number)
            try:
                yield from self._read(task, where)
            except BadRecord as error:
                yield Skip(error.where, error.reason)
        self._project.names.check()

    def recordings(self) -> Iterator[ExportedRecording | Skip]:
        """Empty: the rows hold the recordings."""
        return iter(())

    def _tasks(self) -> Iterator[Any]:
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                yield from json_array.items(file, self.name)
        except OSError as error:
            raise InputError("{name}: cannot be read: {reason}", name=self.name, reason=error.strerror) from error

    def _audio_names(self) -> Iterator[str]:
        """Every name of audio in the file."""
        for task in self._tasks():
            data = task.get("data") if isinstance(task, dict) else None
            if isinstance(data, dict) and (name := audio_name(data)) is not None:
                yield name

    def _read(self, raw: Any, where: str) -> Iterator[ExportedRow | Skip]:
        data = raw.get("data") if isinstance(raw, dict) else None
        if not isinstance(data, dict):
            raise BadRecord(where, "has no `data`: export the project as JSON, not JSON-MIN")
        answers = read_answers(raw, data)
        key = name_of(data.get("key"), "key", where) or self._key(raw, data)
        results = [answer.results for answer in answers.deciding]
        notes = [note for r in results for note in (*span_notes(r.spans), *unread_notes(r.whole))]
        notes += [NOT_PREDICTED] * region_predictions(raw.get("predictions"))
        task = Task(self._project, key, raw, data, where, answers, audio_name(data), (*answers.notes, *notes))
        yield from (read_regions if any(r.regions for r in results) else read_single)(task)

    def _key(self, task: Mapping[str, Any], data: Mapping[str, Any]) -> str:
        """The key of a task: its id if it has one, else a hash of its `data`, which is the same in every file."""
        if isinstance(task.get("id"), int | str):
            return f"labelstudio:{self._project.stem}:{task['id']}"
        content = json.dumps(data, sort_keys=True, ensure_ascii=True, default=str)
        return f"labelstudio:{sha256(content.encode())[:20]}"
