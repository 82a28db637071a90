"""Label Studio tasks: one JSON array, one task an utterance, with annotations and predictions.

`data` holds what the utterance is (`text`, `original`, `key`, `audio`, times, speaker, group, `_recording` ...),
`annotations` one answer with a `choices` result a scheme (the class codes; `from_name` is the scheme) and, where the
text was edited, a `textarea` result named `transcription`; a skipped utterance is a cancelled answer. `predictions` has
one a Run. `audio` is the path in the workspace: serve that folder as Label Studio's local storage. A labelling
configuration that shows them:

    <View><Audio name="audio" value="$audio"/><Text name="text" value="$text"/>
      <Choices name="danger" toName="text"><Choice value="normal"/><Choice value="danger"/></Choices>
      <TextArea name="transcription" toName="text" editable="true"/></View>

Does not hold the bytes of the audio.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.export.rows import DISPUTED, FULL, SILVER, TAGS, Line, Opinion, Plan, Written
from core.files import json_text
from core.schemes import parts

TEXT = "transcription"
DATA = (
    "key", "text", "original", "start_ms", "end_ms", "speaker", "origin", "group", "voice_usable", SILVER, DISPUTED,
    TAGS, *FULL,
)  # fmt: skip


def write(path: Path, plan: Plan, lines: Iterable[Line]) -> Written:
    done = Written()
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write("[")
        for line in lines:
            file.write(",\n" if done.utterances else "\n")
            file.write(json_text(task(line, plan)))
            done.utterances += 1
        file.write("\n]\n")
    return done


def task(line: Line, plan: Plan) -> dict[str, Any]:
    told = line.values
    results = [_choices(one.name, told[one.name]) for one in plan.schemes if told.get(one.name) is not None]
    if told["text"] != told["original"]:
        results.append(_result(TEXT, "textarea", {"text": [told["text"]]}))
    annotations = [{"id": told["id"], "was_cancelled": told["skipped"], "result": results}]
    data = {name: told[name] for name in DATA} | {"audio": line.recording.path if line.recording else None}
    return {
        "id": told["id"],
        "data": data,
        "annotations": annotations if results or told["skipped"] else [],
        "predictions": [_prediction(one) for one in line.opinions],
    }


def _prediction(one: Opinion) -> dict[str, Any]:
    result = _choices(one.scheme, one.code) | {"meta": {"probabilities": dict(one.probabilities)}}
    return {"model_version": one.model, "score": one.confidence, "result": [result]}


def _choices(name: str, stored: str) -> dict[str, Any]:
    return _result(name, "choices", {"choices": list(parts(stored))})


def _result(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "from_name": name, "to_name": "text", "type": kind, "value": value}
