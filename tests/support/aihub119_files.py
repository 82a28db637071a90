"""Builds deliveries like the AI Hub 119 corpus for tests: label objects, WAVs, zips with odd names. Times are ms."""

import io
import json
import math
import struct
import wave
import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

STAMP = (2024, 1, 1, 0, 0, 0)


def call_id(number: int) -> str:
    return f"{number:024x}"


@cache
def wav_bytes(ms: int = 6_000, hz: float = 220.0, rate_hz: int = 8_000) -> bytes:
    """A WAV file with a tone of `hz`, mono, 16-bit PCM."""
    samples = [round(8_000 * math.sin(2 * math.pi * hz * i / rate_hz)) for i in range(ms * rate_hz // 1000)]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return out.getvalue()


def spoken(position: int, start: Any, end: Any, text: Any = "불이 났어요", speaker: Any = 1) -> dict[str, Any]:
    return {"id": f"u{position}", "startAt": start, "endAt": end, "text": text, "speaker": speaker}


def label(number: int, **changes: Any) -> dict[str, Any]:
    """The label object of one call; `changes` replaces fields, `...` removes one."""
    fields: dict[str, Any] = {
        "_id": call_id(number),
        "audioPath": f"somewhere/else/{number}.wav",
        "recordId": f"{number:020x}",
        "status": 12,
        "startAt": 0,
        "endAt": 6_000,
        "utterances": [
            spoken(1, 0, 1_500, "네 119입니다 ", 0),
            spoken(2, 1_600, 3_500, "집에 불이 났어요  "),
            spoken(3, 3_600, 5_900, "주소가 어디세요", 0),
        ],
        "mediaType": "Mobile",
        "gender": "F",
        "address": "서울특별시 가온구 마루동",
        "disasterLarge": "화재",
        "disasterMedium": "일반화재",
        "urgencyLevel": "상",
        "sentiment": "불안/걱정",
        "symptom": ["기타"],
        "triage": "응급증상",
    } | changes
    return {key: value for key, value in fields.items() if value is not ...}


def label_bytes(number: int, *, bom: bool = False, **changes: Any) -> bytes:
    return json.dumps(label(number, **changes), ensure_ascii=False).encode("utf-8-sig" if bom else "utf-8")


def stem(number: int, date: str = "20230523") -> str:
    return f"{call_id(number)}_{date}"


class _Raw(zipfile.ZipInfo):
    """A member whose name is written in `encoding`, without the UTF-8 flag."""

    encoding = "cp949"

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode(self.encoding), self.flag_bits & ~0x800


def write_zip(path: Path, files: Iterable[tuple[str, bytes]], encoding: str | None = None) -> Path:
    """Write a zip of `files` in that order; names may be hostile or repeated. `encoding` drops the UTF-8 flag."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name, STAMP)
            if encoding:
                info = _Raw(name, STAMP)
                info.encoding = encoding
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path


def write_tree(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def deliver(root: Path, numbers: Iterable[int], place: str = "서울_구급", split: str = "T") -> tuple[Path, Path]:
    """Write `TS_` and `TL_` archives of calls without faults; return their paths (source, labels)."""
    numbers = list(numbers)
    source = [(f"{stem(n)}.wav", wav_bytes(hz=200 + n)) for n in numbers]
    labels = [(f"{stem(n)}.json", label_bytes(n)) for n in numbers]
    return (write_zip(root / f"{split}S_{place}.zip", source), write_zip(root / f"{split}L_{place}.zip", labels))
