"""core.web.maps: the bytes of a map and the text of one point, for those who know the token or the id."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from store_data import sentences

from core.web import maps, uploads
from core.workflows.workspace import Workspace

HOSTILE = "<script>alert(1)</script> 불이 났어요"


@pytest.fixture
def client(ws: Workspace) -> TestClient:
    return TestClient(Starlette(routes=list(maps.ROUTES)))


def test_bytes_are_given_to_those_who_know_their_address(client: TestClient) -> None:
    address = maps.keep(b"\x01\x02\x03")
    assert maps.keep(b"\x01\x02\x03") == address, "the browser keeps what it has drawn"
    answer = client.get(address)
    assert (answer.content, answer.headers["content-type"]) == (b"\x01\x02\x03", "application/octet-stream")
    assert answer.headers["cache-control"].startswith("private")
    assert client.get("/map/points/guess").status_code == 404


def test_maps_have_a_room_of_their_own(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = uploads.keep(b"sound")
    addresses = [maps.keep(str(number).encode()) for number in range(maps.ENTRIES + 1)]
    assert uploads.get(sound) == b"sound", "no map makes an upload go"
    assert [client.get(address).status_code for address in (addresses[0], addresses[1], addresses[-1])] == [
        404,
        200,
        200,
    ]
    monkeypatch.setattr(maps, "_points", uploads.Kept(maps.ENTRIES, 100))
    first, second = (maps.keep(bytes([number]) * 60) for number in range(2))
    assert [client.get(address).status_code for address in (first, second)] == [404, 200], "the oldest one goes"


def test_an_address_of_points_is_no_address_of_a_sound() -> None:
    assert uploads.get(maps.keep(b"points").rpartition("/")[2]) is None


def test_a_text_is_json_and_cut(client: TestClient, ws: Workspace) -> None:
    short, long = sentences(ws.store, HOSTILE, "가" * 400)
    answer = client.get(f"/map/text/{short}")
    assert (answer.json(), answer.headers["content-type"]) == ({"text": HOSTILE}, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert client.get(f"/map/text/{long}").json() == {"text": "가" * maps.LONGEST + "…"}


@pytest.mark.parametrize("number", ["999", "x", "-1", "١", "9" * 30])
def test_there_is_no_text_without_an_utterance(client: TestClient, number: str) -> None:
    answer = client.get(f"/map/text/{number}")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("no ")
