"""Stores audio in the workspace by its content: `audio/ab/abcd….wav`.

Equal bytes are stored once. A file is there completely or not at all.
"""

from core.files import make_folder, sha256, write_bytes
from core.workflows.workspace import Workspace

SUFFIXES = {"WAV": ".wav", "FLAC": ".flac", "OGG": ".ogg", "MP3": ".mp3", "AIFF": ".aiff", "AU": ".au"}


def save(ws: Workspace, data: bytes, kind: str = "WAV") -> tuple[str, str]:
    """Store the bytes of an audio file of format `kind` (as the gate names it). Returns its path in the workspace and
    its SHA-256.
    """
    digest = sha256(data)
    relative = f"audio/{digest[:2]}/{digest}{SUFFIXES[kind]}"
    target = ws.settings.home / relative
    if not target.exists():
        make_folder(target.parent)
        write_bytes(target, data)
    return relative, digest
