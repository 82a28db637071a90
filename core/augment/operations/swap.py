"""Swap of phrases: Korean leaves the order before a predicate free, as long as phrases stay whole.

Phrases that say when, where, with whom or to whom change places with a phrase beside them in the same clause; the
predicate, what modifies a noun, and subjects among themselves stay where they are.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from core.augment import negation
from core.augment.reading import Reading, Word, read, text_of

_MOVERS = frozenset(("에서", "한테", "에게", "께", "부터", "까지", "한테서"))
_ADVERB_LIST = """
오늘 내일 지금 요즘 요새 매일 방금 이따가 날마다 새벽 밤새 어젯밤 오늘밤 아까 이제 벌써 이미 갑자기 자꾸 자꾸만
빨리 얼른 아직 먼저 항상 늘 언제나 자주 가끔 종종 맨날 계속 정말 진짜 왜 언제 역시 결국 드디어 당장 원래 보통
아마
"""
_ADVERBS = frozenset(_ADVERB_LIST.split())
_PLACE_LIST = """
집 학교 회사 병원 방 거실 부엌 주방 화장실 베란다 밖 안 앞 옆 뒤 위 아래 계단 주차장 건물 아파트 카페 식당 주말
아침 저녁 밤 점심 생일 오전 오후 근처 앞집 옆집 윗집 차 길 도로 바닥 침대 옥상 지하 현관 골목 여기 거기 저기
이번
"""
_PLACES = frozenset(_PLACE_LIST.split())
_FREE = frozenset((("mover", "subject"), ("mover", "object"), ("object", "subject")))  # kinds that change places
_LIGHT_VERBS = (("하", "VV"), ("되", "VV"), ("시키", "VV"), ("당하", "VV"))
_SPEAKERS = frozenset(("나", "저", "너", "우리"))
_ATTACHED_BEHIND = frozenset(
    ("ETM", "JKG", "MM", "JC", "XSN", "NNG", "NNP", "NNB", "NP", "NR", "SN", "ETN", "XPN", "XR", "MAG")
)
_TIGHT_LIST = """
마음 맘 눈 손 발 힘 화 겁 맛 멋 정 철 신경 정신 말 일 도움 척 수 줄 때 것 거 시간 관심 생각 기대 걱정 고민 연락
이야기 얘기 전화 노력 잠 꿈 숨 눈물 사랑 고백 결혼 연애 이별 썸 데이트 술 밥 돈 공부 운동 준비 약속 기분 느낌
용기 자신 시작 끝 정도 거품 만 게 듯 뭐 누구 무엇 답장 이유 아무것 아무도 아무 하나 불 피 연기 물 냄새 소리 열 땀
가스 기침 비 바람 전기 길 목 젖 배 머리 잘못 집중 말씀 부탁 인사 질문
"""
_TIGHT_NOUNS = frozenset(_TIGHT_LIST.split())


TIMES = frozenset(("오늘", "내일", "어제", "요즘", "요새", "지금", "이번"))
TIME_COMPOUNDS = frozenset(("하루", "아침", "점심", "저녁", "밤", "오전", "오후", "새벽", "날씨", "기분", "시간"))
_NOW = ("요즘", "요새")  # 요즘 사람 are people of today
_PERSON_LIST = """
나 저 우리 저희 너 누구 누가 그녀 그 사람 남자 여자 남자친구 여자친구 남친 여친 친구 애 아이 아기 애기 할머니
할아버지 엄마 아빠 어머니 아버지 남편 아내 동생 언니 오빠 누나 형 딸 아들 삼촌 이모 고모 사촌 조카 손주 손자
손녀 선생님 선생 의사 간호사 사장님 팀장님 부장님 선배 후배 동료 아저씨 아줌마 아주머니 학생 환자 이웃 옆집 경찰
소방관 기사 운전자 짝남 짝녀 썸남 썸녀 분 놈 인간 가족 부모님 어르신 노인
"""
_PERSONS = frozenset(_PERSON_LIST.split())


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stay together: `start` to `end`; `kind` is a kind of `_FREE`, "fixed" or "predicate"."""

    start: int
    end: int
    kind: str


def swap_phrases(text: str, dice: random.Random, share: float) -> str:
    """`text` with one pair of neighbouring phrases exchanged, or two in a long text."""
    reading = read(text)
    pairs = _pairs(reading)
    if not pairs:
        return reading.text
    order = list(range(len(reading.words)))
    for first, second in dice.sample(pairs, min(len(pairs), 2 if len(reading.words) * share >= 2 else 1)):
        if order[first.start : second.end] == list(range(first.start, second.end)):
            order[first.start : second.end] = [*range(second.start, second.end), *range(first.start, first.end)]
    return text_of([reading.words[place].text for place in order])


@lru_cache(maxsize=4096)
def phrases(reading: Reading) -> tuple[Phrase, ...]:
    """The phrases of a text in their order."""
    found: list[Phrase] = []
    start, safe = 0, negation.protected(reading)
    for place, word in enumerate(reading.words):
        joins = place + 1 < len(reading.words) and _joins_next(word, reading.words[place + 1])
        joins = joins or (place + 1 < len(reading.words) and _modifies(reading, start, place))
        if not joins:
            found.append(Phrase(start, place + 1, _kind(reading.words[start : place + 1], place in safe)))
            start = place + 1
    return tuple(found)


def _joins_next(word: Word, behind: Word) -> bool:
    """Whether a word belongs to the word behind it."""
    if not word.spoken or word.tail or not behind.spoken:
        return False
    if behind.spoken[0][1] in ("VX", "NNB", "XSV"):
        return True
    if word.spoken[-1][0] in TIMES and behind.spoken[0][0] in TIME_COMPOUNDS:
        return True  # 오늘 하루
    if _is_adverb(word) or (_is_speaker(word) and behind.spoken[0][1] in ("MAG", "VV", "VA", "MM", "NP")):
        return False
    return word.spoken[-1][1] in _ATTACHED_BEHIND


def _modifies(reading: Reading, start: int, place: int) -> bool:
    """Whether what modifies a noun still waits for it: 어제 온 자꾸 우는 아이가."""
    behind = reversed(reading.words[start : place + 1])
    found = next((word for word in behind if not _is_adverb(word) and not _is_speaker(word)), None)
    return found is not None and found.spoken[-1:] != () and found.spoken[-1][1] == "ETM"


def _is_adverb(word: Word) -> bool:
    return len(word.spoken) == 1 and word.spoken[0][0] in _ADVERBS and word.spoken[0][1] in ("MAG", "NNG")


def _is_speaker(word: Word) -> bool:
    return len(word.spoken) == 1 and word.spoken[0][1] == "NP" and word.spoken[0][0] in _SPEAKERS


def _kind(items: Sequence[Word], is_negated: bool) -> str:
    last = items[-1]
    if is_negated or not last.spoken or last.tail or not last.whole or items[0].head:
        return "fixed"
    form, tag = last.spoken[-1]
    if tag[0] == "E" and tag not in ("ETM", "ETN"):
        return "predicate"
    if any(m[1][0] == "E" or m[1] in ("ETM", "VCP") for word in items for m in word.spoken):
        return "fixed"
    if len(items) == 1 and (_is_adverb(last) or _is_speaker(last)):
        return "mover" if _is_adverb(last) else "subject"
    nouns = [m[0] for m in last.spoken if m[1][0] == "N"]
    if not nouns or nouns[-1] in _TIGHT_NOUNS:
        return "fixed"
    if tag == "JKB" and (form in _MOVERS or (form == "에" and nouns[-1] in _PLACES)):
        return "mover"
    if tag in ("JKS", "JKO"):
        return "subject" if tag == "JKS" else "object"
    return "subject" if tag == "JX" and form in ("는", "은", "ᆫ", "도") and len(last.spoken) == 2 else "fixed"


def _pairs(reading: Reading) -> list[tuple[Phrase, Phrase]]:
    """Neighbours that may change places: one moves, or they are subject and object; their predicate comes behind."""
    items = phrases(reading)
    return [
        (first, second)
        for at, (first, second) in enumerate(pairwise(items))
        if tuple(sorted((first.kind, second.kind))) in _FREE
        and at + 2 < len(items)
        and _is_verbal(reading, items[at + 2 :])
        and not _is_odd(reading, first, second)
        and not ("object" in (first.kind, second.kind) and _is_light(reading.words[second.end]))
    ]


def _is_odd(reading: Reading, first: Phrase, second: Phrase) -> bool:
    """Whether an order would be odd: a thing as subject behind its object, or 요즘 taken from the noun behind it."""
    if reading.words[first.start].bare in _NOW:
        return True
    if {first.kind, second.kind} != {"subject", "object"}:
        return False
    subject = reading.words[(first if first.kind == "subject" else second).end - 1]
    return not any(form in _PERSONS for form, tag in subject.spoken if tag[0] == "N")


def _is_verbal(reading: Reading, behind: Sequence[Phrase]) -> bool:
    """Whether the predicate that follows is a verb or an adjective, and no number of what was moved comes first."""
    if reading.words[behind[0].start].spoken[:1] and reading.words[behind[0].start].spoken[0][1] in ("MM", "NR", "SN"):
        return False
    predicate = next((phrase for phrase in behind if phrase.kind == "predicate"), behind[-1])
    tags = [tag for _, tag in reading.words[predicate.end - 1].spoken]
    stem = tags[:1] == ["VV"] or tags[:1] == ["VA"] or tags[:1] == ["VX"] or any(tag in ("XSV", "XSA") for tag in tags)
    return stem and ("같", "VA") not in reading.words[predicate.end - 1].spoken


def _is_light(predicate: Word) -> bool:
    """Whether a predicate is one with its object: 잘못을 하다."""
    return bool(predicate.spoken) and predicate.spoken[0] in _LIGHT_VERBS
