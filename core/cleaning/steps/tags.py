"""The `tags` step removes the transcribers' tags of Korean dialogue corpora.

`(SP:x) y` gives the pronunciation x of a word before its spelling y: y stays. `FP:` (filled pause), `SN:` (sound of
the speaker) and `NO:` (noise) are removed, in brackets or as the start of a word. Masks such as `[개인정보]` stay,
because each stands for a word.
"""

import re
from collections.abc import Mapping
from typing import Any

from core.cleaning.steps.change import Change, Cleaner, clean_each
from core.messages import Message, Names, Word

NAMES = {
    "SP": Word("pronunciation (SP)"), "FP": Word("filled pause (FP)"),
    "SN": Word("speaker sound (SN)"), "NO": Word("noise (NO)"),
}  # fmt: skip
# A tag in brackets ends at the first closing bracket (without one it is no tag), else at the next white space. There is
# no nesting, so each letter is read once.
_TAG = re.compile(
    r"[(\[{<]\s*(SP|FP|SN|NO)\s*:[^()\[\]{}<>\n]*[)\]}>]|(?<![0-9A-Za-z(\[{<])(SP|FP|SN|NO):[^\s()\[\]{}<>]*"
)
_SPACE_BEFORE_MARK = re.compile(r"\s+([.,?!…])")
_MASK = re.compile(r"\[\s*[가-힣]{2,10}\s*\]")


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    """The cleaner of a step; there are no settings, and every change is certain."""
    return clean_each(clean)


def clean(text: str) -> Change | None:
    """`text` without tags; None if it has no tag or nothing would be left."""
    after, reason = cleaned(text)
    return Change(after, reason, 1.0) if reason and after != text else None


def cleaned(text: str) -> tuple[str, str]:
    """(`text` without tags, the reason); ("", "") if it has no tag or nothing would be left.

    >>> cleaned("(FP:어) 그 (SP:이케) 이렇게 했지 SN:웃음 [개인정보] 씨가")
    ('그 이렇게 했지 [개인정보] 씨가', 'tags taken out: filled pause (FP), pronunciation (SP), speaker sound (SN)')
    """
    names = sorted({NAMES[match[1] or match[2]] for match in _TAG.finditer(text)})
    if not names:
        return "", ""
    rest = _SPACE_BEFORE_MARK.sub(r"\1", " ".join(_TAG.sub(" ", text).split()))
    if not any(c.isalnum() for c in rest):
        return "", ""
    return rest, Message("tags taken out: {names}", names=Names(names))


def masks(text: str) -> int:
    """The number of masks in a text."""
    return len(_MASK.findall(text))
