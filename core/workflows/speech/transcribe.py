"""Which transcriber this workspace has. None is a normal state: then a page shows a text box for each utterance.

`GWIDAMA_TRANSCRIBER` names one of `core.speech.transcribers.TRANSCRIBERS`, or `off`. Without it Whisper is taken where
its weights are installed. The `endpoint` sends sound to another machine, so it is never taken by itself.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from core.errors import CoreError, MissingBackend
from core.messages import Message
from core.plugins import pick
from core.settings import Settings
from core.speech import weights
from core.speech.transcribers import DEFAULT, OFF, TRANSCRIBERS
from core.speech.transcribers.listening import Listener
from core.speech.transcribers.transcript import Transcriber
from core.workflows.workspace import Workspace

State = Literal["ok", "absent", "off"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A transcriber as a person sees it: `reason` says why it is not there, `model` names its weights."""

    name: str
    state: State
    reason: str | None = None
    model: str | None = None


def transcriber(ws: Workspace, name: str | None = None) -> Transcriber | None:
    """The transcriber of that name, by default the workspace's; None for `off`, and where no model is installed.

    Nothing is loaded before the first `transcribe`. `UnknownName` for a name that does not exist; `MissingBackend` or
    `CheckpointMismatch` if a transcriber that is named cannot be had.
    """
    chosen = name or ws.settings.transcriber or DEFAULT
    if chosen == OFF:
        return None
    try:
        return _made(chosen, ws.settings)
    except MissingBackend:
        if name is not None:
            raise
        return None


def status(ws: Workspace, name: str | None = None) -> dict[str, str | None]:
    """`{"name", "state": "ok", "absent" or "off", "reason"}` of what `transcriber` returns; raises no `CoreError`."""
    found = current(ws, name)
    return {"name": None if found.state == "off" else found.name, "state": found.state, "reason": found.reason}


def current(ws: Workspace, name: str | None = None) -> Choice:
    """The transcriber of that name, by default the workspace's, with its state."""
    return _choice(ws, name or ws.settings.transcriber or DEFAULT)


def choices(ws: Workspace) -> list[Choice]:
    """All transcribers with their states, for menus and `doctor`."""
    return [_choice(ws, name) for name in TRANSCRIBERS]


def fetch(ws: Workspace) -> str:
    """Bring Whisper's weights from the hub, because a person asks for it; their name. `MissingBackend` if it fails."""
    return weights.fetch(ws.settings)


def _choice(ws: Workspace, name: str) -> Choice:
    if name == OFF:
        return Choice(name, "off", Message("transcription is switched off"))
    try:
        return Choice(name, "ok", None, _made(name, ws.settings).model)
    except CoreError as error:
        return Choice(name, "absent", error.message)


@lru_cache(maxsize=8)
def _made(name: str, settings: Settings) -> Listener:
    """One Listener for a name and settings. A failure is not remembered, so that an installation is seen at once."""
    make = pick(TRANSCRIBERS, name, "transcriber")
    listener: Listener = make(settings)
    return listener
