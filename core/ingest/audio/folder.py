"""Audio folders: one file one recording with one utterance; labels, speaker and group from names, texts beside them.

Folders, the zips in them, zips and single files are listed first (names and the first 12 bytes), so that `Listing`
can tell every label value before anything is stored; then one file at a time is read. A key is made of a file's content
and name, so a folder that moved adds nothing, and one name with other content is another recording. Nothing is decoded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.audio.header import not_audio, sniff
from core.errors import AudioError, BadRecord, InputError
from core.ingest.archives import Member, members
from core.ingest.audio import transcripts
from core.ingest.audio.name_pattern import FOLDER, Pattern
from core.ingest.entries import Entry, clip, clip_notes, listen
from core.messages import Message
from core.records import Skip


@dataclass(frozen=True, slots=True)
class Rules:
    """Which field of a name means what. `labels`: scheme -> field; `speaker`, `group`: fields, "" for none.

    The field `folder` is the folder a file lies in. Without `group`, the speaker is the group, else the file itself;
    a field called `speaker` is the speaker without being asked for.
    """

    pattern: Pattern | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    speaker: str = ""
    group: str = ""

    def checked(self) -> "Rules":
        """With the speaker found; `InputError` for a field that the pattern does not name."""
        fields = (FOLDER, *(self.pattern.fields if self.pattern else ()))
        for name in (*self.labels.values(), self.speaker, self.group):
            if name and name not in fields:
                raise InputError("no field {name!r}: there are {fields}", name=name, fields=", ".join(fields))
        speaker = self.speaker or ("speaker" if "speaker" in fields else "")
        return Rules(self.pattern, self.labels, speaker, self.group)


@dataclass(frozen=True, slots=True)
class Clip:
    """A file that sounds like audio, and what its name tells."""

    member: Member
    fields: Mapping[str, str]


@dataclass(slots=True)
class Listing:
    """The files of a delivery. `clips` will each give one Entry or one Skip."""

    rules: Rules
    clips: list[Clip] = field(default_factory=list)
    texts: transcripts.Beside = field(default_factory=transcripts.Beside)
    skips: list[Skip] = field(default_factory=list)

    def values(self, scheme: str) -> list[str]:
        """Every value that names give under `scheme`, sorted."""
        return sorted({one.fields[self.rules.labels[scheme]] for one in self.clips})


def index(paths: Sequence[Path], rules: Rules) -> Listing:
    """List what is under `paths`; one file given twice counts once. `InputError` for a path that does not exist."""
    found: dict[tuple[str, ...], Member] = {}
    made = Listing(rules.checked())
    for path in paths:
        for item in members(path):
            if isinstance(item, Skip):
                made.skips.append(item)
            else:
                found.setdefault(item.place, item)
    for member in sorted(found.values(), key=lambda m: (m.name, m.place)):
        if not made.texts.take(member):
            _sort_in(member, made)
    return made


def _sort_in(member: Member, made: Listing) -> None:
    try:
        head = member.head(12)
    except BadRecord as error:
        made.skips.append(Skip(error.where, error.reason))
        return
    if not sniff(head):
        made.skips.append(Skip(member.name, not_audio(head) if head else Message("empty file")))
        return
    pattern = made.rules.pattern
    inner = f"{member.archive}/{member.inner}"
    told = pattern.read(inner) if pattern else {}
    if told is None:
        shape = pattern.text if pattern else ""
        made.skips.append(Skip(member.name, Message("its name does not fit the pattern {pattern!r}", pattern=shape)))
        return
    made.clips.append(Clip(member, told | {FOLDER: _folder(member)}))


def _folder(member: Member) -> str:
    """The folder a file lies in: at the top that is the given folder itself, or the zip without its suffix."""
    parent = PurePosixPath(member.inner).parent.name
    return parent or (member.archive[:-4] if member.archive.lower().endswith(".zip") else member.archive)


def read(files: Listing, source: str) -> Iterator[Entry | Skip]:
    """Each clip as an Entry, one file in memory at a time. Groups are named within `source`."""
    yield from files.skips
    before: dict[str, str] = {}  # key -> the file that had it first
    for one in files.clips:
        try:
            entry = _entry(one, files, source)
        except (AudioError, BadRecord) as error:
            yield Skip(error.where, error.reason)
            continue
        key = entry.made.key
        if key in before:
            yield Skip(
                one.member.name, Message("the same audio under the same name came before: {place}", place=before[key])
            )
            continue
        before[key] = one.member.name
        yield from files.texts.troubles()
        yield entry
    yield from files.texts.troubles()
    yield from files.texts.rest()


def _entry(one: Clip, files: Listing, source: str) -> Entry:
    member, rules = one.member, files.rules
    sound = listen(member, member.name)
    text, more = files.texts.of(member)
    key = f"audio:{sound.sha256[:32]}:{PurePosixPath(member.inner).name}"
    speaker = one.fields[rules.speaker] if rules.speaker else None
    group = key
    if name := rules.group or rules.speaker:
        group = f"audio:{source}:{name}:{one.fields[name]}"
    meta = {"archive": member.archive, "member": member.inner, "fields": dict(one.fields), **more}
    made = clip(key, group, text, sound, speaker, meta)
    labels = {scheme: (one.fields[name],) for scheme, name in rules.labels.items()}
    return Entry(member.name, made, sound, labels, notes=clip_notes(made) + sound.notes)
