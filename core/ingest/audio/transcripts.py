"""Finds the texts of audio files: `a.txt` or `a.json` beside `a.wav`, or a line in a `*.trans.txt` of the same folder.

A JSON is an object with one of the `TEXT_KEYS`; its other fields are kept. A text without audio, or one that cannot be
read, gives a `Skip`; audio without a text is still imported.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class SidecarTexts:
    """The text files of a delivery, by folder and stem."""

    texts: dict[Place, list[Member]] = field(default_factory=dict)
    lists: dict[Place, list[Member]] = field(default_factory=dict)
    _used: set[Place] = field(default_factory=set)
    _lines: dict[Place, dict[str, str]] = field(default_factory=dict)
    _skips: list[Skip] = field(default_factory=list)

    def add(self, member: Member) -> bool:
        """Remember `member` and return True if its name is that of a text file; else return False."""
        if member.inner.lower().endswith(LIST):
            self.lists.setdefault(_folder(member), []).append(member)
        elif member.suffix in (".txt", ".json"):
            self.texts.setdefault((*_folder(member), member.stem), []).append(member)
        else:
            return False
        return True

    def text_of(self, audio: Member) -> tuple[str, dict[str, Any]]:
        """The text of `audio`, "" if there is none, and the other fields of its JSON as meta fields."""
        text = ""
        more: dict[str, Any] = {}
        members = self.texts.get((*_folder(audio), audio.stem), [])
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
        return text or self._listed(audio), more

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


def _folder(member: Member) -> Place:
    return member.place[:-1]


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
