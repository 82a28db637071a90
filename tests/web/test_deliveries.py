"""Routes of the Import page: a file arrives as it is sent, the rest is refused with a reason."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.ui import error_messages
from core.web import deliveries
from core.workflows.imports.deliveries import inbox
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration
HERE = "http://127.0.0.1:8501"


@pytest.fixture
def client(ws: Workspace) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=list(deliveries.ROUTES)), base_url=HERE, headers={"origin": HERE}) as opened:
        yield opened


def opened() -> str:
    delivery = inbox.new_id()
    deliveries.open_upload(delivery, error_messages.explainer("ko"))
    return delivery


def test_files_arrive_and_are_listed(ws: Workspace, client: TestClient) -> None:
    delivery, data = opened(), bytes(range(256)) * 9000  # more than one block
    answer = client.put(f"/import/{delivery}", params={"path": "납품/소리.wav"}, content=data)
    assert (answer.status_code, answer.json()) == (201, {"bytes": len(data)})
    ((path, (size, _)),) = client.get(f"/import/{delivery}").json()["files"].items()
    assert (path, size) == ("납품/소리.wav", len(data))
    (folder,) = inbox.entries(ws, delivery)
    assert (folder / "소리.wav").read_bytes() == data
    assert [path.name for path in folder.iterdir()] == ["소리.wav"]


def test_only_uploads_that_a_page_opened_take_files(ws: Workspace, client: TestClient) -> None:
    answer = client.put(f"/import/{inbox.new_id()}", params={"path": "a.csv"}, content=b"x")
    assert (answer.status_code, answer.json()) == (410, {"error": "this upload is closed; reload the page"})
    assert not (ws.settings.home / "uploads").exists()


@pytest.mark.parametrize("path", ["../a.csv", "", "/a.csv", ".a/b.csv"])
def test_a_hostile_name_is_refused_in_the_language_of_the_page(ws: Workspace, client: TestClient, path: str) -> None:
    delivery = opened()
    answer = client.put(f"/import/{delivery}", params={"path": path}, content=b"x")
    assert answer.status_code == 422
    assert "이 이름의 파일은 받을 수 없습니다" in answer.json()["error"]
    assert inbox.files(ws, delivery) == []


def test_a_file_that_is_too_large_is_refused_before_it_is_read(ws: Workspace, client: TestClient) -> None:
    delivery = opened()
    answer = client.put(
        f"/import/{delivery}", params={"path": "a.zip"}, content=b"x", headers={"Content-Length": str(10**14)}
    )
    assert answer.status_code == 422
    assert "a.zip 파일이 너무 큽니다(100,000,000 MB)" in answer.json()["error"]


def test_a_file_without_its_length_is_refused(client: TestClient) -> None:
    answer = client.put(f"/import/{opened()}", params={"path": "a.csv"}, content=iter([b"a", b"b"]))
    assert (answer.status_code, "파일은 크기와 함께" in answer.json()["error"]) == (422, True)


def test_other_ids_and_methods_find_nothing(client: TestClient) -> None:
    assert client.get("/import/..%2F..").status_code in (404, 410)
    assert client.post(f"/import/{opened()}", content=b"x").status_code == 405


def test_another_site_sends_nothing(ws: Workspace, client: TestClient) -> None:
    delivery = opened()
    for headers in ({"origin": "http://evil.example"}, {"origin": ""}, {"sec-fetch-site": "cross-site"}):
        answer = client.put(f"/import/{delivery}", params={"path": "a.csv"}, content=b"x", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "only pages of this server may ask this")
    assert inbox.files(ws, delivery) == []


@pytest.mark.parametrize(("sent", "kept"), [("1700000000123", True), ("", False), ("-1", False), ("9" * 15, False)])
def test_the_time_of_a_file_comes_along(client: TestClient, sent: str, kept: bool) -> None:
    delivery = opened()
    client.put(f"/import/{delivery}", params={"path": "a.csv", "modified": sent}, content=b"x")
    ((_, (_, modified)),) = client.get(f"/import/{delivery}").json()["files"].items()
    assert (modified == 1_700_000_000_123) is kept


def test_a_sender_that_falls_asleep_gives_its_place_to_others(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "PATIENCE_S", 0.01)
    delivery = opened()

    async def send() -> list[dict[str, Any]]:
        messages = [{"type": "http.request", "body": b"a", "more_body": True}]
        answers: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

        async def answer(message: Any) -> None:
            answers.append(dict(message))

        headers = {"host": "127.0.0.1:8501", "origin": HERE, "content-length": "9"}
        scope = {
            "type": "http", "method": "PUT", "path": f"/import/{delivery}", "query_string": b"path=a.csv",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        await Starlette(routes=list(deliveries.ROUTES))(scope, receive, answer)
        return answers

    start, body = asyncio.run(send())
    assert (start["status"], "다시" in body["body"].decode()) == (422, True)
    assert list(inbox.folder(ws, delivery).iterdir()) == []
