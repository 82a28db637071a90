"""Frames: what a sentence written anew must say of an event as its source does.

Words of state (진압, 멎다, 잠그다) and of frame (아직, 그만, -ㄴ 줄 알다, -려고, 싶다) are as many. Sentences tell, ask
or request as before, and persons do or suffer as before. A word of danger stays noun or verb (죽다, 죽을 먹다). Half of
the nouns may change in such a sentence, so the other guards do not see what is compared here.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from core.augment.lexicon import GENERAL, Lexicon
from core.augment.operations.styles import asks, ends
from core.augment.reading import Morpheme, Reading, Word

_STATE_LIST = """
진압 멎 잠그 잠기 잡히 가라앉 소화 소멸 사라지 회복 완치 치료 체포 검거 구출 구조 퇴원 살아나 깨어나 모면 면하 막
그만 멈추 그치 아직 여전히 이미 싶 싫 거의 하마터면 가짜 모형 과거 지난번 지난주 지난달 지난해 오래전 오래
나가 내리 도망 도망가 도망치 빠져나오 탈출 닦 정리
"""
_STATES = frozenset(_STATE_LIST.split())
_SAME = {"여전히": "아직", "안쪽": "안", "내부": "안", "속": "안", "바깥": "밖", "외부": "밖", "바깥쪽": "밖"}
_TAGS = ("NN", "VV", "VA", "VX", "MA", "XR", "NP")
_PLACES = frozenset(("안", "밖"))
_INTENTIONS = ("려고", "려", "려다", "려다가", "려던", "려는", "려면", "고자", "도록")
_LONG_AGO = frozenset(("년", "해", "개월", "달", "주", "주일", "일", "시간", "며칠", "몇", "오래"))
_WILL = frozenset(("ᆯ래", "을래", "ᆯ게", "을게"))
_GIVING = ("주", "시", "도와주")  # of requests: 와 주실래요
_FUTURE = frozenset(("것", "거"))
_ASKING_ENDS = ("까", "까요", "나요", "가요", "니", "냐", "느냐", "나", "ᆫ가", "는가", "은가")
_ASKING = frozenset(("무엇", "언제", "어디", "왜", "어떻게", "어떻", "얼마", "어느", "어떤", "무슨"))
_ORDERS = frozenset(("십시오", "으십시오", "어라", "아라", "으라", "자", "ᆸ시다", "읍시다"))
_CRIES = frozenset((("살리", "VV"), ("돕", "VV")))
_PERSON_LIST = """
나 우리 너 누구 남자 여자 남자친구 여자친구 남친 여친 친구 애 아이 아기 애기 할머니 할아버지 엄마 아빠 남편 아내
동생 언니 오빠 누나 형 딸 아들 삼촌 이모 고모 사촌 조카 손주 손자 손녀 선생님 의사 간호사 선배 후배 동료 아저씨 아줌마
아주머니 학생 환자 이웃 경찰 소방관 기사 운전자 가족 부모님 어르신 노인 사람 그 그녀 걔 쟤 얘 범인 강도 도둑 놈
사장님 팀장님 부장님 과장님 직원 손님 상사 애인 시어머니 시아버지 장모 장인 며느리 사위 형부 매형 이웃집 옆집 윗집 앞집
분 피해자 가해자 상대 상대방 짝남 짝녀 썸남 썸녀 전남친 전여친 선생 사장 기사님 아주버님 도련님 처남 처제
딸아이 주인 스토커
"""
_PERSONS = frozenset(_PERSON_LIST.split())
_CALLED = {
    "저": "나", "저희": "우리", "어머니": "엄마", "어머님": "엄마", "아버지": "아빠", "아버님": "아빠",
    "와이프": "아내", "집사람": "아내", "애기": "아기", "남자친구": "남친", "여자친구": "여친",
    "할매": "할머니", "할배": "할아버지",
}  # fmt: skip
_DOERS = frozenset(("이", "가", "께서"))
_OTHERS = frozenset(("을", "를", "ᆯ", "에게", "한테", "께", "에게서", "한테서"))
_TOLD = _DOERS | _OTHERS | frozenset(("은", "는", "ᆫ"))


def agree(source: Reading, text: Reading) -> bool:
    """Whether two texts frame an event in the same way.

    >>> from core.augment.reading import read
    >>> agree(read("피가 나요"), read("피가 납니다")), agree(read("피가 나요"), read("피가 멎었어요"))
    (True, False)
    """
    return (
        states(source) == states(text)
        and kinds(source) == kinds(text)
        and _same_roles(roles(source), roles(text))
        and _same_parts(source, text)
    )


@lru_cache(maxsize=4096)
def states(reading: Reading) -> Counter[str]:
    """How often each word or construction of state and frame occurs in a text."""
    found: Counter[str] = Counter()
    forms = [morpheme for word in reading.words for morpheme in word.spoken]
    for place, (form, tag) in enumerate(forms):
        name = _SAME.get(form, form)
        if (tag.startswith(_TAGS) and name in _STATES) or (tag[:2] == "NN" and name in _PLACES):
            found[name] += 1
        if construction := _construction(forms, place):
            found[construction] += 1
    found["못 박"] = sum(word.bare == "못" and ("못", "NNG") in word.spoken for word in reading.words)
    return +found


def _construction(forms: list[Morpheme], place: int) -> str:
    """The name of the construction whose characteristic morpheme stands at `place`; "" if there is none."""
    form, tag = forms[place]
    before = forms[place - 1] if place else ("", "")
    behind = forms[place + 1 : place + 3]
    if tag == "NNB" and before[1] == "ETM" and form in ("줄", "적", "뻔", "척", "체"):
        return f"-ㄴ {form}"
    if tag == "EC" and form in ("ᆯ까", "을까") and behind and behind[0][0] == "보":
        return "-ㄹ까 봐"
    if tag in ("EC", "ETM") and form.removeprefix("으") in _INTENTIONS:
        return "-려고"
    if tag == "EF" and form.removesuffix("요").endswith("대"):
        return "-대"
    if tag == "NNG" and form == "전" and before[0] in _LONG_AGO:
        return "전에"
    if tag == "NNB" and before in (("ᆯ", "ETM"), ("을", "ETM")):
        return _guess(form, forms[place - 2][0], behind)
    if tag == "EF" and form.removesuffix("요") in _WILL and before[0] not in _GIVING:
        return "-ㄹ게"
    if tag == "EP" and (form == "었었" or (form, tag) == before == ("었", "EP")):
        return "-었었"
    return "-겠" if (form, tag) == ("겠", "EP") and before[0] not in ("모르", "알", "시", "좋") else ""


def _guess(noun: str, stem: str, behind: list[Morpheme]) -> str:
    """What is said to come, or to be possible: 날 거예요, 날 것 같아요, 날 수 있어요; 와 주실 수 있나요 asks for it."""
    if noun in _FUTURE and ("이", "VCP") in behind:
        return "-ㄹ 것이다"
    if noun in _FUTURE and ("같", "VA") in behind:
        return "-ㄹ 것 같다"
    return "-ㄹ 수 있다" if noun == "수" and stem not in _GIVING else ""


@lru_cache(maxsize=4096)
def kinds(reading: Reading) -> frozenset[str]:
    """Which of "question" and "request" a text has among its sentences; what is neither tells something.

    >>> from core.augment.reading import read
    >>> sorted(kinds(read("불이 났어요 어디로 가요? 와 주시겠어요?")))
    ['question', 'request']
    """
    found, start = set[str](), 0
    for place, stem, ending in ends(reading):
        words = reading.words[start : place + 1]
        start = place + 1
        if _is_request(reading, place, stem, ending, words):
            found.add("request")
        elif _is_question(ending, words):
            found.add("question")
    if any("?" in word.text for word in reading.words[start:]):
        found.add("question")  # words without an ending: 불?
    return frozenset(found)


def _is_request(reading: Reading, place: int, stem: list[Morpheme], ending: str, words: tuple[Word, ...]) -> bool:
    own = [(form, tag.partition("-")[0]) for form, tag in stem]
    if ending in ("세요", "으세요"):
        return asks(reading, place) and "?" not in words[-1].tail
    if ending in _ORDERS:
        return True
    said = [morpheme for word in words for morpheme in word.spoken]
    if ("었", "EP") in own:
        return False
    if any(form == "부탁" for form, _ in said):
        return True
    if any(tag == "JKS" for _, tag in said):
        return False
    cries = bool(own) and (own[-1] in (("주", "VX"), ("도와주", "VV")) or own[-1] in _CRIES)
    if cries and ending in ("어", "어요", "ᆯ래", "ᆯ래요", "ᆯ까요"):
        return True
    gives = ("주", "VX") in said or ("도와주", "VV") in said
    return gives and (("겠", "EP") in own or ("수", "NNB") in said or ending in ("ᆯ래요", "을래요", "ᆯ래"))


def _is_question(ending: str, words: tuple[Word, ...]) -> bool:
    asking = any(form in _ASKING for word in words for form, _ in word.spoken)
    return asking or any("?" in word.text for word in words) or ending.endswith(_ASKING_ENDS)


@lru_cache(maxsize=4096)
def roles(reading: Reading) -> dict[str, frozenset[str]]:
    """Person -> "does" and "suffers", as far as particles tell it; a topic does, where nobody else does."""
    told = [(_person(word), particle) for word in reading.words if (particle := _particle(word))]
    doers = any(form in _DOERS for _, form in told)
    found: dict[str, set[str]] = {}
    for person, form in told:
        role = "suffers" if form in _OTHERS else "does" if form in _DOERS or not doers else ""
        if person and role:
            found.setdefault(person, set()).add(role)
    return {person: frozenset(items) for person, items in found.items()}


def _particle(word: Word) -> str:
    """The particle of a noun that says who does or suffers, or a topic; "" if it has none."""
    return next((f for f, t in word.spoken if t in ("JKS", "JKO", "JKB", "JX") and (f in _TOLD)), "")


def _person(word: Word) -> str:
    names = [(_CALLED.get(form, form), tag) for form, tag in word.spoken if tag in ("NNG", "NNP", "NP", "NNB")]
    return names[-1][0] if names and (names[-1][0] in _PERSONS or names[-1][1] == "NNP") else ""


def _same_roles(old: dict[str, frozenset[str]], new: dict[str, frozenset[str]]) -> bool:
    return all(old[person] == new[person] for person in old.keys() & new.keys())


def _same_parts(source: Reading, text: Reading) -> bool:
    """Whether guarded words of one syllable that both have are noun or verb in both: 죽다, 죽."""
    old, new = _parts(source), _parts(text)
    return all(old[form] == new[form] for form in old.keys() & new.keys())


def _parts(reading: Reading) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for form, part in _short(reading):
        found.setdefault(form, set()).add(part)
    return found


def _short(reading: Reading) -> Iterator[tuple[str, str]]:
    words = Lexicon.of(GENERAL).words
    yield from ((form, tag[0]) for form, tag in reading.morphemes() if len(form) == 1 and form in words)
