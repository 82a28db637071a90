"""Finds e-mail addresses, resident numbers, account numbers, telephone numbers and car plates in a text.

Each function gives (start, end, confidence) of each match, in order and without overlaps.
"""

import re
from collections.abc import Iterator

from core.cleaning.personal_data.spoken import GAP, SEP, D, digit, digits, group
from core.hangul import is_syllable

Spans = list[tuple[int, int, float]]

_AHEAD, _BEHIND = r"(?<![0-9])(?<![0-9][-.])", r"(?![0-9])(?!-[0-9])"
_EMAIL = re.compile(
    r"[A-Za-z0-9][\w.+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}"
    r"|[A-Za-z0-9][A-Za-z0-9._-]{0,63}\s?골뱅이\s?[A-Za-z0-9가-힣-]{1,20}\s?(?:점|닷|쩜|\.)\s?(?:컴|넷|com|net|kr|co\.kr|케이알)"
)
_RESIDENT = re.compile(rf"{_AHEAD}({group(6)}){SEP}({digit(*range(1, 9))}(?:(?:{GAP}{D}){{6}}|\*{{6}})){_BEHIND}")
_BIRTH = re.compile(
    rf"(?:주민|생년월일)[가-힣]{{0,4}}\s?(?:번호)?[가-힣]{{0,2}}\s?(?:앞자리)?[가-힣]{{0,2}}\s?({group(6)}){_BEHIND}"
)
_BANK = re.compile(
    r"(?:계좌|통장|입금|송금|[가-힣]{2}은행|은행|농협|수협|신협|새마을금고|우체국|카카오뱅크|케이뱅크|토스뱅크)"
    r"[^0-9\n\[\]]{0,12}?"
    rf"(?P<number>\d(?:[\s-]?\d){{9,15}}|{D}(?:[\s-]?(?:다시\s?)?{D}){{9,13}}){_BEHIND}"
)
_CARD = re.compile(rf"{_AHEAD}\d{{4}}([\s-])\d{{4}}\1\d{{4}}\1\d{{4}}{_BEHIND}")
_MOBILE = re.compile(
    rf"{_AHEAD}{digit(0)}{GAP}{digit(1)}{GAP}"
    rf"(?:{digit(0)}{SEP}{group(4)}{SEP}{group(4)}|{digit(1, 6, 7, 8, 9)}{SEP}{group(3, 4)}{SEP}{group(4)}){_BEHIND}"
)
_ABROAD = re.compile(rf"\+82[\s-]?1[016789][\s-]?\d{{3,4}}[\s-]?\d{{4}}{_BEHIND}")
_LANDLINE = re.compile(
    rf"{_AHEAD}{digit(0)}{GAP}"
    rf"(?:{digit(2)}|{digit(3, 4, 5, 6)}{GAP}{digit(1, 2, 3, 4, 5)}|{digit(7)}{GAP}{digit(0)}|"
    rf"{digit(5)}{GAP}{digit(0)}{GAP}{D})"
    rf"\)?{SEP}{group(3, 4)}{SEP}{group(4)}{_BEHIND}"
)
_LOCAL = re.compile(
    r"(?:전화|번호|연락처|핸드폰|휴대폰)[가-힣]{0,3}\s?[,:]?\s?"
    rf"(?P<number>{group(3, 4)}(?:\s?-\s?|\s|에\s?){group(4)}){_BEHIND}"
)
_PLATE_LETTERS = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호바사아자배"
_UNITS = r"(?!\s?(?:원|명|미터|m\b|개|년|도|번|호|시|분|세|킬로|만|천))"
_PLATE = re.compile(rf"(?<![0-9])\d{{2,3}}[{_PLATE_LETTERS}]\s?\d{{4}}(?![0-9]){_UNITS}")
_SPOKEN_PLATE = re.compile(
    r"(?:차량\s?번호|차\s?번호|번호판|차량\s?넘버)[가-힣]{0,3}\s?[,:]?\s?(?:[가-힣]{2}\s)?"
    rf"(?P<number>(?:{D}(?:{GAP}{D}){{1,2}}|[일이삼사오육칠팔구]?십[일이삼사오육칠팔구]?)\s?[{_PLATE_LETTERS}]"
    rf"(?:에)?\s?(?:{group(4)})|{group(4)}(?!{D}))"
)


def emails(text: str) -> Spans:
    """E-mail addresses, also spoken ones (골뱅이 for @)."""
    if "@" not in text and "골뱅이" not in text:
        return []
    return [(*match.span(), 0.98) for match in _EMAIL.finditer(text)]


def residents(text: str) -> Spans:
    """Resident numbers, which begin with a date; without one, a birth date of six digits after 주민 or 생년월일."""
    spans = [
        (*match.span(), 0.98 if _written(match[0]) else 0.9) for match in _RESIDENT.finditer(text) if _date(match[1])
    ]
    return spans or [(*match.span(1), 0.85) for match in _BIRTH.finditer(text) if _date(match[1])]


def accounts(text: str) -> Spans:
    """Account numbers: ten to sixteen digits after the name of a bank or 계좌. Four groups of four are a card."""
    spans = [(*match.span(), 0.9) for match in _CARD.finditer(text)]
    for match in _BANK.finditer(text):
        number = digits(match["number"])
        if len(number) >= 10 and not re.match(r"01[016789]\d{7,8}$", number):
            spans.append((*match.span("number"), 0.9 if _written(match["number"]) else 0.8))
    return list(_apart(spans))


def telephones(text: str) -> Spans:
    """Telephone numbers with a prefix; without one, seven or eight digits only after a word such as 전화번호."""
    spans = [(*match.span(), 0.98 if _written(match[0]) else 0.93) for match in _MOBILE.finditer(text)]
    spans += [(*match.span(), 0.98) for match in _ABROAD.finditer(text)]
    spans += [(*match.span(), 0.95 if _written(match[0]) else 0.85) for match in _LANDLINE.finditer(text)]
    spans += [(*match.span("number"), 0.85) for match in _LOCAL.finditer(text)]
    return list(_apart(spans))


def plates(text: str) -> Spans:
    """Car plates; spoken ones only after a word such as 차량 번호."""
    spans = [(*match.span(), 0.9) for match in _PLATE.finditer(text)]
    spans += [(*match.span("number"), 0.85) for match in _SPOKEN_PLATE.finditer(text)]
    return list(_apart(spans))


def _written(number: str) -> bool:
    """Whether a number is written in digits, with no spoken part."""
    return not any(is_syllable(c) for c in number)


def _date(text: str) -> bool:
    """Whether `text` is a date of six digits (YYMMDD), written or spoken."""
    date = digits(text)
    return len(date) == 6 and 1 <= int(date[2:4]) <= 12 and 1 <= int(date[4:6]) <= 31


def _apart(spans: Spans) -> Iterator[tuple[int, int, float]]:
    """The spans in order, without those that begin inside an earlier span."""
    at = 0
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if span[0] >= at:
            at = span[1]
            yield span
