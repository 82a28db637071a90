"""Finds e-mail addresses, resident numbers, account numbers, telephone numbers and car plates in a text.

Each function takes a text in the form of `core.cleaning.personal_data.reading`. It gives (start, end, confidence) of
each match, in order and without overlaps. A number is matched as a whole: no digit that is written to it stays behind.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from core.cleaning.personal_data.spoken import GAP, MARK, SEP, THOUSANDS, D, digit, digits, group
from core.hangul import is_syllable

Spans = list[tuple[int, int, float]]

_AHEAD, _BEHIND = r"(?<![0-9])(?<![0-9][-.])", r"(?![0-9])(?!-[0-9])"
_EMAIL = re.compile(
    r"[A-Za-z0-9][\w.+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}"
    r"|[A-Za-z0-9][A-Za-z0-9._-]{0,63}\s?골뱅이\s?[A-Za-z0-9가-힣-]{1,20}\s?(?:점|닷|쩜|\.)\s?(?:컴|넷|com|net|kr|co\.kr|케이알)"
)
_HIDDEN_BACK = r"(?:\s?[*xX]){6}"
_RESIDENT = re.compile(
    rf"{_AHEAD}(?!01[016789]{MARK}\d{{3,4}}{MARK}\d{{4}})({group(6)}){SEP}"
    rf"(?:{digit(*range(1, 9))}(?:(?:{GAP}{D}){{6}}|{_HIDDEN_BACK})|[*xX]{{7}}){_BEHIND}"
)
_BIRTH = re.compile(
    rf"(?:주민|생년월일|앞자리)[가-힣]{{0,4}}\s?(?:번호)?[가-힣]{{0,2}}\s?(?:앞자리)?[가-힣]{{0,2}}\s?[,:]?\s?({group(6)})(?![0-9])"
)
_BANKS = "[가-힣]{2}은행|은행|농협|수협|신협|새마을금고|우체국|카카오뱅크|케이뱅크|토스뱅크"
_BANK = re.compile(
    rf"(?:계좌|통장|입금|송금|카드|{_BANKS})"
    r"[^0-9\n\[\]]{0,12}?"
    rf"(?P<number>\d(?:[\s/~.·-]?\d){{9,19}}|{D}(?:[\s-]?(?:다시\s?)?{D}){{9,13}}){_BEHIND}"
)
_BEFORE_BANK = re.compile(
    rf"{_AHEAD}(?P<number>\d{{3,6}}(?:-\d{{2,8}}){{2,4}}|\d{{10,16}})(?=[,\s]{{0,2}}(?:{_BANKS}))"
)
_CARD = re.compile(rf"{_AHEAD}\d{{4}}([\s/~.·-])\d{{4}}\1\d{{4}}\1\d{{4}}{_BEHIND}")
_OPEN = r"(?:\((?=[^()]{2,7}\)))?"  # (02) 555-1234
_FOUR = rf"(?:{group(4)}|{THOUSANDS})"
_MOBILE = re.compile(
    rf"{_OPEN}{_AHEAD}{digit(0)}{GAP}{digit(1)}{GAP}"
    rf"(?:{digit(0)}{SEP}(?:\d{{3,4}}{SEP}\d{{4}}(?!\d)|{_FOUR}{SEP}{_FOUR})|"
    rf"{digit(1, 6, 7, 8, 9)}{SEP}{group(3, 4)}{SEP}{group(4)}){_BEHIND}"
    r"|(?<![0-9])01[016789]-\d{3,4}-\d{4}"
)
_AREA = r"(?:2|[3-6][1-5]|70|50\d)"
_ABROAD = re.compile(
    rf"\(?(?:(?:\+|(?<![0-9])00)\s?82\)?{MARK}{{0,2}}\(?0?\)?{MARK}{{0,2}}(?:1[016789]|{_AREA})|(?<![0-9])82{MARK}{{0,2}}0?10)"
    rf"{MARK}{{0,3}}\d{{3,4}}{MARK}{{0,3}}\d{{4}}{_BEHIND}"
)
_LANDLINE = re.compile(
    rf"{_OPEN}{_AHEAD}{digit(0)}{GAP}"
    rf"(?:{digit(2)}|{digit(3, 4, 5, 6)}{GAP}{digit(1, 2, 3, 4, 5)}|{digit(7)}{GAP}{digit(0)}|"
    rf"{digit(5)}{GAP}{digit(0)}{GAP}{D})"
    rf"\)?{SEP}(?:\d{{3,4}}{SEP}\d{{4}}|{group(3, 4)}{SEP}{group(4)}){_BEHIND}"
)
_AMOUNT = r"(?!\s?(?:원|명|개|건|년|번째|달러|킬로|미터|만|천|억|퍼센트|%))"
# A program for tables took the 0 away: 1012345678. Without dashes it may be another number, so a unit must not follow.
_LOST_ZERO = re.compile(rf"{_AHEAD}(?<!,)10{MARK}{{0,3}}\d{{4}}{MARK}{{0,3}}\d{{4}}{_BEHIND}{_AMOUNT}")
_CUE = r"(?:전화|번호|연락처|핸드폰|휴대폰|폰)[가-힣]{0,3}\s?[,:]?\s?"
_LOCAL = re.compile(rf"{_CUE}(?P<number>{group(3, 4)}(?:\s?[-~/.·]\s?|\s|에\s?){group(4)}){_BEHIND}")
_LOST_AREA = re.compile(
    rf"{_CUE}(?P<number>(?:{_AREA}|1[16789])\)?{MARK}{{1,3}}\d{{3,4}}{MARK}{{1,3}}\d{{4}}){_BEHIND}"
    rf"|(?:전화|연락처|핸드폰|휴대폰)[가-힣]{{0,5}}\s?[,:]?\s?(?P<solid>(?:{_AREA}|1[16789])\d{{7,8}}){_BEHIND}{_AMOUNT}"
)
_PLATE_LETTERS = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호바사아자배"
_REGION = "(?:서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주)\\s?"
_UNITS = r"(?!\s?(?:원|명|미터|m\b|개|년|도|번|호|시|분|세|킬로|만|천))"
_PLATE = re.compile(rf"(?:(?<![가-힣]){_REGION})?(?<![0-9])\d{{2,3}}\s?[{_PLATE_LETTERS}]\s?\d{{4}}(?![0-9]){_UNITS}")
_SPOKEN_PLATE = re.compile(
    r"(?:차량\s?번호|차\s?번호|번호판|차량\s?넘버)[가-힣]{0,3}\s?[,:]?\s?(?:[가-힣]{2}\s)?"
    rf"(?P<number>(?:{D}(?:{GAP}{D}){{1,2}}|[일이삼사오육칠팔구]?십[일이삼사오육칠팔구]?)\s?[{_PLATE_LETTERS}]"
    rf"(?:에)?\s?(?:{group(4)})|{group(4)}(?!{D}))"
)


_DIGITS = re.compile(rf"(?:{D}[\s-]?){{3}}")


@lru_cache(maxsize=8)  # the rules of numbers ask one after the other for the same text
def _numeric(text: str) -> bool:
    """Whether `text` has three digits in a row, written or spoken: fewer are in no number that is found here."""
    return bool(_DIGITS.search(text))


def emails(text: str) -> Spans:
    """E-mail addresses, also spoken ones (골뱅이 for @)."""
    if "@" not in text and "골뱅이" not in text:
        return []
    return [(*match.span(), 0.98) for match in _EMAIL.finditer(text)]


def residents(text: str) -> Spans:
    """Resident numbers, which begin with a date, and birth dates of six digits after 주민 or 생년월일."""
    if not _numeric(text):
        return []
    spans = [
        (*match.span(), 0.98 if _written(match[0]) else 0.9) for match in _RESIDENT.finditer(text) if _date(match[1])
    ]
    spans += [(*match.span(1), 0.85) for match in _BIRTH.finditer(text) if _date(match[1])]
    return _whole(text, spans)


def accounts(text: str) -> Spans:
    """Account numbers: ten digits or more beside the name of a bank, 계좌 or 카드. Four groups of four are a card."""
    if not _numeric(text):
        return []
    spans = [(*match.span(), 0.9) for match in _CARD.finditer(text)]
    for match in (*_BANK.finditer(text), *_BEFORE_BANK.finditer(text)):
        number = digits(match["number"])
        if len(number) >= 10 and not re.match(r"01[016789]\d{7,8}$", number):
            spans.append((*match.span("number"), 0.9 if _written(match["number"]) else 0.8))
    return _whole(text, spans)


def telephones(text: str) -> Spans:
    """Telephone numbers with a prefix; without one, seven or eight digits only after a word such as 전화번호."""
    if not _numeric(text):
        return []
    spans = [(*match.span(), 0.98 if _written(match[0]) else 0.93) for match in _MOBILE.finditer(text)]
    spans += [(*match.span(), 0.98) for match in _ABROAD.finditer(text)]
    spans += [(*match.span(), 0.95 if _written(match[0]) else 0.85) for match in _LANDLINE.finditer(text)]
    spans += [(*match.span("number"), 0.85) for match in _LOCAL.finditer(text)]
    spans += [(*match.span(), 0.75) for match in _LOST_ZERO.finditer(text)]
    spans += [(*match.span(match.lastgroup or 0), 0.8) for match in _LOST_AREA.finditer(text)]
    return _whole(text, spans)


def plates(text: str) -> Spans:
    """Car plates; spoken ones only after a word such as 차량 번호."""
    if not _numeric(text):
        return []
    spans = [(*match.span(), 0.9) for match in _PLATE.finditer(text)]
    spans += [(*match.span("number"), 0.85) for match in _SPOKEN_PLATE.finditer(text)]
    return list(apart(spans))


_REST = re.compile(r"(?:[-~/.·]?[0-9*]+)+")


def _whole(text: str, spans: Spans) -> Spans:
    """The spans in order and apart. Each has the digits that are written to its end too, unless a span begins there."""
    separate = list(apart(spans))
    limits = [start for start, _, _ in separate[1:]] + [len(text)]
    return [
        (start, _end(text, end, limit), confidence)
        for (start, end, confidence), limit in zip(separate, limits, strict=False)
    ]


def _end(text: str, end: int, limit: int) -> int:
    """The end of the digits that are written to a number that ends at `end`, but not behind `limit`."""
    rest = _REST.match(text, end, limit)
    return rest.end() if rest else end


def _written(number: str) -> bool:
    """Whether a number is written in digits, with no spoken part."""
    return not any(is_syllable(c) for c in number)


def _date(text: str) -> bool:
    """Whether `text` is a date of six digits (YYMMDD), written or spoken."""
    date = digits(text)
    return len(date) == 6 and 1 <= int(date[2:4]) <= 12 and 1 <= int(date[4:6]) <= 31


def apart(spans: Spans) -> Iterator[tuple[int, int, float]]:
    """The spans in order, without those that begin inside an earlier span."""
    at = 0
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if span[0] >= at:
            at = span[1]
            yield span
