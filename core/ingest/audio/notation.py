"""Reads the transcription rules of KsponSpeech and its sister corpora (ETRI), and suggests plain texts.

`(3개)/(세 개)` gives a spelling and its pronunciation: the spelling stays. `b/ l/ n/ o/ u/` mark breath, laughter,
noise, overlapping speech and what nobody understands: they are removed. `아/` is a filler, `그+` is said again,
`그*` is unclear: the word stays, its mark is removed. The text stays as received; a curator accepts the plain one.
"""

import re
from collections.abc import Iterable

from core.ingest.entries import Cleaning
from core.messages import Message
from core.records import NewUtterance

NOTATION = "notation"
MARKED = Message("text with marks of a transcription: a plain text is suggested")
REASON = Message("marks of a transcription taken out, the spelling stays")
_PAIR = re.compile(r"\(([^()]*)\)\s*/\s*\(([^()]*)\)")
_MARK = re.compile(r"(?<![^\s/])[blnou]/(?=[\s가-힣(.,?!]|$)")
_FILLER = re.compile(r"(?<=[가-힣])/(?=[\s.,?!+*]|$)")
_AGAIN = re.compile(r"(?<=[\w.,?!%])[+*]+(?=[\s.,?!]|$)")
_SPACE_BEFORE_SIGN = re.compile(r"\s+([.,?!…])")


def plain(text: str, is_notation: bool = False) -> str:
    """`text` without marks; "" if it has none, or if nothing would be left.

    `아/`, `그+` and `그*` alone count only if the text is known to follow these rules (`is_notation`).

    >>> plain("b/ 아/ 저희 집에 (119)/(일 일 구) 불러+ 불러 주세요 n/")
    '아 저희 집에 119 불러 불러 주세요'
    >>> plain("서울/ 부산 1+"), plain("아/ 그+ 그때", is_notation=True)
    ('', '아 그 그때')
    """
    is_marked = _PAIR.search(text) or _MARK.search(text)
    if not is_marked and not (is_notation and (_FILLER.search(text) or _AGAIN.search(text))):
        return ""
    rest = _MARK.sub(" ", _PAIR.sub(r"\1", text))
    rest = " ".join(_AGAIN.sub("", _FILLER.sub("", rest)).split())
    rest = _SPACE_BEFORE_SIGN.sub(r"\1", rest)
    return rest if any(character.isalnum() for character in rest) else ""


def cleanings(
    utterances: Iterable[NewUtterance], is_notation: bool = False
) -> tuple[tuple[Cleaning, ...], tuple[str, ...]]:
    """A suggestion for each text with marks, and a note for each."""
    suggested = []
    for utterance in utterances:
        text = plain(utterance.text, is_notation)
        if text and text != utterance.text:
            suggested.append(Cleaning(utterance.key, NOTATION, utterance.text, text, REASON))
    return tuple(suggested), (MARKED,) * len(suggested)
