"""The audio that an export brings: stored for recordings that have none, hashed for those that have some already."""

from dataclasses import replace
from pathlib import Path

from core.audio import gate
from core.errors import AudioError
from core.files import sha256
from core.messages import Message
from core.records import NewRecording, Report, Skip
from core.workflows.imports import audio_files
from core.workflows.imports.tables.sources import sound_sha256
from core.workflows.workspace import Workspace


class DeliveredAudio:
    """Gives recordings their audio. `total` gets a Skip for audio that cannot be read."""

    def __init__(self, ws: Workspace, total: Report) -> None:
        self._ws, self._total = ws, total
        self._by_hash: dict[str, Path | bytes] = {}  # of recordings that have audio already

    def added(self, recording: NewRecording, data: bytes | Path | None, where: str, known: bool) -> NewRecording:
        """The recording with its stored audio; without audio if it cannot be read.

        `known`: it has audio already, so the delivered one is only hashed, to be compared.
        """
        if data is None:
            return recording
        if known:
            digest = self._received(recording.key, sound_sha256(data) if isinstance(data, Path) else sha256(data))
            self._by_hash[digest] = data
            return replace(recording, path=None, sha256=digest)
        data = data.read_bytes() if isinstance(data, Path) else data
        try:
            probe = gate.probe(data, where)
        except AudioError as error:
            self._total.skipped.append(Skip(where, Message("{reason}: imported without audio", reason=error.reason)))
            return recording
        path, digest = audio_files.save(self._ws, data, probe.format, probe.copy)
        return replace(
            recording, path=path, sha256=digest, duration_ms=probe.duration_ms, sample_rate_hz=probe.sample_rate_hz
        )

    def _received(self, key: str, digest: str) -> str:
        """`digest`, or that of the file as it came if the sound is the copy that an export carries of it."""
        stored = self._ws.store.transfer.recordings_by_key([key]).get(key)
        if stored is None or stored.sha256 is None or not audio_files.is_copy(self._ws, stored, digest):
            return digest
        return stored.sha256

    def kept(self, recording: NewRecording) -> NewRecording:
        """The recording with the audio that was only hashed now stored, for a suggestion to use it."""
        data = self._by_hash.get(recording.sha256 or "")
        return recording if data is None else self.added(recording, data, recording.key, known=False)
