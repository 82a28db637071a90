"""`embed`: vectors in the order of a table's rows, and what is left out is named."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_speech import WIDTH, wav2vec2, waves

from core.errors import NotEnoughData, UnknownName
from core.settings import ROOT
from core.workflows.models.embeddings import AudioColumns, export_embeddings

pytestmark = pytest.mark.integration

COLUMNS = AudioColumns("wav", "startAt", "endAt")


@pytest.fixture
def delivery(tmp_path: Path) -> Path:
    """A table of six rows: two spans of one file, a whole file, no file, a file outside, a span of 20 ms."""
    (tmp_path / "in").mkdir()
    for name, wave in zip("ab", waves([2.0, 1.0]), strict=True):
        soundfile.write(tmp_path / "in" / f"{name}.wav", wave, 16_000)
    soundfile.write(tmp_path / "outside.wav", waves([1.0])[0], 16_000)
    rows = [("a.wav", "1000", "2000", "불이 났어요"), ("b", "", "", "=SUM(1)"), ("a.wav", "0", "1000", "네"),
            ("none.wav", "", "", "?"), ("../outside.wav", "", "", "?"), ("a.wav", "0", "20", "?")]  # fmt: skip
    with (tmp_path / "in" / "calls.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("wav", "startAt", "endAt", "text"), *rows])
    return tmp_path / "in" / "calls.csv"


@pytest.fixture
def encoder(tmp_path: Path) -> str:
    return wav2vec2(tmp_path / "encoder")


def test_vectors_stand_in_the_order_of_the_rows(delivery: Path, encoder: str, tmp_path: Path) -> None:
    from core.speech.wav2vec2 import vectors

    seen: list[tuple[int, int]] = []
    out = tmp_path / "wav2vec2_embeddings.npy"
    report = export_embeddings(delivery, out, encoder, COLUMNS, lambda *n: seen.append(n))
    table = np.load(out, allow_pickle=False)
    assert (table.shape, table.dtype, report.added, seen[-1]) == ((3, WIDTH), np.dtype(np.float32), 3, (6, 6))
    a, b = (soundfile.read(delivery.parent / f"{name}.wav", dtype="float32")[0] for name in "ab")
    clips = [a[16_000:], b, a[:16_000]]
    np.testing.assert_allclose(table, vectors(clips, encoder), atol=1e-3)
    export_embeddings(delivery, out, encoder, COLUMNS, precision="float32")
    np.testing.assert_allclose(np.load(out, allow_pickle=False), vectors(clips, encoder, "float32"), atol=1e-5)
    with out.with_suffix(".csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["불이 났어요", "'=SUM(1)", "네"]
    reasons = {skip.where: str(skip.reason) for skip in report.skipped}
    assert reasons.keys() == {"5", "6", "7"}
    assert "no audio file '../outside.wav' beside the table" in reasons["6"]
    assert "20 ms, shorter than" in reasons["7"]


def test_what_cannot_work_is_refused(delivery: Path, encoder: str, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="unknown column 'sound'; known: wav, startAt, endAt, text"):
        export_embeddings(delivery, tmp_path / "x.npy", encoder, AudioColumns("sound"))
    with pytest.raises(NotEnoughData, match="no row has audio that can be used"):
        export_embeddings(delivery, tmp_path / "x.npy", encoder, AudioColumns("text"))
    with pytest.raises(UnknownName, match="unknown precision 'int4'; known: auto, float32, bf16, int8"):
        export_embeddings(delivery, tmp_path / "x.npy", encoder, COLUMNS, precision="int4")
    assert not (tmp_path / "x.npy").exists()


@pytest.mark.integration
def test_the_verb_answers_with_one_document(delivery: Path, encoder: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "core", "embed", str(delivery), str(tmp_path / "out.npy"), "--audio", "wav",
               "--start", "startAt", "--end", "endAt", "--encoder", encoder, "--precision", "float32",
               "--json"]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["rows"], document["left_out"], len(document["skipped"])) == (3, 3, 3)
    wrong = subprocess.run(
        [*command[:4], str(delivery), "x.csv", "--audio", "wav"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "must end in .npy" in wrong.stderr
