"""A batch of the REST service on disk: its inputs, and one line of JSON for each result.

A folder `cache/batches/ID` of the workspace holds `batch.json`, the inputs and `results.jsonl`. Whoever works on a
batch holds its lock, which the kernel gives back when the process ends: any process of the service can then go on with
it after the last result that was written. A batch is deleted `KEPT_S` after it was made.
"""

import json
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import NotFound
from core.files import full_disk_named, try_lock, write_json
from core.workflows.workspace import Workspace, now

KEPT_S = 24 * 3600
ID = re.compile(r"[A-Za-z0-9_-]{22}")
TOGETHER = 32  # texts that are judged at once
HEAD, INPUTS, RESULTS, LOCK = "batch.json", "inputs.json", "results.jsonl", "lock"

Document = dict[str, Any]
JudgeTexts = Callable[[Sequence[str]], Sequence[Document]]
JudgeFile = Callable[[Path, str], Document]


@dataclass(frozen=True, slots=True)
class Batch:
    """What was asked for. `sources` are the names of the files; texts have none. `owner` is the key that asked."""

    id: str
    created_at: str
    total: int
    run: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    transcriber: str | None = None
    sources: tuple[str, ...] = ()
    owner: str | None = None
    own_voice: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    failed: int


def create(ws: Workspace, inputs: Sequence[str | tuple[str, BinaryIO]], owner: str | None, **asked: Any) -> Batch:
    """Write the inputs of a new batch, texts or named files, to disk: all of them, or `DiskFull` and nothing."""
    remove_old(ws)
    identity = secrets.token_urlsafe(16)
    folder = _folder(ws, identity)
    try:
        with full_disk_named("the upload"):
            return _written(folder, identity, inputs, owner, asked)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _written(
    folder: Path,
    identity: str,
    inputs: Sequence[str | tuple[str, BinaryIO]],
    owner: str | None,
    asked: Mapping[str, Any],
) -> Batch:
    folder.mkdir(parents=True)
    sources: list[str] = []
    texts: list[str] = []
    for number, item in enumerate(inputs):
        if isinstance(item, str):
            texts.append(item)
        else:
            source, file = item
            sources.append(source)
            with (folder / f"{number}.input").open("wb") as target:
                shutil.copyfileobj(file, target)
    if texts:
        write_json(folder / INPUTS, texts)
    batch = Batch(identity, now(), len(inputs), sources=tuple(sources), owner=owner, **asked)
    write_json(folder / HEAD, asdict(batch))
    return batch


def find(ws: Workspace, identity: str, owner: str | None = None) -> Batch:
    """The batch of an id. `NotFound` for an unknown id, and for the batch of another key."""
    unknown = NotFound("no batch {id}; a batch is kept for {hours} hours", id=identity[:40], hours=KEPT_S // 3600)
    if not ID.fullmatch(identity):
        raise unknown
    try:
        values = json.loads((_folder(ws, identity) / HEAD).read_text("utf-8"))
    except FileNotFoundError as error:
        raise unknown from error
    named: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    batch = Batch(**named)
    if batch.owner != owner:
        raise unknown
    return batch


def progress(ws: Workspace, batch: Batch) -> Progress:
    """How many results are written, and how many of them are errors."""
    done = failed = 0
    for line in _lines(_folder(ws, batch.id)):
        done += 1
        failed += line.startswith(b'{"error"')
    return Progress(done, failed)


def results(ws: Workspace, batch: Batch, offset: int, limit: int) -> list[Document]:
    """The results from `offset` on, in the order of the inputs."""
    return [json.loads(line) for line in islice(_lines(_folder(ws, batch.id)), offset, offset + limit)]


@contextmanager
def taken(ws: Workspace, batch: Batch) -> Iterator[bool]:
    """Yield whether this caller works on the batch now; False if another one does."""
    with (_folder(ws, batch.id) / LOCK).open("wb") as lock:
        yield try_lock(lock)


def work(
    ws: Workspace, batch: Batch, judge_texts: JudgeTexts, judge_file: JudgeFile, is_stopped: Callable[[], bool]
) -> None:
    """Judge what has no result yet, unless another process does; the inputs are deleted at the end."""
    with taken(ws, batch) as mine:
        folder = _folder(ws, batch.id)
        begun = list(_lines(folder)) if mine else []
        if not mine or len(begun) >= batch.total:
            return
        with (folder / RESULTS).open("r+b" if begun else "wb") as out:
            out.seek(sum(map(len, begun)) + len(begun))
            out.truncate()
            judged = (
                _files(folder, batch, len(begun), judge_file)
                if batch.sources
                else _texts(folder, len(begun), judge_texts)
            )
            for documents in judged:
                out.write(b"".join(json.dumps(d, ensure_ascii=False).encode() + b"\n" for d in documents))
                out.flush()
                if is_stopped():
                    return
        for file in (*folder.glob("*.input"), folder / INPUTS):
            file.unlink(missing_ok=True)


def _files(folder: Path, batch: Batch, at: int, judge: JudgeFile) -> Iterator[list[Document]]:
    for number in range(at, batch.total):
        yield [judge(folder / f"{number}.input", batch.sources[number])]


def _texts(folder: Path, at: int, judge: JudgeTexts) -> Iterator[Sequence[Document]]:
    texts: list[str] = json.loads((folder / INPUTS).read_text("utf-8"))
    for start in range(at, len(texts), TOGETHER):
        yield judge(texts[start : start + TOGETHER])


def _lines(folder: Path) -> Iterator[bytes]:
    """The complete lines of the results, without their ends."""
    with suppress(FileNotFoundError), (folder / RESULTS).open("rb") as file:
        yield from (line[:-1] for line in file if line.endswith(b"\n"))


def remove_old(ws: Workspace, now_s: float | None = None) -> None:
    """Delete the batches that were made more than `KEPT_S` ago."""
    oldest = (time.time() if now_s is None else now_s) - KEPT_S
    for folder in (ws.settings.home / "cache" / "batches").glob("*"):
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _folder(ws: Workspace, identity: str) -> Path:
    return ws.settings.home / "cache" / "batches" / identity
