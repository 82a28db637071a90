"""The language model of a workspace: the service that the environment names, its key, its limits, its answers."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.endpoints import CLIENT, INSTALL, Endpoint
from core.errors import CoreError, InputError, MissingBackend
from core.messages import Message
from core.rewriting import Cache, Chat, Limits, Prices, Rewriter, Spending
from core.rewriting.pace import Pace
from core.settings import Settings
from core.workflows.augment.llm.options import Options
from core.workflows.workspace import Workspace

FOLDER = "llm"


@dataclass(frozen=True, slots=True)
class State:
    """Whether a language model may be asked; `reason` says why not. `host` is where texts go."""

    is_on: bool
    reason: str = ""
    host: str = ""
    model: str = ""
    is_here: bool = False
    has_prices: bool = False


def state(ws: Workspace) -> State:
    """Whether the language model is on, and if not, how to turn it on. Nothing is sent."""
    try:
        named = endpoint(ws.settings)
    except CoreError as error:
        return State(False, error.message)
    prices = any(ws.settings.llm_prices)
    if not CLIENT.installed():
        reason = Message("the package of the language model is not installed: {install}", install=INSTALL)
        return State(False, reason, named.host, named.model, named.is_here, prices)
    return State(True, "", named.host, named.model, named.is_here, prices)


def endpoint(settings: Settings) -> Endpoint:
    """The service of the settings; `MissingBackend` if there is none."""
    if not (settings.llm_url and settings.llm_model):
        raise MissingBackend(
            "the language model is off: give the address of a service with OpenAI's interface in GWIDAMA_LLM_URL and a "
            "model in GWIDAMA_LLM_MODEL; masked texts leave this machine then"
        )
    return Endpoint(settings.llm_url, settings.llm_model, settings.llm_key or _key_in(settings.llm_key_file))


def _key_in(name: str) -> str:
    if not name:
        return ""
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InputError("GWIDAMA_LLM_KEY_FILE={name}: the file cannot be read", name=name) from None


def rewriter(ws: Workspace, options: Options, batch: str) -> Rewriter:
    spent = _folder(ws) / "spent" / f"{Path(batch).name}.json" if batch else None
    spending = Spending(limits(ws.settings, options), Prices(*ws.settings.llm_prices), spent)
    named = endpoint(ws.settings)
    pace = _pace(named.url, options.per_minute)
    return Rewriter(_chat(named, options.timeout_s), cache(ws), spending, pace)


@lru_cache(maxsize=4)
def _chat(named: Endpoint, timeout_s: float) -> Chat:
    """A client keeps its connections, and what the service was found not to accept."""
    return Chat(named, timeout_s)


@lru_cache(maxsize=64)
def _pace(url: str, per_minute: float) -> Pace:
    """The pace of a service is one for all blocks and runs of this process."""
    return Pace(per_minute)


def limits(settings: Settings, options: Options) -> Limits:
    cost = settings.llm_cap if options.most_cost is None else options.most_cost
    return Limits(options.most_tokens, cost if any(settings.llm_prices) else 0.0)


def cache(ws: Workspace) -> Cache:
    return Cache(_folder(ws) / "answers")


def _folder(ws: Workspace) -> Path:
    return ws.settings.home / FOLDER
