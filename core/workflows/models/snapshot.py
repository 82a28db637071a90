"""Freezing: which utterances, which text, which label, which side. The only thing training reads."""

import shutil

from core.filters import Filter
from core.model_text import DEFAULT_PLAN, model_text
from core.records import SnapshotInfo, Utterance
from core.split import parse_fractions
from core.training import snapshot as frozen
from core.workflows.corpus.schemes import trainable
from core.workflows.workspace import Workspace, now


def create(ws: Workspace, name: str, scheme_name: str, split: str = "70/15/15", seed: int = 0) -> SnapshotInfo:
    """Freeze everything labelled under a scheme.

    A label of the recording (urgency, sentiment) is handed down to the utterances of its caller: the call-taker's
    words are trained habit and would leak nothing but the protocol. What a curator skipped is left out, and what
    curators dispute until somebody settled it.
    """
    chosen = trainable(scheme_name)
    fractions = parse_fractions(split)
    grades = ws.store.corpus.grades(chosen.level, chosen.name)
    paths = {r.id: (r.key, r.path) for r in ws.store.corpus.recordings()}
    wanted = Filter(skipped=False, speaker=() if chosen.level == "utterance" else ("caller",))
    items = []
    for one in ws.store.corpus.every(wanted):
        target = one.id if chosen.level == "utterance" else one.recording_id
        text = model_text(DEFAULT_PLAN, one.text, one.origin)
        if target is None or target not in grades or not (text or one.voice_usable):
            continue
        code, grade = grades[target]
        if grade == "disputed":
            continue
        items.append(_item(one, text, code, grade == "gold" and one.origin != "augmented", paths))
    made = frozen.build(name, chosen, items, fractions, seed, now(), DEFAULT_PLAN)
    folder = ws.settings.snapshots / made.name
    if folder.exists() and made.name not in {known.name for known in ws.store.ledger.snapshots()}:
        shutil.rmtree(folder)  # left by a process that was killed between the folder and its row
    frozen.write(made, folder)
    info = SnapshotInfo(made.name, chosen.name, made.sha256, made.created_at, made.summary())
    try:
        ws.store.ledger.add_snapshot(info)
    except Exception:
        shutil.rmtree(folder)  # a folder that the ledger does not know would block the name for ever
        raise
    return info


def every(ws: Workspace) -> list[SnapshotInfo]:
    """The snapshots of the workspace, the newest first."""
    return ws.store.ledger.snapshots()


def _item(one: Utterance, text: str, code: str, gold: bool, paths: dict[int, tuple[str, str | None]]) -> frozen.Item:
    key, path = paths.get(one.recording_id or 0, (None, None))
    return frozen.Item(
        id=one.id, key=one.key, group=one.group, text=text, code=code, gold=gold,
        audio=path if one.voice_usable else None, start_ms=one.start_ms, end_ms=one.end_ms,
        speaker=one.speaker, recording=key,
    )  # fmt: skip
