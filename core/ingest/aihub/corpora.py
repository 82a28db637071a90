"""Reads two AI Hub corpora: emergency sounds (위급상황 음성/음향) and elders' dialogue (자유대화 음성, 노인남녀).

Label JSONs and audio, in zips or folders, are paired by name. Only a few keys of the JSONs are documented, so these are
searched at every level of the document; all other fields are kept in meta, and a missing key gives a `Skip`. Each label
row gives one recording with one utterance. Times are ms. No text is cleaned here: corpus tags give a Cleaning, which is
proposed to a curator.

The `note` of an emergency sound is a caption that hundreds of recordings share; nobody said it. Its utterance has the
origin `caption`, and all recordings with the same caption are one group.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from core.audio.header import SUFFIXES, may_be_sound
from core.cleaning.steps import tags
from core.errors import AudioError, BadRecord
from core.files import sha256
from core.files.content import HEAD_BYTES
from core.ingest.archives import Limits, Member, members, printable
from core.ingest.entries import Cleaning, Entry, Sound, parse_json, read_sound, recording_notes
from core.messages import Message
from core.records import SHORTEST_VOICE_MS, NewRecording, NewUtterance, Skip
from core.speakers import names_a_person
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
    """The documented keys of one corpus. `labels`: scheme -> key. `names`: keys that name the recording, best first."""

    kind: str
    names: tuple[str, ...]
    text: str
    labels: Mapping[str, str]
    speaker: str = ""
    seconds: str = ""
    origin: str = "imported"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that every label row should have."""
        return (self.names[0], self.text, *self.labels.values())


CORPORA = {
    corpus.kind: corpus
    for corpus in (
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
    """The files of a delivery: label JSONs, audio files, and those that cannot be used."""

    labels: list[Member] = field(default_factory=list)
    sounds: list[Member] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class KnownRecording:
    """A recording that is in the workspace with its audio. `entry` is what this delivery says, to be compared."""

    entry: Entry


def index(paths: Sequence[Path]) -> Index:
    """List the JSONs and audio under `paths`. A repeated file counts once. `InputError` if a path does not exist."""
    files: dict[tuple[str, ...], Member] = {}
    listing = Index()
    for path in paths:
        for item in members(path, LIMITS):
            if isinstance(item, Skip):
                listing.skips.append(item)
            else:
                files.setdefault(item.place, item)
    for member in sorted(files.values(), key=lambda m: (m.name, m.place)):
        if member.suffix == ".json":
            listing.labels.append(member)
            continue
        try:
            is_audio = may_be_sound(member.head(HEAD_BYTES))
        except BadRecord as error:
            listing.skips.append(Skip(error.where, error.reason))
            continue
        if is_audio:
            listing.sounds.append(member)
        else:
            listing.skips.append(Skip(member.name, "neither a label JSON nor audio"))
    return listing


def values(files: Index, corpus: Corpus) -> dict[str, list[str]]:
    """scheme -> all values in the label files, sorted: a first pass, since all classes must be known before storing."""
    values_of: dict[str, set[str]] = {scheme: set() for scheme in corpus.labels}
    for label_file in files.labels:
        try:
            rows = _rows(label_file, corpus)
        except BadRecord:
            continue  # `read` reports it
        for row in rows:
            for scheme, key in corpus.labels.items():
                values_of[scheme] |= set(_texts_under(row, key)[:1])
    return {scheme: sorted(texts) for scheme, texts in values_of.items() if texts}


def read(files: Index, corpus: Corpus, known: Callable[[str], bool]) -> Iterator[Entry | KnownRecording | Skip]:
    """Yield each label row once; only one audio file is in memory at a time.

    If `known(key)` is true, the row gives a `KnownRecording`, without notes on what it lacks.
    """
    yield from files.skips
    unpaired = _UnpairedAudio(files.sounds)
    first_places: dict[str, str] = {}
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
            sound = unpaired.take(name, *([member.stem] if len(rows) == 1 else []))
            if name == "":
                yield Skip(where, Message("no {field}, and other recordings in the same file", field=corpus.names[0]))
            elif key in first_places:
                yield Skip(
                    where,
                    Message(
                        "{field} {name!r} came before, in {place}: the first is kept",
                        field=corpus.names[0],
                        name=name,
                        place=first_places[key],
                    ),
                )
            elif known(key):
                yield KnownRecording(next(e for e in _entry(row, where, key, sound, corpus) if isinstance(e, Entry)))
            else:
                yield from _entry(row, where, key, sound, corpus)
            first_places.setdefault(key, where)
    yield from (Skip(sound.name, "no label file delivered") for sound in unpaired.leftovers())


def _rows(member: Member, corpus: Corpus) -> list[dict[str, Any]]:
    """The rows of a label file: the items of its list of recordings, or the whole document as a single row.

    `BadRecord` if no key of the corpus is in it.
    """
    document = parse_json(member.read(), member.name)
    lists = [document] if isinstance(document, list) else []
    if isinstance(document, dict):
        lists = [v for v in document.values() if isinstance(v, list) and len(v) > 1]
    for rows in lists:
        if rows and all(isinstance(r, dict) and any(_texts_under(r, name) for name in corpus.names) for r in rows):
            return rows
    if not isinstance(document, dict):
        raise BadRecord(
            member.name,
            "a JSON {kind} without rows that have {field}",
            kind=type(document).__name__,
            field=corpus.names[0],
        )
    if not any(_texts_under(document, key) for key in corpus.keys):
        has = ", ".join(list(document)[:8]) or "nothing"
        raise BadRecord(
            member.name,
            "none of {keys} in it (it has {names}): another corpus?",
            keys=", ".join(corpus.keys),
            names=has,
        )
    return [document]


def _name(row: dict[str, Any], member: Member, corpus: Corpus, rows: int) -> str:
    """The recording's name without suffix and `_label`. A document of one row without a name has its file's name."""
    name = next((texts[0] for key in corpus.names if (texts := _texts_under(row, key))), "")
    return _base_name(name or (member.stem if rows == 1 else ""))[:_LONGEST_NAME]


def _base_name(name: str) -> str:
    """A file's name without folders, audio suffixes and `_label`."""
    base = PurePosixPath(printable(name).replace("\\", "/")).name
    for suffix in (".json", *SUFFIXES):
        base = base[: -len(suffix)] if base.lower().endswith(suffix) else base
    return base.removesuffix(_LABEL_TAIL)


def _entry(row: dict[str, Any], where: str, key: str, member: Member | None, corpus: Corpus) -> Iterator[Entry | Skip]:
    sound: Sound | None = None
    reason = Message("no audio delivered")
    if member is not None:
        try:
            sound = read_sound(member, member.name)
        except (AudioError, BadRecord) as error:
            where_sound, reason = error.where, error.reason
            yield Skip(where_sound, Message("{reason}: text imported without audio", reason=reason))
    else:
        yield Skip(where, Message("{reason}: text imported without audio", reason=reason))
    for key_name in corpus.keys:
        if not _texts_under(row, key_name):
            yield Skip(where, Message("no {field}; the rest is imported", field=key_name))
    labels: dict[str, tuple[str, ...]] = {}
    for scheme, name in corpus.labels.items():
        texts = _texts_under(row, name)
        if len(texts) > 1:
            yield Skip(
                where,
                Message(
                    "{n} values of {name} ({values}): imported without this label",
                    n=len(texts),
                    name=name,
                    values=", ".join(texts)[:200],
                ),
            )
        elif texts:
            labels[scheme] = (texts[0],)
    recording, cleanings, notes = _recording(row, key, sound, corpus)
    origin = {"corpus": corpus.kind, "label_file": where, "audio_file": member.name if member else None}
    recording = replace(recording, meta={**row, **origin})
    notes += recording_notes(recording) + (sound.notes if sound else ())
    yield Entry(where, recording, sound, labels, cleanings, notes)


def _recording(
    row: dict[str, Any], key: str, sound: Sound | None, corpus: Corpus
) -> tuple[NewRecording, tuple[Cleaning, ...], tuple[str, ...]]:
    """The recording with its one utterance, the cleanings to propose, and the notes."""
    text = next(iter(_texts_under(row, corpus.text)), "")
    speaker = next(iter(_texts_under(row, corpus.speaker)), None) if corpus.speaker else None
    duration = sound.duration_ms if sound else _milliseconds(row, corpus.seconds)
    utterance = NewUtterance(
        key=f"{key}:1", text=text, group=_group(key, text, speaker, corpus), start_ms=0 if duration else None,
        end_ms=duration or None, speaker=speaker, voice_usable=sound is not None and duration >= SHORTEST_VOICE_MS,
        origin=corpus.origin,
    )  # fmt: skip
    recording = NewRecording(
        key=key, duration_ms=duration, sample_rate_hz=sound.sample_rate_hz if sound else None, path=None,
        sha256=sound.sha256 if sound else None, utterances=(utterance,),
    )  # fmt: skip
    if corpus.origin == "caption":
        return recording, (), (CAPTION,) if text else ()
    clean, why = tags.cleaned(text)
    notes = [TAGGED] * bool(clean) + [MASKED] * bool(tags.masks(text))
    return recording, (Cleaning(utterance.key, CLEANING, text, clean, why),) if clean else (), tuple(notes)


def _group(key: str, text: str, speaker: str | None, corpus: Corpus) -> str:
    """The group: the speaker who names a person, else the shared caption, else the recording itself."""
    if names_a_person(speaker):
        return f"{corpus.kind}:speaker:{speaker}"
    if corpus.origin == "caption" and text:
        return f"{corpus.kind}:note:{sha256((letters(text) or text).encode())[:24]}"
    return key


def _texts_under(document: Any, key: str) -> list[str]:
    """The distinct values of `key` as texts, at any level down to `_DEEPEST`; blanks are left out."""
    texts: dict[str, None] = {}
    level: list[Any] = [document]
    for _ in range(_DEEPEST):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                raw = value.get(key)
                if isinstance(raw, str | int | float) and not isinstance(raw, bool) and (text := str(raw).strip()):
                    texts[text] = None
                deeper += value.values()
            elif isinstance(value, list):
                deeper += value
        level = [v for v in deeper if isinstance(v, dict | list)]
    return list(texts)


def _milliseconds(row: dict[str, Any], key: str) -> int:
    """The length in ms, from the label's seconds; 0 if the label has no usable length."""
    try:
        seconds = float(next(iter(_texts_under(row, key)), 0)) if key else 0.0
    except ValueError:
        return 0
    return round(seconds * 1000) if 0 <= seconds <= 86_400 else 0


class _UnpairedAudio:
    """The audio files that are not paired with a label yet, by base name."""

    def __init__(self, sounds: Sequence[Member]) -> None:
        self._by_name: dict[str, list[Member]] = {}
        for member in reversed(sounds):
            self._by_name.setdefault(_base_name(member.stem), []).append(member)

    def take(self, *names: str) -> Member | None:
        """Pair and return the first file with one of these names, tried in their order; None if there is none."""
        matches = next((self._by_name[n] for name in names if self._by_name.get(n := _base_name(name))), None)
        return matches.pop() if matches else None

    def leftovers(self) -> Iterator[Member]:
        """The files that stayed unpaired."""
        for same_name in self._by_name.values():
            yield from same_name
