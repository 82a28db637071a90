"""A device that asks the service: a recording in, 정상 or 위험 out. It needs Python only, and is meant to be copied.

`python -m scripts.device http://127.0.0.1:8501 call.wav [KEY]`. The exit code is 0 for 정상, 1 for 위험, 2 for
"판단할 수 없음", and 3 if the service did not answer.
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
TRIES = 5


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
                raise SystemExit(f"{error.code}: {json.load(error)['error']}") from error
            time.sleep(float(error.headers.get("Retry-After", 1)))
    raise SystemExit(f"the service was busy {TRIES} times")


def verdict(answer: dict[str, Any]) -> int:
    """정상, 위험 or unknown: what the whole recording comes to, else its most dangerous utterance."""
    whole = answer.get("verdict", {}).get("danger")
    judged = [whole] if whole else [u["judgements"].get("danger") for u in answer["utterances"]]
    certain = [judgement for judgement in judged if judgement and not judgement.get("abstained")]
    if any(judgement["label"] == "danger" for judgement in certain):
        return DANGER
    return NORMAL if certain else UNKNOWN


def main(server: str, file: str, key: str = "") -> int:
    """Ask about one file and print the verdict."""
    try:
        decided = verdict(ask(server, Path(file).read_bytes(), key))
    except (OSError, SystemExit) as error:
        print(error, file=sys.stderr)
        return FAILED
    print(SAID[decided])
    return decided


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
