"""The `spacing` step: white space between words, by a backend of `SPACERS`.

A spacer is a function (texts, words) that gives the texts back with other white space. A result with other letters is
ignored here, so the letters of a text never change and no emoji is cut.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.cleaning.spacing.pieces import bare
from core.cleaning.steps.change import Change, Cleaner, Setting, one_of
from core.plugins import Backend, pick
from core.text.visible import emoji

SPACERS: dict[str, Backend] = {
    "kiwi": Backend("core.cleaning.spacing.kiwi:space", needs=("kiwipiepy",), install="pip install kiwipiepy==0.24.1"),
    "pykospacing": Backend(
        "core.cleaning.spacing.pykospacing:space",
        needs=("pykospacing",),
        install="pip install 'tensorflow<2.22' 'setuptools<82' "
        "'pykospacing @ git+https://github.com/haven-jeon/PyKoSpacing.git'",
    ),
    "dadeum": Backend("core.cleaning.spacing.dadeum:space", needs=("dadeum",), install="pip install dadeum==1.0.1"),
}
DEFAULT = "kiwi"
_MOST_WORDS = 10_000
_INSERTED, _REMOVED = 0.95, 0.85  # confidence


def _words(value: Sequence[Any]) -> str:
    """What is wrong with the list of words that are never cut, or ""."""
    if len(value) > _MOST_WORDS:
        return f"{len(value):,} words; at most {_MOST_WORDS:,}"
    wrong = [word for word in value if not isinstance(word, str) or not word.strip() or len(word) > 50]
    return f"{str(wrong[0])[:40]!r} is no word" if wrong else ""


SETTINGS = {"backend": Setting(DEFAULT, one_of(tuple(SPACERS))), "words": Setting([], _words)}


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    """The cleaner of a step. `MissingBackend` with the command that installs the backend if it is not installed."""
    space = pick(SPACERS, settings["backend"], "spacing backend")
    words = tuple(settings["words"])

    def clean(texts: Sequence[str]) -> list[Change | None]:
        return [_change(before, after) for before, after in zip(texts, space(texts, words), strict=True)]

    return clean


def _change(before: str, after: str) -> Change | None:
    """The change of white space; None if nothing or a letter changed. Removing a space is less sure than adding one."""
    after = " ".join(after.split())
    if after == before or bare(after) != bare(before) or emoji(after) != emoji(before):
        return None
    removed = _gaps(before) - _gaps(after)
    return Change(after, "spacing", _REMOVED if removed else _INSERTED)


def _gaps(text: str) -> set[int]:
    """The places of white space, as the number of letters before it."""
    gaps, letters = set(), 0
    for c in text:
        if c.isspace():
            gaps.add(letters)
        else:
            letters += 1
    return gaps
