"""Texts that say nothing: empty, without a letter, masks only, or a voice that nobody has written down; and texts that
say something in signs that are out of place, which can be mended without changing a word.
"""

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterator

from core.quality.marks import Marked
from core.quality.types import Check, Finding, Fix, Listed
from core.records import CAPTION
from core.text import letters, nfc

# [개인정보], <name>, {주소}, &name&, ○○○, ***: what stands where something was taken out
_MASK = re.compile(r"\[[^\[\]\n]{1,30}\]|<[^<>\n]{1,30}>|\{[^{}\n]{1,30}\}|&[^&\s]{1,30}&|[○●◯□■*＊#]{2,}")


# what shows nothing (control and format characters); joiners and tags stay, since emoji are made of them
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SPACE = re.compile(r"^\s|\s$|\s\s|[^\S ]")
_WIDE = re.compile("[\uff01-\uffee]")
_ODD = {"hidden": _HIDDEN, "space": _SPACE, "wide": _WIDE}


def mended(text: str) -> str:
    r"""`text` without signs that show nothing, in letters of usual width, with single spaces.

    >>> mended("\ufeff１１９에  전화해\u200b\n"), mended("👩\u200d🚒 ㅎㅈ")
    ('119에 전화해', '👩\u200d🚒 ㅎㅈ')
    """
    shown = _HIDDEN.sub("", nfc(text))
    return nfc(" ".join(_WIDE.sub(_usual, shown).split()))


def _usual(wide: re.Match[str]) -> str:
    """The letter itself of its wide or narrow form; one step only, which leaves Hangul what a keyboard types."""
    how, _, code = unicodedata.decomposition(wide[0]).partition(" ")
    return chr(int(code, 16)) if how in ("<wide>", "<narrow>") else wide[0]


class Untidy:
    """Texts that `mended` changes and leaves something of; `numbers` count what is odd about them."""

    def __init__(self, check: Check) -> None:
        self.check, self._ids, self._odd = check, array("q"), Counter[str]()

    def take(self, item: Marked) -> None:
        text = item.said.text
        odd = [name for name, sign in _ODD.items() if sign.search(text)]
        if odd and mended(text) not in ("", text):
            self._ids.append(item.id)
            self._odd.update(odd)

    def findings(self) -> list[Finding]:
        return [self.check.finding(len(self._ids), self._ids, numbers=dict(self._odd))] if self._ids else []

    def fixes(self) -> Iterator[Fix]:
        return (Fix(one, self.check.what) for one in self._ids)


def only_masks(text: str) -> bool:
    """
    >>> only_masks("[개인정보] [전화]."), only_masks("[개인정보] 씨"), only_masks("...")
    (True, False, False)
    """
    rest, masks = _MASK.subn(" ", text)
    return masks > 0 and not letters(rest)


def masks(check: Check) -> Listed:
    return Listed(check, lambda item: only_masks(item.said.text))


def empty(check: Check) -> Listed:
    return Listed(check, lambda item: item.blank and item.said.recording_id is None)


def without_letters(check: Check) -> Listed:
    return Listed(check, _no_letters)


def unwritten(check: Check) -> Listed:
    return Listed(check, lambda item: item.blank and item.said.recording_id is not None)


def _no_letters(item: Marked) -> bool:
    return not item.blank and not item.letters and item.said.origin != CAPTION and not only_masks(item.said.text)
