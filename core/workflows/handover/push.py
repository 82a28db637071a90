"""Push a run to a repository of a Hugging Face hub: private unless a person says otherwise, and never an utterance.

The files of the model lie at the top, so that a run of one target with a text or audio encoder loads there as any model
of the hub. README.md is the model card with the licence of the base; card, scores and schemes lie in `gwidama/`.
Predictions stay here: their keys name utterances.
"""

from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.export.hub import Content, Hub, check_repo, upload
from core.inference.predictor import load
from core.records import RunInfo
from core.runs.card import CARD, MODEL_FOLDER, Card, read_card
from core.schemes import scheme
from core.schemes.files import to_toml
from core.workflows.handover.model_card import model_card
from core.workflows.workspace import Workspace

README, OURS = "README.md", "gwidama"
TASKS = {"text-encoder": "text-classification", "audio-encoder": "audio-classification", "ngram": "text-classification",
         "ngram-heads": "text-classification"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pushed:
    """`files`: name in the repository -> bytes. `address` is "" for a dry run, which sends nothing."""

    run: str
    repo: str
    private: bool
    files: dict[str, int]
    bytes: int
    address: str


def push(ws: Workspace, run_id: str, repo: str, *, private: bool = True, dry_run: bool = False) -> Pushed:
    """Send a finished run to `repo` (OWNER/NAME). `InputError` or `CheckpointMismatch` before anything is sent."""
    check_repo(repo)
    run = ws.store.ledger.run(run_id)
    if run.state != "done":
        raise InputError("run {run_id} is not finished; it cannot be handed over", run_id=run_id)
    load(ws.run_folder(run_id))  # a run that cannot be loaded is not handed over
    files = _files(ws, run)
    sizes = {name: _size(content) for name, content in files.items()}
    hub = Hub(ws.settings.hub_endpoint, ws.settings.hub_token)
    address = "" if dry_run else upload(hub, repo, files, f"Gwidama run {run.id}", private=private)
    return Pushed(run.id, repo, private, sizes, sum(sizes.values()), address)


def _files(ws: Workspace, run: RunInfo) -> dict[str, Content]:
    folder = ws.run_folder(run.id)
    card = read_card(folder)
    files: dict[str, Content] = {README: readme(card, model_card(ws, run.id)).encode()}
    files |= {name.removeprefix(f"{MODEL_FOLDER}/"): folder / name for name in card.files}
    files[f"{OURS}/{CARD}"] = folder / CARD
    files[f"{OURS}/metrics.json"] = folder / "metrics.json"
    for target in card.targets:
        files[f"{OURS}/{target.name}.toml"] = to_toml(scheme(target.name)).encode()
    return files


def readme(card: Card, text: str) -> str:
    """The model card with the front matter that a hub reads: language, licence and base of the pretrained encoder."""
    base: dict[str, Any] = dict(card.base)
    lines = ["---", "language: ko", f"license: {_plain(base.get('licence')) or 'other'}"]
    if name := _plain(base.get("name")):
        lines.append(f"base_model: {name}")
    if task := TASKS.get(card.architecture):
        lines.append(f"pipeline_tag: {task}")
    return "\n".join([*lines, "tags: [gwidama]", "---", "", text])


def _plain(value: Any) -> str:
    """A word for YAML: letters, digits and `. _ / -`, else nothing."""
    word = str(value or "").strip()
    return word if word and all(c.isalnum() or c in "._/-" for c in word) else ""


def _size(content: Content) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size
