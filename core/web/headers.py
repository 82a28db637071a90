"""Security headers of every response, and the middleware of the server in its order.

The content-security policy allows no request to another machine: an image in a transcript cannot send anything out,
and an injected script does not run. Streamlit's page has one inline script, allowed by its hash; component modules
load from `blob:`, their WebAssembly needs 'wasm-unsafe-eval', and its styles are inline.
"""

import base64
import hashlib
import re
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import net_util

from core.settings import settings
from core.web.doors import Doors, house

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"

_chosen: set[str] = set()


def policy(page: str) -> str:
    """Return the content-security policy that lets the HTML `page` run its own inline scripts and no others."""
    inline = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in inline]
    scripts = " ".join(f"'sha256-{code}'" for code in hashes)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' {scripts} 'wasm-unsafe-eval' blob:",
            "worker-src 'self' blob:",
            "style-src 'self' 'unsafe-inline'",
            "font-src 'self' data:",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "connect-src 'self' blob: data:",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "object-src 'none'",
            "base-uri 'self'",
        )
    )


class SecurityHeaders:
    """ASGI middleware that adds the headers to every HTTP response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": policy(INDEX.read_text("utf-8")),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def trust(host: str) -> None:
    """Answer to `host` too: the address that a person chose to serve on. Call it before the first request."""
    _chosen.add(host)


def middleware() -> list[Middleware]:
    """Return the middleware, outermost first: the response to a refused request has the headers too."""
    stay_inside()
    return [Middleware(SecurityHeaders), Middleware(Doors, house=house(settings(), _chosen), key_fits=_key_fits)]


def _key_fits(request: Request) -> bool:
    """Return whether the request has a valid key. Only an open server asks; another one need not load the store."""
    from core.web.service import access

    return access.fits(request)


def stay_inside() -> None:
    """Keep Streamlit from asking a server elsewhere for the address of this machine.

    It would ask when a websocket or a request names an origin that it does not know. `Doors` lets none of them in;
    this holds for every other way there as well.
    """
    net_util._internal_ip = net_util._external_ip = "127.0.0.1"
