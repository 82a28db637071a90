"""Texts that say nothing: empty, without a letter, masks only, or a voice that nobody has written down."""

import re

from core.quality.marks import CAPTION, Marked
from core.quality.nouns import Check, Listed
from core.text import letters

# [개인정보], <name>, {주소}, &name&, ○○○, ***: what stands where something was taken out
_MASK = re.compile(r"\[[^\[\]\n]{1,30}\]|<[^<>\n]{1,30}>|\{[^{}\n]{1,30}\}|&[^&\s]{1,30}&|[○●◯□■*＊#]{2,}")


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
