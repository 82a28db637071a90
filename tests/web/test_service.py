"""The REST service on a small trained workspace: keys and scopes, lists, batches, ids, figures, the log, failures."""

import asyncio
import errno
import io
import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import soundfile
from cli_driver import RUNNER
from starlette.testclient import TestClient
from training_corpus import TELLING
from workflow_data import add_danger_run

from core.cli import app
from core.web.api import api
from core.web.service import access, routes
from core.web.service.openapi.documents import Answer, Batch, Results, Runs, Schemes
from core.web.service.processes import worker
from core.web.service.requests import LOG
from core.web.service.waiting import batches, queue
from core.workflows import workspace
from core.workflows.service import batches as stored
from core.workflows.service import keys
from core.workflows.workspace import Workspace, open_workspace

pytestmark = pytest.mark.integration

HOST = "http://127.0.0.1:8501"
DANGER = f"할머니가 {TELLING['danger']}"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with one run that judges danger in texts."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("API_KEYS", "OPEN", "LOG", "DATABASE_URL"):
            patch.delenv(f"GWIDAMA_{name}", raising=False)
        patch.setenv("GWIDAMA_HOME", str(tmp_path_factory.mktemp("service")))
        patch.setenv("GWIDAMA_CURATOR", "ann")
        workspace._open.cache_clear()
        ws = open_workspace()
        add_danger_run(ws)
        yield ws
        workspace._open.cache_clear()


@pytest.fixture(scope="module")
def client(home: Workspace) -> Iterator[TestClient]:
    with TestClient(worker.application(), base_url=HOST, raise_server_exceptions=False) as running:
        yield running


def wav(seconds: float = 2.0) -> bytes:
    t = np.arange(int(seconds * 16_000)) / 16_000
    buffer = io.BytesIO()
    soundfile.write(buffer, 0.4 * np.sin(2 * np.pi * 220 * t), 16_000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def test_an_answer_fits_the_documented_form(client: TestClient) -> None:
    answer = client.post("/api/v1/predict", json={"text": DANGER, "schemes": ["danger"]})
    assert answer.status_code == 200
    read = Answer.model_validate(answer.json())
    assert read.utterances[0].judgements["danger"].label == "danger"
    unknown = client.post("/api/v1/predict", json={"text": DANGER, "schemes": ["dangr"]})
    assert unknown.status_code == 404
    assert "unknown scheme 'dangr'" in unknown.json()["error"]
    none = client.post("/api/v1/predict", json={"text": DANGER, "schemes": ["urgency"]})
    assert (none.status_code, none.json()["error"]) == (409, "no run in use judges urgency here")


def test_known_segments_are_judged_and_the_others_are_not_looked_for(client: TestClient) -> None:
    segments = [{"start_ms": 100, "end_ms": 900, "text": DANGER, "speaker": "taker"}]
    answer = client.post("/api/v1/predict", files={"file": ("a.wav", wav())}, data={"segments": json.dumps(segments)})
    assert answer.status_code == 200, answer.text
    (utterance,) = Answer.model_validate(answer.json()).utterances
    assert (utterance.start_ms, utterance.end_ms, utterance.text) == (100, 900, DANGER)
    late = [{"start_ms": 5000, "end_ms": 6000, "text": "불"}]
    outside = client.post("/api/v1/predict", files={"file": ("a.wav", wav())}, data={"segments": json.dumps(late)})
    assert outside.status_code == 400, outside.text
    assert "no segment of a recording of 2000 ms lies between 5000 and 6000 ms" in outside.json()["error"]


def test_lists_are_those_of_the_shell(client: TestClient) -> None:
    for what, form in (("runs", Runs), ("schemes", Schemes)):
        shell = RUNNER.invoke(app, [what, "list", "--json"])
        answer = client.get(f"/api/v1/{what}").json()
        assert answer == json.loads(shell.stdout)
        form.model_validate(answer)
    assert client.get("/api/v1/runs").json()["runs"][0]["in_use"] is True


def test_every_answer_has_the_id_of_its_request(client: TestClient) -> None:
    sent = client.get("/api/v1/health", headers={"X-Request-ID": "bus-17.a"})
    assert sent.headers["x-request-id"] == "bus-17.a"
    for odd in ("a b", "x" * 65, "a\tb", ""):
        made = client.get("/api/v1/health", headers={"X-Request-ID": odd}).headers["x-request-id"]
        assert made != odd
        assert len(made) == 32
    refused = client.post("/api/v1/predict", content=b"x")
    assert (refused.status_code, len(refused.headers["x-request-id"])) == (415, 32)
    wrong = client.get("/api/v1/predict")
    assert (wrong.status_code, wrong.json()) == (405, {"error": "Method Not Allowed"})
    assert client.get("/api/v1/nothing").json() == {"error": "Not Found"}


def test_keys_open_what_they_are_for(client: TestClient, home: Workspace) -> None:
    reader, read_key = keys.add(home, "reader", ["read"], None, "ann")
    _, bus_key = keys.add(home, "bus", ["predict"], 3, "ann")
    assert (reader.prefix, len(read_key)) == (read_key[:8], 47)

    def ask(key: str | None, path: str = "runs") -> Any:
        return client.get(f"/api/v1/{path}", headers={"X-API-Key": key} if key else {})

    try:
        assert (ask(None).status_code, ask("gwd_wrong").status_code, ask(read_key).status_code) == (401, 401, 200)
        forbidden = ask(bus_key)
        assert (forbidden.status_code, forbidden.json()["error"]) == (403, "key bus is for predict, not for read")
        assert ask(None, "health").json() == {"status": "ok"}
        assert ask(read_key, "health").json()["runs"][0]["scheme"] == "danger"
        assert ask(read_key, "metrics").status_code == 403
        statuses = [
            client.post("/api/v1/predict", json={"text": "가"}, headers={"X-API-Key": bus_key}).status_code
            for _ in range(4)
        ]
        assert statuses == [200, 200, 200, 429]
        limited = client.post("/api/v1/predict", json={"text": "가"}, headers={"X-API-Key": bus_key})
        assert limited.json() == {"error": "key bus has a limit of 3 requests a minute"}
        assert 1 <= int(limited.headers["retry-after"]) <= 21
        keys.revoke(home, "reader", "ann")
        assert ask(read_key).status_code == 401, "a revoked key is refused at once"
        keys.revoke(home, "bus", "ann")
        assert ask(None).status_code == 401, "revoking the last key does not open the service"
    finally:
        with closing(sqlite3.connect(str(home.settings.database_file))) as connection:  # the next test has no key
            connection.execute("DELETE FROM api_key")
            connection.commit()


def wait_for(client: TestClient, status: str) -> dict[str, Any]:
    give_up = time.monotonic() + 60
    while True:
        answer = client.get(status).json()
        if answer["state"] == "done":
            Batch.model_validate(answer)
            return dict(answer)
        assert time.monotonic() < give_up, answer
        time.sleep(0.02)


def test_a_batch_of_sentences_is_judged_in_the_order_of_its_texts(client: TestClient) -> None:
    texts = [f"{TELLING['danger' if n % 2 else 'normal']} {n}" for n in range(70)]
    texts[5] = " "
    begun = client.post("/api/v1/predict/batch", json={"texts": texts})
    assert begun.status_code == 202, begun.text
    done = wait_for(client, begun.json()["status"])
    assert (done["done"], done["total"], done["failed"]) == (70, 70, 1)
    first = client.get(f"{done['results']}?limit=50").json()
    rest = client.get(f"{done['results']}?offset={first['next']}").json()
    assert (len(first["results"]), first["next"], len(rest["results"]), rest["next"]) == (50, 50, 20, None)
    results = first["results"] + rest["results"]
    Results.model_validate(first)
    assert results[5] == {"error": "text: the text is empty", "source": "text"}
    judged = [n for n in range(70) if n != 5]
    assert [results[n]["utterances"][0]["text"] for n in judged] == [texts[n] for n in judged]
    assert results[7] == client.post("/api/v1/predict", json={"text": texts[7]}).json()


def test_a_batch_of_files_goes_on_where_a_stopped_server_left_it(
    client: TestClient, home: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [("file", (f"{n}.wav", wav())) for n in range(3)] + [("file", ("없음.wav", b"no sound"))]
    monkeypatch.setattr(batches.RUNNER, "add", lambda ws, batch: None)  # the server stops before it begins
    begun = client.post("/api/v1/predict/batch", files=files, data={"own_voice": "true"}).json()
    assert (begun["state"], begun["done"], begun["total"]) == ("running", 0, 4)
    batch = stored.find(home, begun["id"])
    assert batch.own_voice
    calls: list[str] = []

    def judge(path: Any, source: str) -> dict[str, Any]:
        calls.append(source)
        return {"source": source, "utterances": []}

    stored.work(home, batch, lambda texts: [], judge, lambda: len(calls) == 2)
    with (home.settings.home / "cache" / "batches" / batch.id / "results.jsonl").open("ab") as torn:
        torn.write(b'{"source": "2.w')  # the process was killed while it wrote
    monkeypatch.undo()
    done = wait_for(client, begun["status"])
    results = client.get(done["results"]).json()["results"]
    assert calls == ["0.wav", "1.wav"]
    assert [result["source"] for result in results] == ["0.wav", "1.wav", "2.wav", "없음.wav"]
    assert results[3]["error"].startswith("없음.wav: ")
    assert done["failed"] == 1
    assert not list((home.settings.home / "cache" / "batches" / batch.id).glob("*.input")), "inputs are not kept"


def test_batches_that_cannot_be_begun_or_found(client: TestClient, home: Workspace) -> None:
    for body, reason in (
        ({"texts": []}, "texts: List should have at least 1 item"),
        ({"texts": ["가" * 10_001]}, "texts.0: String should have at most 10000"),
        ({}, "texts: Field required"),
    ):
        answer = client.post("/api/v1/predict/batch", json=body)
        assert answer.status_code == 422
        assert answer.json()["error"].startswith(reason)
    assert client.post("/api/v1/predict/batch", content=b"x").status_code == 415
    for identity in ("nothing", "x" * 22, "..%2F..%2Fetc", "x" * 500):
        assert client.get(f"/api/v1/predict/batch/{identity}").status_code == 404, identity
    mine = stored.create(home, ["가"], "bus")
    assert client.get(f"/api/v1/predict/batch/{mine.id}").status_code == 404, "it belongs to another key"
    assert stored.find(home, mine.id, "bus").total == 1
    stored.remove_old(home, time.time() + stored.KEPT_S + 60)
    assert client.get(f"/api/v1/predict/batch/{mine.id}").status_code == 404


def test_figures_count_and_hold_no_text(client: TestClient) -> None:
    client.post("/api/v1/predict", json={"text": DANGER})
    answer = client.get("/api/v1/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'gwidama_requests_total{method="POST",route="/v1/predict",status="200"}' in answer.text
    assert "gwidama_judged_total" in answer.text
    assert "할머니" not in answer.text


def test_the_log_has_a_line_for_each_request_and_nothing_of_what_was_said(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    client.post("/api/v1/predict?name=김철수", json={"text": DANGER}, headers={"X-Request-ID": "r1"})
    client.post("/api/v1/predict", files={"file": ("김철수 전화.wav", b"x")}, headers={"X-Request-ID": "r2"})
    LOG.flush()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    noted = {line["id"]: line for line in lines}
    assert (noted["r1"]["route"], noted["r1"]["status"], noted["r1"]["method"]) == ("/v1/predict", 200, "POST")
    assert noted["r2"]["status"] == 422
    assert "김철수" not in str(lines)
    assert "할머니" not in str(lines)


def test_an_unexpected_error_is_logged_without_its_message(
    client: TestClient, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(scheme: object) -> None:
        raise RuntimeError("VALUES ('010-1234-5678')")

    monkeypatch.setattr(routes, "check_schemes", broken)
    answer = client.post("/api/v1/predict", json={"text": DANGER}, headers={"X-Request-ID": "r3"})
    assert (answer.status_code, answer.json()) == (500, {"error": "internal error; the log has more under r3"})
    LOG.flush()
    printed = capsys.readouterr().err
    line = next(json.loads(line) for line in printed.splitlines() if '"r3"' in line)
    assert line["error"] == "RuntimeError"
    assert any("routes.py" in place for place in line["trace"])
    assert "010-1234" not in printed


def test_a_full_queue_answers_503_before_the_upload_is_read(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue.QUEUE, "places", 0)
    answer = client.post("/api/v1/predict", files={"file": ("a.wav", bytes(2_000_000))})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "recordings are waiting already" in answer.json()["error"]
    assert client.post("/api/v1/predict", json={"text": DANGER}).status_code == 200, "texts do not wait there"


def test_a_form_in_another_encoding_and_a_full_disk_are_named(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(route: str, charset: str) -> tuple[int, str]:
        body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nx\r\n--b--\r\n'
        kind = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
        answer = client.post(route, content=body, headers=kind)
        return answer.status_code, answer.json()["error"]

    def full(file: object, size: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    for route in ("/api/v1/predict", "/api/v1/predict/batch"):
        for charset in ("undefined", "idna", "unicode_escape", "utf-7"):
            status, reason = ask(route, charset)
            assert (status, reason[:38]) == (415, "the fields of a form must be in UTF-8;"), (route, charset)
    monkeypatch.setattr(shutil, "copyfileobj", full)
    status, reason = ask("/api/v1/predict/batch", "utf-8")
    assert (status, reason[:55]) == (507, "the disk is full: the upload could not be written. What")


def test_a_client_that_leaves_is_no_error(home: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    messages = iter([{"type": "http.request", "body": b"--b\r\n", "more_body": True}, {"type": "http.disconnect"}])
    headers = [(b"content-type", b"multipart/form-data; boundary=b"), (b"x-request-id", b"r4"), (b"host", b"localhost")]
    scope = {
        "type": "http", "method": "POST", "path": "/v1/predict", "raw_path": b"/v1/predict", "query_string": b"",
        "headers": headers, "http_version": "1.1", "scheme": "http", "server": None, "client": None, "root_path": "",
    }  # fmt: skip

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        pass

    async def ask() -> None:
        await api(scope, receive, send)
        LOG.flush()

    asyncio.run(ask())
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (line["id"], line["status"], "error" in line) == ("r4", 499, False)
    assert queue.QUEUE.taken == 0


def test_the_document_has_korean_examples_and_the_header_of_the_keys(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    assert document["components"]["securitySchemes"]["APIKeyHeader"]["name"] == access.HEADER
    predict = document["paths"]["/v1/predict"]["post"]
    examples = predict["requestBody"]["content"]["application/json"]["examples"]
    assert "할머니" in examples["위험"]["value"]["text"]
    assert "Retry-After" in predict["responses"]["429"]["headers"]
    assert {"400", "401", "403", "404", "413", "415", "422", "429", "503"} <= set(predict["responses"])
