"""core.cli.learning.encoders: pruning by files and by the workspace's texts; what is missing is named."""

from pathlib import Path

import pytest
from cli_driver import answer, failure, run
from tiny_bert import tiny_bert
from workflow_data import import_sentences

from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


def test_a_model_is_pruned_to_files(tmp_path: Path, ws: Workspace) -> None:
    model = tiny_bert(tmp_path / "model")
    (tmp_path / "a.txt").write_text("불이 났어요\n\n도와 주세요\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text('id,text\n1,"할머니가, 쓰러졌어요"\n', encoding="utf-8-sig")
    done = answer("models", "prune", model, tmp_path / "out", "--corpus", tmp_path / "a.txt", "--corpus",
                  tmp_path / "b.csv")  # fmt: skip
    assert (done["model"], done["kind"], done["texts"]) == (str(model), "WordPiece", 6)
    assert done["tokens_after"] < done["tokens_before"]
    assert done["bytes_after"] < done["bytes_before"]
    shown = run("models", "prune", model, tmp_path / "out2", "--corpus", tmp_path / "a.txt").stdout
    assert "2 texts are cut into the same pieces as before" in shown


def test_a_model_is_pruned_to_the_workspace(tmp_path: Path, ws: Workspace) -> None:
    import_sentences(ws, tmp_path)
    done = answer("models", "prune", tiny_bert(tmp_path / "model"), tmp_path / "out", "--workspace")
    assert done["texts"] == 120


def test_what_cannot_be_done_is_one_line(tmp_path: Path, ws: Workspace) -> None:
    model = tiny_bert(tmp_path / "model")
    assert failure("models", "prune", model, tmp_path / "o") == "name the corpus: files with texts, or the workspace"
    (tmp_path / "a.txt").write_bytes(b"\xb0\xa1\n")
    assert failure("models", "prune", model, tmp_path / "o", "--corpus", tmp_path / "a.txt") == (
        "a.txt: is not UTF-8 (byte 0)"
    )
    assert failure("models", "prune", model, tmp_path / "o", "--corpus", tmp_path / "no.txt").endswith("no such file")
    assert failure("models", "prune", "nobody/nothing", tmp_path / "o", "--workspace").startswith(
        "nobody/nothing is not on this machine"
    )
