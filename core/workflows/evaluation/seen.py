"""What a run has seen of a gold set, by itself or by its teachers: such a run is not scored on it.

Seen is what is on the training or validation side of the run's own snapshot and, where that snapshot holds
pseudo-labels, of the snapshots of the runs that made them, and so on. Refused are the same item, the same group (a
call, a person) and, where the run reads texts, equal and nearly equal texts; where it reads the voice, the same or a
nearly identical sound and the same person.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.errors import CheckpointMismatch, InputError
from core.inference.predictor import cached
from core.messages import Message, Names
from core.models import Modality
from core.records import RunInfo
from core.snapshots.format import Snapshot, read
from core.snapshots.items import Item, Items
from core.speakers import names_a_person
from core.split import merge_near_duplicates
from core.text import letters
from core.workflows.snapshots import sounds
from core.workflows.workspace import Workspace

NAMED = 5  # keys that a refusal names
UNSEEN = Message("freeze a gold set that the run was neither trained nor tuned on")
TAUGHT = Message(
    "freeze a gold set that the teacher has not seen, or the student's snapshot with the sides of the teacher's "
    "(--sides-of), and train the student on that"
)


def teachers(ws: Workspace, run: RunInfo) -> list[RunInfo]:
    """The runs whose pseudo-labels the run learnt from, and those that these learnt from; the nearest first.

    `NotFound` for a teacher that is gone: then nobody can tell what it has seen.
    """
    ordered: dict[str, RunInfo] = {}
    waiting = [run]
    while waiting:
        for made in rounds_in(ws, waiting.pop(0).snapshot):
            if (teacher := str(made["run"])) not in (run.id, *ordered):
                ordered[teacher] = ws.store.ledger.run(teacher)
                waiting.append(ordered[teacher])
    return list(ordered.values())


def rounds_in(ws: Workspace, snapshot: str) -> Sequence[Mapping[str, Any]]:
    """The rounds of pseudo-labels in a snapshot: {round, run, scheme, weight, n} of each.

    None for a snapshot that is not here: that of an imported run, whose teachers are not here either.
    """
    here = (info for info in ws.store.ledger.snapshots() if info.name == snapshot)
    reports = [info.counts.get("report", {}) for info in here]
    return [made for report in reports for made in report.get("rounds", ())]


def refuse(ws: Workspace, run: RunInfo, gold_set: str, gold: Items, known: Collection[str] = ()) -> None:
    """`InputError` if the run or one of its teachers has seen an item of `gold`, the items of the set `gold_set`.

    `known` names snapshots of whose held-out sides `gold` is a part: freezing kept their runs from it.
    """
    for learner in (run, *teachers(ws, run)):
        if learner.snapshot in known:
            continue
        title = learner.id
        if learner is not run:
            title = Message("{teacher} (which taught {student})", teacher=learner.id, student=run.id)
        items = own_items(ws, learner)
        items = items.take([row for row, side in enumerate(items.column("side")) if side != "test"])
        alike = sounds_of(ws, learner.modality, items, gold)
        way_out = TAUGHT if learner is not run else UNSEEN
        refuse_seen(title, gold_set, learner.modality, items, gold, alike, way_out)


def refuse_own_test(ws: Workspace, run: RunInfo) -> None:
    """`InputError` if a teacher of the run has seen an item of the run's own test side.

    The run itself has not: freezing a snapshot sees to that.
    """
    if any(teacher.snapshot != run.snapshot for teacher in teachers(ws, run)):
        _unseen_test(ws, run.id)


@lru_cache(maxsize=64)
def _unseen_test(ws: Workspace, run_id: str) -> None:
    """Checked once a process where nothing was seen: a finished run, its snapshot and its teachers never change."""
    run = ws.store.ledger.run(run_id)
    items = own_items(ws, run)
    test = items.take([row for row, side in enumerate(items.column("side")) if side == "test"])
    refuse(ws, run, run.snapshot, test, {run.snapshot})


def own_items(ws: Workspace, run: RunInfo) -> Items:
    """All items of the run's own snapshot; refused if it is not the one that the run's card names."""
    card = cached(ws.run_folder(run.id)).card
    if ws.store.ledger.snapshot(run.snapshot).sha256 != card.snapshot_sha256:
        raise CheckpointMismatch(
            "run {run} was trained on another snapshot than {snapshot} is now (SHA-256 differs), so nobody can tell "
            "what it has seen",
            run=run.id,
            snapshot=run.snapshot,
        )
    return registered(ws, run.snapshot).items


def registered(ws: Workspace, name: str) -> Snapshot:
    """The snapshot, verified. `CheckpointMismatch` if it cannot be read or is not the registered one."""
    return verified(str(ws.snapshot_folder(name)), ws.store.ledger.snapshot(name).sha256)


def verified(folder: str, sha256: str) -> Snapshot:
    """The snapshot in `folder`; `CheckpointMismatch` if it has another hash."""
    snapshot = read(folder)
    if snapshot.sha256 != sha256:
        raise CheckpointMismatch(
            "snapshot {folder}: its folder holds another snapshot (SHA-256 differs)", folder=Path(folder).name
        )
    return snapshot


def refuse_seen(
    run: str,
    snapshot: str,
    modality: Modality,
    seen: Sequence[Item],
    gold: Sequence[Item],
    sounds_alike: Mapping[str, str] | None = None,
    way_out: Message = UNSEEN,
) -> None:
    """`InputError` if an item of `gold`, or one too near to it, is among `seen`; it counts and names them.

    `sounds_alike` names, by path, the sound that stands for all that are nearly identical; by default the path itself.
    """
    same = {item.key for item in gold} & {item.key for item in seen}
    shared = _sharing(seen, gold, lambda item: item.group) - same
    alike = set() if modality == "voice" else _same_texts(seen, gold)
    if modality != "text":
        alike |= _same_voices(seen, gold, sounds_alike or {})
    alike -= same | shared
    if overlapping := same | shared | alike:
        ordered = [item.key for item in gold if item.key in overlapping]
        raise InputError(
            "run {run} has seen {n:,} of the {total:,} items of {snapshot}, so it is not scored on it: "
            "{same:,} the same, {shared:,} of the same group, {alike:,} equal or nearly equal; first {keys}; "
            "{way_out}",
            run=run,
            n=len(overlapping),
            total=len(gold),
            snapshot=snapshot,
            same=len(same),
            shared=len(shared),
            alike=len(alike),
            keys=Names(ordered[:NAMED]),
            way_out=way_out,
        )


def _sharing(seen: Iterable[Item], gold: Iterable[Item], of: Any) -> set[str]:
    """The keys of the gold items whose value `of(item)` a seen item has too; an empty value is shared with nobody."""
    values = {of(item) for item in seen}
    return {item.key for item in gold if of(item) and of(item) in values}


def _same_texts(seen: Sequence[Item], gold: Sequence[Item]) -> set[str]:
    """The keys of the gold items whose text equals, or nearly equals, a seen one."""
    equal = _sharing(seen, gold, lambda item: letters(item.text))
    names = [f"{i}" for i in range(len(seen) + len(gold))]
    merged = merge_near_duplicates(names, [item.text for item in (*seen, *gold)])
    near = set(merged[: len(seen)])
    return equal | {item.key for item, name in zip(gold, merged[len(seen) :], strict=True) if name in near}


def _same_voices(seen: Sequence[Item], gold: Sequence[Item], alike: Mapping[str, str]) -> set[str]:
    """The keys of the gold items whose sound, or whose person, is among the seen ones."""
    persons = _sharing(seen, gold, lambda item: item.speaker if names_a_person(item.speaker) else None)
    return persons | _sharing(seen, gold, lambda item: alike.get(item.audio or "", item.audio))


def sounds_of(ws: Workspace, modality: Modality, *parts: Items) -> dict[str, str]:
    """By path of an audio file the sound that stands for all nearly identical ones; empty where only texts are read."""
    if modality == "text":
        return {}
    used = {path for items in parts for path in items.column("audio")}
    recordings = {item.path: item for item in ws.store.corpus.recordings() if item.path in used}
    alike = sounds.representatives(ws, recordings.values())
    return {path: alike[item.id] for path, item in recordings.items() if path and item.id in alike}
