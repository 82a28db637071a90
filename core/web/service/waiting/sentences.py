"""The sentences of a batch, read from up to 50 MB of JSON piece by piece, so that other requests go on meanwhile.

A parser that takes all of it in one call keeps Python's lock, in a thread too: half a minute for 24 million numbers.
Here a document with more or longer parts than sentences need is refused before it is read to its end. Any other is
parsed as a small one is, so that one rule holds for both.
"""

from typing import Annotated, Any, TypeVar

import ijson
from pydantic import BaseModel, Field

from core.web.service import forms
from core.web.service.answers import RefusedRequest

MAX_TEXTS = 10_000
MAX_PARTS = MAX_TEXTS + 1_000  # names, values and brackets of the document
PIECE = 1 << 16  # bytes that are read at once
MOST_SILENT = 3  # pieces in a row in which nothing ends; the longest text is 120 KB, written with escapes

Form = TypeVar("Form", bound=BaseModel)


class Sentences(BaseModel):
    """Sentences to judge; the other fields are those of one sentence."""

    texts: list[Annotated[str, Field(max_length=forms.MAX_TEXT)]] = Field(min_length=1, max_length=MAX_TEXTS)
    run: list[forms.RunName] = Field([], max_length=forms.MAX_RUNS)
    schemes: list[forms.RunName] = Field([], max_length=forms.MAX_RUNS)


def read(body: bytes, form: type[Form]) -> Form:
    """The document of a body. `ValidationError` names the field that does not fit, `RefusedRequest` what is no JSON."""
    try:
        _guard(body)
    except (ijson.JSONError, ValueError, OverflowError) as error:
        raise RefusedRequest(422, f"body: Invalid JSON: {_reason(error)}") from error
    return form.model_validate_json(body)


def _guard(body: bytes) -> None:
    """`RefusedRequest` for too many parts, or for one too long: the parser reads that again at each piece."""
    events: Any = ijson.sendable_list()
    parser: Any = ijson.basic_parse_coro(events, use_float=True)
    parts = silent = 0
    for start in range(0, len(body), PIECE):
        parser.send(body[start : start + PIECE])
        parts, silent = parts + len(events), 0 if events else silent + 1
        events.clear()
        if parts > MAX_PARTS:
            raise RefusedRequest(422, f"body: more than {MAX_TEXTS} texts, or too many other values")
        if silent > MOST_SILENT:
            raise RefusedRequest(422, f"body: a text of more than {forms.MAX_TEXT} characters, or another long value")
    parser.close()


def _reason(error: Exception) -> str:
    """The first line of what the parser says; it quotes nothing of the document."""
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return (text.strip().splitlines() or [type(error).__name__])[0][:100]
