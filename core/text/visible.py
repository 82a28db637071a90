r"""What a person sees of a text: without invisible characters, with single spaces, in NFC. Emoji stay whole.

A spreadsheet, a web page or a chat window may add zero-width spaces, byte order marks, soft hyphens, marks of writing
direction and no-break spaces to a value. Two values that look the same are the same value, so labels and file names are
compared by `folded`, and texts by `same_text`. Emoji sequences are made of characters that are invisible alone
(joiners, variation selectors, tags), so these are kept inside a sequence. No letter, digit or mark is changed.
"""

import re
import unicodedata

from core.text import nfc

_PICTURE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_ONE = f"{_PICTURE}[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?\ufe0f?"
# flags of countries, keycaps, flags of regions, and pictures with skin tones that joiners connect
EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
    f"|{_ONE}(?:\u200d{_ONE})*"
)
BLANKS = dict.fromkeys((0x3164, 0xFFA0, 0x115F, 0x1160, 0x2800), " ")  # letters and a sign that look like spaces
_UNSEEN = ("Cc", "Cf", "Cs")  # control, format (zero width, BOM, direction) and lone surrogates
_SELECTOR = "\u034f\ufe00-\ufe0f"  # marks that show nothing: joiner of marks, variation selectors
_PRINTABLE_BUT_ODD = re.compile(f"[{_SELECTOR}{''.join(map(chr, BLANKS))}]")
_WHITE = re.compile(r"\s")
_SELECTORS = re.compile(f"[{_SELECTOR}]")


def visible(text: str) -> str:
    r"""`text` in NFC with single plain spaces and without invisible characters.

    >>> visible(" 불\u200b이  났어요\u3000"), visible("👩\u200d🚒 119") == "👩\u200d🚒 119"
    ('불이 났어요', True)
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return nfc(" ".join(_without_unseen(nfc(text)).split()))


def folded(text: str) -> str:
    """Return the key by which values are compared: `visible`, and without width and case.

    >>> folded("ＵＲＧＥＮＴ ") == folded("urgent"), folded("ｶﾞ") == folded("ガ")
    (True, True)
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split()).lower()
    wide = unicodedata.normalize("NFKC", _seen(text)).casefold()
    return " ".join(unicodedata.normalize("NFKC", _seen(wide)).split())


def same_text(text: str) -> str:
    r"""The key of `text`: rows with equal keys have the same text. Edge spaces and invisible characters are no part.

    >>> same_text(" 불이\u00a0났어\u200b요 "), same_text("불이  났어요")
    ('불이 났어요', '불이  났어요')
    """
    text = nfc(text)
    if text.isprintable() and not _PRINTABLE_BUT_ODD.search(text):
        return text.strip()
    return nfc(_WHITE.sub(" ", _without_unseen(text)).strip())


def emoji(text: str) -> list[str]:
    r"""The emoji of `text` in their order, each as a whole sequence.

    >>> emoji("불 🔥 👩\u200d🚒 🇰🇷") == ["🔥", "👩\u200d🚒", "🇰🇷"]
    True
    """
    return EMOJI.findall(text)


def _without_unseen(text: str) -> str:
    """`text` without invisible characters, except inside emoji; white space stays."""
    if text.isprintable() and not _PRINTABLE_BUT_ODD.search(text):
        return text
    pieces, at = [], 0
    for hit in EMOJI.finditer(text):
        pieces += [_seen(text[at : hit.start()]), hit[0]]
        at = hit.end()
    return "".join([*pieces, _seen(text[at:])])


def _seen(text: str) -> str:
    """`text` without invisible characters; white space stays."""
    text = _SELECTORS.sub("", text.translate(BLANKS))
    if text.isprintable():
        return text
    return "".join(c for c in text if c.isspace() or unicodedata.category(c) not in _UNSEEN)
