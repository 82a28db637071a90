"""Small corpora for the tests of models, training and inference.

The sentences are random words with one word that decides the class. The recordings are a warbling tone or noise, by
class.
"""

import random
from pathlib import Path

import numpy as np
import soundfile

from core.schemes import DANGER, SENTIMENT
from core.snapshots.format import Item, Snapshot, write
from core.snapshots.freeze import build
from core.training.engine import TrainSpec

AT = "2026-01-02T03:04:05+00:00"
FRACTIONS = (0.6, 0.2, 0.2)
RATE_HZ = 8_000

_POOL = (
    "오늘 내일 학교 시장 친구 동생 어머니 아버지 골목 버스 지하철 커피 점심 저녁 아침 창문 책상 의자 강아지 고양이 "
    "바람 구름 하늘 바다 산책 운동 공원 도서관 병원 약국 가게 편지 전화 사진 음악 영화 노래 그림 신문 날씨 계단 "
    "현관 거실 부엌 냉장고 우산 가방 신발 모자 안경 시계 지갑 열쇠 자전거 택시 기차 공항 다리 터널 신호등"
)
_WORDS = _POOL.split()
TELLING = {"normal": "괜찮습니다", "danger": "쓰러졌어요"}


def sentence(rng: random.Random, *extra: str) -> str:
    """Five random words and the words `extra`, in random order."""
    words = [*rng.sample(_WORDS, 5), *extra]
    rng.shuffle(words)
    return " ".join(words)


def danger_items(n: int = 160, seed: int = 0) -> list[Item]:
    rng = random.Random(seed)
    codes = [DANGER.codes[i % 2] for i in range(n)]
    return [
        Item(id=i + 1, key=f"s{i:04d}", group=f"s{i:04d}", text=sentence(rng, TELLING[code]), code=code)
        for i, code in enumerate(codes)
    ]


def danger_snapshot(folder: Path, n: int = 160) -> Snapshot:
    made = build("d1", DANGER, danger_items(n), FRACTIONS, 1, AT)
    write(made, folder)
    return made


def voice_items(workspace: Path, recordings: int = 24) -> list[Item]:
    """Three caller utterances and one of the taker in each recording; writes the audio below `workspace`."""
    rng, noise = random.Random(0), np.random.default_rng(0)
    (workspace / "audio").mkdir(parents=True)
    items = []
    for r in range(recordings):
        code = ("neutral", "anxious")[r % 2]
        path = f"audio/call{r:02d}.wav"
        wave = np.concatenate([_sound(code, noise) for _ in range(4)])
        soundfile.write(workspace / path, wave, RATE_HZ, subtype="PCM_16")
        for u in range(4):
            key = f"call{r:02d}#{u}"
            items.append(
                Item(
                    id=len(items) + 1, key=key, group=f"call{r:02d}", text=sentence(rng), code=code, audio=path,
                    start_ms=u * 700, end_ms=u * 700 + 700, speaker="taker" if u == 3 else "caller",
                    recording=f"call{r:02d}",
                )
            )  # fmt: skip
    return items


def _sound(code: str, noise: np.random.Generator) -> np.ndarray:
    t = np.arange(int(0.7 * RATE_HZ)) / RATE_HZ
    if code == "anxious":
        return (noise.uniform(0.1, 0.3) * noise.standard_normal(len(t))).clip(-1, 1)
    pitch = noise.uniform(150, 400)
    return 0.4 * np.sin(2 * np.pi * pitch * t + 8 * np.sin(2 * np.pi * 3 * t)) + 0.01 * noise.standard_normal(len(t))


def voice_snapshot(workspace: Path, folder: Path, recordings: int = 24) -> Snapshot:
    made = build("v1", SENTIMENT, voice_items(workspace, recordings), FRACTIONS, 1, AT)
    write(made, folder)
    return made


def text_spec(tmp_path: Path, run_id: str = "r1", **overrides: str) -> TrainSpec:
    return TrainSpec(
        run_id,
        "danger-text",
        "ngram",
        str(tmp_path / "snapshots" / "d1"),
        str(tmp_path / "runs"),
        str(tmp_path),
        overrides,
    )


def voice_spec(tmp_path: Path, run_id: str = "v1", **overrides: str) -> TrainSpec:
    return TrainSpec(
        run_id, "emotion-voice", "conv-bilstm", str(tmp_path / "snapshots" / "v1"), str(tmp_path / "runs"),
        str(tmp_path), overrides,
    )  # fmt: skip
