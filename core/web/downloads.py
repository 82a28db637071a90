"""Download links of exported files: one unguessable token for each, valid until the server stops.

The server streams the file from the disk, so that a large one never lies in its memory.
"""

import secrets
from collections import OrderedDict
from pathlib import Path

LINKS = 64

_links: OrderedDict[str, Path] = OrderedDict()


def keep(path: Path) -> str:
    """Return a token under which `/export/{token}` serves `path`; the oldest links make room."""
    token = secrets.token_urlsafe(16)
    _links[token] = path
    while len(_links) > LINKS:
        _links.popitem(last=False)
    return token


def find(token: str) -> Path | None:
    """Return the file behind a link, or None if the link or the file is gone."""
    path = _links.get(token)
    return path if path is not None and path.is_file() else None
