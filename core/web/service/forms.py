"""What a request brings: JSON with a sentence, or a form with a recording. Both are limited while they arrive.

A recording of more than half a megabyte goes to a temporary file on the disk as it comes; it is never read whole into
memory. The decoder reads that file.
"""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartParser
from starlette.requests import Request

from core.files import full_disk_named
from core.web.service.answers import RefusedRequest, first_fault

MAX_FILE = 50_000_000
MAX_JSON = 1_000_000  # also for the label file and for each form field
MAX_FORM = MAX_FILE + 4 * MAX_JSON
MAX_TEXT = 10_000  # characters
MAX_RUNS = 20
MAX_SEGMENTS = 2_000
MAX_MS = 24 * 3600 * 1000
IN_MEMORY = 500_000

JSON, FORM = "application/json", "multipart/form-data"
FLAGS = {"true": True, "1": True, "false": False, "0": False}
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
    own_voice: bool = False
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
    if not (declared.isascii() and declared.isdecimal()):
        return 0
    return int(declared.lstrip("0")[:19] or 0)  # a number that is cut is still larger than every limit


def expected_size(request: Request, limit: int) -> int:
    """The bytes that the body may have; a body without a declared length counts as the longest that is allowed.

    `RefusedRequest` 413 if it declares more than `limit` bytes.
    """
    declared = declared_size(request)
    if declared > limit:
        raise _too_long(limit)
    return declared or limit


def _too_long(limit: int) -> RefusedRequest:
    return RefusedRequest(413, f"the request is larger than {limit} bytes")


async def capped(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """Yield the body in chunks. `RefusedRequest` once it is longer than `limit` bytes, whatever its header says."""
    expected_size(request, limit)
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise _too_long(limit)
        yield chunk


async def body(request: Request, limit: int = MAX_JSON) -> bytes:
    return b"".join([chunk async for chunk in capped(request, limit)])


async def form(request: Request, files: int = 2, limit: int = MAX_FORM) -> FormData:
    """The form of the request; close it. Its files are on disk, but for small ones.

    `RefusedRequest` 415 if it names another encoding than UTF-8, `DiskFull` if there is no space for its files.
    """
    check_encoding(request)
    stream = capped(request, limit)
    with full_disk_named("the upload"):
        return await Uploads(request.headers, stream, max_files=files, max_fields=50, max_part_size=MAX_JSON).parse()


def check_encoding(request: Request) -> None:
    """Refuse a form whose fields are said to be in another encoding than UTF-8."""
    options = parse_options_header(request.headers.get("content-type", ""))[1]
    if options.get(b"charset", b"utf-8").strip().lower() not in (b"utf-8", b"utf8"):
        raise RefusedRequest(415, "the fields of a form must be in UTF-8; leave `charset` out or send charset=utf-8")


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
        own_voice=_flag(fields, "own_voice"),
    )


def _words(fields: FormData, name: str) -> list[str]:
    """The values of a field that may come several times, or once with commas."""
    given = [value for value in fields.getlist(name) if isinstance(value, str)]
    return [word for value in given for word in map(str.strip, value.split(",")) if word]


def _flag(fields: FormData, name: str) -> bool:
    """Whether a field says yes; without it, no. `RefusedRequest` for any other word."""
    given = next(iter(_words(fields, name)), "false").lower()
    if given not in FLAGS:
        raise RefusedRequest(422, f"{name}: true or false")
    return FLAGS[given]


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
