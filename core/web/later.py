"""Lets a server hand out the files of its pages while its own libraries are still being loaded.

A browser takes as long to load Streamlit's scripts as the server takes to import what a page needs, and both can go on
at once. `Loading` runs a function in a thread, `LaterRoutes` lets scripts and styles pass and keeps everything else
waiting until it has ended, `LaterApp` is an application that is made at its first request.
"""

import asyncio
import sys
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from threading import Lock, Thread

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from core.errors import CoreError
from core.web.service.answers import of_error

SWITCH_S = 0.0005  # how long the loading thread keeps Python's lock; by default ten times as long
TRY_LATER = 1013  # the code with which a websocket is closed
FILES = ("/static/", "/favicon")


class Loading:
    """The routes that `load` returns. A thread calls it once; an error of it is raised wherever the routes are waited
    for, and who asks afterwards tries again: a database that was locked or away may be back.
    """

    def __init__(self, load: Callable[[], Sequence[BaseRoute]]) -> None:
        self._load = load
        self._lock = Lock()
        self._routes: Future[Sequence[BaseRoute]] | None = None

    def start(self) -> "Future[Sequence[BaseRoute]]":
        """Begin, unless it has begun; return what holds the routes when they are there."""
        with self._lock:
            if self._routes is None or (self._routes.done() and self._routes.exception() is not None):
                self._routes = Future()
                Thread(target=self._run, args=(self._routes,), name="loading", daemon=True).start()
            return self._routes

    async def routes(self) -> Sequence[BaseRoute]:
        """Return the routes, after waiting for them."""
        return await asyncio.shield(asyncio.wrap_future(self.start()))

    def _run(self, routes: "Future[Sequence[BaseRoute]]") -> None:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        try:
            routes.set_result(self._load())
        except BaseException as error:  # raised again where the routes are asked for
            routes.set_exception(error)
        finally:
            sys.setswitchinterval(usual)


class LaterRoutes:
    """ASGI middleware: requests wait for the routes of `loading` and are answered by them, else by the application.

    The files of a page do not wait, and neither do the addresses `pages` if a browser asks for HTML. Where the
    workspace cannot be opened, the answer says why; the connection of a page is refused, and the browser tries again.
    """

    def __init__(self, app: ASGIApp, loading: Loading, pages: Collection[str]) -> None:
        self.app = app
        self._loading = loading
        self._pages = pages
        self._router: Router | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._is_file(scope):
            await self.app(scope, receive, send)
            return
        if self._router is None:
            try:
                routes = await self._loading.routes()
            except CoreError as error:
                await _refuse(error, scope, receive, send)
                return
            self._router = Router(routes, redirect_slashes=False, default=self.app)
        await self._router(scope, receive, send)

    def _is_file(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return False
        path: str = scope["path"]
        return path.startswith(FILES) or (path in self._pages and "text/html" in Headers(scope=scope).get("accept", ""))


async def _refuse(error: CoreError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await of_error(error)(scope, receive, send)
    else:
        await WebSocketClose(TRY_LATER)(scope, receive, send)


class LaterApp:
    """The application that `make` returns. It is made once, in a thread, by the request that comes first."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._lock = Lock()
        self._app: ASGIApp | None = None

    @property
    def is_made(self) -> bool:
        return self._app is not None

    def app(self) -> ASGIApp:
        """Return the application; make it if it is not there yet."""
        with self._lock:
            if self._app is None:
                self._app = self._make()
            return self._app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app if self._app is not None else await run_in_threadpool(self.app)
        await app(scope, receive, send)
