"""Spelling without a network: reviewed confusions, then words that a dictionary or the typo model finds at fault.

With hunspell-ko installed, a word that it does not know is compared with its neighbours; kiwi's typo model also runs.
What hunspell knows is not touched by the model: where two words are both right, only a reviewed rule may choose.
"""

from collections.abc import Sequence

from core.cleaning.spelling import confusions, kiwi_typos, misspellings, unknown_words
from core.cleaning.spelling.fix import Fix
from core.cleaning.spelling.unknown_words import Known
from core.cleaning.steps.change import Change
from core.cleaning.steps.words import PLACEHOLDER, readable
from core.plugins import Backend

HUNSPELL = Backend(
    "core.cleaning.spelling.hunspell_words:known",
    needs=("hunspell",),
    install="apt-get install libhunspell-dev hunspell-ko && pip install hunspell==0.5.5",
)
_TOLD = 5  # fixes named in a reason


def correct(texts: Sequence[str], least: float, detector: str) -> list[Change | None]:
    """What each text should be; None where nothing is found that is at least so sure."""
    known = HUNSPELL.load() if detector == "hunspell" and _detects() else None
    ruled = [_ruled(text, least) if readable(text) else (text, []) for text in texts]
    doubtful = [at for at, (text, _) in enumerate(ruled) if readable(text) and _doubtful(text, known)]
    words = _words([ruled[at][0] for at in doubtful], known)
    for at, found in zip(doubtful, words, strict=True):
        after, more = _put(ruled[at][0], found, least)
        ruled[at] = after, [*ruled[at][1], *more]
    return [_change(text, *after) for text, after in zip(texts, ruled, strict=True)]


def _detects() -> bool:
    from core.cleaning.spelling.hunspell_words import available

    return HUNSPELL.installed() and available()


def _ruled(text: str, least: float) -> tuple[str, list[Fix]]:
    """After what needs no analyser."""
    after, found = misspellings.fixed(text, least)
    after, more = confusions.fixed(after, least)
    return after, [*found, *more]


def _doubtful(text: str, known: Known | None) -> bool:
    return known is None or bool(unknown_words.suspects(text, known))


def _words(texts: Sequence[str], known: Known | None) -> list[dict[tuple[int, int], Fix]]:
    """(start, end) -> what to write, for each text; what the detector finds comes before what the typo model finds."""
    typos = [{(start, end): fix for start, end, fix in found if _may(fix, known)} for found in kiwi_typos.fixes(texts)]
    if known is None:
        return typos
    return [typo | found for typo, found in zip(typos, unknown_words.fixes(texts, known), strict=True)]


def _put(text: str, found: dict[tuple[int, int], Fix], least: float) -> tuple[str, list[Fix]]:
    kept: list[Fix] = []
    low = len(text)
    for (start, end), fix in sorted(found.items(), key=lambda item: (-item[0][1], item[0][0])):
        if end <= low and fix.sure >= least:
            text, low = text[:start] + fix.right + text[end:], start
            kept.insert(0, fix)
    return text, kept


def _change(text: str, after: str, found: Sequence[Fix]) -> Change | None:
    if not found or after == text or PLACEHOLDER.findall(after) != PLACEHOLDER.findall(text):
        return None
    told = "; ".join(f"{fix.wrong} → {fix.right} ({fix.why})" for fix in found[:_TOLD])
    return Change(after, told, min(fix.sure for fix in found))


def _may(fix: Fix, known: Known | None) -> bool:
    """The detector's veto: a right word stays, and what comes in must be one."""
    if unknown_words.said_so(fix.wrong):
        return False
    wrong, right = fix.wrong.strip(".,?!~"), fix.right.strip(".,?!~")
    return known is None or (not known(wrong) and known(right))
