"""The form at `/key` of an open server: a person sends an API key once, and a cookie carries it from then on.

The cookie ends with the browser. Scripts cannot read it, and no other site can have it sent. The form needs no script.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope

PATH = "/key"
COOKIE = "gwidama_key"
HEADER = b"x-api-key"
MAX_BODY = 2_000
WRONG_S = 0.5  # so long a wrong key waits for its answer

PAGE = """<!DOCTYPE html>
<html lang="ko">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>귀담아 · Gwidama</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; font-family: Pretendard, "Noto Sans KR", NanumGothic, sans-serif; }}
body {{ display: grid; place-items: center; min-height: 90vh; margin: 1rem; }}
form {{ display: grid; gap: .75rem; width: min(24rem, 100%); }}
input, button {{ font: inherit; padding: .6rem; border-radius: .5rem; border: 1px solid #8894a8; }}
button {{ background: #2563eb; color: #fff; border-color: #2563eb; cursor: pointer; }}
[role=alert] {{ color: #c2410c; margin: 0; }}
</style>
</head>
<body>
<form method="post" action="/key">
<h1>귀담아 · Gwidama</h1>
<label for="key">이 서버를 쓰려면 API 키가 필요합니다.<br>This server needs an API key.</label>
{wrong}<input id="key" name="key" type="password" autocomplete="off" required autofocus>
<button>들어가기 · Enter</button>
<small>키는 관리자가 만듭니다 · An administrator makes one:<br>
<code>python -m core keys add NAME --scope media</code></small>
</form>
</body>
</html>
"""
WRONG = '<p role="alert">맞지 않는 키입니다. · This key does not fit.</p>\n'


def page(wrong: bool = False) -> Response:
    """Return the form. With `Referrer-Policy: same-origin` the browser sends its Origin with it."""
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}
    return HTMLResponse(PAGE.format(wrong=WRONG if wrong else ""), 401, headers=headers)


async def answer(scope: Scope, receive: Receive, key_fits: Callable[[Request], bool]) -> Response:
    """Return the form, or for a key that fits the way to the first page together with the cookie."""
    request = Request(scope, receive)
    if request.method in ("GET", "HEAD"):
        return RedirectResponse("/", 303) if key_fits(request) else page()
    if request.method != "POST":
        return JSONResponse({"error": "send GET or POST"}, 405)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            return JSONResponse({"error": f"more than {MAX_BODY} bytes"}, 413)
    key = parse_qs(body.decode("utf-8", "replace")).get("key", [""])[0].strip()
    if not key or not key_fits(Request(_with_key(scope, key.encode()))):
        await asyncio.sleep(WRONG_S)
        return page(wrong=True)
    response = RedirectResponse("/", 303, headers={"Cache-Control": "no-store"})
    encoded = base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    response.set_cookie(COOKIE, encoded, httponly=True, samesite="strict", secure=request.url.scheme == "https")
    return response


def with_key_of_cookie(scope: Scope) -> Scope:
    """Return the scope with the key of its cookie as a header, as programs send it. A header that is there stays."""
    if HEADER.decode() in Headers(scope=scope):
        return scope
    try:
        cookie = HTTPConnection(scope).cookies[COOKIE]  # not SimpleCookie: it gives up at another program's odd cookie
        return _with_key(scope, base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)))
    except (KeyError, ValueError, binascii.Error):
        return scope


def _with_key(scope: Scope, key: bytes) -> Scope:
    others = [(name, value) for name, value in scope["headers"] if name != HEADER]
    return {**scope, "headers": [*others, (HEADER, key)]}
