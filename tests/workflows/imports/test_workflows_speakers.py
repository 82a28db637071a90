"""Speakers that name a person group what they say, in every import; roles do not, and the import says which it took."""

import json
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from cli_driver import answer, run
from sounds import RATE_HZ, talk

from core.filters import Filter
from core.ingest.audio.name_pattern import compile_pattern
from core.schemes import DANGER
from core.snapshots.format import Item
from core.snapshots.freeze import build
from core.workflows.imports import audio, huggingface
from core.workflows.imports.audio import Rules
from core.workflows.imports.exports import restore
from core.workflows.imports.huggingface import ColumnMapping
from core.workflows.snapshots import snapshot
from core.workflows.workspace import Workspace


def table(folder: Path, lines: list[str], head: str = "wav,who,text,danger") -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def taken(path: Path, *more: str) -> dict[str, object]:
    columns = ("--text", "text", "--recording", "wav", "--speaker", "who", "--label", "danger=danger")
    return dict(answer("ingest", "table", path, *columns, *more))


def groups(ws: Workspace) -> dict[str, str]:
    return {u.text: u.group for u in ws.store.corpus.every(Filter())}


def test_actors_of_a_table_are_never_cut(ws: Workspace, tmp_path: Path) -> None:
    lines = [
        f"{actor:02}-{take}.wav,actor{actor:02},대사 {actor * 7919} 번 {take * 104729},{('danger', 'normal')[take % 2]}"
        for actor, take in product(range(1, 25), range(6))
    ]
    done = taken(table(tmp_path, lines))
    assert (done["grouped_by"], done["roles"]) == ({"speaker": 144}, [])
    assert {u.group for u in ws.store.corpus.every(Filter())} == {
        f"table:table:speaker:actor{n:02}" for n in range(1, 25)
    }
    report = snapshot.create(ws, "s", "danger").counts["report"]
    assert report["persons_on_several_sides"] == 0
    assert report["groups"] <= 24


def test_roles_leave_the_recording_as_the_group(ws: Workspace, tmp_path: Path) -> None:
    lines = ["c1,신고자,불이 났어요,danger", "c1,수보자,어디세요,normal", "c2,신고자,연기가 나요,danger"]
    path = table(tmp_path, lines)
    shown = run("ingest", "table", path, "--text", "text", "--recording", "wav", "--speaker", "who").stdout
    assert "grouped by the recording: 3 rows" in shown
    assert "speakers that name a role, so they group nothing: 신고자, 수보자" in shown
    assert set(groups(ws).values()) == {"table:table:recording:c1", "table:table:recording:c2"}


def test_the_group_column_decides(ws: Workspace, tmp_path: Path) -> None:
    path = table(tmp_path, ["c1,kim,가,danger", "c2,kim,나,normal"])
    assert taken(path, "--group", "wav")["grouped_by"] == {"group": 2}
    assert set(groups(ws).values()) == {"table:table:group:c1", "table:table:group:c2"}


def test_persons_who_share_a_recording_stay_together(ws: Workspace, tmp_path: Path) -> None:
    lines = ["c1,kim,가,danger", "c1,lee,나,normal", "c2,lee,다,danger", "c3,park,라,danger", "c3,상담사,마,normal",
             "c4,상담사,바,normal"]  # fmt: skip
    assert taken(table(tmp_path, lines))["grouped_by"] == {"speaker": 5, "recording": 1}
    by_text = groups(ws)
    assert {by_text[text] for text in "가나다"} == {"table:table:speaker:kim"}
    assert {by_text[text] for text in "라마"} == {"table:table:speaker:park"}, "a recording is not cut either"
    assert by_text["바"] == "table:table:recording:c4"


def test_sentences_of_a_person_are_one_group(ws: Workspace, tmp_path: Path) -> None:
    path = table(tmp_path, ["kim,가", "kim,나", "상담원 1,다"], "who,text")
    done = answer("ingest", "table", path, "--text", "text", "--speaker", "who")
    assert done["grouped_by"] == {"speaker": 2, "row": 1}
    assert groups(ws)["가"] == groups(ws)["나"] == "table:table:speaker:kim"


def test_what_was_imported_before_keeps_its_group(ws: Workspace, tmp_path: Path) -> None:
    path = table(tmp_path, ["c1,kim,가,danger", "c2,kim,나,normal"])
    answer("ingest", "table", path, "--text", "text", "--recording", "wav")
    before = groups(ws)
    assert taken(path)["known"] == 2
    assert groups(ws) == before


def test_an_audio_folder_is_not_grouped_by_a_role(ws: Workspace, tmp_path: Path) -> None:
    clips = tmp_path / "clips"
    clips.mkdir()
    for n, who in enumerate(("caller", "caller", "kim", "kim")):
        soundfile.write(clips / f"{who}-{n}.wav", talk(1.0, seed=n), RATE_HZ, subtype="PCM_16")
    done = audio.ingest_audio(ws, [clips], Rules(compile_pattern("{speaker}-{take}.wav")))
    assert done.report.notes["speaker who names a role: groups nothing"] == 2
    assert sorted(u.group for u in ws.store.corpus.every(Filter(speaker=("kim",)))) == ["audio:clips:speaker:kim"] * 2
    assert len({u.group for u in ws.store.corpus.every(Filter(speaker=("caller",)))}) == 2


@pytest.mark.parametrize(("named", "expected"), [("", 3), ("speaker", 2)])
def test_a_hugging_face_dataset_is_grouped_by_a_role_only_if_a_person_says_so(
    ws: Workspace, tmp_path: Path, named: str, expected: int
) -> None:
    rows = pa.table({"text": ["가나다", "라마바", "사아자"], "speaker": ["agent", "agent", "kim"]})
    pq.write_table(rows, tmp_path / "train.parquet")
    huggingface.ingest_hf(ws, str(tmp_path), ColumnMapping(group=named))
    assert len(set(groups(ws).values())) == expected


def test_label_studio_tasks_of_a_person_are_one_group(ws: Workspace, tmp_path: Path) -> None:
    tasks = [
        {"id": n, "data": {"text": text, "speaker": who}}
        for n, (text, who) in enumerate((("가", "kim"), ("나", "kim"), ("다", "고객")))
    ]
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    restore.ingest_labelstudio(ws, path)
    assert groups(ws)["가"] == groups(ws)["나"] == "labelstudio:tasks:speaker:kim"
    assert groups(ws)["다"] == "labelstudio:tasks:2"


def test_a_score_says_that_speakers_are_on_several_sides(ws: Workspace, tmp_path: Path) -> None:
    lines = [
        f"{n},p{n % 4},문장 {n * 7919} 번 {('쓰러졌어요', '괜찮습니다')[n % 2]},{('danger', 'normal')[n % 2]}"
        for n in range(240)
    ]
    path = table(tmp_path, lines, "n,who,text,danger")
    columns = ("--text", "text", "--speaker", "who", "--group", "n", "--label", "danger=danger")
    answer("ingest", "table", path, *columns)
    answer("snapshot", "create", "s", "--scheme", "danger")
    trained = answer("train", "danger-text", "--snapshot", "s")
    sentence = "4 speakers stand on several sides of the split: a score by voice is too high"
    assert trained["warnings"] == [sentence]
    assert trained["metrics"]["persons_on_several_sides"] == 4
    shown = run("evaluate", trained["run"])
    assert f"note: {sentence}" in shown.stdout
    assert answer("evaluate", trained["run"])["warnings"] == [sentence]


def test_where_text_and_voice_are_read_neither_kind_of_leak_stays() -> None:
    """`both`: a text ties a to b, a person ties b to c, a sound ties c to d; each of the four has its own group."""

    def item(key: str, text: str) -> Item:
        return Item(0, key, key, text, ("danger", "normal")[len(key) % 2], audio=f"audio/{key}.wav")

    chain = [
        item("a", "불이 나서 연기가 가득해요"),
        item("b", "불이 나서 연기가 가득해요"),
        item("c", "가"),
        item("d", "나"),
    ]
    others = [item(f"x{n:03}", f"서로 다른 문장 {n * 7919} 번 {n * 104729}") for n in range(60)]
    marks = {"b": ["person:1:kim"], "c": ["person:1:kim", "sound:s"], "d": ["sound:s"]}
    names = {}
    for inputs in ("text", "voice", "both"):
        made = build("s", DANGER, [*chain, *others], (0.6, 0.2, 0.2), 0, "now", inputs=inputs, marks=marks)  # type: ignore[arg-type]
        group_of = {i.key: i.group for i in made.items}
        names[inputs] = [group_of[key] for key in "abcd"]
    assert names == {"text": ["a", "a", "c", "d"], "voice": ["a", "b", "b", "b"], "both": ["a"] * 4}
