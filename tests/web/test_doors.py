"""Doors: the address, the Host, the Origin, and the API key of an open server. No application behind them is needed."""

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import pytest
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope, Send

from core.errors import InputError, StoreError
from core.settings import Settings, settings
from core.web import doors, key_form
from core.web.doors import Doors, House, house
from core.web.key_form import COOKIE
from core.web.serve import serve, warn_of_open
from core.web.service import access
from core.web.service.requests import LOG
from core.workflows.service import keys
from core.workflows.workspace import Workspace

LOCAL, OUTSIDE = "http://127.0.0.1:8501", "http://192.0.2.7:8501"
PATHS = (
    "/",
    "/corpus",
    "/_stcore/upload_file/a/b",
    "/audio/recording/1",
    "/export/x",
    "/desk/x/take",
    "/api/v1/predict",
)
KEY = "열쇠 one"


@dataclass
class Answer:
    """What was sent for a request: `entered` is what the application behind the doors saw, "" if it saw nothing."""

    entered: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""


def key_fits(request: Request) -> bool:
    key = request.headers.get("x-api-key", "").encode("latin-1").decode()
    return key == KEY or (key == "device" and request.url.path.startswith("/api/"))


def ask(
    known: House, path: str, sent: Mapping[str, str | bytes] = MappingProxyType({}), *, at: str = LOCAL,
    method: str = "GET", kind: str = "http", body: bytes = b"", fits: Callable[[Request], bool] = key_fits,
) -> Answer:  # fmt: skip
    """Let one request through the doors; `at` is the address that it reached, and its Host if none is sent."""
    answer = Answer()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answer.entered = scope["path"]
        answer.text = Headers(scope=scope).get("x-api-key", "")
        answer.status = 200

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "websocket.close":
            answer.status = 403
        elif message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answer.text += message.get("body", b"").decode()

    host, port = at.removeprefix("http://").split(":")
    fields = {"host": at.removeprefix("http://"), **sent}
    raw = [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in fields.items()]
    scope = {
        "type": kind,
        "path": path,
        "headers": raw,
        "server": (host, int(port)),
        "query_string": b"",
        "scheme": "http",
    }
    asyncio.run(Doors(app, known, fits)(scope | ({"method": method} if kind == "http" else {}), receive, send))
    return answer


def fetched(site: str, mode: str, dest: str) -> dict[str, str]:
    return {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}


closed = House()
opened = House(open=True, names=frozenset({"gwidama.example"}))


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        ({}, 200, ""),
        ({"host": "localhost:1"}, 200, ""),
        ({"host": "[::1]:8501"}, 200, ""),
        ({"host": "evil.example"}, 400, doors.STRANGE_HOST),
        ({"host": "127.0.0.1.evil.example"}, 400, doors.STRANGE_HOST),
        ({"host": "127.0.0.1@evil.example"}, 400, doors.STRANGE_HOST),
        ({"host": "0.0.0.0:8501"}, 400, doors.STRANGE_HOST),
        ({"host": "192.0.2.7:8501"}, 400, doors.STRANGE_HOST),
        ({"host": ""}, 400, doors.STRANGE_HOST),
        ({"origin": LOCAL}, 200, ""),
        ({"origin": "http://evil.example"}, 403, doors.STRANGE_ORIGIN),
        ({"origin": "http://localhost:8501"}, 403, doors.STRANGE_ORIGIN),
        ({"origin": "http://127.0.0.1:3000"}, 403, doors.STRANGE_ORIGIN),
        ({"origin": "null"}, 403, doors.STRANGE_ORIGIN),
        ({"origin": "http://[x"}, 403, doors.STRANGE_ORIGIN),
        ({"sec-fetch-site": "same-origin"}, 200, ""),
        (fetched("cross-site", "no-cors", "audio"), 403, doors.STRANGE_ORIGIN),
        (fetched("same-site", "navigate", "iframe"), 403, doors.STRANGE_ORIGIN),
        (fetched("cross-site", "navigate", "document"), 200, ""),
    ],
)  # fmt: skip
def test_foreign_hosts_and_origins_are_refused_everywhere(sent: dict[str, str], status: int, reason: str) -> None:
    for path in (*PATHS, "/_stcore/health", "/api/v1/health"):
        answer = ask(closed, path, sent)
        assert (answer.status, bool(answer.entered)) == (status, status == 200), path
        assert status == 200 or json.loads(answer.text) == {"error": reason}
        assert (len(answer.headers.get("x-request-id", "")) == 32) == (status != 200)


@pytest.mark.parametrize(
    ("known", "at", "sent", "status"),
    [
        (closed, LOCAL, {"origin": LOCAL}, 200),
        (closed, LOCAL, {}, 200),
        (closed, LOCAL, {"origin": "http://evil.example"}, 403),
        (closed, LOCAL, {"host": "evil.example", "origin": "http://evil.example"}, 403),
        (closed, OUTSIDE, {}, 403),
        (opened, OUTSIDE, {"origin": OUTSIDE}, 403),
        (opened, OUTSIDE, {"origin": OUTSIDE, "x-api-key": KEY.encode()}, 200),
        (opened, OUTSIDE, {"origin": "http://evil.example", "x-api-key": KEY.encode()}, 403),
    ],
)
def test_a_websocket_has_the_same_doors(known: House, at: str, sent: dict[str, str | bytes], status: int) -> None:
    answer = ask(known, "/_stcore/stream", {"accept": "text/html", **sent}, at=at, kind="websocket")
    assert (answer.status, bool(answer.entered)) == (status, status == 200)


def test_a_second_host_is_refused() -> None:
    scope = {
        "type": "http",
        "headers": [(b"host", b"localhost"), (b"host", b"evil.example")],
        "server": ("127.0.0.1", 1),
    }
    refusal = doors.foreign(scope, closed)
    assert refusal is not None
    assert refusal.status_code == 400


def test_a_link_from_elsewhere_may_not_post() -> None:
    assert ask(closed, "/corpus", fetched("cross-site", "navigate", "document"), method="POST").status == 403


@pytest.mark.parametrize("path", PATHS)
def test_a_closed_server_answers_nobody_at_an_address_that_others_reach(path: str) -> None:
    answer = ask(closed, path, {"host": "127.0.0.1"}, at=OUTSIDE)
    assert (answer.status, json.loads(answer.text), answer.entered) == (403, {"error": doors.NOT_OPEN}, "")


WRONG: tuple[dict[str, str], ...] = (
    {},
    {"x-api-key": "wrong"},
    {"cookie": f"{COOKIE}=d3Jvbmc"},
    {"cookie": f"{COOKIE}=%%"},
    {"cookie": f"{COOKIE}=é"},
)


@pytest.mark.parametrize("path", PATHS)
def test_an_open_server_asks_everybody_for_a_key(path: str) -> None:
    for sent in WRONG:
        answer = ask(opened, path, sent, at=OUTSIDE)
        assert (answer.status, json.loads(answer.text), answer.entered) == (401, {"error": doors.NO_KEY}, ""), sent
    assert ask(opened, path, {"x-api-key": KEY.encode()}, at=OUTSIDE).entered == path
    assert ask(opened, path).status == 401, "also at its own machine: a proxy comes from there"
    of_service = path.startswith("/api/")
    assert ask(opened, path, {"x-api-key": "device"}, at=OUTSIDE).status == (200 if of_service else 401)


def test_an_open_server_says_without_a_key_only_that_it_is_up() -> None:
    for path in doors.PUBLIC:
        assert ask(opened, path, at=OUTSIDE).entered == path


@pytest.mark.parametrize(
    ("host", "status"),
    [("192.0.2.7:8501", 401), ("gwidama.example", 401), ("GWIDAMA.example:80", 401), ("192.0.2.8", 400),
     ("evil.example", 400)],
)  # fmt: skip
def test_an_open_server_knows_its_address_and_its_names(host: str, status: int) -> None:
    assert ask(opened, "/corpus", {"host": host}, at=OUTSIDE).status == status


def test_a_person_enters_by_the_form_and_stays_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_form, "WRONG_S", 0)

    def send(key: bytes, **sent: str) -> Answer:
        return ask(opened, "/key", sent, at=OUTSIDE, method="POST", body=b"key=" + key)

    page = ask(opened, "/corpus", {"accept": "text/html,*/*"}, at=OUTSIDE)
    assert (page.status, page.headers["referrer-policy"], "API 키가 필요합니다" in page.text) == (
        401,
        "same-origin",
        True,
    )
    assert "<script" not in page.text
    wrong = send(b"wrong")
    assert (wrong.status, "맞지 않는 키" in wrong.text, wrong.headers.get("set-cookie")) == (401, True, None)
    assert send(b"").status == 401
    assert send(b"x" * 3000).status == 413
    assert send(quote(KEY).encode(), origin="http://evil.example").status == 403
    assert ask(opened, "/key", at=OUTSIDE, method="PUT").status == 405
    entered = send(quote(f" {KEY} ").encode(), origin=OUTSIDE)
    assert (entered.status, entered.headers["location"]) == (303, "/")
    _, *rules = entered.headers["set-cookie"].lower().split("; ")
    assert {"httponly", "samesite=strict", "path=/"} <= set(rules)
    sent = {"cookie": f'other=1; a[b]={{"x":"é"}}; {entered.headers["set-cookie"].partition(";")[0]}'}
    within = ask(opened, "/audio/recording/1", sent, at=OUTSIDE)
    assert (within.entered, within.text.encode("latin-1").decode()) == ("/audio/recording/1", KEY), "as the header"
    assert ask(opened, "/key", sent, at=OUTSIDE).headers["location"] == "/"
    assert (
        ask(opened, "/desk/x/take", sent | {"origin": "http://evil.example"}, at=OUTSIDE, method="POST").status == 403
    )


@pytest.mark.parametrize("path", ["/key", "/corpus", "/api/v1/predict"])
def test_a_locked_database_is_503_at_the_door_and_names_the_request(path: str) -> None:
    def locked(request: Request) -> bool:
        raise StoreError("the database cannot be used: {error}", error="database is locked")

    answer = ask(opened, path, {"x-request-id": "bus-17"}, at=OUTSIDE, fits=locked)
    assert (answer.status, answer.headers["retry-after"], answer.headers["x-request-id"]) == (503, "5", "bus-17")
    assert json.loads(answer.text) == {"error": "the database cannot be used: database is locked"}
    assert ask(opened, path, at=OUTSIDE, kind="websocket", fits=locked).entered == ""


def test_refusals_are_in_the_log_and_hold_nothing_of_who_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOG, "wanted", True)
    LOG.flush()
    capsys.readouterr()
    ask(closed, "/api/v1/predict", {"host": "evil.example", "x-request-id": "d1"}, method="POST")
    ask(opened, "/_stcore/stream", {"x-request-id": "d2"}, kind="websocket")
    ask(opened, "/corpus", {"x-request-id": "d3", "x-api-key": "secret"})
    ask(opened, key_form.PATH, {"x-request-id": "d4"})
    ask(closed, "/", {"x-request-id": "d5"})
    LOG.flush()
    printed = capsys.readouterr().err
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [(line["id"], line["method"], line["route"], line["status"]) for line in lines] == [
        ("d1", "POST", "doors", 400), ("d2", "websocket", "doors", 403), ("d3", "GET", "doors", 401),
        ("d4", "GET", "doors", 401),
    ]  # fmt: skip
    assert not any(word in printed for word in ("evil", "corpus", "secret"))


def test_a_closed_server_has_no_form_and_passes_no_cookie_on() -> None:
    answer = ask(closed, "/key", {"cookie": f"{COOKIE}=b25l"})
    assert (answer.entered, answer.text) == ("/key", "")


def test_a_client_that_leaves_is_no_error() -> None:
    sent: list[Message] = []

    async def leaving(scope: Scope, receive: Receive, send: Send) -> None:
        raise ClientDisconnect

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(b"host", b"localhost")],
        "server": ("127.0.0.1", 1),
    }
    asyncio.run(Doors(leaving, closed, key_fits)(scope, receive, send))
    assert sent == []


def config(home: Path, **fields: Any) -> Settings:
    return replace(settings(), home=home, **fields)


def test_the_settings_say_which_names_a_server_has(tmp_path: Path) -> None:
    assert house(config(tmp_path, host="0.0.0.0", hosts=frozenset({"Gwidama.example"}))) == House(
        False, frozenset({"gwidama.example"})
    )
    own = socket.gethostname().lower()
    known = house(config(tmp_path, open=True, host="127.0.0.1"), chosen=["[fd00::1]", "::"])
    assert known == House(True, frozenset({"127.0.0.1", "fd00::1", own, f"{own}.local"}))


@pytest.mark.parametrize(
    ("host", "local", "known"),
    [("[::ffff:192.0.2.7]", "192.0.2.7", True), ("[fd00::7]:80", "fd00::7", True), ("192.0.2.7", "fd00::7", False)],
)
def test_one_address_has_several_spellings(host: str, local: str, known: bool) -> None:
    assert opened.knows_host(host, local) is known
    assert not closed.knows_host(host, local)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "gwidama.example", "127.0.0.1.example"])
def test_serve_refuses_an_address_that_others_reach(ws: Workspace, host: str) -> None:
    with pytest.raises(InputError, match=r"reached from other machines.* GWIDAMA_OPEN=1 opens it"):
        serve(host, 0)


@pytest.mark.parametrize(("has_keys", "warned"), [(False, "아직 키가 없어서"), (True, "모든 녹음을 듣고")])
def test_an_open_server_says_loudly_what_that_opens(
    capsys: pytest.CaptureFixture[str], has_keys: bool, warned: str
) -> None:
    warn_of_open("::", has_keys)
    said = capsys.readouterr().err
    assert warned in said
    assert "[::] takes connections from other machines" in said
    assert ("nobody gets in" in said) == (not has_keys)


def test_an_open_server_without_keys_lets_the_service_answer_nobody(ws: Workspace) -> None:
    assert not keys.known(ws).needed
    assert keys.known(replace(ws, settings=replace(ws.settings, open=True))).needed


def test_a_key_of_the_store_opens_what_it_is_for(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def opens(key: str) -> list[bool]:
        paths = ("/audio/recording/1", "/api/v1/predict")
        scopes = [{"type": "http", "path": path, "headers": [(b"x-api-key", key.encode())]} for path in paths]
        return [access.fits(Request(scope)) for scope in scopes]

    assert opens("") == [False, False]
    _, person = keys.add(ws, "curator", ["media"], None, "ann")
    _, device = keys.add(ws, "device", ["predict"], None, "ann")
    assert (opens(person), opens(device)) == ([True, True], [False, True])
    keys.revoke(ws, "curator", "ann")
    assert opens(person) == [False, False]
    monkeypatch.setenv("GWIDAMA_API_KEYS", "열쇠")
    assert opens("열쇠") == [True, True]
    assert opens("x열쇠") == [False, False]
