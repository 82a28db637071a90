"""Finds personal names in a text: a surname and a given name beside a cue for a name.

Cues are 이름은, 성함은 and similar words before the name, 저는 … 입니다 around it, and 씨 or 님 after three syllables.
The given name may only have syllables that occur in Korean given names; this excludes most words such as 이상해 and
신고자님.
"""

import re

from core.cleaning.personal_data.numbers import Spans

_SURNAMES = (
    "남궁|황보|제갈|선우|독고|사공|"
    "[김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민류나진지엄채원천방공현함변염추소석선설마길연위표]"
)
_GIVEN = (
    "가강건겸경계관광교구국권규균근금기길나남노다단달대덕도동두라란람래련렬례로록루리린림만말명모묘무문미민바박배백범별병보복봉"
    "분비빈사산상새서석선설섭성세소솔송수숙순슬승시식신아안애양언여연열영예오옥완용우욱운웅원월유윤율은을의이익인일임자장재전"
    "정제조종주준중지진찬창채천철청초춘충치탁태택통평표필하학한향헌혁현형혜호홍화환회효후훈휘휴흥희"
)
_NAME = rf"(?P<name>(?:{_SURNAMES})[{_GIVEN}하늘빛][{_GIVEN}늘빛솜결])"
_SHORT = rf"(?P<name>(?:{_SURNAMES})[{_GIVEN}하늘빛][{_GIVEN}늘빛솜결]??)"
_GIVEN_ALONE = rf"(?P<name>[{_GIVEN}하][{_GIVEN}늘빛솜결])"
_RELATION = "신고자|보호자|환자|아들|딸|남편|아내|어머니|아버지|친구|동생|손자|손녀"
_PERSON = (
    r"\s?(?:할머니|할아버지|어르신|선생님)|"
    r"\s(?:환자|보호자|학생|간호사|상담사|복지사|팀장|형(?=[이가은는을도님.,!?\s]|한테|$)|언니|오빠|누나|아저씨|아주머니|아줌마|이모|삼촌)"
)
_AFTER_NAME = (
    r"(?=\s?(?:이?라고|이?고(?=요|[\s.,!?]|$)|이?세요|이?래요|이?라는|되[시세십]|"
    r"이?에요|예요|입니다|이?고요|인데|이구요|이요|요|이?야|[.,!?]|$))"
)
_START = r"(?<![가-힣])"
_RULES = (
    (re.compile(rf"(?:이름|성함|성명|존함)\s?(?:은|이|을|는|도)?\s?[:,]?\s?(?:{_SHORT}){_AFTER_NAME}"), 0.9),
    (re.compile(rf"{_START}(?:저는|저|전|제가|나는|난|본인은)\s{_NAME}"
                r"(?=\s?(?:이?라고|입니다|이에요|예요|인데요|이고요|이라는))"), 0.85),
    (re.compile(rf"{_START}{_NAME}"
                r"(?=\s?(?:씨|님)(?:(?![가-힣])|가|이|는|은|를|을|의|께|한테|도|랑|하고|요|예요|입니다))"), 0.85),
    (re.compile(rf"(?:{_RELATION})(?:는|은|가|이|분은|분이)?\s(?:이름이?\s)?{_NAME}"
                r"(?=\s?(?:이?라고|입니다|이에요|예요|인데요|이고요))"), 0.8),
    (re.compile(rf"{_START}{_NAME}(?={_PERSON})"), 0.8),
    (re.compile(rf"(?:{_RELATION})\s{_NAME}(?=(?:이|가|은|는|을|를|한테|랑|하고)\s)"), 0.75),
    (re.compile(rf"(?:{_RELATION})\s{_GIVEN_ALONE}(?=이(?:가|는|를|랑|한테|도|야|예요))"), 0.75),
    (re.compile(rf"{_START}{_GIVEN_ALONE}"
                r"(?=\s?씨(?:가|이|는|은|를|을|의|께|한테|도|랑|하고|요|예요|입니다|\s|$))"), 0.75),
    (re.compile(rf"(?:에|서)?\s?사는\s{_NAME}(?=\s?(?:이?라고|이에요|예요|입니다|인데|이?요))"), 0.8),
)  # fmt: skip
_NO_NAMES_LIST = (
    "신고자 이상해 이상하 안전하 전화하 문의하 이용자 조리사 정비사 임산부 선장님 이장님 소방서 구조대 구급대 "
    "소방대 전기사 주인이 방문자 유가족 이모부 고모부 조카예 하나예 전도사 원장님 이사장 지배인 현장소 주무관 "
    "수사관 강사님 하루에 이제는 조금만 나중에 이거는 한국인 안내원 우리도 이웃이 정말로 오늘이 방금이 주소는 "
    "주소가 전화는 전화기 안정제 한의원 주치의 전공의 유치원 양로원 노인정 이비인 고등학 임신부 장기요 지도교 "
    "이시대 강아지 고양이 장애인 공무원 민원인 주민이 노인이 원장이 소장이 고시원 강남구 강서구 강동구 서초구 "
    "노원구 구로구 조현병 정신병 심장병 신장병 유전병 아가 말씨 솜씨 말이 "
    # illnesses, states and trades that stand before 환자, 보호자, 아저씨, 선생님
    "심정지 심질환 심근경 신부전 고위험 고열이 전신성 전염성 만성병 유방암 위궤양 위중한 위독한 임종기 노인성 노년기 "
    "소아과 정신과 안정기 조산아 미숙아 신생아 이재민 이주민 원주민 현지인 외국인 조난자 구조자 사고자 노숙인 노숙자 "
    "노동자 배달원 경비원 주유원 안내자 안마사 조산사 한의사 수의사 전문의 전문가 원어민 유도부 유학생 고아원 공사장 "
    "문지기 정수기 방사선 주정차 주변인 여성분 남성분 하숙생 고령의 고령인 한동네 우리반"
)
_NO_NAMES = frozenset(_NO_NAMES_LIST.split())
# titles that stand after a surname instead of a given name: 김사장님
_TITLES_LIST = (
    "대표 장관 전무 사장 원장 이사 의원 교수 기사 대리 주임 반장 선생 상무 소장 국장 시장 회장 총장 선수 형사 "
    "여사 사람 문가 제아 관장 순경 경장 경사 경위 경정 소위 중위 대위 소령 중령 대령 상사 중사 하사 수형 주인 "
    "장님"
)
_TITLES = frozenset(_TITLES_LIST.split())
_CUES = (
    "이름 성함 성명 존함 씨 님 저 전 제가 나는 난 본인은 라고 입니다 에요 예요 인데요 고요 "
    f"할머니 할아버지 어르신 환자 사는 {_RELATION.replace('|', ' ')}"
).split()


def names(text: str) -> Spans:
    """(start, end, confidence) of each name, in order and without overlaps."""
    if not any(cue in text for cue in _CUES):
        return []
    matches: dict[tuple[int, int], float] = {}
    for rule, confidence in _RULES:
        for hit in rule.finditer(text):
            if _is_name(hit["name"]):
                matches.setdefault(hit.span("name"), confidence)
    spans: Spans = []
    for (start, end), confidence in sorted(matches.items()):
        if not spans or start >= spans[-1][1]:
            spans.append((start, end, confidence))
    return spans


def _is_name(word: str) -> bool:
    return word not in _NO_NAMES and word[1:] not in _TITLES and not word.startswith(("안돼", "이상"))
