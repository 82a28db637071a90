"""Errors in the reader's language."""

import ast
import inspect
import re
from typing import get_args

from core import errors
from core.audio import gate, reader
from core.errors import AudioError, Conflict, CoreError, UnknownName
from core.ui import error_messages
from core.ui.i18n import catalogue


def test_every_fault_of_the_gate_has_a_kind_and_a_sentence() -> None:
    """Two kinds have no message: a path that is no file is not a fault of the audio."""
    assert set(error_messages.AUDIO) == set(get_args(errors.AudioKind))
    source = "".join(inspect.getsource(module) for module in (gate, reader))
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    raised = [call for call in calls if call.func.id == "AudioError"]  # type: ignore[attr-defined]
    assert len(raised) > 12
    without = [ast.unparse(call) for call in raised if "kind" not in {word.arg for word in call.keywords}]
    assert len(without) == 1
    assert "no such file" in without[0]


def test_every_error_has_a_kind_and_each_kind_is_korean() -> None:
    kinds = [e for _, e in inspect.getmembers(errors, inspect.isclass) if issubclass(e, CoreError)]
    assert all(any(issubclass(e, kind) for kind, _ in error_messages.KINDS) for e in kinds)
    korean = catalogue("ko")
    for message in (*error_messages.AUDIO.values(), *(message for _, message in error_messages.KINDS)):
        assert re.search("[가-힣]", korean.gettext(message)), message


def test_the_errors_own_words_are_kept() -> None:
    assert "a.wav: truncated: 3 ms" in error_messages.explain(AudioError("a.wav", "truncated: 3 ms"))
    assert "danger" in error_messages.explain(UnknownName("scheme", "x", ("danger",)))
    cut = AudioError("a.wav", "anything", kind="truncated")
    assert error_messages.kind_of_error(cut) != error_messages.kind_of_error(
        AudioError("a.wav", "truncated: but of no kind")
    )
    assert error_messages.kind_of_error(Conflict("x")) != error_messages.kind_of_error(CoreError("x"))
