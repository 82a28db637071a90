"""Keys of the REST service: who may ask what, and how often. A key itself is never stored, only its SHA-256."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import JSON, Column, Engine, Integer, String, Table, insert, select, update

from core.errors import InputError, NotFound
from core.messages import Word
from core.store.engine import reading, writing
from core.store.schema import Id, metadata

# The key itself is not here: `sha256` is its digest, `prefix` its first letters.
api_key = Table(
    "api_key",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("prefix", String, nullable=False),
    Column("sha256", String, nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("per_minute", Integer),  # requests; None: no limit
    Column("created_at", String, nullable=False),
    Column("created_by", String, nullable=False),
    Column("revoked_at", String),
    Column("revoked_by", String),
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A named key. `prefix` are the first letters of the key, so that a person recognises it.

    `per_minute` is the most requests that are answered in a minute, None for no limit. `revoked_at` is None while the
    key opens something.
    """

    name: str
    prefix: str
    sha256: str
    scopes: tuple[str, ...]
    per_minute: int | None
    created_at: str
    created_by: str
    revoked_at: str | None = None
    revoked_by: str | None = None


class ApiKeys:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, key: ApiKey) -> None:
        """Add a key; `InputError` if its name is taken, also by a revoked key."""
        with writing(self._engine) as connection:
            if connection.scalar(select(api_key.c.id).where(api_key.c.name == key.name)):
                raise InputError("key {name!r} exists already; choose another name", name=key.name)
            values = {name: getattr(key, name) for name in key.__slots__}
            connection.execute(insert(api_key).values(values | {"scopes": list(key.scopes)}))

    def list(self) -> list[ApiKey]:
        """Return all keys, also revoked ones, the oldest first."""
        columns = [api_key.c[name] for name in ApiKey.__slots__]
        with reading(self._engine) as connection:
            rows = connection.execute(select(*columns).order_by(api_key.c.id)).mappings().all()
        return [ApiKey(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]

    def revoke(self, name: str, by: str, at: str) -> ApiKey:
        """Revoke a key from now on and return it; one that is revoked already keeps its time. `NotFound` if unknown."""
        known: Sequence[ApiKey] = self.list()
        if all(key.name != name for key in known):
            names = ", ".join(key.name for key in known) or Word("none")
            raise NotFound("no key {name!r}; there are: {names}", name=name, names=names)
        with writing(self._engine) as connection:
            same = (api_key.c.name == name, api_key.c.revoked_at.is_(None))
            connection.execute(update(api_key).where(*same).values(revoked_at=at, revoked_by=by))
        return next(key for key in self.list() if key.name == name)
