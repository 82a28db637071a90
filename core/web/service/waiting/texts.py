"""Sentences that wait together are judged in one batch.

The requests that one turn of the event loop has read become one batch. Where a batch costs little (measured, so it
holds for every kind of model) it is judged in the loop itself: a thread would cost more than the judgement. Otherwise a
thread judges, and what arrives meanwhile is the next batch. Every sentence of a batch gets an answer: an error of the
judgement, of whatever kind, is the answer to each.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from core.web.service import metrics
from core.web.service.answers import RefusedRequest
from core.web.service.judging import Document, judge_texts, judging_runs
from core.web.service.waiting.queue import QUEUE, RETRY_S, results_of, settle
from core.workflows.workspace import Workspace

MOST_WAITING = 2_000
MOST_TOGETHER = 64
QUICK_S = 0.004  # a batch that is expected to take longer goes to a thread
KINDS = 64  # sets of runs that are remembered
LETTERS = 100  # of a usual sentence; a longer text counts as several

Runs = tuple[str, ...]
Result = Document | Exception
Judge = Callable[[Workspace, Sequence[str], Runs], Sequence[Result]]
Serving = Callable[[Workspace, Runs], Runs]  # the runs that judge where `Runs` are asked for
Waiting = tuple[str, "asyncio.Future[Document]"]


@dataclass
class _Kind:
    """The sentences that wait for one set of runs, as it was asked for."""

    ws: Workspace
    waiting: list[Waiting] = field(default_factory=list)
    judged_by_thread: bool = False


class Texts:
    """The waiting sentences of this process, by the runs that they ask for."""

    def __init__(self, judge: Judge = judge_texts, most: int = MOST_WAITING, serving: Serving = judging_runs) -> None:
        self._judge, self._most, self._serving, self.count = judge, most, serving, 0
        self._kinds: OrderedDict[Runs, _Kind] = OrderedDict()
        self._costs_s: OrderedDict[Runs, float] = OrderedDict()  # of a usual sentence, by the runs that judged it

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
        if batch:
            self._judge_batch(runs, kind, batch)
        if kind.waiting:
            asyncio.get_running_loop().call_soon(self._judge_waiting, runs, kind)

    def _judge_batch(self, runs: Runs, kind: _Kind, batch: list[Waiting]) -> None:
        metrics.TOGETHER.observe(len(batch))
        texts = [text for text, _ in batch]
        judges = self._judges(kind.ws, runs)
        if self._is_quick(texts, judges):
            settle(_answers(batch), self._measured(kind.ws, texts, runs, judges))
            return
        try:
            work = QUEUE.soon(lambda: self._measured(kind.ws, texts, runs, judges))
        except RuntimeError as error:  # the system gives no thread
            settle(_answers(batch), [error] * len(batch))
            return
        kind.judged_by_thread = True
        work.add_done_callback(lambda done: self._thread_is_ready(runs, kind, batch, done))

    def _judges(self, ws: Workspace, runs: Runs) -> Runs | None:
        """The runs that will judge; None if that cannot be found out, which the judgement itself will tell."""
        with suppress(Exception):
            return self._serving(ws, runs)
        return None

    def _is_quick(self, texts: Sequence[str], judges: Runs | None) -> bool:
        cost_s = None if judges is None else self._costs_s.get(judges)
        return cost_s is not None and cost_s * _weight(texts) <= QUICK_S

    def _thread_is_ready(
        self, runs: Runs, kind: _Kind, batch: list[Waiting], done: "asyncio.Future[list[Result]]"
    ) -> None:
        kind.judged_by_thread = False
        settle(_answers(batch), results_of(done, len(batch)))
        self._judge_waiting(runs, kind)

    def _measured(self, ws: Workspace, texts: Sequence[str], runs: Runs, judges: Runs | None) -> list[Result]:
        """Judge, and remember what a usual sentence cost. Any error is the result of each text."""
        began = time.thread_time()
        try:
            results = list(self._judge(ws, texts, runs))
            if len(results) != len(texts):
                raise RuntimeError(f"{len(results)} results for {len(texts)} texts")
        except Exception as error:  # `Requests` logs what is not a `CoreError`
            return [error] * len(texts)
        if judges is not None:
            self._remember(judges, (time.thread_time() - began) / _weight(texts))
        return results

    def _remember(self, judges: Runs, cost_s: float) -> None:
        """Follow a dearer sentence slowly and a cheaper one at once."""
        known_s = self._costs_s.get(judges, cost_s)
        self._costs_s[judges] = min(cost_s, 0.8 * known_s + 0.2 * cost_s)
        if len(self._costs_s) > KINDS:
            self._costs_s.popitem(last=False)


def _answers(batch: Sequence[Waiting]) -> "list[asyncio.Future[Document]]":
    return [answer for _, answer in batch]


def _weight(texts: Sequence[str]) -> float:
    """How many usual sentences the texts are worth."""
    return sum(max(1.0, len(text) / LETTERS) for text in texts)


TEXTS = Texts()
