"""Which requests are let in: by the address they came to, Host and Origin, and by an API key once the server is open.

The server answers to its own machine. `GWIDAMA_OPEN=1` opens it to others; then everything but two health routes
needs an API key: programs send it in the header `X-API-Key`, a person enters it once into the form at `/key`. The REST
service takes any key and decides what it may ask; pages, their websocket, sound, exports and the desk take keys for
`media`.
A foreign Host stops a page elsewhere that points its own name at this machine; a foreign Origin stops its scripts.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from core.errors import CoreError
from core.settings import Settings
from core.web import key_form
from core.web.service import answers
from core.web.service.answers import NO_KEY
from core.web.service.requests import HEADER, id_of, note_refusal

HOST = re.compile(r"(?P<name>[\w.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?", re.ASCII)
EVERYWHERE = {"0.0.0.0", "::"}
PUBLIC = frozenset({"/api/v1/health", "/_stcore/health"})
FOREIGN_SITES = ("cross-site", "same-site")

NOT_OPEN = "this server answers to its own machine only; GWIDAMA_OPEN=1 opens it to others"
STRANGE_HOST = "this server has another name; names that it shall answer to are listed in GWIDAMA_HOSTS"
STRANGE_ORIGIN = "only pages of this server may ask this"

KeyFits = Callable[[Request], bool]


@dataclass(frozen=True)
class House:
    """What a server knows of itself: whether it is `open`, and the host `names` it answers to beside loopback."""

    open: bool = False
    names: frozenset[str] = frozenset()

    def knows_host(self, host: str, local_address: str) -> bool:
        """Return whether a Host header names this server; an open one has its address as a name, too."""
        fitting = HOST.fullmatch(host.lower())
        if fitting is None:
            return False
        name = fitting["name"].strip("[]")
        return is_loopback(name) or name in self.names or (self.open and plain_address(name) == local_address)


def house(config: Settings, chosen: Iterable[str] = ()) -> House:
    """Return what the settings say, with the addresses chosen to serve on; an open server knows its machine's name."""
    own = {socket.gethostname(), f"{socket.gethostname()}.local"} if config.open else set()
    names = {name.lower().strip("[]") for name in {*config.hosts, config.host, *chosen, *own}}
    return House(config.open, frozenset(names - EVERYWHERE))


@lru_cache(maxsize=1000)
def is_loopback(name: str) -> bool:
    """Return whether a host name or address means this machine; it looks up nothing."""
    if name.lower() == "localhost":
        return True
    try:
        return _address(name).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=1000)
def plain_address(name: str) -> str:
    """Return an address in one spelling, IPv4 inside IPv6 as IPv4; any other name as it is."""
    try:
        return str(_address(name))
    except ValueError:
        return name


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(name.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


class Doors:
    """ASGI middleware that refuses a request or a websocket before anything else sees it.

    A client that leaves while it sends ends its request quietly. A refusal is `{"error": reason}` with an
    `X-Request-ID`, as the service answers, or the page with the form.
    """

    def __init__(self, app: ASGIApp, house: House, key_fits: KeyFits) -> None:
        self.app, self.house, self.key_fits = app, house, key_fits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        try:
            await self._let_in_or_answer(scope, receive, send)
        except ClientDisconnect:
            return None

    async def _let_in_or_answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = foreign(scope, self.house)
        if answer is None and self.house.open:
            scope = key_form.with_key_of_cookie(scope)
            try:
                answer = await self._answer_of_open(scope, receive)
            except CoreError as error:  # a database that is locked or away: nothing behind the doors explains it
                answer = answers.of_error(error)
        if answer is None:
            return await self.app(scope, receive, send)
        request_id = id_of(scope).decode()
        if scope["type"] == "websocket":
            note_refusal(scope, request_id, 403)
            return await WebSocketClose(1008)(scope, receive, send)  # before it is accepted: the client gets 403
        note_refusal(scope, request_id, answer.status_code)
        answer.headers[HEADER.decode()] = request_id
        return await answer(scope, receive, send)

    async def _answer_of_open(self, scope: Scope, receive: Receive) -> Response | None:
        if scope["path"] == key_form.PATH and scope["type"] == "http":
            return await key_form.answer(scope, receive, self.key_fits)
        if scope["path"] in PUBLIC or self.key_fits(Request({**scope, "type": "http"})):
            return None
        return without_key(scope)


def foreign(scope: Scope, house: House) -> Response | None:
    """Return the refusal of a request that another machine, name or site has no right to; None lets it in."""
    headers, server = Headers(scope=scope), scope.get("server")
    local_address = plain_address(server[0]) if server and server[1] is not None else "127.0.0.1"  # else a Unix socket
    host, *others = headers.getlist("host") or [""]
    if not house.open and not is_loopback(local_address):
        return JSONResponse({"error": NOT_OPEN}, 403)
    if others or not house.knows_host(host, local_address):
        return JSONResponse({"error": STRANGE_HOST}, 400)
    if not all(_is_origin_of(origin, host) for origin in headers.getlist("origin")) or _is_sent_by_other_site(scope):
        return JSONResponse({"error": STRANGE_ORIGIN}, 403)
    return None


def _is_origin_of(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _is_sent_by_other_site(scope: Scope) -> bool:
    """Return whether a page of another site asks. A link there that a person follows is no such request."""
    headers = Headers(scope=scope)
    if headers.get("sec-fetch-site") not in FOREIGN_SITES:
        return False
    link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (link and scope.get("method") in ("GET", "HEAD"))


def without_key(scope: Scope) -> Response:
    """Return the form for a person who opens a page, and one line of JSON for a program."""
    headers = Headers(scope=scope)
    if scope.get("method") == "GET" and "text/html" in headers.get("accept", "") and scope["type"] == "http":
        return key_form.page()
    return JSONResponse({"error": NO_KEY}, 401, headers={"Cache-Control": "no-store"})
