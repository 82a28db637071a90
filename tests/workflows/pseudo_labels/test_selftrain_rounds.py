"""core.workflows.pseudo_labels.selftraining: rounds, each broken off and taken up again; lineage, golden set."""

import csv
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_encoders
from cli_driver import answer, failure, run
from training_corpus import TELLING, sentence
from workflow_data import import_sentences

from core.errors import CheckpointMismatch, InputError, NotEnoughData, UnknownName
from core.filters import Filter
from core.records import NewUtterance
from core.runs.card import read_card
from core.schemes import SCHEMES
from core.snapshots.format import content_hash, read
from core.thresholds import Thresholds, parse_thresholds
from core.workflows.handover.model_card import model_card
from core.workflows.models import train
from core.workflows.pseudo_labels import judge
from core.workflows.pseudo_labels.accept import accept, propose, withdraw
from core.workflows.pseudo_labels.selftraining import selftrain
from core.workflows.pseudo_labels.selftraining.golden import golden_table
from core.workflows.pseudo_labels.selftraining.record import Record, RoundRecord, read_record, record_path
from core.workflows.pseudo_labels.selftraining.request import chosen_snapshot, chosen_teacher
from core.workflows.pseudo_labels.selftraining.selftrain import SelfTraining
from core.workflows.snapshots import snapshot
from core.workflows.snapshots.snapshot import stored
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration

SURE = Thresholds(confidence=0.5, margin=0.0)
WHY = "self-training of snapshot s1, round 1, run by ann: nobody audited these labels"


class Killed(Exception):
    """Stands for a process that is gone."""


def fill(ws: Workspace, folder: Path, n: int = 40) -> None:
    """120 labelled sentences in snapshot `s1`, and `n` unlabelled ones."""
    import_sentences(ws, folder)
    rng = random.Random(3)
    source = ws.store.corpus.add_source("pool", "table", "CC0", "0", now())
    texts = [sentence(rng, TELLING[("normal", "danger")[i % 2]]) for i in range(n)]
    items = [NewUtterance(f"p{i:03d}", text, f"p{i:03d}") for i, text in enumerate(texts)]
    ws.store.corpus.add_sentences(source, items, now())
    snapshot.create(ws, "s1", "danger")


def train_rounds(ws: Workspace, rounds: int = 2, **more: Any) -> SelfTraining:
    return selftrain.selftrain(ws, "danger-text", "s1", "ann", **({"thresholds": SURE} | more), rounds=rounds)


def dying(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let each process note one step and be gone before it notes the next; returns a list with the notes allowed."""
    save, allowed = Record.save, [1]

    def note(record: Record) -> None:
        before = record.path.read_text(encoding="utf-8") if record.path.exists() else ""
        if not allowed[0]:
            known = json.loads(before)
            save(record)
            if json.loads(record.path.read_text(encoding="utf-8")) != known:
                record.path.write_text(before, encoding="utf-8")
                raise Killed
            return
        save(record)
        allowed[0] -= record.path.read_text(encoding="utf-8") != before

    monkeypatch.setattr(Record, "save", note)
    return allowed


def test_rounds_that_are_killed_at_every_step_do_each_step_once(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ws, tmp_path)
    with monkeypatch.context() as patched:
        allowed, done, kills = dying(patched), None, 0
        while done is None:
            allowed[0] = 1
            try:
                done = train_rounds(ws)
            except Killed:
                kills += 1
    assert kills >= 8
    first, second = done.rounds
    assert [one.snapshot for one in done.rounds] == ["s1-student", "s1-student-2"]
    assert (first.teacher, second.teacher, second.student) == (done.teacher, first.student, done.student)
    assert (first.judged, second.judged, sum(done.kept.values())) == (40, 40, 40)
    assert {info.id for info in ws.store.ledger.runs("done")} == {done.teacher, first.student, second.student}
    rounds = {one.id: one for one in ws.store.rounds.list()}
    assert {number: one.state for number, one in rounds.items()} == {
        first.label_round: "withdrawn", second.label_round: "accepted",
    }  # fmt: skip
    assert rounds[first.label_round].override == WHY
    assert set(ws.store.rounds.rounds_of("danger").values()) == {second.label_round}
    check_snapshots(ws, done)
    check_lineage(ws, done)
    more = train_rounds(ws, 3)  # one round more, after those that are there
    assert [one.number for one in more.rounds] == [1, 2, 3]
    assert more.rounds[:2] == done.rounds
    assert train_rounds(ws, 2).rounds == more.rounds, "what is done is shown again"
    with pytest.raises(InputError, match="snapshot s1-student-3 exists already: this self-training was done"):
        train_rounds(ws, 3, thresholds=Thresholds(confidence=0.9))
    with pytest.raises(InputError, match=r"was begun with other settings \(thresholds\): ask for it as it was begun"):
        train_rounds(ws, 4, thresholds=Thresholds(confidence=0.9))


def check_snapshots(ws: Workspace, done: SelfTraining) -> None:
    """Every round has the same gold items on the same sides, and its own pseudo-labels in training."""
    base = read(ws.snapshot_folder("s1"))
    for one in done.rounds:
        frozen = read(ws.snapshot_folder(one.snapshot))
        gold = [item for item in frozen.items if item.gold]
        assert gold == list(base.items)
        silver = [item for item in frozen.items if not item.gold]
        assert {item.side for item in silver} == {"train"}
        assert 15 < len(silver) <= 40
        assert frozen.report["selftraining"] == {"round": one.number, "snapshot": "s1", "teacher": one.teacher}
        assert frozen.report["rounds"] == [
            {"round": one.label_round, "run": one.teacher, "scheme": "danger", "weight": 0.5, "n": len(silver)}
        ]


def check_lineage(ws: Workspace, done: SelfTraining) -> None:
    card = read_card(ws.run_folder(done.student))
    assert card.lineage["selftraining"] == {"round": 2, "snapshot": "s1", "teacher": done.rounds[0].student}
    assert [made["round"] for made in card.lineage["rounds"]] == [done.rounds[1].label_round]
    assert read_card(ws.run_folder(done.teacher)).lineage == {}
    text = model_card(ws, done.student)
    assert f"자기 학습 2회차의 학생 모델: 스냅샷 `s1`에서 시작했고, 교사는 `{done.rounds[0].student}`입니다." in text
    assert list(done.golden.scores) == [done.teacher, done.rounds[0].student, done.student]
    assert done.golden.n == done.comparison.scores["n"]
    assert done.golden.scores[done.student]["accuracy"]["value"] == done.comparison.scores["accuracy"]["second"]
    again = golden_table(ws, [done.student])
    assert (again.sha256, again.n) == (done.golden.sha256, done.golden.n)


def test_the_three_steps_of_the_seed_on_small_encoders(ws: Workspace, tmp_path: Path) -> None:
    teacher = tiny_encoders.save_encoder(tmp_path / "electra", "electra", max_position_embeddings=140)
    student = tiny_encoders.save_encoder(tmp_path / "roberta", "roberta", max_position_embeddings=140)
    codes = SCHEMES["emotion-dialogue"].codes[:2]
    texts, _ = tiny_encoders.sentences(96)
    labelled = [
        NewUtterance(f"u{i}", text, f"u{i}", labels={"emotion-dialogue": codes[i % 2]} if i < 64 else {})
        for i, text in enumerate(texts)
    ]
    ws.store.corpus.add_sentences(ws.store.corpus.add_source("s", "table", "CC0", "0", now()), labelled, now())
    snapshot.create(ws, "e1", "emotion-dialogue", "50/25/25", 1)
    arguments = ("selftrain", "--snapshot", "e1", "--teacher", "emotion-selftrain", "--student", "emotion-selftrain",
                 "--teacher-encoder", str(teacher), "--student-encoder", str(student), "--student-preset",
                 "seed-student", "--thresholds", '{"mode": "top-k", "k": 8}')  # fmt: skip
    shown = answer(*arguments, "--rounds", "1")
    assert (shown["judged"], shown["rounds"][0]["snapshot"]) == (32, "e1-student")
    assert 0 < sum(shown["kept"].values()) <= 16
    golden = shown["golden"]
    assert list(golden["runs"]) == [shown["teacher"], shown["student"]]
    assert [row["code"] for row in golden["runs"][shown["student"]]["per_class"][:2]] == list(codes)
    assert golden["runs"][shown["student"]].keys() == {"accuracy", "macro_f1", "weighted_f1", "per_class"}
    assert (golden["n"], golden["of"]) == (shown["n"], "e1")
    assert failure(*arguments, "--limit", "9").startswith("snapshot e1-student exists already")
    card = read_card(ws.run_folder(shown["student"]))
    assert (card.recipe, card.preset, card.encoder) == ("emotion-selftrain", "seed-student", str(student))
    check_export(tmp_path, shown["teacher"], {SCHEMES["emotion-dialogue"].label(code).ko for code in codes})


def more_text(ws: Workspace, name: str, n: int) -> None:
    rng = random.Random(name)
    source = ws.store.corpus.add_source(name, "table", "CC0", "0", now())
    texts = [sentence(rng, TELLING[("normal", "danger")[i % 2]]) for i in range(n)]
    items = [NewUtterance(f"{name}{i:03d}", text, f"{name}{i:03d}") for i, text in enumerate(texts)]
    ws.store.corpus.add_sentences(source, items, now())


def test_a_round_of_somebody_else_is_neither_taken_over_nor_withdrawn(ws: Workspace, tmp_path: Path) -> None:
    fill(ws, tmp_path)
    spec = train.plan(ws, "danger-text", "s1")
    train.run(ws, spec)
    judge.run(ws, judge.JudgePlan(spec.run_id))
    bob = propose(ws, spec.run_id, "danger", SURE, "bob")
    for state in ("proposed", "accepted"):
        with pytest.raises(InputError, match=f"round {bob.id}, which bob made of the same run and .*, is {state}: ask"):
            train_rounds(ws, 1, teacher=spec.run_id)
        if state == "proposed":
            accept(ws, spec.run_id, "danger", SURE, "bob", override="bob looked at all of them")
    with pytest.raises(InputError, match=f"40 items have no label of a person, and all have .*withdraw {bob.id}`"):
        train_rounds(ws, 1)
    assert [(one.made_by, one.state) for one in ws.store.rounds.list()] == [("bob", "accepted")]
    withdraw(ws, bob.id, "bob")
    done = train_rounds(ws, 1, teacher=spec.run_id, limit=10, override="a trial")
    assert (done.judged, sum(done.kept.values())) == (10, 10), "the pool holds 40 predictions"
    assert ws.store.rounds.list()[0].override == f"{WHY}; a trial"


def test_another_self_training_makes_room_and_goes_on_after_any_break(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ws, tmp_path, 5)
    snapshot.create(ws, "s2", "danger")
    with pytest.raises(NotEnoughData, match="judged 5 unlabelled utterances and is sure of none"):
        train_rounds(ws, 1, thresholds=Thresholds(confidence=0.9999999, margin=0.0))
    with monkeypatch.context() as patched:
        patched.setattr(selftrain, "_written", lambda ws, name, made: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            train_rounds(ws, 1)
    with pytest.raises(InputError, match=r"was begun with other settings \(thresholds\)"):
        train_rounds(ws, 1, thresholds=Thresholds(confidence=0.6))
    first = train_rounds(ws, 1)
    assert (first.notes, len(ws.store.rounds.list())) == ((), 1)
    snapshot.create(ws, "s3", "danger")
    with pytest.raises(InputError, match=r"snapshot s3 holds . pseudo-labels of an earlier self-training, of round 1"):
        selftrain.selftrain(ws, "danger-text", "s3", "ann", thresholds=SURE)
    more_text(ws, "late", 6)
    other = selftrain.selftrain(ws, "danger-text", "s2", "ann", thresholds=SURE)
    assert [str(note) for note in other.notes] == [
        "withdrew the 5 pseudo-labels of round 1, of an earlier self-training; snapshot s1-student keeps them"
    ]
    assert (other.judged, sum(other.kept.values())) == (11, 11)
    record = read_record(record_path(ws.settings.home, "s1"))
    assert record is not None
    record.rounds.append(RoundRecord(2, first.student, "s1-student-2"))
    record.save()
    assert train_rounds(ws, 1).rounds == first.rounds, "round 2 was broken off"


def test_what_nearly_repeats_a_gold_set_is_kept_from_the_students(ws: Workspace, tmp_path: Path) -> None:
    fill(ws, tmp_path)
    pool = [one.text for one in ws.store.corpus.utterances(ws.store.texts.ids(Filter()).tolist()) if not one.labels]
    source = ws.store.corpus.add_source("gold", "table", "CC0", "0", now())
    golden = [NewUtterance("g0", pool[0] + " 네", "g0", labels={"danger": "danger"})]
    ws.store.corpus.add_sentences(source, golden, now())
    full = read(ws.snapshot_folder(snapshot.create(ws, "all", "danger").name))
    with pytest.raises(InputError, match=r"has seen .* items of all, so it is not scored on it"):
        train_rounds(ws, 1, gold="all")
    assert ws.store.ledger.runs() == []
    items = full.items.take([at for at, key in enumerate(full.items.column("key")) if key.endswith("g0")])
    apart = replace(full, name="gold", items=items, sha256=content_hash(full.scheme, full.codes, items, full.targets))
    stored(ws, apart)
    done = train_rounds(ws, 1, gold="gold")
    assert (done.golden.of, done.golden.n) == ("gold", 1)
    assert pool[0] not in read(ws.snapshot_folder("s1-student")).items.column("text")


def check_export(folder: Path, teacher: str, titles: set[str]) -> None:
    """The pool of the teacher in the columns of the seed: all of it, and what a threshold keeps."""
    target = folder / "pool.csv"
    assert answer("pseudo-label", "export", teacher, "--to", target)["n"] == 32
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "user_input", "orig_emotion", "pred_emotion", "pred_conf", "pred_margin"]
    assert {row["pred_emotion"] for row in rows} <= titles
    assert {row["orig_emotion"] for row in rows} == {""}, "a machine's label is not that of people"
    assert all(0 <= float(row["pred_margin"]) <= float(row["pred_conf"]) <= 1 for row in rows)
    kept = answer("pseudo-label", "export", teacher, "--to", target, "--thresholds", '{"mode": "top-k", "k": 3}')
    assert 0 < kept["n"] <= 6


def test_what_is_asked_for_is_checked(ws: Workspace, tmp_path: Path) -> None:
    how = selftrain.Trainee("ngram")
    assert chosen_teacher(ws, None, how) is how
    assert chosen_teacher(ws, "danger-text", how) == selftrain.Trainee("ngram", recipe="danger-text")
    with pytest.raises(InputError, match="nobody can teach neither as a run nor as a recipe; the recipes are danger-"):
        chosen_teacher(ws, "nobody", how)
    with pytest.raises(InputError, match=r"name the snapshot with the labels of people \(--snapshot\)"):
        chosen_snapshot(ws, how, None)
    assert parse_thresholds("flexmatch", 0.9, 0.1) == Thresholds("flexmatch", confidence=0.9, margin=0.1)
    assert parse_thresholds('{"mode": "entropy", "entropy": 0.4}', 0.9, 0.1) == Thresholds("entropy", entropy=0.4)
    with pytest.raises(UnknownName, match="unknown mode 'best'; known: fixed"):
        parse_thresholds("best", 0.9, 0.1)
    with pytest.raises(InputError, match=r"these are no thresholds: \{broken"):
        parse_thresholds("{broken", 0.9, 0.1)
    assert "--rounds" in run("selftrain", "--help").stdout
    path = record_path(tmp_path, "s1")
    assert read_record(path) is None
    path.parent.mkdir()
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointMismatch, match=r"s1\.json cannot be read"):
        read_record(path)
