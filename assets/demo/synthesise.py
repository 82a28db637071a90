"""Builds `archives/` from the call scripts in `calls/*.toml`: zips named and filled as AI Hub delivers its 119 corpus.

    python assets/demo/synthesise.py [--out DIR] [--dry-run]

Needs espeak-ng, numpy, scipy and soundfile; users of the demo need none of it, the archives are in the repository.
Times are ms. `--dry-run` needs no espeak-ng and writes only `plan.json`: archive -> member -> label object without
times (null for a WAV). The defects of real deliveries are put in on purpose: the constants below. Nothing of AI Hub is
used.
"""

import argparse
import hashlib
import io
import json
import tomllib
import wave
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
STAMP = (2024, 1, 1, 0, 0, 0)
SHORT_DATES = "서울"  # this region's files carry a date only, the others date and time
VALIDATION_SHARE = 6  # one call in six

NO_LABEL = "gugeup-fever-baby"  # its WAV is delivered without a JSON
NO_WAV = "gugeup-double-dose"  # its JSON is delivered without a WAV
BOM = "gujo-tree-on-car"  # its JSON begins with a byte order mark
INVERTED = ("hwajae-burnt-toast", 4)  # this utterance's startAt and endAt are exchanged
BACKCHANNELS = {("gugeup-cardiac-father", 3): "네.", ("hwajae-child-smoke", 1): "네."}  # the taker's, under 0.5 s
SLASHED = "인천_화재"  # the members of these archives begin with "/"


@dataclass(frozen=True, slots=True)
class Script:
    """One `[[call]]`; `turns` are (0 call-taker or 1 caller, what is said)."""

    slug: str
    region: str
    disaster_large: str
    disaster_medium: str
    urgency: str
    sentiment: str
    gender: str
    age: str
    address: str
    symptom: tuple[str, ...]
    triage: str
    started: str
    turns: tuple[tuple[int, str], ...]

    def digest(self, *more: object) -> str:
        return hashlib.sha256("/".join([self.slug, *map(str, more)]).encode()).hexdigest()

    @property
    def id(self) -> str:
        return self.digest()[:24]

    @property
    def stem(self) -> str:
        pattern = "%Y%m%d" if self.region == SHORT_DATES else "%Y%m%d%H%M%S"
        return f"{self.id}_{datetime.fromisoformat(self.started).strftime(pattern)}"

    def member(self, kind: str) -> tuple[str, str]:
        """Archive and member of this call's WAV (`kind` "S") or JSON ("L")."""
        place = f"{self.region}_{self.disaster_large}"
        split = "V" if int(self.digest("split"), 16) % VALIDATION_SHARE == 0 else "T"
        slash = "/" if place == SLASHED else ""
        return f"{split}{kind}_{place}.zip", f"{slash}{self.stem}.{'wav' if kind == 'S' else 'json'}"


def scripts(folder: Path = HERE / "calls") -> list[Script]:
    """Every call of `folder`, by slug, with the call-takers' backchannels put in."""
    raw = [call for path in sorted(folder.glob("*.toml")) for call in tomllib.loads(path.read_text("utf-8"))["call"]]
    return sorted((_script(call) for call in raw), key=lambda script: script.slug)


def _script(call: dict[str, Any]) -> Script:
    turns = [(turn["s"], turn["t"]) for turn in call["turns"]]
    for (slug, after), text in BACKCHANNELS.items():
        if slug == call["slug"]:
            turns.insert(after + 1, (0, text))
    return Script(**{**call, "symptom": tuple(call["symptom"]), "turns": tuple(turns)})


def label(
    script: Script, spans: Sequence[tuple[int, int]] | None = None, length_ms: int | None = None
) -> dict[str, Any]:
    """The label object of aihub119.md; times are None in a plan."""
    utterances = []
    for number, (speaker, text) in enumerate(script.turns):
        digest = script.digest(number)
        blanks = " " * (int(digest[8], 16) // 5)  # real texts end in blanks
        start, end = spans[number] if spans else (None, None)
        if (script.slug, number) == INVERTED:
            start, end = end, start
        utterances.append({"id": digest[:8], "startAt": start, "endAt": end, "text": text + blanks, "speaker": speaker})
    return {
        "_id": script.id,
        "audioPath": f"record/{script.digest('audio')[:32]}.wav",
        "recordId": script.digest("record")[:20],
        "status": 12,
        "startAt": 0,
        "endAt": length_ms,
        "utterances": utterances,
        "mediaType": "Mobile",
        "gender": script.gender,
        "address": script.address,
        "disasterLarge": script.disaster_large,
        "disasterMedium": script.disaster_medium,
        "urgencyLevel": script.urgency,
        "sentiment": script.sentiment,
        "symptom": list(script.symptom),
        "triage": script.triage,
    }


def plan(calls: Sequence[Script]) -> dict[str, dict[str, dict[str, Any] | None]]:
    """Archive -> member -> label object without times, None for a WAV."""
    archives: dict[str, dict[str, dict[str, Any] | None]] = defaultdict(dict)
    for script, kind, (archive, member) in _deliveries(calls):
        archives[archive][member] = label(script) if kind == "L" else None
    return {name: dict(sorted(archives[name].items())) for name in sorted(archives)}


def _deliveries(calls: Sequence[Script]) -> Iterator[tuple[Script, str, tuple[str, str]]]:
    for script in calls:
        if script.slug != NO_WAV:
            yield script, "S", script.member("S")
        if script.slug != NO_LABEL:
            yield script, "L", script.member("L")


def render(script: Script) -> tuple[bytes, dict[str, Any]]:
    """The call's WAV file and its label object with true times."""
    import demo_voice
    import numpy as np

    seed = int(script.digest("voice")[:16], 16)
    rng = np.random.default_rng(seed)
    caller = demo_voice.caller(script.gender, script.age, script.urgency, script.sentiment, rng)
    samples, spans = demo_voice.perform(script.turns, caller, demo_voice.taker(rng), script.urgency, seed + 1)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(demo_voice.RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue(), label(script, spans, len(samples) * 1000 // demo_voice.RATE_HZ)


def build(calls: Sequence[Script], out: Path) -> None:
    """Write every archive under `out`, replacing the zips there; equal tools give equal bytes."""
    rendered = {script.slug: render(script) for script in calls}
    archives: dict[str, dict[str, bytes]] = defaultdict(dict)
    for script, kind, (archive, member) in _deliveries(calls):
        sound, document = rendered[script.slug]
        text = json.dumps(document, ensure_ascii=False, indent=1)
        archives[archive][member] = (
            sound if kind == "S" else text.encode("utf-8-sig" if script.slug == BOM else "utf-8")
        )
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.zip"):
        old.unlink()
    for name, files in archives.items():
        with zipfile.ZipFile(out / name, "w") as archive:
            for member, data in sorted(files.items()):
                info = zipfile.ZipInfo(member, STAMP)
                info.external_attr, info.create_system = 0o644 << 16, 3
                archive.writestr(info, data, zipfile.ZIP_DEFLATED, 9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=HERE / "archives", help="folder for the zips")
    parser.add_argument("--dry-run", action="store_true", help="write plan.json only; needs no espeak-ng")
    options = parser.parse_args()
    calls = scripts()
    if options.dry_run:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "plan.json").write_text(json.dumps(plan(calls), ensure_ascii=False, indent=1), "utf-8")
    else:
        build(calls, options.out)
    print(f"{len(calls)} calls, {len(plan(calls))} archives: {options.out}")


if __name__ == "__main__":
    main()
