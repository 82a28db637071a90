"""Reads audio folders. Each file is one recording with one utterance. Its label, speaker and group come from its name,
its text from a file of the same name beside it.

`index` first lists folders, the zips in them, zips and single files (names and the first bytes), so that `Listing`
knows every label value before anything is stored. `read` then reads one file at a time. A key is made of a file's
content and name: a moved folder adds nothing, and the same name with other content is another recording. Where two
files of a delivery have the same content and name, the path tells them apart. No audio is decoded here, unless it is
parted into its channels: then each channel is a mono recording of its speaker, and the channels of a file are one
group.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from core.audio import pcm
from core.audio.header import may_be_sound, not_audio
from core.audio.repair.mpeg import JUNK_BYTES
from core.errors import AudioError, BadRecord, InputError
from core.files.content import HEAD_BYTES
from core.ingest.archives import Member, members
from core.ingest.audio import notation, transcripts
from core.ingest.audio.channels import ONE_SOUND, parted
from core.ingest.audio.name_pattern import FOLDER, Pattern
from core.ingest.audio.raw_sound import is_headerless, read_member
from core.ingest.entries import ROLE, Entry, Sound, clip_recording, recording_notes
from core.ingest.tars import without_suffix
from core.ingest.value_maps import ValueMaps
from core.messages import Message
from core.records import Skip
from core.speakers import names_a_person

NO_MAPS = ValueMaps()


@dataclass(frozen=True, slots=True)
class Rules:
    """What each field of a file's name means. `labels`: scheme -> field. `speaker` and `group` are fields, "" for none.

    Every file has the field `folder`, the name of its folder. A field called `speaker` is used as the speaker by
    default. Without `group`, the speaker is the group; without both, each file is its own group.

    `maps` says what the values in names mean. `channels` names the speaker of each channel. `pcm_hz` is the sampling
    rate of sound without a header.
    """

    pattern: Pattern | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    speaker: str = ""
    group: str = ""
    maps: ValueMaps = NO_MAPS
    channels: tuple[str, ...] = ()
    pcm_hz: int = pcm.RATE_HZ

    def checked(self) -> "Rules":
        """These rules with the default speaker filled in. `InputError` if a field is not in the pattern."""
        fields = (FOLDER, *(self.pattern.fields if self.pattern else ()))
        for name in (*self.labels.values(), self.speaker, self.group):
            if name and name not in fields:
                raise InputError("no field {name!r}: there are {fields}", name=name, fields=", ".join(fields))
        self.maps.checked(self.labels)
        return replace(self, speaker=self.speaker or ("speaker" if "speaker" in fields else ""))

    def value(self, scheme: str, fields: Mapping[str, str]) -> str:
        """The label value for `scheme` of a file with these `fields`, after its map; "" for none."""
        return self.maps.value(scheme, fields[self.labels[scheme]])


@dataclass(frozen=True, slots=True)
class Clip:
    """An audio file and the fields of its name."""

    member: Member
    fields: Mapping[str, str]


@dataclass(slots=True)
class Listing:
    """The files of a delivery. Each of `clips` gives one Entry or one Skip."""

    rules: Rules
    clips: list[Clip] = field(default_factory=list)
    texts: transcripts.SidecarTexts = field(default_factory=transcripts.SidecarTexts)
    skips: list[Skip] = field(default_factory=list)

    def values(self, scheme: str) -> list[str]:
        """All label values for `scheme` in the names, sorted."""
        return sorted({value for clip in self.clips if (value := self.rules.value(scheme, clip.fields))})


def index(paths: Sequence[Path], rules: Rules) -> Listing:
    """List the files under `paths`. A repeated file counts once. `InputError` if a path does not exist."""
    files: dict[tuple[str, ...], Member] = {}
    listing = Listing(rules.checked())
    for path in paths:
        for item in members(path):
            if isinstance(item, Skip):
                listing.skips.append(item)
            else:
                files.setdefault(item.place, item)
    for member in sorted(files.values(), key=lambda m: (m.name, m.place)):
        if not listing.texts.add(member):
            _add_member(member, listing)
    return listing


def _add_member(member: Member, listing: Listing) -> None:
    """Add `member` to the clips if it is audio and its name fits the pattern, else to the skips."""
    try:
        head = member.head(HEAD_BYTES)
        if head and not may_be_sound(head):
            head = member.head(JUNK_BYTES)  # an MP3 may begin behind junk
    except BadRecord as error:
        listing.skips.append(Skip(error.where, error.reason))
        return
    if not may_be_sound(head) and not is_headerless(member):
        listing.skips.append(Skip(member.name, not_audio(head)))
        return
    pattern = listing.rules.pattern
    inner = f"{member.archive}/{member.inner}"
    fields = pattern.read(inner) if pattern else {}
    if fields is None:
        shape = pattern.text if pattern else ""
        listing.skips.append(Skip(member.name, Message("its name does not fit the pattern {pattern!r}", pattern=shape)))
        return
    listing.clips.append(Clip(member, fields | {FOLDER: _folder(member)}))


def _folder(member: Member) -> str:
    """The name of the member's folder; at the top level that of the given folder, or of the archive without suffix."""
    parent = PurePosixPath(member.inner).parent.name
    return parent or without_suffix(member.archive)


def read(files: Listing, source: str) -> Iterator[Entry | Skip]:
    """Yield each clip as an Entry; one file is in memory at a time. `source` is part of the names of groups."""
    yield from files.skips
    places: dict[str, str] = {}  # key -> the file where it came first
    paths: dict[str, str] = {}  # key -> the path of that file below the delivery
    for clip in files.clips:
        try:
            sound = read_member(clip.member, files.rules.pcm_hz)
            key, path = _key(clip.member, sound), _path(clip.member)
            longer = key.removesuffix(PurePosixPath(clip.member.inner).name) + path
            if key in places and path not in (paths[key], paths.get(longer)):
                key = longer  # another file of the same content and name
            if key in places:
                reason = Message("the same audio under the same name came before: {place}", place=places[key])
                yield Skip(clip.member.name, reason)
                continue
            entries = _entries(clip, files, source, key, sound)
        except (AudioError, BadRecord) as error:
            yield Skip(error.where, error.reason)
            continue
        places[key], paths[key] = clip.member.name, path
        yield from files.texts.new_skips()
        yield from entries
    yield from files.texts.new_skips()
    yield from files.texts.leftovers()


def _path(member: Member) -> str:
    """The path of a file below the delivery; the same in a zip and in the folder that it unpacks to."""
    return f"{re.sub(r'[.]zip$', '', member.archive, flags=re.I)}/{member.inner}"


def _key(member: Member, sound: Sound) -> str:
    return f"audio:{sound.sha256[:32]}:{PurePosixPath(member.inner).name}"


def _entries(clip: Clip, files: Listing, source: str, key: str, sound: Sound) -> list[Entry | Skip]:
    """The clip as an Entry, or an Entry for each of its channels."""
    if not files.rules.channels:
        return [_entry(clip, files, source, key, key, sound)]
    try:
        sounds = parted(sound, files.rules.channels, clip.member.name)
    except AudioError as error:
        kept = Skip(error.where, Message("{reason}: kept as one recording", reason=error.reason))
        return [_entry(clip, files, source, key, key, sound), kept]
    if not sounds:
        whole = _entry(clip, files, source, key, key, sound)
        return [replace(whole, notes=(*whole.notes, ONE_SOUND))]
    entries: list[Entry | Skip] = []
    for number, (channel, wave) in enumerate(zip(files.rules.channels, sounds, strict=True), start=1):
        entry = _entry(clip, files, source, f"{key}:channel:{channel}", key, wave, channel, number)
        entries.append(entry)
    if text := files.texts.text_of(clip.member)[0]:
        reason = Message("a text of all channels ({text}): no channel gets it", text=text[:80])
        entries.append(Skip(clip.member.name, reason))
    return entries


def _entry(
    clip: Clip, files: Listing, source: str, key: str, group: str, sound: Sound, channel: str = "", number: int = 0
) -> Entry:
    member, rules = clip.member, files.rules
    text, more = files.texts.text_of(member, channel)
    speaker = channel or (clip.fields[rules.speaker] if rules.speaker else None)
    notes = sound.notes
    if name := rules.group or (rules.speaker if names_a_person(clip.fields.get(rules.speaker)) else ""):
        group = f"audio:{source}:{name}:{clip.fields[name]}"
    elif names_a_person(speaker):
        group = f"audio:{source}:speaker:{speaker}"
    elif speaker:
        notes += (ROLE,)
    meta = {"archive": member.archive, "member": member.inner, "fields": dict(clip.fields), **more}
    meta |= {"channel": number} if number else {}
    recording = clip_recording(key, group, text, sound, speaker, meta)
    labels = {scheme: (value,) for scheme in rules.labels if (value := rules.value(scheme, clip.fields))}
    cleanings, marked = notation.cleanings(recording.utterances, is_notation=is_headerless(member))
    return Entry(member.name, recording, sound, labels, cleanings, recording_notes(recording) + notes + marked)
