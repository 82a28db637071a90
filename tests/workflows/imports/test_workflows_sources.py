"""core.workflows.imports.sources: the content tells which source a sheet, a project, a call or an export belongs to."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aihub119_files import call_id, label_bytes, spoken, stem, wav_bytes, write_tree
from corpus_files import as_json, elder
from openpyxl import Workbook

from core.filters import Filter
from core.ingest.audio.folder import Rules
from core.records import Difference, NewRecording, NewUtterance, RestoredUtterance
from core.store import Comparison
from core.workflows.corpus import export
from core.workflows.imports import aihub, aihub119, audio, clashes
from core.workflows.imports.exports import restore
from core.workflows.imports.huggingface import ColumnMapping, ingest_hf
from core.workflows.imports.report import ImportResult
from core.workflows.imports.sources import NamedDelivery, choose, settle
from core.workflows.imports.tables import table, votes
from core.workflows.imports.tables.table import Columns, File, Options, TableImport, TableImportOptions
from core.workflows.imports.tables.votes import VotesImportOptions
from core.workflows.workspace import Workspace, now

NUMBERED = Columns("내용", id="번호")


def texts(ws: Workspace) -> list[str]:
    return [u.text for u in ws.store.corpus.every(Filter())]


def sources(ws: Workspace) -> list[str]:
    return [source.name for source in ws.store.corpus.sources()]


# -- sheets


def workbook(path: Path, sheets: dict[str, list[str]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, lines in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(["번호", "내용"])
        for number, text in enumerate(lines, start=1):
            sheet.append([number, text])
    path.parent.mkdir(exist_ok=True)
    book.save(path)
    return path


def sheet(ws: Workspace, path: Path, name: str | None = None, columns: Columns = NUMBERED) -> TableImport:
    return table.ingest_table(ws, File.at(path), TableImportOptions(columns, Options(sheet=name)))


MONTHS = {"1월": ["불이 났어요", "네", "문이 잠겼어요"], "2월": ["사람이 쓰러졌어요", "네", "고양이가 나무에 있어요"]}


@pytest.mark.parametrize("columns", [NUMBERED, Columns("내용")])
@pytest.mark.parametrize("order", [(None, "2월"), ("2월", "1월")])
def test_two_sheets_are_two_sources(
    ws: Workspace, tmp_path: Path, columns: Columns, order: tuple[str | None, str]
) -> None:
    path = workbook(tmp_path / "신고.xlsx", MONTHS)
    done = [sheet(ws, path, name, columns) for name in order]
    assert {result.source for result in done} == {"신고", "신고/2월"}
    assert sorted(texts(ws)) == sorted(MONTHS["1월"] + MONTHS["2월"])
    again = [sheet(ws, path, name, columns) for name in order]
    assert [(result.added, result.known, result.clashed) for result in again] == [(0, 3, 0)] * 2


def test_sheets_with_the_same_texts_are_two_sources(ws: Workspace, tmp_path: Path) -> None:
    path = workbook(tmp_path / "신고.xlsx", {"1월": MONTHS["1월"], "2월": MONTHS["1월"]})
    assert [sheet(ws, path, name).added for name in ("1월", "2월")] == [3, 3]
    assert [sheet(ws, path, name).known for name in ("1월", "2월")] == [3, 3]


def test_an_edited_sheet_is_an_edition_of_itself(ws: Workspace, tmp_path: Path) -> None:
    path = workbook(tmp_path / "신고.xlsx", MONTHS)
    for name in (None, "2월"):
        sheet(ws, path, name)
    workbook(path, MONTHS | {"2월": ["사람이 쓰러졌어요", "네 맞아요", "고양이가 나무에 있어요"]})
    done = sheet(ws, path, "2월")
    assert (done.source, done.known, done.differing) == ("신고/2월", 2, {"text": 1})


def test_an_old_workspace_knows_the_sheet_that_it_has(ws: Workspace, tmp_path: Path) -> None:
    """An earlier program stored the second sheet under the name of the file, without saying which sheet it was."""
    path = workbook(tmp_path / "신고.xlsx", MONTHS)
    source_id = ws.store.corpus.add_source("신고", "table", "x", table_hash(path), now())
    ws.store.deliveries.add(source_id, "신고", table_hash(path), "", now())
    forget_sheet(ws)
    old = [NewUtterance(f"table:신고:id:{n}", text, f"table:신고:id:{n}") for n, text in enumerate(MONTHS["2월"], 1)]
    ws.store.corpus.add_sentences(source_id, old, now())
    assert (sheet(ws, path, "2월").known, sheet(ws, path, "2월").source) == (3, "신고")
    first = sheet(ws, path)
    assert (first.added, first.clashed, first.source) == (3, 0, f"{tmp_path.name}/신고")


def test_a_source_of_another_kind_is_shared_only_if_it_has_the_rows(ws: Workspace, tmp_path: Path) -> None:
    source_id = ws.store.corpus.add_source("신고", "sentences", "x", "0", now())
    path = workbook(tmp_path / "신고.xlsx", {"1월": MONTHS["1월"]})
    apart = sheet(ws, path)
    assert (apart.source, apart.added) == (f"{tmp_path.name}/신고", 3)
    other = workbook(tmp_path / "b" / "신고.xlsx", {"1월": MONTHS["2월"]})
    old = [NewUtterance(f"table:신고:id:{n}", text, f"table:신고:id:{n}") for n, text in enumerate(MONTHS["2월"], 1)]
    ws.store.corpus.add_sentences(source_id, old, now())
    assert (sheet(ws, other).source, sheet(ws, other).known) == ("신고", 3)


def table_hash(path: Path) -> str:
    from core.files import sha256

    return sha256(path)


def forget_sheet(ws: Workspace) -> None:
    """Make the note of the delivery one of the migration: its sheet is not known."""
    import sqlite3

    with sqlite3.connect(ws.settings.home / "gwidama.db") as connection:
        connection.execute("UPDATE delivery SET part = NULL")


def test_two_imports_at_once_do_not_share_a_new_source(ws: Workspace) -> None:
    delivered = NamedDelivery("table", "labels", "content")
    chosen = choose(ws, delivered, lambda name: Comparison())
    assert (chosen.name, chosen.new) == ("labels", True)
    ws.store.corpus.add_source("labels", "table", "x", "another content", now())
    chosen, source_id = settle(ws, delivered, lambda name: Comparison(other=1), "report", "x")
    assert (chosen.name, sources(ws)) == ("labels (2)", ["labels", "labels (2)"])
    assert settle(ws, delivered, lambda name: Comparison(same=1), "report", "x")[1] == source_id

    def another_import_takes_the_name(name: str) -> Comparison:
        ws.store.corpus.add_source("calls", "table", "x", "another content", now())
        return Comparison(other=1)

    ws.store.corpus.add_source("1월/calls", "table", "x", "a third content", now())
    chosen, _ = settle(ws, NamedDelivery("table", "calls", "mine"), another_import_takes_the_name, "report", "x")
    assert chosen.name == "calls (2)"
    third = NamedDelivery("table", "labels", "third")
    assert choose(ws, third, lambda name: Comparison(other=1), "report", ["labels (3)"]).name == "labels (4)"


# -- Label Studio


def region(name: str, start: float, end: float, text: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "text": [text]}
    return {"id": name, "from_name": "transcription", "to_name": "audio", "type": "textarea", "value": value}


def tasks(folder: Path, file: str, *items: dict[str, Any]) -> Path:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(items, ensure_ascii=False), encoding="utf-8")
    return path


def call_task(number: int, *regions: dict[str, Any], **more: Any) -> dict[str, Any]:
    data = {"audio": f"/data/upload/3/call{number}.wav"}
    return {"id": number, "data": data, "annotations": [{"id": number, "result": list(regions)}], **more}


def text_task(number: int, text: str, code: str, **more: Any) -> dict[str, Any]:
    result = {"from_name": "danger", "to_name": "text", "type": "choices", "value": {"choices": [code]}}
    return {"id": number, "data": {"text": text}, "annotations": [{"id": number, "result": [result]}], **more}


WEEK_1, WEEK_2 = "project-3-at-2026-11-01-09-00-aaaa.json", "project-3-at-2026-11-08-09-00-bbbb.json"


def counts(result: ImportResult) -> tuple[int, int, int]:
    return result.report.added, result.report.known, result.report.clashed


def test_a_project_that_is_exported_again_is_known_by_task_and_region(ws: Workspace, tmp_path: Path) -> None:
    two = (region("r1", 1, 2, "두 번째 말"), region("r2", 3, 4, "세 번째 말"))
    assert counts(restore.ingest_labelstudio(ws, tasks(tmp_path, WEEK_1, call_task(21, *two)))) == (2, 0, 0)
    three = tasks(tmp_path, WEEK_2, call_task(21, region("r0", 0, 0.9, "첫 번째 말"), *two))
    assert counts(restore.ingest_labelstudio(ws, three)) == (1, 2, 0)
    assert sorted(texts(ws)) == ["두 번째 말", "세 번째 말", "첫 번째 말"]
    assert sources(ws) == ["export:project-3"]


def test_an_edited_region_is_suggested(ws: Workspace, tmp_path: Path) -> None:
    first = tasks(tmp_path, WEEK_1, call_task(21, region("r1", 1, 2, "불이 낫어요"), region("r2", 3, 4, "네")))
    restore.ingest_labelstudio(ws, first)
    edited = call_task(21, region("r1", 1, 2.5, "불이 났어요"), region("r2", 3, 4, "네"))
    second = restore.ingest_labelstudio(ws, tasks(tmp_path, WEEK_2, edited), on_clash="propose")
    assert (counts(second), second.proposals) == ((0, 1, 1), 2)
    (clash,) = second.report.clashes
    assert clash.differences == (Difference("text", "불이 낫어요", "불이 났어요"), Difference("end_ms", 2000, 2500))
    assert clash.where == f"{WEEK_2}, task 1"
    assert clashes.accept_all(ws, "kim").accepted == 2
    assert counts(restore.ingest_labelstudio(ws, tmp_path / WEEK_2)) == (0, 2, 0)


def test_audio_that_comes_later_joins_the_regions_that_are_known(ws: Workspace, tmp_path: Path) -> None:
    path = tasks(tmp_path, WEEK_1, call_task(1, region("r1", 1, 2, "불이 났어요")))
    restore.ingest_labelstudio(ws, path)
    assert ws.store.corpus.utterance(1).voice_usable is False
    (tmp_path / "call1.wav").write_bytes(wav_bytes())
    assert counts(restore.ingest_labelstudio(ws, path)) == (0, 1, 0)
    assert (ws.store.corpus.utterance(1).voice_usable, ws.store.corpus.recording(1).duration_ms) == (True, 6000)
    (tmp_path / "call1.wav").write_bytes(wav_bytes(hz=300))
    other = restore.ingest_labelstudio(ws, tasks(tmp_path, WEEK_2, call_task(1, region("r1", 1, 2, "불이 났어요"))))
    assert (other.report.added, other.report.differing) == (0, {"audio": 1})


@pytest.mark.parametrize("numbered", [True, False])
def test_two_projects_with_the_same_ids_are_two_sources(ws: Workspace, tmp_path: Path, numbered: bool) -> None:
    mark = {"project": 3} if numbered else {}
    projects = {
        "a": ["불이야", "도와주세요"], "b": ["길을 물어요", "감사합니다"],
        "c": ["문이 잠겼어요", "갇혔어요", "살려 주세요"],
    }  # fmt: skip
    for folder, said in projects.items():
        items = [text_task(n, text, "danger", **mark) for n, text in enumerate(said, start=1)]
        done = restore.ingest_labelstudio(ws, tasks(tmp_path / folder, "tasks.json", *items))
        assert counts(done) == (len(said), 0, 0)
    assert len(texts(ws)) == 7
    name = "export:project-3" if numbered else "export:tasks.json"
    assert sources(ws) == [name, f"{name} (2)", f"{name} (3)"]
    for folder, said in projects.items():
        assert counts(restore.ingest_labelstudio(ws, tmp_path / folder / "tasks.json")) == (0, len(said), 0)


def test_a_renamed_export_of_a_numbered_project_is_known(ws: Workspace, tmp_path: Path) -> None:
    restore.ingest_labelstudio(ws, tasks(tmp_path, WEEK_1, text_task(1, "불이야", "danger", project=3)))
    renamed = tasks(tmp_path, "내려받은 것.json", text_task(1, "불이야", "normal", project=3))
    done = restore.ingest_labelstudio(ws, renamed)
    assert (counts(done), done.report.differing) == ((0, 0, 1), {"label:danger": 1})
    both = restore.ingest_labelstudio(ws, renamed, on_clash="source")
    assert counts(both) == (1, 0, 0)
    assert counts(restore.ingest_labelstudio(ws, renamed, on_clash="source")) == (0, 1, 0)


def test_an_old_workspace_knows_regions_by_their_times_and_texts(ws: Workspace, tmp_path: Path) -> None:
    """An earlier program named a project after the file, and its regions after their place."""
    old = "labelstudio:project-3-at-2026-11-01-09-00-aaaa:21"
    source_id = ws.store.corpus.add_source(f"export:{WEEK_1}", "export", "x", "0", now())
    items = [
        RestoredUtterance(NewUtterance(f"{old}:{n}", text, old, n * 1000, n * 1000 + 900), text, recording=old)
        for n, text in ((1, "두 번째 말"), (2, "세 번째 말"))
    ]
    ws.store.transfer.restore(source_id, items, {old: NewRecording(old, 3000, None, None, None, ())}, now())
    same = (region("x", 1, 1.9, "두 번째 말"), region("y", 2, 2.9, "세 번째 말"))
    for file in (WEEK_1, WEEK_2):
        assert counts(restore.ingest_labelstudio(ws, tasks(tmp_path, file, call_task(21, *same)))) == (0, 2, 0)
    more = call_task(21, region("w", 0, 0.9, "첫 번째 말"), same[0], region("y", 2, 2.7, "세 번째 말"))
    done = restore.ingest_labelstudio(ws, tasks(tmp_path, "project-3-at-2026-11-15-09-00-cccc.json", more))
    assert (counts(done), done.report.differing) == ((1, 1, 1), {"end_ms": 1})
    assert [u.key for u in ws.store.corpus.every(Filter())] == [f"{old}:1", f"{old}:2", f"{old}:w"]


# -- 119, exports, votes, audio


def delivered(folder: Path, number: int = 1, **changes: Any) -> Path:
    files = {f"L/{stem(number)}.json": label_bytes(number, **changes), f"S/{stem(number)}.wav": wav_bytes()}
    return write_tree(folder, files)


CORRECTED = {
    "urgencyLevel": "하",
    "utterances": [
        spoken(1, 0, 1_500, "네 119입니다", 0),
        spoken(2, 1_600, 3_500, "집에 불이 났어요!"),
        spoken(3, 3_700, 5_900, "주소가 어디세요", 1),
    ],
}


def test_a_corrected_delivery_of_calls_reports_exactly_its_corrections(ws: Workspace, tmp_path: Path) -> None:
    aihub119.ingest_aihub119(ws, [delivered(tmp_path / "a")])
    assert counts(aihub119.ingest_aihub119(ws, [delivered(tmp_path / "again")])) == (0, 1, 0)
    done = aihub119.ingest_aihub119(ws, [delivered(tmp_path / "b", **CORRECTED)], on_clash="propose")
    key = f"aihub119:{call_id(1)}"
    assert {clash.key: clash.differences for clash in done.report.clashes} == {
        key: (Difference("label:urgency", "high", "low"),),
        f"{key}:u2": (Difference("text", "집에 불이 났어요", "집에 불이 났어요!"),),
        f"{key}:u3": (Difference("start_ms", 3600, 3700), Difference("speaker", "taker", "caller")),
    }
    assert (counts(done), done.proposals) == ((0, 0, 3), 4)
    assert done.rejects is not None
    assert "b/L/" in done.rejects.read_text(encoding="utf-8-sig")
    assert clashes.accept_all(ws, "kim").accepted == 4
    assert (ws.store.corpus.utterance(3).speaker, ws.store.corpus.utterance(3).start_ms) == ("caller", 3700)
    assert ws.store.corpus.recording_labels(1)["urgency"] == "low"
    assert counts(aihub119.ingest_aihub119(ws, [tmp_path / "b"])) == (0, 1, 0)
    assert clashes.undo_batch(ws, str(done.batch), "kim") == (4, 0)
    assert ws.store.corpus.utterance(2).text == "집에 불이 났어요"
    assert counts(aihub119.ingest_aihub119(ws, [tmp_path / "a"])) == (0, 1, 0)


def test_a_call_with_other_audio_and_as_a_new_source(ws: Workspace, tmp_path: Path) -> None:
    aihub119.ingest_aihub119(ws, [delivered(tmp_path / "a")])
    other = write_tree(delivered(tmp_path / "b"), {f"S/{stem(1)}.wav": wav_bytes(hz=300)})
    done = aihub119.ingest_aihub119(ws, [other])
    assert (counts(done), done.report.differing) == ((0, 0, 1), {"audio": 1})
    apart = aihub119.ingest_aihub119(ws, [other], on_clash="source")
    assert counts(apart) == (1, 0, 0)
    assert sources(ws) == ["aihub119", "aihub119 (2)"]
    assert counts(aihub119.ingest_aihub119(ws, [other], on_clash="source")) == (0, 1, 0)


def test_an_edited_export_is_compared(ws: Workspace, tmp_path: Path) -> None:
    source_id = ws.store.corpus.add_source("s", "table", "x", "0", now())
    ws.store.corpus.add_sentences(
        source_id, [NewUtterance("k1", "불이야", "k1"), NewUtterance("k2", "네", "k2")], now()
    )
    ws.store.review.decide(1, 0, "kim", now(), text="불이야!", labels={"danger": "danger"})
    path = tmp_path / "corpus.csv"
    export.save(ws, path)
    ws.store.review.decide(1, 1, "kim", now(), text="불이야!!", labels={"danger": "normal"})
    assert counts(restore.ingest_gwidama(ws, path)) == (0, 2, 0), "the export holds what the workspace had once"
    path.write_text(path.read_text("utf-8-sig").replace(",네,", ",네 맞아요,", 1), encoding="utf-8")
    done = restore.ingest_gwidama(ws, path, on_clash="propose")
    assert (counts(done), done.report.differing) == ((0, 1, 1), {"text": 1})
    assert clashes.accept_all(ws, "lee").accepted == 1
    assert texts(ws) == ["불이야!!", "네 맞아요"]
    apart = restore.ingest_gwidama(ws, path, on_clash="source")
    assert counts(apart) == (0, 2, 0), "nothing differs any more"


def test_a_rater_who_is_known_with_another_answer_is_named(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    options = VotesImportOptions("danger", ("a", "b"), item="id", text="text")
    path.write_text("id,text,a,b\n1,불이야,danger,normal\n2,네,normal,normal\n", encoding="utf-8")
    votes.ingest_votes(ws, File.at(path), options)
    path.write_text("id,text,a,b\n1,불이야,danger,danger\n2,네,normal,normal\n", encoding="utf-8")
    done = votes.ingest_votes(ws, File.at(path), options)
    assert (done.votes, done.votes_known, done.known, done.clashed) == (0, 3, 2, 1)
    (clash,) = done.clashes
    assert clash.differences[0].field == "label:danger"
    assert (clash.where, str(clash.differences[0].after).endswith("b: danger")) == ("row 2", True)
    assert done.rejects is not None


def test_an_audio_folder_with_another_label_or_text(ws: Workspace, tmp_path: Path) -> None:
    rules = Rules(labels={"mood": "folder"})
    root = write_tree(tmp_path / "clips", {"calm/a.wav": wav_bytes(), "calm/a.txt": "네".encode()})
    assert audio.ingest_audio(ws, [root], rules).report.added == 1
    moved = write_tree(tmp_path / "later", {"angry/a.wav": wav_bytes(), "angry/a.txt": "네!".encode()})
    done = audio.ingest_audio(ws, [moved], rules)
    assert counts(done) == (0, 0, 1)
    assert done.report.differing == {"label:mood": 1, "text": 1}
    assert done.report.clashes[0].where == "later/angry/a.wav"


def test_two_datasets_that_share_a_row_by_chance_are_two_sources(ws: Workspace, tmp_path: Path) -> None:
    said = {"a": ["네", "불이 났어요", "도와주세요"], "b": ["네", "길을 물어요", "감사합니다"]}
    for name, lines in said.items():
        (tmp_path / name).mkdir()
        pq.write_table(pa.table({"text": lines, "mood": ["x", "y", name]}), tmp_path / name / "train.parquet")
    mapped = ColumnMapping("text", labels={"mood": "mood"})
    for name in "ab":
        assert counts(ingest_hf(ws, str(tmp_path / name), mapped)) == (3, 0, 0)
    assert sorted(texts(ws)) == sorted(said["a"] + said["b"])
    for name in "ab":
        assert counts(ingest_hf(ws, str(tmp_path / name), mapped)) == (0, 3, 0)
    assert counts(ingest_hf(ws, str(tmp_path / "a"), mapped, source="another name")) == (0, 3, 0)


def test_a_corrected_sister_corpus_is_compared_with_and_without_audio(ws: Workspace, tmp_path: Path) -> None:
    def delivery(name: str, text: str, hz: float) -> Path:
        files = {
            "a.json": as_json(elder(1, text)),
            "노인남여_1.wav": wav_bytes(1200, hz=hz),
            "b.json": as_json(elder(2, "네")),
        }
        return write_tree(tmp_path / name, files)

    assert counts(aihub.ingest_aihub(ws, "elder", [delivery("v1", "앉아 있었지", 200)])) == (2, 0, 0)
    again = aihub.ingest_aihub(ws, "elder", [tmp_path / "v1"])
    assert (counts(again), len(again.report.skipped)) == ((0, 2, 0), 1), "the call without audio is named, as before"
    done = aihub.ingest_aihub(ws, "elder", [delivery("v2", "앉아 있었지요", 300)], on_clash="propose")
    assert (counts(done), done.report.differing, done.proposals) == ((0, 1, 2), {"audio": 1, "text": 1}, 2)
    assert clashes.accept_all(ws, "kim").accepted == 2
    assert ws.audio_file(1).read_bytes() == wav_bytes(1200, hz=300)
    assert counts(aihub.ingest_aihub(ws, "elder", [tmp_path / "v2"])) == (0, 2, 0)
    assert counts(aihub.ingest_aihub(ws, "elder", [tmp_path / "v1"])) == (0, 2, 0), "it was received before"
    apart = aihub.ingest_aihub(ws, "elder", [delivery("v3", "서 있었지", 300)], on_clash="source")
    assert (counts(apart), sources(ws)) == ((2, 0, 0), ["elder", "elder (2)"])
