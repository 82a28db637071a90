"""ASGI middleware: the HTML document of every page names its language and its theme, and loads our script.

Streamlit's document says `lang="en"` in every language, its texts are English, and it forgets a theme on the next page.
The script, `assets/shell/shell.js`, goes on from there: it follows the switches of language and theme, and translates
Streamlit's own texts. It is a file of this server, so that the content-security policy needs no exception.
"""

import hashlib
import re
from functools import cache

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import ASSETS
from core.web.shell.choices import LANGUAGE, THEME

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


def completed(html: str, language: str, theme: str) -> str:
    """Return the document `html` with its language, its theme, and our script before all others.

    >>> completed('<html lang="en"><head></head>', "ko", "dark").split("<script")[0]
    '<html lang="ko" data-theme="dark"><head>\\n    '
    """
    named = re.sub(r'<html lang="[^"]*"', f'<html lang="{language}" data-theme="{theme}"', html, count=1)
    return named.replace("<head>", f"<head>\n    {tag()}", 1)


class Shell:
    """Middleware that answers the script itself and completes every HTML document that passes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

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
                    html = b"".join(body).decode("utf-8")
                    await _send(start[0], completed(html, LANGUAGE.of(scope), THEME.of(scope)), send)

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
