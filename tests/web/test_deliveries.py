"""Routes of the Import page: a file arrives as it is sent, the rest is refused with a reason."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.ui import error_messages
from core.web import deliveries
from core.workflows.imports.deliveries import inbox
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


@pytest.fixture
def client(ws: Workspace) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=list(deliveries.ROUTES))) as opened:
        yield opened


def opened() -> str:
    delivery = inbox.new_id()
    deliveries.open_upload(delivery, error_messages.explainer("ko"))
    return delivery


def test_files_arrive_and_are_listed(ws: Workspace, client: TestClient) -> None:
    delivery, data = opened(), bytes(range(256)) * 9000  # more than one block
    answer = client.put(f"/import/{delivery}", params={"path": "납품/소리.wav"}, content=data)
    assert (answer.status_code, answer.json()) == (201, {"bytes": len(data)})
    assert client.get(f"/import/{delivery}").json() == {"files": {"납품/소리.wav": len(data)}}
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
