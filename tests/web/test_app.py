"""app.py in process: headers, audio by id, the REST service with a real small model, and the overview page."""

import io
import json
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient
from streamlit.runtime import Runtime
from streamlit.testing.v1 import AppTest
from training_corpus import TELLING
from workflow_data import add_danger_run

from core import __version__
from core.records import NewRecording, NewUtterance
from core.settings import ROOT
from core.web import uploads
from core.web.headers import policy
from core.web.service.forms import MAX_FILE
from core.web.service.processes import worker
from core.web.service.requests import LOG
from core.web.service.waiting.batches import RUNNER
from core.workflows.models import in_use, train
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

AT = "2026-01-01T00:00:00+00:00"
HOST = "http://127.0.0.1:8501"
RATE_HZ = 8_000


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application as a server runs it. Each request reads the settings again, so a test can set its workspace."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GWIDAMA_HOME", str(tmp_path_factory.mktemp("app")))
        patch.setattr(Runtime, "_instance", None)
        app = runpy.run_path(str(ROOT / "app.py"))["app"]
        with TestClient(app, base_url=HOST) as running:
            yield running


@pytest.fixture
def call(ws: Workspace) -> int:
    """Return the id of a recording of 1.5 s whose samples count up, with two utterances of unequal length."""
    source = ws.store.corpus.add_source("s", "test", "ours", "0" * 64, AT)
    ws.settings.audio.mkdir(parents=True)
    wave = np.arange(12_000, dtype=np.int16)
    soundfile.write(ws.settings.audio / "a.wav", wave, RATE_HZ, subtype="PCM_16")
    spans = (
        NewUtterance("a#0", "불이 났어요", "a", 0, 333, "caller"),
        NewUtterance("a#1", "네", "a", 333, 1001, "taker"),
    )
    silent = NewRecording("b", 1000, None, None, None, (NewUtterance("b#0", "여보세요", "b", 0, 500, "caller"),))
    missing = NewRecording("c", 1000, RATE_HZ, "audio/gone.wav", "0" * 64, ())
    outside = NewRecording("d", 1000, RATE_HZ, "../outside.wav", "0" * 64, ())
    (ws.settings.home.parent / "outside.wav").write_bytes(b"secret")
    ws.store.corpus.add_recordings(
        source, [NewRecording("a", 1500, RATE_HZ, "audio/a.wav", "0" * 64, spans), silent, missing, outside], AT
    )
    ws.store.corpus.add_sentences(source, [NewUtterance("e", "도와주세요", "e")], AT)
    return 1


@pytest.fixture
def trained(ws: Workspace) -> str:
    """Return the id of a danger-text run in the workspace."""
    return add_danger_run(ws)


def samples(content: bytes) -> list[int]:
    wave, rate = soundfile.read(io.BytesIO(content), dtype="int16")
    assert rate == RATE_HZ
    return list(wave)


def test_every_answer_carries_the_headers(client: TestClient, ws: Workspace) -> None:
    for path in ("/", "/corpus", "/api/v1/health", "/api/docs", "/audio/recording/1", "/_stcore/health"):
        headers = client.get(path).headers
        rules = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        assert rules["default-src"] == "'self'", path
        assert "unsafe-inline" not in rules["script-src"]
        assert "http" not in headers["content-security-policy"], "no other host"
        assert rules["frame-ancestors"] == rules["object-src"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_the_policy_allows_exactly_the_inline_scripts_of_the_page() -> None:
    # the hash of alert('Hello, world.'); as the standard's own example gives it
    assert "script-src 'self' 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=' 'wasm" in policy(
        "<script src='x.js'></script><script>alert('Hello, world.');</script>"
    )


@pytest.mark.parametrize(
    ("host", "status"), [("localhost:1", 200), ("[::1]:8501", 200), ("evil.example", 400), ("127.0.0.1.evil", 400)]
)
def test_only_trusted_host_names_are_answered(client: TestClient, ws: Workspace, host: str, status: int) -> None:
    answer = client.get("/api/v1/health", headers={"host": host})
    assert answer.status_code == status
    assert "content-security-policy" in answer.headers


def test_a_recording_is_served_whole_and_by_ranges(client: TestClient, ws: Workspace, call: int) -> None:
    whole = client.get(f"/audio/recording/{call}")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/wav")
    assert whole.content == (ws.settings.audio / "a.wav").read_bytes()
    part = client.get(f"/audio/recording/{call}", headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])


def test_an_utterance_is_exactly_its_samples(client: TestClient, call: int) -> None:
    assert samples(client.get("/audio/utterance/1").content) == list(range(2664))  # 333 ms * 8
    assert samples(client.get("/audio/utterance/2").content) == list(range(2664, 8008))


def test_an_utterance_is_heard_with_what_is_around_it(client: TestClient, call: int) -> None:
    address = "/audio/utterance/2?span=333-1001&context_ms"
    assert samples(client.get(f"{address}=100").content) == list(range(233 * 8, 1101 * 8))
    assert samples(client.get(f"{address}=2000").content) == list(range(12_000)), "no further than the recording"
    for odd in ("-1", "10001", "1e3", "x", "९", "9" * 40):
        answer = client.get(f"{address}={odd}")
        assert (answer.status_code, answer.json()["error"]) == (422, "context_ms: a whole number of 0 to 10000"), odd


@pytest.mark.parametrize(
    ("byte_range", "status", "expected"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=40-", 206, slice(40, None)),
        ("bytes=-4", 206, slice(-4, None)),
        ("bytes=5-99999999", 206, slice(5, None)),
        ("bytes=-", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=99999999-", 416, slice(0, 0)),
        ("bytes=9-3", 416, slice(0, 0)),
    ],
)
def test_clips_answer_to_ranges(client: TestClient, call: int, byte_range: str, status: int, expected: slice) -> None:
    whole = client.get("/audio/utterance/1").content
    answer = client.get("/audio/utterance/1", headers={"range": byte_range})
    assert (answer.status_code, answer.content) == (status, whole[expected])


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("recording/99", 404, "no recording 99"),
        (f"recording/{10**30}", 404, "no id 1"),
        (f"recording/{'1' * 5000}", 404, "no id 1"),
        (f"utterance/{'1' * 5000}", 404, "no id 1"),
        ("utterance/x", 404, "no id x"),
        ("utterance/²", 404, "no id ²"),
        ("recording/2", 404, "delivered without audio"),
        ("recording/3", 404, "audio/gone.wav is missing"),
        ("recording/4", 422, "lies outside the workspace"),
        ("utterance/99", 404, "no utterance 99"),
        ("utterance/3", 404, "delivered without audio"),
        ("utterance/4", 404, "a sentence without audio"),
        ("upload/nothing", 404, "upload the file again"),
    ],
)
def test_audio_that_is_not_there(client: TestClient, call: int, path: str, status: int, reason: str) -> None:
    answer = client.get(f"/audio/{path}")
    assert answer.status_code == status
    assert reason in answer.json()["error"]


@pytest.mark.parametrize("path", ["recording/1", "utterance/1"])
@pytest.mark.parametrize("byte_range", [f"bytes={'1' * 5000}-", f"bytes=-{'1' * 5000}", f"bytes=0-{'1' * 5000}"])
def test_a_range_of_thousands_of_digits_is_no_fault_of_ours(
    client: TestClient, call: int, path: str, byte_range: str
) -> None:
    assert client.get(f"/audio/{path}", headers={"range": byte_range}).status_code in (200, 206, 400, 416)


def test_uploads_are_kept_until_others_need_the_room(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_uploads", uploads.Kept(uploads.ENTRIES, 100))
    first, second = uploads.keep(b"a" * 40), uploads.keep(b"b" * 40)
    assert client.get(f"/audio/upload/{first}").content == b"a" * 40  # played, so the other one is older now
    third = uploads.keep(b"c" * 40)
    assert [uploads.get(t) is not None for t in (first, second, third)] == [True, False, True]
    big = uploads.keep(b"d" * 200)
    assert uploads.get(big) == b"d" * 200, "the newest is always kept"
    for _ in range(uploads.ENTRIES):
        last = uploads.keep(b"e")
    assert (uploads.get(big), uploads.get(last)) == (None, b"e")


def test_health_says_more_to_those_with_a_key(
    client: TestClient, trained: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = {
        "status": "ok",
        "version": __version__,
        "runs": [{"id": trained, "scheme": "danger", "schemes": ["danger"], "modality": "text", "snapshot": "d1",
                  "in_use": True, "chosen": False, "serves": ["danger"]}],
    }  # fmt: skip
    assert client.get("/api/v1/health").json() == full
    monkeypatch.setenv("GWIDAMA_API_KEYS", "one, 열쇠")
    assert client.get("/api/v1/health").json() == {"status": "ok"}
    assert client.get("/api/v1/health", headers={"X-API-Key": "one"}).json() == full


def test_a_sentence_is_judged(client: TestClient, trained: str) -> None:
    answer = client.post("/api/v1/predict", json={"text": f"할머니가 {TELLING['danger']}"})
    assert answer.status_code == 200
    assert answer.json()["source"] == "text"
    (judged,) = answer.json()["utterances"]
    assert (judged["start_ms"], judged["end_ms"], judged["text"]) == (None, None, f"할머니가 {TELLING['danger']}")
    danger = judged["judgements"]["danger"]
    assert (danger["label"], danger["run"]) == ("danger", trained)
    assert set(danger["probabilities"]) == {"normal", "danger"}
    assert sum(danger["probabilities"].values()) == pytest.approx(1)
    named = client.post("/api/v1/predict", json={"text": TELLING["normal"], "run": [trained]}).json()
    assert named["utterances"][0]["judgements"]["danger"]["label"] == "normal"


def test_a_change_of_the_run_in_use_counts_at_once(client: TestClient, ws: Workspace, trained: str) -> None:
    def judged() -> tuple[str, bool]:
        answer = client.post("/api/v1/predict", json={"text": TELLING["normal"]}).json()
        judgement = answer["utterances"][0]["judgements"]["danger"]
        return judgement["run"], judgement["chosen"]

    newer = train.plan(ws, "text", "d1")
    train.run(ws, newer)
    assert judged() == (newer.run_id, False)
    in_use.use(ws, trained, "ann")
    assert judged() == (trained, True)
    health = {run["id"]: (run["in_use"], run["chosen"]) for run in client.get("/api/v1/health").json()["runs"]}
    assert health == {newer.run_id: (False, False), trained: (True, True)}


def wav(seconds: float = 2.0) -> bytes:
    t = np.arange(int(seconds * 16_000)) / 16_000
    buffer = io.BytesIO()
    soundfile.write(buffer, 0.4 * np.sin(2 * np.pi * 220 * t), 16_000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def test_a_recording_with_its_transcript_or_label_file_is_judged(client: TestClient, trained: str) -> None:
    spoken = f"할머니가 {TELLING['danger']}"
    answer = client.post(
        "/api/v1/predict", files={"file": ("../../전화.wav", wav())}, data={"text": spoken, "run": [trained]}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["source"] == "전화.wav"
    assert any(
        utterance["text"] == spoken and utterance["judgements"]["danger"]["label"] == "danger"
        for utterance in answer.json()["utterances"]
    )
    labels = {"_id": "call1", "utterances": [{"text": spoken, "startAt": 100, "endAt": 900, "speaker": 1}]}
    answer = client.post(
        "/api/v1/predict",
        files={"file": ("a.wav", wav()), "labels": ("a.json", json.dumps(labels, ensure_ascii=False).encode())},
    )
    assert answer.status_code == 200, answer.text
    (utterance,) = answer.json()["utterances"]
    assert (utterance["start_ms"], utterance["end_ms"], utterance["text"]) == (100, 900, spoken)


Send = Callable[[TestClient], Any]


@pytest.mark.parametrize(
    ("send", "status", "reason"),
    [
        (lambda c: c.post("/api/v1/predict", json={"text": "   "}), 400, "the text is empty"),
        (lambda c: c.post("/api/v1/predict", json={"text": "가" * 10_001}), 422, "text: String should have at most"),
        (lambda c: c.post("/api/v1/predict", json={}), 422, "text: Field required"),
        (lambda c: c.post("/api/v1/predict", json={"text": "가", "run": ["nope"]}), 404, "no run 'nope'"),
        (lambda c: c.post("/api/v1/predict", json={"text": "가", "run": ["../.."]}), 404, "no run '../..'"),
        (
            lambda c: c.post("/api/v1/predict", content=b"{", headers={"content-type": "application/json"}),
            422,
            "Invalid JSON",
        ),
        (lambda c: c.post("/api/v1/predict", content=b"x"), 415, "send multipart/form-data"),
        (
            lambda c: c.post("/api/v1/predict", content=b"x", headers={"content-type": "multipart/form-data"}),
            400,
            "Missing boundary",
        ),
        (lambda c: c.post("/api/v1/predict", files={"other": b"x"}), 400, "the field `file` is missing"),
        (lambda c: c.post("/api/v1/predict", files={"file": ("a.wav", b"no sound")}), 422, "a.wav: "),
        (lambda c: c.post("/api/v1/predict", files={"file": ("a.wav", b"")}), 422, "a.wav: "),
        (lambda c: c.get("/api/v1/predict"), 405, None),
    ],
)
def test_what_cannot_be_judged_is_refused_with_its_reason(
    client: TestClient, trained: str, send: Send, status: int, reason: str | None
) -> None:
    answer = send(client)
    assert answer.status_code == status, answer.text
    assert reason is None or reason in answer.json()["error"]


def test_without_a_model_the_way_out_is_named(client: TestClient, ws: Workspace) -> None:
    answer = client.post("/api/v1/predict", json={"text": "가"})
    assert answer.status_code == 409
    assert "python -m core demo" in answer.json()["error"]


def test_too_large_a_body_is_refused_while_it_comes(client: TestClient, ws: Workspace) -> None:
    claimed = client.post("/api/v1/predict", files={"file": ("a.wav", bytes(MAX_FILE + 5_000_000))})
    assert (claimed.status_code, claimed.json()) == (413, {"error": "the request is larger than 54000000 bytes"})
    little_more = client.post("/api/v1/predict", files={"file": ("a.wav", bytes(MAX_FILE + 1))})
    assert (little_more.status_code, little_more.json()) == (413, {"error": "the file is larger than 50000000 bytes"})

    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        for _ in range(100):
            sent += 1_000_000
            yield bytes(1_000_000)

    headers = {"content-type": "multipart/form-data; boundary=b"}
    unclaimed = client.post("/api/v1/predict", content=endless(), headers=headers)
    assert unclaimed.status_code == 413
    long_text = client.post("/api/v1/predict", json={"text": "a" * 1_000_001})
    assert long_text.status_code == 413


@pytest.mark.parametrize("key", [None, "wrong", "onex", "", "열쇠"])
def test_predictions_need_a_key_when_there_are_keys(
    client: TestClient, trained: str, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GWIDAMA_API_KEYS", "zero,one")
    headers = {} if key is None else {"X-API-Key": key.encode()}
    answer = client.post("/api/v1/predict", json={"text": "가"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "a valid key is needed in the header X-API-Key")
    assert client.post("/api/v1/predict", json={"text": "가"}, headers={"X-API-Key": "one"}).status_code == 200


def test_the_documentation_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/api/docs").text
    assert "://" not in page
    assert "<script>" not in page
    for asset in ("assets/swagger-ui.css", "assets/swagger-ui-bundle.js", "docs.js"):
        assert asset in page
        assert client.get(f"/api/{asset}").status_code == 200
    schema = client.get("/api/openapi.json").json()
    batch = "/v1/predict/batch"
    listed = {"/v1/health", "/v1/predict", "/v1/runs", "/v1/schemes", "/v1/metrics"}
    assert set(schema["paths"]) == listed | {batch, f"{batch}/{{id}}", f"{batch}/{{id}}/results"}
    assert schema["servers"] == [{"url": "/api"}]
    bodies = schema["paths"]["/v1/predict"]["post"]["requestBody"]["content"]
    assert set(bodies) == {"multipart/form-data", "application/json"}


def test_app_py_is_the_overview_page(ws: Workspace) -> None:
    page = AppTest.from_file(str(Path(ROOT) / "app.py")).run(timeout=60)
    assert not page.exception
    assert [title.value for title in page.title] in (["개요"], ["Overview"])


def test_a_server_that_stops_ends_its_batch_and_writes_its_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ws: Workspace
) -> None:
    ended: list[str] = []
    monkeypatch.setattr(RUNNER, "stop", lambda: ended.append("batch"))
    monkeypatch.setattr(LOG, "wanted", True)
    monkeypatch.setattr(Runtime, "_instance", None)
    for number, app in enumerate((runpy.run_path(str(ROOT / "app.py"))["app"], worker.application()), 1):
        with TestClient(app, base_url=HOST) as running:
            running.get("/api/v1/health", headers={"X-Request-ID": f"last-{number}"})
        assert len(ended) == number
        assert f'"id":"last-{number}"' in capsys.readouterr().err
