"""Personal numbers in a text: where e-mail addresses, resident, account and telephone numbers and car plates stand.

Each finder gives (start, end, confidence), in order and without overlaps.
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
_PLATE_SAID = re.compile(
    r"(?:차량\s?번호|차\s?번호|번호판|차량\s?넘버)[가-힣]{0,3}\s?[,:]?\s?(?:[가-힣]{2}\s)?"
    rf"(?P<number>(?:{D}(?:{GAP}{D}){{1,2}}|[일이삼사오육칠팔구]?십[일이삼사오육칠팔구]?)\s?[{_PLATE_LETTERS}]"
    rf"(?:에)?\s?(?:{group(4)})|{group(4)}(?!{D}))"
)


def emails(text: str) -> Spans:
    if "@" not in text and "골뱅이" not in text:
        return []
    return [(*found.span(), 0.98) for found in _EMAIL.finditer(text)]


def residents(text: str) -> Spans:
    spans = [
        (*found.span(), 0.98 if _written(found[0]) else 0.9) for found in _RESIDENT.finditer(text) if _date(found[1])
    ]
    return spans or [(*found.span(1), 0.85) for found in _BIRTH.finditer(text) if _date(found[1])]


def accounts(text: str) -> Spans:
    """Ten to sixteen digits after a bank's name or 계좌; sixteen in fours are a card."""
    spans = [(*found.span(), 0.9) for found in _CARD.finditer(text)]
    for found in _BANK.finditer(text):
        said = digits(found["number"])
        if len(said) >= 10 and not re.match(r"01[016789]\d{7,8}$", said):
            spans.append((*found.span("number"), 0.9 if _written(found["number"]) else 0.8))
    return list(_apart(spans))


def telephones(text: str) -> Spans:
    """Mobile and land lines with their prefix; seven or eight digits only after a word such as 전화번호."""
    spans = [(*found.span(), 0.98 if _written(found[0]) else 0.93) for found in _MOBILE.finditer(text)]
    spans += [(*found.span(), 0.98) for found in _ABROAD.finditer(text)]
    spans += [(*found.span(), 0.95 if _written(found[0]) else 0.85) for found in _LANDLINE.finditer(text)]
    spans += [(*found.span("number"), 0.85) for found in _LOCAL.finditer(text)]
    return list(_apart(spans))


def plates(text: str) -> Spans:
    spans = [(*found.span(), 0.9) for found in _PLATE.finditer(text)]
    spans += [(*found.span("number"), 0.85) for found in _PLATE_SAID.finditer(text)]
    return list(_apart(spans))


def _written(found: str) -> bool:
    return not any(is_syllable(c) for c in found)


def _date(six: str) -> bool:
    said = digits(six)
    return len(said) == 6 and 1 <= int(said[2:4]) <= 12 and 1 <= int(said[4:6]) <= 31


def _apart(spans: Spans) -> Iterator[tuple[int, int, float]]:
    """The spans in order, without those that begin inside an earlier one."""
    at = 0
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if span[0] >= at:
            at = span[1]
            yield span
