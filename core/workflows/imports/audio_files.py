"""Audio in the workspace, by content: `audio/ab/abcd….wav`. The same bytes lie there once, whole or not at all."""

import hashlib
import os

from core.workflows.workspace import Workspace

SUFFIXES = {"WAV": ".wav", "FLAC": ".flac", "OGG": ".ogg", "MP3": ".mp3", "AIFF": ".aiff", "AU": ".au"}


def keep(ws: Workspace, data: bytes, kind: str = "WAV") -> tuple[str, str]:
    """Store audio of format `kind` (as the gate names it); its path in the workspace and its SHA-256."""
    digest = hashlib.sha256(data).hexdigest()
    relative = f"audio/{digest[:2]}/{digest}{SUFFIXES[kind]}"
    target = ws.settings.home / relative
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}.part")
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    return relative, digest
