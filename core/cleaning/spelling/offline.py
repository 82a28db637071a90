"""Spelling without a network: first the reviewed rules, then words that a dictionary or the typo model finds wrong.

If hunspell-ko is installed, similar words are tried for each word that it does not know. kiwi's typo model also runs,
but it does not change a word that hunspell knows: between two right words, only a reviewed rule may choose.
"""

from collections.abc import Sequence

from core.cleaning.spelling import confusions, kiwi_typos, misspellings, unknown_words
from core.cleaning.spelling.correction import Correction
from core.cleaning.spelling.unknown_words import Known
from core.cleaning.steps.change import Change
from core.cleaning.steps.text import PLACEHOLDER, readable
from core.plugins import Backend

HUNSPELL = Backend(
    "core.cleaning.spelling.hunspell_words:known",
    needs=("hunspell",),
    install="apt-get install libhunspell-dev hunspell-ko && pip install hunspell==0.5.5",
)
_MOST_NAMED = 5  # corrections named in a reason


def correct(texts: Sequence[str], least: float, detector: str) -> list[Change | None]:
    """The corrected text for each text; None if nothing is wrong with a confidence of at least `least`."""
    known = HUNSPELL.load() if detector == "hunspell" and _detector_installed() else None
    ruled = [_by_rules(text, least) if readable(text) else (text, []) for text in texts]
    doubtful = [at for at, (text, _) in enumerate(ruled) if readable(text) and _needs_analyser(text, known)]
    words = _words([ruled[at][0] for at in doubtful], known)
    for at, corrections in zip(doubtful, words, strict=True):
        after, more = _apply(ruled[at][0], corrections, least)
        ruled[at] = after, [*ruled[at][1], *more]
    return [_change(text, *after) for text, after in zip(texts, ruled, strict=True)]


def _detector_installed() -> bool:
    from core.cleaning.spelling.hunspell_words import available

    return HUNSPELL.installed() and available()


def _by_rules(text: str, least: float) -> tuple[str, list[Correction]]:
    """`text` after the two tables of rules, which need no analyser, and the corrections."""
    after, corrections = misspellings.correct_text(text, least)
    after, more = confusions.correct_text(after, least)
    return after, [*corrections, *more]


def _needs_analyser(text: str, known: Known | None) -> bool:
    return known is None or bool(unknown_words.suspects(text, known))


def _words(texts: Sequence[str], known: Known | None) -> list[dict[tuple[int, int], Correction]]:
    """For each text, (start, end) -> correction. The detector wins over the typo model at the same place."""
    typos = [
        {(start, end): correction for start, end, correction in row if _allowed(correction, known)}
        for row in kiwi_typos.corrections(texts)
    ]
    if known is None:
        return typos
    return [typo | detected for typo, detected in zip(typos, unknown_words.corrections(texts, known), strict=True)]


def _apply(text: str, corrections: dict[tuple[int, int], Correction], least: float) -> tuple[str, list[Correction]]:
    """`text` with the corrections that are sure enough and do not overlap, and these corrections in order."""
    applied: list[Correction] = []
    low = len(text)
    for (start, end), correction in sorted(corrections.items(), key=lambda item: (-item[0][1], item[0][0])):
        if end <= low and correction.confidence >= least:
            text, low = text[:start] + correction.right + text[end:], start
            applied.insert(0, correction)
    return text, applied


def _change(text: str, after: str, corrections: Sequence[Correction]) -> Change | None:
    """The change; None if nothing changed or a placeholder would be damaged."""
    if not corrections or after == text or PLACEHOLDER.findall(after) != PLACEHOLDER.findall(text):
        return None
    reason = "; ".join(f"{fix.wrong} → {fix.right} ({fix.reason})" for fix in corrections[:_MOST_NAMED])
    return Change(after, reason, min(fix.confidence for fix in corrections))


def _allowed(correction: Correction, known: Known | None) -> bool:
    """Whether a typo correction may be used: dialect and known words stay, and the new word must be a known one."""
    if unknown_words.is_dialect(correction.wrong):
        return False
    wrong, right = correction.wrong.strip(".,?!~"), correction.right.strip(".,?!~")
    return known is None or (not known(wrong) and known(right))
