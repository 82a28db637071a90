"""Bodies and failures of the routes for the OpenAPI document, with examples in Korean."""

from typing import Any

from core.web.service.openapi.documents import Failure

SENTENCE = "할머니가 쓰러지셨어요. 빨리 와 주세요."
BINARY = {"type": "string", "format": "binary"}
NAMES = {"type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": 20}
LIMITED = (429, 503)

_REASONS = {
    400: "The request lacks something.",
    401: "A valid key is needed in the header X-API-Key.",
    403: "The key is not for this.",
    404: "There is no such run, scheme or batch.",
    409: "No model can answer: train one, or put one in use.",
    413: "The body, the file or a field is too large.",
    415: "The body is neither JSON nor a form.",
    422: "The sound or a field cannot be used; the reason names it.",
    429: "The key's limit is reached; `Retry-After` says when to ask again.",
    501: "A part is not installed; the reason names the command that installs it.",
    503: "Too much is waiting already; `Retry-After` says when to ask again.",
    507: "The disk of the server is full.",
}
_RETRY = {"Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documented answers of a route besides success."""
    return {
        status: {"model": Failure, "description": _REASONS[status]} | ({"headers": _RETRY} if status in LIMITED else {})
        for status in statuses
    }


COMMON: dict[str, Any] = {
    "run": NAMES | {"description": "the runs to ask, by default the one in use for each scheme"},
    "schemes": NAMES | {"description": "answer only these schemes", "example": ["danger", "urgency"]},
    "transcriber": {
        "type": "string",
        "maxLength": 200,
        "description": "`off`: no speech to text; or the name of a transcriber. By default the installed one",
    },
    "own_voice": {
        "type": "boolean",
        "description": "compare a voice with its usual sound in the recording itself, where the run compares voices",
    },
}
SEGMENTS = {
    "type": "string",
    "description": 'utterances that you know, as JSON: `[{"start_ms": 0, "end_ms": 1800, "text": "불이 났어요", '
    '"speaker": "caller"}]`; without them the server finds them',
    "example": '[{"start_ms": 0, "end_ms": 1800, "text": "불이 났어요", "speaker": "caller"}]',
}
FORM_PROPERTIES: dict[str, Any] = {
    "file": BINARY | {"description": "a recording, at most 50 MB"},
    "text": {"type": "string", "maxLength": 10_000, "description": "its transcript, one line an utterance"},
    "labels": BINARY | {"description": "its AI Hub 119 label JSON"},
    "segments": SEGMENTS,
    **COMMON,
}
_CHOICES: dict[str, Any] = {"run": COMMON["run"], "schemes": COMMON["schemes"]}
_SENTENCE_PROPERTIES: dict[str, Any] = {"text": {"type": "string", "maxLength": 10_000}, **_CHOICES}


def _body(form: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    content = {"multipart/form-data": form, "application/json": document}
    return {"requestBody": {"required": True, "content": content}, "security": [{"APIKeyHeader": []}, {}]}


PREDICT = _body(
    {
        "schema": {"type": "object", "required": ["file"], "properties": FORM_PROPERTIES},
        "encoding": {"run": {"explode": True}, "schemes": {"explode": True}},
    },
    {
        "schema": {"type": "object", "required": ["text"], "properties": _SENTENCE_PROPERTIES},
        "examples": {
            "위험": {"summary": "한 문장", "value": {"text": SENTENCE}},
            "한 체계만": {"summary": "위험만 묻기", "value": {"text": SENTENCE, "schemes": ["danger"]}},
        },
    },
)
BATCH = _body(
    {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": {"type": "array", "items": BINARY, "minItems": 1, "maxItems": 200}, **COMMON},
        },
        "encoding": {"run": {"explode": True}, "schemes": {"explode": True}},
    },
    {
        "schema": {
            "type": "object",
            "required": ["texts"],
            "properties": _CHOICES
            | {
                "texts": {
                    "type": "array", "minItems": 1, "maxItems": 10_000, "items": {"type": "string", "maxLength": 10_000}
                }
            },
        },
        "examples": {"여러 문장": {"value": {"texts": [SENTENCE, "오늘은 날씨가 좋네요."]}}},
    },
)  # fmt: skip
READ: dict[str, Any] = {"security": [{"APIKeyHeader": []}, {}]}

ANSWER = {
    "source": "text",
    "utterances": [
        {
            "start_ms": None, "end_ms": None, "text": SENTENCE,
            "judgements": {
                "danger": {
                    "label": "danger", "confidence": 0.97, "probabilities": {"normal": 0.03, "danger": 0.97},
                    "run": "danger-text-20261130-090000-1a2b", "chosen": True,
                }
            },
        }
    ],
}  # fmt: skip
