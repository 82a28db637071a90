"""Spacing by the morphemes that kiwi finds, with our own rules for how people write and speak.

Only white space changes. Between two nouns both ways of writing are right, so the transcriber's choice stays, unless
the text shows that spaces were simply left out. White space inside a morpheme and before a particle is removed. A
placeholder such as `[전화]` counts as one noun.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from core.cleaning.analyser import analyser, placeholders
from core.cleaning.spelling.unknown_words import is_dialect
from core.cleaning.steps.text import readable

_LONGEST_WORD = 5
_SPACE = re.compile(r"\s+")
_WORD, _WORD_BEFORE = re.compile(r"[가-힣]{1,20}"), re.compile(r"[가-힣]{1,20}\Z")
_MOST_LEFT_OUT = 0.2  # share of places that need a space; above it, joined nouns are no choice

# "(tag before) (tag after)" that need a space between them; Kiwi.space has the same table
_APART = re.compile(
    r"(?:[^SUWX]|X[RS]|S[EH])\S* (?:[NMI]|V[VAX]|VCN|XR|XPN|S[WLHN])"
    r"|SN (?:[MI]|N[PR]|NN[GP]|V[VAX]|VCN|XR|XPN|S[WH])"
    r"|S[FPL]\S* (?:[NMI]|V[VAX]|VCN|XR|XPN|S[WH])"
)
_TAILS = frozenset(("XSN", "XSV", "XSA", "XSM", "VCP", "Z_CODA"))
# One-syllable nouns that end a compound (전기차, 계곡물): what is joined stays joined.
_ENDS_LIST = (
    "차 뼈 물 값 색 집 기 실 장 길 비 약 댁 날 판 불 국 밥 죽 떡 빵 돈 띠 끈 줄 통 철 방 간 꾼 님 씨 네 들 쪽 "
    "감 당 망 관 원 부 대 사 직 층 석 땀 살 꼴 벽 터 꽃 돌 땅"
)
_ENDS = frozenset(_ENDS_LIST.split())
_LIGHT = frozenset(("당하", "드리", "시키", "거리", "대"))  # verbs that join a noun: 전화드리다
_DO = frozenset(("하", "되"))
_OWN_WORDS = frozenset(("안", "좀", "막", "또", "더", "왜"))  # never one word with 하다
_PLACES = frozenset(("앞", "옆", "밑", "뒤", "밖"))  # words of their own, except in 눈앞, 코앞 and similar words
_OF_BODY = frozenset(("눈", "코", "발", "손", "등", "귀", "문", "턱", "들"))
_ADVERBS = frozenset(("잘", "너무", "가득", "함께", "달리"))  # form one word with 하다
_HELPERS = frozenset(("보", "주", "드리", "버리", "놓", "두", "있", "가", "오", "내", "대"))
# endings of speech and dialect that kiwi takes for words of one syllable
_ODD_ENDS = frozenset(
    (("MM", "네"), ("NP", "네"), ("IC", "네"), ("IC", "예"), ("IC", "잉"), ("MAG", "잉"), ("NNG", "잉"), ("NNG", "유"),
     ("NNB", "제"), ("NP", "제"), ("NR", "이"), ("NNG", "가"), ("NNG", "서"), ("MM", "다"))
)  # fmt: skip
_GOING = frozenset(("가", "오"))  # form one word with many verbs: 돌아가다
_GREAT = ("만", "억", "조")  # numbers are written apart at these only
_CALLED = frozenset(("엄마", "아빠", "누나", "오빠", "언니", "형", "여보", "할머니", "할아버지", "선생님"))
# determiner and noun that may be one word or two: they stay as written
_FREE = frozenset(
    (("그", "날"), ("그", "동안"), ("별", "일"), ("한", "동안"), ("지난", "주"), ("지난", "달"), ("지난", "번"),
     ("한", "번"), ("한", "잔"), ("한", "소리"), ("온", "몸"), ("온", "종일"), ("한", "쪽"), ("한", "짝"),
     ("저", "세상"), ("새", "거"))
)  # fmt: skip
# verb and auxiliary verb that the dictionary writes as one word
_ONE_WORD = frozenset(
    (("돕", "주"), ("돕", "드리"), ("빌리", "주"), ("돌리", "주"), ("데리", "주"), ("바래", "주"), ("가지", "주"),
     ("여쭈", "보"), ("물", "보"), ("알", "보"))
)  # fmt: skip


def space(texts: Sequence[str], words: tuple[str, ...] = ()) -> list[str]:
    """Each text with corrected white space; `words`: nouns that are never cut. Texts that are not readable stay."""
    inputs = [text for text in texts if readable(text)]
    readings = iter(analyser(words).tokenize(inputs, pretokenized=placeholders) if inputs else ())
    return [_spaced(text, next(readings)) if readable(text) else text for text in texts]


def _spaced(text: str, morphemes: Sequence[Any]) -> str:
    tokens = [token for token in morphemes if token.len]  # a morpheme hidden by a contraction has no length
    if not tokens:
        return text
    deliberate = _missing_share(text, tokens) <= _MOST_LEFT_OUT
    pieces, at = [text[: tokens[0].start]], tokens[0].start
    for i, token in enumerate(tokens):
        if i and token.start >= at:
            gap = text[at : token.start]
            new_gap = gap if gap.strip() else _gap(tokens, i, gap, deliberate)
            pieces.append(
                gap if new_gap and not gap and deliberate and _is_dialect_word(_word_around(text, at)) else new_gap
            )
        start = max(at, token.start)
        pieces.append(_without_space(text[start : token.end], token.tag))
        at = max(at, token.end)
    return "".join(pieces) + text[at:]


def _is_dialect_word(word: str) -> bool:
    """Whether it is a dialect word, which kiwi would cut at random. A long one is several words without spaces."""
    return len(word) <= _LONGEST_WORD and is_dialect(word)


def _word_around(text: str, at: int) -> str:
    """The run of Hangul syllables around place `at`."""
    before, behind = _WORD_BEFORE.search(text, 0, at), _WORD.match(text, at)
    return (before[0] if before else "") + (behind[0] if behind else "")


def _missing_share(text: str, tokens: Sequence[Any]) -> float:
    """The share of missing spaces among the places that need one: after a particle or an ending, before a word."""
    ends = ("E", "J")
    sure = [
        text[a.end : b.start] == ""
        for i, (a, b) in enumerate(pairwise(tokens), 1)
        if b.start >= a.end
        and a.tag.startswith(ends)
        and b.tag[0] in "NVMI"
        and b.tag not in ("VX", "VCP")
        and not (b.start == a.end and _stays_joined(tokens, i))
    ]
    if not sure:
        return 0.0 if " " in text or len(text) < 6 else 1.0
    return sum(sure) / len(sure)


def _without_space(raw: str, tag: str) -> str:
    """A morpheme without its white space; a compound noun of two words keeps it."""
    if tag.startswith("N") and all(len(part) > 1 for part in raw.split()):
        return raw
    return _SPACE.sub("", raw)


def _gap(tokens: Sequence[Any], i: int, gap: str, deliberate: bool) -> str:
    """The right white space between tokens i - 1 and i; `gap` is the present one.

    `deliberate`: the writer left out few spaces, so a joined pair is the writer's choice.
    """
    left, right = tokens[i - 1], tokens[i]
    a, b = left.tag.partition("-")[0], right.tag.partition("-")[0]
    space = gap or " "
    if b[0] == "J" and right.form == "나" and left.form in _CALLED and not deliberate:
        return space  # 엄마 나 다쳤어
    if deliberate and (_stays_joined(tokens, i) if not gap else _is_verb(tokens, i)):
        return gap
    if b[0] in "EJ" or b in _TAILS:
        return ""
    if b.startswith("V"):
        return _before_verb(tokens, i, gap, deliberate)
    if a == b == "NR":
        return gap if left.form.endswith(_GREAT) else ""
    if b == "MM" and right.form == "요" and a in ("EF", "EC", "JX", "JKB"):
        return ""  # 요 is the particle here, not the pronoun
    if b == "NNB" and a == "ETM" and left.form == "는" and right.form == "지":
        return ""  # 탔는지: the time since is ㄴ 지
    if b == "NNB" and a == "ETM" and right.form in ("데", "디"):
        return _before_de(tokens, i, space)
    if (left.form, right.form) in _FREE:
        return gap
    if (a in ("NR", "SN") and right.form == "층") or (a == "SN" and b == "NNG" and len(right.form) == 1):
        return gap
    if a in ("NNG", "NNP") and right.form in _PLACES and left.form not in _OF_BODY:
        return space
    if a in ("NNG", "NNP") and b in ("NNG", "NNP") and (deliberate or right.form in _ENDS):
        return gap
    return space if _APART.match(f"{a} {b}") else gap


def _stays_joined(tokens: Sequence[Any], i: int) -> bool:
    """Whether tokens i - 1 and i are one word that kiwi is known to cut wrongly."""
    left, right = tokens[i - 1], tokens[i]
    a, b = left.tag.partition("-")[0], right.tag.partition("-")[0]
    closes = i + 1 == len(tokens) or tokens[i + 1].start > right.end or tokens[i + 1].tag[0] == "S"
    if right.len == 1 and closes and (b, right.form) in _ODD_ENDS:
        return True  # 죽겠어예, 마쇼잉, 시월이네
    if a == "ETM" and right.form in ("거", "것") and (right.len == 1 and _promises(tokens, i)):
        return True  # 갈게요, 넣을걸
    if a == "EC" and b == "VV" and left.form in ("어", "아") and right.form in _GOING:
        return True  # 돌아갔어
    return a == b == "MAG" and left.form == right.form


def _promises(tokens: Sequence[Any], i: int) -> bool:
    """Whether 게 or 걸 is an ending here, which kiwi takes for 것이 or 것을."""
    behind = tokens[i + 1] if i + 1 < len(tokens) else None
    last = tokens[i + 2] if i + 2 < len(tokens) else None
    ends = last is None or last.tag[0] == "S" or last.form == "요"
    return behind is not None and behind.form in ("이", "ᆯ") and behind.tag in ("JKS", "JKO", "VCP") and ends


def _is_verb(tokens: Sequence[Any], i: int) -> bool:
    """Whether 나, 와 or 가 at the end of a sentence is a verb (소리 나, 빨리 와), which kiwi takes for a particle."""
    last = i + 1 == len(tokens) or tokens[i + 1].tag in ("SF", "SP")
    return last and tokens[i].tag[0] in "JE" and tokens[i].form in ("나", "와", "가")


def _before_verb(tokens: Sequence[Any], i: int, gap: str, deliberate: bool) -> str:
    """The right white space before a verb; see `_gap`."""
    left, right = tokens[i - 1], tokens[i]
    a, b = left.tag.partition("-")[0], right.tag.partition("-")[0]
    space = gap or " "
    if b == "VX" and right.form == "지":
        return ""
    if right.form == "하" and (b == "VX" or (b == "VV" and a == "EC")):
        return "" if a == "EC" and left.form in ("어", "아", "여") else space  # 좋아하다, but 가야 하다
    if b == "VX" and a == "EC" and i > 1 and (tokens[i - 2].form, right.form) in _ONE_WORD:
        return ""
    if b == "VX" and a == "EC" and right.form in _HELPERS:
        return space
    if b == "VV" and a == "NNG" and (right.form in _LIGHT or (deliberate and right.form in _DO)):
        return gap
    if a == "MAG" and right.form == "하" and left.form in _OWN_WORDS:
        return space
    if a == "MAG" and right.form == "하" and (deliberate or left.form in _ADVERBS or len(left.form) > 3):
        return gap
    return space if _APART.match(f"{a} {b}") else gap


def _before_de(tokens: Sequence[Any], i: int, space: str) -> str:
    """The white space before 데: none in the ending 는데, but a space before the noun 데 (place, case).

    데 is the noun before a particle, 없다 or 있다, and never after 었.
    """
    if i > 1 and tokens[i - 2].tag == "EP":
        return ""
    following = tokens[i + 1] if i + 1 < len(tokens) else None
    if following is None:
        return ""
    place = (following.tag.startswith("J") and following.form != "요") or following.form in ("없", "있", "어디")
    return space if place else ""
