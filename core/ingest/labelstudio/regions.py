"""Tasks whose audio has regions: a recording whose utterances are the regions.

Annotators mark their regions one by one, so those of two annotators are matched by id, else by equal times. The regions
of the ground truth are kept, else those of the last annotator. The matching regions of others become votes, and a
region that was not kept is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import BadRecord
from core.ingest.exports.rows import ExportedRow, name_of
from core.ingest.labelstudio.answers import Answer
from core.ingest.labelstudio.audio import ABSENT
from core.ingest.labelstudio.results import Results, channel_of, region_times, unread_notes
from core.ingest.labelstudio.single import read_single
from core.ingest.labelstudio.task import DISAGREE, Judged, Task, judge
from core.messages import Message
from core.records import SHORTEST_VOICE_MS, NewRecording, NewUtterance, Skip

Times = tuple[int, int]


def read_regions(task: Task) -> Iterator[ExportedRow | Skip]:
    """The utterances of `task`, and a `Skip` for each region that cannot be used."""
    kept = [answer for answer in task.answers.deciding if answer.results.regions][-1]
    times: dict[str, Times] = {}
    for region, results in kept.results.regions.items():
        try:
            times[region] = region_times(results, task.where)
        except BadRecord as error:
            yield Skip(error.where, error.reason)
    times = dict(sorted(times.items(), key=lambda item: item[1]))
    others = _others(task, kept)
    matches = {answer.curator: _matches(answer, times) for answer in others}
    for answer in others:
        if times and answer in task.answers.deciding:
            yield from _left_out(task, answer, matches[answer.curator])
    judged: dict[str, Judged] = {}
    for region in times:
        versions = {curator: found[region] for curator, found in matches.items() if region in found}
        try:
            judged[region] = _judged(task, versions | {kept.curator: kept.results.regions[region]})
        except BadRecord as error:
            yield Skip(error.where, error.reason)
    if judged:
        yield from _rows(task, kept, {region: times[region] for region in judged}, judged)
    elif any(answer.results.whole for answer in task.answers.deciding):
        yield from read_single(task)


def _others(task: Task, kept: Answer) -> list[Answer]:
    """Every other answer that decides or votes, once."""
    everyone = {answer.curator: answer for answer in (*task.answers.voters, *task.answers.deciding)}
    return [answer for curator, answer in everyone.items() if curator != kept.curator]


def _rows(
    task: Task, kept: Answer, times: Mapping[str, Times], judged: Mapping[str, Judged]
) -> Iterator[ExportedRow | Skip]:
    """The rows of the regions that can be used; what is about the whole call is in the first."""
    sound = task.project.audio.find(task.audio) if task.audio is not None else None
    if isinstance(sound, Message) and sound != ABSENT:
        yield Skip(task.where, sound)
    call = Judged("", {}, (), ())
    try:
        call = _judged(task, {a.curator: a.results.whole for a in (*_others(task, kept), kept)}, of_recording=True)
    except BadRecord as error:
        yield Skip(error.where, error.reason)
    recording = NewRecording(
        task.key, max(end for _, end in times.values()), None, None, None, (), meta=_call_details(task, call)
    )
    notes = [*_notes(task, [call, *judged.values()]), *([ABSENT] if sound == ABSENT else [])]
    notes += unread_notes(result for region in times for result in kept.results.regions[region])
    for place, region in enumerate(times, start=1):
        row = _row(task, kept, judged[region], region, times[region])
        row = replace(row, new_recording=recording, sound=sound if isinstance(sound, Path) else None)
        if place == 1:
            row = replace(
                row, votes=(*row.votes, *call.votes), recording_labels=call.labels, recording_disputed=call.disputed,
                notes=(*notes, *task.project.names.take_notes()),
            )  # fmt: skip
        yield row


def _matches(answer: Answer, times: Mapping[str, Times]) -> dict[str, Results]:
    """kept region -> the results of `answer` for the same region: by id, else by equal times."""
    by_times: dict[Times, str] = {}
    for region, results in answer.results.regions.items():
        try:
            by_times.setdefault(region_times(results, ""), region)
        except BadRecord:
            continue
    regions = answer.results.regions
    places = {region: region if region in regions else by_times.get(span) for region, span in times.items()}
    return {region: regions[place] for region, place in places.items() if place is not None}


def _left_out(task: Task, answer: Answer, matched: Mapping[str, Results]) -> Iterator[Skip]:
    """A Skip for each region of `answer` that no kept region matches."""
    used = [id(results) for results in matched.values()]
    for results in answer.results.regions.values():
        if id(results) in used:
            continue
        try:
            start, end = region_times(results, task.where)
        except BadRecord as error:
            yield Skip(error.where, error.reason)
            continue
        yield Skip(
            task.where,
            Message(
                "region from {start} to {end} ms of annotator {curator}: not in the answer that is kept, not imported",
                start=start, end=end, curator=answer.curator.partition(":")[2],
            ),
        )  # fmt: skip


def _judged(task: Task, results: Mapping[str, Results], of_recording: bool = False) -> Judged:
    """Judge one region, or the whole call, by the results of each annotator; the kept annotator comes last."""
    deciding = {answer.curator for answer in task.answers.deciding}
    voting = {answer.curator for answer in task.answers.voters}
    return judge(
        task, {c: r for c, r in results.items() if c in deciding}, {c: r for c, r in results.items() if c in voting},
        None, of_recording=of_recording,
    )  # fmt: skip


def _call_details(task: Task, call: Judged) -> dict[str, Any]:
    """The details of the recording: the task's own data, and what is about the whole call and no label."""
    more = {"text": call.text, "spans": task.answers.spans}
    return {"data": task.data, **call.details, **{name: value for name, value in more.items() if value}}


def _notes(task: Task, judged: Sequence[Judged]) -> list[str]:
    """The notes of a task; that its annotators disagree is noted once."""
    notes = [note for item in judged for note in item.notes]
    return [*task.notes, *(note for note in notes if note != DISAGREE), *([DISAGREE] if DISAGREE in notes else [])]


def _row(task: Task, kept: Answer, judged: Judged, region: str, times: Times) -> ExportedRow:
    """The utterance of one region."""
    start, end = times
    channel = channel_of(kept.results.regions[region])
    new = NewUtterance(
        key=region_key(task.key, region), text=judged.text, group=task.project.person(task.data) or task.key,
        start_ms=start, end_ms=end, speaker=name_of(task.data.get("speaker"), "speaker", task.where),
        voice_usable=end - start >= SHORTEST_VOICE_MS,
        meta={**judged.details, **({} if channel is None else {"channel": channel})},
    )  # fmt: skip
    return ExportedRow(
        task.where, new, judged.text, judged.labels, recording=task.key, votes=judged.votes, disputed=judged.disputed
    )


def region_key(key: str, region: str) -> str:
    """The key of the utterance of a region, by the id that Label Studio gave the region."""
    return f"{key}:{region}"
