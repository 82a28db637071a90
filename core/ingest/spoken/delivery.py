"""Reads deliveries of annotated speech: each recording is an Entry with the utterances of its annotations.

`index` lists folders, zips and files, and parses every file once, so that all label values and all persons are known
before anything is stored. `read` then parses again and opens one audio file at a time. A recording's key is its path
below the delivery; an utterance's key is its own id (EAF), else its tier and its start. A damaged file is one `Skip`
that names the place of the damage.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import BadRecord, InputError
from core.ingest.archives import Member, members
from core.ingest.audio.raw_sound import is_sound
from core.ingest.audio_names import is_audio
from core.ingest.entries import Entry
from core.ingest.spoken import recordings, tiers
from core.ingest.spoken.formats import table
from core.ingest.spoken.formats.document import Document
from core.ingest.spoken.groups import Groups, persons
from core.ingest.spoken.pairing import Annotated, Pair, Placed, channel_of, pair
from core.ingest.spoken.recordings import Annotation
from core.ingest.spoken.tiers import Roles
from core.ingest.tars import is_archive, without_suffix
from core.ingest.value_maps import ValueMaps
from core.messages import Message, Names
from core.records import Skip
from core.text.visible import folded

LARGEST = 50_000_000  # bytes of a file of annotations


@dataclass(frozen=True, slots=True)
class Rules:
    """What a person asks for. `channels` names the speaker of each channel of the audio, () to mix them.

    `folder` has the audio, if it does not lie beside the annotations. `maps` says what the values of labels mean.
    """

    roles: Roles = field(default_factory=Roles)
    channels: tuple[str, ...] = ()
    folder: Path | None = None
    maps: ValueMaps = field(default_factory=ValueMaps)


@dataclass(slots=True)
class Delivery:
    """The recordings of a delivery. Each of `annotations` gives at least one Entry or one Skip."""

    rules: Rules
    annotations: list[Annotation] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)


def index(paths: Sequence[Path], rules: Rules) -> Delivery:
    """List the files under `paths`. `InputError` if a path does not exist, or if no file has a tier of `rules`."""
    rules.maps.checked(rules.roles.labels)
    delivery = Delivery(rules)
    files, sounds = _listed(paths, rules, delivery.skips)
    pairs, unused = pair(files, sounds)
    groups, tier_names = Groups(), dict[str, None]()
    scheme_values: dict[str, dict[str, None]] = {scheme: {} for scheme in rules.roles.labels}
    for one in pairs:
        annotation, document = _annotation(one, rules, delivery.skips)
        if annotation is None or document is None:
            continue
        tier_names.update(dict.fromkeys(document.tiers))
        for scheme, seen in scheme_values.items():
            seen.update(dict.fromkeys(rules.maps.values(scheme, tiers.values(document, rules.roles, scheme))))
        spoken, _, _ = tiers.speech(document, rules.roles, annotation.where)
        annotation.persons = persons((text.speaker for text in spoken), document.by_machine)
        groups.join(annotation.persons)
        delivery.annotations.append(annotation)
    _check_tiers(rules.roles, tier_names)
    delivery.values = {scheme: sorted(seen) for scheme, seen in scheme_values.items()}
    for annotation in delivery.annotations:
        annotation.group = groups.root(min(annotation.persons)) if annotation.persons else ""
    if rules.folder is None:
        reason = Message("audio without annotations of its name: import it as audio files")
        delivery.skips += [Skip(sound.member.name, reason) for sound in unused]
    return delivery


def read(delivery: Delivery, source: str, recording_level: Mapping[str, bool]) -> Iterator[Entry | Skip]:
    """Yield every recording as an Entry, with channels one for each speaker; one audio file is in memory at a time.

    `recording_level`: scheme -> whether its labels belong to the recording and not to its utterances.
    """
    yield from delivery.skips
    for annotation in delivery.annotations:
        yield from recordings.entries(annotation, source, delivery.rules.channels, recording_level)


def _listed(paths: Sequence[Path], rules: Rules, skips: list[Skip]) -> tuple[list[Annotated], list[Placed]]:
    """The files of annotations and the audio under `paths`, and the audio in the folder of `rules`."""
    sounds: dict[tuple[str, ...], Placed] = {}
    files: dict[tuple[str, ...], Annotated] = {}
    first: dict[str, Member] = {}  # path -> the file that has it
    for placed in _placed(paths, skips):
        place = placed.member.place
        same = first.setdefault(placed.path, placed.member)
        if place in sounds or place in files or same.place != place:
            if same.place != place:
                reason = Message("a file of this path came before: {file}", file=same.name)
                skips.append(Skip(placed.member.name, reason))
            continue
        try:
            if _is_sound(placed.member):
                sounds[place] = placed
            else:
                files[place] = _annotated(placed, channel_of(placed.path, rules.channels))
        except BadRecord as error:
            skips.append(Skip(error.where, error.reason))
    if rules.folder is not None:
        for placed in _placed([rules.folder], []):
            if _is_sound(placed.member):
                sounds.setdefault(placed.member.place, placed)
    return list(files.values()), list(sounds.values())


def _placed(paths: Sequence[Path], skips: list[Skip]) -> Iterator[Placed]:
    """Every file under `paths`. With several roots, a path begins with the name of its root. A zip and the folder that
    it unpacks to have the same paths.
    """
    roots = [path if path.is_dir() or is_archive(path.name) else path.parent for path in map(Path.resolve, paths)]
    several = len(set(roots)) > 1
    for path, root in zip(paths, roots, strict=True):
        for item in members(path):
            if isinstance(item, Skip):
                skips.append(item)
            else:
                *folders, last = item.place[len(root.parts) - several :]
                yield Placed(item, "/".join([*map(without_suffix, folders), last]))


def _is_sound(member: Member) -> bool:
    """Whether `member` is audio. A text in UTF-16 may begin like an MP3, so suffixes of annotations go first."""
    return is_audio(member.inner) or (member.suffix not in table.SUFFIXES and is_sound(member))


def _annotated(placed: Placed, channel: str) -> Annotated:
    """The file with its format. `BadRecord` if it has none."""
    member = placed.member
    if member.size > LARGEST:
        raise BadRecord(
            member.name, "{size:,} bytes are too many for a file of annotations ({most:,} allowed)",
            size=member.size, most=LARGEST,
        )  # fmt: skip
    data = member.read()
    known = table.find_format(data, member.name)
    if known is None:
        names = Names(one.name for one in table.FORMATS)
        raise BadRecord(member.name, "no annotations that can be read ({names})", names=names)
    media: tuple[str, ...] = ()
    with suppress(BadRecord):  # `_annotation` reports it
        media = table.read(data, known, member.name).media if known.name == "EAF" else ()
    return Annotated(placed, known, media, channel)


def _annotation(one: Pair, rules: Rules, skips: list[Skip]) -> tuple[Annotation | None, Document | None]:
    """The annotations of a recording: the first of its files that can be read. The others are named in `skips`."""
    chosen, document = None, None
    for file in one.files:
        if chosen is not None:
            reason = Message("its recording has the annotations of {file}: not read", file=chosen.where)
            skips.append(Skip(file.where, reason))
            continue
        candidate = Annotation(file, one, rules.roles, rules.maps)
        try:
            document, chosen = candidate.document(), candidate
        except BadRecord as error:
            skips.append(Skip(error.where, error.reason))
    return chosen, document


def _check_tiers(roles: Roles, names: Mapping[str, None]) -> None:
    """`InputError` if a tier that a person named is in no file."""
    known = {folded(name) for name in names}
    for name in roles.named:
        if names and folded(name) not in known:
            raise InputError("no file has a tier {name}: there are {tiers}", name=name, tiers=Names(names))
