"""Finds the texts of audio files: `a.txt` or `a.json` beside `a.wav`, or a line in a `*.trans.txt` of the same folder.

A `*.trn` of KsponSpeech lists files of other folders: `KsponSpeech_01/a.pcm :: text`. The text of one channel of
`a.wav` is in `a_agent.txt` (or with `-` or `.`). A JSON is an object with one of the `TEXT_KEYS`; its other fields are
kept. A text without audio, or one that cannot be read, gives a `Skip`; audio without a text is still imported.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from core.errors import BadRecord
from core.ingest.archives import Member
from core.ingest.entries import TEXT_KEYS, decode_text, parse_json
from core.messages import Message
from core.records import Skip

Place = tuple[str, ...]
LARGEST = 1_000_000  # bytes of the text file of one clip; a `*.trans.txt` may have LARGEST_LIST
LARGEST_LIST = 100_000_000
LIST = ".trans.txt"
LISTING = ".trn"


@dataclass(slots=True)
class SidecarTexts:
    """The text files of a delivery, by folder and stem."""

    texts: dict[Place, list[Member]] = field(default_factory=dict)
    lists: dict[Place, list[Member]] = field(default_factory=dict)
    trns: list[Member] = field(default_factory=list)
    _used: set[Place] = field(default_factory=set)
    _lines: dict[Place, dict[str, str]] = field(default_factory=dict)
    _skips: list[Skip] = field(default_factory=list)
    _listings: dict[str, list[tuple[tuple[str, ...], str]]] | None = None
    _listed_stems: set[str] = field(default_factory=set)

    def add(self, member: Member) -> bool:
        """Remember `member` and return True if its name is that of a text file; else return False."""
        if member.inner.lower().endswith(LIST):
            self.lists.setdefault(_folder(member), []).append(member)
        elif member.suffix == LISTING:
            self.trns.append(member)
        elif member.suffix in (".txt", ".json"):
            self.texts.setdefault((*_folder(member), member.stem), []).append(member)
        else:
            return False
        return True

    def text_of(self, audio: Member, channel: str = "") -> tuple[str, dict[str, Any]]:
        """The text of `audio` or of its `channel`, "" if there is none, and the other fields of its JSON as meta."""
        text = ""
        more: dict[str, Any] = {}
        stems = [f"{audio.stem}{sign}{channel}" for sign in "_-."] if channel else [audio.stem]
        members = [member for stem in stems for member in self.texts.get((*_folder(audio), stem), [])]
        for member in sorted(members, key=lambda m: m.suffix, reverse=True):  # .txt before .json
            self._used.add(member.place)
            try:
                found_text, fields = _json(member) if member.suffix == ".json" else (_plain(member), {})
            except BadRecord as error:
                self._skips.append(
                    Skip(error.where, Message("{reason}: the audio is kept without it", reason=error.reason))
                )
                continue
            text, more = text or found_text, more | fields
        return text or ("" if channel else self._listed(audio) or self._in_listing(audio)), more

    def _in_listing(self, audio: Member) -> str:
        """The text of `audio` in a `*.trn`; "" if several lines may mean it."""
        if not self.trns:
            return ""
        if self._listings is None:
            self._listings = self._read_listings()
        place = (*_folder(audio), audio.stem)
        fits = [text for parts, text in self._listings.get(audio.stem, ()) if _ends_alike(parts, place)]
        self._listed_stems.add(audio.stem)
        return fits[0] if len(set(fits)) == 1 else ""

    def _read_listings(self) -> dict[str, list[tuple[tuple[str, ...], str]]]:
        """stem -> (path without suffix, text), for every line of every `*.trn`."""
        lines: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for member in self.trns:
            try:
                content = _text(member, LARGEST_LIST)
            except BadRecord as error:
                self._skips.append(Skip(error.where, error.reason))
                continue
            for path, sign, text in (line.partition("::") for line in content.splitlines()):
                parts = PurePosixPath(path.strip().replace("\\", "/")).with_suffix("").parts if path.strip() else ()
                if sign and parts and text.strip():
                    lines.setdefault(parts[-1], []).append((parts, text.strip()))
        return lines

    def _listed(self, audio: Member) -> str:
        """The text of `audio` in a `*.trans.txt` of its folder, "" if there is none."""
        for member in self.lists.get(_folder(audio), []):
            self._used.add(member.place)
            if member.place not in self._lines:
                self._lines[member.place] = self._read_list(member)
            if audio.stem in self._lines[member.place]:
                return self._lines[member.place].pop(audio.stem)
        return ""

    def _read_list(self, member: Member) -> dict[str, str]:
        """stem -> text, for every line of a `*.trans.txt`."""
        try:
            lines = _text(member, LARGEST_LIST).splitlines()
        except BadRecord as error:
            self._skips.append(Skip(error.where, error.reason))
            return {}
        pairs = (line.strip().split(None, 1) for line in lines)
        return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}

    def new_skips(self) -> Iterator[Skip]:
        """A `Skip` for every text that could not be read since the last call of this method."""
        skips, self._skips = self._skips, []
        yield from skips

    def leftovers(self) -> Iterator[Skip]:
        """A `Skip` for every text file, and every line of a `*.trans.txt`, that belongs to no audio file."""
        for files in (self.texts, self.lists):
            for member in (m for group in files.values() for m in group if m.place not in self._used):
                yield Skip(member.name, "a text without audio of its name beside it")
        for member in (m for group in self.lists.values() for m in group):
            for name in self._lines.get(member.place, {}):
                yield Skip(f"{member.name}, {name[:100]}", "a line without audio of its name beside it")
        unused = sum(len(of) for stem, of in (self._listings or {}).items() if stem not in self._listed_stems)
        if unused:
            yield Skip(self.trns[0].name, Message("lines that name audio which is not here: {n:,}", n=unused))


def _folder(member: Member) -> Place:
    return member.place[:-1]


def _ends_alike(parts: Place, place: Place) -> bool:
    """Whether the folder that a `*.trn` names is that of the audio, or has no name in it."""
    return len(parts) == 1 or parts[-2:] == place[-2:]


def _text(member: Member, most: int) -> str:
    if member.size > most:
        raise BadRecord(
            member.name, "{size:,} bytes are too many for a transcript ({most:,} allowed)", size=member.size, most=most
        )
    return decode_text(member.read(), member.name).replace("\0", "\ufffd")


def _plain(member: Member) -> str:
    return _text(member, LARGEST).strip()


def _json(member: Member) -> tuple[str, dict[str, Any]]:
    """The text, and {"label": all other fields}. `BadRecord` if the file is no object with a text."""
    if member.size > LARGEST:
        raise BadRecord(
            member.name,
            "{size:,} bytes are too many for a transcript ({largest:,} allowed)",
            size=member.size,
            largest=LARGEST,
        )
    document = parse_json(member.read(), member.name)
    if not isinstance(document, dict):
        raise BadRecord(
            member.name, "a JSON {kind} where an object with a text was expected", kind=type(document).__name__
        )
    keys = {key.casefold(): key for key in document}
    key = next((keys[k] for k in TEXT_KEYS if isinstance(document.get(keys.get(k, "")), str)), None)
    if key is None:
        has = ", ".join(list(document)[:8]) or "nothing"
        raise BadRecord(
            member.name, "no text in it (it has {names}; text, transcript, transcription … are read)", names=has
        )
    return document[key].strip(), {"label": {k: v for k, v in document.items() if k != key}}
