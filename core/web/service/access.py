"""Which caller may ask what, and how often: the key in the header `X-API-Key`, its scopes and its limit.

Without any key, in the store or in `GWIDAMA_API_KEYS`, everyone who reaches the server may ask. A limit of N requests a
minute is a bucket of N tokens that fills evenly; each process of a server has its share of it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request

from core.web.service.answers import RefusedRequest
from core.workflows.service import keys
from core.workflows.service.keys import ApiKey
from core.workflows.workspace import Workspace, open_workspace

HEADER = "X-API-Key"
BUCKETS = 1000
NO_KEY = f"a valid key is needed in the header {HEADER}"


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Limits:
    """The buckets of this process. `share` is the part of every limit that it may give out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.share = clock, 1.0
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: ApiKey) -> None:
        """Take one token; `RefusedRequest` 429 with the seconds until the next one if there is none."""
        if key.per_minute is None:
            return
        size, now = max(1.0, key.per_minute * self.share), self.clock()
        bucket = self._buckets.setdefault(key.sha256, _Bucket(size, now))
        bucket.tokens = min(size, bucket.tokens + (now - bucket.filled_at) * size / 60)
        bucket.filled_at = now
        self._buckets.move_to_end(key.sha256)
        while len(self._buckets) > BUCKETS:
            self._buckets.popitem(last=False)
        if bucket.tokens < 1.0:
            wait_s = int((1.0 - bucket.tokens) * 60 / size) + 1
            raise RefusedRequest(429, f"key {key.name} has a limit of {key.per_minute} requests a minute", wait_s)
        bucket.tokens -= 1.0


LIMITS = Limits()


def key_of(request: Request, ws: Workspace) -> ApiKey | None:
    """The key that the request holds, None if it holds none that opens something."""
    secret = request.headers.get(HEADER, "").encode("latin-1").decode("utf-8", "replace")  # a key may be Korean
    return keys.known(ws).by_digest.get(keys.digest(secret)) if secret else None


def fits(request: Request) -> bool:
    """Whether the key of a request opens its address: on an open server, before any route sees the request.

    A route of the service checks the scope itself. Everything else, as sound, exports and pages, needs `media`.
    """
    key = key_of(request, open_workspace())
    return key is not None and ("media" in key.scopes or request.scope["path"].startswith("/api/"))


def is_trusted(request: Request, scope: str) -> bool:
    """Whether the caller may see what needs `scope`: a fitting key, or none is needed. Takes no token."""
    ws = open_workspace()
    key = key_of(request, ws)
    return not keys.known(ws).needed or (key is not None and scope in key.scopes)


def admit(request: Request, scope: str) -> Workspace:
    """Return the workspace for a request that may ask for `scope`; `RefusedRequest` 401, 403 or 429 otherwise.

    The key's name is noted for the log.
    """
    ws = open_workspace()
    known = keys.known(ws)
    if not known.needed:
        return ws
    key = key_of(request, ws)
    if key is None:
        raise RefusedRequest(401, NO_KEY)
    request.scope["gwidama.key"] = key.name
    if scope not in key.scopes:
        raise RefusedRequest(403, f"key {key.name} is for {', '.join(key.scopes)}, not for {scope}")
    LIMITS.take(key)
    return ws
