"""Sentences that wait together are judged in one batch.

The requests that one turn of the event loop has read become one batch. Where a batch costs little (measured, so it
holds for every kind of model) it is judged in the loop itself: a thread would cost more than the judgement. Otherwise a
thread judges, and what arrives meanwhile is the next batch.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from core.errors import CoreError
from core.web.service import metrics
from core.web.service.answers import RefusedRequest
from core.web.service.judging import Document, judge_texts
from core.web.service.queue import QUEUE, RETRY_S
from core.workflows.workspace import Workspace

MOST_WAITING = 2_000
MOST_TOGETHER = 64
QUICK_S = 0.004  # a batch that is expected to take longer goes to a thread
KINDS = 64  # sets of runs whose cost is remembered
LETTERS = 100  # of a usual sentence; a longer text counts as several

Runs = tuple[str, ...]
Judge = Callable[[Workspace, Sequence[str], Runs], list[Document | CoreError]]
Waiting = tuple[str, "asyncio.Future[Document]"]


@dataclass
class _Kind:
    """The sentences that wait for one set of runs. `cost_s`: seconds for a usual sentence, None before the first."""

    ws: Workspace
    waiting: list[Waiting] = field(default_factory=list)
    cost_s: float | None = None
    judged_by_thread: bool = False


class Texts:
    """The waiting sentences of this process, by the runs that they ask for."""

    def __init__(self, judge: Judge = judge_texts, most: int = MOST_WAITING) -> None:
        self._judge, self._most, self.count = judge, most, 0
        self._kinds: OrderedDict[Runs, _Kind] = OrderedDict()

    async def document(self, ws: Workspace, text: str, runs: Runs = ()) -> Document:
        """The document of one sentence; `RefusedRequest` 503 if too many wait already."""
        if self.count >= self._most:
            metrics.REFUSED.labels("queue").inc()
            raise RefusedRequest(503, f"{self.count} texts are waiting already; ask again later", RETRY_S)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Document] = loop.create_future()
        kind = self._kind(ws, runs)
        kind.ws = ws
        kind.waiting.append((text, answer))
        self.count += 1
        if len(kind.waiting) == 1 and not kind.judged_by_thread:
            loop.call_soon(self._judge_waiting, runs, kind)
        try:
            return await answer
        finally:
            self.count -= 1

    def _kind(self, ws: Workspace, runs: Runs) -> _Kind:
        kind = self._kinds.get(runs) or self._kinds.setdefault(runs, _Kind(ws))
        self._kinds.move_to_end(runs)
        if len(self._kinds) > KINDS:
            idle = next((key for key, old in self._kinds.items() if not old.waiting and old is not kind), None)
            if idle is not None:
                del self._kinds[idle]
        return kind

    def _judge_waiting(self, runs: Runs, kind: _Kind) -> None:
        if kind.judged_by_thread:
            return
        batch = [item for item in kind.waiting[:MOST_TOGETHER] if not item[1].done()]  # done: its caller has left
        del kind.waiting[:MOST_TOGETHER]
        if not batch:
            return
        metrics.TOGETHER.observe(len(batch))
        texts = [text for text, _ in batch]
        if kind.cost_s is not None and kind.cost_s * _weight(texts) <= QUICK_S:
            self._settle(batch, self._measured(texts, runs, kind))
        else:
            kind.judged_by_thread = True
            QUEUE.soon(lambda: self._measured(texts, runs, kind)).add_done_callback(
                lambda done: self._thread_is_ready(runs, kind, batch, done)
            )
        if kind.waiting:
            asyncio.get_running_loop().call_soon(self._judge_waiting, runs, kind)

    def _thread_is_ready(
        self, runs: Runs, kind: _Kind, batch: list[Waiting], done: "asyncio.Future[list[Document | CoreError]]"
    ) -> None:
        kind.judged_by_thread = False
        error = done.exception()
        if error is not None:
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
        else:
            self._settle(batch, done.result())
        self._judge_waiting(runs, kind)

    def _measured(self, texts: Sequence[str], runs: Runs, kind: _Kind) -> list[Document | CoreError]:
        """Judge, and remember what a usual sentence cost: slowly when it was dearer, at once when it was cheaper."""
        began = time.thread_time()
        try:
            results = self._judge(kind.ws, texts, runs)
        except CoreError as error:  # an unknown run, or no run at all: it is the answer to each
            return [error] * len(texts)
        cost_s = (time.thread_time() - began) / _weight(texts)
        kind.cost_s = cost_s if kind.cost_s is None else min(cost_s, 0.8 * kind.cost_s + 0.2 * cost_s)
        return results

    def _settle(self, batch: list[Waiting], results: list[Document | CoreError]) -> None:
        for (_, answer), result in zip(batch, results, strict=True):
            if answer.done():
                continue
            if isinstance(result, CoreError):
                answer.set_exception(result)
            else:
                answer.set_result(result)


def _weight(texts: Sequence[str]) -> float:
    """How many usual sentences the texts are worth."""
    return sum(max(1.0, len(text) / LETTERS) for text in texts)


TEXTS = Texts()
