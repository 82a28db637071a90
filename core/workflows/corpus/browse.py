"""Reads the corpus: how many utterances match a filter, a page of them, one utterance, one recording with its
utterances.

Nothing here writes. A filter that a person typed as KEY=VALUE pairs is also read here, since the names of sources are
those of the workspace.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.audio.clips import read_clip
from core.errors import NotFound
from core.filters import Filter, from_pairs
from core.records import Page, Recording, RunInfo, Sort, Source, Utterance
from core.workflows.workspace import Workspace

MOST_OF_RECORDING = 1000  # utterances of one recording that are read at once


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """The values that a filter offers besides the classes of the schemes; each list is sorted, the newest run first."""

    speakers: list[str]
    origins: list[str]
    tags: list[str]
    curators: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    runs: list[RunInfo] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListedPage:
    """One page of a listing. `tags` maps an utterance id to its tags; utterances without tags are left out."""

    rows: tuple[Utterance, ...]
    tags: Mapping[int, list[str]]


@dataclass(frozen=True, slots=True)
class OpenedRecording:
    """A recording with its first utterances of `total`, and its own labels (scheme -> code)."""

    recording: Recording
    utterances: tuple[Utterance, ...]
    labels: Mapping[str, str]
    total: int


def read_filter(ws: Workspace, pairs: Sequence[str]) -> Filter:
    """Read a Filter from KEY=VALUE pairs; a source is given by its name or id. `InputError` for a pair that is
    wrong.
    """
    return from_pairs(pairs, ws.store.corpus.sources())


def filter_choices(ws: Workspace) -> FilterChoices:
    """The values that a filter offers in this workspace."""
    facets = ws.store.corpus.facets()
    sources = sorted(ws.store.corpus.sources(), key=lambda source: source.name)
    runs = ws.store.ledger.runs("done")
    return FilterChoices(facets["speaker"], facets["origin"], ws.store.bulk.tags(), facets["curator"], sources, runs)


def counts(ws: Workspace, filters: Sequence[Filter]) -> list[int]:
    """The number of matches of each Filter."""
    return [count(ws, wanted) for wanted in filters]


def ids(ws: Workspace, wanted: Filter) -> list[int]:
    """The ids of all matches, ascending."""
    found: list[int] = ws.store.texts.ids(wanted).tolist()
    return found


def totals(ws: Workspace) -> dict[str, int]:
    """The number of sources, recordings and utterances, and the length of all audio in ms."""
    return ws.store.corpus.counts()


def count(ws: Workspace, wanted: Filter | None = None) -> int:
    """How many utterances match `wanted`; without it, how many there are."""
    return ws.store.corpus.find(wanted or Filter(), limit=0).total


def first_matches(ws: Workspace, wanted: Filter, limit: int) -> Page:
    """The first `limit` matching utterances by id, and how many match in all."""
    return ws.store.corpus.find(wanted, limit=limit)


def listed_page(ws: Workspace, wanted: Filter, sort: Sort, number: int, size: int) -> ListedPage:
    """Page `number` (the first is 1) of the matching utterances, `size` rows per page, with their tags."""
    rows = ws.store.corpus.find(wanted, limit=size, offset=(number - 1) * size, sort=sort).rows
    return ListedPage(rows, ws.store.bulk.tags_of([row.id for row in rows]))


def utterance(ws: Workspace, utterance_id: int) -> Utterance:
    """One utterance as it is now; `NotFound` for an unknown id."""
    return ws.store.corpus.utterance(utterance_id)


def utterances(ws: Workspace, ids: Sequence[int]) -> list[Utterance]:
    """The utterances of `ids`, in that order; unknown ids are left out."""
    return ws.store.corpus.utterances(ids)


def recording_name(ws: Workspace, recording_id: int) -> str | None:
    """The key of a recording; None for an unknown id."""
    try:
        return ws.store.corpus.recording(recording_id).key
    except NotFound:
        return None


def recording(ws: Workspace, recording_id: int) -> Recording:
    """One recording without its utterances; `NotFound` for an unknown id."""
    return ws.store.corpus.recording(recording_id)


def utterances_of_recording(ws: Workspace, recording_id: int, most: int = MOST_OF_RECORDING) -> Page:
    """The first `most` utterances of a recording, and how many it has in all."""
    return ws.store.corpus.find(Filter(recording_id=recording_id), limit=most)


def recording_with_utterances(ws: Workspace, recording_id: int) -> OpenedRecording:
    """A recording, its first utterances, and its own labels; `NotFound` for an unknown id."""
    opened, page = ws.store.corpus.recording(recording_id), utterances_of_recording(ws, recording_id)
    return OpenedRecording(opened, page.rows, ws.store.corpus.recording_labels(recording_id), page.total)


def clip(ws: Workspace, utterance_id: int, around_ms: int = 0) -> bytes:
    """A WAV of exactly an utterance's span, with up to `around_ms` more on each side where the recording is long
    enough.

    `NotFound` for a sentence without a recording and for missing audio; `AudioError` for audio that cannot be read.
    """
    spoken = utterance(ws, utterance_id)
    if spoken.recording_id is None or spoken.start_ms is None or spoken.end_ms is None:
        raise NotFound("utterance {id} is a sentence without audio", id=spoken.id)
    path = ws.audio_file(spoken.recording_id)
    start_ms, end_ms = max(0, spoken.start_ms - around_ms), spoken.end_ms + around_ms
    return read_clip(path, start_ms, end_ms, f"utterance {spoken.id}")
