"""The only place that reads the environment. Paths are absolute; nothing is created here."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"
DEMO = ASSETS / "demo"


@dataclass(frozen=True)
class Settings:
    """Where a workspace lives and how it is reached.

    `database_url` is SQLAlchemy's (`sqlite:////path` by default), `jobs_url` the job queue's database.
    """

    home: Path
    database_url: str
    jobs_url: str
    api_keys: frozenset[str]
    host: str
    port: int
    curator: str

    @cached_property
    def audio(self) -> Path:
        return self.home / "audio"

    @cached_property
    def snapshots(self) -> Path:
        return self.home / "snapshots"

    @cached_property
    def runs(self) -> Path:
        return self.home / "runs"


def settings() -> Settings:
    """Read `GWIDAMA_HOME`, `_DATABASE_URL`, `_JOBS_URL`, `_API_KEYS` (commas), `_HOST`, `_PORT`, `_CURATOR`."""
    env = os.environ
    home = Path(env.get("GWIDAMA_HOME") or default_home()).expanduser().resolve()
    database_url = env.get("GWIDAMA_DATABASE_URL") or f"sqlite:///{home / 'gwidama.db'}"
    jobs_url = env.get("GWIDAMA_JOBS_URL") or (
        database_url if database_url.startswith("postgresql") else f"sqlite:///{home / 'jobs.db'}"
    )
    return Settings(
        home=home,
        database_url=database_url,
        jobs_url=jobs_url,
        api_keys=frozenset(k.strip() for k in env.get("GWIDAMA_API_KEYS", "").split(",") if k.strip()),
        host=env.get("GWIDAMA_HOST") or "127.0.0.1",
        port=_port(env.get("GWIDAMA_PORT") or "8501"),
        curator=env.get("GWIDAMA_CURATOR") or env.get("USER") or "curator",
    )


def is_checkout(root: Path = ROOT) -> bool:
    """Whether `root` holds the sources; an installed package has no pyproject.toml."""
    return (root / "pyproject.toml").is_file()


def default_home(root: Path = ROOT) -> Path:
    """The workspace where `GWIDAMA_HOME` names none: `workspace/` in a checkout, `~/gwidama` when installed."""
    return root / "workspace" if is_checkout(root) else Path("~/gwidama")


def child_environment() -> dict[str, str]:
    """The environment of a child process that has to import `core`, wherever this process was started."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def _port(raw: str) -> int:
    if not raw.isdecimal() or int(raw) > 65535:
        raise InputError("GWIDAMA_PORT={raw}: expected a number from 0 to 65535", raw=raw)
    return int(raw)
