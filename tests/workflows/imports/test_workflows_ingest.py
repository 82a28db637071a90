"""core.workflows.imports.aihub119: real archives are imported once and completely; what cannot be used is named."""

import csv
from pathlib import Path

import pytest
from aihub119_files import call_id, deliver, label_bytes, stem, wav_bytes, write_tree, write_zip
from workflow_data import import_sentences, sentence_file

from core.errors import InputError
from core.filters import Filter
from core.workflows.imports import aihub119
from core.workflows.workspace import Workspace


def files(ws: Workspace) -> list[str]:
    return sorted(p.name for p in ws.settings.audio.rglob("*") if p.is_file())


def test_a_delivery_arrives_with_its_audio(ws: Workspace, tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    done = aihub119.ingest_aihub119(ws, deliver(tmp_path, [1, 2, 3]), lambda n, total: progress.append((n, total)), 2)
    assert (done.report.added, done.report.known, done.report.skipped, done.rejects) == (3, 0, [], None)
    assert done.report.notes["utterances"] == 9
    assert progress == [(0, 3), (2, 3), (3, 3)]
    first = ws.store.corpus.recordings()[0]
    assert ws.audio_file(first.id).read_bytes() == wav_bytes(hz=201)
    assert ws.store.corpus.recording_labels(first.id) == {
        "urgency": "high", "sentiment": "anxious", "disaster": "fire",
    }  # fmt: skip
    utterance = ws.store.corpus.find(Filter(recording_id=first.id, speaker=("caller",))).rows[0]
    assert (utterance.text, utterance.start_ms, utterance.end_ms) == ("집에 불이 났어요", 1600, 3500)
    assert utterance.group == f"aihub119:{call_id(1)}"


def test_a_second_import_adds_nothing(ws: Workspace, tmp_path: Path) -> None:
    paths = deliver(tmp_path, [1, 2, 3])
    aihub119.ingest_aihub119(ws, paths)
    before = ws.store.corpus.counts(), ws.store.corpus.progress(), files(ws)
    again = aihub119.ingest_aihub119(ws, [*paths, paths[0]])
    assert (again.report.added, again.report.known) == (0, 3)
    assert (ws.store.corpus.counts(), ws.store.corpus.progress(), files(ws)) == before


def test_an_interrupted_import_is_completed_by_running_it_again(ws: Workspace, tmp_path: Path) -> None:
    paths = deliver(tmp_path, range(1, 8))

    def pull_the_plug(done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        aihub119.ingest_aihub119(ws, paths, pull_the_plug, 2)
    assert ws.store.corpus.counts()["recordings"] == 4
    done = aihub119.ingest_aihub119(ws, paths, batch_size=2)
    assert (done.report.added, done.report.known) == (3, 4)
    assert ws.store.corpus.counts()["recordings"] == 7
    assert ws.store.corpus.counts()["utterances"] == 21
    assert len(files(ws)) == 7
    assert all(ws.audio_file(r.id).is_file() for r in ws.store.corpus.recordings())


def test_audio_that_comes_later_joins_its_call(ws: Workspace, tmp_path: Path) -> None:
    source, labels = deliver(tmp_path, [1])
    first = aihub119.ingest_aihub119(ws, [labels])
    assert [skip.reason for skip in first.report.skipped] == ["no WAV delivered: text imported without audio"]
    assert ws.store.corpus.counts()["voice_usable"] == 0
    second = aihub119.ingest_aihub119(ws, [labels, source])
    assert (second.report.added, second.report.known, second.rejects) == (0, 1, None)
    assert ws.store.corpus.counts()["voice_usable"] == 3
    assert ws.audio_file(1).read_bytes() == wav_bytes(hz=201)


def test_what_cannot_be_used_is_named_in_rejects_csv(ws: Workspace, tmp_path: Path) -> None:
    write_zip(
        tmp_path / "TL_서울_구급.zip",
        [(f"{stem(1)}.json", label_bytes(1)), (f"{stem(2)}.json", b"{broken"), ("=cmd.txt", b"?")],
    )
    write_zip(tmp_path / "TS_서울_구급.zip", [(f"{stem(1)}.wav", wav_bytes()), ("../../escape.wav", wav_bytes())])
    done = aihub119.ingest_aihub119(ws, [tmp_path / "TL_서울_구급.zip", tmp_path / "TS_서울_구급.zip"])
    assert done.report.added == 1
    assert done.rejects is not None
    with done.rejects.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["file", "reason"]
    assert rows == [[skip.where, skip.reason] for skip in done.report.skipped]
    assert len(rows) == 3
    assert any(stem(2) in where and "broken JSON" in reason for where, reason in rows)
    assert not (tmp_path.parent / "escape.wav").exists()


def test_a_hostile_file_name_is_no_formula_in_the_spreadsheet(ws: Workspace, tmp_path: Path) -> None:
    write_tree(tmp_path / "=cmd|'calc'!A1", {"a.json": b"[]"})
    done = aihub119.ingest_aihub119(ws, [tmp_path / "=cmd|'calc'!A1"])
    assert done.rejects is not None
    text = done.rejects.read_text(encoding="utf-8-sig")
    assert text.splitlines()[1].lstrip('"').startswith("'=cmd")


def test_a_path_that_is_not_there_stops_before_anything_is_written(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not found: .*nowhere\.zip"):
        aihub119.ingest_aihub119(ws, [*deliver(tmp_path, [1]), tmp_path / "nowhere.zip"])
    assert ws.store.corpus.sources() == []


def test_sentences_arrive_once(ws: Workspace, tmp_path: Path) -> None:
    first = import_sentences(ws, tmp_path, 10)
    assert (first.report.added, first.rejects) == (10, None)
    again = import_sentences(ws, tmp_path, 12)
    assert (again.report.added, again.report.known) == (2, 10)
    assert ws.store.corpus.progress()["danger"]["labelled"] == 12


def test_bad_sentences_are_named(ws: Workspace, tmp_path: Path) -> None:
    path = sentence_file(tmp_path / "s.csv", 2)
    path.write_text(path.read_text(encoding="utf-8") + "u009,불이 났어요,perhaps,plain\n", encoding="utf-8")
    done = aihub119.ingest_sentences(ws, path, "s", "ours")
    assert done.report.added == 2
    (skip,) = done.report.skipped
    assert skip.where == "s.csv, line 4"
    assert "unknown danger class 'perhaps'" in skip.reason
    with pytest.raises(InputError, match=r"not found: .*none\.csv"):
        aihub119.ingest_sentences(ws, tmp_path / "none.csv", "s", "ours")
