"""core.workflows.leaks.variants and voices: which accepted variants count, and how copies of voices are made."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
from export_corpora import derive
from sounds import RATE_HZ, talk
from training_corpus import AT, FRACTIONS, danger_items

from core.errors import Cancelled
from core.filters import Filter
from core.records import NewRecording, NewUtterance, Utterance
from core.schemes import DANGER
from core.snapshots.format import Snapshot
from core.snapshots.freeze import build
from core.snapshots.items import Item, Items
from core.workflows.leaks import variants as leak_variants
from core.workflows.leaks.plan import LeakPlan
from core.workflows.leaks.variants import augmented
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

VOICE = LeakPlan("v1", "voice", "conv-bilstm", operations=("gain=-6",))
DERIVED = Filter(origin=("augmented",))


def clips(ws: Workspace, seconds: Mapping[str, float]) -> Snapshot:
    """One clip a person, by key; and a snapshot of all of them, also of those that are too short."""
    source = ws.store.corpus.add_source("acted", "test", "ours", "0", AT)
    (ws.settings.home / "audio").mkdir(exist_ok=True)
    recordings = []
    for n, (key, length) in enumerate(seconds.items()):
        soundfile.write(ws.settings.home / f"audio/{key}.wav", talk(length, seed=n), RATE_HZ)
        ms, code = round(length * 1000), ("danger", "normal")[n % 2]
        spoken = NewUtterance(f"{key}:1", f"문장 {key}", key, 0, ms, key, True, labels={"danger": code})
        recordings.append(NewRecording(key, ms, RATE_HZ, f"audio/{key}.wav", key, (spoken,)))
    ws.store.corpus.add_recordings(source, recordings, AT)
    return frozen([item(u, f"audio/{u.speaker}.wav") for u in ws.store.corpus.every(Filter())])


def frozen(items: list[Item]) -> Snapshot:
    """A snapshot under danger that holds exactly these items."""
    return replace(build("d1", DANGER, danger_items(80), FRACTIONS, 1, AT), items=Items.of(items))


def item(u: Utterance, audio: str | None = None, gold: bool = True) -> Item:
    return Item(u.id, u.key, u.group, u.text, "danger", gold=gold, audio=audio, start_ms=u.start_ms, end_ms=u.end_ms)


def test_a_voice_recipe_takes_no_variant_that_it_cannot_read(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leak_variants, "default_operations", lambda modality: ("gain=-6",))
    snapshot = clips(ws, {"a0": 1.0, "a1": 1.0})
    derive(ws, next(iter(ws.store.corpus.every(Filter()))).id, "다른 문장")
    derive(ws, next(iter(ws.store.corpus.every(Filter()))).id, "또 다른 문장")
    unread, read = (item(u, gold=False) for u in ws.store.corpus.every(DERIVED))
    plan, work = replace(VOICE, operations=()), ws.settings.home / "work"
    made = augmented(ws, frozen([*snapshot.items, unread, read]), plan, work)
    assert (made.source, len(made.originals), len(made.variants)) == ("made", 2, 2)
    read = replace(read, audio="audio/a1.wav")
    accepted = augmented(ws, frozen([*snapshot.items, unread, read]), plan, work)
    assert (accepted.source, accepted.variants.column("key")) == ("accepted", [read.key])
    both = augmented(ws, frozen([*snapshot.items, unread]), replace(plan, recipe="urgency-crossmodal"), work)
    assert (both.source, len(both.variants)) == ("accepted", 1), "a recipe of both reads a text alone"


def test_copies_tell_their_progress_clip_by_clip_and_a_short_clip_has_none(ws: Workspace) -> None:
    snapshot = clips(ws, {"a0": 1.0, "a1": 0.3, "a2": 1.0, "a3": 1.0})
    work, seen = ws.settings.home / "work", list[tuple[int, int, int]]()

    def progress(done: int, total: int) -> None:
        seen.append((done, total, len(list((work / "audio").glob("*.wav")))))
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        augmented(ws, snapshot, VOICE, work, progress)
    assert seen == [(0, 4, 0), (1, 4, 1), (2, 4, 1), (3, 4, 2)]


def test_a_variant_is_as_gold_as_what_it_was_made_from(ws: Workspace) -> None:
    source = ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    texts = {"gold": "불이 났어요", "silver": "물이 새요"}
    ws.store.corpus.add_sentences(
        source, [NewUtterance(key, text, key, labels={"danger": "danger"}) for key, text in texts.items()], AT
    )
    parents = list(ws.store.corpus.every(Filter()))
    for parent in parents:
        derive(ws, parent.id, f"{parent.text} 네")
    derive(ws, next(iter(ws.store.corpus.every(DERIVED))).id, "불이 났어요 네 네")
    variants = [item(u, gold=False) for u in ws.store.corpus.every(DERIVED)]
    snapshot = frozen([*(item(u, gold=u.key == "gold") for u in parents), *variants])
    made = augmented(ws, snapshot, LeakPlan("d1", "danger-text", "ngram"), Path())
    gold = dict(zip(made.variants.column("text"), made.variants.column("gold"), strict=True))
    assert gold == {"불이 났어요 네": True, "불이 났어요 네 네": True, "물이 새요 네": False}
