"""The verb about faults. `--json` answers:

- `quality`: `{"findings": [{"check", "level", "severity", "count", "message", "scheme", "numbers": {what: n; of
  label-conflict `labelled` rows and the `repeats` among them}, "ids": [the first 100; paths where the level is file],
  "details": {id: what exactly}, "fix": whether the Quality page can suggest one}], "checked":
  {"utterances", "listened": recordings heard, "checks": [...], "left_out": {check: why}}}`
"""

from typing import Annotated

import typer

from core.cli.frame import Json, answering, progress_bar, table

SHOWN = 100


def quality(
    check: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this check; may be repeated. A wrong NAME lists them all."),
    ] = None,
    json: Json = False,
) -> None:
    """Look for faults: repeats, conflicting labels, broken times, odd audio, files that belong to nothing."""
    with answering(json) as reply:
        from core.workflows.cleaning.checks import run
        from core.workflows.workspace import open_workspace

        ws = open_workspace()
        with progress_bar("check") as tell:
            done = run(ws, check or None, tell)
        findings = [
            {
                "check": one.check, "level": one.level, "severity": one.severity, "count": one.count,
                "message": one.message, "scheme": one.scheme, "numbers": dict(one.numbers),
                "ids": list(one.ids[:SHOWN]),
                "details": {str(i): one.details[str(i)] for i in one.ids[:SHOWN] if str(i) in one.details},
                "fix": one.fix,
            }
            for one in done.findings
        ]  # fmt: skip
        rows = [(one.severity, one.check, one.message, ", ".join(map(str, one.ids[:5]))) for one in done.findings]
        heard = f", {done.checked['listened']:,} recordings heard" if "listened" in done.checked else ""
        reply.give(
            {"findings": findings, "checked": dict(done.checked)},
            f"{len(done.checked['checks'])} checks of {done.checked['utterances']:,} utterances{heard}",
            table("", ("severity", "check", "found", "first ids"), rows) if rows else "Nothing was found.",
            *(f"left out: {name}: {why}" for name, why in done.checked["left_out"].items()),
        )
