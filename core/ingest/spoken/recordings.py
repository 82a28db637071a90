"""Makes the recordings of one file of annotations: one, or with channels one for each speaker.

A call whose speakers have a channel each becomes a mono recording for each speaker, with what that speaker says; both
are one group. Player, features, snapshots and voice models then read the right voice without knowing about channels.
What speakers without a channel say stays with the whole sound. Times are ms.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import AudioError, BadRecord
from core.ingest.audio import notation
from core.ingest.audio.channels import ONE_SOUND, parted
from core.ingest.audio.raw_sound import read_member
from core.ingest.entries import SHORT, Entry, Sound
from core.ingest.spoken import tiers
from core.ingest.spoken.formats import table
from core.ingest.spoken.formats.document import Document
from core.ingest.spoken.pairing import Annotated, Pair
from core.ingest.spoken.tiers import Roles, Speech
from core.ingest.value_maps import ValueMaps
from core.messages import Message, Names
from core.records import SHORTEST_VOICE_MS, TAIL_MS, NewRecording, NewUtterance, Skip
from core.text.visible import folded

MACHINE = "machine-transcript"  # the tag of texts that a speech recogniser wrote
NO_AUDIO = Message("recording without audio beside it: text imported without audio")
AMBIGUOUS = Message("recording whose name several audio files have: text imported without audio")
BEYOND = Message("utterance that ends after its audio: not usable for voice")
NO_CHANNEL = Message("utterance of a speaker without a channel: kept with the whole sound")


@dataclass(slots=True)
class Annotation:
    """A file of annotations and its audio. `group` is the person who stands for its `persons`, "" for none."""

    file: Annotated
    pair: Pair
    roles: Roles
    maps: ValueMaps
    persons: set[str] = field(default_factory=set)
    group: str = ""

    @property
    def where(self) -> str:
        return self.file.where

    def document(self) -> Document:
        """The content of the file, parsed anew. `BadRecord` if it is damaged."""
        return table.read(self.file.file.member.read(), self.file.format, self.where)


Utterance = tuple[NewUtterance, Speech]


@dataclass(frozen=True, slots=True)
class _Part:
    """A recording to be made: its key, its sound, and what is said in it. `channel`: its number, None for all."""

    key: str
    sound: Sound | None
    utterances: Sequence[Utterance]
    channel: int | None = None


def entries(
    annotation: Annotation, source: str, channels: Sequence[str], recording_level: Mapping[str, bool]
) -> Iterator[Entry | Skip]:
    """The recordings of `annotation`, and what of it could not be used."""
    try:
        document = annotation.document()
    except BadRecord as error:
        yield Skip(error.where, error.reason)
        return
    spoken, skips, notes = tiers.speech(document, annotation.roles, annotation.where)
    if channel := annotation.file.channel:
        spoken = [replace(text, speaker=channel) for text in spoken]
    yield from (*document.skips, *skips)
    notes = [*document.notes, *notes]
    if not spoken:
        yield Skip(annotation.where, _why_empty(document))
        return
    sound = yield from _sound(annotation, notes)
    key = f"annotations:{source}:{annotation.file.key}"
    group = f"annotations:{source}:speaker:{annotation.group}" if annotation.group else key
    whole = _Part(key, sound, _utterances(spoken, f"{key}:{channel}" if channel else key, group, document))
    parts = [whole]
    if channels:
        parts = yield from _by_channel(whole, channels, annotation, notes)
    for part in parts:
        yield _entry(part, annotation, document, recording_level, notes if part is parts[0] else ())


def _why_empty(document: Document) -> Message:
    if any(interval.text for interval in document.intervals):
        return Message("no tier with utterances among {tiers}: --tier text=NAME reads one", tiers=Names(document.tiers))
    return Message("no interval with a text")


def _sound(annotation: Annotation, notes: list[str]) -> Generator[Skip, None, Sound | None]:
    """The audio of the recording. Without usable audio: None, and a note or a `Skip` with the reason."""
    placed = annotation.pair.sound
    if placed is None:
        notes.append(AMBIGUOUS if annotation.pair.is_ambiguous else NO_AUDIO)
        if annotation.pair.near:
            yield Skip(
                annotation.where, Message("no audio of its name; alike: {names}", names=Names(annotation.pair.near))
            )
        return None
    try:
        sound = read_member(placed.member)
    except (AudioError, BadRecord) as error:
        yield Skip(error.where, Message("{reason}: text imported without audio", reason=error.reason))
        return None
    notes += sound.notes
    return sound


def _utterances(spoken: Sequence[Speech], key: str, group: str, document: Document) -> list[Utterance]:
    """What is said, as utterances with distinct keys."""
    utterances: list[Utterance] = []
    taken: set[str] = set()
    several = len(document.tiers) > 1 or document.format == "TextGrid"
    for text in spoken:
        interval = text.interval
        name = interval.name or (f"{interval.tier}:{interval.start_ms}" if several else str(interval.start_ms))
        while name in taken:
            name += "+"
        taken.add(name)
        new = NewUtterance(
            key=f"{key}:{name}", text=interval.text, group=group, start_ms=interval.start_ms, end_ms=interval.end_ms,
            speaker=text.speaker, meta={"tier": interval.tier, **interval.meta},
            tags=(MACHINE,) if document.by_machine else (),
        )  # fmt: skip
        utterances.append((new, text))
    return utterances


def _by_channel(
    whole: _Part, channels: Sequence[str], annotation: Annotation, notes: list[str]
) -> Generator[Skip, None, list[_Part]]:
    """`whole` in parts by speaker; `[whole]` and a note or a `Skip` if that cannot be."""
    names = [folded(channel) for channel in channels]
    of_speaker = [[u for u in whole.utterances if folded(u[0].speaker or "") == name] for name in names]
    if not any(of_speaker):
        speakers = Names(dict.fromkeys(u[0].speaker or "-" for u in whole.utterances))
        reason = Message("no speaker is called {channels}: there are {speakers}; kept as one recording",
                         channels=Names(channels), speakers=speakers)  # fmt: skip
        yield Skip(annotation.where, reason)
        return [whole]
    sounds: Sequence[Sound | None] = [None] * len(channels)
    if whole.sound is not None and annotation.pair.sound is not None:
        try:
            sounds = parted(whole.sound, channels, annotation.pair.sound.member.name)
        except AudioError as error:
            yield Skip(error.where, Message("{reason}: kept as one recording", reason=error.reason))
            return [whole]
    if not sounds:
        notes.append(ONE_SOUND)
        return [whole]
    parts = [
        _Part(f"{whole.key}:channel:{channel}", sound, mine, number)
        for number, (channel, sound, mine) in enumerate(zip(channels, sounds, of_speaker, strict=True), start=1)
        if mine
    ]
    if rest := [u for u in whole.utterances if folded(u[0].speaker or "") not in names]:
        notes += [NO_CHANNEL] * len(rest)
        parts.append(_Part(whole.key, whole.sound, rest))
    return parts


def _entry(
    part: _Part, annotation: Annotation, document: Document, recording_level: Mapping[str, bool], notes: Iterable[str]
) -> Entry:
    sound = part.sound
    audio_ms = None if sound is None else sound.duration_ms
    utterances = tuple(replace(new, voice_usable=_usable(new, audio_ms)) for new, _ in part.utterances)
    placed = annotation.pair.sound
    meta: dict[str, Any] = {"annotations": annotation.where, "format": document.format}
    meta |= {} if placed is None or sound is None else {"audio": placed.member.name}
    meta |= {} if part.channel is None else {"channel": part.channel}
    recording = NewRecording(
        key=part.key, duration_ms=audio_ms or max(u.end_ms or 0 for u in utterances),
        sample_rate_hz=sound.sample_rate_hz if sound else None, path=None, sha256=sound.sha256 if sound else None,
        utterances=utterances, meta=meta,
    )  # fmt: skip
    maps = annotation.maps
    of_recording = {scheme: maps.values(scheme, tiers.values(document, annotation.roles, scheme))
                    for scheme in annotation.roles.labels if recording_level.get(scheme)}  # fmt: skip
    of_utterances = {
        new.key: {scheme: maps.values(scheme, found) for scheme, found in text.labels.items()
                  if not recording_level.get(scheme)}
        for new, text in part.utterances
    }  # fmt: skip
    cleanings, tagged = notation.cleanings(utterances)
    notes = (*notes, *_span_notes(utterances, audio_ms), *tagged)
    return Entry(annotation.where, recording, sound, of_recording, cleanings, notes, of_utterances)


def _usable(new: NewUtterance, audio_ms: int | None) -> bool:
    """Whether the span lies in the audio and is long enough for voice."""
    start, end = new.start_ms or 0, new.end_ms or 0
    return audio_ms is not None and end <= audio_ms + TAIL_MS and min(end, audio_ms) - start >= SHORTEST_VOICE_MS


def _span_notes(utterances: Sequence[NewUtterance], audio_ms: int | None) -> list[str]:
    short: list[str] = [SHORT for u in utterances if (u.end_ms or 0) - (u.start_ms or 0) < SHORTEST_VOICE_MS]
    return short + [BEYOND for u in utterances if audio_ms is not None and (u.end_ms or 0) > audio_ms + TAIL_MS]
