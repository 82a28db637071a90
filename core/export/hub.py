"""Uploads the files of a run to a repository of a Hugging Face hub, in one commit.

This is the only module that sends anything there. It sends the files that it is given and nothing else; the caller
decides which, and a person asked for it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import InputError, MissingBackend
from core.models.pretrained.hub import reachable

REPO = re.compile(r"[\w-][\w.-]{0,95}/[\w-][\w.-]{0,95}")
Content = bytes | Path


@dataclass(frozen=True, slots=True)
class Hub:
    """The address of a hub and the token of the person who uploads; the token is never shown."""

    endpoint: str
    token: str

    def __repr__(self) -> str:
        return f"Hub({self.endpoint!r})"


def check_repo(repo: str) -> None:
    """`InputError` unless `repo` is written OWNER/NAME."""
    if not REPO.fullmatch(repo):
        raise InputError("{repo!r} is no repository: write OWNER/NAME", repo=repo)


def upload(hub: Hub, repo: str, files: Mapping[str, Content], message: str, *, private: bool = True) -> str:
    """Create the repository if it is not there, and commit `files`; returns its address.

    A repository that is there keeps who may read it. `InputError` without a token and for what the hub refuses;
    `MissingBackend` if the hub cannot be reached.
    """
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError

    check_repo(repo)
    if not hub.token:
        raise InputError("no token for {endpoint}: set HF_TOKEN to a token that may write", endpoint=hub.endpoint)
    address = urlsplit(hub.endpoint)
    if not reachable(address.hostname or "", address.port or (80 if address.scheme == "http" else 443)):
        raise MissingBackend("the hub {endpoint} cannot be reached; nothing was sent", endpoint=hub.endpoint)
    api = HfApi(endpoint=hub.endpoint, token=hub.token)
    operations = [CommitOperationAdd(name, _given(content)) for name, content in files.items()]
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        api.create_commit(repo, operations, commit_message=message)
    except (HfHubHTTPError, OSError, ValueError) as error:
        line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(
            "the hub {endpoint} refused {repo}: {reason}", endpoint=hub.endpoint, repo=repo, reason=line[:200]
        ) from error
    return f"{hub.endpoint.rstrip('/')}/{repo}"


def _given(content: Content) -> bytes | str:
    return content if isinstance(content, bytes) else str(content)
