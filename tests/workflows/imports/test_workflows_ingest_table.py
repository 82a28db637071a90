"""core.workflows.imports.tables.table and `python -m core ingest table`: rows are imported once and completely;
rejects are named.
"""

import csv
import gc
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import wav_bytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.cli import app
from core.errors import InputError, UnknownName
from core.filters import Filter
from core.ingest.tables import Meter, Options, open_table
from core.ingest.tables.times import TimeUnit
from core.schemes import scheme
from core.settings import ROOT
from core.text.cells import escape_formula
from core.workflows.imports.tables import table
from core.workflows.imports.tables.table import Columns, File, TableImport, TableImportOptions
from core.workflows.workspace import Workspace, open_workspace

WORDS = st.text(st.sampled_from("불이야 ㅎㅈ각각ᄀ\u0301각😀\n\r\t,;|\"'=+-@＝a1. "), min_size=1, max_size=30)


def put(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def take(ws: Workspace, path: Path, text: str = "text", **more: Any) -> TableImport:
    order = {name: more.pop(name) for name in ("source", "licence", "label_ids", "unit", "options") if name in more}
    return table.ingest_table(ws, File.at(path), TableImportOptions(Columns(text, **more), **order))


def stored(ws: Workspace) -> list[tuple[str, dict[str, str]]]:
    return [(u.original, dict(u.labels)) for u in ws.store.corpus.every(Filter())]


def rejected(done: TableImport) -> list[list[str]]:
    assert done.rejects is not None
    with done.rejects.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["file", "row", "reason"]
    return rows


def test_a_table_arrives_once_and_equal_rows_both_stay(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "text,danger,extra\n불이야,위험,x\n네,normal,\n네,normal,\n")
    progress: list[tuple[int, float]] = []
    order = TableImportOptions(Columns("text", {"danger": "danger"}), licence="CC0")
    done = table.ingest_table(ws, File.at(path), order, lambda rows, share: progress.append((rows, share)), 2)
    assert (done.source, done.rows, done.added, done.known, done.rejected, done.rejects) == ("t", 3, 3, 0, 0, None)
    assert stored(ws) == [("불이야", {"danger": "danger"}), ("네", {"danger": "normal"}), ("네", {"danger": "normal"})]
    assert progress[0] == (0, 0.0)
    assert progress[-1] == (3, 1.0)
    again = table.ingest_table(ws, File.at(path), order)
    assert (again.rows, again.added, again.known) == (3, 0, 3)
    (source,) = ws.store.corpus.sources()
    assert (source.name, source.kind, source.licence) == ("t", "table", "CC0")
    assert len({u.group for u in ws.store.corpus.every(Filter())}) == 3


def test_another_file_of_the_same_source_is_not_taken_for_the_first(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path, "text\n가\n나\n", "a.csv"), source="both")
    assert take(ws, put(tmp_path, "text\n다\n나\n", "b.csv"), source="both").added == 1
    assert [text for text, _ in stored(ws)] == ["가", "나", "다"]


def test_an_id_column_keeps_rows_what_they_are(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path, "id,text\nu1,가\nu2,나\n"), id="id")
    done = take(ws, put(tmp_path, "id,text\nu0,앞\nu1,가\nu2,나!\nu2,또\n,빈\n"), id="id")
    assert (done.added, done.known, done.clashed) == (1, 1, 1), "another text is no known row"
    assert done.reasons == {"id came before": 1, "no id": 1}
    assert [text for text, _ in stored(ws)] == ["가", "나", "앞"]


def test_an_interrupted_import_is_completed_by_running_it_again(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "text\n" + "".join(f"글 {n}\n" for n in range(10)))

    def pull_the_plug(rows: int, share: float) -> None:
        if rows >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        table.ingest_table(ws, File.at(path), TableImportOptions(Columns("text")), pull_the_plug, 4)
    assert len(stored(ws)) == 4
    done = take(ws, path)
    assert (done.added, done.known) == (6, 4)


def test_what_a_file_held_before_it_broke_off_stays(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, '[{"text": "가"}, {"text": ""}, {"text": "나"}, {"te', "t.json")
    with pytest.raises(InputError, match="breaks off after row 3"):
        take(ws, path)
    assert [text for text, _ in stored(ws)] == ["가", "나"]
    assert (ws.settings.home / table.REJECTS).read_text(encoding="utf-8-sig").splitlines()[1:] == [
        "t.json,2,column text: no text"
    ]


def test_rejects_are_named_by_row_and_counted_by_reason(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "text,danger\n불,위험\n\n  ,\n나,아마\n다\n라,\n마,nan\n=1\x00,위험\n,nan\n", "=cmd.csv")
    done = take(ws, path, labels={"danger": "danger"})
    assert (done.rows, done.added, done.rejected) == (8, 3, 5)
    assert done.reasons == {
        "no text": 2, "unknown danger class": 1, "wrong number of cells": 1, "NUL character": 1,
    }  # fmt: skip
    assert rejected(done) == [
        ["'=cmd.csv", "4", "column text: no text"],
        ["'=cmd.csv", "5", "column danger: unknown danger class '아마'; known: 정상, 위험"],
        ["'=cmd.csv", "6", "1 cells where 2 belong"],
        ["'=cmd.csv", "9", "column text: holds a NUL character"],
        ["'=cmd.csv", "10", "column text: no text"],
    ]
    assert stored(ws) == [("불", {"danger": "danger"}), ("라", {}), ("마", {})]


def test_a_label_without_a_text_is_kept_and_told(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "text,danger\n불,위험\n  ,위험\n,정상\n,\n")
    done = take(ws, path, labels={"danger": "danger"})
    assert (done.added, done.reasons) == (3, {"no text": 1})
    assert done.notes == {"row without a text that has a label: kept": 2}
    assert stored(ws) == [("불", {"danger": "danger"}), ("  ", {"danger": "danger"}), ("", {"danger": "normal"})]
    assert take(ws, path, labels={"danger": "danger"}).known == 3
    lines = '{"text": ["가"], "danger": "위험"}\n{"danger": "위험"}\n{"text": [], "danger": "위험"}\n'
    done = take(ws, put(tmp_path, lines, "t.jsonl"), labels={"danger": "danger"})
    assert (done.added, done.reasons) == (2, {"a list, not a text": 1})


def test_rows_without_a_label_are_left_out_where_asked(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "text,danger,mood\n가,위험,\n나,,\n다,,좋음\n,,\n")
    order = TableImportOptions(Columns("text", {"danger": "danger", "mood": "mood"}), labelled_only=True)
    done = table.ingest_table(ws, File.at(path), order)
    assert (done.rows, done.added, done.reasons) == (4, 2, {"no text": 1})
    assert done.notes == {"row without a label: left out, as asked": 1}
    assert [text for text, _ in stored(ws)] == ["가", "다"]
    assert json.loads(run(path, "--text", "text", "--label", "danger=danger", "--labelled-only", "--json").stdout)[
        "notes"
    ] == {"row without a label: left out, as asked": 2}
    wrong = run(path, "--text", "text", "--labelled-only")
    assert wrong.exit_code == 2
    assert "--labelled-only leaves nothing" in wrong.output


def test_an_unknown_scheme_is_proposed_and_grows_until_it_is_settled(ws: Workspace, tmp_path: Path) -> None:
    first = take(ws, put(tmp_path, "text,mood\n가,좋음\n나,\n다,나쁨\n", "a.csv"), labels={"mood": "mood"})
    assert first.schemes == {"mood": "mood"}
    made = scheme("mood")
    assert (made.state, made.kind, [x.ko for x in made.labels]) == ("proposed", "single", ["나쁨", "좋음"])
    assert stored(ws) == [("가", {"mood": "좋음"}), ("나", {}), ("다", {"mood": "나쁨"})]
    take(ws, put(tmp_path, "text,mood\n라,그저\n", "b.csv"), labels={"mood": "mood"})
    assert scheme("mood").codes == ("나쁨", "좋음", "그저")
    from core.workflows.corpus import schemes

    schemes.confirm(ws, "mood", "t")
    done = take(ws, put(tmp_path, "text,mood\n마,새것\n바,좋음\n", "c.csv"), labels={"mood": "mood"})
    assert (done.added, done.reasons) == (1, {"unknown mood class": 1})
    assert scheme("mood").codes == ("나쁨", "좋음", "그저")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", 'text,l\n가,"2,5,8"\n나,2\n다,"8,2"\n라,\n마,"5,8"\n바,"2,8"\n'),
        ("t.jsonl", '{"text": "가", "l": [2, 5, 8]}\n{"text": "나", "l": [2]}\n{"text": "다", "l": ["8", 2]}\n'
                    '{"text": "라", "l": []}\n{"text": "마", "l": [5, 8]}\n{"text": "바", "l": [2, 8]}\n'),
    ],
)  # fmt: skip
def test_multi_label_cells(ws: Workspace, tmp_path: Path, name: str, text: str) -> None:
    take(ws, put(tmp_path, text, name), labels={"many": "l"})
    made = scheme("many")
    assert (made.kind, made.codes) == ("multi", ("2", "5", "8"))
    assert [labels.get("many") for _, labels in stored(ws)] == ["2|5|8", "2", "2|8", None, "5|8", "2|8"]


def test_numbers_are_class_positions_only_when_asked(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "text,label\n가,0\n나,1.0\n다,2\n")
    done = take(ws, path, labels={"danger": "label"})
    assert (done.added, done.reasons) == (0, {"unknown danger class": 3})
    done = take(ws, path, labels={"danger": "label"}, label_ids=True)
    assert (done.added, done.reasons) == (2, {"unknown danger class": 1})
    assert stored(ws) == [("가", {"danger": "normal"}), ("나", {"danger": "danger"})]


def test_a_column_of_texts_makes_no_scheme(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "text,label\n" + "".join(f"글 {n},값 {n}\n" for n in range(300)))
    with pytest.raises(InputError, match="more than 256 different values"):
        take(ws, path, labels={"mood": "label"})
    with pytest.raises(InputError, match="holds no value"):
        take(ws, put(tmp_path, "text,label\n가,\n나,nan\n"), labels={"mood": "label"})
    with pytest.raises(InputError, match="urgency is a label of recordings"):
        take(ws, put(tmp_path, "text,label\n가,상\n"), labels={"urgency": "label"})
    with pytest.raises(UnknownName, match="unknown column 'nope'; known: text, label"):
        take(ws, put(tmp_path, "text,label\n가,상\n"), text="nope")
    assert ws.store.corpus.sources() == []


def test_groups(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path, "text,who\n가,s1\n나,s1\n다,\n"), group="who")
    groups = [u.group for u in ws.store.corpus.every(Filter())]
    assert groups[:2] == ["table:t:group:s1"] * 2
    assert groups[2].startswith("table:t:4:")


CALLS = (
    "wav,start,end,who,stt,urgency\n"
    "a.wav,0.0,1.2,caller,불이 났어요,상\n"
    "sub/b,0.0,9.5,taker,네 119입니다,하\n"
    "a.wav,1.2,1.5,taker,어디세요,상\n"
    "gone.wav,0.5,2,caller,여보세요,중\n"
    "a.wav,2,1,caller,거꾸로,상\n"
    "a.wav,x,1,caller,시간 아님,상\n"
    ",1,2,caller,이름 없음,상\n"
    "../out.wav,0,1,caller,밖,상\n"
)


def test_utterances_of_recordings_beside_the_table(ws: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    path = put(folder, CALLS)
    (folder / "a.wav").write_bytes(wav_bytes())
    (folder / "sub").mkdir()
    (folder / "sub" / "b.wavp").write_bytes(wav_bytes(hz=300))
    (tmp_path / "out.wav").write_bytes(wav_bytes())
    options: dict[str, Any] = {"text": "stt", "recording": "wav", "start": "start", "end": "end", "speaker": "who"}
    options["labels"] = {"urgency": "urgency"}
    done = take(ws, path, **options)
    assert (done.unit, done.rows, done.added, done.known) == ("s", 8, 5, 0)
    assert done.reasons == {"unusable times": 2, "no recording": 1}
    assert done.notes["recordings added"] == 4
    assert done.notes["recording whose audio is not beside the table: text imported without audio"] == 2
    assert done.notes["utterance that ends after its audio: not usable for voice"] == 1
    recordings = {r.meta["name"]: r for r in ws.store.corpus.recordings()}
    assert set(recordings) == {"a.wav", "sub/b", "gone.wav", "../out.wav"}
    assert ws.audio_file(recordings["a.wav"].id).read_bytes() == wav_bytes()
    assert ws.audio_file(recordings["sub/b"].id).read_bytes() == wav_bytes(hz=300)
    assert recordings["gone.wav"].path is recordings["../out.wav"].path is None
    assert ws.store.corpus.recording_labels(recordings["a.wav"].id) == {"urgency": "high"}
    rows = ws.store.corpus.find(Filter(recording_id=recordings["a.wav"].id)).rows
    assert [(u.text, u.start_ms, u.end_ms, u.speaker, u.voice_usable) for u in rows] == [
        ("불이 났어요", 0, 1200, "caller", True), ("어디세요", 1200, 1500, "taker", False),
    ]  # fmt: skip
    assert len({u.group for u in rows}) == 1
    again = take(ws, path, **options)
    assert (again.added, again.known) == (0, 5)
    (folder / "gone.wav").write_bytes(wav_bytes())
    assert take(ws, path, **options).notes["recording that had no audio before: joined"] == 1
    assert ws.audio_file(recordings["gone.wav"].id).read_bytes() == wav_bytes()


def test_new_rows_join_the_recording_that_is_known(ws: Workspace, tmp_path: Path) -> None:
    options: dict[str, Any] = {"text": "stt", "recording": "wav", "start": "start_ms", "end": "end_ms", "id": "id"}
    (tmp_path / "a.wav").write_bytes(wav_bytes(6_000))
    head = "id,wav,start_ms,end_ms,stt\n"
    first = "1,a.wav,0,1000,불이 났어요\n2,b.wav,0,1000,여보세요\n"
    assert take(ws, put(tmp_path, head + first), **options).added == 2
    more = "3,a.wav,1000,2000,어디세요\n4,b.wav,1000,2500,네\n5,a.wav,5000,7000,끝\n"
    done = take(ws, put(tmp_path, head + first + more), **options)
    assert (done.added, done.known, done.notes["recordings added"]) == (3, 2, 0)
    assert done.notes["utterance that ends after its audio: not usable for voice"] == 1
    with_audio, without_audio = ws.store.corpus.recordings()
    assert (with_audio.duration_ms, without_audio.duration_ms) == (6_000, 2_500)
    assert [(u.text, u.voice_usable) for u in ws.store.corpus.find(Filter(recording_id=with_audio.id)).rows] == [
        ("불이 났어요", True), ("어디세요", True), ("끝", False),
    ]  # fmt: skip
    assert [u.text for u in ws.store.corpus.find(Filter(recording_id=without_audio.id)).rows] == ["여보세요", "네"]
    assert take(ws, put(tmp_path, head + first + more), **options).known == 5


def test_an_id_that_is_known_elsewhere_stays_where_it_is(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path, "id,wav,stt\n1,a,가\n"), "stt", id="id")
    done = take(ws, put(tmp_path, "id,wav,stt\n1,a,가\n2,b,나\n"), "stt", id="id", recording="wav")
    assert (done.added, done.known) == (1, 1)
    assert done.notes["row whose id is known and belongs to no such recording: left as it is"] == 1
    assert [r.meta["name"] for r in ws.store.corpus.recordings()] == ["b"]


def test_audio_that_cannot_be_used_is_noted_and_the_text_stays(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "wav,text\nbad,가\nx/twice,나\nwhole,다\n")
    put(tmp_path, "RIFFnothing", "bad.wav")
    for folder in ("p", "q"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "twice.wav").write_bytes(wav_bytes())
    (tmp_path / "whole.wav").write_bytes(wav_bytes())
    done = take(ws, path, recording="wav")
    assert done.added == 3
    assert any(note.startswith("audio that cannot be used (") for note in done.notes)
    assert done.notes["recording whose name several audio files have: text imported without audio"] == 1
    whole = next(u for u in ws.store.corpus.every(Filter()) if u.text == "다")
    assert (whole.start_ms, whole.voice_usable) == (0, True), "one row without times is its whole recording"


@pytest.mark.parametrize(
    ("columns", "rows", "unit"),
    [
        ("start_ms,end_ms", "0,500", "ms"),
        ("start_s,end_s", "0,500", "s"),
        ("시작(초),끝(초)", "0,500", "s"),
        ("start,end", "0,500", "ms"),
        ("start,end", "0,500.5", "s"),
    ],
)
def test_units_of_times(ws: Workspace, tmp_path: Path, columns: str, rows: str, unit: str) -> None:
    start, end = columns.split(",")
    path = put(tmp_path, f"text,wav,{columns}\n가,a,{rows}\n")
    assert take(ws, path, recording="wav", start=start, end=end).unit == unit
    assert take(ws, path, recording="wav", start=start, end=end, unit="ms").unit == "ms"


def test_times() -> None:
    assert [TimeUnit("ms").ms(text) for text in ("0", "12", "1:00", "1:01:01.5", "-1", "x", "99999999999", "1e3")] == [
        0, 12, 60_000, 3_661_500, None, None, None, 1000,
    ]  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(WORDS, min_size=1, max_size=12), kind=st.sampled_from(["csv", "tsv", "jsonl"]))
def test_texts_come_back_exactly(tmp_path: Path, texts: list[str], kind: str) -> None:
    path = tmp_path / f"t.{kind}"
    with path.open("w", encoding="utf-8", newline="") as file:
        if kind == "jsonl":
            file.writelines(json.dumps({"id": str(n), "text": t}) + "\n" for n, t in enumerate(texts))
        else:
            rows = csv.writer(file, delimiter="\t" if kind == "tsv" else ",")
            rows.writerow(["id", "text"])
            rows.writerows((n, escape_formula(text)) for n, text in enumerate(texts))
    options = Options(separator={"csv": ",", "tsv": "tab"}.get(kind))
    table = open_table(File.at(path), options)
    assert [row.cells["text"] for row in table.rows()] == texts  # type: ignore[union-attr]


def test_reading_is_lazy(tmp_path: Path) -> None:
    path = put(tmp_path, "text\n" + "불이 났어요 도와주세요\n" * 200_000)
    meter = Meter()
    rows = open_table(File.at(path)).rows(meter)
    for _ in range(100):
        next(rows)
    assert meter.share < 0.05


# --- real data ------------------------------------------------------------------------------------------------------


def test_chatbot(ws: Workspace, shared: Path) -> None:
    done = take(ws, shared / "chatbot" / "ChatbotData.csv", "Q", labels={"mood": "label"})
    assert (done.rows, done.added, done.rejected) == (11_823, 11_823, 0)
    assert scheme("mood").codes == ("0", "1", "2")
    counts = ws.store.corpus.progress()["mood"]
    assert (counts["labelled"], counts["0"] + counts["1"] + counts["2"]) == (11_823, 11_823)
    assert take(ws, shared / "chatbot" / "ChatbotData.csv", "Q", labels={"mood": "label"}).added == 0


def test_kote(ws: Workspace, shared: Path) -> None:
    done = take(ws, shared / "kote" / "test.tsv", "column_2", id="column_1", labels={"kote": "column_3"}, source="kote")
    assert (done.added, done.shape.header, scheme("kote").kind) == (5_000, False, "multi")
    assert scheme("kote").codes == tuple(str(n) for n in range(44))
    assert ws.store.corpus.find(Filter(labels={"kote": ("8",)}), limit=1).total > 100


# --- the shell ------------------------------------------------------------------------------------------------------


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, ["ingest", "table", *map(str, arguments)])


def test_the_verb(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "cp949.csv"
    path.write_bytes("Unnamed: 0;문장;상태\n0;집에 불이 났어요;위험\n1;괜찮아요;정상\n2;글쎄요;모름\n".encode("cp949"))
    done = run(path, "--text", "문장", "--label", "danger=상태", "--source", "우리", "--licence", "CC0", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert (document["source"], document["rows"], document["added"], document["rejected"]) == ("우리", 3, 2, 1)
    assert (document["encoding"], document["separator"], document["header"]) == ("cp949", ";", True)
    assert (document["columns"], document["dropped"]) == (["문장", "상태"], ["Unnamed: 0"])
    assert document["skipped"] == [
        {"row": 4, "kind": "unknown danger class",
         "reason": "column 상태: unknown danger class '모름'; known: 정상, 위험"}
    ]  # fmt: skip
    assert Path(document["rejects"]).name.startswith("rejects-table-")
    shown = run(path, "--text", "문장")
    assert (shown.exit_code, "cp949" in shown.stdout, "3 rows read" in shown.stdout) == (0, True, True)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--text", "문장"], "unknown column '문장'; known: id, text"),
        (["--text", "text", "--encoding", "klingon"], "unknown encoding 'klingon'; known: utf-8"),
        (["--text", "text", "--sep", "ab"], "separator 'ab': give one character"),
        (["--text", "text", "--start", "id"], "times need three columns"),
        (["--text", "text", "--label", "urgency=id"], "urgency is a label of recordings"),
    ],
)
def test_clear_failures_are_1_and_one_line(ws: Workspace, tmp_path: Path, arguments: list[str], line: str) -> None:
    done = run(put(tmp_path, "id,text\n1,가\n"), *arguments, "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [[], ["--text"], ["--text", "t", "--label", "x"], ["--text", "t", "--label", "=y"]]
)
def test_wrong_usage_is_2(ws: Workspace, tmp_path: Path, arguments: list[str]) -> None:
    assert run(put(tmp_path, "id,text\n1,가\n"), *arguments).exit_code == 2


@pytest.mark.slow
def test_the_real_process(tmp_path: Path) -> None:
    path = put(tmp_path, "text\n불이야\n")
    done = subprocess.run(
        [sys.executable, "-m", "core", "ingest", "table", str(path), "--text", "text", "--json"], cwd=ROOT,
        env={"GWIDAMA_HOME": str(tmp_path / "home"), "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr, json.loads(done.stdout)["added"]) == (0, "", 1)


def test_open_workspace_knows_what_was_proposed(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path, "text,mood\n가,좋음\n"), labels={"mood": "mood"})
    assert open_workspace().store.schemes.list()[0].scheme.state == "proposed"


def test_an_import_that_fails_leaves_the_collector_as_it_was(ws: Workspace) -> None:
    before = gc.get_threshold()
    with pytest.raises(InputError):
        table.ingest_table(ws, File.of(b"", "empty.csv"), TableImportOptions(Columns("text"), source="x"))
    assert gc.get_threshold() == before
