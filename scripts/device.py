"""A device that asks the service: a recording in, 정상 or 위험 out. It needs Python only, and is meant to be copied.

`python -m scripts.device http://127.0.0.1:8501 call.wav [KEY]`. The exit code is 0 for 정상, 1 for 위험, 2 for
"판단할 수 없음", and 3 for everything else: no answer, a refusal, a file that is not there, wrong arguments.
"""

import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

NORMAL, DANGER, UNKNOWN, FAILED = range(4)
SAID = {NORMAL: "정상", DANGER: "위험", UNKNOWN: "판단할 수 없음"}
TRIES, MOST_WAIT_S, MOST_SAID = 5, 60.0, 2000


class NoAnswer(SystemExit):
    """The service has not judged the recording. A program that does not catch it ends with the exit code 3."""

    def __init__(self, reason: str) -> None:
        super().__init__(FAILED)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


def ask(server: str, wav: bytes, key: str = "") -> dict[str, Any]:
    """The answer of the service for one recording. Where it is busy (429, 503), ask again when it says so."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="device.wav"\r\n\r\n'
    body = head.encode() + wav + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "X-API-Key": key}
    request = urllib.request.Request(f"{server}/api/v1/predict", body, {k: v for k, v in headers.items() if v})
    for _ in range(TRIES):
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return dict(json.load(response))
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                raise NoAnswer(f"{error.code}: {reason_of(error)}") from error
            time.sleep(seconds(error.headers.get("Retry-After", "")))
    raise NoAnswer(f"the service was busy {TRIES} times")


def reason_of(error: urllib.error.HTTPError) -> str:
    """What the service says of a refusal; what stands before it, as a proxy, may say something else or nothing."""
    said = error.read(MOST_SAID).decode("utf-8", "replace").strip()
    try:
        return str(json.loads(said)["error"])
    except (ValueError, LookupError, TypeError):
        return said or str(error.reason)


def seconds(retry_after: str) -> float:
    return min(float(retry_after), MOST_WAIT_S) if retry_after.isdecimal() else 1.0  # it may be a date


def verdict(answer: dict[str, Any]) -> int:
    """정상, 위험 or unknown: what the whole recording comes to, else its most dangerous utterance."""
    whole = answer.get("verdict", {}).get("danger")
    judged = [whole] if whole else [u["judgements"].get("danger") for u in answer["utterances"]]
    certain = [judgement for judgement in judged if judgement and not judgement.get("abstained")]
    if any(judgement["label"] == "danger" for judgement in certain):
        return DANGER
    return NORMAL if certain else UNKNOWN


def main(*words: str) -> int:
    """Ask about one file and print the verdict. Whatever goes wrong is `FAILED`: never a code that means a verdict."""
    try:
        if not 2 <= len(words) <= 3:
            raise NoAnswer("usage: python -m scripts.device SERVER FILE [KEY]")
        server, file, *key = words
        decided = verdict(ask(server, Path(file).read_bytes(), *key))
        print(SAID[decided], flush=True)
    except (Exception, NoAnswer) as error:
        print(str(error) or type(error).__name__, file=sys.stderr)
        return FAILED
    return decided


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal may know no Hangul
    sys.exit(main(*sys.argv[1:]))
