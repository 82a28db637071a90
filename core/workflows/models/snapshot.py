"""Create snapshots: frozen utterances with text, label and side (train, validation, test), for training."""

import shutil

from core.filters import Filter
from core.model_text import DEFAULT_PLAN, model_text
from core.records import SnapshotInfo, Utterance
from core.split import parse_fractions
from core.training.snapshot import Item, build, write
from core.workflows.corpus.schemes import trainable
from core.workflows.workspace import Workspace, now


def create(ws: Workspace, name: str, scheme_name: str, split: str = "70/15/15", seed: int = 0) -> SnapshotInfo:
    """Freeze all labelled utterances of a scheme. `split` is three percentages: train/validation/test.

    For a recording scheme (urgency, sentiment) each utterance of the caller gets the label of its recording. The
    call-taker's utterances are left out: they follow a protocol, and a model would learn the protocol. Skipped
    utterances and targets with an open dispute are left out too. `InputError` for a name that exists already.
    """
    chosen = trainable(scheme_name)
    fractions = parse_fractions(split)
    grades = ws.store.corpus.grades(chosen.level, chosen.name)
    paths = {r.id: (r.key, r.path) for r in ws.store.corpus.recordings()}
    wanted = Filter(skipped=False, speaker=() if chosen.level == "utterance" else ("caller",))
    items = []
    for utterance in ws.store.corpus.every(wanted):
        target = utterance.id if chosen.level == "utterance" else utterance.recording_id
        text = model_text(DEFAULT_PLAN, utterance.text, utterance.origin)
        if target is None or target not in grades or not (text or utterance.voice_usable):
            continue
        code, grade = grades[target]
        if grade == "disputed":
            continue
        items.append(_item(utterance, text, code, grade == "gold" and utterance.origin != "augmented", paths))
    frozen = build(name, chosen, items, fractions, seed, now(), DEFAULT_PLAN)
    folder = ws.settings.snapshots / frozen.name
    if folder.exists() and frozen.name not in {known.name for known in ws.store.ledger.snapshots()}:
        shutil.rmtree(folder)  # a process was killed after it wrote the folder and before it wrote the row
    write(frozen, folder)
    info = SnapshotInfo(frozen.name, chosen.name, frozen.sha256, frozen.created_at, frozen.summary())
    try:
        ws.store.ledger.add_snapshot(info)
    except Exception:
        shutil.rmtree(folder)  # a folder without a row would block its name for ever
        raise
    return info


def every(ws: Workspace) -> list[SnapshotInfo]:
    """The snapshots of the workspace, the newest first."""
    return ws.store.ledger.snapshots()


def _item(utterance: Utterance, text: str, code: str, gold: bool, paths: dict[int, tuple[str, str | None]]) -> Item:
    key, path = paths.get(utterance.recording_id or 0, (None, None))
    return Item(
        id=utterance.id, key=utterance.key, group=utterance.group, text=text, code=code, gold=gold,
        audio=path if utterance.voice_usable else None, start_ms=utterance.start_ms, end_ms=utterance.end_ms,
        speaker=utterance.speaker, recording=key,
    )  # fmt: skip
