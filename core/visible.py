"""What a person sees of a text: without characters that nobody sees, with single spaces, in NFC.

A spreadsheet, a web page or a chat window may add zero-width spaces, byte order marks, soft hyphens, marks of writing
direction and no-break spaces to a value. Two values that look the same are the same value, so labels and file names are
compared by `folded`. Nothing here changes the text of an utterance.
"""

import re
import unicodedata

# Blanks that are no white space for Python: Hangul fillers and the empty braille pattern.
_BLANKS = re.compile("[\u115f\u1160\u3164\uffa0\u2800]")
# Zero width and direction marks, soft hyphen, byte order mark, variation selectors, tags, and control characters.
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_IN_EMOJI = frozenset("\u200d\ufe0f")  # between two pictures they join them


def visible(text: str) -> str:
    """Return `text` without hidden characters and edge spaces, with single spaces, in NFC. Emoji stay whole.

    >>> visible("\\ufeff긴급\\u200b\\u00a0"), visible("비\\u3164\\u3164긴급")
    ('긴급', '비 긴급')
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    normal = unicodedata.normalize("NFC", _BLANKS.sub(" ", text))
    return " ".join(_HIDDEN.sub(_kept_in_emoji, normal).split())


def folded(text: str) -> str:
    """Return the key by which values are compared: `visible`, and without width and case.

    >>> folded("ＵＲＧＥＮＴ ") == folded("urgent"), folded("ｶﾞ") == folded("ガ")
    (True, True)
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split()).lower()
    wide = unicodedata.normalize("NFKC", _HIDDEN.sub("", _BLANKS.sub(" ", text))).casefold()
    return " ".join(unicodedata.normalize("NFKC", _HIDDEN.sub("", wide)).split())


def _kept_in_emoji(match: re.Match[str]) -> str:
    """The hidden character if it belongs to an emoji, else nothing."""
    text, at = match.string, match.start()
    if match[0] not in _IN_EMOJI or at == 0 or unicodedata.category(text[at - 1]) not in ("So", "Sk", "Mn"):
        return ""
    if match[0] == "\ufe0f":
        return match[0]
    return match[0] if unicodedata.category(text[at + 1 : at + 2] or " ") == "So" else ""
