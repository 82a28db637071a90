"""The calls that this browser session has opened: decoded once, judged, and judged again after a change.

A call is dropped when its file leaves the page, and all when another page is opened (`core.ui.frame`), so their samples
do not stay in memory.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from core.audio import Audio
from core.web import uploads
from core.workflows.predict import predict

STATE = "predict:calls"


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a person gave: the bytes of a recording under a name, its label JSON, its typed transcript."""

    id: str
    name: str
    data: Callable[[], bytes]
    labels: bytes | None = None
    text: str | None = None
    synthetic: bool = False

    @property
    def version(self) -> tuple[object, ...]:
        """What the words of the call depend on. The name does not count: the language of the page changes it."""
        return self.labels, self.text


@dataclass(slots=True)
class Call:
    """A decoded recording and what was made of it. `edits` are texts that a person changed, by utterance.

    `heard_with` and `judged_with` are the options under which it was transcribed and judged.
    """

    delivered: Delivered
    audio: Audio
    token: str
    document: dict[str, Any] | None = None
    heard_with: object = None
    judged_with: object = None
    edits: dict[int, str] = field(default_factory=dict)
    chosen: int | None = None

    @property
    def key(self) -> str:
        """A key for widgets; equal recordings that were uploaded twice have different keys."""
        return f"{self.token[:12]}-{self.delivered.id}"

    def rename(self, delivered: Delivered) -> None:
        """Take the name that the recording has now; a document that names it by the old one follows."""
        if self.document is not None and delivered.name != self.delivered.name:
            self.document = self.document | {"source": delivered.name}
        self.delivered = delivered


def opened(delivered: Delivered) -> Call:
    """Return the call of what was delivered; it is decoded the first time. `AudioError` if it cannot be decoded."""
    calls: dict[str, Call] = st.session_state.setdefault(STATE, {})
    known = calls.get(delivered.id)
    if known is not None:
        keep_sound(known.token, known.audio)
    if known is not None and known.delivered.version == delivered.version:
        known.rename(delivered)
        return known
    audio = known.audio if known is not None else predict.read_audio(delivered.data(), delivered.name)
    token = known.token if known is not None else uploads.keep(predict.playable(audio))
    calls[delivered.id] = Call(delivered, audio, token)
    return calls[delivered.id]


def keep_sound(token: str, audio: Audio) -> None:
    """Put the sound of a player back if other uploads have pushed it out; the same sound has the same token."""
    if uploads.get(token) is None:
        uploads.keep(predict.playable(audio))


def keep_only(ids: Iterable[str]) -> None:
    """Drop the calls whose files have left the page."""
    kept = set(ids)
    calls: dict[str, Call] = st.session_state.get(STATE, {})
    for gone in [id_ for id_ in calls if id_ not in kept]:
        del calls[gone]
