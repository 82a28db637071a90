"""core.workflows.predict on a trained run: what serves is kept in memory, weights are saved, reasons are found."""

import shutil
from pathlib import Path

import pytest
from aihub119_files import label_bytes, wav_bytes
from training_corpus import TELLING
from workflow_data import trained

from core.errors import InputError, NotFound, UnknownName
from core.workflows import renewed
from core.workflows.models import in_use, train
from core.workflows.predict import predict, weights, why
from core.workflows.predict.judging import serving
from core.workflows.predict.judging.spans import Span
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

TEXT = f"할머니가 {TELLING['danger']}"


def settled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let files count as settled at once; returns a list that grows when the store is asked."""
    asked: list[int] = []
    read = serving._read
    monkeypatch.setattr(renewed, "is_settled", bool)

    def counted(ws: Workspace) -> serving.Stored:
        asked.append(1)
        return read(ws)

    monkeypatch.setattr(serving, "_STORED", renewed.Renewed(counted))
    return asked


def test_what_serves_is_in_memory_until_it_changes(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trained(ws, tmp_path)
    train.run(ws, second := train.plan(ws, "text", "s1"))
    asked = settled(monkeypatch)
    for _ in range(5):
        document = predict.predict_text(ws, TEXT)
    assert (document["verdict"]["danger"]["run"], len(asked)) == (second.run_id, 1)
    in_use.use(ws, first, "ann")
    assert predict.predict_text(ws, TEXT)["verdict"]["danger"]["run"] == first
    weights.choose(ws, "danger", 0.4, "ann")
    assert weights.chosen(ws) == {"danger": 0.4}
    assert serving.plan(ws).weight("danger") == 0.4
    assert serving.plan(ws, weights={"danger": 1}).weight("danger") == 1
    assert serving.plan(ws, weights={"urgency": 0}).weight("danger") == 0.4
    weights.forget(ws, "danger")
    assert serving.plan(ws).weight("danger") == serving.SEED_WEIGHT == 0.7
    for _ in range(3):
        named = predict.predict_text(ws, TEXT, [second.run_id])["verdict"]["danger"]
        by_scheme = predict.predict_text(ws, TEXT, {"danger": [second.run_id]})["verdict"]["danger"]
    assert named == by_scheme
    assert (named["run"], named["chosen"]) == (second.run_id, True)
    before = len(asked)
    predict.predict_text(ws, TEXT, [second.run_id])
    assert len(asked) == before, "a named run needs no question either"
    assert predict.predictors(ws)[0] is predict.predictors(ws)[0]


def test_a_request_that_cannot_be_met_is_named(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    for wrong in (-0.1, 1.5, float("nan")):
        with pytest.raises(InputError, match="a weight of the text is between 0 and 1"):
            weights.choose(ws, "danger", wrong, "ann")
    with pytest.raises(UnknownName, match="unknown scheme 'mood'"):
        weights.choose(ws, "mood", 0.5, "ann")
    with pytest.raises(UnknownName, match="unknown scheme 'mood'"):
        predict.predict_text(ws, TEXT, schemes=["mood"])
    with pytest.raises(InputError, match="no run judges urgency"):
        predict.predict_text(ws, TEXT, schemes=["danger", "urgency"])
    with pytest.raises(InputError, match=f"run {run} does not judge urgency"):
        predict.predict_text(ws, TEXT, {"urgency": [run]})
    with pytest.raises(NotFound, match="no run 'nope'"):
        predict.predict_text(ws, TEXT, {"danger": ["nope"]})


def test_a_batch_of_sentences_is_judged_like_each_alone_and_a_recording_by_its_segments(
    ws: Workspace, tmp_path: Path
) -> None:
    run = trained(ws, tmp_path)
    texts = [TEXT, " ", "괜찮습니다", "hello"]
    first, empty, *rest = predict.predict_texts(ws, texts)
    assert isinstance(empty, InputError)
    assert [first, *rest] == [predict.predict_text(ws, text) for text in (TEXT, "괜찮습니다", "hello")]
    given = [Span(0, 1500, TEXT), Span(2000, 90_000, "괜찮습니다")]
    called = predict.predict_audio(ws, wav_bytes(), "call.wav", segments=given, schemes=["danger"])
    assert [(u["start_ms"], u["end_ms"], u["text"]) for u in called["utterances"]] == [
        (0, 1500, TEXT), (2000, 6000, "괜찮습니다"),
    ]  # fmt: skip
    verdict = called["verdict"]["danger"]
    assert (verdict["label"], verdict["utterance"], verdict["first_alarm_ms"], verdict["run"]) == (
        "danger",
        0,
        1500,
        run,
    )
    assert verdict["recall"]["class"] == "danger"
    assert verdict["recall"]["low"] <= verdict["recall"]["value"] <= 1
    labelled = predict.predict_audio(ws, wav_bytes(), "call.wav", labels=label_bytes(1, bom=True))
    assert {u["speaker"] for u in labelled["utterances"]} == {"caller", "taker"}
    changed = predict.judge_again(ws, called, predict.read_audio(wav_bytes(), "x"), texts={0: "괜찮습니다"})
    assert changed["verdict"]["danger"]["label"] == "normal"


def test_why_names_words_and_the_nearest_training_utterances(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    document = why.why(ws, predict.predict_text(ws, TEXT))
    reasons = document["utterances"][0]["judgements"]["danger"]["why"]
    assert reasons["run"] == run
    assert any(part in TELLING["danger"] and weight > 0 for part, weight in reasons["words"])
    nearest = reasons["nearest"]
    assert [near["similarity"] for near in nearest] == sorted((n["similarity"] for n in nearest), reverse=True)
    assert len(nearest) == 5
    assert all(TELLING["danger"] in near["text"] and near["label"] == "danger" for near in nearest)
    assert why.nearest(ws, nearest[0]["text"], run)[0].similarity == 1
    assert why.nearest(ws, "🔥🔥", run) == []
    why._CACHE.clear()
    shutil.rmtree(ws.snapshot_folder("s1"))
    assert why.nearest(ws, TEXT, run) == [], "a run whose snapshot is elsewhere has none to show"
