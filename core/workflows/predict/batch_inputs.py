"""What a batch judges: the recordings and texts in a folder or a zip, each with what lies beside it.

A recording is a file with the suffix of sound. A JSON of the same name is its 119 label JSON, a text file of the same
name its transcript (one line an utterance); both are taken from the same folder first, else from anywhere, because AI
Hub delivers sound and labels in two archives. In a folder only where one recording has the name, and from anywhere only
where the name is that of one recording and of one such file: words never go to another call, as from `a.mp3` to
`a.wav`. Every other text file is judged as a text. Nothing is decoded here.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path, PurePosixPath

from core.errors import CoreError
from core.ingest.archives import Limits, Member, members, printable
from core.ingest.audio_names import is_audio
from core.ingest.entries import decode_text
from core.messages import Message
from core.records import Skip

LABELS, TEXT = ".json", ".txt"
LIMITS = Limits(json_bytes=20_000_000, other_bytes=200_000_000)
LONGEST_TEXT = 20_000  # characters of a text file
NO_INPUT = Message("neither sound nor text")
ALONE = Message("a JSON without a recording of the same name")
AMBIGUOUS = Message("a JSON whose name more than one recording has")


@dataclass(frozen=True, slots=True)
class Input:
    """One recording with its labels or transcript, or one text; `name` is what people see."""

    name: str
    sound: Member | None = None
    labels: Member | None = None
    text: str | None = None


def inputs(path: Path, limits: Limits = LIMITS) -> tuple[list[Input], list[Skip]]:
    """The inputs under `path` in the order of their names, and the files that are none. `InputError` if it is gone."""
    root = printable(path.resolve().name)

    def shown(item: Member) -> str:
        """The place below what was chosen."""
        return item.inner if item.archive == root else item.name

    listed: list[Member] = []
    skips: list[Skip] = []
    for item in members(path, limits):
        if isinstance(item, Skip):
            skips.append(item)
        elif PurePosixPath(item.inner).name[:1] != ".":
            listed.append(item)
    sounds = [item for item in listed if is_audio(item.inner)]
    beside = {suffix: _by_stem([item for item in listed if item.suffix == suffix]) for suffix in (LABELS, TEXT)}
    named = _by_stem(sounds)
    used: set[str] = set()
    found: list[Input] = []
    for sound in sounds:
        others = named[_stem(sound)]
        labels, script = (_of(sound, beside[suffix], used, others) for suffix in (LABELS, TEXT))
        text = None if script is None else _text(script, shown(script), skips)
        found.append(Input(shown(sound), sound, labels, text))
    for item in listed:
        if item.name in used or is_audio(item.inner):
            continue
        if item.suffix == TEXT:
            text = _text(item, shown(item), skips)
            found += [] if text is None else [Input(shown(item), text=text)]
        else:
            skips.append(Skip(shown(item), _no_input(item, named)))
    return _told_apart(sorted(found, key=lambda item: item.name)), skips


def _no_input(item: Member, named: Mapping[str, Sequence[Member]]) -> Message:
    """Why a file is no input; `named` holds the recordings by the stem of their names."""
    if item.suffix != LABELS:
        return NO_INPUT
    return AMBIGUOUS if len(named.get(_stem(item), [])) > 1 else ALONE


def _told_apart(found: Sequence[Input]) -> list[Input]:
    """The inputs with a number after a name that an earlier one has: a name stands for one input."""
    unique: dict[str, Input] = {}
    for item in found:
        names = chain([item.name], (f"{item.name} ({n})" for n in count(2)))
        name = next(name for name in names if name not in unique)
        unique[name] = replace(item, name=name)
    return list(unique.values())


def _by_stem(listed: Sequence[Member]) -> dict[str, list[Member]]:
    by_stem: dict[str, list[Member]] = {}
    for item in listed:
        by_stem.setdefault(_stem(item), []).append(item)
    return by_stem


def _stem(item: Member) -> str:
    return unicodedata.normalize("NFC", item.stem).casefold()


def _of(sound: Member, by_stem: Mapping[str, list[Member]], used: set[str], named: Sequence[Member]) -> Member | None:
    """The file that belongs to `sound`: that in its folder, else the only one; `named` are all recordings of the name.

    None where another recording has as much right to it.
    """
    alike = by_stem.get(_stem(sound), [])
    near = [item for item in alike if _folder(item) == _folder(sound)]
    rivals = [item for item in named if _folder(item) == _folder(sound)] if near else named
    chosen = near or (alike if len(alike) == 1 else [])
    if not chosen or len(rivals) > 1:
        return None
    used.add(chosen[0].name)
    return chosen[0]


def _folder(item: Member) -> tuple[str, str]:
    return item.archive, str(PurePosixPath(item.inner).parent)


def _text(item: Member, where: str, skips: list[Skip]) -> str | None:
    """The text of a file; None with a Skip if it cannot be read or is too long."""
    try:
        text = decode_text(item.read(), where).strip()
    except CoreError as error:
        skips.append(Skip(where, error.message))
        return None
    if len(text) > LONGEST_TEXT:
        reason = Message("{n:,} characters, more than {most:,}", n=len(text), most=LONGEST_TEXT)
        skips.append(Skip(where, reason))
        return None
    return text
