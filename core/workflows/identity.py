"""Who is at work: names signed with a secret of the workspace, so that a browser can carry one and cannot invent one.

The secret lies in the workspace, readable by its owner only; a copy of the workspace knows the same browsers.
"""

import hashlib
import os
import secrets
import unicodedata
from pathlib import Path

from itsdangerous import BadData, URLSafeSerializer

from core.files import move_into_place, remove, sync_to_disk, temporary_path, write_bytes
from core.files.private import FILE_MODE
from core.workflows.service import keys
from core.workflows.workspace import Workspace

FILE = "browser-secret"
SALT = "curator"
LONGEST_NAME = 40
PLACE_LETTERS = 12
SECRET_BYTES = 32  # of the secret; a shorter file holds none


def tidy(name: str) -> str:
    """Return a name with single spaces, of at most `LONGEST_NAME` characters; characters that do not print are dropped.

    The name is composed (NFC), so that one person has one name on every kind of computer.

    >>> tidy("  김  지우 ")
    '김 지우'
    """
    composed = unicodedata.normalize("NFC", "".join(c if c.isprintable() else " " for c in name))
    return " ".join(composed.split())[:LONGEST_NAME].strip()


def sign(ws: Workspace, name: str) -> str:
    """Return the signed form of a curator's name, which a cookie can hold."""
    return _serializer(ws).dumps(tidy(name))


def name_of(ws: Workspace, signed: str) -> str | None:
    """Return the name in a signed form; None if this workspace did not sign it."""
    try:
        name = _serializer(ws).loads(signed)
    except BadData:
        return None
    return tidy(name) or None if isinstance(name, str) else None


def name_of_key(ws: Workspace, key: str) -> str | None:
    """Return the name of the API key with which a person entered an open server; None if there is no such key."""
    known = keys.known(ws).by_digest.get(keys.digest(key))
    return known.name if known and known.name != keys.OF_ENVIRONMENT else None


def place(ws: Workspace) -> str:
    """Return a short name of the workspace: servers of other workspaces at the same address have other cookies."""
    return hashlib.sha256(_secret(ws)).hexdigest()[:PLACE_LETTERS]


def desk(ws: Workspace, name: str | None) -> str:
    """Return the place where a browser keeps what this person has not saved yet; None: nobody is named yet."""
    person = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:PLACE_LETTERS] if name else ""
    return f"{place(ws)}.{person}"


def _serializer(ws: Workspace) -> URLSafeSerializer:
    return URLSafeSerializer(_secret(ws), salt=SALT, signer_kwargs={"digest_method": hashlib.sha256})


def _secret(ws: Workspace) -> bytes:
    """Return the secret of the workspace; the first call makes it."""
    file = ws.settings.home / FILE
    if not file.exists():
        _make(file)
    secret = file.read_bytes()
    if len(secret) < SECRET_BYTES:  # an emptied file would let anybody sign
        write_bytes(file, _new())
        file.chmod(FILE_MODE)
        secret = file.read_bytes()
    return secret


def _new() -> bytes:
    return secrets.token_hex(SECRET_BYTES).encode()


def _make(file: Path) -> None:
    """Write a new secret, whole and private; another process that was faster keeps its own."""
    temporary = temporary_path(file)
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as written:
            written.write(_new())
        sync_to_disk(temporary)
        os.link(temporary, file)
    except FileExistsError:
        pass
    except OSError:  # a disk without links
        if not file.exists():
            move_into_place(temporary, file)
            file.chmod(FILE_MODE)
    finally:
        remove(temporary)
