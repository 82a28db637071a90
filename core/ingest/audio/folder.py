"""Reads audio folders. Each file is one recording with one utterance. Its label, speaker and group come from its name,
its text from a file of the same name beside it.

`index` first lists folders, the zips in them, zips and single files (names and the first 12 bytes), so that `Listing`
knows every label value before anything is stored. `read` then reads one file at a time. A key is made of a file's
content and name: a moved folder adds nothing, and the same name with other content is another recording. Where two
files of a delivery have the same content and name, the path tells them apart. No audio is decoded here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from core.audio.header import not_audio, sniff
from core.errors import AudioError, BadRecord, InputError
from core.ingest.archives import Member, members
from core.ingest.audio import transcripts
from core.ingest.audio.name_pattern import FOLDER, Pattern
from core.ingest.entries import ROLE, Entry, clip_recording, read_sound, recording_notes
from core.messages import Message
from core.records import NewRecording, Skip
from core.speakers import names_a_person


@dataclass(frozen=True, slots=True)
class Rules:
    """What each field of a file's name means. `labels`: scheme -> field. `speaker` and `group` are fields, "" for none.

    Every file has the field `folder`, the name of its folder. A field called `speaker` is used as the speaker by
    default. Without `group`, the speaker is the group; without both, each file is its own group.
    """

    pattern: Pattern | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    speaker: str = ""
    group: str = ""

    def checked(self) -> "Rules":
        """These rules with the default speaker filled in. `InputError` if a field is not in the pattern."""
        fields = (FOLDER, *(self.pattern.fields if self.pattern else ()))
        for name in (*self.labels.values(), self.speaker, self.group):
            if name and name not in fields:
                raise InputError("no field {name!r}: there are {fields}", name=name, fields=", ".join(fields))
        speaker = self.speaker or ("speaker" if "speaker" in fields else "")
        return Rules(self.pattern, self.labels, speaker, self.group)


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
        return sorted({clip.fields[self.rules.labels[scheme]] for clip in self.clips})


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
        head = member.head(12)
    except BadRecord as error:
        listing.skips.append(Skip(error.where, error.reason))
        return
    if not sniff(head):
        listing.skips.append(Skip(member.name, not_audio(head) if head else Message("empty file")))
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
    """The name of the member's folder; at the top level that of the given folder, or the zip's name without suffix."""
    parent = PurePosixPath(member.inner).parent.name
    return parent or (member.archive[:-4] if member.archive.lower().endswith(".zip") else member.archive)


def read(files: Listing, source: str) -> Iterator[Entry | Skip]:
    """Yield each clip as an Entry; one file is in memory at a time. `source` is part of the names of groups."""
    yield from files.skips
    places: dict[str, str] = {}  # key -> the file where it came first
    paths: dict[str, str] = {}  # key -> the path of that file below the delivery
    for clip in files.clips:
        try:
            entry = _entry(clip, files, source)
        except (AudioError, BadRecord) as error:
            yield Skip(error.where, error.reason)
            continue
        if (key := entry.record.key) in places and _path(clip.member) not in (paths[key], paths.get(_key(entry, clip))):
            key = _key(entry, clip)
            entry = _renamed(entry, key)
        if key in places:
            yield Skip(
                clip.member.name, Message("the same audio under the same name came before: {place}", place=places[key])
            )
            continue
        places[key], paths[key] = clip.member.name, _path(clip.member)
        yield from files.texts.new_skips()
        yield entry
    yield from files.texts.new_skips()
    yield from files.texts.leftovers()


def _path(member: Member) -> str:
    """The path of a file below the delivery; the same in a zip and in the folder that it unpacks to."""
    return f"{re.sub(r'[.]zip$', '', member.archive, flags=re.I)}/{member.inner}"


def _key(entry: Entry, clip: Clip) -> str:
    """The key of a file whose content and name came before at another path."""
    return entry.record.key.removesuffix(PurePosixPath(clip.member.inner).name) + _path(clip.member)


def _renamed(entry: Entry, key: str) -> Entry:
    """The entry with another key; a clip without a speaker is its own group."""
    record = entry.record
    assert isinstance(record, NewRecording)
    utterances = tuple(
        replace(u, key=u.key.replace(record.key, key, 1), group=key if u.group == record.key else u.group)
        for u in record.utterances
    )
    return replace(entry, record=replace(record, key=key, utterances=utterances))


def _entry(clip: Clip, files: Listing, source: str) -> Entry:
    member, rules = clip.member, files.rules
    sound = read_sound(member, member.name)
    text, more = files.texts.text_of(member)
    key = f"audio:{sound.sha256[:32]}:{PurePosixPath(member.inner).name}"
    speaker = clip.fields[rules.speaker] if rules.speaker else None
    group = key
    notes = sound.notes
    if name := rules.group or (rules.speaker if names_a_person(speaker) else ""):
        group = f"audio:{source}:{name}:{clip.fields[name]}"
    elif speaker:
        notes += (ROLE,)
    meta = {"archive": member.archive, "member": member.inner, "fields": dict(clip.fields), **more}
    recording = clip_recording(key, group, text, sound, speaker, meta)
    labels = {scheme: (clip.fields[name],) for scheme, name in rules.labels.items()}
    return Entry(member.name, recording, sound, labels, notes=recording_notes(recording) + notes)
