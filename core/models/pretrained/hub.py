"""Folders of models from the Hugging Face hub: first its cache on this machine, then the hub, if it can be reached.

Only safetensors, configuration, tokenizer and README are fetched. Whether the hub can be reached is tried once, with a
short limit, so that a machine without a network gets its error within seconds.
"""

import re
import socket
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from core.errors import InputError, MissingBackend
from core.messages import Message

HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?(@[\w./-]+)?")
FILES = ["config.json", "preprocessor_config.json", "*token*", "vocab*", "merges.txt", "*.model", "README.md"]
WEIGHTS = ["model*.safetensors", "model.safetensors.index.json"]
CONNECT_S = 3.0


def from_hub(encoder: str) -> Path:
    """The local folder of a hub id (`owner/name`, `owner/name@revision`), from the cache or fetched.

    `MissingBackend` if neither has it; `InputError` if the hub has only pickled weights of it.
    """
    name, _, revision = encoder.partition("@")
    if folder := _cached(name, revision or None):
        return folder
    if constants.HF_HUB_OFFLINE:
        raise _missing(encoder, Message("the hub is switched off by HF_HUB_OFFLINE"))
    host = urlsplit(constants.ENDPOINT).hostname or "huggingface.co"
    if "https" not in getproxies() and not reachable(host):
        raise _missing(encoder, Message("the hub {host} cannot be reached from here", host=host))
    return _fetched(encoder, name, revision or None)


def reachable(host: str, port: int = 443, limit_s: float = CONNECT_S) -> bool:
    """Whether `host` accepts a connection within `limit_s`, the look-up of its name included."""
    answers: list[bool] = []

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=limit_s).close()
            answers.append(True)
        except OSError:
            answers.append(False)

    thread = Thread(target=connect, daemon=True)  # a name look-up has no limit of its own
    thread.start()
    thread.join(limit_s)
    return answers == [True]


def _cached(name: str, revision: str | None) -> Path | None:
    """The cached folder if it holds configuration and weights."""
    try:
        folder = Path(snapshot_download(name, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError, OSError):
        return None
    weights = [path for pattern in WEIGHTS for path in folder.glob(pattern)]
    return folder if weights and (folder / "config.json").is_file() else None


def _fetched(encoder: str, name: str, revision: str | None) -> Path:
    try:
        folder = Path(snapshot_download(name, revision=revision, allow_patterns=[*FILES, *WEIGHTS]))
    except HfHubHTTPError as error:
        refused = Message("the hub refuses it: {reason}", reason=str(error).strip().splitlines()[0])
        raise _missing(encoder, refused) from error
    except (LocalEntryNotFoundError, OSError) as error:
        raise _missing(encoder, Message("the hub did not send it")) from error
    if _cached(name, revision) is None:
        raise InputError(
            "encoder {encoder}: the hub holds no safetensors of it (pickled weights can run foreign code and are not "
            "fetched): name a converted revision as owner/name@refs/pr/1, or another encoder",
            encoder=encoder,
        )
    return folder


def _missing(encoder: str, why: Message) -> MissingBackend:
    return MissingBackend(
        "encoder {encoder} cannot be had: no folder of that name, not in the hub's cache {cache}, and {why}: copy the "
        "model's folder to this machine and give its path as the encoder",
        encoder=encoder,
        cache=constants.HF_HUB_CACHE,
        why=why,
    )
