"""Answers that were paid for once: a rerun with the same requests asks nothing.

A file for each answer, named by the hash of its request. It holds sentences, model, time and usage, and not the prompt.
A file that cannot be read counts as none.
"""

from pathlib import Path

from pydantic import BaseModel, ValidationError

from core.files import write_json


class Kept(BaseModel):
    """An answer as it is kept; `failure` is "refusal" for an answer that was a refusal, else ""."""

    sentences: list[str]
    failure: str = ""
    model: str
    at: str
    tokens_in: int = 0
    tokens_out: int = 0


class Cache:
    """The answers in a folder, which is made at the first answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __contains__(self, key: str) -> bool:
        return self._file(key).is_file()

    def get(self, key: str) -> Kept | None:
        """The answer to the request with this hash, None if there is none."""
        try:
            return Kept.model_validate_json(self._file(key).read_bytes())
        except (OSError, ValidationError):
            return None

    def put(self, key: str, answer: Kept) -> None:
        """Keep an answer."""
        file = self._file(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, answer.model_dump())

    def _file(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"
