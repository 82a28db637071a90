"""core.export: what each format holds, what its readers see, and that no half-written file ever appears."""

import csv
import json
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from export_corpora import AT, MOOD, Workspaces, add_calls, add_mood, add_sentences, derive
from store_data import sentences
from workflow_data import import_calls

from core.confidence import best_class
from core.errors import InputError, UnknownName
from core.export import COLUMNS, FORMATS, hf_dataset, parquet
from core.records import NewUtterance, Prediction, RunInfo, SnapshotInfo
from core.runs.predictions import add_pool
from core.schemes import SCHEMES, publish
from core.workflows.corpus import export
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace, now

FIXED = (
    "id", "key", "recording_id", "parent_id", "start_ms", "end_ms", "speaker", "origin", "group", "version",
    "voice_usable", "skipped", "text", "original", "danger", "urgency", "sentiment", "disaster", "emotion-dialogue",
    "emotion-diary",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _only_bundled_schemes_afterwards() -> Iterator[None]:
    yield
    publish(None, ())


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_columns_of_tables_are_those_that_scripts_depend_on(ws: Workspace, tmp_path: Path) -> None:
    assert COLUMNS == FIXED
    sentences(ws.store, "불이야")
    export.save(ws, tmp_path / "out.csv")
    export.save(ws, tmp_path / "out.jsonl")
    assert tuple(rows_of(tmp_path / "out.csv")[0]) == FIXED
    assert tuple(json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))) == FIXED


def test_schemes_of_the_workspace_and_silver_labels_come_after_them(ws: Workspace, tmp_path: Path) -> None:
    add_mood(ws)
    add_sentences(ws, [NewUtterance("a", "좋은 날", "g", labels={"mood": "good|odd", "danger": "normal"})])
    derive(ws, 1, "좋은")
    export.save(ws, tmp_path / "out.csv")
    first, second = rows_of(tmp_path / "out.csv")
    assert tuple(first) == (*FIXED, "mood", "_silver")
    assert (first["mood"], first["_silver"]) == ("good|odd", "")
    assert (second["mood"], second["_silver"], second["parent_id"], second["origin"]) == (
        "good|odd", "danger,mood", "1", "augmented",
    )  # fmt: skip


def test_parquet_is_typed_and_defines_its_schemes(ws: Workspace, tmp_path: Path) -> None:
    add_mood(ws)
    add_calls(ws, {"call": [NewUtterance("a", "=1", "g", 100, 900, "caller", labels={"mood": "bad"})]},
              {"call": {"urgency": "high"}})  # fmt: skip
    export.save(ws, tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.schema.field("start_ms").type == pa.int64()
    assert table.schema.field("skipped").type == pa.bool_()
    (row,) = table.to_pylist()
    assert (row["text"], row["mood"], row["urgency"], row["_recording"], row["_recording_ms"], row["_licence"]) == (
        "=1", "bad", "high", "call", 60_000, "ours, calls",
    )  # fmt: skip
    schemes = {x["definition"]["name"]: x for x in json.loads(table.schema.metadata[b"gwidama"])["schemes"]}
    assert schemes["mood"]["definition"]["kind"] == "multi"
    assert [x["code"] for x in schemes["urgency"]["definition"]["label"]] == ["low", "medium", "high"]


def test_parquet_is_written_in_groups_of_rows(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(parquet, "ROWS", 2)
    sentences(ws.store, *"가나다라마")
    export.save(ws, tmp_path / "out.parquet")
    assert pq.ParquetFile(tmp_path / "out.parquet").num_row_groups == 3


def read_stream(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_stream(source).read_all()


def test_a_datasets_folder_holds_clips_and_recordings(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    ws.store.review.decide(2, 0, "ann", now(), labels={"danger": "danger"})
    sentences(ws.store, "글만 있다")
    export.save(ws, tmp_path / "hf", name="hf")
    rows = read_stream(tmp_path / "hf" / "data-00000-of-00001.arrow").to_pylist()
    assert [row["danger"] for row in rows] == [None, 1, None, None]
    assert [row["urgency"] for row in rows] == [2, 2, 2, None]
    assert rows[3]["audio"] is None
    (tmp_path / "clip.wav").write_bytes(rows[1]["audio"]["bytes"])
    with wave.open(str(tmp_path / "clip.wav")) as clip:
        assert (clip.getnframes(), clip.getframerate()) == ((3500 - 1600) * 8, 8000)
    (call,) = read_stream(tmp_path / "hf" / "recordings" / "data-00000-of-00001.arrow").to_pylist()
    assert call["audio"]["bytes"] == ws.audio_file(1).read_bytes()
    assert (call["key"], call["source"]) == ("aihub119:000000000000000000000001", "aihub119")
    info = json.loads((tmp_path / "hf" / "dataset_info.json").read_text(encoding="utf-8"))
    assert info["features"]["urgency"] == {"names": ["low", "medium", "high"], "_type": "ClassLabel"}
    assert info["license"] == "AI Hub 71768: not to be passed on\nours"


def test_a_datasets_folder_is_cut_into_shards(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hf_dataset, "SHARD_BYTES", 1)
    monkeypatch.setattr(hf_dataset, "BLOCK_ROWS", 2)
    sentences(ws.store, *"가나다라마")
    export.save(ws, tmp_path / "hf", name="hf")
    files = sorted(path.name for path in (tmp_path / "hf").glob("*.arrow"))
    assert files == [f"data-{k:05d}-of-00003.arrow" for k in range(3)]
    state = json.loads((tmp_path / "hf" / "state.json").read_text(encoding="utf-8"))
    assert [item["filename"] for item in state["_data_files"]] == files
    texts = [text for name in files for text in read_stream(tmp_path / "hf" / name)["text"].to_pylist()]
    assert texts == list("가나다라마")


def test_the_same_corpus_has_the_same_fingerprint(ws: Workspace, tmp_path: Path) -> None:
    sentences(ws.store, "가", "나")
    fingerprints = []
    for name in ("one", "two"):
        export.save(ws, tmp_path / name, name="hf")
        fingerprints.append(json.loads((tmp_path / name / "state.json").read_text(encoding="utf-8"))["_fingerprint"])
    sentences(ws.store, "다")
    export.save(ws, tmp_path / "three", name="hf")
    fingerprints.append(json.loads((tmp_path / "three" / "state.json").read_text(encoding="utf-8"))["_fingerprint"])
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


def test_the_real_library_loads_the_folder(ws: Workspace, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="pip install datasets: the library itself reads the folder")
    import_calls(ws, tmp_path, 1)
    add_mood(ws)
    add_sentences(ws, [NewUtterance("a", "좋은 날 😀", "g", labels={"mood": "good|odd"})])
    export.save(ws, tmp_path / "hf", name="hf")
    made = datasets.load_from_disk(str(tmp_path / "hf"))
    assert made.features["danger"].names == ["normal", "danger"]
    assert isinstance(made.features["audio"], datasets.Audio)
    raw = made.cast_column("audio", datasets.Audio(decode=False))
    assert (raw[3]["text"], raw[3]["mood"], raw[3]["audio"]) == ("좋은 날 😀", [0, 2], None)
    assert raw[1]["audio"]["bytes"][:4] == b"RIFF"
    calls = datasets.load_from_disk(str(tmp_path / "hf" / "recordings"))
    assert len(calls) == 1


def test_a_clip_that_cannot_be_read_is_counted(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 2)
    ws.audio_file(1).write_bytes(b"RIFF, but no more")
    ws.audio_file(2).unlink()
    done = export.save(ws, tmp_path / "hf", name="hf")
    assert done.utterances == 6
    assert sum(n for why, n in done.left_out.items() if why.startswith("clip: ")) == 3
    assert done.left_out[export.NO_AUDIO] == 1


def test_the_seeds_table_is_as_they_read_it(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 1)
    sentences(ws.store, "녹음이 없다")
    ws.store.review.decide(2, 0, "ann", now(), labels={}, text="=불이야")
    done = export.save(ws, tmp_path / "processed_data.csv", name="seeds")
    assert (done.utterances, done.left_out) == (3, {"a sentence on its own": 1})
    rows = rows_of(tmp_path / "processed_data.csv")
    assert tuple(rows[0]) == (
        "_id", "wav_file_path", "utterance_id", "text", "startAt", "endAt", "sentiment", "urgencyLevel",
        "urgency_label", "disasterMedium",
    )  # fmt: skip
    assert (ws.settings.home / rows[1].pop("wav_file_path")).is_file()
    assert rows[1] == {
        "_id": "000000000000000000000001", "utterance_id": "u2", "text": "'=불이야", "startAt": "1600", "endAt": "3500",
        "sentiment": "불안/걱정", "urgencyLevel": "상", "urgency_label": "2", "disasterMedium": "일반화재",
    }  # fmt: skip


def frozen(ws: Workspace, tmp_path: Path) -> None:
    import_calls(ws, tmp_path, 4)
    for n in range(1, 13):
        ws.store.review.decide(n, 0, "ann", AT, labels={"danger": ("normal", "danger")[n % 2]},
                               text=f"{'=' if n == 1 else ''}{'가나다라마바사아자차카타'[n - 1] * 5}")  # fmt: skip
    snapshot.create(ws, "s1", "danger", "60/20/20")


def test_autotrain_keeps_the_sides_of_the_snapshot(ws: Workspace, tmp_path: Path) -> None:
    frozen(ws, tmp_path)
    done = export.save(ws, tmp_path / "text", name="autotrain", snapshot="s1")
    sides = ws.store.ledger.snapshot("s1").counts["sides"]
    for side, file in (("train", "train.csv"), ("validation", "valid.csv"), ("test", "test.csv")):
        assert not (tmp_path / "text" / file).read_bytes().startswith(b"\xef\xbb\xbf")
        rows = rows_of(tmp_path / "text" / file)
        assert len(rows) == sum(sides[side].values())
        assert all(tuple(row) == ("text", "target") and row["target"] in sides[side] for row in rows)
        assert not any(row["text"].startswith("=") for row in rows)
    assert done.utterances == ws.store.ledger.snapshot("s1").counts["n"]

    done = export.save(ws, tmp_path / "audio", name="autotrain-audio", snapshot="s1")
    assert done.utterances == ws.store.ledger.snapshot("s1").counts["n"]
    for folder in ("train", "valid", "test"):
        rows = rows_of(tmp_path / "audio" / folder / "metadata.csv")
        files = {path.name for path in (tmp_path / "audio" / folder).glob("*.wav")}
        assert {row["file_name"] for row in rows} == files


def test_a_snapshot_goes_out_as_it_was_frozen(ws: Workspace, tmp_path: Path) -> None:
    frozen(ws, tmp_path)
    before = json.loads(json.dumps(ws.store.ledger.snapshot("s1").counts["sides"]))
    ws.store.review.decide(2, 1, "ann", now(), labels={"danger": "normal"}, text="나중에 고친 글")
    export.save(ws, tmp_path / "s1.csv", snapshot="s1")
    rows = rows_of(tmp_path / "s1.csv")
    assert tuple(rows[0]) == (
        "id", "key", "recording", "start_ms", "end_ms", "speaker", "group", "text", "scheme", "code", "label", "gold",
        "side",
    )  # fmt: skip
    counts: dict[str, dict[str, int]] = {side: dict.fromkeys(before[side], 0) for side in before}
    for row in rows:
        counts[row["side"]][row["code"]] += 1
        assert row["label"] == str(SCHEMES["danger"].index(row["code"]))
    assert counts == before
    assert not any("나중에" in row["text"] for row in rows)
    export.save(ws, tmp_path / "s1", name="hf", snapshot="s1")
    made = read_stream(tmp_path / "s1" / "data-00000-of-00001.arrow").to_pylist()
    assert {row["label"] for row in made} == {0, 1}
    assert all(row["audio"]["bytes"][:4] == b"RIFF" for row in made)


def test_label_studio_tasks_hold_answers_and_predictions(ws: Workspace, tmp_path: Path) -> None:
    add_mood(ws)
    add_sentences(ws, [NewUtterance("a", "좋은 날", "g", labels={"mood": "good|odd"}), NewUtterance("b", "불", "g")])
    ws.store.review.decide(1, 0, "ann", now(), labels={}, text="좋은 날이다")
    ws.store.ledger.add_snapshot(SnapshotInfo("s", "danger", "0", AT, {}))
    ws.store.ledger.put_run(RunInfo("r1", "danger-text", "ngram", "danger", "text", "s", "done", AT, {}))
    judged = Prediction("r1", "danger", 2, "pool", *best_class(("normal", "danger"), (0.25, 0.75)))
    ws.store.ledger.put_predictions([judged])
    add_pool(ws.run_folder("r1"), "danger", [2], np.array([[0.25, 0.75]]))
    assert export.save(ws, tmp_path / "out.json").utterances == 2
    first, second = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert (first["data"]["text"], first["data"]["original"]) == ("좋은 날이다", "좋은 날")
    results = {item["from_name"]: item["value"] for item in first["annotations"][0]["result"]}
    assert results == {"mood": {"choices": ["good", "odd"]}, "transcription": {"text": ["좋은 날이다"]}}
    assert second["annotations"] == []
    (prediction,) = second["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("r1", 0.75)
    assert prediction["result"][0]["value"] == {"choices": ["danger"]}
    assert prediction["result"][0]["meta"] == {"probabilities": {"normal": 0.25, "danger": 0.75}}


def test_an_empty_corpus_goes_out_in_every_format_of_it(ws: Workspace, tmp_path: Path) -> None:
    for name, how in FORMATS.items():
        if not how.frozen:
            target = tmp_path / f"empty-{name}{how.suffix}"
            assert export.save(ws, target, name=name).utterances == 0
            assert target.exists()
    assert json.loads((tmp_path / "empty-labelstudio.json").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"name": "xls"}, UnknownName, "unknown export format 'xls'; known: csv, jsonl, parquet, hf"),
        ({"name": "autotrain"}, InputError, "autotrain needs sides and one label a row: name a snapshot"),
        ({"name": "seeds", "snapshot": "s1"}, InputError, "seeds is made of the corpus as it is, not of a snapshot"),
    ],
)
def test_what_does_not_go_together_is_refused(
    ws: Workspace, tmp_path: Path, more: dict[str, Any], error: type[Exception], message: str
) -> None:
    if "snapshot" in more:
        frozen(ws, tmp_path)
    with pytest.raises(error, match=message):
        export.save(ws, tmp_path / "out", **more)
    assert not (tmp_path / "out").exists()


def test_a_folder_is_never_replaced_and_a_file_whole(ws: Workspace, tmp_path: Path) -> None:
    sentences(ws.store, "가")
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="there exists already; a folder is not replaced"):
        export.save(ws, tmp_path / "there", name="hf")
    with pytest.raises(InputError, match="there is a folder"):
        export.save(ws, tmp_path / "there", name="csv")
    (tmp_path / "out.csv").write_text("old", encoding="utf-8")
    export.save(ws, tmp_path / "out.csv")
    assert rows_of(tmp_path / "out.csv")[0]["text"] == "가"


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet", "hf", "labelstudio"])
def test_what_stops_half_way_leaves_nothing(ws: Workspace, tmp_path: Path, name: str) -> None:
    """An interrupt between two rows leaves neither the file nor a part of it."""
    sentences(ws.store, "가", "나")
    folder = tmp_path / "here"
    folder.mkdir()

    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export.save(ws, folder / "out", name=name, progress=stop)
    assert list(folder.iterdir()) == []


def test_a_scheme_called_audio_does_not_take_the_sounds_place(tmp_path: Path) -> None:
    ws = Workspaces(tmp_path).fresh()
    ws.store.schemes.put("audio", lambda old: replace(MOOD, name="audio"), "ann", AT)
    with pytest.raises(InputError, match="scheme 'audio' has the name of the column with the sound"):
        export.save(ws, tmp_path / "hf", name="hf")
