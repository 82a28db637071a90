"""Finds addresses in a text: a street or lot with a number, or a building with a door, and the regions before it.

A region alone (강남구 역삼동), a floor (3층) or a door alone (302호) is not found: it points to no person.
"""

import re

from core.cleaning.personal_data.numbers import Spans, apart
from core.cleaning.personal_data.spoken import NUMBER

_PROVINCES = (
    "서울(?:특별)?시?|(?:부산|대구|인천|광주|대전|울산)(?:광역)?시?|세종(?:특별자치)?시?|"
    "경기도?|강원(?:특별자치)?도?|제주(?:특별자치)?도?|(?:충청|전라|경상)[남북]도|충북|충남|전북(?:특별자치도)?|전남|경북|경남"
)
# words that look like regions because of their ending
_NO_REGION = (
    r"(?!(?:다시|혹시|역시|잠시|표시|임시|동시|즉시|당시|아까시|친구|누구|출구|입구|지구|비상구|응급구|정도|지도|나도|저도|아무도|빨리|멀리|우리|자리|"
    r"거리|다리|머리|소리|정리|처리|수리|요리|둘이|운동|행동|활동|이동|자동|감동|아동|노동|진동|화면|장면|정면|그러면|하면)\s)"
)
_REGION = rf"(?:(?:{_PROVINCES})\s?|{_NO_REGION}[가-힣]{{1,5}}(?:시|군|구|읍|면|동|리)\s)"
_CHAIN = rf"(?:{_REGION}(?:[가-힣]{{1,5}}?(?:시|군|구|읍|면|동|리)\s?){{0,3}})"
_COUNTED = (
    r"(?!\s?(?:명|번(?!지|길)|시|분|초|층|미터|m\b|킬로|km|개|대|살|세|년|월|일|원|차선|차로|호선|도|배|퍼센트|프로|%|동안|"
    r"마리|건|주|도착)|[0-9])"
)
_TAIL = rf"(?:,?\s?{NUMBER}\s?동)?(?:,?\s?(?:지하\s?)?{NUMBER}\s?층)?(?:,?\s?{NUMBER}\s?호(?!선|기|차))?"
_STREET_END = r"(?:대로|길|(?<![으도바위래])로)"
_BUILDING = (
    r"[가-힣A-Za-z0-9]{1,12}(?:아파트|빌라|맨션|오피스텔|빌딩|연립|원룸|고시원|고시텔|하이츠|캐슬|팰리스|타운|주공|상가|주택|빌|"
    r"마을|모텔|펜션)"
)
_DOOR = rf"(?:(?:{NUMBER}|[가나다라마바사에비씨디A-Z])\s?동\s?)?(?:{NUMBER}\s?층\s?)?{NUMBER}\s?호(?!선|기|차|수|텔|실)"
_START = r"(?<![가-힣A-Za-z0-9])"

_RULES = (
    # 서울시 강남구 테헤란로 152, 은행나무길 칠 번지
    (rf"{_START}{_CHAIN}[가-힣0-9]{{1,9}}{_STREET_END}\s?(?:{NUMBER}\s?번?\s?길\s?)?(?:\d{{1,4}}(?:-\d{{1,3}})?(?:\s?번지)?{_COUNTED}|{NUMBER}\s?번지)",
     0.92),
    (rf"{_START}[가-힣0-9]{{1,9}}(?:대로|길|로)\s?(?:{NUMBER}\s?번?\s?길\s?)?{NUMBER}\s?번지", 0.9),
    (rf"{_START}[가-힣]{{2,8}}(?:대로|(?<![으도바위래])로)\s?\d{{1,4}}번길\s?\d{{1,4}}(?:-\d{{1,3}})?{_COUNTED}", 0.9),
    (rf"{_START}(?!으로|도로|바로|위로|아래로|따로|서로|새로|별로|주로|홀로|스스로)[가-힣]{{2,7}}(?:대로|(?<![으도바위래])로)"
     rf"\s\d{{1,4}}(?:-\d{{1,3}})?(?=,?\s?(?:{NUMBER}\s?(?:동|호)|에\s|이에요|입니다|예요|요|이요|번지|지하|$))", 0.75),
    (rf"{_START}(?!(?:골목|출근|퇴근|등굣|하굣|귀갓|둘레|산책)길)[가-힣]{{2,7}}길"
     rf"\s\d{{1,4}}(?:-\d{{1,3}})?{_COUNTED}(?!\s?(?:코스|구간))", 0.75),
    # 역삼동 123-4번지
    (rf"{_START}(?:{_CHAIN})?[가-힣]{{1,5}}(?:동|리|가|읍|면)\s?(?:산\s?)?{NUMBER}\s?번지", 0.92),
    (rf"{_START}{_CHAIN}(?:[가-힣]{{1,5}}(?:동|리|가)\s?)?\d{{1,4}}-\d{{1,4}}{_COUNTED}", 0.85),
    (rf"{_START}[가-힣]{{1,5}}(?:동|리|가)\s?\d{{1,4}}-\d{{1,4}}(?![-\d]){_COUNTED}", 0.85),
    # 한솔빌라 203호, 초록맨션 백육 호, 101동 1203호
    (rf"{_START}(?:{_CHAIN})?{_BUILDING}\s?,?\s?{_DOOR}", 0.88),
    (rf"{_START}{NUMBER}\s?동\s?{NUMBER}\s?호(?!선|기|차)", 0.88),
)  # fmt: skip
_COMPILED = tuple((re.compile(f"{expression}{_TAIL}"), confidence) for expression, confidence in _RULES)
_DIGIT = re.compile(r"[0-9일이삼사오육칠팔구십백천]")


def addresses(text: str) -> Spans:
    """(start, end, confidence) of each address, in order. Of overlapping matches, the earliest and longest is kept."""
    if not _DIGIT.search(text):
        return []
    matches = [(*hit.span(), confidence) for rule, confidence in _COMPILED for hit in rule.finditer(text)]
    return list(apart(matches))
