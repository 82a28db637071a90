"""What a request brings: JSON with a sentence, or a form with a recording. Both are limited while they arrive.

A recording of more than half a megabyte goes to a temporary file on the disk as it comes; it is never read whole into
memory. The decoder reads that file.
"""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartParser
from starlette.requests import Request

from core.web.service.answers import RefusedRequest, first_fault

MAX_FILE = 50_000_000
MAX_JSON = 1_000_000  # also for the label file and for each form field
MAX_TEXT = 10_000  # characters
MAX_RUNS = 20
MAX_SEGMENTS = 2_000
MAX_MS = 24 * 3600 * 1000
IN_MEMORY = 500_000

JSON, FORM = "application/json", "multipart/form-data"
RunName = Annotated[str, Field(max_length=200)]


class Sentence(BaseModel):
    """A typed sentence. `run`: the runs to ask, by default those in use; `schemes`: answer only these."""

    text: str = Field(max_length=MAX_TEXT, examples=["할머니가 쓰러지셨어요. 빨리 와 주세요."])
    run: list[RunName] = Field(default=[], max_length=MAX_RUNS)
    schemes: list[RunName] = Field(default=[], max_length=MAX_RUNS, examples=[["danger"]])


class Segment(BaseModel):
    """An utterance that the caller knows: `[start_ms, end_ms)` of the recording, and what was said if it knows it."""

    start_ms: int = Field(ge=0, le=MAX_MS)
    end_ms: int = Field(ge=1, le=MAX_MS)
    text: str = Field("", max_length=MAX_TEXT)
    speaker: Literal["caller", "taker"] = "caller"


class Recording(BaseModel):
    """A recording to judge, without its sound: the fields of the form."""

    source: str
    text: str | None = Field(default=None, max_length=MAX_TEXT)
    labels: bytes | None = None
    run: list[RunName] = Field(default=[], max_length=MAX_RUNS)
    schemes: list[RunName] = Field(default=[], max_length=MAX_RUNS)
    transcriber: str | None = Field(default=None, max_length=200)
    segments: list[Segment] = Field(default=[], max_length=MAX_SEGMENTS)


_SEGMENTS: TypeAdapter[list[Segment]] = TypeAdapter(list[Segment])


class Uploads(MultiPartParser):
    """The form parser of starlette with a smaller part of each file in memory."""

    spool_max_size = IN_MEMORY


def kind_of(request: Request) -> str:
    """The media type of the body, in lower case and without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def declared_size(request: Request) -> int:
    """The length that the header declares, 0 if it declares none."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isascii() and declared.isdecimal() and len(declared) < 16 else 0


async def capped(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """Yield the body in chunks. `RefusedRequest` once it is longer than `limit` bytes, whatever its header says."""
    too_long = RefusedRequest(413, f"the request is larger than {limit} bytes")
    if declared_size(request) > limit:
        raise too_long
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise too_long
        yield chunk


async def body(request: Request, limit: int = MAX_JSON) -> bytes:
    return b"".join([chunk async for chunk in capped(request, limit)])


async def form(request: Request, files: int = 2, limit: int = MAX_FILE + 4 * MAX_JSON) -> FormData:
    """The form of the request; close it. Its files are on disk, but for small ones."""
    stream = capped(request, limit)
    return await Uploads(request.headers, stream, max_files=files, max_fields=50, max_part_size=MAX_JSON).parse()


def name_of(file: UploadFile) -> str:
    """The name of an upload without folders, for the answer and for errors."""
    return Path((file.filename or "").replace("\0", "")).name[:200] or "recording"


async def recording(fields: FormData) -> tuple[UploadFile, Recording]:
    """The file and the other fields of a form with one recording; `RefusedRequest` names what does not fit."""
    file, labels, text = fields.get("file"), fields.get("labels"), fields.get("text")
    if not isinstance(file, UploadFile):
        raise RefusedRequest(400, "the field `file` is missing or is not a file")
    if (file.size or 0) > MAX_FILE:
        raise RefusedRequest(413, f"the file is larger than {MAX_FILE} bytes")
    if isinstance(labels, UploadFile) and (labels.size or 0) > MAX_JSON:
        raise RefusedRequest(413, f"the label file is larger than {MAX_JSON} bytes")
    if isinstance(text, UploadFile) or len(text or "") > MAX_TEXT:
        raise RefusedRequest(422, f"text: at most {MAX_TEXT} characters, and not a file")
    label_bytes = await labels.read() if isinstance(labels, UploadFile) else labels.encode() if labels else None
    more = {"source": name_of(file), "text": text, "labels": label_bytes, "segments": _segments(fields)}
    return file, common_fields(fields).model_copy(update=more)


def common_fields(fields: FormData) -> Recording:
    """The fields that a form with one recording and a form with many have in common."""
    return Recording(
        source="",
        run=_words(fields, "run"),
        schemes=_words(fields, "schemes"),
        transcriber=next(iter(_words(fields, "transcriber")), None),
    )


def _words(fields: FormData, name: str) -> list[str]:
    """The values of a field that may come several times, or once with commas."""
    given = [value for value in fields.getlist(name) if isinstance(value, str)]
    return [word for value in given for word in map(str.strip, value.split(",")) if word]


def _segments(fields: FormData) -> list[Segment]:
    given = next((value for value in fields.getlist("segments") if isinstance(value, str) and value.strip()), None)
    if given is None:
        return []
    try:
        segments = _SEGMENTS.validate_json(given)
    except ValidationError as error:
        raise RefusedRequest(422, f"segments.{first_fault(error)}") from error
    if wrong := next((s for s in segments if s.start_ms >= s.end_ms), None):
        raise RefusedRequest(422, f"segments: {wrong.start_ms} ms is not before {wrong.end_ms} ms")
    return segments
