"""Corrects words that hunspell does not know, if a word that differs by one slip fits much better.

Each such word is tried between its neighbours, and kiwi's language model says how much more likely the text becomes.
Dialect and colloquial words are not mistakes and stay.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import regex

from core.cleaning.analyser import analyser
from core.cleaning.spelling.correction import Correction
from core.cleaning.spelling.slips import one_slip_away

LEAST_GAIN = 4.5  # of log-likelihood (natural logarithm): the new text is 90 times as likely
_CONTEXT = 12  # letters on each side of a word that are read with it
_SHORTEST, _LONGEST = 2, 10
_WORD = regex.compile(r"(?<![\[가-힣])[가-힣]+(?![\]가-힣])")
_DIALECT = regex.compile(
    r"[일이삼사오육칠팔구십]층|뜨거|부[렀렸러]|카더|카던|카네|카노|워디|뭐시|뭣이|얼릉|그류|[온]나$|[읍옵줍갑]서|왐|수다|[당랑]께|[응]께|믄|능교|"
    r"[심니]더|데이$|바당|[하했]제$|슈|유$|잉$|예$|노$|꼬$|쟤|걔|쫌|글구|이짝|저짝|그짝|갸|야가|머라|뭐라카|하데|디$|는겨|구마|하이소|이소|"
    r"[일이삼사오육칠팔구공영]{3,}|^워|^마카$|^뭇|^뭐꼬|^켁|춘$|다카|쓰까|타불|[어아]신디|아방|삼춘|걷?읍서|재기$|[였었]제$"
)

Known = Callable[[str], bool]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class SuspectWord:
    """A word that may be misspelt: its text number and place, the words around it, and the words to try instead."""

    text: int
    start: int
    end: int
    word: str
    before: str
    behind: str
    tried: tuple[str, ...]

    @property
    def readings(self) -> list[str]:
        """The part of the text as it is, then with each of `tried` in place of the word."""
        return [self.before + word + self.behind for word in (self.word, *self.tried)]


def corrections(texts: Sequence[str], known: Known) -> list[dict[Place, Correction]]:
    """For each text, (start, end) -> correction."""
    suspect_words = [suspect for at, text in enumerate(texts) for suspect in _suspect_words(at, text, known)]
    scores = _scores([reading for suspect in suspect_words for reading in suspect.readings])
    result: list[dict[Place, Correction]] = [{} for _ in texts]
    for suspect in suspect_words:
        plain, *others = [next(scores) for _ in range(len(suspect.tried) + 1)]
        score, right = max(zip(others, suspect.tried, strict=True))
        if score - plain >= LEAST_GAIN and right.startswith(_noun(suspect.word)):
            confidence = round(min(0.95, 0.62 + 0.015 * (score - plain)), 2)
            place = suspect.start, suspect.end
            result[suspect.text][place] = Correction(suspect.word, right, "사전에 없는 말", confidence)
    return result


def _scores(readings: Sequence[str]) -> Iterator[float]:
    """The log-likelihood of each reading; one call for all, so that kiwi reads them in parallel."""
    return (analyses[0][1] for analyses in analyser().analyze(readings)) if readings else iter(())


def _noun(word: str) -> str:
    """The noun at the beginning of `word`, if kiwi knows one that hunspell may not know (스쿼트, 트램); else ""."""
    first = analyser().tokenize(word)[0]
    return str(first.form) if first.tag in ("NNG", "NNP") and first.len > 1 and not first.oov else ""


def _suspect_words(at: int, text: str, known: Known) -> Iterator[SuspectWord]:
    for start, end in suspects(text, known):
        tried = tuple(word for word in one_slip_away(text[start:end]) if known(word))
        if tried:
            before = text[max(0, start - _CONTEXT) : start].lstrip()
            behind = text[end : end + _CONTEXT].rstrip()
            # Inside a longer text, the word at the edge may be cut off, so it is left out.
            before = before if start <= _CONTEXT else before.partition(" ")[2]
            behind = behind if end + _CONTEXT >= len(text) else behind.rpartition(" ")[0]
            yield SuspectWord(at, start, end, text[start:end], before, behind, tried)


def suspects(text: str, known: Known) -> list[Place]:
    """(start, end) of each word that may be misspelt."""
    return [hit.span() for hit in _WORD.finditer(text) if _is_suspect(hit[0], known)]


def is_dialect(word: str) -> bool:
    """Whether a word is dialect or colloquial."""
    return bool(_DIALECT.search(word))


def _is_suspect(word: str, known: Known) -> bool:
    return _SHORTEST <= len(word) <= _LONGEST and not is_dialect(word) and not known(word)
