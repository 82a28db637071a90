"""Misspelt words by a detector: a word that hunspell does not know, one slip away from one that fits its place.

Every slip is tried between the words beside it; kiwi's language model says how much likelier that becomes. Dialect and
other ways of speaking are no mistakes and stay.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import regex

from core.cleaning.analyser import analyser
from core.cleaning.spelling.fix import Fix
from core.cleaning.spelling.slips import near

LEAST_GAIN = 4.5  # natural logarithm: the words are 90 times as likely
_BESIDE = 12  # letters, to either side, of the words that are read with it
_SHORTEST, _LONGEST = 2, 10
_WORD = regex.compile(r"(?<![\[가-힣])[가-힣]+(?![\]가-힣])")
_SAID_SO = regex.compile(
    r"[일이삼사오육칠팔구십]층|뜨거|부[렀렸러]|카더|카던|카네|카노|워디|뭐시|뭣이|얼릉|그류|[온]나$|[읍옵줍갑]서|왐|수다|[당랑]께|[응]께|믄|능교|"
    r"[심니]더|데이$|바당|[하했]제$|슈|유$|잉$|예$|노$|꼬$|쟤|걔|쫌|글구|이짝|저짝|그짝|갸|야가|머라|뭐라카|하데|디$|는겨|구마|하이소|이소|"
    r"[일이삼사오육칠팔구공영]{3,}|^워|^마카$|^뭇|^뭐꼬|^켁|춘$|다카|쓰까|타불|[어아]신디|아방|삼춘|걷?읍서|재기$|[였었]제$"
)

Known = Callable[[str], bool]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A word that may be misspelt, the words beside it, and what it may have been."""

    text: int
    start: int
    end: int
    word: str
    before: str
    behind: str
    tried: tuple[str, ...]

    @property
    def readings(self) -> list[str]:
        """As it stands, then with each of `tried`."""
        return [self.before + word + self.behind for word in (self.word, *self.tried)]


def fixes(texts: Sequence[str], known: Known) -> list[dict[Place, Fix]]:
    """(start, end) -> what to write, for each text."""
    doubts = [doubt for at, text in enumerate(texts) for doubt in _doubts(at, text, known)]
    scores = _scores([reading for doubt in doubts for reading in doubt.readings])
    found: list[dict[Place, Fix]] = [{} for _ in texts]
    for doubt in doubts:
        plain, *others = [next(scores) for _ in range(len(doubt.tried) + 1)]
        score, right = max(zip(others, doubt.tried, strict=True))
        if score - plain >= LEAST_GAIN and right.startswith(_noun(doubt.word)):
            sure = round(min(0.95, 0.62 + 0.015 * (score - plain)), 2)
            found[doubt.text][doubt.start, doubt.end] = Fix(doubt.word, right, "사전에 없는 말", sure)
    return found


def _scores(readings: Sequence[str]) -> Iterator[float]:
    """The logarithm of how likely each is; one call, so that kiwi reads them side by side."""
    return (found[0][1] for found in analyser().analyze(readings)) if readings else iter(())


def _noun(word: str) -> str:
    """The noun that `word` begins with where kiwi knows it, though hunspell does not: 스쿼트, 트램. Else ""."""
    first = analyser().tokenize(word)[0]
    return str(first.form) if first.tag in ("NNG", "NNP") and first.len > 1 and not first.oov else ""


def _doubts(at: int, text: str, known: Known) -> Iterator[Doubt]:
    for start, end in suspects(text, known):
        tried = tuple(one for one in near(text[start:end]) if known(one))
        if tried:
            before = text[max(0, start - _BESIDE) : start].lstrip()
            behind = text[end : end + _BESIDE].rstrip()
            whole = start <= _BESIDE, end + _BESIDE >= len(text)  # else the word at the edge may be cut
            before = before if whole[0] else before.partition(" ")[2]
            behind = behind if whole[1] else behind.rpartition(" ")[0]
            yield Doubt(at, start, end, text[start:end], before, behind, tried)


def suspects(text: str, known: Known) -> list[Place]:
    """(start, end) of each word that may be misspelt."""
    return [hit.span() for hit in _WORD.finditer(text) if _suspect(hit[0], known)]


def said_so(word: str) -> bool:
    """Whether a word is dialect or a way of speaking."""
    return bool(_SAID_SO.search(word))


def _suspect(word: str, known: Known) -> bool:
    return _SHORTEST <= len(word) <= _LONGEST and not said_so(word) and not known(word)
