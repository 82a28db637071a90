"""Reader of "119 지능형 신고접수 음성 인식 데이터" (AI Hub 71768). It takes archives or folders and yields calls.

It first lists the names of all files. Then it pairs each label JSON with a WAV: by equal stem, else by the `_id` before
the first `_` of the stem, else by the `_id` in the JSON. It reads that WAV only then. Times are ms. The reader stores
nothing and masks nothing. It raises only if a path does not exist; every file that it cannot use is a `Skip`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import AudioError, BadRecord
from core.ingest.aihub import label
from core.ingest.aihub.mapping import KeyMapping
from core.ingest.archives import Limits, Member, members
from core.ingest.entries import Sound, read_sound
from core.messages import Message
from core.records import NewRecording, Skip

AUDIO_SUFFIXES = (".wav", ".wavp")
_PLACE = re.compile(r"(?:^|_)(서울|인천|광주)(?:_|\.|$)")
_SPLITS = (("Validation", re.compile(r"^(V[SL]_.*|Validation)$")), ("Training", re.compile(r"^(T[SL]_.*|Training)$")))
_LENGTH_SLACK_MS = 1_000


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `sound` is the delivered audio, None without; `recording.path` is None until it is stored.

    `notes` has one string for each occurrence, so that equal notes can be counted.
    """

    recording: NewRecording
    sound: Sound | None
    notes: tuple[str, ...]

    @property
    def wav(self) -> bytes | None:
        """The delivered bytes."""
        return self.sound.data if self.sound else None


@dataclass(frozen=True, slots=True)
class KnownCall:
    """A call that is in the workspace already. `call` is what this delivery says, to be compared."""

    wav: Member | None
    call: Call


@dataclass(slots=True)
class Index:
    """The files of a delivery. Each of the `total` label files gives at least one `Call`, `KnownCall` or `Skip`."""

    labels: list[Member] = field(default_factory=list)
    wavs: list[Member] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)

    @property
    def total(self) -> int:
        return len(self.labels)


def index(paths: Sequence[Path], limits: Limits | None = None) -> Index:
    """List every WAV and JSON under `paths`. The order of `paths` does not matter, and a repeated file counts once.

    `InputError` if a path does not exist.
    """
    files: dict[tuple[str, ...], Member] = {}
    skips: dict[Skip, None] = {}
    for path in paths:
        for item in members(path, limits):
            if isinstance(item, Skip):
                skips[item] = None
            else:
                files[item.place] = item
    result = Index()
    for member in sorted(files.values(), key=lambda m: (m.stem, m.place)):
        if member.suffix == ".json":
            result.labels.append(member)
        elif member.suffix in AUDIO_SUFFIXES:
            result.wavs.append(member)
        else:
            skips[Skip(member.name, "neither WAV nor JSON")] = None
    stems = {wav.stem for wav in result.wavs}
    result.labels.sort(key=lambda m: m.stem not in stems)  # pairs with equal stems come before pairs by `_id`
    result.skips = sorted(skips, key=lambda s: (s.where, s.reason))
    return result


def read_index(
    files: Index, known: Callable[[str], bool], mapping: KeyMapping | None = None
) -> Iterator[Call | KnownCall | Skip]:
    """Yield each call once. Only one WAV is in memory at a time. If `known(key)` is true, it is a `KnownCall`.

    `mapping` is for label files with other key names than those of the AI Hub corpus.
    """
    yield from files.skips
    unpaired = _UnpairedWavs(files.wavs)
    keys: dict[str, str] = {}  # key or recordId -> the label file where it came first
    for member in files.labels:
        try:
            document = label.decode(member.read(), member.name, mapping)
            key = f"aihub119:{document['_id']}"
            _refuse_repeats(document, key, member, keys)
        except BadRecord as error:
            unpaired.remember_reason(member, f"its label file cannot be used: {member.name}")
            yield Skip(error.where, error.reason)
            continue
        wav = unpaired.take(member.stem, document["_id"])
        if known(key):
            yield KnownCall(wav, next(c for c in _call(document, key, member, wav) if isinstance(c, Call)))
        else:
            yield from _call(document, key, member, wav)
    yield from unpaired.leftovers(keys)


def _refuse_repeats(document: dict[str, Any], key: str, member: Member, keys: dict[str, str]) -> None:
    """Remember `_id` and `recordId` in `keys`. `BadRecord` if either came in an earlier file."""
    record = document.get("recordId")
    names = {"_id": key} | ({"recordId": f"recordId {record}"} if record not in (None, "") else {})
    for kind, name in names.items():
        if name in keys:
            raise BadRecord(
                member.name, "{kind} came before, in {place}: the first is kept", kind=kind, place=keys[name]
            )
    keys.update(dict.fromkeys(names.values(), member.name))


def _call(document: dict[str, Any], key: str, member: Member, wav: Member | None) -> Iterator[Call | Skip]:
    issues = label.Issues()
    sound = _sound(wav, member, issues)
    audio_ms = sound.duration_ms if sound else None
    ends = label.last_ms(document)
    if audio_ms is not None and abs(audio_ms - ends) > _LENGTH_SLACK_MS:
        issues.notes.append(Message("call whose endAt differs from its audio by more than 1 s"))
    recording = NewRecording(
        key=key,
        duration_ms=ends if audio_ms is None else audio_ms,
        sample_rate_hz=sound.sample_rate_hz if sound else None,
        path=None,
        sha256=sound.sha256 if sound else None,
        utterances=label.utterances(document, key, member.name, audio_ms, issues),
        labels=label.recording_labels(document, member.name, issues),
        meta=_meta(document, member, wav),
    )
    yield from issues.skips
    yield Call(recording, sound, tuple(issues.notes))


def _sound(wav: Member | None, member: Member, issues: label.Issues) -> Sound | None:
    """The bytes of the WAV and its real length. Without a usable WAV: None, and a `Skip` with the reason."""
    if wav is None:
        issues.skips.append(Skip(member.name, "no WAV delivered: text imported without audio"))
        return None
    try:
        return read_sound(wav, wav.name)
    except (AudioError, BadRecord) as error:
        issues.skips.append(Skip(wav.name, Message("{reason}: text imported without audio", reason=error.reason)))
        return None


def _meta(document: dict[str, Any], member: Member, wav: Member | None) -> dict[str, Any]:
    """All fields but the utterances, and where the call came from. `personal` lists fields with personal data."""
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


class _UnpairedWavs:
    """The WAVs that are not paired with a call yet."""

    def __init__(self, wavs: Sequence[Member]) -> None:
        self._wavs = {wav.place: wav for wav in wavs}
        self._places: dict[str, list[Member]] = {}
        for wav in wavs:
            for name in {wav.stem, _identity(wav.stem)}:
                self._places.setdefault(name, []).append(wav)
        self._reasons: dict[tuple[str, ...], str] = {}

    def find(self, *names: str) -> Member | None:
        """The first unpaired WAV with one of these names, tried in their order; None if there is none."""
        return next((w for n in names for w in self._places.get(n, ()) if w.place in self._wavs), None)

    def take(self, stem: str, identity: str) -> Member | None:
        """Pair and return the WAV of a label file, by its stem, the `_id` in its stem, or the JSON's own `_id`."""
        wav = self.find(stem, _identity(stem), identity)
        return self._wavs.pop(wav.place) if wav else None

    def remember_reason(self, member: Member, reason: str) -> None:
        """Remember `reason` for the WAV of the label file `member`, which may stay unpaired."""
        if wav := self.find(member.stem):
            self._reasons[wav.place] = reason

    def leftovers(self, keys: dict[str, str]) -> Iterator[Skip]:
        """A `Skip` for every WAV that stayed unpaired; `keys` are the keys of all calls."""
        for place, wav in self._wavs.items():
            repeated = f"aihub119:{_identity(wav.stem)}" in keys
            reason = self._reasons.get(place, Message("no label file delivered"))
            yield Skip(wav.name, Message("a second WAV of a call already read") if repeated else reason)


def _identity(stem: str) -> str:
    return stem.split("_", 1)[0]
