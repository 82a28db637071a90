"""Calls of the demo corpus to listen to on the Live prediction page, one for each kind of emergency.

A call is read from the delivery zips in assets/demo, with the words of its label JSON: the voices are synthetic and the
recogniser does not understand them.
"""

from functools import cache
from zipfile import ZipFile

from core.errors import NotFound
from core.settings import DEMO

FOLDER = DEMO / "archives"
SOUNDS, LABELS = "TS_서울_", "TL_서울_"


@cache
def kinds() -> tuple[str, ...]:
    """Return the kinds of emergency of which there is a call: () where the demo corpus is not installed."""
    sounds = {path.stem.removeprefix(SOUNDS) for path in FOLDER.glob(f"{SOUNDS}*.zip")}
    return tuple(sorted(kind for kind in sounds if (FOLDER / f"{LABELS}{kind}.zip").is_file()))


def read(kind: str) -> tuple[bytes, bytes]:
    """Return the WAV and the label JSON of the call of this kind. `NotFound` if there is none."""
    if kind not in kinds():
        raise NotFound("there is no call of the demo of the kind {kind}", kind=kind)
    with ZipFile(FOLDER / f"{SOUNDS}{kind}.zip") as sounds, ZipFile(FOLDER / f"{LABELS}{kind}.zip") as labels:
        name = sorted(member for member in sounds.namelist() if member.endswith(".wav"))[0]
        return sounds.read(name), labels.read(name.replace(".wav", ".json"))
