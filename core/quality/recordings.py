"""Checks of recordings by what the store knows: times of utterances (ms), missing or repeated audio, lengths, rates.

No audio is opened here; `core.quality.sound` measures it.
"""

from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from core.messages import Message
from core.quality.digests import DigestTable, digest
from core.quality.types import MAX_IDS, Check, Finding, Fix, PredicateCollector
from core.records import ScannedRecording

TAIL_MS = 50  # an utterance may end this much later than its audio
FEWEST_EQUAL, EQUAL_SHARE = 10, 0.05  # this many recordings of one length, and this share of all, cannot be chance
LOWEST_RATE_HZ = 8_000  # of telephone speech


class _UtteranceIds:
    """Remembers ids of utterances for one finding; a subclass decides which."""

    def __init__(self, check: Check) -> None:
        self.check, self._ids = check, array("q")

    def findings(self) -> list[Finding]:
        return [self.check.finding(len(self._ids), self._ids)] if self._ids else []

    def fixes(self) -> Iterator[Fix]:
        return iter(())


class InvertedTimes(_UtteranceIds):
    """Utterances that end at their start or before it."""

    def take(self, call: ScannedRecording) -> None:
        self._ids.extend(span.id for span in call.spans if span.end_ms <= span.start_ms)


class BeyondAudio(_UtteranceIds):
    """Utterances that end more than `TAIL_MS` after their audio. Without audio the length is unknown, so none is."""

    def take(self, call: ScannedRecording) -> None:
        if call.path is not None:
            self._ids.extend(span.id for span in call.spans if span.end_ms > call.duration_ms + TAIL_MS)


class OverlappingTimes:
    """Utterances that begin before the one before them ends.

    For one speaker this is a fault. Two speakers do talk at the same time, so for them it is only an "info" finding.
    """

    def __init__(self, check: Check) -> None:
        self.check, self._same_speaker, self._other_speaker = check, array("q"), array("q")

    def take(self, call: ScannedRecording) -> None:
        for before, after in pairwise(call.spans):
            if before.start_ms < before.end_ms and after.start_ms < before.end_ms:
                same = before.speaker == after.speaker
                (self._same_speaker if same else self._other_speaker).append(after.id)

    def findings(self) -> list[Finding]:
        groups = (
            (
                self._same_speaker,
                self.check.severity,
                Message("{n:,} utterances begin before the same speaker has ended", n=len(self._same_speaker)),
            ),
            (
                self._other_speaker,
                "info",
                Message("{n:,} utterances begin before another speaker has ended", n=len(self._other_speaker)),
            ),
        )
        return [
            self.check.finding(len(ids), ids, message, severity=severity) for ids, severity, message in groups if ids
        ]

    def fixes(self) -> Iterator[Fix]:
        return iter(())


class SameAudio:
    """Recordings whose audio file has the SHA-256 of an earlier recording's file."""

    def __init__(self, check: Check) -> None:
        self.check, self._digests = check, DigestTable()

    def take(self, call: ScannedRecording) -> None:
        if call.sha256:
            self._digests.add(digest(call.sha256), call.id)

    def findings(self) -> list[Finding]:
        repeats = self._digests.groups().repeats
        return [self.check.finding(len(repeats), self._digests.ids[repeats[:MAX_IDS]].tolist())] if len(repeats) else []

    def fixes(self) -> Iterator[Fix]:
        return iter(())


class SameLength:
    """Lengths that many recordings share to the millisecond: such recordings were probably cut or padded."""

    def __init__(self, check: Check) -> None:
        self.check, self._ids, self._lengths = check, array("q"), array("q")

    def take(self, call: ScannedRecording) -> None:
        if call.path is not None:
            self._ids.append(call.id)
            self._lengths.append(call.duration_ms)

    def findings(self) -> list[Finding]:
        findings = []
        for length, n in Counter(self._lengths).most_common(3):
            if n < FEWEST_EQUAL or n < EQUAL_SHARE * len(self._ids):
                continue
            ids = [call_id for call_id, ms in zip(self._ids, self._lengths, strict=True) if ms == length]
            message = Message(
                "{n:,} of {all:,} recordings last exactly {length:,} ms: cut or padded?",
                n=n, all=len(self._ids), length=length,
            )  # fmt: skip
            findings.append(self.check.finding(n, ids, message, numbers={"ms": length, "recordings": len(self._ids)}))
        return findings

    def fixes(self) -> Iterator[Fix]:
        return iter(())


class MixedRates:
    """Sources whose recordings have several sample rates; the finding names the recordings with the rarer rates."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self._rates: dict[int, dict[int, array[int]]] = {}

    def take(self, call: ScannedRecording) -> None:
        if call.path is not None and call.sample_rate_hz is not None:
            self._rates.setdefault(call.source_id, {}).setdefault(call.sample_rate_hz, array("q")).append(call.id)

    def findings(self) -> list[Finding]:
        findings = []
        for rates in self._rates.values():
            if len(rates) < 2:
                continue
            ranked = sorted(rates, key=lambda rate: (-len(rates[rate]), rate))
            ids = [call_id for rate in ranked[1:] for call_id in rates[rate]]
            listed = ", ".join(f"{rate:,} Hz {len(rates[rate]):,}" for rate in ranked)
            message = Message("one source has recordings of {n} sample rates: {rates}", n=len(rates), rates=listed)
            numbers = {str(rate): len(rates[rate]) for rate in ranked}
            findings.append(self.check.finding(len(ids), ids, message, numbers=numbers))
        return findings

    def fixes(self) -> Iterator[Fix]:
        return iter(())


def no_audio(check: Check) -> PredicateCollector:
    """Collects recordings that came without an audio file."""
    return PredicateCollector(check, lambda call: call.path is None)


def low_rate(check: Check) -> PredicateCollector:
    """Collects recordings with a known sample rate below `LOWEST_RATE_HZ`."""
    return PredicateCollector(
        check, lambda call: call.sample_rate_hz is not None and call.sample_rate_hz < LOWEST_RATE_HZ
    )
