"""Judges what the page holds, and judges it again after a change, by core/workflows/predict."""

from collections.abc import Sequence
from typing import Any

from core.errors import CoreError
from core.ui.frame import workspace
from core.ui.panels.predict.calls import Call
from core.ui.panels.predict.options import Options
from core.workflows.predict import predict


def is_stale(call: Call, options: Options) -> bool:
    """Return whether a text or an option has changed since the call was judged."""
    return call.judged_with != _inputs(call, options)


def first(call: Call, options: Options) -> None:
    """Transcribe and judge the call."""
    given = call.delivered
    call.document = predict.predict_audio(
        workspace(), call.audio, given.name, text=given.text, labels=given.labels, run_ids=options.run_ids,
        weights=options.weights, transcriber=options.transcriber, language=options.language,
        own_voice=options.own_voice,
    )  # fmt: skip
    call.heard_with, call.judged_with = options.hearing, _inputs(call, options)


def again(call: Call, options: Options) -> None:
    """Judge the call with its changed texts and under other options. It is transcribed again only if that changed."""
    if call.document is None or call.heard_with != options.hearing:
        first(call, options)
    assert call.document is not None
    call.document = predict.judge_again(
        workspace(), call.document, call.audio, texts=call.edits, run_ids=options.run_ids, weights=options.weights,
        own_voice=options.own_voice,
    )  # fmt: skip
    call.judged_with = _inputs(call, options)


def words(labels: bytes, name: str, options: Options) -> dict[str, Any]:
    """Judge the words of a label JSON without its recording."""
    return predict.predict_labels(workspace(), labels, name, options.run_ids, weights=options.weights)


def lines(texts: Sequence[str], options: Options) -> list[dict[str, Any] | CoreError]:
    """Judge sentences, each by itself; an error stands in the place of one that has nothing to read."""
    return predict.predict_texts(workspace(), texts, options.run_ids, weights=options.weights)


def conversation(texts: Sequence[str], options: Options) -> dict[str, Any]:
    """Return one document of lines, each an utterance."""
    return predict.predict_conversation(workspace(), texts, options.run_ids, weights=options.weights)


def _inputs(call: Call, options: Options) -> object:
    return options.key, tuple(sorted(call.edits.items()))
