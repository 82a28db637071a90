"""Create snapshots: frozen utterances or calls with text, labels and side (train, validation, test), for training."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.errors import InputError
from core.messages import Message, SchemeName, Word
from core.records import Side, SnapshotInfo
from core.snapshots.conflicts import Conflicts
from core.snapshots.format import Inputs, Official, Snapshot, Unit, read, write
from core.snapshots.freeze import build
from core.split import parse_fractions
from core.text.model_text import DEFAULT_PLAN
from core.workflows.corpus.schemes import trainable
from core.workflows.evaluation.marks import split_marks
from core.workflows.snapshots.samples import Gathering, check_unit
from core.workflows.workspace import Workspace, now

__all__ = ["Conflicts", "Inputs", "Official", "Unit", "create", "every", "explained"]


def create(
    ws: Workspace,
    name: str,
    scheme_name: str | Sequence[str],
    split: str = "70/15/15",
    seed: int = 0,
    *,
    inputs: Inputs = "text",
    conflicts: Conflicts = "keep",
    official: Official | None = None,
    unit: Unit = "utterance",
    sides_of: str | None = None,
) -> SnapshotInfo:
    """Freeze everything labelled under one scheme or several, for models that read the text, the voice or both.

    For a recording scheme (urgency, sentiment) each utterance of the caller gets the label of its recording. The
    call-taker's utterances are left out there: they follow a protocol, and a model would learn the protocol. Skipped
    utterances and targets with an open dispute are left out too. With several schemes an item without a usable answer
    under one of them stays, if it has one under another. `unit` "call" freezes whole calls, with all their turns, under
    recording schemes. `official` takes the published split of the items, as their import kept it; items without one are
    left out. `sides_of` names a snapshot whose items keep their side, as a student needs it whose teacher has learnt
    from that snapshot. `InputError` for a name that exists already.
    """
    names = [scheme_name] if isinstance(scheme_name, str) else list(scheme_name)
    if not names:
        raise InputError("snapshot {name}: name at least one scheme", name=name)
    schemes = [trainable(scheme_name) for scheme_name in names]
    check_unit(schemes, unit)
    fractions = parse_fractions(split)
    sides = _sides(ws, name, sides_of, official) if sides_of else {}
    gathered = Gathering(ws, schemes, inputs, official is not None, unit)
    frozen = build(
        name, schemes[0], gathered.items(), fractions, seed, now(), DEFAULT_PLAN, inputs=inputs, conflicts=conflicts,
        marks=gathered.marks, official=official, further=gathered.targets(), unit=unit,
        lineages=gathered.lineages, weights=gathered.weights, sides=sides,
    )  # fmt: skip
    report = {**_with_left_out(frozen.report, gathered), **_made_by(ws, frozen, gathered)}
    report |= {"sides_of": sides_of} if sides_of else {}
    return stored(ws, replace(frozen, report=report))


def _sides(ws: Workspace, name: str, of: str, official: Official | None) -> dict[str, Side]:
    """The sides of the items of the snapshot `of`, by key."""
    ws.store.ledger.snapshot(of)  # `NotFound` lists those that there are
    if official is not None:
        raise InputError(
            "snapshot {name}: take either the published split or the sides of snapshot {of}, not both", name=name, of=of
        )
    items = read(ws.snapshot_folder(of)).items
    return dict(zip(items.column("key"), items.column("side"), strict=True))


def _made_by(ws: Workspace, frozen: Snapshot, gathered: Gathering) -> dict[str, Any]:
    """The rounds of pseudo-labels whose answers the snapshot holds, each with its teacher run and its number of items.

    `{"rounds": [{"round", "run", "scheme", "weight", "n"}]}`; empty without any. `round` is None for labels that no
    round made, `run` too where nobody can tell which machine it was.
    """
    keys = set(frozen.items.column("key"))
    held = [
        (name, number, n)
        for name, of_scheme in gathered.rounds.items()
        for number, n in Counter(number for key, number in of_scheme.items() if key in keys).items()
    ]
    rounds = [(ws.store.rounds.get(number), name, n) for name, number, n in sorted(held)]
    made: list[dict[str, Any]] = [
        {"round": made.id, "run": made.run_id, "scheme": name, "weight": made.weight, "n": n}
        for made, name, n in rounds
    ]
    made += [
        {"round": None, "run": run, "scheme": name, "weight": weight, "n": n}
        for name, of_scheme in gathered.loose.items()
        for (run, weight), n in sorted(
            Counter(
                (run, gathered.weights[name].get(key, 1.0)) for key, run in of_scheme.items() if key in keys
            ).items(),
            key=str,
        )
    ]
    return {"rounds": made} if made else {}


def _with_left_out(report: Mapping[str, Any], gathered: Gathering) -> dict[str, Any]:
    """The report with what was not frozen, and why. With one scheme an answer that is not used is an item left out."""
    first, *others = gathered.masked.items()
    if not others:
        return {**report, "left_out": dict(gathered.left_out + first[1])}
    targets = {name: {**report["targets"][name], "left_out": dict(+n)} for name, n in gathered.masked.items()}
    return {**report, "left_out": dict(gathered.left_out), "targets": targets}


def stored(ws: Workspace, frozen: Snapshot) -> SnapshotInfo:
    """Write the folder, then the row of the snapshot."""
    folder = ws.settings.snapshots / frozen.name
    if folder.exists() and frozen.name not in {info.name for info in ws.store.ledger.snapshots()}:
        shutil.rmtree(folder)  # a process was killed after it wrote the folder and before it wrote the row
    write(frozen, folder)
    info = SnapshotInfo(frozen.name, frozen.scheme, frozen.sha256, frozen.created_at, frozen.summary())
    try:
        ws.store.ledger.add_snapshot(info)
    except Exception:
        shutil.rmtree(folder)  # a folder without a row would block its name for ever
        raise
    return info


def explained(report: Mapping[str, Any]) -> list[Message]:
    """What a snapshot left out, found contradictory or could not keep apart, a sentence each; zeros are left out."""
    n = Counter({name: value for name, value in report.items() if isinstance(value, int)})
    conflicts = report.get("conflicts", {"texts": 0, "rows": 0, "did": "keep"})
    lines = [(Message("left out, {reason}: {n:,}", reason=Word(why), n=k), k) for why, k in _reasons(report).items()]
    lines += [
        (Message("left out, nothing to read: {n:,}", n=n["dropped_empty"]), n["dropped_empty"]),
        (Message("left out, contradictory: {n:,}", n=n["dropped_conflicts"]), n["dropped_conflicts"]),
        (
            Message("left out of validation and test, not gold: {n:,}", n=n["dropped_not_gold"]),
            n["dropped_not_gold"],
        ),
        (
            Message("left out of training, repeats a held-out text: {n:,}", n=n["dropped_repeats"]),
            n["dropped_repeats"],
        ),
        (
            Message(
                "{texts:,} texts carry several classes ({rows:,} rows); what was done: {did}",
                texts=conflicts["texts"], rows=conflicts["rows"], did=Word(conflicts["did"]),
            ),
            0 if "targets" in report else conflicts["texts"],
        ),
        (
            Message(
                "{n:,} speakers stand on several sides, so a score by voice is too high; freeze with --inputs voice",
                n=n["persons_on_several_sides"],
            ),
            n["persons_on_several_sides"],
        ),
    ]  # fmt: skip
    sentences = [sentence for sentence, count in lines if count] + _explained_targets(report.get("targets", {}))
    sentences += split_marks({"official": report.get("official")})
    return sentences + [Message(line) for line in report["warnings"]]


def _explained_targets(targets: Mapping[str, Mapping[str, Any]]) -> list[Message]:
    """Which answers of each scheme are not used, and why; nothing for a snapshot of one scheme."""
    lines = []
    for name, report in targets.items():
        reasons = [(Word(why), n) for why, n in report.get("left_out", {}).items()]
        reasons += [
            (Word("contradictory"), report["masked_conflicts"]),
            (Word("not gold, on validation or test"), report["masked_not_gold"]),
        ]
        lines += [
            Message("{scheme}: {n:,} answers are not used: {reason}", scheme=SchemeName(name), n=n, reason=why)
            for why, n in reasons
            if n
        ]
        if (conflicts := report["conflicts"])["texts"]:
            lines.append(
                Message(
                    "{scheme}: {texts:,} texts carry several classes ({rows:,} rows); what was done: {did}",
                    scheme=SchemeName(name), texts=conflicts["texts"], rows=conflicts["rows"],
                    did=Word(conflicts["did"]),
                )
            )  # fmt: skip
    return lines


def _reasons(report: Mapping[str, Any]) -> Mapping[str, int]:
    reasons: Mapping[str, int] = report.get("left_out", {})
    return reasons


def every(ws: Workspace) -> list[SnapshotInfo]:
    """The snapshots of the workspace, the newest first."""
    return ws.store.ledger.snapshots()
