"""REST and the Predict page give a result or a reason for each odd or broken file of ../shared/data/odd_audio.

So they do for files that are changed at random: a small sample of what `python -m bench.hostile` sends by the thousand.
test_gate.py tests the gate itself under a memory limit.
"""

import runpy
from pathlib import Path

import pytest
from odd_sounds import encoded
from starlette.testclient import TestClient
from streamlit.runtime import Runtime
from streamlit.testing.v1 import AppTest

from bench.mutations import File, mutated, odd_sounds, own_sounds
from core.audio.gate import decode
from core.errors import AudioError
from core.settings import ROOT
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def odd(shared: Path) -> list[Path]:
    files = [p for p in sorted((shared / "odd_audio").rglob("*")) if p.is_file()]
    files = [p for p in files if p.name.lower() not in ("license", "readme.txt")]
    assert len(files) > 80
    return files


@pytest.fixture(scope="module")
def changed() -> list[File]:
    """Files changed at random, the same each time: of every format that can be written, and of odd_audio if there."""
    pytest.importorskip("av", reason="PyAV is not installed")
    return list(mutated([*own_sounds(), *odd_sounds(ROOT.parent / "shared" / "data" / "odd_audio")], 400, seed=119))


@pytest.mark.integration
def test_the_gate_reads_or_refuses_files_changed_at_random(changed: list[File]) -> None:
    refusals = []
    for name, data in changed:
        try:
            assert len(decode(data, name).wave)
        except AudioError as error:
            refusals.append((name, str(error)))
    assert all(reason.startswith(f"{name}: ") for name, reason in refusals)
    assert 40 < len(refusals) < 360


def test_the_rest_service_judges_or_refuses_each(
    odd: list[Path], changed: list[File], demo_ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Runtime, "_instance", None)
    app = runpy.run_path(str(ROOT / "app.py"))["app"]
    judged = 0
    with TestClient(app, base_url="http://127.0.0.1:8501") as client:
        for path in odd:
            answer = client.post("/api/v1/predict", files={"file": (path.name, path.read_bytes())})
            assert answer.status_code in (200, 422), f"{path.name}: {answer.status_code} {answer.text[:200]}"
            body = answer.json()
            if answer.status_code == 200:
                judged += 1
                assert body["source"] == path.name
                assert all(0 <= u["start_ms"] < u["end_ms"] for u in body["utterances"])
            else:
                assert body["error"].startswith(f"{path.name}: "), body
                assert len(body["error"]) > len(path.name) + 10
        for name in ("a.m4a", "a.amr", "a.webm"):
            answer = client.post("/api/v1/predict", files={"file": (name, encoded(name))})
            assert (answer.status_code, answer.json()["source"]) == (200, name)
        for name, data in changed[:60]:
            answer = client.post("/api/v1/predict", files={"file": (name, data)})
            assert answer.status_code in (200, 422), f"{name}: {answer.status_code} {answer.text[:200]}"
    assert judged > 20


def test_the_predict_page_shows_a_result_or_a_reason_for_each(
    odd: list[Path], changed: list[File], demo_ws: Workspace
) -> None:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    page.switch_page("pages/predict.py").run()
    refused = 0
    for path in odd:
        page.file_uploader[0].set_value((path.name, path.read_bytes(), "audio/wav"))
        page.run()
        assert not page.exception, f"{path.name}: {page.exception}"
        if page.error:
            refused += 1
            assert path.name in page.error[0].value.replace("\\", "")
        else:
            assert path.stem[:5] in "".join(s.value for s in page.header).replace("\\", "")
    assert 10 < refused < len(odd)
    for name, data in changed[:12]:
        page.file_uploader[0].set_value((name, data, "audio/wav"))
        page.run()
        assert not page.exception, f"{name}: {page.exception}"
