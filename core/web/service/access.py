"""Which caller may ask what, and how often: the key in the header `X-API-Key`, its scopes and its limit.

Without any key, in the store or in `GWIDAMA_API_KEYS`, everyone who reaches the server may ask. A limit of N requests a
minute is a bucket of N tokens that fills evenly; all processes of a server take from the same one.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.requests import Request

from core.files import full_disk_named
from core.messages import Message
from core.web.service.answers import KEY_HEADER, NO_KEY, RefusedRequest
from core.web.service.buckets import Bucket, shared_bucket
from core.workflows.service import keys
from core.workflows.service.keys import ApiKey, KnownKeys
from core.workflows.workspace import Workspace, open_workspace

HEADER = KEY_HEADER
BUCKETS = 1000


class Limits:
    """The buckets of this process; with a `folder`, those of all processes that have the same one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, folder: Path | None = None) -> None:
        self.clock, self.folder = clock, folder
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: ApiKey) -> None:
        """Take one token; `RefusedRequest` 429 with the seconds until the next one if there is none."""
        if key.per_minute is None:
            return
        size, now = float(key.per_minute), self.clock()
        with self._bucket(key.sha256, Bucket(size, now)) as bucket:
            bucket.tokens = min(size, bucket.tokens + (now - bucket.filled_at) * size / 60)
            bucket.filled_at = now
            if bucket.tokens < 1.0:
                wait_s = int((1.0 - bucket.tokens) * 60 / size) + 1
                raise RefusedRequest(429, f"key {key.name} has a limit of {key.per_minute} requests a minute", wait_s)
            bucket.tokens -= 1.0

    @contextmanager
    def _bucket(self, sha256: str, new: Bucket) -> Iterator[Bucket]:
        if self.folder is not None:
            with (
                full_disk_named(Message("the limit of a key")),
                shared_bucket(self.folder / f"limit-{sha256}", new) as shared,
            ):
                yield shared
            return
        bucket = self._buckets.setdefault(sha256, new)
        self._buckets.move_to_end(sha256)
        while len(self._buckets) > BUCKETS:
            self._buckets.popitem(last=False)
        yield bucket


LIMITS = Limits()


def key_of(request: Request, known: KnownKeys) -> ApiKey | None:
    """The key that the request holds, None if it holds none of `known`."""
    secret = request.headers.get(HEADER, "").encode("latin-1").decode("utf-8", "replace")  # a key may be Korean
    return known.by_digest.get(keys.digest(secret)) if secret else None


def fits(request: Request) -> bool:
    """Whether the key of a request opens its address: on an open server, before any route sees the request.

    A route of the service checks the scope itself. Everything else, as sound, exports and pages, needs `media`.
    """
    key = key_of(request, keys.known(open_workspace()))
    return key is not None and ("media" in key.scopes or request.scope["path"].startswith("/api/"))


def is_trusted(request: Request, scope: str) -> bool:
    """Whether the caller may see what needs `scope`: a fitting key, or none is needed. Takes no token."""
    known = keys.known(open_workspace())
    key = key_of(request, known)
    return not known.needed or (key is not None and scope in key.scopes)


def admit(request: Request, scope: str) -> Workspace:
    """Return the workspace for a request that may ask for `scope`; `RefusedRequest` 401, 403 or 429 otherwise.

    The key's name is noted for the log.
    """
    ws = open_workspace()
    known = keys.known(ws)
    if not known.needed:
        return ws
    key = key_of(request, known)
    if key is None:
        raise RefusedRequest(401, NO_KEY)
    request.scope["gwidama.key"] = key.name
    if scope not in key.scopes:
        raise RefusedRequest(403, f"key {key.name} is for {', '.join(key.scopes)}, not for {scope}")
    LIMITS.take(key)
    return ws
