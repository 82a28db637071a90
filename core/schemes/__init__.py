"""Schemes: closed, ordered lists of classes. A class id is its position; append, never reorder.

`SCHEMES` is what this process knows: the bundled ones (TOML files in core/scheme_files) and those of the workspace,
which `open_workspace()` publishes here, so that a scheme another process added is known too.

The three emotion schemes are different schemes on purpose: the AI Hub 119 sentiment and the seeds' two six-emotion
sets do not map onto each other without loss.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from core.errors import UnknownName
from core.schemes.classes import JOIN, SPARE_KEYS, Kind, Label, Scheme, check_growth, parts, tidy
from core.schemes.files import parse_toml

__all__ = [
    "BUNDLED", "DANGER", "JOIN", "SCHEMES", "SENTIMENT", "URGENCY", "Kind", "Label", "Scheme", "check_growth",
    "is_bundled", "joined", "parts", "publish", "published", "review_keys", "scheme", "tidy",
]  # fmt: skip

_FOLDER = Path(__file__).resolve().parent.parent / "scheme_files"
DANGER, URGENCY, SENTIMENT, *_ = BUNDLED = tuple(
    parse_toml((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")
    for name in ("danger", "urgency", "sentiment", "disaster", "emotion-dialogue", "emotion-diary")
)


class _Known(Mapping[str, Scheme]):
    """The bundled schemes, then the workspace's. Replaced whole, so that a reader in another thread sees old or new."""

    def __init__(self, bundled: Iterable[Scheme]) -> None:
        self.bundled = {one.name: one for one in bundled}
        self.token: object = None
        self._all = self.bundled

    def publish(self, token: object, own: Iterable[Scheme]) -> None:
        self._all = self.bundled | {one.name: one for one in own if one.name not in self.bundled}
        self.token = token

    def __getitem__(self, name: str) -> Scheme:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


SCHEMES = _Known(BUNDLED)


def scheme(name: str) -> Scheme:
    """The scheme called `name`; `UnknownName` lists the known ones."""
    found = SCHEMES.get(name)
    if found is None:
        raise UnknownName("scheme", name, tuple(SCHEMES))
    return found


def is_bundled(name: str) -> bool:
    return name in SCHEMES.bundled


def publish(token: object, own: Iterable[Scheme]) -> None:
    """Make the workspace's schemes known to this process; `token` says which state of which store they are."""
    SCHEMES.publish(token, own)


def published() -> object:
    """The token of the last `publish`."""
    return SCHEMES.token


def review_keys(schemes: Iterable[Scheme]) -> dict[tuple[str, str], str]:
    """One distinct key for every (scheme, code): a label's own key where it is free, else the next spare one.

    There are 33 keys; what comes after has "" and is clicked.

    >>> review_keys([DANGER])[("danger", "danger")]
    'd'
    """
    keys: dict[tuple[str, str], str] = {}
    for one in schemes:
        for label in one.labels:
            free = [k for k in (label.key, *SPARE_KEYS) if k and k not in keys.values()]
            keys[one.name, label.code] = free[0] if free else ""
    return keys


def joined(name: str, codes: Sequence[str]) -> str:
    """Several codes of one target in class order; a scheme or class this process does not know fails nothing."""
    if len(codes) == 1:
        return codes[0]
    known = SCHEMES.get(name)
    place = {code: i for i, code in enumerate(known.codes)} if known else {}
    return JOIN.join(sorted(codes, key=lambda code: (place.get(code, len(place)), code)))
