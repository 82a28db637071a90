"""snapshot, train, evaluate, predict, pseudo_label: from labels to judgements, small but real."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import label_bytes, wav_bytes
from judged_pool import judge
from training_corpus import TELLING
from workflow_data import import_calls, import_sentences, sentence_file, trained

from core.errors import (
    AudioError,
    Cancelled,
    CheckpointMismatch,
    InputError,
    NotEnoughData,
    NotFound,
    Unfit,
    UnknownName,
)
from core.filters import Filter
from core.records import NewUtterance
from core.schemes import SCHEMES
from core.snapshots.format import read
from core.store import NewProposal
from core.thresholds import Thresholds, keep
from core.workflows.cleaning import decisions, proposals
from core.workflows.corpus import schemes
from core.workflows.evaluation import evaluate
from core.workflows.imports.tables import table
from core.workflows.imports.tables.table import Columns
from core.workflows.models import train
from core.workflows.predict import predict
from core.workflows.pseudo_labels import proposing
from core.workflows.pseudo_labels.pool import open_pool
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration

TEXT = "할머니가 골목에서 쓰러졌어요"


def test_a_snapshot_freezes_labels_by_group_with_silver_on_the_training_side(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 60)
    parents = [u.id for u in ws.store.corpus.every(Filter())]
    made = [NewProposal("augmentation", i, "test", {"text": f"{i} 다른 말 {i * 7}"}, "test") for i in parents]
    ws.store.proposals.add(made, now())
    while (proposal := proposals.next_proposal(ws, "augmentation")) is not None:
        decisions.decide(ws, proposal.id, True, "ann")
    info = snapshot.create(ws, "s1", "danger", "60/20/20", seed=1)
    frozen = read(ws.snapshot_folder("s1"))
    assert (info.sha256, info.counts["n"], frozen.codes) == (frozen.sha256, len(frozen.items), ("normal", "danger"))
    sides: dict[str, set[str]] = {}
    for item in frozen.items:
        sides.setdefault(item.group, set()).add(item.side)
        assert item.gold or item.side == "train"
    assert all(len(of) == 1 for of in sides.values())
    assert {item.side for item in frozen.items} == {"train", "validation", "test"}
    assert 0 < sum(not item.gold for item in frozen.items) < 60
    assert ws.store.ledger.snapshot("s1") == info


def test_a_label_of_the_recording_goes_to_its_callers_utterances(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 3)
    snapshot.create(ws, "s1", "urgency", "100/0/0")
    items = read(ws.snapshot_folder("s1")).items
    assert {(item.speaker, item.text, item.code) for item in items} == {("caller", "집에 불이 났어요", "high")}
    assert all(item.audio and (ws.settings.home / item.audio).is_file() for item in items)
    assert len({item.group for item in items}) == 3


def test_what_cannot_be_frozen_is_named(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughData, match="no labelled item"):
        snapshot.create(ws, "s1", "danger")
    import_sentences(ws, tmp_path, 20)
    with pytest.raises(UnknownName, match="unknown scheme 'mood'"):
        snapshot.create(ws, "s1", "mood")
    with pytest.raises(InputError, match="is not three percentages"):
        snapshot.create(ws, "s1", "danger", "70/30")
    with pytest.raises(InputError, match="use up to 64 letters"):
        snapshot.create(ws, "../s1", "danger")
    first = snapshot.create(ws, "s1", "danger")
    with pytest.raises(InputError, match="exists already; snapshots are frozen"):
        snapshot.create(ws, "s1", "danger", seed=5)
    assert read(ws.snapshot_folder("s1")).sha256 == first.sha256


def test_from_sentences_to_a_judgement(ws: Workspace, tmp_path: Path) -> None:
    reports: list[dict[str, Any]] = []
    import_sentences(ws, tmp_path)
    snapshot.create(ws, "s1", "danger")
    spec = train.plan(ws, "danger-text", "s1", overrides={"c": "2"})
    metrics = train.run(ws, spec, reports.append)
    assert any(progress.get("done") == progress.get("total") for progress in reports if "done" in progress)
    info, scores = evaluate.report(ws, spec.run_id)
    assert (info.state, info.scheme, info.encoder, info.snapshot) == ("done", "danger", "ngram", "s1")
    assert scores["test"]["accuracy"]["value"] == metrics["test"]["accuracy"]["value"] == 1.0
    sides = ws.store.ledger.sides(spec.run_id)
    assert sides == {side: scores["used"][side] for side in ("validation", "test")}
    cell = evaluate.cell(ws, spec.run_id, "danger", "danger")
    assert len(cell.mistakes) == scores["test"]["confusion"][1][1]
    for mistake in cell.mistakes:
        assert mistake.item is not None
        assert mistake.utterance is not None
        assert mistake.item.id == mistake.utterance.id == mistake.prediction.utterance_id
        assert (mistake.item.code, mistake.code, mistake.new_text, mistake.new_code) == (
            "danger",
            "danger",
            False,
            False,
        )
    assert evaluate.cell(ws, spec.run_id, "danger", "normal") == evaluate.Cell(())

    document = predict.predict_text(ws, TEXT)
    (utterance,) = document["utterances"]
    assert (document["source"], utterance["start_ms"], utterance["end_ms"], utterance["text"]) == (
        "text",
        None,
        None,
        TEXT,
    )
    judged = utterance["judgements"]["danger"]
    assert (judged["label"], judged["run"]) == ("danger", spec.run_id)
    assert judged["confidence"] == judged["probabilities"]["danger"] > 0.5
    assert sum(judged["probabilities"].values()) == pytest.approx(1)
    contributions = predict.explain(ws, TEXT, spec.run_id)
    assert any(part in TELLING["danger"] and weight > 0 for part, weight in contributions)


def test_a_recording_is_judged_by_its_delivered_transcript(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    document = predict.predict_audio(ws, wav_bytes(), "call.wav", labels=label_bytes(1, bom=True))
    assert [(u["start_ms"], u["end_ms"], u["text"]) for u in document["utterances"]] == [
        (0, 1500, "네 119입니다"), (1600, 3500, "집에 불이 났어요"), (3600, 5900, "주소가 어디세요"),
    ]  # fmt: skip
    assert all(u["judgements"]["danger"]["run"] == run for u in document["utterances"])
    typed = predict.predict_audio(ws, wav_bytes(), "call.wav", text=f"{TEXT}\n괜찮습니다")
    assert typed["utterances"][0]["text"] == f"{TEXT} 괜찮습니다"
    silent = predict.predict_audio(ws, wav_bytes(), "call.wav")
    assert all(u["text"] is None and u["judgements"] == {} for u in silent["utterances"])


def test_what_cannot_be_judged_is_named(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughData, match="no trained model yet"):
        predict.predict_text(ws, TEXT)
    run = trained(ws, tmp_path)
    with pytest.raises(InputError, match="text: the text is empty"):
        predict.predict_text(ws, " \u200b\n")
    with pytest.raises(NotFound, match="no run 'nope'"):
        predict.predict_text(ws, TEXT, ["nope"])
    with pytest.raises(AudioError, match=r"x\.wav"):
        predict.predict_audio(ws, b"RIFF", "x.wav")
    with pytest.raises(InputError, match="broken JSON"):
        predict.predict_audio(ws, wav_bytes(), "x.wav", labels=b"{")
    unseen = json.dumps({"_id": "a", "utterances": [{"startAt": 0, "endAt": 900, "text": "\u200b", "speaker": 1}]})
    (utterance,) = predict.predict_audio(ws, wav_bytes(), "x.wav", labels=unseen.encode())["utterances"]
    assert utterance["judgements"] == {}
    (ws.run_folder(run) / "model" / "weights.safetensors").write_bytes(b"x")
    (ws.run_folder(run) / "card.json").touch()
    with pytest.raises(CheckpointMismatch, match="is not the file that"):
        predict.predict_text(ws, TEXT)


def stop(kind: type[BaseException]) -> Callable[[dict[str, Any]], None]:
    def report(progress: dict[str, Any]) -> None:
        raise kind("stop")

    return report


@pytest.mark.parametrize(
    ("kind", "state"),
    [(Cancelled, "cancelled"), (KeyboardInterrupt, "cancelled"), (InputError, "failed"), (ZeroDivisionError, "failed")],
)
def test_how_a_training_ended_is_recorded(ws: Workspace, tmp_path: Path, kind: type[BaseException], state: str) -> None:
    import_sentences(ws, tmp_path, 40)
    snapshot.create(ws, "s1", "danger")
    spec = train.plan(ws, "danger-text", "s1")
    with pytest.raises(kind, match="stop"):
        train.run(ws, spec, stop(kind))
    assert ws.store.ledger.run(spec.run_id).state == state
    with pytest.raises(InputError, match=f"is {state}; it has no scores yet"):
        evaluate.report(ws, spec.run_id)
    assert spec.run_id in train.resumable(ws)
    assert train.resume_plan(ws, spec.run_id).run_id == spec.run_id
    train.run(ws, train.resume_plan(ws, spec.run_id))
    assert ws.store.ledger.run(spec.run_id).state == "done"
    assert spec.run_id not in train.resumable(ws)
    with pytest.raises(InputError, match="is done: only a training that was cancelled, failed or killed can go on"):
        train.resume(ws, spec.run_id)


def test_a_resumed_training_is_a_job_of_the_same_run(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 40)
    snapshot.create(ws, "s1", "danger")
    spec = train.plan(ws, "danger-text", "s1", None, {"c": "2"})
    with pytest.raises(Cancelled):
        train.run(ws, spec, stop(Cancelled))
    job = ws.store.board.get(train.resume(ws, spec.run_id))
    assert (job.kind, job.params["run_id"], ws.store.ledger.run(spec.run_id).state) == ("train", spec.run_id, "queued")
    assert job.id != spec.run_id
    metrics = train.run(ws, train.TrainSpec.from_dict(job.params))
    assert metrics["test"]["n"] > 0
    assert json.loads((ws.run_folder(spec.run_id) / "card.json").read_text())["config"]["c"] == 2.0


def test_two_processes_do_not_train_one_run_at_once(ws: Workspace, tmp_path: Path) -> None:
    """The second one waits, and finds the run finished."""
    import_sentences(ws, tmp_path, 40)
    snapshot.create(ws, "s1", "danger")
    spec = train.plan(ws, "danger-text", "s1")
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: train.run(ws, spec), range(2))
    assert first == second
    assert [path.name for path in ws.settings.runs.iterdir()] == [spec.run_id]


def test_a_wrong_request_fails_before_a_run_is_announced(ws: Workspace, tmp_path: Path) -> None:
    import_sentences(ws, tmp_path, 40)
    snapshot.create(ws, "s1", "danger")
    for arguments, message in [
        (("nothing", "s1"), "unknown recipe 'nothing'; known: danger-text"),
        (("danger-text", "s9"), "no snapshot 's9'; there are: s1"),
        (("urgency-text", "s1"), "urgency"),
        (("danger-text", "s1", "bert"), "'bert'"),
        (("danger-text", "s1", None, {"nope": "1"}), "unknown setting of danger-text 'nope'"),
        (("danger-text", "s1", None, {"c": "much"}), "c=much: expected a number"),
    ]:
        with pytest.raises((InputError, NotFound), match=message):
            train.plan(ws, *arguments)
    assert ws.store.ledger.runs() == []


def test_a_scheme_of_the_workspace_is_frozen_and_trained(ws: Workspace, tmp_path: Path) -> None:
    path = sentence_file(tmp_path / "mood.csv")
    columns = Columns("text", {"mood": "label"}, id="id")
    table.ingest_table(ws, table.File.at(path), table.TableImportOptions(columns))
    with pytest.raises(InputError, match="scheme mood is only proposed"):
        snapshot.create(ws, "m1", "mood")
    schemes.confirm(ws, "mood", "ann")
    snapshot.create(ws, "m1", "mood")
    with pytest.raises(InputError, match="danger-text learns danger, the snapshot holds mood: recipe text learns any"):
        train.plan(ws, "danger-text", "m1")
    spec = train.plan(ws, "text", "m1")
    assert train.run(ws, spec)["test"]["accuracy"]["value"] > 0.9
    (run,) = ws.store.ledger.runs()
    assert (run.recipe, run.scheme, run.modality, run.state) == ("text", "mood", "text", "done")
    (utterance,) = predict.predict_text(ws, TEXT)["utterances"]
    assert utterance["judgements"]["mood"]["label"] == "danger"
    voice = train.plan(ws, "voice", "m1")
    with pytest.raises(
        NotEnoughData, match=r"nothing usable on the train side; .* no audio that can be judged by voice"
    ):
        train.run(ws, voice)
    ws.store.schemes.put("many", lambda old: replace(SCHEMES["mood"], name="many", kind="multi"), "ann", now())
    with pytest.raises(NotEnoughData, match="snapshot m2: no labelled item is left to freeze under scheme many"):
        snapshot.create(ws, "m2", "many")


def test_pseudo_labels_wait_for_a_curator_and_are_silver(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    source = ws.store.corpus.add_source("new", "sentences", "ours", "0", now())
    texts = [TEXT, "오늘 바람 괜찮습니다", "xyz", " ", "계단에서 쓰러졌어요"]
    ws.store.corpus.add_sentences(source, [NewUtterance(f"n{i}", t, f"n{i}") for i, t in enumerate(texts)], now())
    assert judge(ws, run) == 4
    sure = Thresholds(confidence=0.6, margin=0.2)
    n_kept = int(keep(open_pool(ws, run, "danger").scores, sure).sum())
    assert 2 <= n_kept < 4
    assert proposing.propose(ws, run, "danger", sure) == n_kept
    assert proposing.propose(ws, run, "danger", sure) == 0
    first = proposals.next_proposal(ws, proposing.KIND)
    assert first is not None
    ws.store.review.decide(first.utterance_id, 0, "bob", now(), labels={"danger": "normal"})
    for proposal in ws.store.proposals.page(proposing.KIND, limit=n_kept)[1:]:
        decisions.decide(ws, proposal.id, True, "ann")
    with pytest.raises(Unfit, match="has a danger label by now"):
        decisions.decide(ws, first.id, True, "ann")
    decisions.decide(ws, first.id, False, "ann")
    assert ws.store.proposals.counts(proposing.KIND, run) == {"open": 0, "accepted": n_kept - 1, "rejected": 1}
    grades = ws.store.corpus.grades("utterance", "danger")
    assert grades[first.utterance_id] == ("normal", "gold")
    assert sum(grade == "silver" for _, grade in grades.values()) == n_kept - 1
    assert proposing.propose(ws, run, "danger", Thresholds(confidence=0, margin=0)) == 4 - n_kept
    while decisions.undo(ws, proposing.KIND, "ann") is not None:
        pass
    assert all(grade == "gold" for _, grade in ws.store.corpus.grades("utterance", "danger").values())


def test_pseudo_labels_need_a_text_run_of_an_utterance_scheme(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    assert judge(ws, run) == 0
    assert proposing.propose(ws, run, "danger", Thresholds()) == 0
    with pytest.raises(NotFound, match="no run 'nope'"):
        judge(ws, "nope")
