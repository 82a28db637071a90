"""The corpora of several benches: reviews of ../shared/data/nsmc (if that folder exists) and synthetic calls.

All corpora have the same mixture, so a difference between two sizes is the cost of size.
"""

import csv
import gzip
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from bench.process import in_own_process, memory_mb
from core.records import NewRecording, NewUtterance
from core.settings import Settings
from core.store import open_store

REVIEWS = Path(__file__).resolve().parents[2] / "shared" / "data" / "nsmc" / "nsmc_all_from_raw.tsv.gz"
AT = "2024-05-01T00:00:00.000000+00:00"
CORPORA = ((4_160, 5_840), (712_404, 1_000_000))  # reviews and utterances of calls, in the same proportion
BATCH = 16_384  # the size of a chunk of the index, so that no chunk is indexed twice
TURNS = 20
TURNS_119 = 29  # of a call of AI Hub 119: 4.6 million utterances in 158,973 calls
_CLASS_OF = {"0": "danger", "1": "normal"}
PLACES = (
    "부엌", "거실", "지하", "옥상", "창고", "공장", "식당", "학교", "병원", "아파트", "골목", "터널", "계단", "주차장",
)  # fmt: skip
EVENTS = (
    "불이 났어요", "연기가 나요", "화재 신고 하려고요", "사람이 쓰러졌어요", "숨을 안 쉬어요", "피가 많이 나요",
    "차가 뒤집혔어요", "물에 빠졌어요", "문이 안 열려요", "가스 냄새가 나요", "벌집이 있어요", "다리를 다쳤어요",
    "의식이 없어요", "애가 열이 나요", "전깃줄이 끊어졌어요",
)  # fmt: skip
ENDS = ("빨리 와주세요", "어떡해요", "지금요", "네", "주소가 어떻게 되세요", "몇 층이에요", "출동했습니다", "잠깐만요")
REPLIES = (
    "네", "네", "네", "네 네", "예", "예 예", "아니요", "여보세요", "네 119입니다", "네 알겠습니다", "빨리요",
    "감사합니다", "어디세요", "주소가 어떻게 되세요", "의식 있으세요", "숨은 쉬세요", "끊지 마세요", "출동했습니다",
)  # fmt: skip


def reviews(n: int) -> Iterator[NewUtterance]:
    """The first `n` reviews; one in ten has no label. Without the file, synthetic sentences take their place."""
    if not REVIEWS.is_file():
        chance = random.Random(1)
        for number in range(n):
            yield NewUtterance(f"n:{number}", sentence(chance, number), f"n:{number}", labels=_review_labels(number))
        return
    with gzip.open(REVIEWS, "rt", encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        for number, row in enumerate(islice(rows, n)):
            yield NewUtterance(f"n:{number}", row[1], f"n:{row[0]}", labels=_review_labels(number))


def labelled_reviews(n: int) -> Iterator[NewUtterance]:
    """At most `n` reviews with label 0 or 1, half of each where there are enough, as classes of the scheme danger.

    Which reviews is decided by seed 0. The file must exist.
    """
    with gzip.open(REVIEWS, "rt", encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row[3] in ("0", "1")]
    random.Random(0).shuffle(rows)
    rows.sort(key=lambda row: row[3])
    half = n // 2
    first_positive = sum(row[3] == "0" for row in rows)
    negative, positive = rows[:first_positive], rows[first_positive:]
    more = max(0, n - half - len(negative))  # the rarer class does not fill its half
    for row in (*negative[: n - half], *positive[: half + more]):
        yield NewUtterance(f"n:{row[0]}", row[1], f"n:{row[0]}", labels={"danger": _CLASS_OF[row[3]]})


def _review_labels(number: int) -> dict[str, str]:
    return {} if number % 10 == 0 else {"danger": "danger" if number % 3 == 0 else "normal"}


def sentence(chance: random.Random, number: int) -> str:
    return f"{chance.choice(PLACES)}에서 {chance.choice(EVENTS)} {chance.choice(ENDS)} {number % 1000}호"


def calls(n: int) -> Iterator[NewRecording]:
    """Synthetic calls of `TURNS` turns each; they have `n` utterances in all."""
    chance = random.Random(7)
    for number in range(n // TURNS):
        key = f"c:{number}"
        turns = tuple(
            NewUtterance(
                f"{key}:{turn}", sentence(chance, number * TURNS + turn), key, turn * 3000, turn * 3000 + 2500,
                "caller" if turn % 2 else "taker", turn % 5 > 0,
            )
            for turn in range(TURNS)
        )  # fmt: skip
        labels = {
            "urgency": chance.choice(["low", "medium", "high"]),
            "disaster": chance.choice(["medical", "rescue", "fire", "other"]),
            "sentiment": chance.choice(["other-negative", "embarrassed", "anxious", "neutral"]),
        }
        yield NewRecording(key, 60_000, 8000, f"audio/{number}.wav", "ab", turns, labels, {"region": "서울"})


def long_calls(n: int) -> Iterator[NewRecording]:
    """Synthetic calls as long as those of AI Hub 119; they have `n` utterances in all, the last call the rest.

    Three tenths of the turns are one of a few short replies, four tenths are made sentences, three tenths are reviews.
    """
    chance = random.Random(11)
    speech = _endless_reviews()
    for number, first in enumerate(range(0, n, TURNS_119)):
        key = f"c:{number}"
        turns = tuple(
            NewUtterance(
                f"{key}:{turn}", _turn(chance, first + turn, speech), key, turn * 3000, turn * 3000 + 2500,
                "caller" if turn % 2 else "taker", turn % 5 > 0,
            )
            for turn in range(min(TURNS_119, n - first))
        )  # fmt: skip
        labels = {
            "urgency": chance.choice(["low", "medium", "high"]),
            "disaster": chance.choice(["medical", "rescue", "fire", "other"]),
            "sentiment": chance.choice(["other-negative", "embarrassed", "anxious", "neutral"]),
        }
        labelled = tuple(replace(turn, labels=_review_labels(first + at)) for at, turn in enumerate(turns))
        yield NewRecording(key, 87_000, 8000, f"audio/{number}.wav", "ab", labelled, labels, {"region": "서울"})


def _turn(chance: random.Random, number: int, speech: Iterator[str]) -> str:
    kind = chance.random()
    if kind < 0.3:
        return chance.choice(REPLIES)
    return sentence(chance, number) if kind < 0.7 else next(speech)


def _endless_reviews() -> Iterator[str]:
    while True:
        for review in reviews(1_000_000):
            yield review.text


@dataclass(frozen=True)
class ImportRates:
    """The rates of the import, and `grown_mb`, the memory that it took after its first batch."""

    reviews_s: float
    calls_s: float
    grown_mb: float


def build(url: str, n_reviews: int, n_spoken: int) -> ImportRates:
    """Fill the store at `url` with `n_reviews` reviews and `n_spoken` utterances of calls; return the rates."""
    store = open_store(url)
    source = store.corpus.add_source("reviews", "table", "CC0", "0", AT)
    began, first_mb = time.perf_counter(), 0.0
    items = reviews(n_reviews)
    while batch := list(islice(items, BATCH)):
        store.corpus.add_sentences(source, batch, AT)
        first_mb = first_mb or memory_mb()
    reviews_done = time.perf_counter()
    source = store.corpus.add_source("calls", "calls", "ours", "0", AT)
    spoken_calls = calls(n_spoken)
    while calls_batch := list(islice(spoken_calls, BATCH // TURNS)):
        store.corpus.add_recordings(source, calls_batch, AT)
    done = time.perf_counter()
    return ImportRates(n_reviews / (reviews_done - began), n_spoken / (done - reviews_done), memory_mb() - first_mb)


def build_calls(url: str, n: int) -> ImportRates:
    """Fill the store at `url` with `n` utterances of `long_calls`; return the rates."""
    store = open_store(url)
    source = store.corpus.add_source("calls", "calls", "ours", "0", AT)
    began, first_mb = time.perf_counter(), 0.0
    items = long_calls(n)
    while batch := list(islice(items, BATCH // TURNS_119)):
        store.corpus.add_recordings(source, batch, AT)
        first_mb = first_mb or memory_mb()
    return ImportRates(0.0, n / (time.perf_counter() - began), memory_mb() - first_mb)


def corpora(folder: Path) -> list[Path]:
    """The workspaces of `CORPORA` in `folder`; those that do not exist yet are built."""
    homes = [folder / str(n_reviews + n_spoken) for n_reviews, n_spoken in CORPORA]
    for home, (n_reviews, n_spoken) in zip(homes, CORPORA, strict=True):
        if not home.is_dir():
            home.mkdir(parents=True)
            print(home, in_own_process(build, f"sqlite:///{home / 'gwidama.db'}", n_reviews, n_spoken), file=sys.stderr)
    return homes


def settings_of(home: Path) -> Settings:
    """The settings of a workspace that is used without a server."""
    return Settings(
        home, f"sqlite:///{home / 'gwidama.db'}", f"sqlite:///{home / 'jobs.db'}", frozenset(), "", 0, "bench"
    )
