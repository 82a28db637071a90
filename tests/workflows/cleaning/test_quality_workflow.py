"""core.workflows.cleaning.checks, with a real store and real files: findings, fixes accepted and undone, known
answers.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sounds import RATE_HZ, record, talk
from store_data import AT, call, sentences
from typer.testing import CliRunner

from core import schemes
from core.cli.app import app
from core.errors import Cancelled, Conflict, UnknownName
from core.ingest.tables import File, Options, Reject, Row, open_table
from core.ingest.tables.labels import LabelReader
from core.ingest.tables.row_parser import RowParser
from core.jobs import JOBS
from core.quality import CHECKS, DigestedUtterance, Finding, select_checks
from core.records import NewRecording, NewUtterance, ScannedUtterance
from core.schemes import DANGER
from core.store import NewProposal, Store
from core.text import nfc
from core.text.visible import same_text
from core.workflows import jobs
from core.workflows.cleaning import checks, decisions
from core.workflows.cleaning.decisions import DecisionCounts
from core.workflows.imports.tables import table as ingest_table
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    schemes.publish(None, [])


def by_check(report: checks.Report) -> dict[str, Finding]:
    return {finding.check: finding for finding in report.findings}


def counted(ws: Workspace, *names: str) -> dict[str, int]:
    return {finding.check: finding.count for finding in checks.run(ws, names or None).findings}


# -- the store's side


def test_the_store_hands_out_what_stands_and_nobody_skipped(store: Store) -> None:
    a, b, c = sentences(store, "가", "나", "다", labels={"danger": "danger"})
    store.review.decide(b, 0, "ann", AT, skip=True)
    store.review.decide(c, 0, "ann", AT, text="라", labels={"danger": "normal"})
    spoken = call(store, "c1", "네", "불이 났어요", labels={"urgency": "high"})
    rows = [item for block in store.scan.utterances(block=2) for item in block]
    assert [(item.id, item.text, item.labels) for item in rows] == [
        (a, "가", {"danger": "danger"}), (c, "라", {"danger": "normal"}), (spoken[0], "네", {}),
        (spoken[1], "불이 났어요", {}),
    ]  # fmt: skip
    assert [item.recording_id for item in rows] == [None, None, 1, 1]
    ((item,),) = store.scan.calls()
    assert (item.key, item.labels, [span.start_ms for span in item.spans]) == ("c1", {"urgency": "high"}, [0, 1000])
    assert store.scan.utterances_of([1, 99]) == {1: spoken}


def test_a_recording_whose_utterances_are_all_skipped_is_not_told(store: Store) -> None:
    first, second = call(store, "c1", "네", "아니요")
    call(store, "c2", "네")
    store.review.decide(first, 0, "ann", AT, skip=True)
    assert [item.key for block in store.scan.calls(block=1) for item in block] == ["c1", "c2"]
    store.review.decide(second, 0, "ann", AT, skip=True)
    assert [item.key for block in store.scan.calls(block=1) for item in block] == ["c2"]


def exclude(target: int, before: str = "불이야") -> NewProposal:
    return NewProposal("exclude", target, "same-text", {"before": before, "keep": 9}, "the same text as utterance 9")


def test_an_accepted_exclude_is_a_revision_and_can_be_taken_back(store: Store) -> None:
    first, second = sentences(store, "불이야", "불이야")
    assert store.proposals.add([exclude(first), exclude(second)], AT) == 2
    assert store.proposals.decide(1, True, "ann", AT).state == "accepted"
    assert store.corpus.utterance(first).skipped
    (made,) = store.review.history(first)
    assert (made.curator, made.act, made.why, made.after) == (
        "ann", "accept", "same-text: the same text as utterance 9", {"skipped": True},
    )  # fmt: skip
    undone = store.proposals.undo("exclude", "ann", AT)
    assert undone is not None
    assert undone.state == "open"
    assert not store.corpus.utterance(first).skipped


def test_an_exclude_of_what_has_changed_is_refused(store: Store) -> None:
    first, second = sentences(store, "불이야", "불이야")
    store.proposals.add([exclude(first), exclude(second)], AT)
    store.review.decide(first, 0, "bob", AT, text="불이 났어요")
    store.review.decide(second, 0, "bob", AT, skip=True)
    with pytest.raises(Conflict, match="the text of utterance 1 was changed meanwhile; reject"):
        store.proposals.decide(1, True, "ann", AT)
    with pytest.raises(Conflict, match="utterance 2 is left out already; reject"):
        store.proposals.decide(2, True, "ann", AT)
    assert store.proposals.accept_many([1, 2], "ann", AT) == {1: "changed", 2: "left-out"}
    assert store.proposals.counts("exclude") == {"open": 2, "accepted": 0, "rejected": 0}


# -- runs


def test_nothing_is_wrong_with_nothing(ws: Workspace) -> None:
    report = checks.run(ws)
    assert (report.findings, report.checked["utterances"], report.checked["listened"]) == ((), 0, 0)
    assert checks.last(ws) == report
    with pytest.raises(UnknownName, match="unknown check 'meh'"):
        checks.run(ws, ["meh"])


def test_what_was_found_is_kept_check_by_check(ws: Workspace) -> None:
    assert checks.last(ws) == checks.Report()
    sentences(ws.store, "불이야", "불이야", "")
    assert counted(ws, "same-text") == {"same-text": 1}
    assert counted(ws, "empty-text") == {"empty-text": 1}
    report = checks.last(ws)
    assert by_check(report)["same-text"].ids == (2,)
    assert set(report.at) == {"same-text", "empty-text"}
    ws.store.review.decide(2, 0, "ann", AT, skip=True)
    checks.run(ws, ["same-text"])
    assert [finding.check for finding in checks.last(ws).findings] == ["empty-text"]


def test_near_duplicates_of_many_are_looked_for_by_name_only(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MOST_NEAR", 1)
    sentences(ws.store, "지하 주차장에서 연기가 올라와요", "지하 주차장에서 연기가 올라와요 빨리")
    report = checks.run(ws)
    assert "near-text" not in by_check(report)
    assert report.checked["left_out"] == {
        "near-text": "2 utterances, more than 1: it runs where it is asked for by name"
    }  # fmt: skip
    assert "near-text" not in checks.texts(2)
    assert counted(ws, "near-text") == {"near-text": 1}


def test_fixes_are_offered_once_accepted_together_and_undone(ws: Workspace) -> None:
    ids = sentences(ws.store, "불이야", "불이야", "연기", "불이야", labels={"danger": "danger"})
    assert checks.propose(ws, "same-text") == 2
    assert checks.propose(ws, "same-text") == 0
    assert ws.store.corpus.progress()["danger"]["labelled"] == 4
    assert not any(u.skipped for u in ws.store.corpus.utterances(ids)), "nothing changes before somebody accepts"
    seen: list[tuple[int, int]] = []
    assert checks.accept_all(ws, "same-text", "ann", lambda stage, n, total: seen.append((n, total))) == DecisionCounts(
        2
    )
    assert seen == [(2, 2)]
    assert [u.skipped for u in ws.store.corpus.utterances(ids)] == [False, True, False, True]
    assert counted(ws, "same-text") == {}
    assert ws.store.proposals.undo(checks.KIND, "ann", AT) is not None
    assert counted(ws, "same-text") == {"same-text": 1}


def test_what_can_be_mended_is_mended_not_left_out(ws: Workspace) -> None:
    ids = sentences(ws.store, "불이  났어요", "불이 났어요", "１１９\u200b", " ", "네 ")
    assert checks.propose(ws, "untidy-text") == 3
    assert checks.propose(ws, "untidy-text") == 0
    assert (checks.kind("untidy-text"), checks.waiting(ws, "untidy-text")) == (checks.CLEANING, 3)
    proposal = ws.store.proposals.next(checks.CLEANING)
    assert proposal is not None
    assert (proposal.operation, proposal.payload) == ("untidy-text", {"before": "불이  났어요", "text": "불이 났어요"})
    ws.store.review.decide(ids[4], 0, "ann", AT, text="네, ")
    assert checks.accept_all(ws, "untidy-text", "ann") == DecisionCounts(2, anew=1), (
        "nobody has seen it on the new text"
    )
    texts = [utterance.text for utterance in ws.store.corpus.utterances(ids)]
    assert texts == ["불이 났어요", "불이 났어요", "119", " ", "네, "]
    assert not any(utterance.skipped for utterance in ws.store.corpus.utterances(ids))
    assert ws.store.corpus.utterance(ids[2]).original == "１１９\u200b"
    assert counted(ws, "untidy-text") == {"untidy-text": 1}
    assert ws.store.proposals.undo(checks.CLEANING, "ann", AT) is not None


def test_a_check_without_a_fix_offers_none(ws: Workspace) -> None:
    call(ws.store, "c1", "네", "네")
    assert checks.propose(ws, "no-audio") == 0
    assert checks.propose(ws, "small-class") == 0


def test_files_and_rows_that_do_not_belong_together(ws: Workspace) -> None:
    there, gone = record(ws, "there", talk()), record(ws, "gone", None)
    (ws.settings.audio / "ab").mkdir()
    (ws.settings.audio / "ab" / "stray.wav").write_bytes(b"x")
    call(ws.store, "c1", "네")
    findings = by_check(checks.run(ws))
    assert findings["missing-file"].ids == (gone,)
    assert findings["stray-file"].ids == ("audio/ab/stray.wav",)
    assert findings["no-audio"].count == 1
    assert there not in findings["missing-file"].ids
    assert "unreadable" not in findings, "what is gone is told once"


def test_repeats_between_sources_and_between_published_splits_are_found(ws: Workspace) -> None:
    """Texts and audio that two deliveries share, and texts that a delivery has in train and in test."""
    rows = [
        NewUtterance("a1", "불이 났어요", "a1", tags=("split:train",)),
        NewUtterance("a2", "연기가 나요", "a2", tags=("split:train",)),
        NewUtterance("a3", "불이 났어요 ", "a3", tags=("split:test",)),
        NewUtterance("a4", " ", "a4", tags=("split:test",)),
    ]
    first = ws.store.corpus.add_source("first", "sentences", "ours", "0", AT)
    ws.store.corpus.add_sentences(first, rows, AT)
    second = ws.store.corpus.add_source("second", "sentences", "ours", "1", AT)
    ws.store.corpus.add_sentences(
        second,
        [
            NewUtterance("b1", "연기가\u200b 나요", "b1"),
            NewUtterance("b2", "", "b2"),
            NewUtterance("b3", "문이 잠겼어요", "b3"),
        ],
        AT,
    )
    for source, name, side in ((first, "r1", "train"), (second, "r2", "test"), (first, "r3", "train")):
        spoken = NewUtterance(f"{name}:0", "네", name, start_ms=0, end_ms=900, tags=(f"split:{side}",))
        ws.store.corpus.add_recordings(source, [NewRecording(name, 1000, 8000, None, "same-sha", (spoken,))], AT)
    found = by_check(checks.run(ws, checks.CORPUS))
    texts = found["between-sources"]
    assert (texts.count, texts.ids, texts.severity, texts.fix) == (1, (5,), "warning", False)
    assert texts.message == "1 rows repeat a text of another source (1 different texts, 2 sources)"
    assert texts.details == {"5": "the same as number 2 there"}
    splits = found["between-splits"]
    assert (splits.count, splits.ids, splits.severity) == (1, (3,), "error")
    assert splits.numbers == {"rows": 1, "items": 1, "train, test": 1}
    audio = found["audio-between-sources"]
    assert (audio.count, audio.ids, audio.level) == (1, (2,), "recording")
    leaked = found["audio-between-splits"]
    assert (leaked.count, leaked.ids, leaked.severity) == (1, (2,), "error")
    assert leaked.message == "1 recordings repeat the audio of another published split (1 different files, 2 splits)"
    assert checks.propose(ws, "between-splits") == 0, "nobody but a person decides which side keeps it"
    assert checks.last(ws).findings == tuple(sorted(checks.last(ws).findings, key=checks._gravity))


def test_sound(ws: Workspace) -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(16_000) / RATE_HZ)
    ids = {
        "fine": record(ws, "fine", talk()),
        "silent": record(ws, "silent", np.zeros(8000)),
        "synthetic": record(ws, "synthetic", tone),
        "clipped": record(ws, "clipped", np.clip(talk() * 8, -1, 1)),
        "two-speakers": record(ws, "two-speakers", np.stack([talk(6, 1), talk(6, 4)], axis=1)),
        "same-channels": record(ws, "same-channels", np.stack([talk()] * 2, axis=1)),
        "wrong-rate": record(ws, "wrong-rate", talk(), sample_rate_hz=16_000, rate_hz=RATE_HZ),
        "short": record(ws, "short", talk(), ms=9000),
        "cut": record(ws, "cut", talk()),
        "unreadable": record(ws, "unreadable", talk()),
    }
    cut = ws.settings.audio / "cut.wav"
    cut.write_bytes(cut.read_bytes()[:20_000])
    (ws.settings.audio / "unreadable.wav").write_bytes(b"no audio at all")
    progress: list[tuple[str, int, int]] = []
    report = checks.run(ws, checks.SOUND, lambda *args: progress.append(args))
    ids_by_check = {name: args.ids for name, args in by_check(report).items()}
    alone = ("silent", "synthetic", "clipped", "two-speakers", "same-channels", "wrong-rate", "unreadable")
    assert ids_by_check == {name: (ids[name],) for name in alone} | {"truncated": (ids["short"], ids["cut"])}
    details = by_check(report)["truncated"].details
    assert details[str(ids["short"])] == "3000 ms of sound, 9000 ms when it was imported"
    assert "the header claims" in details[str(ids["cut"])]
    assert report.checked["listened"] == 10
    assert progress[-1] == ("recordings", 10, 10)
    assert checks.propose(ws, "silent") == 1
    assert checks.accept_all(ws, "silent", "ann") == DecisionCounts(1)
    assert "silent" not in by_check(checks.run(ws, checks.SOUND))


def test_a_job_keeps_its_steps_and_goes_on_after_them(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.workflows.cleaning.audio_checks.STEP", 2)
    for n in range(5):
        record(ws, f"r{n}", np.zeros(4000) if n % 2 else talk())
    results: dict[str, Any] = {}
    ran: list[str] = []

    class KilledJob:
        """A job that is killed in its `last` step."""

        def __init__(self, last: str) -> None:
            self.last = last

        def step(self, name: str, fn: Callable[[], Any]) -> Any:
            if name not in results:
                ran.append(name)
                if name == self.last:
                    raise Cancelled
                results[name] = json.loads(json.dumps(fn()))
            return results[name]

        def report(self, progress: Any) -> None:
            assert progress["done"] <= progress["total"]

    with pytest.raises(Cancelled):
        checks.run_job({"checks": list(CHECKS)}, KilledJob("sound-4"))
    assert ran == ["corpus", "files", "sound-0", "sound-2", "sound-4"]
    checks.run_job({"checks": list(CHECKS)}, KilledJob(""))
    assert ran[5:] == ["sound-4", "sound-5"]
    assert by_check(checks.last(ws))["silent"].ids == (2, 4)


def test_jobs_are_queued_with_their_checks_and_told_while_they_live(ws: Workspace) -> None:
    assert jobs.running(ws, checks.JOB) is None
    job_id = checks.start(ws, ["clipped", "silent"])
    job = jobs.running(ws, checks.JOB)
    assert job is not None
    assert JOBS["quality"].load() is checks.run_job
    assert (job.id, job.kind, job.params) == (job_id, "quality", {"checks": ["silent", "clipped"]})
    ws.store.board.update(job_id, AT, state="done")
    assert jobs.running(ws, checks.JOB) is None


def test_a_page_and_the_worker_do_not_lose_each_others_findings(ws: Workspace) -> None:
    sentences(ws.store, "가", "가")
    report = checks.run(ws, ["same-text"])
    checks._save(ws, replace(report, findings=(), at={"silent": AT}))
    assert set(checks.last(ws).at) == {"same-text", "silent"}
    assert counted(ws, "same-text") == {"same-text": 1}


# -- the shell


def test_the_verb_prints_one_document(ws: Workspace) -> None:
    sentences(ws.store, *["불이야"] * 150, "[개인정보]")
    done = CliRunner().invoke(app, ["quality", "--json"])
    assert (done.exit_code, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    repeats = next(f for f in document["findings"] if f["check"] == "same-text")
    assert (repeats["count"], len(repeats["ids"]), repeats["ids"][0]) == (149, 100, 2)
    assert (repeats["severity"], repeats["level"], repeats["fix"]) == ("warning", "utterance", True)
    assert document["checked"]["utterances"] == 151
    assert document["checked"]["checks"] == list(CHECKS)
    shown = CliRunner().invoke(app, ["quality", "--check", "mask-only", "--check", "same-text"])
    assert "149 rows repeat an earlier text (1 different texts)" in shown.stdout
    assert shown.stdout.startswith("2 checks of 151 utterances\n")
    wrong = CliRunner().invoke(app, ["quality", "--check", "meh"])
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("error: unknown check 'meh'; known: same-text")
    assert CliRunner().invoke(app, ["quality", "--check", "inverted-times"]).stdout.endswith("Nothing was found.\n")


# -- known answers


def test_chatbot(ws: Workspace, shared: Path) -> None:
    columns = ingest_table.Columns("Q", {"mood": "label"})
    file = ingest_table.File.at(shared / "chatbot" / "ChatbotData.csv")
    assert ingest_table.ingest_table(ws, file, ingest_table.TableImportOptions(columns)).added == 11_823
    findings = by_check(checks.run(ws, checks.texts(11_823)))
    assert findings["same-text"].count == 161
    conflict = findings["label-conflict"]
    assert (conflict.count, conflict.scheme) == (81, "mood")
    assert conflict.numbers["labelled"] == 11_823


def shell(*arguments: object) -> Any:
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_chatbot_by_the_shell_alone(ws: Workspace, shared: Path) -> None:
    table = shared / "chatbot" / "ChatbotData.csv"
    assert shell("ingest", "table", table, "--text", "Q", "--label", "mood=label")["added"] == 11_823
    findings = {finding["check"]: finding for finding in shell("quality")["findings"]}
    assert findings["same-text"]["count"] == 161
    assert (findings["label-conflict"]["count"], findings["label-conflict"]["scheme"]) == (81, "mood")
    assert findings["label-conflict"]["numbers"] == {"texts": 81, "rows": 165, "labelled": 11_823, "repeats": 161}


def test_nsmc_as_a_table_is_read(shared: Path) -> None:
    """The checks read all 712,404 rows as `ingest table` parses them, without the store, which takes a minute."""
    columns = ingest_table.Columns("document", {"danger": "label"}, id="id")
    table = open_table(File.at(shared / "nsmc" / "nsmc_all_from_raw.tsv.gz"), Options(wanted=columns.named))
    reader = RowParser(columns.found_in(table.shape), "nsmc", {"danger": LabelReader(DANGER, ids=True)}, ())
    checks = select_checks(["same-text", "label-conflict", "empty-text"])
    collectors = [check.make(check) for check in checks]
    refused = n_rows = 0
    for number, row in enumerate(table.rows(), start=1):
        parsed = reader.read(row) if isinstance(row, Row) else row
        if isinstance(parsed, Reject):
            refused += 1
            continue
        n_rows += 1
        if parsed.utterance.labels:
            utterance = parsed.utterance
            item = DigestedUtterance(
                ScannedUtterance(number, None, nfc(utterance.text), utterance.group, utterance.origin, utterance.labels)
            )
            for collector in collectors:
                collector.take(item)
    assert (n_rows, refused) == (712_403, 1), "one row has neither a text nor a label"
    findings = {finding.check: finding for collector in collectors for finding in collector.findings()}
    assert findings["same-text"].count == 18_306
    assert (findings["label-conflict"].count, findings["label-conflict"].numbers["labelled"]) == (423, 499_709), (
        "20 labelled rows are blank"
    )
    assert findings["empty-text"].count == 20


def test_nsmc_in_the_store(ws: Workspace, tmp_path: Path, shared: Path) -> None:
    """The first reviews, imported by the shell into the store; the whole file takes a minute."""
    with gzip.open(shared / "nsmc" / "nsmc_all_from_raw.tsv.gz", "rt", encoding="utf-8", newline="") as file:
        lines = list(islice(file, 40_001))
    (tmp_path / "reviews.tsv").write_text("".join(lines), "utf-8", newline="")
    done = shell(
        "ingest", "table", tmp_path / "reviews.tsv", "--text", "document", "--label", "danger=label", "--label-ids",
        "--id", "id", "--labelled-only",
    )  # fmt: skip
    labels: dict[str, list[str]] = {}
    for _, text, _, label in (line.rstrip("\r\n").split("\t") for line in lines[1:]):
        if label in ("0", "1"):
            labels.setdefault(same_text(text), []).append(label)
    blank = len(labels.pop("", []))
    assert done["added"] == sum(map(len, labels.values())) + blank
    findings = by_check(checks.run(ws, ["same-text", "label-conflict", "empty-text"]))
    repeated = [answers for answers in labels.values() if len(answers) > 1]
    assert findings["same-text"].numbers == {"rows": sum(map(len, repeated)) - len(repeated), "texts": len(repeated)}
    assert findings["label-conflict"].count == sum(len(set(answers)) > 1 for answers in repeated) > 0
    assert ("empty-text" in findings) == (blank > 0)
    assert findings["label-conflict"].numbers["labelled"] == done["added"] - blank


def test_an_acceptance_of_many_is_taken_back_as_one(ws: Workspace) -> None:
    before = ("불이  났어요", "１１９\u200b", "네 ")
    ids = sentences(ws.store, *before)
    assert checks.propose(ws, "untidy-text") == 3
    assert checks.accept_all(ws, "untidy-text", "ann") == DecisionCounts(3)
    first, undone, left = decisions.undo_as_one(ws, checks.CLEANING, "ann")
    assert (first is not None, undone, left) == (True, 3, 0)
    assert tuple(utterance.text for utterance in ws.store.corpus.utterances(ids)) == before
    assert checks.waiting(ws, "untidy-text") == 3
    assert decisions.undo_as_one(ws, checks.CLEANING, "ann") == (None, 0, 0)
    assert decisions.reject_all(ws, checks.CLEANING, "ann", operation="untidy-text") == 3
    assert decisions.undo_as_one(ws, checks.CLEANING, "ann")[1:] == (3, 0)
