"""Looking at the corpus: how much matches a filter, a page of it, one utterance, one recording and what was said in it.

Everything here reads and nothing writes. A filter that a person typed as KEY=VALUE pairs is read here too, since the
names of sources are the workspace's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.audio.clips import read_clip
from core.errors import NotFound
from core.filters import Filter, from_pairs
from core.records import Page, Recording, Sort, Utterance
from core.workflows.workspace import Workspace

MOST_OF_RECORDING = 1000  # utterances of one recording that are read at once


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """The values that a filter offers beside the classes of the schemes, each list in order."""

    speakers: list[str]
    origins: list[str]
    tags: list[str]


@dataclass(frozen=True, slots=True)
class ListedPage:
    """One page of a listing; `tags` of its rows by utterance id, without those that have none."""

    rows: tuple[Utterance, ...]
    tags: Mapping[int, list[str]]


@dataclass(frozen=True, slots=True)
class OpenedRecording:
    """A recording with its first utterances and its own labels (scheme -> code)."""

    recording: Recording
    utterances: tuple[Utterance, ...]
    labels: Mapping[str, str]


def read_filter(ws: Workspace, pairs: Sequence[str]) -> Filter:
    """The Filter that KEY=VALUE pairs ask for; a source is given by its name or id."""
    return from_pairs(pairs, ws.store.corpus.sources())


def filter_choices(ws: Workspace) -> FilterChoices:
    """What a filter can be chosen from in this workspace."""
    facets = ws.store.corpus.facets()
    return FilterChoices(facets["speaker"], facets["origin"], ws.store.bulk.tags())


def totals(ws: Workspace) -> dict[str, int]:
    """How many sources, recordings, utterances and milliseconds of audio the workspace holds."""
    return ws.store.corpus.counts()


def count(ws: Workspace, wanted: Filter | None = None) -> int:
    """How many utterances match `wanted`; without it, how many there are."""
    return ws.store.corpus.find(wanted or Filter(), limit=0).total


def first_matches(ws: Workspace, wanted: Filter, limit: int) -> Page:
    """The first `limit` utterances that match, by id, and how many match in all."""
    return ws.store.corpus.find(wanted, limit=limit)


def listed_page(ws: Workspace, wanted: Filter, sort: Sort, number: int, size: int) -> ListedPage:
    """Page `number` (from 1) of what matches, `size` rows a page, with the tags of its rows."""
    rows = ws.store.corpus.find(wanted, limit=size, offset=(number - 1) * size, sort=sort).rows
    return ListedPage(rows, ws.store.bulk.tags_of([row.id for row in rows]))


def utterance(ws: Workspace, utterance_id: int) -> Utterance:
    """One utterance as it stands; `NotFound` for an unknown id."""
    return ws.store.corpus.utterance(utterance_id)


def utterances(ws: Workspace, ids: Sequence[int]) -> list[Utterance]:
    """The utterances of `ids`, in that order; unknown ids are left out."""
    return ws.store.corpus.utterances(ids)


def recording(ws: Workspace, recording_id: int) -> Recording:
    """One recording without its utterances; `NotFound` for an unknown id."""
    return ws.store.corpus.recording(recording_id)


def utterances_of_recording(ws: Workspace, recording_id: int, most: int = MOST_OF_RECORDING) -> Page:
    """The first `most` utterances of a recording, and how many it has in all."""
    return ws.store.corpus.find(Filter(recording_id=recording_id), limit=most)


def recording_with_utterances(ws: Workspace, recording_id: int) -> OpenedRecording:
    """A recording, what was said in it, and the labels it has itself; `NotFound` for an unknown id."""
    return OpenedRecording(
        ws.store.corpus.recording(recording_id),
        utterances_of_recording(ws, recording_id).rows,
        ws.store.corpus.recording_labels(recording_id),
    )


def clip(ws: Workspace, utterance_id: int, around_ms: int = 0) -> bytes:
    """A WAV of exactly an utterance's span, with `around_ms` more at either side where the recording has so much.

    `NotFound` for a sentence without a recording and for audio that is not there, `AudioError` for audio that cannot
    be read.
    """
    spoken = utterance(ws, utterance_id)
    if spoken.recording_id is None or spoken.start_ms is None or spoken.end_ms is None:
        raise NotFound("utterance {id} is a sentence without audio", id=spoken.id)
    path = ws.audio_file(spoken.recording_id)
    start_ms, end_ms = max(0, spoken.start_ms - around_ms), spoken.end_ms + around_ms
    return read_clip(path, start_ms, end_ms, f"utterance {spoken.id}")
