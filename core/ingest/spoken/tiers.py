"""Decides what the tiers of a Document mean, and makes its speech: texts with times, speaker and label values.

Without roles each tier is a speaker and its intervals are what that person says, as is usual in Praat and ELAN. Tiers
that annotate another tier, and tiers of words, sounds or silences, are then not read. Empty intervals are pauses. A
value of a label or speaker tier belongs to the texts of its own span, else to those that it covers by more than half of
the shorter of the two; in EAF only if both refer to the same annotation.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.errors import InputError
from core.ingest.entries import TEXT_KEYS
from core.ingest.spoken.formats.document import Document, Interval, Tier
from core.messages import Message, Names
from core.records import Skip
from core.text.visible import folded

SILENCE = Message("interval that marks a silence: no utterance")
TEXT, SPEAKER = "text", "speaker"
_SILENT = frozenset(("sil", "<sil>", "[sil]", "(sil)", "sp", "<sp>", "<p:>", "<eps>", "#", "silence", "<silence>"))
_FINE = frozenset(["words", "word", "phones", "phone", "phonemes", "phoneme", "syllables", "syllable", "silences",
                   "segments", "단어", "어절", "음절", "음소"])  # fmt: skip
_NEAR_MS = 50  # two spans are the same if their ends differ by no more
_LAST_WORD = re.compile(r"[^\s:@_/.-]+$")
# Names of tiers that say what is in them, not who speaks.
_GENERIC = frozenset((*TEXT_KEYS, "", "transcripts", "ort", "orthography", "utterances", "sentences", "speech",
                      "default", "captions", "labels", "segments", "tier"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Roles:
    """The tiers that a person named. `text`: tiers with what is said. `labels`: scheme -> tier."""

    text: tuple[str, ...] = ()
    speaker: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def named(self) -> tuple[str, ...]:
        """Every tier that a person named."""
        return tuple(dict.fromkeys((*self.text, *([self.speaker] if self.speaker else []), *self.labels.values())))


@dataclass(frozen=True, slots=True)
class Speech:
    """One text that somebody says, with the values of the label tiers for it."""

    interval: Interval
    speaker: str | None
    labels: Mapping[str, tuple[str, ...]]


def parse_roles(pairs: Sequence[str]) -> Roles:
    """Read `text=발화`, `speaker=화자` and `SCHEME=TIER`. `InputError` if a pair is incomplete or a role is repeated.

    >>> parse_roles(["text=발화", "danger=label"])
    Roles(text=('발화',), speaker='', labels={'danger': 'label'})
    """
    texts: list[str] = []
    others: dict[str, str] = {}
    for pair in pairs:
        role, _, tier = (part.strip() for part in pair.partition("="))
        if not role or not tier:
            raise InputError("tier {pair!r}: expected text=TIER, speaker=TIER or SCHEME=TIER", pair=pair)
        if role == TEXT:
            texts.append(tier)
        elif role in others:
            raise InputError("tier {pair!r}: {role} is given twice", pair=pair, role=role)
        else:
            others[role] = tier
    return Roles(tuple(dict.fromkeys(texts)), others.pop(SPEAKER, ""), others)


def values(document: Document, roles: Roles, scheme: str) -> tuple[str, ...]:
    """The distinct values of the tier of `scheme`, in the order of the file."""
    tier = _find(document, roles.labels[scheme])
    found = (i.text for i in document.intervals if tier is not None and i.tier == tier.name and i.text)
    return tuple(dict.fromkeys(found))


def speech(document: Document, roles: Roles, where: str) -> tuple[list[Speech], list[Skip], list[str]]:
    """(what is said in the order of time, what was left out, notes)."""
    skips: list[Skip] = []
    notes: list[str] = []
    tiers = _text_tiers(document, roles, where, skips, notes)
    only_labels = not tiers and not roles.text and bool(roles.labels)  # what is heard, and no words
    if only_labels:
        tiers = {tier.name for name in roles.labels.values() if (tier := _find(document, name))}
    texts = [i for i in document.intervals if i.tier in tiers and _is_speech(i, where, skips, notes)]
    texts.sort(key=lambda interval: (interval.start_ms, interval.end_ms))
    speaker_of = _Covering(document, roles.speaker, texts, where) if roles.speaker else None
    labels_of = {scheme: _Covering(document, tier, texts, where) for scheme, tier in roles.labels.items()}
    spoken = []
    for interval in texts:
        speaker = next(iter(speaker_of.of(interval)), None) if speaker_of else _speaker(document, roles, interval)
        labels = {scheme: found for scheme, covering in labels_of.items() if (found := covering.of(interval))}
        spoken.append(Speech(replace(interval, text="") if only_labels else interval, speaker, labels))
    for covering in labels_of.values():
        skips += covering.unused()
    return spoken, skips, notes


def _text_tiers(document: Document, roles: Roles, where: str, skips: list[Skip], notes: list[str]) -> set[str]:
    """The names of the tiers whose intervals are said. A tier of a role that the file lacks is named in `skips`."""
    known = {tier.name for name in roles.named if (tier := _find(document, name))}
    for name in (name for name in roles.named if not _find(document, name)):
        reason = Message("no tier {name}: there are {tiers}", name=name, tiers=Names(document.tiers) or "-")
        skips.append(Skip(where, reason))
    if roles.text:
        return {tier.name for name in roles.text if (tier := _find(document, name))}
    chosen = set()
    for tier in document.tiers.values():
        if tier.name in known:
            continue
        if tier.parent:
            notes.append(Message("tier {name} annotates another tier: not read (--tier names it)", name=tier.name))
        elif (last := _LAST_WORD.search(tier.name)) and last[0].casefold() in _FINE and len(document.tiers) > 1:
            notes.append(Message("tier {name} of words, sounds or pauses: not read (--tier names it)", name=tier.name))
        else:
            chosen.add(tier.name)
    return chosen


def _find(document: Document, name: str) -> Tier | None:
    """The tier called `name`, else the only one called so but for case and width."""
    if name in document.tiers:
        return document.tiers[name]
    alike = [tier for tier in document.tiers.values() if folded(tier.name) == folded(name)]
    return alike[0] if len(alike) == 1 else None


def _is_speech(interval: Interval, where: str, skips: list[Skip], notes: list[str]) -> bool:
    """Whether the interval has a text and a duration."""
    if not interval.text:
        return False
    if interval.text.casefold() in _SILENT:
        notes.append(SILENCE)
        return False
    if interval.end_ms <= interval.start_ms:
        reason = Message(
            "from {start_ms} to {end_ms} ms: no duration, left out", start_ms=interval.start_ms, end_ms=interval.end_ms
        )
        skips.append(Skip(interval.where(where), reason))
        return False
    return True


def _speaker(document: Document, roles: Roles, interval: Interval) -> str | None:
    """Who says it: as the interval says, else its tier, unless the tier's name says what it holds."""
    if interval.speaker is not None:
        return interval.speaker
    tier = document.tiers[interval.tier]
    if tier.speaker == tier.name and (folded(tier.name) in _GENERIC or len(roles.text) == 1):
        return None
    return tier.speaker


def _same_span(a: Interval, b: Interval) -> bool:
    return abs(a.start_ms - b.start_ms) <= _NEAR_MS and abs(a.end_ms - b.end_ms) <= _NEAR_MS


class _Covering:
    """The intervals of a label or speaker tier, and which of them cover a text."""

    def __init__(self, document: Document, name: str, texts: Sequence[Interval], where: str) -> None:
        tier = _find(document, name)
        mine = [i for i in document.intervals if tier is not None and i.tier == tier.name and i.text]
        self._where, self._used = where, set[int]()
        self._intervals = sorted(mine, key=lambda i: i.start_ms)
        self._ends = self._furthest_ends()
        self._parents = {i.name: i.parent for i in document.intervals if i.name}
        self._is_text = tier is not None and any(text.tier == tier.name for text in texts)
        starts = [text.start_ms for text in texts]  # in order
        self._exact = [self._has_twin(interval, texts, starts) for interval in self._intervals]

    def _has_twin(self, interval: Interval, texts: Sequence[Interval], starts: Sequence[int]) -> bool:
        """Whether a text has the same span as `interval`."""
        at = bisect_left(starts, interval.start_ms - _NEAR_MS)
        while at < len(texts) and starts[at] <= interval.start_ms + _NEAR_MS:
            if _same_span(interval, texts[at]):
                return True
            at += 1
        return False

    def _furthest_ends(self) -> list[int]:
        """For each interval the latest end up to it, so that a search can begin where it may overlap."""
        ends: list[int] = []
        for interval in self._intervals:
            ends.append(max(interval.end_ms, ends[-1] if ends else 0))
        return ends

    def of(self, text: Interval) -> tuple[str, ...]:
        """The distinct values that cover `text`."""
        found: dict[str, None] = {}
        for at in range(bisect_left(self._ends, text.start_ms + 1), len(self._intervals)):
            interval = self._intervals[at]
            if interval.start_ms >= text.end_ms:
                break
            is_near = not self._exact[at] or _same_span(interval, text)
            if is_near and self._covers(interval, text):
                self._used.add(at)
                found[interval.text] = None
        return tuple(found)

    def _covers(self, interval: Interval, text: Interval) -> bool:
        if interval.parent and text.name and self._root(interval) != self._root(text):
            return False
        shared = min(interval.end_ms, text.end_ms) - max(interval.start_ms, text.start_ms)
        return 2 * shared > min(interval.end_ms - interval.start_ms, text.end_ms - text.start_ms)

    def _root(self, interval: Interval) -> str:
        """The annotation at the end of the references of `interval`."""
        name = interval.name
        for _ in range(100):
            if not self._parents.get(name):
                break
            name = self._parents[name]
        return name

    def unused(self) -> Iterator[Skip]:
        """A `Skip` for each value that covers no text."""
        for at, interval in enumerate(self._intervals):
            if at not in self._used and not self._is_text:
                reason = Message("{value}: no utterance in this span", value=interval.text[:80])
                yield Skip(interval.where(self._where), reason)
