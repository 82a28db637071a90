"""Reader of "119 지능형 신고접수 음성 인식 데이터" (AI Hub 71768): archives or folders in, calls out.

All given paths are indexed first (names only), then each label JSON meets its WAV by stem, then by the `_id` before the
first `_` of the stem, then by the JSON's own `_id`; only then is that one WAV read. Times are ms. The reader stores
nothing, masks nothing and raises only for a path that does not exist: every file it cannot use is a `Skip`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.audio import gate
from core.errors import AudioError, BadRecord
from core.files import sha256
from core.ingest.aihub import label
from core.ingest.archives import Limits, Member, members
from core.messages import Message
from core.records import NewRecording, Skip

AUDIO_SUFFIXES = (".wav", ".wavp")
_PLACE = re.compile(r"(?:^|_)(서울|인천|광주)(?:_|\.|$)")
_SPLITS = (("Validation", re.compile(r"^(V[SL]_.*|Validation)$")), ("Training", re.compile(r"^(T[SL]_.*|Training)$")))
_LENGTH_SLACK_MS = 1_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `recording.path` is None: who stores `wav` (the delivered bytes, None without audio) sets it.

    `notes` hold one entry an occurrence, so that they can be counted.
    """

    recording: NewRecording
    wav: bytes | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A call that is in the workspace already; its WAV is found but not read."""

    key: str
    wav: Member | None


@dataclass(slots=True)
class Index:
    """The files of a delivery by name. `total` label files will each give one `Call`, `Known` or `Skip`, or more."""

    labels: list[Member] = field(default_factory=list)
    wavs: list[Member] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.labels)


def index(paths: Sequence[Path], limits: Limits | None = None) -> Index:
    """List every WAV and JSON under `paths`, in an order that does not depend on theirs; one given twice counts once.

    `InputError` for a path that does not exist.
    """
    found: dict[tuple[str, ...], Member] = {}
    skips: dict[Skip, None] = {}
    for path in paths:
        for item in members(path, limits):
            if isinstance(item, Skip):
                skips[item] = None
            else:
                found[item.place] = item
    result = Index()
    for member in sorted(found.values(), key=lambda m: (m.stem, m.place)):
        if member.suffix == ".json":
            result.labels.append(member)
        elif member.suffix in AUDIO_SUFFIXES:
            result.wavs.append(member)
        else:
            skips[Skip(member.name, "neither WAV nor JSON")] = None
    stems = {wav.stem for wav in result.wavs}
    result.labels.sort(key=lambda m: m.stem not in stems)  # a pair of one stem goes before looser pairs
    result.skips = sorted(skips, key=lambda s: (s.where, s.reason))
    return result


def read_index(files: Index, known: Callable[[str], bool]) -> Iterator[Call | Known | Skip]:
    """Yield each call once, holding one WAV at a time; what `known(key)` holds for gives a `Known`, unread."""
    yield from files.skips
    free = _Free(files.wavs)
    keys: dict[str, str] = {}  # key or recordId -> the label file that had it first
    for member in files.labels:
        try:
            document = label.decode(member.read(), member.name)
            key = f"aihub119:{document['_id']}"
            _refuse_repeats(document, key, member, keys)
        except BadRecord as error:
            free.blame(member, f"its label file cannot be used: {member.name}")
            yield Skip(error.where, error.reason)
            continue
        wav = free.take(member.stem, document["_id"])
        if known(key):
            yield Known(key, wav)
        else:
            yield from _call(document, key, member, wav)
    yield from free.rest(keys)


def _refuse_repeats(document: dict[str, Any], key: str, member: Member, keys: dict[str, str]) -> None:
    """`BadRecord` when `_id` or `recordId` came before; else remember both."""
    record = document.get("recordId")
    names = {"_id": key} | ({"recordId": f"recordId {record}"} if record not in (None, "") else {})
    for kind, name in names.items():
        if name in keys:
            raise BadRecord(
                member.name, "{kind} came before, in {place}: the first is kept", kind=kind, place=keys[name]
            )
    keys.update(dict.fromkeys(names.values(), member.name))


def _call(document: dict[str, Any], key: str, member: Member, wav: Member | None) -> Iterator[Call | Skip]:
    found = label.Findings()
    sound = _sound(wav, member, found)
    audio_ms = sound.duration_ms if sound else None
    ends = label.last_ms(document)
    if audio_ms is not None and abs(audio_ms - ends) > _LENGTH_SLACK_MS:
        found.notes.append(Message("call whose endAt differs from its audio by more than 1 s"))
    recording = NewRecording(
        key=key,
        duration_ms=ends if audio_ms is None else audio_ms,
        sample_rate_hz=sound.sample_rate_hz if sound else None,
        path=None,
        sha256=sha256(sound.data) if sound else None,
        utterances=label.utterances(document, key, member.name, audio_ms, found),
        labels=label.recording_labels(document, member.name, found),
        meta=_meta(document, member, wav),
    )
    yield from found.skips
    yield Call(recording, sound.data if sound else None, tuple(found.notes))


@dataclass(frozen=True, slots=True)
class _Sound:
    data: bytes
    duration_ms: int
    sample_rate_hz: int


def _sound(wav: Member | None, member: Member, found: label.Findings) -> _Sound | None:
    """The WAV's bytes and true length; None with the reason among the skips where there is none to use."""
    if wav is None:
        found.skips.append(Skip(member.name, "no WAV delivered: text imported without audio"))
        return None
    try:
        data = wav.read()
        probe = gate.probe(data, wav.name)
    except (AudioError, BadRecord) as error:
        found.skips.append(Skip(wav.name, Message("{reason}: text imported without audio", reason=error.reason)))
        return None
    return _Sound(data, probe.duration_ms, probe.sample_rate_hz)


def _meta(document: dict[str, Any], member: Member, wav: Member | None) -> dict[str, Any]:
    """Every field but the utterances, and where the call came from; `personal` names the fields with personal data."""
    places = [*reversed(member.place[:-1]), *reversed(wav.place[:-1] if wav else ())]
    regions = [match[1] for place in places if (match := _PLACE.search(place))]
    splits = [split for place in places for split, pattern in _SPLITS if pattern.match(place)]
    return {k: v for k, v in document.items() if k != "utterances"} | {
        "split": splits[0] if splits else None,
        "region": regions[0] if regions else None,
        "archive": member.archive,
        "member": member.inner,
        "wav": wav.name if wav else None,
        "personal": [name for name in label.PERSONAL if document.get(name)],
    }


class _Free:
    """The WAVs that no call has taken yet."""

    def __init__(self, wavs: Sequence[Member]) -> None:
        self._wavs = {wav.place: wav for wav in wavs}
        self._places: dict[str, list[Member]] = {}
        for wav in wavs:
            for name in {wav.stem, _identity(wav.stem)}:
                self._places.setdefault(name, []).append(wav)
        self._blamed: dict[tuple[str, ...], str] = {}

    def find(self, *names: str) -> Member | None:
        """The first free WAV called by the first of `names` that calls one."""
        return next((w for n in names for w in self._places.get(n, ()) if w.place in self._wavs), None)

    def take(self, stem: str, identity: str) -> Member | None:
        wav = self.find(stem, _identity(stem), identity)
        return self._wavs.pop(wav.place) if wav else None

    def blame(self, member: Member, reason: str) -> None:
        """Remember why the WAV that would go with `member` may be left over."""
        if wav := self.find(member.stem):
            self._blamed[wav.place] = reason

    def rest(self, keys: dict[str, str]) -> Iterator[Skip]:
        """A `Skip` for every WAV that nobody took."""
        for place, wav in self._wavs.items():
            again = f"aihub119:{_identity(wav.stem)}" in keys
            blamed = self._blamed.get(place, Message("no label file delivered"))
            yield Skip(wav.name, Message("a second WAV of a call already read") if again else blamed)


def _identity(stem: str) -> str:
    return stem.split("_", 1)[0]
