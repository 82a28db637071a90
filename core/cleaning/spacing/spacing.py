"""The `spacing` step: white space between words, by a row of `SPACERS`.

A spacer takes texts and gives them back with nothing but white space moved; whatever else one would change is refused
here, so a text either keeps its letters or is left alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.cleaning.steps.change import Change, Cleaner, Setting, one_of
from core.plugins import Backend, pick

SPACERS: dict[str, Backend] = {
    "kiwi": Backend("core.cleaning.spacing.kiwi:space", needs=("kiwipiepy",), install="pip install kiwipiepy==0.24.1"),
    "pykospacing": Backend(
        "core.cleaning.spacing.pykospacing:space",
        needs=("pykospacing",),
        install="pip install 'tensorflow<2.22' 'setuptools<82' "
        "'pykospacing @ git+https://github.com/haven-jeon/PyKoSpacing.git'",
    ),
}
DEFAULT = "kiwi"
_MOST_WORDS = 10_000
_INSERTED, _MOVED = 0.95, 0.85


def _words(value: Sequence[Any]) -> str:
    if len(value) > _MOST_WORDS:
        return f"{len(value):,} words; at most {_MOST_WORDS:,}"
    wrong = [word for word in value if not isinstance(word, str) or not word.strip() or len(word) > 50]
    return f"{str(wrong[0])[:40]!r} is no word" if wrong else ""


SETTINGS = {"backend": Setting(DEFAULT, one_of(tuple(SPACERS))), "words": Setting([], _words)}


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    """`MissingBackend` with the command where the backend is not installed."""
    space = pick(SPACERS, settings["backend"], "spacing backend")
    words = tuple(settings["words"])

    def clean(texts: Sequence[str]) -> list[Change | None]:
        return [_change(before, after) for before, after in zip(texts, space(texts, words), strict=True)]

    return clean


def _change(before: str, after: str) -> Change | None:
    after = " ".join(after.split())
    if after == before or _letters(after) != _letters(before):
        return None
    gone = _gaps(before) - _gaps(after)
    return Change(after, "spacing", _MOVED if gone else _INSERTED)


def _letters(text: str) -> str:
    return "".join(text.split())


def _gaps(text: str) -> set[int]:
    """After how many letters white space stands."""
    gaps, letters = set(), 0
    for c in text:
        if c.isspace():
            gaps.add(letters)
        else:
            letters += 1
    return gaps
