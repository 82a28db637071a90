"""Decides whether what a recogniser read in a clip is believed: words, somebody who was not understood, or nobody.

A recogniser always answers. On noise, on music and on speech that it does not understand it writes fluent sentences
that nobody said: thanks for watching, words of its own prompt, a few syllables for ever. A reading is believed only if
it is likely enough, in the script and language that were asked for, not faster than people speak, and no loop. A
reading with a prompt counts only if the reading without the prompt says about the same. All limits were measured on
silence, noise, tones, music, the demo's synthetic voices and spoken digits: see bench/RESULTS.md.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from math import exp, inf, isnan

from core.scores.letters import letters_only
from core.speech.transcribers.transcript import State, Word

LEAST_LOGPROB = -0.8  # a token; digits that were understood had -0.2 to -0.7, synthetic voices below -0.8
HOPELESS_LOGPROB = -1.3  # below this a prompt does not help either
SILENT = 0.6  # probability of no speech from which a reading of low probability means that nobody speaks
UNLIKELY = -0.5
LEAST_LANGUAGE = 0.5  # probability of the language that was asked for, in the clip or in all clips together
LEAST_OF_CLIP = 0.1  # in the clip itself, where all clips together are in that language
SAME = 0.6  # share of letters that two readings must have in common
MOST_LETTERS_PER_S = 12.0
GRACE_S = 0.5  # a clip is cut close, so that its words may be a little faster
KEPT_REPEATS = 3
NUMBER_LOOP = 12  # digits in a row from which a repeat of digits alone is a loop: no telephone number has as many equal
LOOP_SHARE = 0.6  # of the letters that only repeat, above which the reading is a loop
LEAST_SCRIPT = 0.5  # share of the letters in the script of the language

_REPEATED = re.compile(r"(.{1,24}?)\1{3,}", re.S)
_REPEATED_WORDS = re.compile(r"(?<!\S)(\S+(?:\s+\S+){0,5}?)(?:\s+\1){3,}(?!\S)")
# What Whisper learnt from subtitles and says where nobody speaks; nobody says it to an emergency service.
_SUBTITLES = re.compile(
    r"시청\s*해\s*주|구독.{0,6}(좋아요|부탁|눌러)|좋아요.{0,6}(구독|부탁|눌러)|다음\s*(영상|시간)에|영상에서\s*만나|자막\s*(제공|제작|by)"
    r"|자막을|[가-힣A-Z]{2,4}\s?뉴스\s?\S{2,4}입니다|thanks?\s*(you\s*)?for\s*watching|subscribe|amara\.org|字幕|ご視聴|谢谢观看",
    re.I,
)
_DIGITS = frozenset("0123456789공영일이삼사오육칠팔구")  # as written, and as spelled in Korean
_SCRIPTS = {"ko": ("HANGUL",), "ja": ("HIRAGANA", "KATAKANA", "CJK"), "zh": ("CJK",), "ru": ("CYRILLIC",)}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a recogniser read in one clip, before anything of it is believed.

    `logprob` is the mean log-probability of a token, `no_speech` the probability that nobody speaks, `languages` the
    probability of each language; None or empty where the recogniser does not tell. A recogniser that should tell
    `logprob` and did not has -inf there: its text is not believed.
    """

    text: str
    logprob: float | None = None
    no_speech: float | None = None
    languages: Mapping[str, float] = field(default_factory=dict)
    words: tuple[Word, ...] = ()

    @property
    def likelihood(self) -> float | None:
        """`logprob`, at most 0; what is no number is the least likely."""
        if self.logprob is None:
            return None
        return -inf if isnan(self.logprob) else min(0.0, self.logprob)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is believed of a reading; `text` and `words` are empty unless `state` is "ok"."""

    state: State
    text: str
    confidence: float
    language: str
    words: tuple[Word, ...] = ()


def judged(
    plain: Reading, prompted: Reading | None, seconds: float, language: str, in_all: float | None = None
) -> Verdict:
    """What is believed of a clip of `seconds` that was read without and, if so, with a prompt.

    `in_all` is the probability of `language` over all clips of the recording: a short turn alone tells little.
    """
    spoken, confidence = _language(plain, language, in_all), _confidence(plain)
    if _silent(plain):
        return Verdict("no_speech", "", confidence, spoken)
    believed = _believed(plain, prompted, seconds, language) if spoken == language else None
    if believed is None:
        return Verdict("not_understood", "", confidence, spoken)
    reading, text = believed
    return Verdict("ok", text, _confidence(reading), spoken, _words(reading, text))


def worth_a_prompt(plain: Reading) -> bool:
    """Whether a reading with the prompt could be believed: not where this one says nothing, or anything at all."""
    likelihood = plain.likelihood
    return bool(letters_only(plain.text)) and (likelihood is None or likelihood >= HOPELESS_LOGPROB)


def pooled(readings: Sequence[tuple[Reading, float]], language: str) -> float | None:
    """The probability of `language` over clips with their seconds; None where the recogniser does not tell."""
    told = [(reading.languages.get(language, 0.0), seconds) for reading, seconds in readings if reading.languages]
    total = sum(seconds for _, seconds in told)
    return sum(p * seconds for p, seconds in told) / total if total else None


def cut_repeats(text: str) -> str:
    """`text` with what is said more than `KEPT_REPEATS` times in a row said that often; a number stays whole.

    >>> cut_repeats("빨리 빨리 빨리 빨리 빨리 와 주세요"), cut_repeats("아아아아아아아아 불이야")
    ('빨리 빨리 빨리 와 주세요', '아아아 불이야')
    >>> cut_repeats("1111호, 010-0000-1234, 일 일 일 일 호"), cut_repeats("3, " * 15)
    ('1111호, 010-0000-1234, 일 일 일 일 호', '3, 3, 3,')
    """
    words = _REPEATED_WORDS.sub(lambda match: _kept(match, " "), text)
    return _REPEATED.sub(lambda match: _kept(match, ""), words).strip()


def _kept(match: re.Match[str], between: str) -> str:
    """What is left of a repeat: all of a number below `NUMBER_LOOP` digits, else `KEPT_REPEATS` times what repeats."""
    letters = letters_only(match[0])
    if letters and _DIGITS.issuperset(letters) and len(letters) < NUMBER_LOOP:
        return match[0]
    return between.join([match[1]] * KEPT_REPEATS)


def similar(one: str, other: str) -> float:
    """The share of letters and digits that two texts have in common, in order, 0 to 1.

    >>> similar("불이 났어요!", "불이났어요"), round(similar("불이 났어요", "구급차가 출동했습니다"), 2)
    (1.0, 0.0)
    """
    return SequenceMatcher(None, letters_only(one), letters_only(other), autojunk=False).ratio()


def _believed(plain: Reading, prompted: Reading | None, seconds: float, language: str) -> tuple[Reading, str] | None:
    """The reading that counts, and its text without repeats; None if neither does."""
    text = _text_of(plain, seconds, language)
    if prompted is None:
        return None if text is None else (plain, text)
    told = _text_of(prompted, seconds, language)
    # What only the prompt made the recogniser say is an echo of the prompt.
    if told is not None and similar(prompted.text, plain.text) >= SAME:
        return prompted, told
    return None if text is None else (plain, text)


def _text_of(reading: Reading, seconds: float, language: str) -> str | None:
    """The text of a reading that can be believed, without repeats, else None."""
    spoken = letters_only(reading.text)
    if not spoken or (reading.likelihood is not None and reading.likelihood < LEAST_LOGPROB):
        return None
    text = cut_repeats(reading.text)
    looping = len(letters_only(text)) < (1 - LOOP_SHARE) * len(spoken)
    too_fast = len(spoken) > MOST_LETTERS_PER_S * (seconds + GRACE_S) * (2 if language != "ko" else 1)
    if looping or too_fast or _SUBTITLES.search(text) or _in_script(spoken, language) < LEAST_SCRIPT:
        return None
    return text


def _silent(reading: Reading) -> bool:
    """Whether the recogniser itself thinks that nobody speaks, and gives no words or finds its own words unlikely.

    One that does not tell whether somebody speaks tells it by giving no words.
    """
    empty, likelihood = not reading.text.strip(), reading.likelihood
    if reading.no_speech is None:
        return empty
    unlikely = likelihood is not None and likelihood < UNLIKELY
    return reading.no_speech >= SILENT and (empty or unlikely)


def _language(reading: Reading, language: str, in_all: float | None) -> str:
    """The language that is spoken: the one that was asked for, if the clip or the recording is in it."""
    if not reading.languages:
        return language
    here = reading.languages.get(language, 0.0)
    if here >= LEAST_LANGUAGE or (in_all is not None and in_all >= LEAST_LANGUAGE and here >= LEAST_OF_CLIP):
        return language
    others = {code: p for code, p in reading.languages.items() if code != language}
    return max(others, key=lambda code: others[code], default=language)


def _confidence(reading: Reading) -> float:
    """The mean probability of a token, 0 to 1; of the words, where the recogniser tells no more; 0 without a figure."""
    if reading.likelihood is not None:
        return round(exp(reading.likelihood), 4)
    return round(sum(w.probability for w in reading.words) / len(reading.words), 4) if reading.words else 0.0


def _words(reading: Reading, text: str) -> tuple[Word, ...]:
    """The words of the reading that make the text, in order; what was cut as a repeat is left out."""
    kept, made, letters = [], "", letters_only(text)
    for word in reading.words:
        spoken = cut_repeats(word.text)
        if letters.startswith(made + letters_only(spoken)):
            made += letters_only(spoken)
            kept.append(replace(word, text=spoken))
    return tuple(word for word in kept if word.text)


def _in_script(letters: str, language: str) -> float:
    """The share of letters in the script of the language (Latin, if it is not in the table); 1.0 if all are digits."""
    scripts = _SCRIPTS.get(language, ("LATIN",))
    named = [unicodedata.name(c, "") for c in letters if c.isalpha()]
    return sum(name.startswith(scripts) for name in named) / len(named) if named else 1.0
