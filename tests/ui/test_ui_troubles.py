"""Errors in the reader's language."""

import inspect
import re

from core import errors
from core.audio import gate, header, reader
from core.errors import AudioError, Conflict, CoreError, UnknownName
from core.ui import troubles
from core.ui.i18n import catalogue


def test_every_reason_of_the_gate_has_a_sentence() -> None:
    source = "".join(inspect.getsource(module) for module in (gate, reader))
    reasons = [*re.findall(r'AudioError\((?:self\.)?where, f?"([^"{]+)', source), header.not_audio(b"x" * 16)]
    assert len(reasons) > 12
    known = (*troubles.AUDIO, "no such file")
    assert [r for r in reasons if not r.startswith(known)] == []


def test_every_error_has_a_kind_and_each_kind_is_korean() -> None:
    kinds = [e for _, e in inspect.getmembers(errors, inspect.isclass) if issubclass(e, CoreError)]
    assert all(any(issubclass(e, kind) for kind, _ in troubles.KINDS) for e in kinds)
    korean = catalogue("ko")
    for message in (*troubles.AUDIO.values(), *(message for _, message in troubles.KINDS)):
        assert re.search("[가-힣]", korean.gettext(message)), message


def test_the_errors_own_words_are_kept() -> None:
    assert "a.wav: truncated: 3 ms" in troubles.explain(AudioError("a.wav", "truncated: 3 ms"))
    assert "danger" in troubles.explain(UnknownName("scheme", "x", ("danger",)))
    assert troubles.lead(Conflict("x")) != troubles.lead(CoreError("x"))
