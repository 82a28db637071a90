"""Schemes: closed, ordered lists of classes. A class id is its position; append, never reorder.

`SCHEMES` holds the schemes that this process knows: the bundled ones (TOML files in core/scheme_files) and those of the
workspace. `open_workspace()` publishes the latter here, so that a scheme that another process added is known too.

There are three emotion schemes on purpose: the AI Hub 119 sentiment and the two sets of six emotions of the seed
systems cannot be converted into each other without loss.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from core.errors import UnknownName
from core.schemes.classes import JOIN, SPARE_KEYS, Kind, Label, Scheme, check_growth, split_codes, tidy
from core.schemes.files import guided_as, parse_toml, usable_name

__all__ = [
    "BUNDLED",
    "DANGER",
    "JOIN",
    "SCHEMES",
    "SENTIMENT",
    "URGENCY",
    "Kind",
    "Label",
    "Scheme",
    "bundled_with",
    "check_growth",
    "is_bundled",
    "join_codes",
    "publish",
    "published_token",
    "review_keys",
    "scheme",
    "split_codes",
    "tidy",
    "usable_name",
]  # fmt: skip

_FOLDER = Path(__file__).resolve().parent.parent / "scheme_files"
DANGER, URGENCY, SENTIMENT, *_ = BUNDLED = tuple(
    parse_toml((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")
    for name in ("danger", "urgency", "sentiment", "disaster", "emotion-dialogue", "emotion-diary")
)


class _Known(Mapping[str, Scheme]):
    """The bundled schemes, with the guidelines of the workspace, then those of the workspace.

    `publish` replaces the mapping at once, so that another thread sees either the old or the new schemes.
    """

    def __init__(self, bundled: Iterable[Scheme]) -> None:
        self.bundled = {scheme.name: scheme for scheme in bundled}
        self.token: object = None
        self._all = self.bundled

    def publish(self, token: object, own: Iterable[Scheme]) -> None:
        self._all = self.bundled | {s.name: bundled_with(s.name, s) if s.name in self.bundled else s for s in own}
        self.token = token

    def __getitem__(self, name: str) -> Scheme:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def bundled_with(name: str, stored: Scheme | None) -> Scheme:
    """Return the bundled scheme `name` with the guidelines of `stored`; everything else stays as it is bundled."""
    bundled = SCHEMES.bundled[name]
    if stored is None:
        return bundled
    texts = {label.code: label for label in stored.labels}
    labels = tuple(guided_as(label, texts.get(label.code, label)) for label in bundled.labels)
    return guided_as(replace(bundled, labels=labels), stored)


SCHEMES = _Known(BUNDLED)


def scheme(name: str) -> Scheme:
    """Return the scheme called `name`; `UnknownName` if there is none."""
    definition = SCHEMES.get(name)
    if definition is None:
        raise UnknownName("scheme", name, tuple(SCHEMES))
    return definition


def is_bundled(name: str) -> bool:
    """Whether the scheme called `name` comes with the program."""
    return name in SCHEMES.bundled


def publish(token: object, own: Iterable[Scheme]) -> None:
    """Make the workspace's schemes known to this process; `token` identifies the store and its state."""
    SCHEMES.publish(token, own)


def published_token() -> object:
    """Return the token of the last `publish`."""
    return SCHEMES.token


def review_keys(schemes: Iterable[Scheme]) -> dict[tuple[str, str], str]:
    """Return a distinct review key for each (scheme, code): the label's own key if it is free, else the next free key.

    There are 33 keys. Further classes get "", and curators select them with the mouse.

    >>> review_keys([DANGER])[("danger", "danger")]
    'd'
    """
    keys: dict[tuple[str, str], str] = {}
    for scheme in schemes:
        for label in scheme.labels:
            free = [k for k in (label.key, *SPARE_KEYS) if k and k not in keys.values()]
            keys[scheme.name, label.code] = free[0] if free else ""
    return keys


def join_codes(name: str, codes: Sequence[str]) -> str:
    """Join several codes of one target in class order, as they are stored.

    An unknown scheme or class is no error here: unknown codes come last, in alphabetical order.
    """
    if len(codes) == 1:
        return codes[0]
    definition = SCHEMES.get(name)
    place = {code: i for i, code in enumerate(definition.codes)} if definition else {}
    return JOIN.join(sorted(codes, key=lambda code: (place.get(code, len(place)), code)))
