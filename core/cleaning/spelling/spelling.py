"""The `spelling` step: corrections by a backend of `SPELLERS`, which are never applied without a curator.

A speller is a function (texts, least confidence, detector) that gives a `Change` or None for each text.
"""

from collections.abc import Mapping
from typing import Any

from core.cleaning.steps.change import Cleaner, Setting, one_of
from core.plugins import Backend, pick

SPELLERS: dict[str, Backend] = {
    "offline": Backend(
        "core.cleaning.spelling.offline:correct", needs=("kiwipiepy",), install="pip install kiwipiepy==0.24.1"
    ),
    "hanspell": Backend(
        "core.cleaning.spelling.backends.hanspell:correct",
        needs=("hanspell",),
        install="pip install 'py-hanspell @ git+https://github.com/ssut/py-hanspell.git'",
    ),
    "korector": Backend(
        "core.cleaning.spelling.backends.korector:correct", needs=("korector",), install="pip install korector==1.0.6.4"
    ),
    "matchum": Backend(
        "core.cleaning.spelling.backends.matchum:correct", needs=("matchum",), install="pip install matchum==0.1.3"
    ),
}
DEFAULT = "offline"
REMOTE = frozenset(("hanspell", "korector"))
DETECTORS = ("hunspell", "none")  # hunspell is used if it is installed
SETTINGS = {
    "backend": Setting(DEFAULT, one_of(tuple(SPELLERS))),
    "detector": Setting("hunspell", one_of(DETECTORS)),
}


def make(settings: Mapping[str, Any], least: float) -> Cleaner:
    """The cleaner of a step. `MissingBackend` with the command that installs the backend if it is not installed."""
    correct = pick(SPELLERS, settings["backend"], "spelling backend")
    return lambda texts: correct(texts, least, settings["detector"])


def remote(settings: Mapping[str, Any]) -> bool:
    """Whether the backend sends texts to another machine."""
    return settings["backend"] in REMOTE
