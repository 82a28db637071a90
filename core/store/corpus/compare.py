"""Compares what is delivered with what is stored under the same key. It reads only; `core.store.corpus.insert` writes.

A known key is the same item if its text, times, speaker, labels and audio are those that were received before, or those
that stand now. What was received is the original, and after that the content of each accepted proposal of kind
"delivery". A delivery that says nothing about a field (no label, no times) differs in nothing there. White space at the
edges of a text, line ends and Unicode forms make no difference.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from core.records import IMPORTED, Clash, Difference, Level, NewRecording, NewUtterance
from core.store.rows import NAMES, labels_of
from core.store.schema import annotation, proposal, recording, revision, utterance
from core.text import letters, nfc

FIELDS = ("start_ms", "end_ms", "speaker")
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Delivered:
    """An utterance of a delivery whose key is known, and the key of its recording; `sounds`: that has audio.

    `text` is the edited text of an export: what the utterance was at any time is known then. `ignored` are schemes
    whose label is not compared, because no person gave it.
    """

    item: NewUtterance
    recording: str | None = None
    sounds: bool = False
    text: str | None = None
    ignored: Collection[str] = ()


def delivered_in(calls: Iterable[NewRecording], known: Container[str]) -> list[Delivered]:
    """Return the utterances of `calls` whose keys are known."""
    return [Delivered(u, call.key, bool(call.sha256)) for call in calls for u in call.utterances if u.key in known]


@dataclass(slots=True)
class Comparison:
    """`clashes` are the items that differ. `missing` are labels that nobody gave yet: (level, target, scheme -> code).

    `new_speakers` counts known utterances without a speaker that are delivered with one.
    `other` counts the items whose text or audio differs, `same` those whose text and audio are as they were; those of
    them that are recordings are counted as sounds, too.
    """

    clashes: list[Clash] = field(default_factory=list)
    missing: list[tuple[Level, int, Labels]] = field(default_factory=list)
    same: int = 0
    other: int = 0
    same_sounds: int = 0
    other_sounds: int = 0
    new_speakers: int = 0

    def __add__(self, more: "Comparison") -> "Comparison":
        names = ("clashes", "missing", "same", "other", "same_sounds", "other_sounds", "new_speakers")
        return Comparison(*(getattr(self, name) + getattr(more, name) for name in names))

    def add(self, clash: Clash) -> None:
        """Add one clash. It counts as another item if its audio differs, or its text in more than spaces and marks."""
        self.clashes.append(clash)
        is_other = any(map(_tells_apart, clash.differences))
        self.other, self.same = self.other + is_other, self.same + (not is_other)


@dataclass(slots=True)
class _Received:
    """What was received for an utterance: the latest value of each field, and every earlier one."""

    latest: dict[str, Any]
    earlier: dict[str, set[Any]] = field(default_factory=dict)

    def has(self, name: str, value: Any) -> bool:
        return value == self.latest.get(name) or value in self.earlier.get(name, ())

    def replace(self, name: str, before: Any, after: Any) -> None:
        """Note that an accepted delivery brought `after` where `before` had been received."""
        self.earlier.setdefault(name, set()).update((before, self.latest.get(name)))
        self.latest[name] = after


def plain(text: str) -> str:
    """Return `text` in NFC, without white space at its edges, with one kind of line end.

    >>> plain(" 네\\r\\n맞아요 ") == plain("네\\n맞아요")
    True
    """
    return nfc(text).replace("\r\n", "\n").replace("\r", "\n").strip()


def compare_utterances(connection: Connection, delivered: Sequence[Delivered], ids: Mapping[str, int]) -> Comparison:
    """Compare known utterances with what is stored; `ids`: key -> id of each."""
    comparison = Comparison()
    for start in range(0, len(delivered), NAMES):
        block = delivered[start : start + NAMES]
        rows = _rows(connection, [ids[entry.item.key] for entry in block])
        suspects = [entry for entry in block if _is_suspect(entry, rows[ids[entry.item.key]])]
        received = _received(connection, rows, suspects, ids)
        comparison.new_speakers += sum(
            entry.item.speaker is not None and rows[ids[entry.item.key]].speaker is None for entry in suspects
        )
        differences = {
            id(entry): _differences(entry, rows[ids[entry.item.key]], received[ids[entry.item.key]])
            for entry in suspects
        }
        exported = {ids[entry.item.key] for entry in block if entry.text is not None}
        of_labels = _compare_labels(connection, "utterance", _labels_by_target(block, ids), comparison, exported)
        for entry in block:
            number = ids[entry.item.key]
            found = (*differences.get(id(entry), ()), *of_labels.get(number, ()))
            if found:
                comparison.add(Clash(entry.item.key, number, rows[number].recording_id, "", found))
            else:
                comparison.same += 1
    return comparison


def compare_recordings(connection: Connection, items: Sequence[NewRecording], ids: Mapping[str, int]) -> Comparison:
    """Compare the audio and the labels of known recordings with what is stored; `ids`: key -> id of each."""
    comparison = Comparison()
    for start in range(0, len(items), NAMES):
        block = items[start : start + NAMES]
        numbers = [ids[item.key] for item in block]
        query = select(recording.c.id, recording.c.sha256).where(recording.c.id.in_(numbers))
        hashes = {row.id: row.sha256 for row in connection.execute(query)}
        labels = {
            ids[item.key]: {name: code for name, code in item.labels.items() if name not in item.disputed}
            for item in block
        }
        of_labels = _compare_labels(connection, "recording", labels, comparison)
        suspects = {ids[item.key] for item in block if item.sha256 and item.sha256 != hashes[ids[item.key]]}
        earlier = _earlier_audio(connection, suspects)
        for item in block:
            number = ids[item.key]
            stored = hashes[number] if (number, item.sha256) not in earlier else item.sha256
            found = of_labels.get(number, ())
            if item.sha256 and stored and item.sha256 != stored:
                found = (Difference("audio", stored, item.sha256), *found)
            elif item.sha256 and stored:
                comparison.same += 1
                comparison.same_sounds += 1
            comparison.other_sounds += bool(item.sha256 and stored and item.sha256 != stored)
            if found:
                comparison.add(Clash(item.key, None, number, "", found))
    return comparison


def _earlier_audio(connection: Connection, recordings: Collection[int]) -> set[tuple[int, str]]:
    """Return (recording, SHA-256) of the audio that an accepted delivery has replaced."""
    accepted = (proposal.c.kind == "delivery", proposal.c.operation == "audio", proposal.c.state == "accepted")
    query = (
        select(utterance.c.recording_id, proposal.c.payload)
        .join(utterance, utterance.c.id == proposal.c.utterance_id)
        .where(*accepted, utterance.c.recording_id.in_(recordings))
    )
    rows = connection.execute(query) if recordings else ()
    return {(call, payload["before"]["sha256"]) for call, payload in rows if "sha256" in payload["before"]}


def with_audio(connection: Connection, homes: Mapping[str, int]) -> set[str]:
    """Return the keys of those recordings that have audio; `homes`: key -> id."""
    keys: set[str] = set()
    numbers = list(homes.values())
    for start in range(0, len(numbers), NAMES):
        given = (recording.c.id.in_(numbers[start : start + NAMES]), recording.c.sha256.is_not(None))
        keys |= set(connection.scalars(select(recording.c.key).where(*given)))
    return keys


def _tells_apart(difference: Difference) -> bool:
    if difference.field == "text":
        if not str(difference.before).strip():
            return False  # nobody had written it down yet
        return letters(str(difference.before)) != letters(str(difference.after))
    return difference.field == "audio" and difference.before is not None


def _rows(connection: Connection, ids: Iterable[int]) -> dict[int, Any]:
    """Return id -> the stored utterance, with the key of its recording."""
    c = utterance.c
    columns = (c.id, c.text, c.original, c.start_ms, c.end_ms, c.speaker, c.recording_id, c.version)
    query = (
        select(*columns, recording.c.key.label("home"))
        .outerjoin(recording, recording.c.id == c.recording_id)
        .where(c.id.in_(set(ids)))
    )
    return {row.id: row for row in connection.execute(query)}


def _is_suspect(entry: Delivered, row: Any) -> bool:
    """Return whether any field but the labels is not as received and not as it stands now."""
    item, text = entry.item, entry.item.text if entry.text is None else entry.text
    if text != row.original and plain(text) not in (plain(row.original), plain(row.text)):
        return True
    if _is_elsewhere(entry, row):
        return True
    return any(
        value is not None and value != getattr(row, name)
        for name, value in (("start_ms", item.start_ms), ("end_ms", item.end_ms), ("speaker", item.speaker))
    )


def _is_elsewhere(entry: Delivered, row: Any) -> bool:
    """Return whether the utterance has another recording, or gets one with audio where it had none."""
    return entry.recording not in (None, row.home) and (row.home is not None or entry.sounds)


def _received(
    connection: Connection, rows: Mapping[int, Any], suspects: Sequence[Delivered], ids: Mapping[str, int]
) -> dict[int, _Received]:
    """Return id -> what was received before for each suspect."""
    received = {}
    exported = set()
    for entry in suspects:
        row = rows[ids[entry.item.key]]
        latest = {name: getattr(row, name) for name in FIELDS}
        received[row.id] = _Received(latest | {"text": row.original, "recording": row.home})
        if entry.text is not None:
            exported.add(row.id)
    decided = [number for number in received if rows[number].version > 0]
    for number, revisions in _history(connection, decided).items():
        _replay(received[number], revisions, at_any_time=number in exported)
    return received


def _history(connection: Connection, ids: Sequence[int]) -> dict[int, list[Any]]:
    """Return utterance id -> its revisions in order, each with the kind and payload of its proposal."""
    c = revision.c
    query = (
        select(c.id, c.utterance_id, c.before, c.after, c.undoes, proposal.c.kind, proposal.c.payload)
        .outerjoin(proposal, proposal.c.id == c.proposal_id)
        .where(c.utterance_id.in_(ids))
        .order_by(c.utterance_id, c.version)
    )
    by_id: dict[int, list[Any]] = {}
    for row in connection.execute(query) if ids else ():
        by_id.setdefault(row.utterance_id, []).append(row)
    return by_id


def _replay(received: _Received, revisions: Sequence[Any], at_any_time: bool) -> None:
    """Bring `received` to what was received at the start, then to each accepted delivery that was not undone."""
    undone = {row.undoes for row in revisions if row.undoes is not None}
    for row in reversed(revisions):
        received.latest |= {name: row.before[name] for name in FIELDS if name in row.before}
    for row in revisions:
        if at_any_time:
            for name in (*FIELDS, "text"):
                values = {change[name] for change in (row.before, row.after) if name in change}
                received.earlier.setdefault(name, set()).update(values)
        if row.kind == "delivery" and row.id not in undone:
            for name in (*FIELDS, "text", "recording"):
                if name in row.payload["after"]:
                    received.replace(name, row.payload["before"].get(name), row.payload["after"][name])


def _differences(entry: Delivered, row: Any, received: _Received) -> tuple[Difference, ...]:
    """Return the fields of one utterance, other than its labels, that differ from all that was received."""
    item, found, elsewhere = entry.item, list[Difference](), _is_elsewhere(entry, row)
    text = plain(item.text if entry.text is None else entry.text)
    texts = {plain(known) for known in (received.latest["text"], *received.earlier.get("text", ()), row.text)}
    if text not in texts:
        found.append(Difference("text", received.latest["text"], item.text if entry.text is None else entry.text))
    for name in FIELDS:
        value = getattr(item, name)
        if value is None or value == getattr(row, name) or received.has(name, value):
            continue
        if received.latest[name] is not None or not (name == "speaker" or elsewhere):  # times come with a recording
            found.append(Difference(name, received.latest[name], value))
    if elsewhere and not received.has("recording", entry.recording):
        found.append(Difference("audio", received.latest["recording"], entry.recording))
    return tuple(found)


def _labels_by_target(block: Sequence[Delivered], ids: Mapping[str, int]) -> dict[int, Labels]:
    return {
        ids[entry.item.key]: {name: code for name, code in entry.item.labels.items() if name not in entry.ignored}
        if entry.ignored
        else entry.item.labels
        for entry in block
        if entry.item.labels
    }


def _compare_labels(
    connection: Connection, level: Level, labels: Mapping[int, Labels], comparison: Comparison,
    exported: Collection[int] = (),
) -> dict[int, tuple[Difference, ...]]:  # fmt: skip
    """Return target -> the labels that differ; labels that nobody gave yet are added to `comparison.missing`.

    Under `exported` targets, an answer that anybody gave at any time is known.
    """
    current = labels_of(connection, level, [target for target, given in labels.items() if given])
    unequal = {
        (target, name): code
        for target, given in labels.items()
        for name, code in given.items()
        if current.get(target, {}).get(name) != code
    }
    answers = _answers(connection, level, {target for target, _ in unequal})
    found: dict[int, tuple[Difference, ...]] = {}
    for (target, name), code in unequal.items():
        delivered, by_persons = answers.get((target, name), ([], []))
        stands = current.get(target, {}).get(name)
        if code in delivered or (target in exported and code in by_persons):
            continue
        if stands is None and not delivered and not by_persons:
            comparison.missing.append((level, target, {name: code}))
            continue
        before = delivered[-1] if delivered else stands
        found[target] = (*found.get(target, ()), Difference(f"label:{name}", before, code))
    return found


Answers = dict[tuple[int, str], tuple[list[str], list[str | None]]]


def _answers(connection: Connection, level: Level, targets: set[int]) -> Answers:
    """Return (target, scheme) -> the codes that deliveries gave, in order, and those that persons gave.

    What an undone decision wrote does not count. Votes of raters set no label, so they do not count either.
    """
    c, own, undoing = annotation.c, revision.alias(), revision.alias()
    numbers = sorted(targets)
    answers: Answers = {}
    for start in range(0, len(numbers), NAMES):
        query = (
            select(c.target_id, c.scheme, c.code, c.curator)
            .outerjoin(own, own.c.id == c.revision_id)
            .outerjoin(undoing, undoing.c.undoes == c.revision_id)
            .where(c.level == level, c.target_id.in_(numbers[start : start + NAMES]), c.kind != "vote")
            .where(own.c.undoes.is_(None), undoing.c.id.is_(None))
            .order_by(c.id)
        )
        for target, name, code, curator in connection.execute(query):
            delivered, by_persons = answers.setdefault((target, name), ([], []))
            if curator != IMPORTED:
                by_persons.append(code)
            elif code is not None:
                delivered.append(code)
    return answers
