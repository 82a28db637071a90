"""assets/demo: the committed archives have the content that the script plans and that the demo needs."""

import csv
import importlib
import io
import json
import shutil
import wave
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from core.ingest import sentences
from core.ingest.aihub.calls import Call, index, read_index
from core.records import NewUtterance, Skip
from core.settings import DEMO

MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def synthesise() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DEMO))
        yield importlib.import_module("synthesise")


@pytest.fixture(scope="module")
def archives() -> dict[str, dict[str, bytes]]:
    """Archive -> member -> bytes; the names are those in the zip files."""
    members: dict[str, dict[str, bytes]] = {}
    for path in sorted((DEMO / "archives").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            members[path.name] = {info.filename: archive.read(info) for info in archive.infolist()}
    return members


@pytest.fixture(scope="module")
def imported() -> list[Any]:
    return list(read_index(index([DEMO / "archives"]), lambda _: False))


def timeless(document: dict[str, Any]) -> dict[str, Any]:
    """Return a label document without its times, as the plan has it."""
    spoken = [u | {"startAt": None, "endAt": None} for u in document["utterances"]]
    return document | {"utterances": spoken, "endAt": None}


def labels(archives: dict[str, dict[str, bytes]]) -> Iterator[dict[str, Any]]:
    for files in archives.values():
        yield from (json.loads(data.decode("utf-8-sig")) for name, data in files.items() if name.endswith(".json"))


def test_archives_hold_what_the_script_plans(synthesise: ModuleType, archives: dict[str, dict[str, bytes]]) -> None:
    plan = synthesise.plan(synthesise.scripts())
    assert {name: sorted(files) for name, files in archives.items()} == {n: list(files) for n, files in plan.items()}
    for name, files in plan.items():
        for member, document in files.items():
            if document is not None:
                assert timeless(json.loads(archives[name][member].decode("utf-8-sig"))) == document


def test_dry_run_writes_the_plan_alone(
    synthesise: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["synthesise.py", "--out", str(tmp_path / "new"), "--dry-run"])
    synthesise.main()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["plan.json"]
    assert json.loads((tmp_path / "new" / "plan.json").read_text("utf-8")) == synthesise.plan(synthesise.scripts())
    assert "44 calls" in capsys.readouterr().out


def test_size_and_sound(archives: dict[str, dict[str, bytes]]) -> None:
    assert sum(p.stat().st_size for p in (DEMO / "archives").glob("*.zip")) <= 25 * MEBIBYTE
    sounds = [data for files in archives.values() for name, data in files.items() if name.endswith(".wav")]
    assert len(sounds) >= 40
    for data in sounds:
        with wave.open(io.BytesIO(data)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8_000, 1, 2)
            assert 20 <= file.getnframes() / 8_000 <= 60


def test_every_class_occurs(archives: dict[str, dict[str, bytes]]) -> None:
    documents = list(labels(archives))
    assert {d["disasterLarge"] for d in documents} == {"구급", "구조", "화재", "기타"}
    assert {d["urgencyLevel"] for d in documents} == {"상", "중", "하"}
    assert {d["sentiment"] for d in documents} == {"불안/걱정", "당황/난처", "중립", "기타부정"}
    assert {name[:2] for name in archives} == {"TS", "TL", "VS", "VL"}
    assert len({d["_id"] for d in documents}) == len({d["recordId"] for d in documents}) == len(documents)
    assert all(len(d["_id"]) == 24 and len(d["recordId"]) == 20 for d in documents)


def test_import_finds_the_defects_and_nothing_else(synthesise: ModuleType, imported: list[Any]) -> None:
    by_slug = {script.slug: script for script in synthesise.scripts()}
    skips = {s.where.rpartition("/")[2]: s.reason for s in imported if isinstance(s, Skip)}
    assert skips == {
        by_slug[synthesise.NO_LABEL].stem + ".wav": "no label file delivered",
        by_slug[synthesise.NO_WAV].stem + ".json": "no WAV delivered: text imported without audio",
    }
    calls = [c for c in imported if isinstance(c, Call)]
    assert len(calls) == len(by_slug) - 1
    assert sum(c.wav is not None for c in calls) == len(by_slug) - 2
    assert {c.recording.meta["split"] for c in calls} == {"Training", "Validation"}
    assert any(c.recording.meta["triage"] == "" for c in calls)
    notes = [note for call in calls for note in call.notes]
    assert notes.count("utterance ends at or before its start") == 1
    assert notes.count("utterance too short for voice") == 2
    neighbours = sum(len(c.recording.utterances) - 1 for c in calls)
    assert 0.1 < notes.count("utterance overlaps the one before") / neighbours < 0.3
    assert not [n for n in notes if n.startswith(("call", "utterance lies", "utterance without"))]


def test_defects_of_the_files_themselves(synthesise: ModuleType, archives: dict[str, dict[str, bytes]]) -> None:
    marked = [name for files in archives.values() for name, data in files.items() if data.startswith(b"\xef\xbb\xbf")]
    assert marked == [next(s.stem for s in synthesise.scripts() if s.slug == synthesise.BOM) + ".json"]
    slashed = {name for name, files in archives.items() if any(member.startswith("/") for member in files)}
    assert slashed == {f"TL_{synthesise.SLASHED}.zip", f"TS_{synthesise.SLASHED}.zip"}
    texts = [u["text"] for d in labels(archives) for u in d["utterances"]]
    assert 0 < sum(text != text.rstrip() for text in texts) < len(texts)


def test_sentences() -> None:
    items = list(sentences.read(DEMO / "utterances.csv"))
    assert [s for s in items if isinstance(s, Skip)] == []
    utterances = [u for u in items if isinstance(u, NewUtterance)]
    assert len(utterances) >= 600
    assert len({u.text for u in utterances}) == len(utterances)
    counts = {code: sum(u.labels["danger"] == code for u in utterances) for code in ("danger", "normal")}
    assert min(counts.values()) >= 200
    with (DEMO / "utterances.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert next(csv.reader(lines)) == list(sentences.COLUMNS)


@pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed: the archives stay as they are"
)
def test_one_call_spoken_again_has_the_same_shape(
    synthesise: ModuleType, archives: dict[str, dict[str, bytes]]
) -> None:
    script = next(s for s in synthesise.scripts() if s.slug == "gugeup-cardiac-father")
    sound, document = synthesise.render(script)
    archive, member = script.member("L")
    committed = json.loads(archives[archive][member])
    assert timeless(document) == timeless(committed)
    assert document["endAt"] == pytest.approx(committed["endAt"], rel=0.15)
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getnframes() * 1000 // 8_000 == document["endAt"]
    starts = [u["startAt"] for u in document["utterances"]]
    assert all(a < b for a, b in pairwise(starts))
    assert all(0 <= u["startAt"] < u["endAt"] <= document["endAt"] for u in document["utterances"])
    for new, old in zip(document["utterances"], committed["utterances"], strict=True):
        assert new["endAt"] - new["startAt"] == pytest.approx(old["endAt"] - old["startAt"], rel=0.3)
