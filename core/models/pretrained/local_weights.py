"""Where pretrained weights lie on this machine: a folder, or the cache of the Hugging Face hub. Nothing is downloaded.

Nothing is imported but the names of the cache's folders, so that a list of recipes can ask for each encoder.
"""

from pathlib import Path

CONFIG = "config.json"


def local_folder(checkpoint: str) -> Path | None:
    """The folder with the weights of `checkpoint` (a folder, or a hub id in the cache); None if they are not here."""
    named = Path(checkpoint).expanduser()
    if _complete(named):
        return named
    if checkpoint.count("/") != 1:
        return None
    try:
        from huggingface_hub import constants
    except ImportError:
        return None
    cached = Path(constants.HF_HUB_CACHE) / f"models--{checkpoint.replace('/', '--')}"
    main = cached / "refs" / "main"
    commit = main.read_text(encoding="utf-8").strip() if main.is_file() else ""
    snapshot = cached / "snapshots" / commit
    return snapshot if commit and _complete(snapshot) else None


def _complete(folder: Path) -> bool:
    return (folder / CONFIG).is_file() and any(folder.glob("*.safetensors"))
