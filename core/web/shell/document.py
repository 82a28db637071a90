"""ASGI middleware: the HTML document of every page names its language and loads our script.

Streamlit's document says `lang="en"` in every language, and its texts are English. The script, `assets/shell/shell.js`,
goes on from there: it follows the switch of the language and translates Streamlit's own texts. It is a file of this
server, so that the content-security policy needs no exception.
"""

import hashlib
import re
from collections.abc import Callable
from functools import cache
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import ASSETS

DEFAULT = "ko"
LANGUAGES = ("ko", "en")
SCRIPT = "/shell.js"
_CONDITIONS = (b"if-none-match", b"if-modified-since", b"accept-encoding")


@cache
def script() -> bytes:
    """Return the source of the script."""
    return (ASSETS / "shell" / "shell.js").read_bytes()


@cache
def tag() -> str:
    """Return the element that loads the script; its address changes with the script, so that it may be cached."""
    return f'<script type="module" src=".{SCRIPT}?{hashlib.sha256(script()).hexdigest()[:12]}"></script>'


def completed(html: str, language: str) -> str:
    """Return the document `html` with the language `language` and with our script."""
    named = re.sub(r'<html lang="[^"]*"', f'<html lang="{language}"', html, count=1)
    return named.replace("</head>", f"  {tag()}\n  </head>", 1)


def language_of(scope: Scope) -> str:
    """Return the language that the address names, else the one of the cookie `language`, else Korean."""
    named = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])[-1]
    if named in LANGUAGES:
        return named
    cookie = SimpleCookie(Headers(scope=scope).get("cookie", "")).get("language")
    return cookie.value if cookie is not None and cookie.value in LANGUAGES else DEFAULT


class Shell:
    """Middleware that answers the script itself and completes every HTML document that passes.

    `language` reads the language off a request; by default from its address and a cookie.
    """

    def __init__(self, app: ASGIApp, language: Callable[[Scope], str] = language_of) -> None:
        self.app = app
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
        elif scope["path"] == SCRIPT:
            caching = {"Cache-Control": "public, max-age=31536000, immutable"}
            await Response(script(), media_type="text/javascript", headers=caching)(scope, receive, send)
        elif "text/html" in Headers(scope=scope).get("accept", ""):
            await self._document(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _document(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the answer on; an HTML document is held back until it is whole, and completed."""
        asked = [(name, value) for name, value in scope["headers"] if name not in _CONDITIONS]
        start: list[Message] = []
        body: list[bytes] = []

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_html(message):
                start.append(message)
            elif not start:
                await send(message)
            else:
                body.append(message.get("body", b""))
                if not message.get("more_body"):
                    await _send(start[0], completed(b"".join(body).decode("utf-8"), self._language(scope)), send)

        await self.app({**scope, "headers": asked}, receive, held)


def _is_html(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers


async def _send(start: Message, html: str, send: Send) -> None:
    headers, body = MutableHeaders(raw=list(start["headers"])), html.encode("utf-8")
    del headers["etag"], headers["last-modified"]
    headers["Content-Length"] = str(len(body))
    headers["Vary"] = "Cookie"
    await send({**start, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})
