"""The device example: whatever goes wrong is the exit code 3, because 0, 1 and 2 are verdicts."""

import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message
from http.client import BadStatusLine
from pathlib import Path
from typing import Any

import pytest

from scripts import device


def refused(status: int, body: bytes, retry_after: str = "") -> urllib.error.HTTPError:
    headers = Message()
    headers["Retry-After"] = retry_after
    return urllib.error.HTTPError("http://x", status, "Bad Request", headers, io.BytesIO(body))


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], int]:
    """Ask about a recording; the service answers with bytes, or with an error that is raised."""
    (tmp_path / "call.wav").write_bytes(b"RIFF")
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    def run(answer: Any) -> int:
        def urlopen(request: object, timeout: float) -> io.BytesIO:
            if isinstance(answer, Exception):
                raise answer
            return io.BytesIO(answer)

        monkeypatch.setattr(urllib.request, "urlopen", urlopen)
        return device.main("http://127.0.0.1:8501", str(tmp_path / "call.wav"))

    return run


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refused(400, b"Invalid HTTP request received."), "400: Invalid HTTP request received."),
        (refused(408, b""), "408: Bad Request"),
        (refused(403, b'{"error": "no key"}'), "403: no key"),
        (refused(502, b"[1]"), "502: [1]"),
        (refused(503, b"", "Wed, 21 Oct 2026 07:28:00 GMT"), "the service was busy 5 times"),
        (BadStatusLine("SSH-2.0"), "SSH-2.0"),
        (TimeoutError("timed out"), "timed out"),
        (b"<html>", "Expecting value"),
        (b"[]", "utterances"),
        (b'{"verdict": null}', "NoneType"),
    ],
)
def test_no_failure_is_a_verdict(
    ask: Callable[[Any], int], answer: Any, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(answer) == device.FAILED
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("http://x",), ("http://x", "a", "b", "c"), ("nonsense", __file__)])
def test_wrong_words_are_no_verdict(words: tuple[str, ...]) -> None:
    assert device.main(*words) == device.FAILED


def test_a_verdict_is_said(ask: Callable[[Any], int], capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"verdict": {"danger": {"label": "danger"}}, "utterances": []}
    assert ask(json.dumps(answer).encode()) == device.DANGER
    assert capsys.readouterr().out == "위험\n"


def test_a_program_that_does_not_catch_no_answer_ends_with_3() -> None:
    assert (device.NoAnswer("x").code, str(device.NoAnswer("x"))) == (3, "x")
