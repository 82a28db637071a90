"""core.web.later: files of a page do not wait for the server's own libraries, everything else does."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import InputError, StoreError
from core.settings import ROOT
from core.web.later import LaterApp, LaterRoutes, Loading

HTML = {"accept": "text/html,*/*"}


async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(f"streamlit {scope['path']}")(scope, receive, send)


def asked(app: ASGIApp, path: str, headers: dict[str, str] | None = None) -> Callable[[], Any]:
    async def ask() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return (await client.get(path, headers=headers)).text

    return ask


def own(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"own {request.path_params['id']}")


def test_only_files_and_pages_are_answered_before_the_routes_are_there() -> None:
    go = Event()

    def load() -> list[Route]:
        assert go.wait(20)
        return [Route("/desk/{id}", own)]

    app = LaterRoutes(streamlit, Loading(load), {"/", "/review"})

    async def check() -> None:
        waiting = [
            asyncio.create_task(asked(app, path, headers)())
            for path, headers in (("/desk/7", None), ("/review", {"accept": "*/*"}), ("/curator", HTML))
        ]
        assert await asked(app, "/static/js/a.js")() == "streamlit /static/js/a.js"
        assert await asked(app, "/review", HTML)() == "streamlit /review"
        assert not any(task.done() for task in waiting)
        go.set()
        assert await asyncio.gather(*waiting) == ["own 7", "streamlit /review", "streamlit /curator"]
        assert await asked(app, "/desk/8/")() == "streamlit /desk/8/", "an address of nobody is not redirected"

    asyncio.run(check())


def test_an_error_of_the_loading_is_said_and_the_next_request_tries_again() -> None:
    calls: list[int] = []

    def load() -> list[Route]:
        calls.append(1)
        if len(calls) < 3:
            raise StoreError("the database {name} is locked", name="gwidama.db")
        return [Route("/desk/{id}", own)]

    loading = Loading(load)
    app = LaterRoutes(streamlit, loading, {"/"})

    async def check() -> None:
        with pytest.raises(StoreError, match="is locked"):
            await loading.routes()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            refused = await client.get("/desk/7")
            assert (refused.status_code, refused.json()) == (503, {"error": "the database gwidama.db is locked"})
            assert (await client.get("/desk/7")).text == "own 7"

    asyncio.run(check())
    assert len(calls) == 3


def test_a_page_is_not_connected_to_a_workspace_that_cannot_be_opened() -> None:
    def load() -> list[Route]:
        raise InputError("the database cannot be used")

    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    app = LaterRoutes(streamlit, Loading(load), {"/"})
    asyncio.run(app({"type": "websocket", "path": "/_stcore/stream", "headers": []}, receive, send))
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 1013)]


def test_an_application_is_made_once_by_the_request_that_comes_first() -> None:
    made: list[int] = []

    def make() -> ASGIApp:
        made.append(1)
        return streamlit

    app = LaterApp(make)
    assert not app.is_made

    async def check() -> None:
        assert set(await asyncio.gather(*(asked(app, "/v1")() for _ in range(4)))) == {"streamlit /v1"}

    asyncio.run(check())
    assert app.is_made
    assert made == [1]


LOADED = """import json, sys
import core.web.serve
import app
first = sorted({name.partition(".")[0] for name in sys.modules})
app.loading.start().result(120)
print(json.dumps([first, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.mark.integration
def test_a_server_for_review_loads_no_library_that_reviewing_does_not_need(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GWIDAMA_")}
    command = [sys.executable, "-c", LOADED]
    run = subprocess.run(
        command, cwd=ROOT, env=environment | {"GWIDAMA_HOME": str(tmp_path / "home")}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    first, all_of_them = map(set, json.loads(run.stdout))
    heavy = {"fastapi", "pandas", "pyarrow", "sklearn", "scipy", "torch", "transformers", "kiwipiepy", "dbos"}
    assert first & (heavy | {"sqlalchemy", "numpy", "alembic", "babel"}) == set()
    assert all_of_them & heavy == set()
    assert "sqlalchemy" in all_of_them
