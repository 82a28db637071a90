"""Label Studio tasks: one JSON array, one task per utterance, with annotations and predictions.

`data` describes the utterance (`text`, `original`, `key`, `audio`, times, speaker, group, `_recording` ...).
`annotations` holds one answer. It has a `choices` result for each scheme (the class codes; `from_name` is the scheme)
and, if the text was edited, a `textarea` result named `transcription`. A skipped utterance is a cancelled answer.
`predictions` holds one prediction for each Run and scheme. `audio` is the path in the workspace: serve that folder as
Label Studio's local storage. This labelling configuration shows the tasks:

    <View><Audio name="audio" value="$audio"/><Text name="text" value="$text"/>
      <Choices name="danger" toName="text"><Choice value="normal"/><Choice value="danger"/></Choices>
      <TextArea name="transcription" toName="text" editable="true"/></View>

The file does not hold the bytes of the audio.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.export.rows import DISPUTED, FULL, SILVER, TAGS, ExportReport, Line, Plan, Prediction
from core.files import json_text
from core.schemes import split_codes

TEXT = "transcription"
DATA = (
    "key", "text", "original", "start_ms", "end_ms", "speaker", "origin", "group", "voice_usable", SILVER, DISPUTED,
    TAGS, *FULL,
)  # fmt: skip


def write(path: Path, plan: Plan, lines: Iterable[Line]) -> ExportReport:
    """Write one task per line."""
    report = ExportReport()
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write("[")
        for line in lines:
            file.write(",\n" if report.utterances else "\n")
            file.write(json_text(task(line, plan)))
            report.utterances += 1
        file.write("\n]\n")
    return report


def task(line: Line, plan: Plan) -> dict[str, Any]:
    """The task of one utterance."""
    values = line.values
    results = [_choices(s.name, values[s.name]) for s in plan.schemes if values.get(s.name) is not None]
    if values["text"] != values["original"]:
        results.append(_result(TEXT, "textarea", {"text": [values["text"]]}))
    annotations = [{"id": values["id"], "was_cancelled": values["skipped"], "result": results}]
    data = {name: values[name] for name in DATA} | {"audio": line.recording.path if line.recording else None}
    return {
        "id": values["id"],
        "data": data,
        "annotations": annotations if results or values["skipped"] else [],
        "predictions": [_prediction(p) for p in line.predictions],
    }


def _prediction(prediction: Prediction) -> dict[str, Any]:
    result = _choices(prediction.scheme, prediction.code) | {"meta": {"probabilities": dict(prediction.probabilities)}}
    return {"model_version": prediction.model, "score": prediction.confidence, "result": [result]}


def _choices(name: str, stored: str) -> dict[str, Any]:
    return _result(name, "choices", {"choices": list(split_codes(stored))})


def _result(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "from_name": name, "to_name": "text", "type": kind, "value": value}
