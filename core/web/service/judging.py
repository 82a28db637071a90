"""The prediction workflow, as the service calls it: the only file of the service that imports it.

It is imported by the first call that judges: its libraries take time and memory that a server for review does not need.
"""

import gc
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from core.errors import CoreError, NotEnoughData, UnknownName
from core.schemes import SCHEMES
from core.web.service.forms import Recording
from core.workflows.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from core.workflows.predict.predict import Sound

Document = dict[str, Any]

BY_SCHEME = ("verdict", "call")  # parts of the document that are by scheme
IN_UTTERANCES = ("judgements", "abstained")


def judge_texts(ws: Workspace, texts: Sequence[str], run_ids: Sequence[str]) -> list[Document | CoreError]:
    """One document or error for each text; the models read all of them in one batch."""
    from core.workflows.predict.predict import predict_texts

    return predict_texts(ws, texts, run_ids)


def judging_runs(ws: Workspace, run_ids: Sequence[str]) -> tuple[str, ...]:
    """The ids of the runs that judge where `run_ids` are asked for: these, or those in use."""
    from core.workflows.predict.judging import serving

    return tuple(run_ids) or tuple(item.run.id for item in serving.read(ws).serving)


def judge_recording(file: BinaryIO, recording: Recording) -> Document:
    """The document of one recording; `CoreError` if it cannot be judged."""
    (document,) = judge_recordings([(file, recording)])
    if isinstance(document, CoreError):
        raise document
    return document


def judge_recordings(recordings: Sequence[tuple[BinaryIO, Recording]]) -> list[Document | CoreError]:
    """One document or error for each recording, in one batch. All of them ask for the same `options_of`."""
    from core.workflows.predict.predict import predict_recordings

    for _, recording in recordings:
        check_schemes(recording.schemes)
    run, transcriber, own_voice = options_of(recordings[0][1])
    documents = predict_recordings(
        open_workspace(),
        [_sound(file, recording) for file, recording in recordings],
        run_ids=run,
        transcriber=transcriber,
        own_voice=own_voice,
    )
    return [
        _only_or_error(document, recording.schemes)
        for document, (_, recording) in zip(documents, recordings, strict=True)
    ]


def is_transcribed(ws: Workspace, recording: Recording) -> bool:
    """Whether a speech recogniser will read the recording, which takes far longer than to judge it.

    None reads a recording that brings its words or labels, and there may be none to read it.
    """
    has_words = bool((recording.text or "").strip()) or any(segment.text for segment in recording.segments)
    if has_words or recording.labels is not None:
        return False
    from core.workflows.speech import transcribe

    return transcribe.current(ws, recording.transcriber).state == "ok"


def options_of(recording: Recording) -> tuple[tuple[str, ...], str | None, bool]:
    """What recordings have to agree in to be judged together: runs, transcriber, own voice."""
    return tuple(recording.run), recording.transcriber, recording.own_voice


def _sound(file: BinaryIO, recording: Recording) -> "Sound":
    from core.workflows.predict.predict import Sound, Span

    segments = [Span(s.start_ms, s.end_ms, s.text or None, s.speaker) for s in recording.segments]
    return Sound(file, recording.source, recording.text, recording.labels, segments or None)


def _only_or_error(document: Document | CoreError, schemes: Sequence[str]) -> Document | CoreError:
    if isinstance(document, CoreError):
        return document
    try:
        return only(document, schemes)
    except CoreError as error:
        return error


def check_schemes(schemes: Sequence[str]) -> None:
    """`UnknownName` for a name that no scheme has."""
    if unknown := next((name for name in schemes if name not in SCHEMES), None):
        raise UnknownName("scheme", unknown, tuple(SCHEMES))


def check_runs(ws: Workspace, names: Sequence[str]) -> None:
    """`NotFound` for a run that the workspace does not have."""
    from core.workflows.models import runs

    for name in names:
        runs.get(ws, name)


def only(document: Document, schemes: Sequence[str]) -> Document:
    """The document with the judgements of `schemes` alone; all of it if none is named.

    `NotEnoughData` if nothing in it judges any of them.
    """
    if not schemes:
        return document
    utterances = [
        {**utterance, **{part: _of(utterance[part], schemes) for part in IN_UTTERANCES if part in utterance}}
        for utterance in document["utterances"]
    ]
    kept = {part: _of(document[part], schemes) for part in BY_SCHEME if part in document}
    answered = any(u["judgements"] or u.get("abstained") for u in utterances) or any(kept.values())
    if not answered and not document.get("abstained") and utterances:
        raise NotEnoughData("no run in use judges {schemes} here", schemes=", ".join(schemes))
    return {**document, **kept, "utterances": utterances}


def _of(by_scheme: dict[str, Any], schemes: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in by_scheme.items() if name in schemes}


def warm() -> None:
    """Load what answers first, so that the first caller does not wait for libraries."""
    from core.workflows.predict.predict import warm_up

    with suppress(CoreError):  # a workspace without models has nothing to warm
        warm_up(open_workspace())
    gc.collect()
    gc.freeze()  # libraries and models stay for good: collections need not walk over them again and again
