"""Reads the answer of a language model: the sentences in it, or the code of what is wrong with it.

A service that knows structured output sends one JSON object of the form of `SCHEMA`. Others write JSON somewhere in
their text, in a code block or after their thoughts: the last JSON object of that form counts, and without one the last
list of sentences. What stands inside a value that cannot be read, such as one that was cut off, counts as no list. A
refusal, an answer that was cut off, no JSON, and JSON of another form are told apart; none of them raises an error.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.messages import Message
from core.rewriting.spending import Usage

FAILURES: Mapping[str, str] = {
    "refusal": Message("the language model refused to answer"),
    "cut-off": Message("the answer of the language model was cut off"),
    "malformed": Message("the answer of the language model held no JSON"),
    "wrong-schema": Message("the answer of the language model had another form than asked"),
    "no-sentences": Message("the answer of the language model held no sentence"),
    "unreachable": Message("the language model did not answer after several attempts"),
    "rejected": Message("the language model did not accept the request"),
    "cap": Message("not asked: the limit of tokens or cost was reached"),
}
AGAIN = ("malformed", "wrong-schema", "no-sentences")  # another answer may be better
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"sentences": {"type": "array", "items": {"type": "string"}}},
    "required": ["sentences"],
    "additionalProperties": False,
}
_MOST_CHARS = 200_000  # of an answer
_MOST_PLACES = 2_000  # where JSON may begin
_BEGUN = re.compile(r"""[{\[]\s*(?:["'{\[]|\w+\s*:)""")  # the start of a value, also of one that is not quite JSON
_BROKEN = object()  # a value that cannot be read


class _Sentences(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    sentences: list[str]


class _Said(BaseModel):
    content: str | list[Any] | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Said = Field(default_factory=_Said)
    finish_reason: str | None = None

    @property
    def text(self) -> str:
        """The content as one text: some services send it in parts."""
        content = self.message.content or ""
        parts = [content] if isinstance(content, str) else content
        texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
        return "".join(text for text in texts if isinstance(text, str))[:_MOST_CHARS]


class _Tokens(BaseModel):
    prompt_tokens: int | None = Field(None, ge=0)
    completion_tokens: int | None = Field(None, ge=0)
    total_tokens: int | None = Field(None, ge=0)


class _Document(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    usage: Any = None


_FORMS: TypeAdapter[_Sentences | list[str]] = TypeAdapter(_Sentences | list[str])


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says: `sentences`, or the code of a failure. `usage` is None if the service told none."""

    sentences: tuple[str, ...] = ()
    failure: str = ""
    model: str = ""
    usage: Usage | None = None


def read(body: str) -> Reading:
    """Read the JSON document that a service answered with."""
    try:
        document = _Document.model_validate_json(body[: 4 * _MOST_CHARS])
    except ValidationError:
        return Reading(failure="malformed")
    sentences, failure = _of(document.choices[0])
    return Reading(sentences, failure, document.model or "", _used(document.usage))


def _used(told: Any) -> Usage | None:
    """The usage that a service tells; None unless it tells both sides, or one and the total.

    >>> _used({"prompt_tokens": 10, "total_tokens": 50}), _used({"prompt_tokens": 10, "completion_tokens": None})
    (Usage(tokens_in=10, tokens_out=40), None)
    """
    try:
        counts = _Tokens.model_validate(told)
    except ValidationError:
        return None
    sent, received, total = counts.prompt_tokens, counts.completion_tokens, counts.total_tokens
    if not sent or (received is None and not total):
        return None
    return Usage(sent, max(received or 0, (total or 0) - sent))


def _of(choice: _Choice) -> tuple[tuple[str, ...], str]:
    if choice.message.refusal or choice.finish_reason == "content_filter":
        return (), "refusal"
    sentences, failure = sentences_in(choice.text)
    if choice.finish_reason == "length" and not sentences:
        return (), "cut-off"
    return sentences, failure


def sentences_in(content: str) -> tuple[tuple[str, ...], str]:
    """The sentences that a text holds as JSON, and "" or the code of what is wrong.

    >>> sentences_in('```json\\n{"sentences": ["불이 났어요"]}\\n```')
    (('불이 났어요',), '')
    >>> sentences_in('{"result": 1}'), sentences_in("도와드릴 수 없습니다")
    (((), 'wrong-schema'), ((), 'malformed'))
    """
    failure = "malformed"
    of_object: list[str] | None = None
    of_list: list[str] | None = None
    is_broken = False
    for value in _values(content):
        if value is _BROKEN:
            is_broken, of_list = True, None
            continue
        try:
            form = _FORMS.validate_python(value)
        except ValidationError:
            failure = "wrong-schema"
            continue
        if isinstance(form, _Sentences):
            of_object = form.sentences
        elif not is_broken:
            of_list = form
    texts = of_list if of_object is None else of_object
    if texts is None:
        return (), failure
    best = tuple(filter(None, map(tidy, texts)))
    return best, "" if best else "no-sentences"


def tidy(text: str) -> str:
    """A sentence in NFC on one line, without control characters and quotation marks around it."""
    bare = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in text)
    line = " ".join(unicodedata.normalize("NFC", bare).split())
    return line[1:-1].strip() if len(line) > 2 and line[0] + line[-1] in ('""', "''", "“”", "‘’") else line


def _values(content: str) -> Iterator[Any]:
    """The JSON objects and lists in a text, those inside another one left out; `_BROKEN` for one without its end."""
    decoder, at = json.JSONDecoder(), 0
    places = (i for i, char in enumerate(content) if char in "{[")
    for place in islice(places, _MOST_PLACES):
        if place < at:
            continue
        try:
            value, at = decoder.raw_decode(content, place)
        except (ValueError, RecursionError):
            if _BEGUN.match(content, place):
                yield _BROKEN
            continue
        yield value
