"""Recordings that wait together are judged in one batch.

A recording that comes alone while nothing is judged is judged at once. One that comes while others are being sent waits
for them, but only for milliseconds. What arrives during a judgement waits, and the next batch takes WAVs of them that
ask for the same runs, up to a number, a size and the share of a free thread: of other formats a small file may hold
half an hour of sound, and all recordings of a batch are in memory at once. There are as many batches at a time as
the process has cores to itself; where one takes long, other threads of the queue begin the next. A recording that is
transcribed is judged alone, because others would wait for the whole of it.
A large recording goes to the lane of `core.web.service.waiting.queue`. Each recording has an answer of its own: if a
batch fails for a reason that is not that of one recording, each is judged again alone.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import BinaryIO

from core.errors import CoreError
from core.web.service import metrics
from core.web.service.forms import Recording
from core.web.service.judging import Document, judge_recordings, options_of
from core.web.service.waiting.queue import LARGE, QUEUE, Queue, results_of, settle

MOST_TOGETHER = 16
BYTES_TOGETHER = 1_000_000  # a minute of 8 kHz sound in 16 bits; a larger file is judged alone
PAUSE_S = 0.004  # that a recording waits for those that are being sent
WAV = (b"RIFF", b"RIFX")
SLOW_S = 0.25  # a batch that takes longer does not keep others back

Result = Document | Exception
Judge = Callable[[Sequence[tuple[BinaryIO, Recording]]], Sequence[Document | CoreError]]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A recording with its size, whether it may share a batch, and where its answer goes."""

    file: BinaryIO
    recording: Recording
    size: int
    shares: bool
    answer: "asyncio.Future[Document]"


class Recordings:
    """The waiting recordings of this process. Used from the event loop alone."""

    def __init__(self, queue: Queue = QUEUE, judge: Judge = judge_recordings) -> None:
        self._queue, self._judge = queue, judge
        self._waiting: deque[_Waiting] = deque()
        self._judging, self._quick = 0, 0  # batches, and those of them that began a moment ago
        self._items = 0  # recordings in these batches
        self._loop: asyncio.AbstractEventLoop | None = None  # to which all of this belongs

    async def document(self, file: BinaryIO, recording: Recording, size: int, *, alone: bool = False) -> Document:
        """The document of a recording of `size` bytes; `CoreError` if it cannot be judged.

        `alone`: it is not judged together with others.
        """
        if size > LARGE:
            (result,) = await self._queue.judge(partial(self._results, [(file, recording)]), size)
            if isinstance(result, Exception):
                raise result
            return result
        if self._loop is not (loop := asyncio.get_running_loop()):  # what an ended loop has left is never answered
            self._loop, self._judging, self._quick, self._items = loop, 0, 0, 0
            self._waiting.clear()
        item = _Waiting(file, recording, size, not alone and _is_wav(file), loop.create_future())
        self._waiting.append(item)
        if self._queue.taken > len(self._waiting) + self._items:  # others are being sent
            loop.call_later(PAUSE_S, self._begin)
        else:
            self._begin()
        return await item.answer

    def _begin(self) -> None:
        """Judge what waits, as long as threads and cores are free."""
        while (free := self._free()) > 0 and (batch := self._next(min(MOST_TOGETHER, ceil(len(self._waiting) / free)))):
            metrics.RECORDINGS_TOGETHER.observe(len(batch))
            try:
                work = self._queue.soon(partial(self._results, [(item.file, item.recording) for item in batch]))
            except RuntimeError as error:  # the system gives no thread
                settle(_answers(batch), [error] * len(batch))
                continue
            self._judging += 1
            self._quick += 1
            self._items += len(batch)
            timer = asyncio.get_running_loop().call_later(SLOW_S, self._is_slow)
            work.add_done_callback(partial(self._end, batch, timer))

    def _free(self) -> int:
        """The batches that may begin now."""
        return min(self._queue.threads - self._judging, self._queue.cores - self._quick)

    def _is_slow(self) -> None:
        self._quick -= 1
        self._begin()

    def _next(self, most: int) -> list[_Waiting]:
        """The recordings that are judged next: the first one, and those behind it that fit to it, at most `most`."""
        batch: list[_Waiting] = []
        while self._waiting and (not batch or (len(batch) < most and self._fits(batch, self._waiting[0]))):
            item = self._waiting.popleft()
            if not item.answer.done():  # done: its caller has left
                batch.append(item)
        return batch

    @staticmethod
    def _fits(batch: Sequence[_Waiting], item: _Waiting) -> bool:
        return (
            batch[0].shares
            and item.shares
            and sum(one.size for one in batch) + item.size <= BYTES_TOGETHER
            and options_of(batch[0].recording) == options_of(item.recording)
        )

    def _end(self, batch: Sequence[_Waiting], timer: asyncio.TimerHandle, done: "asyncio.Future[list[Result]]") -> None:
        self._judging -= 1
        self._items -= len(batch)
        if timer.when() > asyncio.get_running_loop().time():
            timer.cancel()
            self._quick -= 1
        settle(_answers(batch), results_of(done, len(batch)))
        self._begin()

    def _results(self, pairs: Sequence[tuple[BinaryIO, Recording]]) -> list[Result]:
        """The document or error of each recording."""
        try:
            return list(self._judge(pairs))
        except Exception as error:
            if len(pairs) == 1:
                return [error]
            return [result for pair in pairs for result in self._again(pair)]

    def _again(self, pair: tuple[BinaryIO, Recording]) -> list[Result]:
        try:
            pair[0].seek(0)
        except (OSError, ValueError) as error:
            return [error]
        return self._results([pair])


def _is_wav(file: BinaryIO) -> bool:
    head = file.read(4)
    file.seek(0)
    return head in WAV


def _answers(batch: Sequence[_Waiting]) -> "list[asyncio.Future[Document]]":
    return [item.answer for item in batch]


RECORDINGS = Recordings()
