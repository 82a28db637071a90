"""The settings of a workspace, read from the environment. No other module reads the environment.

Paths are absolute. Nothing here creates a file or folder.
"""

import os
import sys
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import isfinite
from pathlib import Path

from core.errors import InputError

PREFIX = "GWIDAMA_"
OTHERS = ("USER", "HOME", "RANK", "WORLD_SIZE", "HF_ENDPOINT", "HF_TOKEN", "PROMETHEUS_MULTIPROC_DIR")
ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"
TETHER = "--until-stdin-closes"  # a flag of `python -m core.jobs`
DEMO = ASSETS / "demo"


@dataclass(frozen=True)
class Settings:
    """Where the workspace is, and at which address it is served.

    `database_url` is a URL of SQLAlchemy, `sqlite:////path` by default. `jobs_url` is the database of the job queue.
    `curator` is the name under which a person at this machine decides. `whisper` is a folder with weights, a size or a
    hub id, "" for the installed ones. `transcriber` names who writes down speech, "" for the default. `sensevoice` is
    the folder of SenseVoice. `speech_url`, `speech_key` and `speech_model` are those of a service that transcribes.
    `llm_url`, `llm_key` (or the file `llm_key_file`) and `llm_model` are those of a language model that writes
    variants; `llm_prices` is what a million tokens cost, sent and received, `llm_cap` the most that one run may cost.
    Under `accelerate launch` this is process `process` of `processes` that train together. `hub_endpoint` and
    `hub_token` are the hub that `push` sends to. With `warm_up` a server loads its models when it starts, without it at
    the first prediction; None: only `serve --api-only` loads them when it starts.
    With `log` the REST service writes a line for each request; its processes keep their figures in `metrics_folder`.
    With `open` the server may listen on addresses that other machines reach; `hosts` are more names it answers to.
    `import_folders` are the folders of this machine that pages may import from. Without `curator_named` the name of
    the curator is only that of the system's user, and pages ask for a name before the first decision.
    """

    home: Path
    database_url: str
    jobs_url: str
    api_keys: frozenset[str]
    host: str
    port: int
    curator: str
    whisper: str = ""
    transcriber: str = ""
    sensevoice: str = ""
    speech_url: str = ""
    speech_key: str = field(default="", repr=False)
    speech_model: str = "whisper-1"
    llm_url: str = ""
    llm_key: str = field(default="", repr=False)
    llm_key_file: str = ""
    llm_model: str = ""
    llm_prices: tuple[float, float] = (0.0, 0.0)
    llm_cap: float = 1.0
    process: int = 0
    processes: int = 1
    warm_up: bool | None = None
    log: bool = True
    metrics_folder: str = ""
    open: bool = False
    hosts: frozenset[str] = frozenset()
    import_folders: frozenset[str] = frozenset()
    curator_named: bool = True
    hub_endpoint: str = "https://huggingface.co"
    hub_token: str = field(default="", repr=False)

    @cached_property
    def database_file(self) -> Path | None:
        """The file of an SQLite database, None for a database server."""
        scheme, _, path = self.database_url.partition("?")[0].partition(":///")
        return Path(path).absolute() if scheme == "sqlite" and path and path != ":memory:" else None

    @cached_property
    def audio(self) -> Path:
        """The folder of the audio files."""
        return self.home / "audio"

    @cached_property
    def snapshots(self) -> Path:
        """The folder that has one folder for each snapshot."""
        return self.home / "snapshots"

    @cached_property
    def runs(self) -> Path:
        """The folder that has one folder for each run."""
        return self.home / "runs"


def settings() -> Settings:
    """Read `GWIDAMA_HOME`, `_DATABASE_URL`, `_JOBS_URL`, `_API_KEYS` (commas), `_HOST`, `_PORT`, `_CURATOR`,
    `_WHISPER`, `_TRANSCRIBER`, `_SENSEVOICE`, `_SPEECH_URL`, `_SPEECH_KEY`, `_SPEECH_MODEL`, `_LLM_URL`, `_LLM_KEY`,
    `_LLM_KEY_FILE`, `_LLM_MODEL`, `_LLM_PRICES` (two numbers), `_LLM_CAP`, `_WARM_UP` (0: no, 1: yes), `_LOG` (0: no),
    `_OPEN` (1: yes), `_HOSTS` (commas), `_IMPORT_FOLDERS` (commas); `RANK` and `WORLD_SIZE`, which `accelerate launch`
    sets; `HF_ENDPOINT`, `HF_TOKEN`;
    `PROMETHEUS_MULTIPROC_DIR`.
    """
    own = ((name, value) for name, value in os.environ.items() if name.startswith(PREFIX) or name in OTHERS)
    return _read(tuple(own), os.getcwd())


@lru_cache(maxsize=16)
def _read(variables: tuple[tuple[str, str], ...], folder: str) -> Settings:
    """The settings of an environment, for a working folder; a server asks for them at each request."""
    env = dict(variables)
    home = Path(env.get("GWIDAMA_HOME") or default_home()).expanduser().resolve()
    database_url = env.get("GWIDAMA_DATABASE_URL") or f"sqlite:///{home / 'gwidama.db'}"
    jobs_url = env.get("GWIDAMA_JOBS_URL") or (
        database_url if database_url.startswith("postgresql") else f"sqlite:///{home / 'jobs.db'}"
    )
    return Settings(
        home=home,
        database_url=database_url,
        jobs_url=jobs_url,
        api_keys=_list(env.get("GWIDAMA_API_KEYS", "")),
        host=env.get("GWIDAMA_HOST") or "127.0.0.1",
        port=_port(env.get("GWIDAMA_PORT") or "8501"),
        curator=env.get("GWIDAMA_CURATOR") or env.get("USER") or "curator",
        whisper=env.get("GWIDAMA_WHISPER") or "",
        transcriber=env.get("GWIDAMA_TRANSCRIBER") or "",
        sensevoice=env.get("GWIDAMA_SENSEVOICE") or "",
        speech_url=env.get("GWIDAMA_SPEECH_URL") or "",
        speech_key=env.get("GWIDAMA_SPEECH_KEY") or "",
        speech_model=env.get("GWIDAMA_SPEECH_MODEL") or "whisper-1",
        llm_url=env.get("GWIDAMA_LLM_URL") or "",
        llm_key=env.get("GWIDAMA_LLM_KEY") or "",
        llm_key_file=env.get("GWIDAMA_LLM_KEY_FILE") or "",
        llm_model=env.get("GWIDAMA_LLM_MODEL") or "",
        llm_prices=_prices(env.get("GWIDAMA_LLM_PRICES") or "0,0"),
        llm_cap=_amount("GWIDAMA_LLM_CAP", env.get("GWIDAMA_LLM_CAP") or "1"),
        process=int(env.get("RANK") or 0),
        processes=int(env.get("WORLD_SIZE") or 1),
        warm_up=env["GWIDAMA_WARM_UP"] != "0" if env.get("GWIDAMA_WARM_UP") else None,
        log=env.get("GWIDAMA_LOG") != "0",
        metrics_folder=env.get("PROMETHEUS_MULTIPROC_DIR") or "",
        open=env.get("GWIDAMA_OPEN") == "1",
        hosts=_list(env.get("GWIDAMA_HOSTS", "")),
        import_folders=_list(env.get("GWIDAMA_IMPORT_FOLDERS", "")),
        curator_named=bool(env.get("GWIDAMA_CURATOR")),
        hub_endpoint=env.get("HF_ENDPOINT") or "https://huggingface.co",
        hub_token=env.get("HF_TOKEN") or "",
    )


def is_checkout(root: Path = ROOT) -> bool:
    """Whether `root` holds the sources; an installed package has no pyproject.toml."""
    return (root / "pyproject.toml").is_file()


def default_home(root: Path = ROOT) -> Path:
    """The workspace if `GWIDAMA_HOME` is not set: `workspace/` in a checkout, `~/gwidama` if installed."""
    return root / "workspace" if is_checkout(root) else Path("~/gwidama")


def worker_command() -> list[str]:
    """Return the command of a worker process. The process ends when the pipe to its stdin is closed."""
    return [sys.executable, "-m", "core.jobs", TETHER]


def child_environment() -> dict[str, str]:
    """Return the environment for a child process that has to import `core` from any working folder."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def report_no_usage() -> None:
    """Tell Ray, and the processes that it starts, to send no figures of their use to its makers."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


def _list(raw: str) -> frozenset[str]:
    return frozenset(name.strip() for name in raw.split(",") if name.strip())


def _port(raw: str) -> int:
    if not raw.isdecimal() or int(raw) > 65535:
        raise InputError("GWIDAMA_PORT={raw}: expected a number from 0 to 65535", raw=raw)
    return int(raw)


def _prices(raw: str) -> tuple[float, float]:
    """Two prices of a million tokens, with a comma between.

    >>> _prices("0.15, 0.6")
    (0.15, 0.6)
    """
    sent, comma, received = raw.partition(",")
    if not comma:
        raise InputError("GWIDAMA_LLM_PRICES={raw}: expected two prices of a million tokens, as 0.15,0.6", raw=raw)
    return _amount("GWIDAMA_LLM_PRICES", sent), _amount("GWIDAMA_LLM_PRICES", received)


def _amount(name: str, raw: str) -> float:
    try:
        amount = float(raw)
    except ValueError:
        amount = -1.0
    if not (isfinite(amount) and amount >= 0):
        raise InputError("{name}={raw}: expected a number that is not below 0", name=name, raw=raw)
    return amount
