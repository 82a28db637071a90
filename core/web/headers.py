"""Security headers of every response, and the host names that the server accepts.

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
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
EVERYWHERE = ("0.0.0.0", "::")

_trusted = ["localhost", "127.0.0.1", "[::1]"]


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
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def trust(host: str) -> None:
    """Accept `host` too: the address that a person chose to serve on. Call it before the first request."""
    _trusted.append("*" if host in EVERYWHERE else host)


def middleware() -> list[Middleware]:
    """Return the middleware, outermost first: the response to a refused host has the headers too."""
    return [
        Middleware(SecurityHeaders),
        Middleware(TrustedHostMiddleware, allowed_hosts=_trusted, www_redirect=False),
    ]
