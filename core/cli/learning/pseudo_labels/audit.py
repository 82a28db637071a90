"""The verbs `pseudo-label audit`, `accept`, `withdraw` and `list`. With `--json` they answer:

- `audit RUN` draws, `audit RUN --show [ID]` reports: `{"audit": {"id", "run_id", "scheme", "thresholds", "seed",
  "strata": {name: predictions}, "made_at", "made_by"}, "drawn", "answered", "kept", "n", "right", "precision", "low",
  "high", "noise", "reaches", "suffices", "disputed", "answered_by": {curator: answers},
  "classes": [{"code", "kept", "n", "right", "precision", "low", "high"}]}`
- `accept` and `withdraw`: `{"round": {"id", "scheme", "run_id", "thresholds", "audit_id", "override", "weight",
  "state", "made_at", "made_by", "counts", "verdict", "gold_sha256", "accepted_by", "accepted_at", "override_by"}}`
- `list`: `{"rounds": [as above, with "standing": labels that are still the round's], "audits": [with "answered" and
  "drawn"]}`
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.frame import Json, answering, table
from core.cli.learning.pseudo_labels.options import Confidence, Margin, Mode, Run, Target, asked
from core.errors import InputError

if TYPE_CHECKING:
    from core.records import Round
    from core.workflows.pseudo_labels.accept import Preview
    from core.workflows.pseudo_labels.audit import AuditReport


def audit(
    run: Run,
    target: Target = None,
    thresholds: Mode = "fixed",
    confidence: Confidence = 0.75,
    margin: Margin = 0.20,
    size: Annotated[int, typer.Option(min=1, help="How many items curators are to answer.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Which items are drawn.")] = 0,
    show: Annotated[
        bool, typer.Option("--show", help="Draw nothing: show what the answers say about these thresholds.")
    ] = False,
    id: Annotated[
        int | None, typer.Option(metavar="AUDIT", help="The audit to show, else the newest that suffices.")
    ] = None,
    json: Json = False,
) -> None:
    """Draw a blind sample of what thresholds keep for the review queue, or show what its answers say."""
    with answering(json) as reply:
        from core.workflows.pseudo_labels import audit as audits
        from core.workflows.pseudo_labels import evidence
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        name, given = asked(ws, run, target, thresholds, confidence, margin)
        if show or id is not None:
            known = id if id is not None else evidence.chosen_audit(ws, run, name, given)
            if known is None:
                raise InputError("run {run} has no audit: draw one with pseudo-label audit {run}", run=run)
            report = audits.report(ws, known, given)
            reply.give(_report(report), *_shown(report))
            return
        made = audits.draw(ws, run, name, given, ws.settings.curator, n=size, seed=seed)
        report = audits.report(ws, made.id, given)
        reply.give(
            _report(report),
            f"audit {made.id}: {report.drawn:,} of the predictions wait in the review queue pseudo-label-audit, "
            "without their prediction",
        )


def accept(
    run: Run,
    target: Target = None,
    thresholds: Mode = "fixed",
    confidence: Confidence = 0.75,
    margin: Margin = 0.20,
    audit: Annotated[
        int | None, typer.Option(metavar="AUDIT", help="The audit that it rests on, else the newest that suffices.")
    ] = None,
    override: Annotated[
        str | None, typer.Option(metavar="REASON", help="Accept without an audit; the reason is stored.")
    ] = None,
    weight: Annotated[
        float | None,
        typer.Option(help="Weight of the labels in training, at most 1; by default the audited precision, else 0.5."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask once more.")] = False,
    json: Json = False,
) -> None:
    """Accept what thresholds keep as silver labels of one round, which `withdraw` takes back as one."""
    with answering(json) as reply:
        from core.workflows.pseudo_labels import accept as acceptance
        from core.workflows.pseudo_labels import evidence
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        name, given = asked(ws, run, target, thresholds, confidence, margin)
        known = evidence.chosen_audit(ws, run, name, given) if override is None and audit is None else None
        basis = known if audit is None else audit
        seen = acceptance.preview(ws, run, name, given, basis)
        if not yes:
            typer.confirm(_question(seen, ws.settings.curator), abort=True, err=True)
        made = acceptance.accept(
            ws, run, name, given, ws.settings.curator, audit_id=basis, override=override, weight=weight,
            confirmed=seen.new,
        )  # fmt: skip
        n = made.counts["written"]
        reply.give({"round": asdict(made)}, f"round {made.id}: {n:,} silver labels under {name}; {_rest(made)}")


def withdraw(
    round: Annotated[int, typer.Argument(metavar="ROUND", help="The number of an accepted round, from `list`.")],
    json: Json = False,
) -> None:
    """Take back every label of a round that nobody has labelled since."""
    with answering(json) as reply:
        from core.workflows.pseudo_labels import accept as acceptance
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        made = acceptance.withdraw(ws, round, ws.settings.curator)
        stay = made.counts["written"] - made.counts["withdrawn"]
        reply.give(
            {"round": asdict(made)},
            f"round {made.id} is withdrawn: {made.counts['withdrawn']:,} labels taken back, {stay:,} that people "
            "decided on since stay",
        )


def list_rounds(target: Target = None, json: Json = False) -> None:
    """List the rounds and the audits, the newest first."""
    with answering(json) as reply:
        from core.workflows.pseudo_labels import accept as acceptance
        from core.workflows.pseudo_labels import audit as audits
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        rounds, drawn = acceptance.rounds(ws, target), audits.audits(ws, None, target)
        standing = {name: acceptance.standing(ws, name) for name in {x.scheme for x in rounds}}
        left = {x.id: standing[x.scheme].get(x.id, 0) for x in rounds}
        answers = {x.id: audits.answered(ws, x.id) for x in drawn}
        document = {
            "rounds": [asdict(x) | {"standing": left[x.id]} for x in rounds],
            "audits": [asdict(x) | {"answered": answers[x.id][0], "drawn": answers[x.id][1]} for x in drawn],
        }
        head = ("round", "scheme", "run", "state", "labels", "audit", "why without one", "at", "by")
        rows = [
            (x.id, x.scheme, x.run_id, x.state, f"{left[x.id]:,}", x.audit_id or "–", x.override or "",
             (x.accepted_at or x.made_at)[:16], x.accepted_by or x.made_by)
            for x in rounds
        ]  # fmt: skip
        of_audits = [(x.id, x.scheme, x.run_id, "{} / {}".format(*answers[x.id]), x.made_at[:16]) for x in drawn]
        reply.give(
            document,
            table("", head, rows) if rows else "No round yet.",
            *([table("", ("audit", "scheme", "run", "answered", "at"), of_audits)] if of_audits else []),
        )


def _report(report: "AuditReport") -> dict[str, Any]:
    document = asdict(report)
    for part in (document, *document["classes"]):
        part["precision"] = part.pop("value")
    return document | {"noise": report.noise, "suffices": report.suffices}


def _shown(report: "AuditReport") -> tuple[Any, ...]:
    rows = [(x.code, f"{x.kept:,}", f"{x.n:,}", f"{x.right:,}", _share(x.value, x.low, x.high)) for x in report.classes]
    head = f"audit {report.audit.id}: {report.answered:,} of {report.drawn:,} answered; precision "
    return (
        f"{head}{_share(report.value, report.low, report.high)} over {report.n:,} items of what these thresholds keep",
        *_notes(report),
        table("", ("class", "kept", "answered", "right", "precision (95 %)"), rows),
    )


def _notes(report: "AuditReport") -> list[str]:
    """What there is to know about the answers: who gave them, which wait, and whether they are enough."""
    people = ", ".join(f"{who} {n:,}" for who, n in report.answered_by.items())
    notes = [f"answers by {people}"] if people else []
    if report.disputed:
        notes.append(f"{report.disputed:,} answers differ between people and count as wrong until they are settled")
    return notes if report.suffices else [*notes, "too little to accept these thresholds"]


def _question(seen: "Preview", curator: str) -> str:
    wrong = "; no audit says how many are wrong" if seen.wrong is None else f"; about {seen.wrong:,} of them are wrong"
    own = seen.report.answered_by.get(curator, 0) if seen.report else 0
    yours = f"; {own:,} of the audit's answers are your own, which is stored" if own else ""
    return f"{seen.new:,} labels will be written{wrong}{yours}. Accept them?"


def _rest(made: "Round") -> str:
    counts = made.counts
    return (
        f"{counts['labelled']:,} had a person's label, {counts['silver']:,} a machine's, {counts['decided']:,} were "
        f"taken off or rejected by people, {counts['reviewed']:,} were on a curator's screen, {counts['unfit']:,} are "
        "skipped or out of the corpus"
    )


def _share(value: float | None, low: float | None, high: float | None) -> str:
    return "–" if value is None or low is None or high is None else f"{value:.3f} ({low:.3f} – {high:.3f})"
