"""Asks hunspell-ko whether it knows a Korean word. Its own suggestions are poor and are not used."""

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
    """Whether hunspell knows `word`; `MissingBackend` if the dictionary is not installed."""
    return bool(_dictionary().spell(word))


def available() -> bool:
    """Whether the Korean dictionary is installed."""
    return _dictionary_path() is not None


@cache
def _dictionary() -> Any:
    path = _dictionary_path()
    if path is None:
        raise MissingBackend(
            "hunspell has no Korean dictionary in {folders}: {install}", folders=", ".join(FOLDERS), install=_INSTALL
        )
    return import_module("hunspell").HunSpell(str(path), str(path.with_suffix(".aff")))


def _dictionary_path() -> Path | None:
    places = (Path(folder) / f"{name}.dic" for folder in FOLDERS for name in NAMES)
    return next((path for path in places if path.is_file() and path.with_suffix(".aff").is_file()), None)
