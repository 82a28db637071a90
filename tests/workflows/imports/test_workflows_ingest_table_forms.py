"""`ingest table`: labels, rows that count, units, audio in any form, and sheets, as people deliver them."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from aihub119_files import wav_bytes
from typer.testing import CliRunner, Result

from core.cli import app
from core.errors import InputError
from core.filters import Filter
from core.ingest.tables.audio_folder import ABSENT, AMBIGUOUS, ELSEWHERE
from core.schemes import SCHEMES
from core.workflows.imports.tables import table
from core.workflows.imports.tables.table import Columns, Condition, File, Options, TableImport, TableImportOptions
from core.workflows.imports.tables.workbook import ingest_sheets, total
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration


def put(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def take(ws: Workspace, path: Path, text: str = "text", **more: Any) -> TableImport:
    names = ("maps", "missing", "where", "unit", "rate_hz", "audio_folder", "labelled_only", "options")
    order = {name: more.pop(name) for name in names if name in more}
    return table.ingest_table(ws, File.at(path), TableImportOptions(Columns(text, **more), **order))


def stored(ws: Workspace) -> list[tuple[str, dict[str, str]]]:
    return [(u.text, dict(u.labels)) for u in ws.store.corpus.every(Filter())]


def spans(ws: Workspace) -> list[tuple[str, int | None, int | None]]:
    return [(u.text, u.start_ms, u.end_ms) for u in ws.store.corpus.every(Filter())]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["ingest", *map(str, arguments)])


def told(*arguments: str | Path) -> Any:
    answer = run(*arguments, "--json")
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout)


# --- labels ---------------------------------------------------------------------------------------------------------


def test_what_nobody_sees_makes_no_class_and_is_told(ws: Workspace, tmp_path: Path) -> None:
    rows = [
        "긴급",
        "긴급\u200b",
        "\ufeff긴급",
        "긴급\u00ad",
        " 긴급",
        "비긴급",
        "-",
        "N/A",
        "없음",
        "#N/A",
        "긴급\u200b",
    ]
    path = put(tmp_path, "text,label\n" + "".join(f"글 {n},{value}\n" for n, value in enumerate(rows)))
    done = take(ws, path, labels={"급": "label"})
    assert SCHEMES["급"].codes == ("긴급", "비긴급", "없음")
    assert [labels.get("급") for _, labels in stored(ws)] == [
        "긴급", "긴급", "긴급", "긴급", "긴급", "비긴급", None, None, "없음", None, "긴급",
    ]  # fmt: skip
    assert done.notes[r"value '긴급\u200b' of 급: read as '긴급', which looks the same"] == 2
    assert done.notes["value ' 긴급' of 급: read as '긴급', which looks the same"] == 1
    assert {n: done.notes[f"value '{n}' of 급: means no answer"] for n in ("-", "N/A", "#N/A")} == {
        "-": 1, "N/A": 1, "#N/A": 1,
    }  # fmt: skip
    again = take(ws, put(tmp_path, "text,label\n새 글,긴급\u2060\n", "u.csv"), labels={"급": "label"})
    assert (again.schemes, len(SCHEMES["급"].codes)) == ({"급": "급"}, 3)


def test_values_are_mapped_and_called_missing(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "text,급\n가,1급\n나,2급\n다,모름\n라,해당 없음\n마,1급 \n")
    done = told(
        "table", path, "--text", "text", "--label", "rank=급", "--map", "1급=high", "--map", "rank:2급=low",
        "--missing", "모름,해당 없음",
    )  # fmt: skip
    assert (done["added"], done["rejected"], SCHEMES["rank"].codes) == (5, 0, ("high", "low"))
    assert [labels.get("rank") for _, labels in stored(ws)] == ["high", "low", None, None, "high"]


def test_a_map_beside_the_column_and_onto_a_settled_scheme(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "text,O/X,b:c\n가,O,x\n나,X,y\n다,?,x\n")
    done = told("table", path, "--text", "text", "--label", "danger=O/X:O=위험,X=normal,?=", "--label", "s=b:c")
    assert (done["added"], done["schemes"]) == (3, {"danger": "danger", "s": "s"})
    assert stored(ws) == [
        ("가", {"danger": "danger", "s": "x"}), ("나", {"danger": "normal", "s": "y"}), ("다", {"s": "x"}),
    ]  # fmt: skip
    refused = told("table", path, "--text", "text", "--label", "danger=O/X", "--map", "O=danger", "--source", "two")
    assert (refused["added"], refused["reasons"]) == (1, {"unknown danger class": 2})
    wrong = run("table", path, "--text", "text", "--label", "danger=O/X", "--map", "O")
    assert wrong.exit_code == 2
    assert "write VALUE=CLASS" in wrong.output


def test_other_imports_read_values_by_the_same_rules(ws: Workspace, tmp_path: Path) -> None:
    def task(number: int, value: str) -> dict[str, Any]:
        result = {"id": "r", "type": "choices", "from_name": "급", "value": {"choices": [value]}}
        return {"id": number, "data": {"text": f"글 {number}"}, "annotations": [{"result": [result]}]}

    tasks = [task(n, value) for n, value in enumerate(["긴급", "긴급\u200b", "Ａ", "a", "N/A"])]
    told("labelstudio", put(tmp_path, json.dumps(tasks), "tasks.json"))
    assert SCHEMES["급"].codes == ("긴급", "a")
    assert [labels.get("급") for _, labels in stored(ws)] == ["긴급", "긴급", "a", "a", None]
    folder = tmp_path / "sounds"
    folder.mkdir()
    for hz, mood in enumerate(["좋음", unicodedata.normalize("NFD", "좋음"), "좋음\u2060", "-"], start=300):
        (folder / f"{mood}_{hz}.wav").write_bytes(wav_bytes(1_000, hz))
    told("audio", folder, "--pattern", "{mood}_{take}.wav", "--label", "mood=mood")
    assert SCHEMES["mood"].codes == ("좋음",)
    assert sorted(labels.get("mood", "") for _, labels in stored(ws)[5:]) == ["", "좋음", "좋음", "좋음"]


PRODIGY = "".join(
    json.dumps({"text": text, "label": "위험", "answer": answer, "_task_hash": n}, ensure_ascii=False) + "\n"
    for n, (text, answer) in enumerate([("불", "accept"), ("길", "reject"), ("음", "ignore"), ("뜰", "accept")])
)


def test_what_prodigy_rejects_is_no_label(ws: Workspace, tmp_path: Path) -> None:
    done = take(ws, put(tmp_path, PRODIGY, "p.jsonl"), labels={"danger": "label"})
    assert stored(ws) == [("불", {"danger": "danger"}), ("길", {}), ("음", {}), ("뜰", {"danger": "danger"})]
    assert done.notes == {f"row with the Prodigy answer {n}: without its label": 1 for n in ("reject", "ignore")}


def test_a_column_of_answers_is_prodigys_if_it_holds_prodigys_words(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path, "text,label,answer\n가,위험,accept\n나,위험,reject\n"), labels={"danger": "label"})
    take(ws, put(tmp_path, "text,label,answer\n다,위험,accept\n라,위험,reject.\n", "u.csv"), labels={"danger": "label"})
    take(ws, put(tmp_path, "text,answer\n마,accept\n바,reject\n", "v.csv"), labels={"verdict": "answer"})
    assert [dict(labels) for _, labels in stored(ws)] == [
        {"danger": "danger"}, {}, {"danger": "danger"}, {"danger": "danger"}, {"verdict": "accept"},
        {"verdict": "reject"},
    ]  # fmt: skip


def test_only_the_rows_that_are_asked_for(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, PRODIGY, "p.jsonl")
    done = told("table", path, "--text", "text", "--label", "danger=label", "--where", "answer=Accept ")
    assert (done["rows"], done["added"]) == (4, 2)
    assert done["notes"] == {"row left out, as asked: by its answer": 2}
    other = put(tmp_path, "text,상태,팀\n가,완료,1\n나,작성 중,1\n다,검토,2\n라,완료,2\n")
    assert told("table", other, "--text", "text", "--where", "상태!=작성 중", "--where", "팀=1")["added"] == 1
    conditions = (Condition("상태", "검토"), Condition("상태", "작성 중"))
    assert take(ws, other, where=conditions).added == 2
    assert [text for text, _ in stored(ws)] == ["불", "뜰", "가", "나", "다"]
    assert "unknown column '없는 열'" in run("table", other, "--text", "text", "--where", "없는 열=1").stderr
    assert run("table", other, "--text", "text", "--where", "상태").exit_code == 2


# --- times ----------------------------------------------------------------------------------------------------------

TIMED: dict[str, Any] = {"recording": "file", "start": "시작", "end": "종료"}


def test_whole_seconds_are_asked_about_and_nothing_is_stored(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav_bytes(10_000))
    path = put(tmp_path, "file,시작,종료,text,l\na.wav,5,9,하나,x\na.wav,10,12,둘,y\n")
    with pytest.raises(
        InputError, match=r"t\.csv: read as ms, every utterance is shorter than 100 ms .*5 to 9 ms.*--unit s"
    ):
        take(ws, path, **TIMED, labels={"fresh": "l"})
    assert (ws.store.corpus.sources(), ws.store.corpus.counts()["utterances"], "fresh" in SCHEMES) == ([], 0, False)
    assert take(ws, path, **TIMED, unit="s").unit == "s"
    assert spans(ws) == [("하나", 5000, 9000), ("둘", 10_000, 12_000)]


def test_times_outside_their_audio_are_asked_about(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav_bytes(3_000))
    path = put(tmp_path, "file,시작,종료,text\na.wav,1000.5,2000,하나\nb.wav,1,2,둘\na.wav,2000.0,2500,셋\n")
    with pytest.raises(
        InputError, match=r"read as s, no utterance lies inside its audio \(a\.wav has 3000 ms.*--unit ms"
    ):
        take(ws, path, **TIMED)
    assert ws.store.corpus.counts()["utterances"] == 0
    assert take(ws, path, **TIMED, unit="ms").reasons == {}
    assert spans(ws)[:2] == [("하나", 1000, 2000), ("셋", 2000, 2500)]


def test_a_table_with_one_good_time_is_not_asked_about(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav_bytes(3_000))
    assert take(ws, put(tmp_path, "file,시작,종료,text\na,0,50,가\na,50,250,나\n"), **TIMED).added == 2
    assert take(ws, put(tmp_path, "file,시작,종료,text\na,0,500,가\na,9000,9900,나\n", "u.csv"), **TIMED).added == 2
    assert take(ws, put(tmp_path, "file,시작,종료,text\ngone,9000,9900,가\n", "v.csv"), **TIMED).added == 1


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ("a,5초,7.5s\n", {}),
        ("a,50,75\n", {"unit": "frames", "rate_hz": 10}),
        ("a,40000,60000\n", {"unit": "samples", "rate_hz": 8000}),
        ("a,0:05,00:00:07.5\n", {}),
        ("a,5,7.5\n", {}),
    ],
)
def test_times_in_any_unit(ws: Workspace, tmp_path: Path, rows: str, options: dict[str, Any]) -> None:
    (tmp_path / "a.wav").write_bytes(wav_bytes(9_000))
    take(ws, put(tmp_path, "file,시작,종료,text\n" + rows.replace("\n", ",글\n")), **TIMED, **options)
    assert spans(ws) == [("글", 5000, 7500)]


def test_a_duration_and_a_rate_on_the_command_line(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "file,start,dur,text\na,100,200,글\n")
    base = ("table", path, "--text", "text", "--recording", "file", "--start", "start", "--duration", "dur")
    assert "column start counts frames: say how many" in run(*base, "--unit", "frames").stderr
    assert told(*base, "--unit", "frames", "--rate", "100")["times"] == "frames"
    assert spans(ws) == [("글", 1000, 3000)]


# --- audio ----------------------------------------------------------------------------------------------------------


def test_audio_is_found_whatever_the_form_of_its_name(ws: Workspace, tmp_path: Path) -> None:
    nfd = unicodedata.normalize("NFD", "신고전화_01.wav")
    files = [nfd, "007.wav", "Call_A01.WAV", "한 칸.wav", "up.wav"]
    for hz, name in enumerate(files, start=300):
        (tmp_path / name).write_bytes(wav_bytes(hz=hz))
    names = ["신고전화_01.wav", "7", "call_a01", "C:\\녹취\\한 칸.wav", "/data/upload/3/1f2e3d4c-up.wav", "007 "]
    path = put(tmp_path, "file,text\n" + "".join(f"{name},글 {n}\n" for n, name in enumerate(names)))
    done = take(ws, path, recording="file")
    assert (done.added, done.notes["recordings added"]) == (6, 6)
    assert [(sound.name, sound.near) for sound in done.audio_missing] == [("7", ("007.wav",))]
    assert (done.rejected, done.rejects is not None) == (0, True)
    assert (done.rejects or path).read_text("utf-8-sig").splitlines()[1:] == [
        f"t.csv,3,{ABSENT}: '7'; nearest files: 007.wav",
    ]  # fmt: skip
    with_audio = {u.text: u.recording_id for u in ws.store.corpus.every(Filter()) if u.end_ms}
    assert sorted(with_audio) == ["글 0", "글 2", "글 3", "글 4", "글 5"]
    for text, name in (
        ("글 0", nfd),
        ("글 2", "Call_A01.WAV"),
        ("글 3", "한 칸.wav"),
        ("글 4", "up.wav"),
        ("글 5", "007.wav"),
    ):
        assert ws.audio_file(with_audio[text] or 0).read_bytes() == (tmp_path / name).read_bytes(), text
    assert take(ws, path, recording="file").known == 6
    assert told("table", path, "--text", "text", "--recording", "file")["audio_missing"] == [
        {"name": "7", "reason": "recording whose audio is not beside the table: text imported without audio",
         "near": ["007.wav"]},
    ]  # fmt: skip


def test_one_file_named_in_three_ways_is_one_recording(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "rec").mkdir()
    (tmp_path / "rec" / "call 1.wav").write_bytes(wav_bytes())
    path = put(tmp_path, "file,text,who\ncall 1,가,김\nrec/call 1.wav,나,이\nRec\\CALL%201.WAV,다,박\n")
    done = take(ws, path, recording="file", speaker="who")
    assert (done.added, done.notes["recordings added"]) == (3, 1)
    (recording,) = ws.store.corpus.recordings()
    assert (recording.key, recording.meta["name"]) == ("table:t:recording:rec/call 1.wav", "call 1")
    assert len({u.group for u in ws.store.corpus.every(Filter())}) == 1
    assert take(ws, path, recording="file", speaker="who").known == 3


def test_a_recording_keeps_the_name_of_an_earlier_import(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "file,text\nb,가\n")
    take(ws, path, recording="file")  # its audio comes later
    (tmp_path / "b.wav").write_bytes(wav_bytes())
    assert take(ws, path, recording="file").notes["recording that had no audio before: joined"] == 1
    (recording,) = ws.store.corpus.recordings()
    assert (recording.key, recording.path is not None) == ("table:t:recording:b", True)


def test_audio_of_two_months_is_never_exchanged(ws: Workspace, tmp_path: Path) -> None:
    for month, hz in (("1월", 300), ("2월", 400)):
        (tmp_path / month).mkdir()
        (tmp_path / month / "001.wav").write_bytes(wav_bytes(hz=hz))
    path = put(tmp_path, "file,text\n1월/001.wav,하나\n2월\\001.WAV,둘\n3월/001.wav,셋\n001.wav,넷\n")
    done = take(ws, path, recording="file")
    audio = {u.text: ws.store.corpus.recording(u.recording_id or 0) for u in ws.store.corpus.every(Filter())}
    assert [audio[text].path is not None for text in ("하나", "둘", "셋", "넷")] == [True, True, False, False]
    assert ws.audio_file(audio["둘"].id).read_bytes() == wav_bytes(hz=400)
    assert done.notes[AMBIGUOUS] == 2
    only = put(tmp_path / "4월", "file,text\n2월/001.wav,다섯\n", "u.csv")
    (tmp_path / "4월" / "1월").mkdir()
    (tmp_path / "4월" / "1월" / "001.wav").write_bytes(wav_bytes())
    assert take(ws, only, recording="file").notes[ELSEWHERE] == 1


def test_the_folder_of_audio_can_be_named(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path / "tables", "file,text\n/srv/rec/a.wav,가\n")
    (tmp_path / "wavs").mkdir()
    (tmp_path / "wavs" / "a.wav").write_bytes(wav_bytes())
    base = ("table", path, "--text", "text", "--recording", "file")
    assert len(told(*base)["audio_missing"]) == 1
    done = told(*base, "--audio-folder", tmp_path / "wavs")
    assert (done["audio_missing"], done["known"]) == ([], 1)
    (recording,) = ws.store.corpus.recordings()
    assert ws.audio_file(recording.id).read_bytes() == wav_bytes()
    assert "no such folder of audio" in run(*base, "--audio-folder", tmp_path / "gone").stderr


# --- sheets ---------------------------------------------------------------------------------------------------------


def workbook(path: Path, **sheets: list[tuple[Any, ...]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


JANUARY = [("번호", "내용", "긴급도"), (1, "불이 났어요", "상"), (2, "네", "하"), (3, None, None)]
FEBRUARY = [("2월 대장",), (), ("번호", "내용", "긴급도"), (1, "물이 새요", "중"), (2, "네", "하")]


def test_every_sheet_is_read_and_is_a_source_of_its_own(ws: Workspace, tmp_path: Path) -> None:
    path = workbook(tmp_path / "신고.xlsx", 안내=[("읽어 주세요",)], 일월=JANUARY, 이월=FEBRUARY)
    base = ("table", path, "--text", "내용", "--id", "번호", "--label", "u=긴급도")
    assert "the file has the sheets 안내, 일월, 이월: choose one with --sheet" in run(*base).stderr
    done = told(*base, "--sheet", "all")
    assert (done["rows"], done["added"], done["rejected"], done["sheets"]) == (5, 4, 1, ["안내", "일월", "이월"])
    assert [(s["sheet"], s["added"]) for s in done["by_sheet"]] == [("일월", 2), ("이월", 2)]
    assert any(note.startswith("sheet 안내 left out: unknown column '내용'") for note in done["notes"])
    assert Path(done["rejects"]).read_text("utf-8-sig").splitlines()[1:] == ["신고.xlsx [일월],4,column 내용: no text"]
    assert [text for text, _ in stored(ws)] == ["불이 났어요", "네", "물이 새요", "네"]
    again = told(*base, "--sheet", "all")
    assert (again["added"], again["known"]) == (0, 4)


def test_the_clashes_of_every_sheet_are_counted(ws: Workspace, tmp_path: Path) -> None:
    base = ("--text", "내용", "--id", "번호", "--label", "u=긴급도", "--sheet", "all")
    told("table", workbook(tmp_path / "신고.xlsx", 일월=JANUARY[:3], 이월=FEBRUARY), *base)
    edited = [*FEBRUARY[:3], (1, "물이 많이 새요", "중"), (2, "네", "하")]
    path = workbook(tmp_path / "신고.xlsx", 일월=JANUARY[:3], 이월=edited)
    done = told("table", path, *base, "--on-clash", "propose")
    assert (done["known"], done["clashed"], done["differing"], done["suggested"]) == (3, 1, {"text": 1}, 1)
    assert [sheet["clashed"] for sheet in done["by_sheet"]] == [0, 1]
    assert done["batch"] == done["by_sheet"][1]["batch"] is not None


def test_a_sheet_without_a_column_of_a_condition_is_left_out_before_anything_is_stored(
    ws: Workspace, tmp_path: Path
) -> None:
    path = workbook(tmp_path / "신고.xlsx", 일월=JANUARY[:3], 이월=[("번호", "내용"), (1, "물이 새요")])
    done = told("table", path, "--text", "내용", "--sheet", "all", "--where", "긴급도=상")
    assert (done["added"], [text for text, _ in stored(ws)]) == (1, ["불이 났어요"])
    assert any(note.startswith("sheet 이월 left out: unknown column '긴급도'") for note in done["notes"])


def test_sheets_without_ids_and_a_file_without_sheets(ws: Workspace, tmp_path: Path) -> None:
    path = workbook(tmp_path / "신고.xlsx", 일월=JANUARY[:3], 이월=JANUARY[:3])
    order = TableImportOptions(Columns("내용"), Options(sheet="all"), source="내 출처")
    done = total(ingest_sheets(ws, File.at(path), order))
    assert (done.rows, done.added, done.source) == (4, 4, "내 출처, 내 출처/이월")
    one = told("table", workbook(tmp_path / "u.xlsx", 일월=JANUARY, 이월=FEBRUARY), "--text", "내용")
    assert "sheets left out: 이월. --sheet all reads every sheet" in one["notes"]
    plain = ingest_sheets(
        ws, File.at(put(tmp_path, "text\n가\n")), TableImportOptions(Columns("text"), Options(sheet="all"))
    )
    assert [(sheet, result.added) for sheet, result in plain] == [("", 1)]
    with pytest.raises(InputError, match="unknown column 'nope'"):
        ingest_sheets(ws, File.at(path), TableImportOptions(Columns("nope"), Options(sheet="all")))
