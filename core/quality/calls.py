"""Recordings as the store tells of them: times, missing audio, the same audio twice, lengths and rates."""

from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from core.messages import Message
from core.quality.marks import Marks, digest
from core.quality.types import KEPT, Check, Finding, Fix, Listed
from core.records import Call

TAIL_MS = 50  # a label may end so much after its audio
FEWEST_EQUAL, EQUAL_SHARE = 10, 0.05  # so many recordings of one length, and so large a part of all, are no chance
LOWEST_RATE_HZ = 8_000  # of telephone speech


class _Spans:
    """Remembers utterances of recordings; each subclass says which."""

    def __init__(self, check: Check) -> None:
        self.check, self._ids = check, array("q")

    def findings(self) -> list[Finding]:
        return [self.check.finding(len(self._ids), self._ids)] if self._ids else []

    def fixes(self) -> Iterator[Fix]:
        return iter(())


class Inverted(_Spans):
    def take(self, call: Call) -> None:
        self._ids.extend(span.id for span in call.spans if span.end_ms <= span.start_ms)


class Beyond(_Spans):
    def take(self, call: Call) -> None:
        if call.path is not None:
            self._ids.extend(span.id for span in call.spans if span.end_ms > call.duration_ms + TAIL_MS)


class Overlapping:
    """One speaker cannot say two things at once; two speakers do talk across each other, which is told, not held
    against them."""

    def __init__(self, check: Check) -> None:
        self.check, self._own, self._other = check, array("q"), array("q")

    def take(self, call: Call) -> None:
        for before, after in pairwise(call.spans):
            if before.start_ms < before.end_ms and after.start_ms < before.end_ms:
                same = before.speaker == after.speaker
                (self._own if same else self._other).append(after.id)

    def findings(self) -> list[Finding]:
        told = (
            (
                self._own,
                self.check.severity,
                Message("{n:,} utterances begin before the same speaker has ended", n=len(self._own)),
            ),
            (
                self._other,
                "info",
                Message("{n:,} utterances begin before another speaker has ended", n=len(self._other)),
            ),
        )
        return [self.check.finding(len(ids), ids, message, severity=how) for ids, how, message in told if ids]

    def fixes(self) -> Iterator[Fix]:
        return iter(())


class SameAudio:
    def __init__(self, check: Check) -> None:
        self.check, self._marks = check, Marks()

    def take(self, call: Call) -> None:
        if call.sha256:
            self._marks.add(digest(call.sha256), call.id)

    def findings(self) -> list[Finding]:
        again = self._marks.groups().again
        return [self.check.finding(len(again), self._marks.ids[again[:KEPT]].tolist())] if len(again) else []

    def fixes(self) -> Iterator[Fix]:
        return iter(())


class SameLength:
    """Lengths to the millisecond hardly ever agree by chance: many equal ones were cut or padded."""

    def __init__(self, check: Check) -> None:
        self.check, self._ids, self._lengths = check, array("q"), array("q")

    def take(self, call: Call) -> None:
        if call.path is not None:
            self._ids.append(call.id)
            self._lengths.append(call.duration_ms)

    def findings(self) -> list[Finding]:
        found = []
        for length, n in Counter(self._lengths).most_common(3):
            if n < FEWEST_EQUAL or n < EQUAL_SHARE * len(self._ids):
                continue
            ids = [one for one, own in zip(self._ids, self._lengths, strict=True) if own == length]
            message = Message(
                "{n:,} of {all:,} recordings last exactly {length:,} ms: cut or padded?",
                n=n, all=len(self._ids), length=length,
            )  # fmt: skip
            found.append(self.check.finding(n, ids, message, numbers={"ms": length, "recordings": len(self._ids)}))
        return found

    def fixes(self) -> Iterator[Fix]:
        return iter(())


class MixedRates:
    """Within one source; the recordings told are those of the rarer rates."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._rates: dict[int, dict[int, array[int]]] = {}

    def take(self, call: Call) -> None:
        if call.path is not None and call.sample_rate_hz is not None:
            self._rates.setdefault(call.source_id, {}).setdefault(call.sample_rate_hz, array("q")).append(call.id)

    def findings(self) -> list[Finding]:
        found = []
        for rates in self._rates.values():
            if len(rates) < 2:
                continue
            ranked = sorted(rates, key=lambda rate: (-len(rates[rate]), rate))
            ids = [one for rate in ranked[1:] for one in rates[rate]]
            told = ", ".join(f"{rate:,} Hz {len(rates[rate]):,}" for rate in ranked)
            message = Message("one source has recordings of {n} sample rates: {rates}", n=len(rates), rates=told)
            numbers = {str(rate): len(rates[rate]) for rate in ranked}
            found.append(self.check.finding(len(ids), ids, message, numbers=numbers))
        return found

    def fixes(self) -> Iterator[Fix]:
        return iter(())


def without_audio(check: Check) -> Listed:
    return Listed(check, lambda call: call.path is None)


def low_rate(check: Check) -> Listed:
    return Listed(check, lambda call: call.sample_rate_hz is not None and call.sample_rate_hz < LOWEST_RATE_HZ)
