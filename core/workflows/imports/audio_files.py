"""Audio in the workspace, by content: `audio/ab/abcd….wav`. The same bytes lie there once, whole or not at all."""

from core.files import make_folder, sha256, write_bytes
from core.workflows.workspace import Workspace

SUFFIXES = {"WAV": ".wav", "FLAC": ".flac", "OGG": ".ogg", "MP3": ".mp3", "AIFF": ".aiff", "AU": ".au"}


def keep(ws: Workspace, data: bytes, kind: str = "WAV") -> tuple[str, str]:
    """Store audio of format `kind` (as the gate names it); its path in the workspace and its SHA-256."""
    digest = sha256(data)
    relative = f"audio/{digest[:2]}/{digest}{SUFFIXES[kind]}"
    target = ws.settings.home / relative
    if not target.exists():
        make_folder(target.parent)
        write_bytes(target, data)
    return relative, digest
