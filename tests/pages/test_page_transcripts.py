"""The part "Speech to text" of pages/quality.py: no weights, suggestions to decide on, the letter error rate."""

from pathlib import Path

import page_driver
import pytest
from page_driver import captions
from sounds import record, talk
from streamlit.testing.v1 import AppTest

from core.filters import Filter
from core.speech import weights
from core.store import NewProposal
from core.workflows import jobs
from core.workflows.speech import corpus, errors
from core.workflows.workspace import Workspace, now

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("english", "recogniser")]


def page() -> AppTest:
    opened = page_driver.page("quality")
    assert not opened.error, opened.error
    return opened


def test_without_a_model_the_page_says_how_to_get_one(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGES", ("no_such_package",))
    monkeypatch.setenv("GWIDAMA_WHISPER", "/no/such/folder")
    record(ws, "call", talk(1.0))
    opened = page()
    assert any("holds no model.bin" in box.value.replace("\\", "") for box in opened.info)
    assert opened.button(key="transcribe").disabled
    assert opened.button(key="letter_errors").disabled
    assert "Not measured yet." in captions(opened)
    assert not opened.code, "no command where a button can do it"


def test_the_letter_error_rate_is_measured_by_a_job(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.bin").write_bytes(b"not loaded")
    monkeypatch.setenv("GWIDAMA_WHISPER", str(tmp_path))
    monkeypatch.setattr("core.jobs.enqueue", lambda url, ids: None)
    record(ws, "call", talk(1.0))
    opened = page()
    opened.button(key="letter_errors").click().run()
    job = jobs.running(ws, errors.JOB)
    assert job is not None
    assert page_driver.ok(opened).button(key="letter_errors").disabled, "it is measured already"
    ws.store.board.update(job.id, now(), state="failed", error="by design")
    assert not page().button(key="letter_errors").disabled


def test_suggestions_and_the_letter_error_rate(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.bin").write_bytes(b"not loaded")
    monkeypatch.setenv("GWIDAMA_WHISPER", str(tmp_path))
    record(ws, "call", talk(1.0))
    (utterance,) = ws.store.corpus.every(Filter())
    heard = NewProposal(
        corpus.KIND, utterance.id, corpus.OPERATION, {"text": "불이 났어요", "before": utterance.text}, "heard",
        confidence=0.7, batch="transcribe-1",
    )  # fmt: skip
    ws.store.proposals.add([heard], now())

    class Deaf:
        name = model = "deaf"

        def transcribe(self, wave: object, spans: object, language: str = "ko") -> list[object]:
            from core.speech.transcribers.transcript import Transcript

            return [Transcript(0, 1000, "", "not_understood", 0.1, language)]

    errors.measure(ws, Filter(), transcriber=Deaf())  # type: ignore[arg-type]
    opened = page()
    assert f"Transcriber: {tmp_path.name}" in " ".join(captions(opened)).replace("\\", "")
    metrics = {metric.label: metric.value for metric in opened.metric}
    assert (metrics["Waiting"], metrics["Letter error rate where understood"]) == ("1", "–")
    assert metrics["With what was not understood as missing"] == "1.000 (1.000–1.000)"
    opened.button(key="bulk_accept").click().run()
    assert ws.store.texts.of([utterance.id]) == {utterance.id: "불이 났어요"}
