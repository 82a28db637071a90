"""Queues: which utterances come up for review, and in what order.

Some are a Filter as it stands; some are lists that somebody builds, ranked by what models said; one is what curators
who answered blind do not agree on. A list is built for one scheme and stands until it is built anew.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from core.errors import InputError, NotEnoughData, UnknownName
from core.filters import Filter
from core.jobs import submit
from core.messages import SchemeName
from core.records import UNLABELLED, RunInfo
from core.schemes import scheme
from core.store import QueueInfo, Ranked
from core.workflows.workspace import Workspace, now

TAG = "review"  # what the Corpus page queues for review
DISAGREEMENTS = "annotators-disagree"
LABEL_ERRORS = "label-errors"
LIMIT = 2000
# emptied: what is answered leaves it. again: skipped once more, it stays, and comes back in another session. whole:
# what was decided on stays, and comes back another day. built: a list; what was decided on since leaves it.
Kind = Literal["emptied", "again", "whole", "built"]
KINDS: Mapping[str, Kind] = {
    "unlabelled": "emptied", "least-confident": "built", "models-disagree": "built", "text-voice": "built",
    DISAGREEMENTS: "emptied", LABEL_ERRORS: "built", "audit": "built", "filter": "whole", "tagged": "whole",
    "skipped": "again", "all": "whole",
}  # fmt: skip
NAMES = tuple(KINDS)
BUILT = tuple(one for one, kind in KINDS.items() if kind == "built")


def check(queue: str, schemes: Sequence[str]) -> None:
    """`UnknownName` for a queue or scheme that is none."""
    if queue not in KINDS:
        raise UnknownName("queue", queue, NAMES)
    for one in schemes:
        scheme(one)


def name(queue: str, scheme_name: str) -> str:
    """How the store calls a list."""
    return f"{queue}:{scheme(scheme_name).name}"


def wanted(queue: str, schemes: Sequence[str], base: Filter | None = None) -> Filter:
    """What the queue holds, or what narrows it if it is a list.

    Unlabelled: the first of the schemes has no answer yet; skipped ones wait in a queue of their own. Tagged: those
    with the tag `TAG`, which they keep until it is taken off.
    """
    held = base or Filter()
    if queue == "skipped":
        held = replace(held, skipped=True)
    elif queue not in ("all", "tagged") and (queue != "filter" or held.skipped is None):
        held = replace(held, skipped=False)
    if queue == "tagged":
        held = replace(held, tag=(TAG,))
    if queue == "unlabelled" and schemes:
        held = replace(held, labels={**held.labels, schemes[0]: (UNLABELLED,)})
    if any(scheme(one).level == "recording" for one in schemes):
        held = replace(held, in_recording=True)
    return held


@dataclass(frozen=True, slots=True)
class Left:
    """A queue as a menu shows it; `built_at` of a list, None where it never was built."""

    queue: str
    count: int
    built_at: str | None


def built(ws: Workspace, scheme_name: str) -> dict[str, Left]:
    """The lists of a scheme, queue -> how many it was built with."""
    known: dict[str, QueueInfo] = ws.store.queues.built()
    found = {}
    for queue in BUILT:
        one = known.get(name(queue, scheme_name))
        found[queue] = Left(queue, one.count if one else 0, one.built_at if one else None)
    return found


def build(
    ws: Workspace, queue: str, scheme_name: str, *, run_ids: Sequence[str] = (), limit: int = LIMIT, seed: int = 0
) -> int:
    """Build the list `queue` of a scheme anew; how many utterances are in it.

    From the predictions of `run_ids`, or of the newest runs; `seed` is for the random audit and the folds of
    label-errors. `NotEnoughData` says what is missing, `InputError` what cannot be.
    """
    check(queue, [scheme_name])
    if queue not in BUILT:
        raise InputError("{queue} is no list that could be built; lists: {lists}", queue=queue, lists=", ".join(BUILT))
    if limit < 1:
        raise InputError("a list needs room for at least 1 utterance")
    if queue == LABEL_ERRORS:
        from core.workflows.review.label_errors import suspects

        rows = suspects(ws, scheme_name, limit, seed)
    elif queue == "audit":
        rows = _audit(ws, scheme_name, limit, seed)
    elif queue == "least-confident":
        rows = _least_confident(ws, scheme_name, run_ids, limit)
    else:
        rows = ws.store.queues.disagreements([run.id for run in _several(ws, queue, scheme_name, run_ids)], limit)
    return ws.store.queues.put(name(queue, scheme_name), rows, now())


def start(ws: Workspace, scheme_name: str, *, limit: int = LIMIT, seed: int = 0) -> str:
    """Queue the search for label errors as a job, since it trains models; its id."""
    params = {"scheme": scheme(scheme_name).name, "limit": limit, "seed": seed}
    return submit(ws.store, LABEL_ERRORS, LABEL_ERRORS, params, f"{LABEL_ERRORS}-{secrets.token_hex(6)}")


def _audit(ws: Workspace, scheme_name: str, limit: int, seed: int) -> list[Ranked]:
    """Some of what is labelled, drawn at random."""
    one = scheme(scheme_name)
    ids = ws.store.texts.ids(Filter(labels={one.name: one.codes}, skipped=False))
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


def _several(ws: Workspace, queue: str, scheme_name: str, run_ids: Sequence[str]) -> list[RunInfo]:
    """The runs to compare: those named, else the newest two, or of text-voice the newest of each."""
    runs = _runs(ws, scheme_name, run_ids)
    if queue == "text-voice":
        runs = [run for one in ("text", "voice") for run in [r for r in runs if r.modality == one][:1]]
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
    """Finished runs of the scheme, those named or all, the newest first."""
    named = [ws.store.ledger.run(one) for one in run_ids]
    for run in named:
        if run.scheme != scheme_name or run.state != "done":
            raise InputError(
                "run {run} is no finished run of {scheme_name}", run=run.id, scheme_name=SchemeName(scheme_name)
            )
    return named or [run for run in ws.store.ledger.runs("done") if run.scheme == scheme_name]
