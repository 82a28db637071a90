"""Predictions for the pool: beside the test rows, in the run's folder, never for texts that snapshots drop."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from judged_pool import judge
from training_corpus import TELLING, sentence
from workflow_data import add_whole_calls, trained

from core.errors import InputError
from core.inference.predictor import load
from core.records import NewUtterance
from core.runs.card import CARD
from core.runs.folder import read_predictions
from core.runs.predictions import POOL_FILE, add_pool, read_probabilities
from core.store import Store
from core.text.model_text import STEPS, model_text
from core.thresholds import Thresholds
from core.workflows.corpus import export
from core.workflows.evaluation import evaluate
from core.workflows.models import train
from core.workflows.predict import predict
from core.workflows.pseudo_labels import accept, candidates, proposing
from core.workflows.pseudo_labels.pool import open_pool
from core.workflows.pseudo_labels.view import view
from core.workflows.review import queues
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now

pytestmark = pytest.mark.integration

TEXT = "할머니가 계단에서 쓰러졌어요"
MASK = "▲▲▲"


def add(store: Store, *texts: str, origin: str = "imported") -> list[int]:
    """Unlabelled sentences; their ids."""
    source = store.corpus.add_source("pool", "sentences", "ours", "0", now())
    start = int(store.texts.stamp().utterance)
    items = [NewUtterance(f"p{start + n}", text, f"p{start + n}", origin=origin) for n, text in enumerate(texts, 1)]
    store.corpus.add_sentences(source, items, now())
    return list(range(start + 1, start + 1 + len(texts)))


def judged(ws: Workspace, run: str) -> list[int]:
    return sorted(one.utterance_id for one in ws.store.ledger.predictions(run, purpose="pool"))


def with_plan(ws: Workspace, run: str, *plan: str) -> None:
    """The run as if its snapshot had been cleaned by another plan."""
    path = ws.run_folder(run) / CARD
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"cleaning": plan}), encoding="utf-8")


def labelled_by_hand(ws: Workspace, n: int = 100) -> str:
    """A run trained on what the curator ann labelled, who then takes every label back."""
    rng = random.Random(3)
    codes = [("normal", "danger")[i % 2] for i in range(n)]
    ids = add(ws.store, *(sentence(rng, TELLING[code]) for code in codes))
    for number, code in zip(ids, codes, strict=True):
        ws.store.review.decide(number, 0, "ann", now(), labels={"danger": code})
    snapshot.create(ws, "s1", "danger")
    spec = train.plan(ws, "danger-text", "s1")
    train.run(ws, spec)
    while ws.store.review.undo("ann", now()) is not None:
        pass
    return spec.run_id


def run_of_calls(ws: Workspace) -> str:
    snapshot.create(ws, "calls", "urgency", unit="call")
    spec = train.plan(ws, "text", "calls")
    train.run(ws, spec)
    return spec.run_id


def test_a_run_of_whole_calls_judges_unlabelled_calls(ws: Workspace) -> None:
    add_whole_calls(ws, 60, 4)
    run = run_of_calls(ws)
    assert [info.id for info in candidates.judging_runs(ws)] == [run]
    assert judge(ws, run, limit=3) == 3
    assert judge(ws, run) == 4
    first_turns = [3 * n + 2 for n in range(60, 64)]  # the taker speaks first
    assert judged(ws, run) == first_turns
    assert read_probabilities(ws.run_folder(run), "pool", "urgency").ids.tolist() == first_turns
    expected = {number: "low" if n % 2 == 0 else "high" for n, number in enumerate(first_turns, 60)}
    assert {p.utterance_id: p.code for p in ws.store.ledger.predictions(run, purpose="pool")} == expected
    shown = proposing.judged_text(ws, "urgency", ws.store.corpus.utterance(first_turns[0]))
    assert shown.startswith(f"수보자: 네 119입니다 신고자: {TELLING['normal']}")
    assert proposing.judged_text(ws, "danger", ws.store.corpus.utterance(first_turns[0])) == "네 119입니다"

    every = Thresholds(confidence=0, margin=0)
    assert view(ws, run, "urgency", every).now.kept == 4
    assert proposing.propose(ws, run, "urgency", every) == 4
    by_hand = ws.store.corpus.utterance(first_turns[0] + 1)  # another turn of the first call
    ws.store.review.decide(by_hand.id, by_hand.version, "ann", now(), labels={"urgency": "medium"})
    made = accept.accept(ws, run, "urgency", every, "bob", override="nobody audited")
    assert made.counts["written"] == 3
    grades = ws.store.corpus.grades("recording", "urgency")
    assert [grades[n] for n in (61, 62, 63, 64)] == [
        ("medium", "gold"), ("high", "silver"), ("low", "silver"), ("high", "silver"),
    ]  # fmt: skip
    assert proposing.propose(ws, run, "urgency", every) == 0
    assert judge(ws, run) == 0


def test_a_run_of_turns_under_a_scheme_of_calls_judges_calls_by_their_turns(ws: Workspace) -> None:
    add_whole_calls(ws, 60, 1)
    snapshot.create(ws, "turns", "urgency")
    spec = train.plan(ws, "text", "turns")
    train.run(ws, spec)
    assert [info.id for info in candidates.judging_runs(ws)] == [spec.run_id]
    assert judge(ws, spec.run_id) == 1
    first_turn = 3 * 60 + 2
    (prediction,) = ws.store.ledger.predictions(spec.run_id, purpose="pool")
    of_caller = [turn.text for turn in ws.store.corpus.utterances([first_turn - 1, first_turn + 1])]
    expected = load(ws.run_folder(spec.run_id)).predict_texts(of_caller).mean(axis=0)
    assert (prediction.utterance_id, prediction.code) == (first_turn, "low")
    assert prediction.confidence == pytest.approx(expected.max(), abs=1e-6)


def test_judging_the_pool_overwrites_no_test_row(ws: Workspace, tmp_path: Path) -> None:
    run = labelled_by_hand(ws)
    before = ws.store.ledger.predictions(run, purpose="evaluation")
    cells = evaluate.cell(ws, run, "danger", "danger").mistakes
    assert cells
    assert judge(ws, run) == 100
    assert ws.store.ledger.predictions(run, purpose="evaluation") == before
    assert judged(ws, run) == list(range(1, 101))
    assert evaluate.cell(ws, run, "danger", "danger").mistakes == cells
    assert all(one.new_code and one.code is None for one in cells), "the labels were taken back"
    # A page that shows one prediction of the run for an utterance shows only one.
    both = cells[0].prediction.utterance_id
    (card,) = ws.store.cards.of([both], ["danger"])
    assert len(card.predictions) == 1
    assert len(ws.store.transfer.run_predictions([both])[both]) == 1
    assert queues.build(ws, "least-confident", "danger") == 100
    export.save(ws, tmp_path / "out.json")
    tasks = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    (prediction,) = tasks[both - 1]["predictions"]
    pool = read_probabilities(ws.run_folder(run), "pool", "danger").of(both)
    assert pool is not None
    assert list(prediction["result"][0]["meta"]["probabilities"].values()) == pytest.approx(pool.tolist())


def test_the_probabilities_of_the_pool_lie_in_the_folder_of_the_run(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    evaluation = read_predictions(ws.run_folder(run))
    ids = add(ws.store, TEXT, "오늘 바람 괜찮습니다")
    assert judge(ws, run) == 2
    pool_probs = read_probabilities(ws.run_folder(run), "pool", "danger")
    assert pool_probs.ids.tolist() == ids
    assert pool_probs.probs.sum(axis=1) == pytest.approx(1)
    for prediction in ws.store.ledger.predictions(run, purpose="pool"):
        probs = pool_probs.of(prediction.utterance_id)
        assert probs is not None
        assert (prediction.confidence, prediction.margin) == pytest.approx((probs.max(), probs.max() - probs.min()))
        assert prediction.code == ("normal", "danger")[int(probs.argmax())]
    assert read_predictions(ws.run_folder(run)) == evaluation
    assert pool_probs.of(ids[-1] + 1) is None


def test_a_second_judgement_replaces_its_own_rows_only(tmp_path: Path) -> None:
    add_pool(tmp_path, "danger", [2, 1], np.array([[0.2, 0.8], [0.1, 0.9]]))
    add_pool(tmp_path, "urgency", [2], np.array([[0.2, 0.3, 0.5]]))
    add_pool(tmp_path, "danger", [2, 3], np.array([[0.6, 0.4], [0.5, 0.5]]))
    pool_probs = read_probabilities(tmp_path, "pool", "danger")
    assert (pool_probs.ids.tolist(), pool_probs.probs.tolist()) == ([1, 2, 3], [[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]])
    assert read_probabilities(tmp_path, "pool", "urgency").probs.tolist() == [[0.2, 0.3, 0.5]]
    assert len(read_probabilities(tmp_path, "pool", "mood").ids) == 0
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".tmp"] == []
    assert (tmp_path / POOL_FILE).is_file()


def test_captions_are_not_judged_and_take_no_place_of_others(ws: Workspace, tmp_path: Path) -> None:
    run = trained(ws, tmp_path)
    add(ws.store, "도로에서 나는 소리", "도로에서 나는 소리", "공사장 소음", origin="caption")
    add(ws.store, " ", "\u200b")
    (spoken,) = add(ws.store, TEXT)
    assert judge(ws, run, limit=1) == 1
    assert judged(ws, run) == [spoken]
    assert open_pool(ws, run, "danger").ids.tolist() == [spoken]


def test_the_plan_of_the_card_decides_what_is_empty(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(ws, tmp_path)
    masked, spoken = add(ws.store, MASK, TEXT)
    monkeypatch.setitem(STEPS, "drop-masks", lambda text: text.replace("▲", "").strip())
    assert judge(ws, run) == 2
    with_plan(ws, run, "nfc", "drop-masks")
    assert judge(ws, run) == 1
    with pytest.raises(InputError, match="text: the text is empty"):
        predict.predict_text(ws, MASK)
    assert predict.predict_text(ws, f"{MASK} {TEXT}")["utterances"][0]["judgements"]
    with_plan(ws, run, "nfc")
    assert predict.predict_text(ws, "\u200b")["utterances"][0]["judgements"], "training read it, so serving does"
    assert masked < spoken


@pytest.mark.parametrize(
    ("text", "origin", "read"),
    [(" 불이  났어요\n", "imported", "불이 났어요"), ("불", "augmented", "불"), (" \u200b", "imported", ""),
     ("도로", "caption", "")],
)  # fmt: skip
def test_what_a_model_reads(text: str, origin: str, read: str) -> None:
    assert model_text(("nfc", "strip-controls", "collapse-space"), text, origin) == read
