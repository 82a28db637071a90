"""Sister corpora of AI Hub 119: emergency sounds (위급상황 음성/음향) and elders' dialogue (자유대화 음성, 노인남녀).

Label JSONs and their audio, in zips or folders, are paired by name. Of their schema only a few keys are documented, so
those are looked for wherever they stand, every other field is kept in meta, and what is missing is named. A label file
gives one recording with one utterance; times are ms. Nothing is cleaned here: tags give a Cleaning to propose.

The `note` of an emergency sound is a caption that hundreds of recordings share, not what was said: its utterance has
origin `caption`, and all that share it are one group.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from core.audio.header import sniff
from core.cleaning.steps import tags
from core.errors import AudioError, BadRecord
from core.files import sha256
from core.ingest.archives import Limits, Member, members, printable
from core.ingest.entries import Cleaning, Entry, Sound, clip_notes, listen, parsed
from core.messages import Message
from core.records import SHORTEST_VOICE_MS, NewRecording, NewUtterance, Skip
from core.text import letters

LIMITS = Limits(json_bytes=100_000_000)  # one file may list every recording
TAGGED, MASKED = Message("text with corpus tags"), Message("text with a mask")
CAPTION = Message("caption shared by recordings, not a transcript")
_DEEPEST = 6
_LABEL_TAIL = "_label"
_LONGEST_NAME = 200
CLEANING = "corpus-tags"


@dataclass(frozen=True, slots=True)
class Corpus:
    """The documented keys. `labels`: scheme -> key; `names`: keys that name the recording, best first."""

    kind: str
    names: tuple[str, ...]
    text: str
    labels: Mapping[str, str]
    speaker: str = ""
    seconds: str = ""
    origin: str = "imported"

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.names[0], self.text, *self.labels.values())


CORPORA = {
    one.kind: one
    for one in (
        Corpus(
            "situation", ("audio_id", "fileName"), "note",
            {"situation": "category_02", "situation-area": "category_01"}, origin="caption",
        ),
        Corpus(
            "elder", ("fileNm",), "stt", {"conversation-theme": "convrsThema"}, speaker="recorderId",
            seconds="recrdTime",
        ),
    )
}  # fmt: skip


@dataclass(slots=True)
class Index:
    """The files of a delivery by kind."""

    labels: list[Member] = field(default_factory=list)
    sounds: list[Member] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """A recording that is in the workspace with its audio, which is found but not read."""

    key: str
    cleanings: tuple[Cleaning, ...] = ()


def index(paths: Sequence[Path]) -> Index:
    """List JSONs and audio under `paths`; one given twice counts once. `InputError` for a path that does not exist."""
    found: dict[tuple[str, ...], Member] = {}
    made = Index()
    for path in paths:
        for item in members(path, LIMITS):
            if isinstance(item, Skip):
                made.skips.append(item)
            else:
                found.setdefault(item.place, item)
    for member in sorted(found.values(), key=lambda m: (m.name, m.place)):
        if member.suffix == ".json":
            made.labels.append(member)
            continue
        try:
            audible = bool(sniff(member.head(12)))
        except BadRecord as error:
            made.skips.append(Skip(error.where, error.reason))
            continue
        if audible:
            made.sounds.append(member)
        else:
            made.skips.append(Skip(member.name, "neither a label JSON nor audio"))
    return made


def values(files: Index, corpus: Corpus) -> dict[str, list[str]]:
    """scheme -> every value in the label files, sorted: a first reading, so that all classes are known before."""
    found: dict[str, set[str]] = {scheme: set() for scheme in corpus.labels}
    for member in files.labels:
        try:
            rows = _rows(member, corpus)
        except BadRecord:
            continue  # named when it is read for good
        for row in rows:
            for scheme, key in corpus.labels.items():
                found[scheme] |= set(_said(row, key)[:1])
    return {scheme: sorted(one) for scheme, one in found.items() if one}


def read(files: Index, corpus: Corpus, known: Callable[[str], bool]) -> Iterator[Entry | Known | Skip]:
    """Each label row once, holding one audio file at a time."""
    yield from files.skips
    free = _Sounds(files.sounds)
    before: dict[str, str] = {}
    for member in files.labels:
        try:
            rows = _rows(member, corpus)
        except BadRecord as error:
            yield Skip(error.where, error.reason)
            continue
        for number, row in enumerate(rows, start=1):
            where = member.name if len(rows) == 1 else f"{member.name}, row {number}"
            name = _name(row, member, corpus, len(rows))
            key = f"{corpus.kind}:{name}"
            sound = free.take(name, *([member.stem] if len(rows) == 1 else []))
            if name == "":
                yield Skip(where, Message("no {field}, and other recordings in the same file", field=corpus.names[0]))
            elif key in before:
                yield Skip(
                    where,
                    Message(
                        "{field} {name!r} came before, in {place}: the first is kept",
                        field=corpus.names[0],
                        name=name,
                        place=before[key],
                    ),
                )
            elif known(key):
                yield Known(key, _recording(row, key, None, corpus)[1])
            else:
                yield from _entry(row, where, key, sound, corpus)
            before.setdefault(key, where)
    yield from (Skip(sound.name, "no label file delivered") for sound in free.rest())


def _rows(member: Member, corpus: Corpus) -> list[dict[str, Any]]:
    """The recordings that a label file describes: the file itself, or the items of the list that it is or holds."""
    document = parsed(member.read(), member.name)
    lists = [document] if isinstance(document, list) else []
    if isinstance(document, dict):
        lists = [v for v in document.values() if isinstance(v, list) and len(v) > 1]
    for rows in lists:
        if rows and all(isinstance(r, dict) and any(_said(r, name) for name in corpus.names) for r in rows):
            return rows
    if not isinstance(document, dict):
        raise BadRecord(
            member.name,
            "a JSON {kind} without rows that have {field}",
            kind=type(document).__name__,
            field=corpus.names[0],
        )
    if not any(_said(document, key) for key in corpus.keys):
        has = ", ".join(list(document)[:8]) or "nothing"
        raise BadRecord(
            member.name,
            "none of {keys} in it (it has {names}): another corpus?",
            keys=", ".join(corpus.keys),
            names=has,
        )
    return [document]


def _name(row: dict[str, Any], member: Member, corpus: Corpus, rows: int) -> str:
    """What the recording is called, without suffix and `_label`; the file's own name stands in for a missing one."""
    told = next((said[0] for key in corpus.names if (said := _said(row, key))), "")
    return _bare(told or (member.stem if rows == 1 else ""))[:_LONGEST_NAME]


def _bare(name: str) -> str:
    base = PurePosixPath(printable(name).replace("\\", "/")).name
    for suffix in (".wav", ".wavp", ".json", ".flac", ".mp3"):
        base = base[: -len(suffix)] if base.lower().endswith(suffix) else base
    return base.removesuffix(_LABEL_TAIL)


def _entry(row: dict[str, Any], where: str, key: str, member: Member | None, corpus: Corpus) -> Iterator[Entry | Skip]:
    sound: Sound | None = None
    trouble = Message("no audio delivered")
    if member is not None:
        try:
            sound = listen(member, member.name)
        except (AudioError, BadRecord) as error:
            where_sound, trouble = error.where, error.reason
            yield Skip(where_sound, Message("{reason}: text imported without audio", reason=trouble))
    else:
        yield Skip(where, Message("{reason}: text imported without audio", reason=trouble))
    for wanted in corpus.keys:
        if not _said(row, wanted):
            yield Skip(where, Message("no {field}; the rest is imported", field=wanted))
    labels: dict[str, tuple[str, ...]] = {}
    for scheme, name in corpus.labels.items():
        said = _said(row, name)
        if len(said) > 1:
            yield Skip(
                where,
                Message(
                    "{n} values of {name} ({values}): imported without this label",
                    n=len(said),
                    name=name,
                    values=", ".join(said)[:200],
                ),
            )
        elif said:
            labels[scheme] = (said[0],)
    made, cleanings, notes = _recording(row, key, sound, corpus)
    made = replace(
        made, meta={**row, "corpus": corpus.kind, "label_file": where, "audio_file": member.name if member else None}
    )
    yield Entry(where, made, sound, labels, cleanings, notes + clip_notes(made) + (sound.notes if sound else ()))


def _recording(
    row: dict[str, Any], key: str, sound: Sound | None, corpus: Corpus
) -> tuple[NewRecording, tuple[Cleaning, ...], tuple[str, ...]]:
    text = next(iter(_said(row, corpus.text)), "")
    speaker = next(iter(_said(row, corpus.speaker)), None) if corpus.speaker else None
    duration = sound.duration_ms if sound else _milliseconds(row, corpus.seconds)
    said = NewUtterance(
        key=f"{key}:1", text=text, group=_group(key, text, speaker, corpus), start_ms=0 if duration else None,
        end_ms=duration or None, speaker=speaker, voice_usable=sound is not None and duration >= SHORTEST_VOICE_MS,
        origin=corpus.origin,
    )  # fmt: skip
    made = NewRecording(
        key=key, duration_ms=duration, sample_rate_hz=sound.sample_rate_hz if sound else None, path=None,
        sha256=sound.sha256 if sound else None, utterances=(said,),
    )  # fmt: skip
    if corpus.origin == "caption":
        return made, (), (CAPTION,) if text else ()
    clean, why = tags.cleaned(text)
    notes = [TAGGED] * bool(clean) + [MASKED] * bool(tags.masks(text))
    return made, (Cleaning(said.key, CLEANING, text, clean, why),) if clean else (), tuple(notes)


def _group(key: str, text: str, speaker: str | None, corpus: Corpus) -> str:
    """The speaker; of a caption all that share it; else the recording."""
    if speaker:
        return f"{corpus.kind}:speaker:{speaker}"
    if corpus.origin == "caption" and text:
        return f"{corpus.kind}:note:{sha256((letters(text) or text).encode())[:24]}"
    return key


def _said(document: Any, key: str) -> list[str]:
    """The distinct texts under `key`, wherever it stands; numbers as text, blanks left out."""
    found: dict[str, None] = {}
    level: list[Any] = [document]
    for _ in range(_DEEPEST):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                one = value.get(key)
                if isinstance(one, str | int | float) and not isinstance(one, bool) and (text := str(one).strip()):
                    found[text] = None
                deeper += value.values()
            elif isinstance(value, list):
                deeper += value
        level = [v for v in deeper if isinstance(v, dict | list)]
    return list(found)


def _milliseconds(row: dict[str, Any], key: str) -> int:
    """The length that the label tells in seconds, 0 where it tells none."""
    try:
        seconds = float(next(iter(_said(row, key)), 0)) if key else 0.0
    except ValueError:
        return 0
    return round(seconds * 1000) if 0 <= seconds <= 86_400 else 0


class _Sounds:
    """The audio files that no label has taken, by bare name."""

    def __init__(self, sounds: Sequence[Member]) -> None:
        self._by_name: dict[str, list[Member]] = {}
        for one in reversed(sounds):
            self._by_name.setdefault(_bare(one.stem), []).append(one)

    def take(self, *names: str) -> Member | None:
        """The first file called by the first of `names` that calls one; it is taken then."""
        found = next((self._by_name[n] for name in names if self._by_name.get(n := _bare(name))), None)
        return found.pop() if found else None

    def rest(self) -> Iterator[Member]:
        for held in self._by_name.values():
            yield from held
