"""Checks of texts and audio that stand in several places: in several sources, or on several sides of published splits.

A repeat inside one source is found by the checks same-text and same-audio. Between sources it makes one of them count
twice, and between the sides of a published split it is a leak: what is tested on was trained on.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from core.messages import Message
from core.quality.digests import DigestedUtterance, DigestTable, digest
from core.quality.types import MAX_IDS, Check, Finding, Fix
from core.records import ScannedRecording

Key = Callable[[Any], bytes | None]  # the digest of an item; None: it is left out
Places = Callable[[Any], tuple[Any, ...]]  # the places of an item
Say = Callable[[int, int, int], Message]  # rows that repeat something, different things, places


class Between:
    """One finding with the items that another place had before."""

    def __init__(self, check: Check, key: Key, places: Places, say: Say) -> None:
        self.check, self._key, self._places_of, self._say = check, key, places, say
        self._table = DigestTable()
        self._places: dict[Any, int] = {}

    def take(self, item: Any) -> None:
        places = self._places_of(item)
        if not places or (key := self._key(item)) is None:
            return
        for place in places:
            self._table.add(key, item.id, self._places.setdefault(place, len(self._places)))

    def findings(self) -> list[Finding]:
        repeats = sorted(self._repeats())
        if not repeats:
            return []
        ids = list(dict.fromkeys(item_id for item_id, _, _, _ in repeats))
        pairs = Counter(pair for _, _, pair, _ in repeats)
        items = len({group for _, _, _, group in repeats})
        message = self._say(len(ids), items, len({place for pair in pairs for place in pair}))
        numbers = {"rows": len(ids), "items": items} | self._named(pairs)
        details = {
            str(item_id): Message("the same as number {keep} there", keep=keep)
            for item_id, keep, _, _ in repeats[:MAX_IDS]
        }
        return [self.check.finding(len(ids), ids, message, numbers=numbers, details=details)]

    def fixes(self) -> Iterator[Fix]:
        return iter(())

    def _repeats(self) -> Iterator[tuple[int, int, tuple[Any, Any], int]]:
        """(id, id of the first item with the same digest, their two places, number of the group) of each repeat."""
        groups, ids, numbers = self._table.groups(), self._table.ids, self._table.numbers
        places = list(self._places)
        for group in groups.mixed(numbers):
            first, *others = groups.members(group).tolist()
            for row in others:
                if numbers[row] != numbers[first]:
                    yield int(ids[row]), int(ids[first]), (places[numbers[first]], places[numbers[row]]), group

    def _named(self, pairs: Counter[tuple[Any, Any]]) -> dict[str, int]:
        """The counts of pairs of splits, such as "train, test"; sources have only numbers here, so none for them."""
        return {", ".join(pair): n for pair, n in sorted(pairs.items()) if all(isinstance(name, str) for name in pair)}


def texts_between_sources(check: Check) -> Between:
    """Sentences without a recording whose text an earlier sentence of another source has."""
    return Between(
        check, _text, lambda item: (item.utterance.source_id,),
        lambda n, texts, sources: Message(
            "{n:,} rows repeat a text of another source ({texts:,} different texts, {sources} sources)",
            n=n, texts=texts, sources=sources,
        ),
    )  # fmt: skip


def texts_between_splits(check: Check) -> Between:
    """Sentences without a recording whose text stands on another side of a published split."""
    return Between(
        check, _text, lambda item: item.utterance.sides,
        lambda n, texts, splits: Message(
            "{n:,} rows repeat a text of another published split ({texts:,} different texts, {splits} splits)",
            n=n, texts=texts, splits=splits,
        ),
    )  # fmt: skip


def audio_between_sources(check: Check) -> Between:
    """Recordings whose audio file an earlier recording of another source has."""
    return Between(
        check, _audio, lambda call: (call.source_id,),
        lambda n, files, sources: Message(
            "{n:,} recordings repeat the audio of another source ({files:,} different files, {sources} sources)",
            n=n, files=files, sources=sources,
        ),
    )  # fmt: skip


def audio_between_splits(check: Check) -> Between:
    """Recordings whose audio file stands on another side of a published split."""
    return Between(
        check, _audio, lambda call: call.sides,
        lambda n, files, splits: Message(
            "{n:,} recordings repeat the audio of another published split ({files:,} different files, {splits} splits)",
            n=n, files=files, splits=splits,
        ),
    )  # fmt: skip


def _text(item: DigestedUtterance) -> bytes | None:
    return item.text if item.standalone and not item.blank else None


def _audio(call: ScannedRecording) -> bytes | None:
    return digest(call.sha256) if call.sha256 else None
