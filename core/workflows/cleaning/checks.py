"""Faults, before they hurt: reading the corpus for the checks of `core.quality`, keeping what they found, and making
Proposals of it: a cleaner text where the check can mend, else to leave the utterance out. Nothing in the corpus changes
before somebody accepts one.

The corpus is read once for all checks of texts and recordings, the sound once for all checks of sound. What was found
is kept check by check in `quality.json`, so that checking the texts again leaves what listening has told.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core import quality
from core.batches import batches
from core.files import locked, write_json
from core.filters import Filter
from core.jobs import submit
from core.messages import Message, packed, unpacked
from core.quality import CHECKS, Check, Collector, Fact, Finding, Fix, Marked
from core.store import NewProposal
from core.workflows.cleaning import audio_checks, decisions
from core.workflows.cleaning.decisions import Decided
from core.workflows.jobs import Context
from core.workflows.workspace import Workspace, now, open_workspace

KIND, CLEANING = "exclude", "cleaning"
FILE = "quality.json"
JOB = "quality"  # the kind of its jobs
AT_ONCE = 50_000  # more utterances than these are checked by a job
MOST_NEAR = 1_000_000  # near-duplicates among so many take about 1 GB and 2 minutes; more, where asked for by name
BLOCK = 1000
SOUND = tuple(name for name, one in CHECKS.items() if one.reads == ("sound",))
CORPUS = tuple(name for name in CHECKS if name not in SOUND)
SEVERITIES = ("error", "warning", "info")
Progress = Callable[[str, int, int], None]
Step = Callable[[str, Callable[[], Any]], Any]


@dataclass(frozen=True, slots=True)
class Report:
    """`findings`, the gravest first; `at` says when each check ran; `checked` counts what was read for it."""

    findings: tuple[Finding, ...] = ()
    at: Mapping[str, str] = field(default_factory=dict)
    checked: Mapping[str, Any] = field(default_factory=dict)


def run(
    ws: Workspace,
    names: Sequence[str] | None = None,
    progress: Progress = lambda stage, done, total: None,
    step: Step = lambda name, fn: fn(),
) -> Report:
    """Run the checks called `names` (None: all) and keep what they find. `UnknownName` for another name.

    Of all checks, near-duplicates are left out beyond `MOST_NEAR` utterances, and `checked["left_out"]` says so.
    """
    checks = quality.chosen(list(CHECKS) if names is None else names)
    utterances = ws.store.corpus.find(Filter(skipped=False), limit=0).total
    left_out = {}
    if names is None and utterances > MOST_NEAR:
        checks = tuple(one for one in checks if one.name != "near-text")
        left_out["near-text"] = Message(
            "{n:,} utterances, more than {most:,}: it runs where it is asked for by name", n=utterances, most=MOST_NEAR
        )
    found: list[dict[str, Any]] = []
    checked: dict[str, Any] = {"utterances": utterances, "checks": [one.name for one in checks], "left_out": left_out}
    if corpus := [one for one in checks if {"said", "call"} & set(one.reads)]:
        found += step("corpus", lambda: _documents(_read(ws, corpus, progress, utterances)))
    if files := [one for one in checks if "file" in one.reads]:
        found += step("files", lambda: _documents(_collected(files, _files(ws, files, progress))))
    if sound := [one for one in checks if "sound" in one.reads]:
        facts, checked["listened"] = audio_checks.listen(ws, progress, step)
        found += _documents(_collected(sound, (fact for fact in facts if fact.check in SOUND)))
    findings = sorted(map(_finding, found), key=lambda one: (SEVERITIES.index(one.severity), -one.count))
    at = dict.fromkeys((one.name for one in checks), now())
    made = Report(tuple(findings), at, checked)
    _keep(ws, made)
    return made


def texts(utterances: int) -> list[str]:
    """The checks that need no sound, for a corpus of so many utterances."""
    return [name for name in CORPUS if name != "near-text" or utterances <= MOST_NEAR]


def last(ws: Workspace) -> Report:
    """What the latest run of each check has found; empty where none was run."""
    path = ws.settings.home / FILE
    if not path.is_file():
        return Report()
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Report(tuple(map(_finding, kept["findings"])), kept["at"], kept["checked"])


def start(ws: Workspace, names: Sequence[str]) -> str:
    """Queue those checks as a job; its id."""
    checks = [one.name for one in quality.chosen(names)]
    return submit(ws.store, JOB, JOB, {"checks": checks}, f"quality-{secrets.token_hex(6)}")


def run_job(params: dict[str, Any], job: Context) -> None:
    """The job: recordings are listened to in durable steps, so that a killed worker goes on where it was."""

    def tell(stage: str, done: int, total: int) -> None:
        job.report({"stage": stage, "done": done, "total": total, "unit": stage})

    run(open_workspace(), params["checks"], tell, job.step)


# -- fixes


def propose(ws: Workspace, name: str, progress: Progress = lambda stage, done, total: None) -> int:
    """Suggest to mend or leave out what check `name` finds wrong, the first of equal texts kept; how many are new.

    Texts are read again for it, sound is not: there the latest finding counts.
    """
    (check,) = quality.chosen([name])
    if not check.fix:
        return 0
    if check.name in SOUND:
        fixes = _heard_wrong(ws, check)
    else:
        utterances = ws.store.corpus.find(Filter(skipped=False), limit=0).total
        collector = _read(ws, [check], progress, utterances)[0]
        fixes = collector.fixes()
    return sum(ws.store.proposals.add(_suggest(ws, check, block), now()) for block in batches(iter(fixes), BLOCK))


def kind(name: str) -> str:
    """Of the Proposals that check `name` makes."""
    return KIND if CHECKS[name].mend is None else CLEANING


def waiting(ws: Workspace, name: str) -> int:
    """How many Proposals of check `name` are open."""
    return ws.store.proposals.open_by_operation(kind(name)).get(name, 0)


def accept_all(
    ws: Workspace, operation: str, curator: str, progress: Progress = lambda stage, done, total: None
) -> Decided:
    """Accept every open suggestion of a check, and count which way they went."""

    def tell(done: int, total: int) -> None:
        progress("proposals", done, total)

    return decisions.accept_all(ws, kind(operation), curator, operation=operation, progress=tell)


def _suggest(ws: Workspace, check: Check, fixes: Iterable[Fix]) -> list[NewProposal]:
    told = {fix.id: fix for fix in fixes}
    made = []
    for one in ws.store.corpus.utterances(list(told)):
        fix = told[one.id]
        payload: dict[str, Any] = {"before": one.text}
        payload |= {"keep": fix.keep} if check.mend is None else {"text": check.mend(one.text)}
        if not one.skipped and payload.get("text") != one.text:
            made.append(NewProposal(kind(check.name), one.id, check.name, payload, fix.reason))
    return made


def _heard_wrong(ws: Workspace, check: Check) -> Iterator[Fix]:
    ids = [i for one in last(ws).findings if one.check == check.name for i in one.ids if isinstance(i, int)]
    if check.level == "utterance":
        yield from (Fix(one, check.what) for one in ids)
        return
    for said in ws.store.audit.utterances_of(ids).values():
        yield from (Fix(one, check.what) for one in said)


# -- reading


def _read(ws: Workspace, checks: Sequence[Check], progress: Progress, total: int) -> list[Collector]:
    """Collectors of `checks` that have seen every utterance and recording they ask for."""
    made = [one.make(one) for one in checks]
    hears = [c.take for c, one in zip(made, checks, strict=True) if "said" in one.reads]
    calls = [c.take for c, one in zip(made, checks, strict=True) if "call" in one.reads]
    if hears:
        done = 0
        for said in ws.store.audit.said():
            for item in map(Marked, said):
                for take in hears:
                    take(item)
            done += len(said)
            progress("utterances", done, max(done, total))
    if calls:
        done, recordings = 0, ws.store.corpus.counts()["recordings"]
        for block in ws.store.audit.calls():
            for call in block:
                for take in calls:
                    take(call)
            done += len(block)
            progress("recordings", done, max(done, recordings))
    return made


def _collected(checks: Sequence[Check], facts: Iterable[Fact]) -> list[Collector]:
    made = [one.make(one) for one in checks]
    for fact in facts:
        for collector in made:
            collector.take(fact)
    return made


def _files(ws: Workspace, checks: Sequence[Check], progress: Progress) -> Iterator[Fact]:
    """Audio that a recording names and that is not there, and files below audio/ that no recording names."""
    names = {one.name for one in checks}
    home = ws.settings.home
    if "missing-file" in names:
        done, total = 0, ws.store.corpus.counts()["recordings"]
        for block in ws.store.audit.calls():
            for call in block:
                if call.path is not None and not (home / call.path).is_file():
                    yield Fact("missing-file", call.id)
            done += len(block)
            progress("files", done, max(done, total))
    if "stray-file" in names:
        paths = (path.relative_to(home).as_posix() for path in sorted(_below(ws.settings.audio)))
        for names_of_files in batches(paths, BLOCK):
            known = ws.store.audit.known_paths(names_of_files)
            yield from (Fact("stray-file", name) for name in names_of_files if name not in known)


def _below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else iter(())


# -- keeping


def _documents(collectors: Iterable[Collector]) -> list[dict[str, Any]]:
    return [_document(found) for one in collectors for found in one.findings()]


def _document(found: Finding) -> dict[str, Any]:
    """A finding as JSON, its messages with their templates and fields."""
    details = {where: packed(detail) for where, detail in found.details.items()}
    return asdict(found) | {"message": packed(found.message), "details": details}


def _finding(document: Mapping[str, Any]) -> Finding:
    details = {where: unpacked(detail) for where, detail in document["details"].items()}
    return replace(
        Finding(**document), ids=tuple(document["ids"]), message=unpacked(document["message"]), details=details
    )


def _keep(ws: Workspace, made: Report) -> None:
    """Put what was found in the place of what the same checks found before."""
    with locked(ws.settings.home / f".{FILE}.lock"):  # a page and the worker may end at the same moment
        before = last(ws)
        others = [one for one in before.findings if one.check not in made.at]
        findings = sorted([*made.findings, *others], key=lambda one: (SEVERITIES.index(one.severity), -one.count))
        kept = {
            "findings": [_document(one) for one in findings], "at": {**before.at, **made.at},
            "checked": {**before.checked, **made.checked},
        }  # fmt: skip
        write_json(ws.settings.home / FILE, kept)
