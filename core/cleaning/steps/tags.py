"""The `tags` step: transcriber's tags of Korean dialogue corpora; what a text is without them.

`(SP:x) y` gives how a word was said (x) before how it is written (y): y stays. `FP:` a filled pause, `SN:` a sound of
the speaker, `NO:` a noise, in brackets or before a word: they go. Masks such as `[개인정보]` stay; they hold a place.
"""

import re
from collections.abc import Mapping
from typing import Any

from core.cleaning.steps.change import Change, Cleaner, each
from core.messages import Message, Names, Word

NAMES = {
    "SP": Word("pronunciation (SP)"), "FP": Word("filled pause (FP)"),
    "SN": Word("speaker sound (SN)"), "NO": Word("noise (NO)"),
}  # fmt: skip
# In brackets up to the first closing one (left alone where none closes), else up to the next white space; no nesting,
# so one look at each letter.
_TAG = re.compile(
    r"[(\[{<]\s*(SP|FP|SN|NO)\s*:[^()\[\]{}<>\n]*[)\]}>]|(?<![0-9A-Za-z(\[{<])(SP|FP|SN|NO):[^\s()\[\]{}<>]*"
)
_SPACE_BEFORE_MARK = re.compile(r"\s+([.,?!…])")
_MASK = re.compile(r"\[\s*[가-힣]{2,10}\s*\]")


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    return each(clean)


def clean(text: str) -> Change | None:
    after, why = cleaned(text)
    return Change(after, why, 1.0) if why and after != text else None


def cleaned(text: str) -> tuple[str, str]:
    """(`text` without tags, why); ("", "") where there is no tag or nothing would be left.

    >>> cleaned("(FP:어) 그 (SP:이케) 이렇게 했지 SN:웃음 [개인정보] 씨가")
    ('그 이렇게 했지 [개인정보] 씨가', 'tags taken out: filled pause (FP), pronunciation (SP), speaker sound (SN)')
    """
    found = sorted({NAMES[match[1] or match[2]] for match in _TAG.finditer(text)})
    if not found:
        return "", ""
    rest = _SPACE_BEFORE_MARK.sub(r"\1", " ".join(_TAG.sub(" ", text).split()))
    if not any(c.isalnum() for c in rest):
        return "", ""
    return rest, Message("tags taken out: {names}", names=Names(found))


def masks(text: str) -> int:
    """How many masks a text holds."""
    return len(_MASK.findall(text))
