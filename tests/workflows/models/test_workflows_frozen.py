"""Recipe `text` on vectors of a frozen encoder, alone and beside n-grams: from the snapshot to a prediction."""

from pathlib import Path

import pytest
from tiny_bert import tiny_bert
from workflow_data import import_sentences

from core.runs.card import read_card
from core.workflows.models import train
from core.workflows.predict import predict
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(("prefix", "architecture"), [("frozen+", "heads"), ("ngram+", "ngram-heads")])
def test_it_is_trained_saved_loaded_and_predicts(ws: Workspace, tmp_path: Path, prefix: str, architecture: str) -> None:
    import_sentences(ws, tmp_path)
    snapshot.create(ws, "s1", "danger")
    encoder = f"{prefix}{tiny_bert(tmp_path / 'tiny')}"
    spec = train.plan(ws, "text", "s1", encoder)
    metrics = train.run(ws, spec)
    card = read_card(spec.run_folder)
    assert (card.architecture, card.encoder, card.recipe) == (architecture, encoder, "text")
    if prefix == "ngram+":
        assert metrics["test"]["macro_f1"]["value"] > 0.9
    assert (ws.settings.home / "cache" / "vectors").is_dir()
    judged = predict.predict_text(ws, "할머니가 쓰러졌어요", [spec.run_id])["utterances"][0]["judgements"]["danger"]
    assert judged["label"] in ("normal", "danger")
    assert sum(judged["probabilities"].values()) == pytest.approx(1)
    again = predict.predict_text(ws, "할머니가 쓰러졌어요", [spec.run_id])["utterances"][0]["judgements"]["danger"]
    assert again == judged
