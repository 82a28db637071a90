"""Named keys of the REST service: a person adds and revokes them, a request is checked against them.

A key is shown once, when it is added; the store has its SHA-256 only. Once a key was ever added, the service answers no
caller without one: revoking the last key closes the service and does not open it. The keys of `GWIDAMA_API_KEYS` may
do everything and have no limit.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError, UnknownName
from core.store import ApiKey as ApiKey
from core.workflows.renewed import Renewed
from core.workflows.workspace import Workspace, now

# What a key may be for: judgements; lists of runs and schemes; figures of the service; sound, exports, review routes.
SCOPES = ("predict", "read", "metrics", "media")
PREFIX = 8
NAME = re.compile(r"[A-Za-z0-9가-힣][A-Za-z0-9가-힣._-]{0,63}")
OF_ENVIRONMENT = "GWIDAMA_API_KEYS"


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """The keys that open something, by their SHA-256, and whether a caller needs one."""

    by_digest: Mapping[str, ApiKey]
    needed: bool


def add(ws: Workspace, name: str, scopes: Sequence[str], per_minute: int | None, who: str) -> tuple[ApiKey, str]:
    """Add a key; return it and its secret, which cannot be read again. `InputError` for a bad name, scope or limit."""
    if not NAME.fullmatch(name):
        raise InputError("key name {name!r}: letters, digits and . _ -, at most 64, a letter or digit first", name=name)
    if unknown := next((scope for scope in scopes if scope not in SCOPES), None):
        raise UnknownName("scope", unknown, SCOPES)
    if per_minute is not None and per_minute < 1:
        raise InputError("a key's limit must be at least one request a minute")
    secret = f"gwd_{secrets.token_urlsafe(32)}"
    chosen = tuple(scope for scope in SCOPES if scope in (scopes or ("predict", "read")))
    key = ApiKey(name, secret[:PREFIX], digest(secret), chosen, per_minute, now(), who)
    ws.store.keys.add(key)
    return key, secret


def every(ws: Workspace) -> list[ApiKey]:
    """All keys, also revoked ones, the oldest first."""
    return ws.store.keys.list()


def revoke(ws: Workspace, name: str, who: str) -> ApiKey:
    """Revoke a key; the service refuses it at once, with PostgreSQL within 2 seconds. `NotFound` if unknown."""
    return ws.store.keys.revoke(name, who, now())


def digest(secret: str) -> str:
    """The SHA-256 of a key; it needs no salt, because a key is random and long."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def known(ws: Workspace) -> KnownKeys:
    """The keys of the store and of the environment; the store is read only after it has changed.

    An open server (`GWIDAMA_OPEN=1`) needs one of every caller, also where there is none yet.
    """
    stored, more = _stored.of(ws), _of_environment(ws.settings.api_keys)
    return KnownKeys({**stored.by_digest, **more}, stored.needed or bool(more) or ws.settings.open)


def _read(ws: Workspace) -> KnownKeys:
    keys = every(ws)
    return KnownKeys({key.sha256: key for key in keys if key.revoked_at is None}, bool(keys))


def _of_environment(values: frozenset[str]) -> dict[str, ApiKey]:
    return {
        sha256: ApiKey(OF_ENVIRONMENT, "", sha256, SCOPES, None, "", OF_ENVIRONMENT) for sha256 in map(digest, values)
    }


_stored = Renewed(_read)
