"""Pairs files of annotations with the audio that they describe, in one delivery.

A file of annotations means the audio of its own name in its own folder. Folders that only say what kind of file lies
in them (`audio`, `labels`, `원천데이터`) do not count, a suffix of a language (`call.ko.srt`) neither. A name that the
file itself gives (EAF) comes second. Rules of names are those of `core.ingest.audio_names`. Several files of
annotations for one recording are one recording; but `call_agent.json` and `call_caller.json` are two, one for each
channel of `call.wav`, if these channels were named.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from core.ingest.archives import Member
from core.ingest.audio_names import AudioNames
from core.ingest.spoken.formats.table import FORMATS, Format
from core.text.visible import folded

_Home = tuple[str | tuple[str, ...], str]  # a stem or the place of a sound, and a channel
_KINDS = frozenset([
    "audio", "audios", "wav", "wavs", "sound", "sounds", "recordings", "media", "label", "labels", "labelling",
    "annotation", "annotations", "textgrid", "textgrids", "eaf", "elan", "srt", "vtt", "subtitles", "transcript",
    "transcripts", "transcriptions", "json", "whisper", "음성", "녹음", "원천데이터", "라벨링데이터", "라벨", "전사",
])  # fmt: skip
_PREFIX = re.compile(r"^(?:\[?(?:원천|라벨)\]?|[TV][SL]_)", re.I)  # names of AI Hub's zips: TS_ has sounds, TL_ labels
_LANGUAGE = re.compile(r"\.(ko|kor|en|eng|ja|jpn|zh|zho|chi|es|fr|de|ru|vi|th|id|und)(?:[-_][A-Za-z]{2,8})*$", re.I)


@dataclass(frozen=True, slots=True)
class Placed:
    """A file and its path below the delivery, with `/` between folders; a zip in it counts as a folder of its name."""

    member: Member
    path: str

    @property
    def name(self) -> str:
        """The path without folders that only name a kind of file."""
        *folders, last = self.path.split("/")
        short = [_PREFIX.sub("", part) for part in folders]
        return "/".join([*(part for part in short if part and folded(part) not in _KINDS), last])


@dataclass(frozen=True, slots=True)
class Annotated:
    """A file of annotations and its format. `media` are the names of its audio that it gives.

    `channel` is the channel that its name ends with, "" for none.
    """

    file: Placed
    format: Format
    media: tuple[str, ...] = ()
    channel: str = ""

    @property
    def where(self) -> str:
        """The file's name, for people."""
        return self.file.member.name

    @property
    def key(self) -> str:
        """What names its recording: its path without suffix and channel."""
        return self._without_channel(str(PurePosixPath(self.file.path).with_suffix("")))

    @property
    def rank(self) -> tuple[int, bool, str]:
        """The order in which files of one recording count: richer formats, then Korean, then by name."""
        language = _LANGUAGE.search(self.key)
        return FORMATS.index(self.format), language is not None and language[1].lower()[:2] != "ko", self.file.path

    @property
    def stem(self) -> str:
        """The name that its audio should have, without suffix."""
        return self._without_channel(_LANGUAGE.sub("", str(PurePosixPath(self.file.name).with_suffix(""))))

    def _without_channel(self, path: str) -> str:
        return path[: -len(self.channel) - 1] if self.channel else path

    @property
    def names(self) -> tuple[str, ...]:
        """The names that its audio may have, the likeliest first."""
        folder = PurePosixPath(self.file.name).parent
        beside = [str(folder / re.split(r"[/\\]", medium)[-1]) for medium in self.media]
        own = () if self.channel else (str(PurePosixPath(self.file.name).with_suffix("")),)
        return (*own, self.stem, *self.media, *beside)


@dataclass(slots=True)
class Pair:
    """The files of annotations of one recording, best first, and its audio. `near`: names like the one not found."""

    files: list[Annotated]
    sound: Placed | None = None
    is_ambiguous: bool = False
    near: tuple[str, ...] = field(default=())


def pair(files: Iterable[Annotated], sounds: Sequence[Placed]) -> tuple[list[Pair], list[Placed]]:
    """The recordings in the order of their paths, and the audio that belongs to none."""
    by_name: dict[str, list[Placed]] = {}
    for sound in sounds:
        by_name.setdefault(sound.name, []).append(sound)
    files = sorted(files, key=lambda file: file.rank)
    audio = AudioNames(by_name)
    matches = audio.find_all({name for file in files for name in file.names})
    pairs: dict[_Home, Pair] = {}
    for file in files:
        path = next((matches[name].path for name in file.names if matches[name].path), None)
        same_name = by_name[path] if path is not None else []
        of_file = same_name[0] if len(same_name) == 1 else None
        home = _home(file, of_file, pairs)
        if home is None:
            unclear = len(same_name) > 1 or any(matches[name].ambiguous for name in file.names)
            home = Pair([], of_file, unclear, () if path is not None else audio.nearest(file.stem))
        home.files.append(file)
        pairs.setdefault((file.stem, file.channel), home)
        if home.sound is not None:
            pairs.setdefault((home.sound.member.place, file.channel), home)
    distinct = sorted({id(one): one for one in pairs.values()}.values(), key=lambda one: one.files[0].file.path)
    used = {one.sound.member.place for one in distinct if one.sound is not None}
    return distinct, [sound for sound in sounds if sound.member.place not in used]


def channel_of(path: str, channels: Iterable[str]) -> str:
    """The one of `channels` that the name of the file at `path` ends with, after `_`, `-` or `.`; "" for none.

    >>> channel_of("1월/call_Agent.json", ("agent", "caller")), channel_of("agent.json", ("agent", "caller"))
    ('agent', '')
    """
    stem = folded(PurePosixPath(path).stem)
    endings = {channel: tuple(f"{sign}{folded(channel)}" for sign in "_-.") for channel in channels}
    return next((channel for channel, ends in endings.items() if stem.endswith(ends)), "")


def _home(file: Annotated, sound: Placed | None, pairs: Mapping[_Home, Pair]) -> Pair | None:
    """The pair that `file` joins: that of its audio, else that of its name, unless the two have different audio."""
    if sound is not None and (sound.member.place, file.channel) in pairs:
        return pairs[sound.member.place, file.channel]
    of_name = pairs.get((file.stem, file.channel))
    if of_name is not None and of_name.sound is not None and sound is not None:
        return None
    if of_name is not None and of_name.sound is None:
        of_name.sound = sound
    return of_name
