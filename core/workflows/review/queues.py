"""Queues: which utterances come up for review, and in what order.

A queue is of one of three sorts: a Filter; a list that somebody builds, ranked by the predictions of models or drawn at
random; or the targets that curators who answered blind disagree on. A list belongs to one scheme and stays the same
until it is built again. `open_list` stores what a person wants to review just now, such as a selection or a finding.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from core.errors import InputError, NotEnoughData, UnknownName
from core.filters import MOST_IDS, Filter
from core.jobs import submit
from core.messages import Message, SchemeName
from core.records import UNLABELLED, RunInfo
from core.schemes import scheme
from core.store import QueueInfo, QueueRequest, Ranked, StoredList
from core.workflows.workspace import Workspace, now

TAG = "review"  # the Corpus page gives this tag to utterances that it queues for review
DISAGREEMENTS = "annotators-disagree"
LABEL_ERRORS = "label-errors"
PSEUDO_LABEL_AUDIT = "pseudo-label-audit"  # drawn by core.workflows.pseudo_labels.audit; its cards show no prediction
FLAGGED, COMMENTED, ITEM, LIST = "flagged", "commented", "item", "list"
MATCHES = "matches"  # what a filter of an address asks for, also if it was decided today
FIRST_SCHEME = "danger"  # under which Review opens if nothing else is said
LIMIT = 2000
MOST_LISTED = 200_000  # utterances of a stored list, and of a selection on the map
KEPT_DAYS = 60  # a stored list is deleted so long after it was opened last
RENEWED_DAYS = 1  # a list that is looked at again is noted as opened once a day
# emptied: an utterance leaves the queue when it is answered. again: an utterance that is skipped again stays and comes
# back in another session. whole: an utterance stays after a decision and comes back another day. built: a list; an
# utterance leaves it when somebody decides on it after the list was built.
Kind = Literal["emptied", "again", "whole", "built"]
KINDS: Mapping[str, Kind] = {
    "unlabelled": "emptied", "least-confident": "built", "models-disagree": "built", "text-voice": "built",
    DISAGREEMENTS: "emptied", LABEL_ERRORS: "built", "audit": "built", PSEUDO_LABEL_AUDIT: "built",
    FLAGGED: "again", COMMENTED: "emptied",
    "filter": "whole", "tagged": "whole", "skipped": "again", "all": "whole", LIST: "built", ITEM: "again",
    MATCHES: "again",
}  # fmt: skip
NAMES = tuple(KINDS)
BUILT = tuple(queue for queue, kind in KINDS.items() if kind == "built" and queue != LIST)
# the queues that also have what was skipped; "filter" has it if the Filter asks for it
WITH_SKIPPED = ("all", "tagged", FLAGGED, COMMENTED, LIST, ITEM)


def check(queue: str, schemes: Sequence[str]) -> None:
    """Raise `UnknownName` for an unknown queue or scheme."""
    if queue not in KINDS:
        raise UnknownName("queue", queue, NAMES)
    for name in schemes:
        scheme(name)


def list_key(queue: str, scheme_name: str) -> str:
    """The name of a list in the store."""
    return f"{queue}:{scheme(scheme_name).name}"


def queue_filter(queue: str, schemes: Sequence[str], base: Filter | None = None) -> Filter:
    """The Filter of the utterances in the queue; for a list, the Filter that narrows it. `base` narrows it further.

    "unlabelled" holds utterances that no person has labelled under the first of `schemes`. "tagged" holds those with
    the tag `TAG`, which stays until somebody removes it; "flagged" those with a flag, until somebody takes it off;
    "commented" those with a comment on which nobody has decided by hand since. Skipped utterances are in "skipped" and
    `WITH_SKIPPED`, and in "filter" if `base` asks for them.
    """
    narrowed = base or Filter()
    if queue == "skipped":
        narrowed = replace(narrowed, skipped=True)
    elif queue not in WITH_SKIPPED and (queue not in ("filter", MATCHES) or narrowed.skipped is None):
        narrowed = replace(narrowed, skipped=False)
    if queue == "tagged":
        narrowed = replace(narrowed, tag=(TAG,))
    if queue == FLAGGED:
        narrowed = replace(narrowed, flagged=True)
    if queue == COMMENTED:
        narrowed = replace(narrowed, comment="open")
    if queue == "unlabelled" and schemes:
        narrowed = replace(narrowed, labels={**narrowed.labels, schemes[0]: (UNLABELLED,)})
    if any(scheme(name).level == "recording" for name in schemes):
        narrowed = replace(narrowed, in_recording=True)
    return narrowed


@dataclass(frozen=True, slots=True)
class QueueSize:
    """How many utterances a list was built with, and when (UTC, ISO 8601); `built_at` None: it was never built."""

    queue: str
    count: int
    built_at: str | None


def list_sizes(ws: Workspace, scheme_name: str) -> dict[str, QueueSize]:
    """The size of every list of a scheme, by the name of its queue."""
    infos: dict[str, QueueInfo] = ws.store.queues.built()
    sizes = {}
    for queue in BUILT:
        info = infos.get(list_key(queue, scheme_name))
        sizes[queue] = QueueSize(queue, info.count if info else 0, info.built_at if info else None)
    return sizes


def build(
    ws: Workspace, queue: str, scheme_name: str, *, run_ids: Sequence[str] = (), limit: int = LIMIT, seed: int = 0
) -> int:
    """Build the list `queue` of a scheme again and return the number of utterances in it, at most `limit`.

    It uses the predictions of `run_ids`, or of the newest runs if none are named. `seed` sets the random audit and the
    folds of label-errors. `NotEnoughData` if runs or labels are missing, `InputError` for a queue that is not a list.
    """
    check(queue, [scheme_name])
    if queue not in BUILT:
        raise InputError("{queue} is no list that could be built; lists: {lists}", queue=queue, lists=", ".join(BUILT))
    if queue == PSEUDO_LABEL_AUDIT:
        raise InputError("this list is drawn for a run and its thresholds: draw the audit on the Pseudo-label page")
    if limit < 1:
        raise InputError("a list needs room for at least 1 utterance")
    if queue == LABEL_ERRORS:
        from core.workflows.review.label_errors import suspects

        rows = suspects(ws, scheme_name, limit, seed)
    elif queue == "audit":
        rows = _random_audit(ws, scheme_name, limit, seed)
    elif queue == "least-confident":
        rows = _least_confident(ws, scheme_name, run_ids, limit)
    else:
        rows = ws.store.queues.disagreements(
            [run.id for run in _runs_to_compare(ws, queue, scheme_name, run_ids)], limit
        )
    return ws.store.queues.put(list_key(queue, scheme_name), rows, now())


def open_list(ws: Workspace, scheme_name: str, ids: Sequence[int], title: str) -> str:
    """Store the utterances `ids` as a list to review, in that order, and return its name for an address.

    `title` is a Message, so that every reader sees it in his language. Equal utterances under one scheme are the same
    list: it goes on where it was, and begins anew when all of it is decided. It is open to every curator, under any
    scheme, until nobody has opened it for `KEPT_DAYS`. `NotEnoughData` if there are no ids, `InputError` for more than
    `MOST_LISTED`.
    """
    if not ids:
        raise NotEnoughData("there is nothing to review: nothing is chosen")
    check_number(len(ids))
    text = json.dumps([scheme(scheme_name).name, list(map(int, ids))])
    name, at = hashlib.sha256(text.encode()).hexdigest()[:16], now()
    stored = stored_name(name)
    ws.store.queues.drop_stored(_days_before(at, KEPT_DAYS))
    if ws.store.queues.stored(stored) is None or not left_in_list(ws, name, [scheme_name]):
        ws.store.queues.store(stored, ids, title, at)
    else:
        ws.store.queues.opened(stored, title, at)
    return name


def check_number(n: int) -> None:
    """Raise `InputError` if `n` utterances are more than can be chosen at once."""
    if n > MOST_LISTED:
        raise InputError("at most {most:,} utterances can be chosen at once; these are {n:,}: narrow them by a filter",
                         most=MOST_LISTED, n=n)  # fmt: skip


def addressable(ws: Workspace, wanted: Filter) -> Filter:
    """Return a Filter with the same matches that an address can say: more than `MOST_IDS` ids become a stored list."""
    if len(wanted.ids) <= MOST_IDS:
        return wanted
    ids: list[int] = ws.store.texts.ids(Filter(ids=wanted.ids, listed=wanted.listed)).tolist()
    if len(ids) <= MOST_IDS:  # if there is none of them, one stays, which matches nothing
        return replace(wanted, ids=tuple(ids) or wanted.ids[:1])
    title = Message("Single utterances: {n:,}", n=len(ids))
    return replace(wanted, ids=(), listed=open_list(ws, FIRST_SCHEME, ids, title))


def stored_name(name: str) -> str:
    """The name in the store of a list that `open_list` made."""
    return f"{LIST}:{name}"


def opened_list(ws: Workspace, name: str) -> StoredList | None:
    """What is known of a list of `open_list`; None if it is gone. It is noted that somebody has opened it."""
    stored, at = ws.store.queues.stored(stored_name(name)), now()
    if stored is not None and stored.opened_at < _days_before(at, RENEWED_DAYS):
        ws.store.queues.opened(stored.name, stored.title, at)
    return stored


def left_in_list(ws: Workspace, name: str, schemes: Sequence[str]) -> int:
    """How many utterances of a stored list nobody has decided since it was stored."""
    at = now()
    request = QueueRequest("", tuple(schemes), queue_filter(LIST, schemes), 0, at, at, queue=stored_name(name),
                           blind=False)  # fmt: skip
    return ws.store.leases.left(request)


def opening(ws: Workspace, wanted: Filter, schemes: Sequence[str] = ()) -> int:
    """How many of the matches of a Filter a curator gets who opens them in Review by an address, under `schemes`."""
    queue = MATCHES if wanted != Filter() else "all"
    offered = queue_filter(queue, schemes or [FIRST_SCHEME], wanted)
    n = ws.store.corpus.find(offered, limit=0).total
    if KINDS[queue] == "whole":  # what was decided just now comes back another day
        n -= ws.store.corpus.find(replace(offered, since=_days_before(now(), 1)), limit=0).total
    return n


def _days_before(at: str, days: int) -> str:
    return (datetime.fromisoformat(at) - timedelta(days=days)).isoformat("T", "microseconds")


def start_label_errors(ws: Workspace, scheme_name: str, *, limit: int = LIMIT, seed: int = 0) -> str:
    """Queue the search for label errors as a job, because it trains models. Returns the job id."""
    params = {"scheme": scheme(scheme_name).name, "limit": limit, "seed": seed}
    return submit(ws.store, LABEL_ERRORS, LABEL_ERRORS, params, f"{LABEL_ERRORS}-{secrets.token_hex(6)}")


def _random_audit(ws: Workspace, scheme_name: str, limit: int, seed: int) -> list[Ranked]:
    """At most `limit` utterances that people have labelled, drawn at random."""
    chosen = scheme(scheme_name)
    ids = ws.store.texts.ids(Filter(labels={chosen.name: chosen.codes}, skipped=False))
    ids = np.setdiff1d(ids, ws.store.texts.ids(Filter(labels={chosen.name: (UNLABELLED,)}, skipped=False)))
    drawn = np.random.default_rng(seed).permutation(ids)[:limit]
    return [Ranked(number, 0.0, "drawn at random") for number in drawn.tolist()]


def _least_confident(ws: Workspace, scheme_name: str, run_ids: Sequence[str], limit: int) -> list[Ranked]:
    runs = _runs(ws, scheme_name, run_ids)
    if not runs:
        raise NotEnoughData(
            "no finished run judges {scheme_name}: train one first", scheme_name=SchemeName(scheme_name)
        )
    for run in runs:
        if rows := ws.store.queues.least_confident(run.id, scheme_name, limit):
            return rows
    raise NotEnoughData(
        "no run has judged what is unlabelled under {scheme_name}: let one judge it (pseudo-labels)",
        scheme_name=SchemeName(scheme_name),
    )


def _runs_to_compare(ws: Workspace, queue: str, scheme_name: str, run_ids: Sequence[str]) -> list[RunInfo]:
    """The named runs; else the newest two or, for text-voice, the newest text run and the newest voice run."""
    runs = _runs(ws, scheme_name, run_ids)
    if queue == "text-voice":
        runs = [run for modality in ("text", "voice") for run in [r for r in runs if r.modality == modality][:1]]
        if len(runs) < 2:
            raise NotEnoughData(
                "a text run and a voice run of {scheme_name} are needed to compare them",
                scheme_name=SchemeName(scheme_name),
            )
    elif not run_ids:
        runs = runs[:2]
    if len(runs) < 2:
        raise NotEnoughData(
            "two finished runs of {scheme_name} are needed to compare them", scheme_name=SchemeName(scheme_name)
        )
    return runs


def _runs(ws: Workspace, scheme_name: str, run_ids: Sequence[str]) -> list[RunInfo]:
    """The named runs, or all finished runs of the scheme, the newest first. `InputError` for an unfinished run."""
    named = [ws.store.ledger.run(run_id) for run_id in run_ids]
    for run in named:
        if run.scheme != scheme_name or run.state != "done":
            raise InputError(
                "run {run} is no finished run of {scheme_name}", run=run.id, scheme_name=SchemeName(scheme_name)
            )
    return named or [run for run in ws.store.ledger.runs("done") if run.scheme == scheme_name]
