"""The verb `quality`, which looks for faults in the corpus. With `--json` it answers:

- `quality`: `{"findings": [{"check", "level", "severity", "count", "message", "scheme", "numbers": {name: n; for
  label-conflict the `labelled` rows and the `repeats` among them}, "ids": [the first 100; paths if the level is file],
  "details": {id: more about it}, "fix": whether the Quality page can suggest one}], "checked": {"utterances",
  "listened": n recordings whose sound was checked, "checks": [...], "left_out": {check: reason}}}`
"""

from typing import Annotated

import typer

from core.cli.frame import Json, answering, progress_bar, table

SHOWN = 100


def quality(
    check: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Run only this check; may be repeated. An unknown NAME lists all checks."),
    ] = None,
    json: Json = False,
) -> None:
    """Look for faults: repeats, conflicting labels, broken times, odd audio, files that belong to nothing."""
    with answering(json) as reply:
        from core.workflows.cleaning.checks import run
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        with progress_bar("check") as show_progress:
            result = run(ws, check or None, show_progress)
        findings = [
            {
                "check": finding.check, "level": finding.level, "severity": finding.severity, "count": finding.count,
                "message": finding.message, "scheme": finding.scheme, "numbers": dict(finding.numbers),
                "ids": list(finding.ids[:SHOWN]),
                "details": {str(i): finding.details[str(i)] for i in finding.ids[:SHOWN] if str(i) in finding.details},
                "fix": finding.fix,
            }
            for finding in result.findings
        ]  # fmt: skip
        rows = [
            (finding.severity, finding.check, finding.message, ", ".join(map(str, finding.ids[:5])))
            for finding in result.findings
        ]
        listened = f", {result.checked['listened']:,} recordings heard" if "listened" in result.checked else ""
        reply.give(
            {"findings": findings, "checked": dict(result.checked)},
            f"{len(result.checked['checks'])} checks of {result.checked['utterances']:,} utterances{listened}",
            table("", ("severity", "check", "found", "first ids"), rows) if rows else "Nothing was found.",
            *(f"left out: {name}: {why}" for name, why in result.checked["left_out"].items()),
        )
