"""Schemes: closed, ordered lists of classes. A class id is its position; append, never reorder.

The three emotion schemes are different schemes on purpose: the AI Hub 119 sentiment and the seeds' two six-emotion
sets do not map onto each other without loss.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import UnknownName
from core.records import Level

_SPARE_KEYS = "1234567890dnqwtyuiopghjklxvbm"


@dataclass(frozen=True, slots=True)
class Label:
    """`code` is stored, `ko`/`en` are shown, `key` is the review key, `color` is one of the palette."""

    code: str
    ko: str
    en: str
    key: str
    color: str

    def title(self, language: str) -> str:
        return self.ko if language == "ko" else self.en


@dataclass(frozen=True, slots=True)
class Scheme:
    """`critical` is the class whose recall is reported first; `aliases` maps spellings found in deliveries to codes."""

    name: str
    ko: str
    en: str
    level: Level
    labels: tuple[Label, ...]
    critical: str = ""
    aliases: tuple[tuple[str, str], ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(label.code for label in self.labels)

    def title(self, language: str) -> str:
        return self.ko if language == "ko" else self.en

    def label(self, code: str) -> Label:
        return self.labels[self.index(code)]

    def index(self, code: str) -> int:
        """Class id of `code`; `UnknownName` lists the legal ones."""
        if code not in self.codes:
            raise UnknownName(f"{self.name} class", code, self.codes)
        return self.codes.index(code)

    def parse(self, raw: str) -> str:
        """The code that `raw` (a code, a Korean or English name, an alias) means.

        >>> URGENCY.parse("상"), DANGER.parse(" Danger ")
        ('high', 'danger')
        """
        wanted = raw.strip().casefold()
        names = {n.casefold(): x.code for x in self.labels for n in (x.code, x.ko, x.en)}
        names |= {alias.casefold(): code for alias, code in self.aliases}
        if wanted not in names:
            raise UnknownName(f"{self.name} class", raw, tuple(x.ko for x in self.labels))
        return names[wanted]


_GREY, _GREEN, _BLUE, _AMBER, _RED, _VIOLET, _TEAL = (
    "#64748b", "#0f8a5f", "#2563eb", "#b45309", "#dc2626", "#7c3aed", "#0e7490",
)  # fmt: skip

DANGER = Scheme(
    "danger", "위험", "Danger", "utterance",
    (Label("normal", "정상", "Normal", "n", _GREEN), Label("danger", "위험", "Danger", "d", _RED)),
    critical="danger",
)  # fmt: skip
URGENCY = Scheme(
    "urgency", "긴급도", "Urgency", "recording",
    (
        Label("low", "하", "Low", "1", _GREEN),
        Label("medium", "중", "Medium", "2", _AMBER),
        Label("high", "상", "High", "3", _RED),
    ),
    critical="high",
)  # fmt: skip
SENTIMENT = Scheme(
    "sentiment", "감정(119)", "Sentiment (119)", "recording",
    (
        Label("other-negative", "기타부정", "Other negative", "4", _VIOLET),
        Label("embarrassed", "당황/난처", "Embarrassed", "5", _AMBER),
        Label("anxious", "불안/걱정", "Anxious", "6", _RED),
        Label("neutral", "중립", "Neutral", "7", _GREY),
    ),
)  # fmt: skip
DISASTER = Scheme(
    "disaster", "재난", "Disaster", "recording",
    (
        Label("medical", "구급", "Medical", "q", _BLUE),
        Label("rescue", "구조", "Rescue", "w", _TEAL),
        Label("fire", "화재", "Fire", "t", _RED),
        Label("other", "기타", "Other", "y", _GREY),
    ),
)  # fmt: skip
EMOTION_DIALOGUE = Scheme(
    "emotion-dialogue", "감정(대화 6종)", "Emotion (dialogue, 6)", "utterance",
    (
        Label("anger", "분노", "Anger", "1", _RED),
        Label("anxiety", "불안", "Anxiety", "2", _AMBER),
        Label("sadness", "슬픔", "Sadness", "3", _BLUE),
        Label("calm", "평온", "Calm", "4", _GREEN),
        Label("embarrassment", "당황", "Embarrassment", "5", _VIOLET),
        Label("joy", "기쁨", "Joy", "6", _TEAL),
    ),
)  # fmt: skip
EMOTION_DIARY = Scheme(
    "emotion-diary", "감정(일기 6종)", "Emotion (diary, 6)", "utterance",
    (
        Label("angry", "분노", "Angry", "1", _RED),
        Label("sad", "슬픔", "Sad", "2", _BLUE),
        Label("disgust", "혐오", "Disgust", "3", _VIOLET),
        Label("happy", "행복", "Happy", "4", _TEAL),
        Label("fear", "두려움", "Fear", "5", _AMBER),
        Label("surprise", "놀람", "Surprise", "6", _GREEN),
    ),
)  # fmt: skip

SCHEMES: dict[str, Scheme] = {
    s.name: s for s in (DANGER, URGENCY, SENTIMENT, DISASTER, EMOTION_DIALOGUE, EMOTION_DIARY)
}


def scheme(name: str) -> Scheme:
    """The scheme called `name`; `UnknownName` lists the known ones."""
    if name not in SCHEMES:
        raise UnknownName("scheme", name, tuple(SCHEMES))
    return SCHEMES[name]


def review_keys(schemes: Iterable[Scheme]) -> dict[tuple[str, str], str]:
    """One distinct key for every (scheme, code): a label's own key where it is free, else the next spare one.

    >>> review_keys([DANGER])[("danger", "danger")]
    'd'
    """
    keys: dict[tuple[str, str], str] = {}
    for one in schemes:
        for label in one.labels:
            free = [k for k in (label.key, *_SPARE_KEYS) if k not in keys.values()]
            keys[one.name, label.code] = free[0]
    return keys
