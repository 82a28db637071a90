"""Checks of one text at a time: texts without content, and texts with characters that are out of place.

Without content: empty, no letter or digit, masks only, or a recorded utterance without a transcript. Characters out of
place (hidden characters, full-width letters, odd white space) are tidied without changing a word.
"""

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterator

from core.quality.digests import DigestedUtterance
from core.quality.types import Check, Finding, Fix, PredicateCollector
from core.records import CAPTION
from core.text import letters, nfc
from core.text.visible import visible

# [개인정보], <name>, {주소}, &name&, ○○○, ***: what transcribers write in place of something that they removed
_MASK = re.compile(r"\[[^\[\]\n]{1,30}\]|<[^<>\n]{1,30}>|\{[^{}\n]{1,30}\}|&[^&\s]{1,30}&|[○●◯□■*＊#]{2,}")


# control and format characters, which show nothing; joiners and tags are kept, because emoji are made of them
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SPACE = re.compile(r"^\s|\s$|\s\s|[^\S ]")
_WIDE = re.compile("[\uff01-\uffee]")
_ODD = {"hidden": _HIDDEN, "space": _SPACE, "wide": _WIDE}


def tidy_text(text: str) -> str:
    r"""`text` in NFC without hidden characters, with letters of the usual width and single spaces.

    >>> tidy_text("\ufeff１１９에  전화해\u200b\n"), tidy_text("👩\u200d🚒 ㅎㅈ")
    ('119에 전화해', '👩\u200d🚒 ㅎㅈ')
    """
    return nfc(" ".join(_WIDE.sub(_usual_width, visible(text)).split()))


def _usual_width(wide: re.Match[str]) -> str:
    """The usual letter for a full-width or half-width one. One step only: half-width Hangul becomes plain jamo."""
    form, _, code = unicodedata.decomposition(wide[0]).partition(" ")
    return chr(int(code, 16)) if form in ("<wide>", "<narrow>") else wide[0]


class UntidyText:
    """Texts that `tidy_text` changes but does not empty. `numbers` counts the texts for each kind of odd character."""

    def __init__(self, check: Check) -> None:
        self.check, self._ids, self._kinds = check, array("q"), Counter[str]()

    def take(self, item: DigestedUtterance) -> None:
        text = item.utterance.text
        odd = [name for name, sign in _ODD.items() if sign.search(text)]
        if odd and tidy_text(text) not in ("", text):
            self._ids.append(item.id)
            self._kinds.update(odd)

    def findings(self) -> list[Finding]:
        return [self.check.finding(len(self._ids), self._ids, numbers=dict(self._kinds))] if self._ids else []

    def fixes(self) -> Iterator[Fix]:
        return (Fix(item_id, self.check.what) for item_id in self._ids)


def only_masks(text: str) -> bool:
    """Whether `text` has a mask, and no letter or digit outside of masks.

    >>> only_masks("[개인정보] [전화]."), only_masks("[개인정보] 씨"), only_masks("...")
    (True, False, False)
    """
    rest, mask_only = _MASK.subn(" ", text)
    return mask_only > 0 and not letters(rest)


def mask_only(check: Check) -> PredicateCollector:
    """Collects texts that hold nothing but masks."""
    return PredicateCollector(check, lambda item: only_masks(item.utterance.text))


def empty_text(check: Check) -> PredicateCollector:
    """Collects blank sentences that have no recording."""
    return PredicateCollector(check, lambda item: item.blank and item.utterance.recording_id is None)


def no_letters(check: Check) -> PredicateCollector:
    """Collects texts without a letter or digit, such as "?!"."""
    return PredicateCollector(check, _has_no_letters)


def no_transcript(check: Check) -> PredicateCollector:
    """Collects utterances of recordings that have no text."""
    return PredicateCollector(check, lambda item: item.blank and item.utterance.recording_id is not None)


def _has_no_letters(item: DigestedUtterance) -> bool:
    return (
        not item.blank and not item.letters and item.utterance.origin != CAPTION and not only_masks(item.utterance.text)
    )
