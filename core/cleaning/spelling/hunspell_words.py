"""Whether a Korean word is one that hunspell-ko knows: a detector; what it suggests instead is poor and not used."""

from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from core.errors import MissingBackend

FOLDERS = (
    "/usr/share/hunspell",
    "/usr/share/myspell/dicts",
    "/usr/local/share/hunspell",
)
NAMES = ("ko", "ko_KR")
_INSTALL = "apt-get install hunspell-ko"


@lru_cache(maxsize=1 << 17)
def known(word: str) -> bool:
    """`MissingBackend` where the dictionary is not installed."""
    return bool(_dictionary().spell(word))


def available() -> bool:
    return _found() is not None


@cache
def _dictionary() -> Any:
    found = _found()
    if found is None:
        raise MissingBackend(
            "hunspell has no Korean dictionary in {folders}: {install}", folders=", ".join(FOLDERS), install=_INSTALL
        )
    return import_module("hunspell").HunSpell(str(found), str(found.with_suffix(".aff")))


def _found() -> Path | None:
    places = (Path(folder) / f"{name}.dic" for folder in FOLDERS for name in NAMES)
    return next((path for path in places if path.is_file() and path.with_suffix(".aff").is_file()), None)
