"""The prompt of each Scheme: the program's, or the workspace's own in `prompts/SCHEME.toml`, which a person edits."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import Conflict, InputError
from core.files import file_lock, make_folder, remove, write_text
from core.messages import SchemeName
from core.rewriting import Prompt
from core.rewriting import prompts as bundled_prompts
from core.schemes import scheme
from core.workflows.workspace import Workspace

FOLDER = "prompts"
FIELDS = tuple(f"${name}" for name in bundled_prompts.FIELDS)


@dataclass(frozen=True, slots=True)
class PromptInUse:
    """The prompt of a Scheme; `is_own` if the workspace has its own, in `file`."""

    prompt: Prompt
    is_own: bool
    file: Path

    @property
    def sha256(self) -> str:
        """The hash of the prompt; `save` wants it, so that nobody overwrites what another person edited."""
        return self.prompt.sha256


def current(ws: Workspace, name: str) -> PromptInUse:
    """The prompt of the scheme `name`. `InputError` names what is wrong in a file of the workspace."""
    file = _file(ws, name)
    if not file.is_file():
        return PromptInUse(bundled_prompts.bundled(name), False, file)
    try:
        content = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError("{where}: the file is not in UTF-8", where=f"{FOLDER}/{file.name}") from None
    return PromptInUse(bundled_prompts.parse(content, f"{FOLDER}/{file.name}"), True, file)


def prompt(system: str, user: str, meanings: Mapping[str, str]) -> Prompt:
    """The prompt that a person typed."""
    return Prompt(system.strip(), user.strip(), meanings)


def save(ws: Workspace, name: str, prompt: Prompt, seen: str) -> PromptInUse:
    """Write the workspace's own prompt of a scheme. `seen` is the hash of the prompt that the person edited.

    `Conflict` if the prompt has changed since; `InputError` if its template cannot be filled in.
    """
    file = _file(ws, name)
    text = bundled_prompts.checked(prompt, f"{FOLDER}/{file.name}").to_toml()
    make_folder(file.parent)
    with file_lock(file.parent / ".lock"):
        _check_unchanged(ws, name, seen)
        write_text(file, text)
    return current(ws, name)


def reset(ws: Workspace, name: str) -> PromptInUse:
    """Remove the workspace's own prompt of a scheme, so that the program's counts again."""
    remove(_file(ws, name))
    return current(ws, name)


def _check_unchanged(ws: Workspace, name: str, seen: str) -> None:
    if current(ws, name).sha256 != seen:
        raise Conflict(
            "the prompt of {scheme} was changed meanwhile; load the page again and edit the new one",
            scheme=SchemeName(name),
        )


def _file(ws: Workspace, name: str) -> Path:
    return ws.settings.home / FOLDER / f"{scheme(name).name}.toml"
