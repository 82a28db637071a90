"""What leaks depends on what is read: snapshots for the voice cut no person and no sound, and keep equal texts."""

import json
from itertools import product
from zlib import crc32

import numpy as np
import pytest
import soundfile
from cli_driver import answer, run
from sounds import RATE_HZ, talk
from store_data import AT

from core.errors import InputError, NotEnoughData
from core.records import NewRecording, NewUtterance
from core.snapshots.format import read
from core.workflows.models import train
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

SENTENCES = ("아이들이 문 옆에서 이야기한다", "강아지들이 문 옆에 앉아 있다")


def acted(ws: Workspace, actors: int = 24, moods: tuple[str, ...] = ("danger", "normal"), takes: int = 2) -> None:
    """A parallel-script corpus: every actor says the same sentences in every mood."""
    source = ws.store.corpus.add_source("acted", "test", "ours", "0", AT)
    (ws.settings.home / "audio").mkdir(exist_ok=True)
    made = []
    for actor, (s, text), mood, take in product(range(actors), enumerate(SENTENCES), moods, range(takes)):
        key = f"a{actor:02}-{s}-{mood}-{take}"
        path = f"audio/{key}.wav"
        wave = talk(1.0, seed=crc32(key.encode()) % 10_000)
        soundfile.write(ws.settings.home / path, wave, RATE_HZ, subtype="PCM_16")
        spoken = NewUtterance(f"{key}:1", text, key, 0, 1000, f"actor{actor:02}", True, labels={"danger": mood})
        made.append(NewRecording(key, 1000, RATE_HZ, path, key, (spoken,)))
    ws.store.corpus.add_recordings(source, made, AT)


def test_equal_transcripts_are_no_leak_where_the_voice_alone_is_read(ws: Workspace) -> None:
    acted(ws)
    info = snapshot.create(ws, "by-voice", "danger", inputs="voice")
    assert info.counts["n"] == 24 * 2 * 2 * 2
    frozen = read(ws.snapshot_folder("by-voice"))
    sides: dict[str, set[str]] = {}
    for item in frozen.items:
        sides.setdefault(str(item.speaker), set()).add(item.side)
    assert {len(on) for on in sides.values()} == {1}, "no actor is cut"
    assert set.union(*sides.values()) == {"train", "validation", "test"}
    assert info.counts["report"]["persons_on_several_sides"] == 0
    with pytest.raises(InputError, match="frozen for models that read the voice alone"):
        train.run(ws, train.plan(ws, "danger-text", "by-voice"))


def test_where_the_text_is_read_the_report_says_that_speakers_are_cut(ws: Workspace) -> None:
    acted(ws)
    source = ws.store.corpus.sources()[0].id
    rows = [
        NewUtterance(f"s{n}", f"문장 {n}번은 서로 다른 말입니다 {n * 7919}", f"s{n}", speaker=f"actor{n % 5:02}",
                     labels={"danger": ("danger", "normal")[n % 2]})
        for n in range(300)
    ]  # fmt: skip
    ws.store.corpus.add_sentences(source, rows, AT)
    report = snapshot.create(ws, "by-text", "danger").counts["report"]
    assert report["persons_on_several_sides"] >= 5
    assert any("speakers stand on several sides" in line for line in snapshot.explained(report))


def test_a_copy_of_a_sound_stays_with_it(ws: Workspace) -> None:
    acted(ws, actors=12)
    wave = talk(3.0, seed=4)
    source = ws.store.corpus.sources()[0].id
    for number, copy in enumerate((wave, (wave * 0.3).astype(np.float32), np.concatenate([np.zeros(900), wave]))):
        path = f"audio/copy{number}.wav"
        soundfile.write(ws.settings.home / path, copy, RATE_HZ, subtype="PCM_16")
        spoken = NewUtterance(
            f"copy{number}:1", "", f"copy{number}", 0, 3000, f"p{number}", True, labels={"danger": "danger"}
        )
        ws.store.corpus.add_recordings(
            source, [NewRecording(f"copy{number}", 3000, RATE_HZ, path, f"sha{number}", (spoken,))], AT
        )
    for seed in range(6):
        snapshot.create(ws, f"v{seed}", "danger", seed=seed, inputs="voice")
        copies = [item for item in read(ws.snapshot_folder(f"v{seed}")).items if item.key.startswith("copy")]
        assert len(copies) == 3
        assert len({item.side for item in copies}) == 1, seed
        assert len({item.group for item in copies}) == 1


def test_few_groups_fill_every_side(ws: Workspace) -> None:
    acted(ws, actors=5)
    for seed in range(10):
        sides = snapshot.create(ws, f"s{seed}", "danger", seed=seed, inputs="voice").counts["sides"]
        assert all(sum(classes.values()) > 0 for classes in sides.values()), seed
        assert all(n > 0 for classes in sides.values() for n in classes.values()), "and every class"


def test_two_speakers_cannot_fill_three_sides(ws: Workspace) -> None:
    acted(ws, actors=2)
    with pytest.raises(NotEnoughData, match="there are only 2 groups; label more of them"):
        snapshot.create(ws, "s", "danger", inputs="voice")
    assert snapshot.every(ws) == []


def test_the_shell_says_what_was_left_out_and_what_contradicts(ws: Workspace) -> None:
    source = ws.store.corpus.add_source("s", "test", "ours", "0", AT)
    rows = [
        NewUtterance(
            f"s{n}", f"서로 다른 문장 {n} 번 {n * 7919}", f"s{n}", labels={"danger": ("danger", "normal")[n % 2]}
        )
        for n in range(240)
    ]
    rows += [
        NewUtterance(f"c{n}", "같은 문장에 다른 라벨", f"c{n}", labels={"danger": ("danger", "normal", "danger")[n]})
        for n in range(3)
    ]
    ws.store.corpus.add_sentences(source, rows, AT)
    first = answer("snapshot", "create", "k", "--scheme", "danger")
    assert first["counts"]["report"]["conflicts"] == {"texts": 1, "rows": 3, "did": "keep"}
    second = answer("snapshot", "create", "m", "--scheme", "danger", "--conflicts", "majority")
    assert second["counts"]["report"]["dropped_conflicts"] == 1
    third = run("snapshot", "create", "d", "--scheme", "danger", "--conflicts", "drop")
    assert "1 texts carry several classes (3 rows); what was done: drop" in third.stdout
    assert "left out, contradictory: 3" in third.stdout
    about = json.loads((ws.snapshot_folder("d") / "snapshot.json").read_text())
    assert about["inputs"] == "text"
