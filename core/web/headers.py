"""What every answer of the server says about itself, and which host names it answers to.

The content-security policy lets nothing come from or go to another machine: an image in a transcript cannot call home,
an injected script does not run. Streamlit's page has one inline script, allowed by its hash alone; component modules
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
    """The content-security policy under which the HTML `page` runs with its own inline scripts and no others."""
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
    """ASGI middleware that adds the headers to every HTTP answer."""

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
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, marked if scope["type"] == "http" else send)


def trust(host: str) -> None:
    """Answer to `host` as well: the address a person chose to serve on, before the first request."""
    _trusted.append("*" if host in EVERYWHERE else host)


def middleware() -> list[Middleware]:
    """Outermost first: the headers mark a refused host's answer too."""
    return [
        Middleware(SecurityHeaders),
        Middleware(TrustedHostMiddleware, allowed_hosts=_trusted, www_redirect=False),
    ]
