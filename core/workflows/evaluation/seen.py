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

from core.errors import CheckpointMismatch, InputError, NotFound
from core.inference.predictor import cached
from core.messages import Message, Names, message_from_json, message_to_json
from core.models import Modality
from core.records import RunInfo
from core.runs.card import read_card
from core.snapshots.format import Snapshot, read
from core.snapshots.items import Item, Items
from core.speakers import names_a_person
from core.split import merge_near_duplicates
from core.text import letters
from core.workflows.snapshots import sounds
from core.workflows.workspace import Workspace

NAMED = 5  # keys that a refusal names
UNFAIR = "unfair_test"  # in the metrics of a run
UNSEEN = Message("freeze a gold set that the run was neither trained nor tuned on")
TAUGHT = Message(
    "freeze a gold set that the teacher has not seen, or the student's snapshot with the sides of the teacher's "
    "(--sides-of), and train the student on that"
)


def teachers(ws: Workspace, run: RunInfo) -> list[RunInfo]:
    """The runs whose pseudo-labels the run learnt from, and those that these learnt from; the nearest first.

    `InputError` for a teacher that is not here: then nobody can tell what it has seen.
    """
    ordered: dict[str, RunInfo] = {}
    waiting = [run]
    while waiting:
        learner = waiting.pop(0)
        for made in _rounds_of(ws, learner):
            if (teacher := str(made["run"])) not in (run.id, *ordered):
                try:
                    ordered[teacher] = ws.store.ledger.run(teacher)
                except NotFound as error:
                    raise _untold(teacher, error) from error
                waiting.append(ordered[teacher])
    return list(ordered.values())


def rounds_in(ws: Workspace, snapshot: str) -> Sequence[Mapping[str, Any]]:
    """The pseudo-labels in a snapshot whose teacher is known: {round, run, scheme, weight, n} of each round.

    None for a snapshot that is not here: that of an imported run, whose card names its rounds.
    """
    here = (info for info in ws.store.ledger.snapshots() if info.name == snapshot)
    reports = [info.counts.get("report", {}) for info in here]
    return [made for report in reports for made in report.get("rounds", ()) if made["run"] is not None]


def _rounds_of(ws: Workspace, run: RunInfo) -> Sequence[Mapping[str, Any]]:
    """The rounds that a run learnt from: those of its snapshot or, where that is not here, those in its card."""
    if _is_here(ws, run.snapshot):
        return rounds_in(ws, run.snapshot)
    lineage = read_card(ws.run_folder(run.id)).lineage
    return [made for made in lineage.get("rounds", ()) if made.get("run") is not None]


def _is_here(ws: Workspace, snapshot: str) -> bool:
    return any(info.name == snapshot for info in ws.store.ledger.snapshots())


def _untold(run_id: str, why: Exception) -> InputError:
    return InputError(
        "nobody can tell what run {run} has seen, so neither it nor what it taught is scored: {why}. Train it again in "
        "this workspace, or take the pseudo-labels of a run that was trained here",
        run=run_id,
        why=why.args[0],
    )


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
        items = _told_items(ws, learner)
        items = items.take([row for row, side in enumerate(items.column("side")) if side != "test"])
        alike = sounds_of(ws, learner.modality, items, gold)
        way_out = TAUGHT if learner is not run else UNSEEN
        refuse_seen(title, gold_set, learner.modality, items, gold, alike, way_out)


def refuse_own_test(ws: Workspace, run: RunInfo) -> None:
    """`InputError` if a teacher of the run has seen an item of the run's own test side.

    The run itself has not: freezing a snapshot sees to that. Of an imported run the mark that its training left counts.
    """
    if UNFAIR in run.metrics and not _is_here(ws, run.snapshot):
        if mark := run.metrics[UNFAIR]:
            raise InputError("{why}", why=message_from_json(mark["why"]))
        return
    if any(teacher.snapshot != run.snapshot for teacher in teachers(ws, run)):
        _unseen_test(ws, run.id)


def marked(ws: Workspace, run_id: str, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics of a run that has just been trained, with what must be known of its teachers.

    `unfair_test` is {n, of, why} where its score on its own test side is refused (n and of are None where nobody can
    tell), and None where its teachers have not seen it. `unknown_machine` counts the labels that it learnt from a
    machine that nobody can name. A run that learnt from people alone has neither.
    """
    run = ws.store.ledger.run(run_id)
    report = ws.store.ledger.snapshot(run.snapshot).counts.get("report", {})
    more: dict[str, Any] = {}
    if unknown := sum(made["n"] for made in report.get("rounds", ()) if made["run"] is None):
        more["unknown_machine"] = unknown
    if rounds_in(ws, run.snapshot):
        more[UNFAIR] = _mark(ws, run)
    return {**metrics, **more}


def _mark(ws: Workspace, run: RunInfo) -> dict[str, Any] | None:
    try:
        refuse_own_test(ws, run)
    except InputError as error:
        counted = error.message.fields
        return {"n": counted.get("n"), "of": counted.get("total"), "why": message_to_json(error.message)}
    return None


@lru_cache(maxsize=64)
def _unseen_test(ws: Workspace, run_id: str) -> None:
    """Checked once a process where nothing was seen: a finished run, its snapshot and its teachers never change."""
    run = ws.store.ledger.run(run_id)
    items = own_items(ws, run)
    test = items.take([row for row, side in enumerate(items.column("side")) if side == "test"])
    refuse(ws, run, run.snapshot, test, {run.snapshot})


def _told_items(ws: Workspace, run: RunInfo) -> Items:
    """All items of the run's own snapshot; `InputError` if that is not here, or not the one that it learnt from."""
    try:
        return own_items(ws, run)
    except (NotFound, CheckpointMismatch) as error:
        raise _untold(run.id, error) from error


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
    shared = _sharing(seen, gold, lambda item: item.group) | _sharing(seen, gold, lambda item: item.recording)
    shared -= same
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
