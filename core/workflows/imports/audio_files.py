"""Stores audio in the workspace by its content: `audio/ab/abcd….wav`.

Equal bytes are stored once. A file is there completely or not at all. Sound that browsers or libsndfile cannot read
(M4A, AMR, CAF …) is stored as it came, and beside it as `abcd….copy.flac`: the recording's path is that of the copy,
its SHA-256 that of the file as it came.
"""

from core.audio import gate
from core.files import make_folder, sha256, write_bytes
from core.records import Recording
from core.workflows.workspace import Workspace

SUFFIXES = {"WAV": ".wav", "FLAC": ".flac", "OGG": ".ogg", "MP3": ".mp3", "AIFF": ".aiff", "AU": ".au"}
COPY = ".copy.flac"


def save(
    ws: Workspace, data: bytes, kind: str = "WAV", copy: bytes | None = None, digest: str | None = None
) -> tuple[str, str]:
    """Store the bytes of an audio file of format `kind`, and its `copy`, both as `gate.probe` gives them.

    `digest` is the SHA-256 of `data` where it is known. Returns the path in the workspace that everything reads, and
    the SHA-256 of the bytes. A copy that is needed and not given is made; `AudioError` if that fails.
    """
    digest = digest or sha256(data)
    if copy is None and kind not in SUFFIXES:
        copy = gate.probe(data, digest).copy
    stem = f"audio/{digest[:2]}/{digest}"
    relative = stem + SUFFIXES.get(kind, f".{kind.lower()}")
    _keep(ws, relative, data)
    if copy is None:
        return relative, digest
    _keep(ws, stem + COPY, copy)
    return stem + COPY, digest


def is_copy(ws: Workspace, recording: Recording, digest: str) -> bool:
    """Whether `digest` is that of the FLAC copy that is kept beside the file of `recording` as it came."""
    path = recording.path
    return path is not None and path.endswith(COPY) and sha256(ws.inside(path)) == digest


def _keep(ws: Workspace, relative: str, data: bytes) -> None:
    target = ws.settings.home / relative
    if not target.exists():
        make_folder(target.parent)
        write_bytes(target, data)
