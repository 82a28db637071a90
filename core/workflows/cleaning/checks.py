"""Quality checks: reads the corpus for the checks of `core.quality`, stores the findings, and makes Proposals of them.

A Proposal holds a cleaner text if the check can correct it; otherwise it suggests to leave the utterance out. The
corpus does not change before somebody accepts one. The corpus is read once for all checks of texts and recordings, the
sound once for all checks of sound. Findings are stored by check in `quality.json`, so a new run of the text checks
keeps the findings about sound.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core import quality
from core.batches import batches
from core.files import file_lock, write_json
from core.filters import Filter
from core.jobs import submit
from core.messages import Message, message_from_json, message_to_json
from core.quality import CHECKS, Check, Collector, DigestedUtterance, Fact, Finding, Fix
from core.store import NewProposal
from core.workflows.cleaning import audio_checks, decisions
from core.workflows.cleaning.decisions import DecisionCounts
from core.workflows.jobs import Context, by_stage
from core.workflows.workspace import Workspace, now, open_workspace

KIND, CLEANING = "exclude", "cleaning"
FILE = "quality.json"
JOB = "quality"  # the kind of its jobs
AT_ONCE = 50_000  # more utterances than these are checked by a job
MOST_NEAR = 1_000_000  # near-duplicates among so many take about 1 GB and 2 minutes; beyond, only by name
BLOCK = 1000
SOUND = tuple(name for name, check in CHECKS.items() if check.reads == ("sound",))
CORPUS = tuple(name for name in CHECKS if name not in SOUND)
SEVERITIES = ("error", "warning", "info")
Progress = Callable[[str, int, int], None]
Step = Callable[[str, Callable[[], Any]], Any]


@dataclass(frozen=True, slots=True)
class Report:
    """Findings, the gravest first. `at`: when each check ran. `checked`: counts of what was read for it."""

    findings: tuple[Finding, ...] = ()
    at: Mapping[str, str] = field(default_factory=dict)
    checked: Mapping[str, Any] = field(default_factory=dict)


def run(
    ws: Workspace,
    names: Sequence[str] | None = None,
    progress: Progress = lambda stage, done, total: None,
    step: Step = lambda name, fn: fn(),
) -> Report:
    """Run the checks called `names` (None: all) and store what they find. `UnknownName` for an unknown check.

    If all checks run and there are more than `MOST_NEAR` utterances, `near-text` is left out; `checked["left_out"]`
    says so.
    """
    checks = quality.select_checks(list(CHECKS) if names is None else names)
    utterances = ws.store.corpus.find(Filter(skipped=False), limit=0).total
    left_out = {}
    if names is None and utterances > MOST_NEAR:
        checks = tuple(c for c in checks if c.name != "near-text")
        left_out["near-text"] = Message(
            "{n:,} utterances, more than {most:,}: it runs where it is asked for by name", n=utterances, most=MOST_NEAR
        )
    documents: list[dict[str, Any]] = []
    checked: dict[str, Any] = {"utterances": utterances, "checks": [c.name for c in checks], "left_out": left_out}
    if corpus := [c for c in checks if {"utterance", "recording"} & set(c.reads)]:
        documents += step("corpus", lambda: _documents(_read(ws, corpus, progress, utterances)))
    if files := [c for c in checks if "file" in c.reads]:
        documents += step("files", lambda: _documents(_collect(files, _files(ws, files, progress))))
    if sound := [c for c in checks if "sound" in c.reads]:
        facts, checked["listened"] = audio_checks.listen(ws, progress, step)
        documents += _documents(_collect(sound, (fact for fact in facts if fact.check in SOUND)))
    findings = sorted(map(_finding, documents), key=_gravity)
    at = dict.fromkeys((c.name for c in checks), now())
    report = Report(tuple(findings), at, checked)
    _save(ws, report)
    return report


def texts(utterances: int) -> list[str]:
    """The checks that need no sound, for a corpus of that many utterances."""
    return [name for name in CORPUS if name != "near-text" or utterances <= MOST_NEAR]


def last(ws: Workspace) -> Report:
    """The findings of the latest run of each check; empty if none has run."""
    path = ws.settings.home / FILE
    if not path.is_file():
        return Report()
    document = json.loads(path.read_text(encoding="utf-8"))
    return Report(tuple(map(_finding, document["findings"])), document["at"], document["checked"])


def start(ws: Workspace, names: Sequence[str]) -> str:
    """Queue those checks as a job; returns its id."""
    chosen = [check.name for check in quality.select_checks(names)]
    return submit(ws.store, JOB, JOB, {"checks": chosen}, f"quality-{secrets.token_hex(6)}")


def run_job(params: dict[str, Any], job: Context) -> None:
    """The job. It reads recordings in durable steps, so a killed worker goes on where it was."""
    run(open_workspace(), params["checks"], by_stage(job), job.step)


# -- fixes


def propose(ws: Workspace, name: str, progress: Progress = lambda stage, done, total: None) -> int:
    """Suggest to correct or leave out what check `name` finds wrong; returns how many suggestions are new.

    Of equal texts the first stays. Texts are read again for this; for sound, the latest findings are used.
    """
    (check,) = quality.select_checks([name])
    if not check.fix:
        return 0
    if check.name in SOUND:
        fixes = _sound_fixes(ws, check)
    else:
        utterances = ws.store.corpus.find(Filter(skipped=False), limit=0).total
        collector = _read(ws, [check], progress, utterances)[0]
        fixes = collector.fixes()
    return sum(ws.store.proposals.add(_suggest(ws, check, block), now()) for block in batches(iter(fixes), BLOCK))


def kind(name: str) -> str:
    """The kind of the Proposals that check `name` makes."""
    return KIND if CHECKS[name].rewrite is None else CLEANING


def waiting(ws: Workspace, name: str) -> int:
    """How many Proposals of check `name` are open."""
    return ws.store.proposals.open_by_operation(kind(name)).get(name, 0)


def accept_all(
    ws: Workspace, operation: str, curator: str, progress: Progress = lambda stage, done, total: None
) -> DecisionCounts:
    """Accept every open suggestion of a check; returns how many were accepted, refused or made anew."""

    def report(done: int, total: int) -> None:
        progress("proposals", done, total)

    return decisions.accept_all(ws, kind(operation), curator, operation=operation, progress=report)


def _suggest(ws: Workspace, check: Check, fixes: Iterable[Fix]) -> list[NewProposal]:
    """Proposals for those fixes, except where the utterance is skipped or its text is right already."""
    fix_by_id = {fix.id: fix for fix in fixes}
    keep_texts = ws.store.texts.of(sorted({fix.keep for fix in fix_by_id.values() if fix.keep is not None}))
    proposals = []
    for utterance in ws.store.corpus.utterances(list(fix_by_id)):
        fix = fix_by_id[utterance.id]
        payload: dict[str, Any] = {"before": utterance.text}
        payload |= exclusion(fix, keep_texts) if check.rewrite is None else {"text": check.rewrite(utterance.text)}
        if not utterance.skipped and payload.get("text") != utterance.text:
            proposals.append(NewProposal(kind(check.name), utterance.id, check.name, payload, fix.reason))
    return proposals


def exclusion(fix: Fix, texts_by_id: Mapping[int, str]) -> dict[str, Any]:
    """What the payload of an exclusion says of the copy that stays: its id, and its text if `texts_by_id` has it."""
    keep_text = None if fix.keep is None else texts_by_id.get(fix.keep)
    return {"keep": fix.keep} | ({} if keep_text is None else {"keep_text": keep_text})


def _sound_fixes(ws: Workspace, check: Check) -> Iterator[Fix]:
    """Fixes for the latest findings of a sound check; one of a recording is for all its utterances."""
    ids = [i for f in last(ws).findings if f.check == check.name for i in f.ids if isinstance(i, int)]
    if check.level == "utterance":
        yield from (Fix(i, check.what) for i in ids)
        return
    for utterance_ids in ws.store.scan.utterances_of(ids).values():
        yield from (Fix(i, check.what) for i in utterance_ids)


# -- reading


def _read(ws: Workspace, checks: Sequence[Check], progress: Progress, total: int) -> list[Collector]:
    """The collectors of `checks`, after they have read every utterance and recording that they need."""
    collectors = [check.make(check) for check in checks]
    utterance_takers = [c.take for c, check in zip(collectors, checks, strict=True) if "utterance" in check.reads]
    recording_takers = [c.take for c, check in zip(collectors, checks, strict=True) if "recording" in check.reads]
    if utterance_takers:
        done = 0
        for block in ws.store.scan.utterances():
            for item in map(DigestedUtterance, block):
                for take in utterance_takers:
                    take(item)
            done += len(block)
            progress("utterances", done, max(done, total))
    if recording_takers:
        done, recordings = 0, ws.store.corpus.counts()["recordings"]
        for calls in ws.store.scan.calls():
            for recording in calls:
                for take in recording_takers:
                    take(recording)
            done += len(calls)
            progress("recordings", done, max(done, recordings))
    return collectors


def _collect(checks: Sequence[Check], facts: Iterable[Fact]) -> list[Collector]:
    """The collectors of `checks`, after they have taken all `facts`."""
    collectors = [check.make(check) for check in checks]
    for fact in facts:
        for collector in collectors:
            collector.take(fact)
    return collectors


def _files(ws: Workspace, checks: Sequence[Check], progress: Progress) -> Iterator[Fact]:
    """Audio files that a recording names but that are missing, and files below audio/ that no recording names."""
    names = {check.name for check in checks}
    home = ws.settings.home
    if "missing-file" in names:
        done, total = 0, ws.store.corpus.counts()["recordings"]
        for block in ws.store.scan.calls():
            for recording in block:
                if recording.path is not None and not (home / recording.path).is_file():
                    yield Fact("missing-file", recording.id)
            done += len(block)
            progress("files", done, max(done, total))
    if "stray-file" in names:
        paths = (path.relative_to(home).as_posix() for path in sorted(_files_below(ws.settings.audio)))
        for names_of_files in batches(paths, BLOCK):
            known = ws.store.scan.known_paths(names_of_files)
            yield from (Fact("stray-file", name) for name in names_of_files if name not in known)


def _files_below(folder: Path) -> Iterator[Path]:
    """All files in `folder` and below it; none if there is no such folder."""
    return (path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else iter(())


# -- keeping


def _gravity(finding: Finding) -> tuple[int, int]:
    """The sort key of a finding: the gravest first, then the most frequent."""
    return SEVERITIES.index(finding.severity), -finding.count


def _documents(collectors: Iterable[Collector]) -> list[dict[str, Any]]:
    return [_document(finding) for collector in collectors for finding in collector.findings()]


def _document(finding: Finding) -> dict[str, Any]:
    """A finding as JSON; its messages keep their templates and fields."""
    details = {where: message_to_json(detail) for where, detail in finding.details.items()}
    return asdict(finding) | {"message": message_to_json(finding.message), "details": details}


def _finding(document: Mapping[str, Any]) -> Finding:
    """Read a finding from its JSON."""
    details = {where: message_from_json(detail) for where, detail in document["details"].items()}
    return replace(
        Finding(**document), ids=tuple(document["ids"]), message=message_from_json(document["message"]), details=details
    )


def _save(ws: Workspace, report: Report) -> None:
    """Store the report; it replaces earlier findings of the same checks."""
    with file_lock(ws.settings.home / f".{FILE}.lock"):  # a page and the worker may finish at the same time
        before = last(ws)
        others = [f for f in before.findings if f.check not in report.at]
        findings = sorted([*report.findings, *others], key=_gravity)
        document = {
            "findings": [_document(f) for f in findings], "at": {**before.at, **report.at},
            "checked": {**before.checked, **report.checked},
        }  # fmt: skip
        write_json(ws.settings.home / FILE, document)
