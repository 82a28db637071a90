"""Variants of a sentence that keep its label: random deletion and punctuation insertion.

An augmenter is a function `(text, rng, strength) -> str`. It works on words separated by white space and needs no
morphological analyser. Use-cases make Proposals of the variants; nothing is stored here.
Deletion keeps every word that the danger label may depend on. To protect a word too many costs one variant; to protect
one too few makes a label wrong.
"""

import random
import re
from collections.abc import Sequence
from itertools import pairwise

from core.errors import InputError
from core.plugins import Backend, pick
from core.text import words

AUGMENTERS: dict[str, Backend] = {
    "random-deletion": Backend("core.augment:random_deletion"),
    "punctuation-insertion": Backend("core.augment:insert_punctuation"),
    "koeda-aeda": Backend(
        "core.augment.koeda:insert_punctuation", needs=("koeda",), install="pip install koeda==0.0.4"
    ),
}
DEFAULT_STRENGTH = 0.2

_FEWEST_WORDS = 2
_ATTEMPTS_EACH = 10
_MARKS = (".", ";", "?", ":", "!", ",")

# Negation. The prefixes also match unrelated words (안방, 마당), which are then kept: this does no harm.
_NEGATION_STARTS = ("안", "못", "말", "마", "맙", "않")
_NEGATION_LIST = "없 않 못 아니 아닌 아닐 아님 아닙 아냐 아녜 지마 지말 지맙 모르 모른 모를 모릅 몰라 몰랐"
_NEGATION_INSIDE = tuple(_NEGATION_LIST.split())
_NEGATED_ENDINGS = ("지", "지는", "지도", "지를", "질", "진")  # 쓰러지지 않았어요

# Beginnings of words, reviewed by hand: words of danger, and words that say there is none.
_DANGER_LISTS = {
    "fire, gas, collapse": "불 산불 큰불 화재 연기 가스 타는 탄내 폭발 터지 터졌 누전 감전 무너 붕괴 깔려 깔렸 갇",
    "water, falls": "물에 빠져 빠졌 침수 익사 질식 추락 떨어 넘어 뛰어내",
    "body": "피 코피 출혈 숨 의식 호흡 심장 심정지 맥박 경련 발작 마비 쓰러 기절 아파 아프 아픈 통증 다쳐 다쳤 다친",
    "injury, death": "부러 화상 중독 토해 약을 농약 죽 자살 목을 유서 사고 충돌 치였 치여 부딪 실종",
    "violence": "칼 흉기 총 찔 찌르 때려 때리 때렸 맞았 맞고 폭행 협박 납치 감금 강도 도둑 쫓 따라와 비명",
    "fear, calls for help": "무서 싸우 싸움 깨지 살려 도와 구해 구급 구조 소방 응급 위급 위험 급해 빨리 119 112",
}
_FRAME_LISTS = {
    "play, fiction, report": "장난 농담 영화 드라마 뉴스 방송 소설 만화 게임 꿈 노래 유튜브 연극 대본 거짓",
    "drill, past, condition": "훈련 연습 옛날 예전 작년 어제 만약 만일 혹시",
    "over, or no harm": "괜찮 다행 무사 꺼졌 껐 멈췄 그쳤 끝났 나았 해결 오보",
}
DANGER_STARTS = frozenset(word for line in _DANGER_LISTS.values() for word in line.split())
FRAME_STARTS = frozenset(word for line in _FRAME_LISTS.values() for word in line.split())
_PROTECTED_STARTS = tuple(sorted(DANGER_STARTS | FRAME_STARTS))
_FRAME_ENDINGS = ("면", "척", "뻔", "뻔했어요", "뻔했어", "뻔했다")  # if, as if, nearly


def random_deletion(text: str, rng: random.Random, strength: float) -> str:
    """`text` without some of its unprotected words, each dropped with probability `strength`; two words always stay."""
    items = words(text)
    free = [i for i, is_protected in enumerate(protected(items)) if not is_protected and rng.random() < strength]
    rng.shuffle(free)
    gone = set(free[: max(0, len(items) - _FEWEST_WORDS)])
    return " ".join(word for i, word in enumerate(items) if i not in gone)


def insert_punctuation(text: str, rng: random.Random, strength: float) -> str:
    """`text` with punctuation marks (. ; ? : ! ,) between words, each a word of its own (AEDA).

    At least one mark is added, and at most `strength` x the number of words. A single word stays as it is.
    """
    items = words(text)
    if len(items) < _FEWEST_WORDS:
        return " ".join(items)
    most = min(len(items) - 1, max(1, int(strength * len(items))))
    gaps = set(rng.sample(range(1, len(items)), rng.randint(1, most)))
    return " ".join(f"{rng.choice(_MARKS)} {word}" if i in gaps else word for i, word in enumerate(items))


def protected(items: Sequence[str]) -> list[bool]:
    """For each word, whether deletion must keep it.

    Kept are words of danger, words of a frame (film, drill), negations, and the verbs that they negate.

    >>> protected(["거실에서", "불이", "나지", "않았어요"])
    [False, True, True, True]
    """
    bare = [re.sub(r"\W+", "", word) for word in items]
    keep = [_negates(w) or _changes_danger(w) for w in bare]
    for i, (left, right) in enumerate(pairwise(bare)):
        if left in ("안", "못"):
            keep[i + 1] = True
        if _negates(right) and left.endswith(_NEGATED_ENDINGS):
            keep[i] = True
    return keep


def _negates(word: str) -> bool:
    return word.startswith(_NEGATION_STARTS) or any(part in word for part in _NEGATION_INSIDE)


def _changes_danger(word: str) -> bool:
    return word.startswith(_PROTECTED_STARTS) or word.endswith(_FRAME_ENDINGS)


def propose(text: str, operation: str, seed: int, strength: float = DEFAULT_STRENGTH, n: int = 1) -> list[str]:
    """At most `n` variants, distinct and different from `text`; the same arguments give the same variants.

    A text with fewer than two words gives none. There may be fewer than `n`, because the number of attempts is limited.
    `UnknownName` if there is no such operation; `InputError` if `strength` is not in (0, 1].
    """
    augmenter = pick(AUGMENTERS, operation, "augmentation")
    if not 0 < strength <= 1:
        raise InputError("strength {strength} is not in (0, 1]", strength=strength)
    if len(items := words(text)) < _FEWEST_WORDS:
        return []
    source = " ".join(items)
    rng = random.Random(f"{seed}\x1f{operation}\x1f{source}")
    variants: dict[str, None] = {}
    for _ in range(_ATTEMPTS_EACH * n):
        if len(variants) == n:
            break
        if (variant := augmenter(source, rng, strength)) != source:
            variants[variant] = None
    return list(variants)
