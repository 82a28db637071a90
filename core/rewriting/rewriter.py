"""Answers to requests: from the cache, else from the service, within rate and cost, with further attempts.

An answer that is of no use is a value with the code of its failure. Where the service itself does not work, so that
every further request would fail too, it is an `InputError`; what was answered before is in the cache.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from threading import Event

from core.errors import InputError
from core.rewriting.answers import AGAIN, Reading, read
from core.rewriting.cache import Cache, Kept
from core.rewriting.chat import Busy, Chat, Rejected
from core.rewriting.pace import LONGEST_WAIT_S, Pace, back_off
from core.rewriting.request import Request
from core.rewriting.spending import Spending, Usage

ATTEMPTS = 5  # of one request, while the service is busy
READINGS = 2  # how often a request is sent whose answer cannot be used
MOST_LOST = 3  # requests in a row that were not answered
LOST = ("unreachable", "rejected")
_LOOK_S = 0.2  # how often a waiting run looks whether it was cancelled


@dataclass(frozen=True, slots=True)
class Answer:
    """The sentences for one request, or the code of a failure (`core.rewriting.FAILURES`).

    `model` is the one that the service names, `at` when it answered. `usage` is what this answer cost now: nothing if
    it `is_kept`, from the cache.
    """

    sentences: tuple[str, ...] = ()
    failure: str = ""
    model: str = ""
    at: str = ""
    is_kept: bool = False
    usage: Usage = field(default_factory=Usage)
    detail: str = ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class Rewriter:
    """Gets answers. `sleep(seconds)` waits between attempts; it returns True if the run was stopped meanwhile."""

    def __init__(
        self,
        chat: Chat,
        cache: Cache,
        spending: Spending,
        pace: Pace | None = None,
        *,
        sleep: Callable[[float], bool] | None = None,
        now: Callable[[], str] = _now,
    ) -> None:
        self.spending = spending
        self._chat, self._cache, self._pace, self._now = chat, cache, pace or Pace(), now
        self._stop = Event()
        self._sleep = sleep or self._stop.wait

    def answers(
        self, requests: Sequence[Request], at_once: int = 1, tick: Callable[[], None] = lambda: None
    ) -> Iterator[Answer]:
        """The answer to each request, in their order; at most `at_once` are sent together.

        `tick` is called a few times a second in the caller's thread; what it raises ends the run. `InputError` if the
        service does not work.
        """
        waiting = iter(requests)
        pool = ThreadPoolExecutor(max(1, at_once), thread_name_prefix="rewriting")
        sent: deque[Future[Answer]] = deque()
        lost, answered = 0, 0
        try:
            while True:
                while len(sent) < max(1, at_once) and (request := next(waiting, None)):
                    sent.append(pool.submit(self.answer, request))
                if not sent:
                    return
                while not wait([sent[0]], timeout=_LOOK_S).done:
                    tick()
                answer = sent.popleft().result()
                answered += 1
                lost = lost + 1 if answer.failure in LOST else 0
                if lost == MOST_LOST or lost == answered == len(requests):
                    raise self._lost(answer)
                tick()
                yield answer
        finally:
            self._stop.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def answer(self, request: Request) -> Answer:
        """The answer to one request; `InputError` if the service does not work."""
        key = request.key(self._chat.endpoint.url)
        if kept := self._cache.get(key):
            return _from_cache(kept)
        answer = self._ask(request)
        for turn in range(1, READINGS):
            if answer.failure not in AGAIN:
                break
            again = self._ask(replace(request, seed=request.seed + turn))
            answer = replace(again, usage=answer.usage + again.usage)
        if answer.failure in ("", "refusal"):
            self._keep(key, answer)
        return answer

    def _ask(self, request: Request) -> Answer:
        """Send a request, again while the service is busy, and read the answer."""
        reason, rng = "", Random(request.seed)
        for attempt in range(ATTEMPTS):
            if self._sleep(self._pace.delay()):
                break
            if not self.spending.reserve(request.most):
                return Answer(failure="cap")
            result = self._send(request)
            if isinstance(result, Answer):
                return result
            reason = result.reason
            if attempt < ATTEMPTS - 1:
                self._wait(result, attempt, rng)
        return Answer(failure="unreachable", detail=reason)

    def _send(self, request: Request) -> Answer | Busy:
        """Send a request whose cost is reserved, and settle what it cost."""
        used = Usage()
        try:
            reading = read(self._chat.ask(request.body()))
            used = reading.usage or request.most
            return self._answer(reading, request, used)
        except Busy as busy:
            used = request.most if busy.may_cost else Usage()
            return busy
        except Rejected as rejected:
            return Answer(failure="refusal" if rejected.is_filter else "rejected", detail=rejected.reason)
        finally:
            self.spending.settle(request.most, used)

    def _wait(self, busy: Busy, attempt: int, rng: Random) -> None:
        """Wait before the next attempt; `InputError` if the service wants more patience than a run has."""
        if busy.wait_s is not None and busy.wait_s > LONGEST_WAIT_S:
            raise InputError(
                "the language model at {host} asks to wait {seconds:.0f} seconds ({reason}); start again then: what "
                "was answered is kept",
                host=self._chat.endpoint.host,
                seconds=busy.wait_s,
                reason=busy.reason,
            )
        if busy.wait_s is not None:
            self._pace.hold(busy.wait_s)
        self._sleep(back_off(attempt, busy.wait_s, rng))

    def _answer(self, reading: Reading, request: Request, used: Usage) -> Answer:
        return Answer(reading.sentences, reading.failure, reading.model or request.model, self._now(), usage=used)

    def _keep(self, key: str, answer: Answer) -> None:
        kept = Kept(
            sentences=list(answer.sentences), failure=answer.failure, model=answer.model, at=answer.at,
            tokens_in=answer.usage.tokens_in, tokens_out=answer.usage.tokens_out,
        )  # fmt: skip
        self._cache.put(key, kept)

    def _lost(self, answer: Answer) -> InputError:
        """The error for a service that answers no request."""
        if answer.failure == "rejected":
            return InputError(
                "the language model at {host} rejects the requests: {reason}",
                host=self._chat.endpoint.host,
                reason=answer.detail,
            )
        return InputError(
            "the language model at {host} does not answer ({reason}); what was answered before is kept: start again "
            "when it works",
            host=self._chat.endpoint.host,
            reason=answer.detail,
        )


def _from_cache(kept: Kept) -> Answer:
    return Answer(tuple(kept.sentences), kept.failure, kept.model, kept.at, is_kept=True)
