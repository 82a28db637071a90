"""core.workflows.imports.clashes: a known key with other content is named, and changes nothing by itself."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from aihub119_files import wav_bytes
from typer.testing import CliRunner

from core.cli import app
from core.errors import Unfit
from core.filters import Filter
from core.records import Clash, Difference
from core.workflows.imports import clashes
from core.workflows.imports.tables import table
from core.workflows.imports.tables.table import Columns, File, TableImport, TableImportOptions
from core.workflows.workspace import Workspace, now

V1 = "id,text,label\n1,불이 났어요,\n2,길을 물어요,\n3,네,정상\n"
V2 = "id,text,label\n1,불이 났어요,위험\n2,길을 물어요,정상\n3,네 맞아요,위험\n"


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def take(ws: Workspace, path: Path, columns: Columns | None = None, **more: Any) -> TableImport:
    chosen = columns or Columns("text", {"danger": "label"}, id="id")
    return table.ingest_table(ws, File.at(path), TableImportOptions(chosen, **more))


def stored(ws: Workspace) -> dict[str, tuple[str, dict[str, str]]]:
    return {u.key.rsplit(":", 1)[1]: (u.text, dict(u.labels)) for u in ws.store.corpus.every(Filter())}


def named(done: TableImport) -> list[list[str]]:
    assert done.rejects is not None
    with done.rejects.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


def later(ws: Workspace, tmp_path: Path, policy: str = "report") -> TableImport:
    take(ws, put(tmp_path / "work.csv", V1))
    return take(ws, put(tmp_path / "work.csv", V2), on_clash=policy)


def test_labels_that_come_later_are_added_and_what_differs_is_named(ws: Workspace, tmp_path: Path) -> None:
    done = later(ws, tmp_path)
    assert (done.added, done.known, done.clashed, done.labels_added) == (0, 2, 1, 2)
    assert stored(ws) == {
        "1": ("불이 났어요", {"danger": "danger"}),
        "2": ("길을 물어요", {"danger": "normal"}),
        "3": ("네", {"danger": "normal"}),
    }
    differences = (Difference("text", "네", "네 맞아요"), Difference("label:danger", "normal", "danger"))
    assert done.clashes == [Clash("table:work:id:3", 3, None, "row 4", differences)]
    assert done.differing == {"text": 1, "label:danger": 1}
    reason = "text '네 맞아요' instead of '네', danger danger instead of normal"
    assert named(done) == [["work.csv", "4", f"known with other content ({reason}): left as it is"]]
    assert (done.rejected, done.proposals, done.batch) == (0, 0, None)
    again = take(ws, tmp_path / "work.csv")
    assert (again.known, again.clashed, again.labels_added) == (2, 1, 0), "the same report, and nothing added"


def test_an_edition_says_how_many_items_it_no_longer_holds(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path / "work.csv", V1))
    shorter = take(ws, put(tmp_path / "work.csv", "id,text,label\n1,불이 났어요,\n3,네,정상\n4,어디예요,정상\n"))
    assert (shorter.added, shorter.known, shorter.notes[table.ABSENT]) == (1, 2, 1)
    assert "2" in stored(ws), "nothing is removed"
    part = take(ws, put(tmp_path / "next.csv", "id,text,label\n7,물이 새요,\n"), source="work")
    assert table.ABSENT not in part.notes, "a further part of a source is no edition of it"


def test_a_label_filled_in_is_found_by_the_search(ws: Workspace, tmp_path: Path) -> None:
    later(ws, tmp_path)
    assert [u.text for u in ws.store.corpus.every(Filter(labels={"danger": ("danger",)}))] == ["불이 났어요"]


def test_an_unchanged_delivery_adds_nothing_after_a_curator_has_decided(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path / "work.csv", V1))
    ws.store.review.decide(3, 0, "kim", now(), text="네!", labels={"danger": "danger"})
    done = take(ws, tmp_path / "work.csv")
    assert (done.known, done.clashed, done.labels_added) == (3, 0, 0)
    assert stored(ws)["3"] == ("네!", {"danger": "danger"})


def test_a_label_that_a_curator_gave_is_never_overwritten(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path / "work.csv", V1))
    ws.store.review.decide(1, 0, "kim", now(), labels={"danger": "normal"})
    done = take(ws, put(tmp_path / "work.csv", V2), on_clash="propose")
    assert stored(ws)["1"] == ("불이 났어요", {"danger": "normal"})
    assert {c.key: [d.field for d in c.differences] for c in done.clashes}["table:work:id:1"] == ["label:danger"]
    assert done.notes[clashes.DECIDED] == 1
    assert done.proposals == 2, "of row 3 only"


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("3, 네 ,정상", True),  # edge spaces are no other text
        ("3,네,", True),  # an empty label says nothing
        ("3,네,정상", True),
        ("3,네.,정상", False),
        ("3,네,위험", False),
    ],
)
def test_what_counts_as_other_content(ws: Workspace, tmp_path: Path, line: str, known: bool) -> None:
    take(ws, put(tmp_path / "work.csv", V1))
    done = take(ws, put(tmp_path / "work.csv", "id,text,label\n1,불이 났어요,\n" + line + "\n"))
    assert (done.known, done.clashed) == ((2, 0) if known else (1, 1))


def test_suggestions_show_the_difference_and_are_accepted_and_undone(ws: Workspace, tmp_path: Path) -> None:
    done = later(ws, tmp_path, "propose")
    assert (done.proposals, clashes.counts(ws, done.batch)) == (2, {"labels": 1, "text": 1})
    (batch,) = clashes.batches(ws)
    assert (batch.name, batch.source, batch.counts["open"]) == (done.batch, "work", 2)
    shown = clashes.page(ws, batch=batch.name)
    assert [s.differences for s in shown] == [
        (Difference("text", "네", "네 맞아요"),), (Difference("label:danger", "normal", "danger"),),
    ]  # fmt: skip
    assert stored(ws)["3"] == ("네", {"danger": "normal"}), "nothing is changed before a person accepts"
    assert clashes.accept_all(ws, "kim").accepted == 2
    assert stored(ws)["3"] == ("네 맞아요", {"danger": "danger"})
    assert [r.act for r in ws.store.review.history(3)] == ["accept", "accept"]
    assert ws.store.review.standing_answers_of("danger", 3) == [], "a delivery's label is no answer of the curator"
    for version in (V1, V2):
        again = take(ws, put(tmp_path / "work.csv", version), on_clash="propose")
        assert (again.known, again.clashed) == (3, 0)
    assert clashes.undo(ws, "kim") is not None
    assert stored(ws)["3"] == ("네 맞아요", {"danger": "normal"})
    assert clashes.undo_batch(ws, batch.name, "kim") == (1, 0)
    assert stored(ws)["3"] == ("네", {"danger": "normal"})
    again = take(ws, tmp_path / "work.csv", on_clash="propose")
    assert (again.clashed, again.proposals) == (1, 0), "it clashes again, and is suggested once"
    assert clashes.reject_all(ws, "kim") == 2
    assert stored(ws)["3"] == ("네", {"danger": "normal"})


def test_a_suggestion_is_rebased_on_a_curators_edit_elsewhere_or_refused(ws: Workspace, tmp_path: Path) -> None:
    take(
        ws, put(tmp_path / "t.csv", "id,text\n1,집에 불이 났어요 빨리\n2,길이 막혀요\n3,네\n"), Columns("text", id="id")
    )
    edited = put(tmp_path / "t.csv", "id,text\n1,집에 불이 났어요 어서\n2,길이 뚫려요\n3,네\n")
    assert take(ws, edited, Columns("text", id="id"), source="t", on_clash="propose").proposals == 2
    ws.store.review.decide(1, 0, "kim", now(), text="큰집에 불이 났어요 빨리")
    ws.store.review.decide(2, 0, "kim", now(), text="길이 막혔어요")
    first, second = clashes.page(ws)
    assert clashes.decide(ws, first.proposal.id, True, "lee").state == "accepted"
    assert stored(ws)["1"][0] == "큰집에 불이 났어요 어서"
    with pytest.raises(Unfit, match="the text of utterance 2 was changed meanwhile"):
        clashes.decide(ws, second.proposal.id, True, "lee")
    assert stored(ws)["2"][0] == "길이 막혔어요"
    assert clashes.accept_all(ws, "lee").refused == {"changed": 1}


def test_a_label_that_was_decided_meanwhile_refuses_the_suggestion(ws: Workspace, tmp_path: Path) -> None:
    later(ws, tmp_path, "propose")
    ws.store.review.decide(3, 0, "kim", now(), labels={"danger": "normal"})
    labels = next(s.proposal for s in clashes.page(ws) if s.proposal.operation == "labels")
    with pytest.raises(Unfit, match="labels of utterance 3 is no longer as it was delivered"):
        clashes.decide(ws, labels.id, True, "lee")


def test_everything_as_a_new_source(ws: Workspace, tmp_path: Path) -> None:
    done = later(ws, tmp_path, "source")
    assert (done.source, done.added, done.known, done.clashed) == (f"{tmp_path.name}/work", 3, 0, 0)
    assert done.notes[f"another delivery is called work: this is the source {tmp_path.name}/work"] == 1
    again = take(ws, tmp_path / "work.csv", on_clash="source")
    assert (again.source, again.added, again.known) == (done.source, 0, 3)
    assert len(list(ws.store.corpus.every(Filter()))) == 6


def test_a_name_that_a_person_gives_always_means_that_source(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path / "a" / "t.csv", V1), source="calls")
    other = take(ws, put(tmp_path / "b" / "t.csv", "id,text,label\n1,전혀 다른 말,\n2,또 다른 말,\n"), source="calls")
    assert (other.source, other.added, other.clashed) == ("calls", 0, 2)
    apart = take(ws, tmp_path / "b" / "t.csv", source="calls", on_clash="source")
    assert (apart.source, apart.added, apart.clashed) == ("calls (2)", 2, 0)
    own = take(ws, tmp_path / "a" / "t.csv", source="mine")
    assert (own.source, own.added) == ("mine", 3), "the same content, but a person wants it apart"


SPOKEN = Columns("text", {"urgency": "u"}, recording="file")


def sounding(folder: Path, texts: list[str], hz: float, head: str = "file,text,u\n") -> Path:
    for n, _ in enumerate(texts, start=1):
        (folder / f"{n:03}.wav").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{n:03}.wav").write_bytes(wav_bytes(800, hz=hz + n))
    lines = [f"{n:03}.wav,{text},상" for n, text in enumerate(texts, start=1)]
    return put(folder / "labels.csv", head + "\n".join(lines) + "\n")


def heard(ws: Workspace) -> dict[str, str | None]:
    """Text -> the hash of the audio that it is read to."""
    calls = {call.id: call.sha256 for call in ws.store.corpus.recordings()}
    return {u.text: calls[u.recording_id or 0] for u in ws.store.corpus.every(Filter())}


def test_two_folders_with_the_same_names_are_two_sources(ws: Workspace, tmp_path: Path) -> None:
    january = take(ws, sounding(tmp_path / "1월", ["1월 첫 전화", "1월 둘째 전화"], 200), SPOKEN)
    february = take(ws, sounding(tmp_path / "2월", ["2월 첫 전화", "2월 둘째 전화"], 300), SPOKEN)
    assert (january.source, february.source) == ("labels", "2월/labels")
    assert (january.notes["recordings added"], february.notes["recordings added"]) == (2, 2)
    assert len(set(heard(ws).values())) == 4, "every text has its own audio"
    for folder, source in (("1월", "labels"), ("2월", "2월/labels")):
        again = take(ws, tmp_path / folder / "labels.csv", SPOKEN)
        assert (again.source, again.added, again.known, again.clashed) == (source, 0, 2, 0)


def test_equal_tables_over_other_audio_are_two_sources(ws: Workspace, tmp_path: Path) -> None:
    take(ws, sounding(tmp_path / "1월", ["네", "아니요"], 200), SPOKEN)
    done = take(ws, sounding(tmp_path / "2월", ["네", "아니요"], 300), SPOKEN)
    assert (done.source, done.added) == ("2월/labels", 2)
    assert take(ws, tmp_path / "2월" / "labels.csv", SPOKEN).known == 2


def test_equal_names_without_audio_do_not_get_the_audio_of_others(ws: Workspace, tmp_path: Path) -> None:
    take(ws, sounding(tmp_path / "1월", ["1월 첫 전화", "1월 둘째 전화"], 200), SPOKEN)
    bare = put(tmp_path / "2월" / "labels.csv", "file,text,u\n001.wav,2월 첫 전화,상\n002.wav,2월 둘째 전화,하\n")
    assert take(ws, bare, SPOKEN).source == "2월/labels"
    assert {heard(ws)[text] for text in ("2월 첫 전화", "2월 둘째 전화")} == {None}


def test_an_uploaded_table_is_told_apart_by_a_number(ws: Workspace) -> None:
    columns = Columns("text", id="id")
    for number, source in ((1, "labels"), (2, "labels (2)"), (3, "labels (3)"), (2, "labels (2)")):
        data = f"id,text\n1,전화 {number}가 왔어요\n2,말 {number}을 해요\n".encode()
        done = table.ingest_table(ws, File.of(data, "labels.csv"), TableImportOptions(columns))
        assert done.source == source
    assert len(list(ws.store.corpus.every(Filter()))) == 6


def test_the_same_content_under_another_name_is_known(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path / "work.csv", V1))
    done = take(ws, put(tmp_path / "work-backup.csv", V1))
    assert (done.source, done.added, done.known) == ("work", 0, 3)
    assert done.notes == {"known by its content as the source work": 1}


def test_other_audio_of_a_known_recording_is_named_and_takes_no_text(ws: Workspace, tmp_path: Path) -> None:
    path = sounding(tmp_path / "calls", ["첫 전화", "둘째 전화"], 200)
    take(ws, path, SPOKEN)
    before = heard(ws)
    (tmp_path / "calls" / "002.wav").write_bytes(wav_bytes(900, hz=500))
    put(path, "file,text,u\n001.wav,첫 전화,상\n002.wav,둘째 전화,상\n002.wav,셋째 말,상\n")
    done = take(ws, path, SPOKEN, on_clash="propose")
    assert heard(ws) == before, "the new row does not hang on the old audio"
    assert done.differing == {"audio": 2}
    assert [row[1] for row in named(done)] == ["3", "4"]
    assert "its recording is known with other audio" in named(done)[1][2]
    (suggestion,) = clashes.page(ws)
    assert suggestion.proposal.operation == "audio"
    clashes.decide(ws, suggestion.proposal.id, True, "kim")
    assert heard(ws)["둘째 전화"] != before["둘째 전화"]
    assert take(ws, path, SPOKEN).added == 1, "with the audio accepted, the new row comes in"
    assert ws.audio_file(2).read_bytes() == wav_bytes(900, hz=500)


def test_audio_for_sentences_is_suggested_and_undone(ws: Workspace, tmp_path: Path) -> None:
    path = sounding(tmp_path / "calls", ["첫 전화"], 200, "file,text,u\n")
    columns = Columns("text", id="file")
    take(ws, path, columns)
    done = take(ws, path, Columns("text", id="file", recording="file"), on_clash="propose")
    assert (done.added, done.known, done.clashed, done.differing) == (0, 0, 1, {"audio": 1})
    assert clashes.accept_all(ws, "kim").accepted == 1
    (utterance,) = ws.store.corpus.every(Filter())
    assert (utterance.recording_id, utterance.start_ms, utterance.end_ms, utterance.voice_usable) == (1, 0, 800, True)
    assert take(ws, path, Columns("text", id="file", recording="file")).known == 1
    clashes.undo(ws, "kim")
    (utterance,) = ws.store.corpus.every(Filter())
    assert (utterance.recording_id, utterance.end_ms, utterance.voice_usable) == (None, None, False)


def test_other_times_are_suggested_as_times(ws: Workspace, tmp_path: Path) -> None:
    path = sounding(tmp_path, ["x"], 200)
    columns = Columns("text", id="id", recording="wav", start="start_ms", end="end_ms")
    head = "id,wav,text,start_ms,end_ms\n"
    take(ws, put(path, head + "1,001.wav,첫 말,0,300\n2,001.wav,둘째 말,300,600\n"), columns)
    done = take(ws, put(path, head + "1,001.wav,첫 말,0,300\n2,001.wav,둘째 말,310,800\n"), columns, on_clash="propose")
    assert done.clashes[0].differences == (Difference("start_ms", 300, 310), Difference("end_ms", 600, 800))
    (suggestion,) = clashes.page(ws, operation="times")
    clashes.decide(ws, suggestion.proposal.id, True, "kim")
    utterance = ws.store.corpus.utterance(2)
    assert (utterance.start_ms, utterance.end_ms) == (310, 800)
    assert take(ws, path, columns).clashed == 0


def test_a_label_of_a_recording_that_comes_later_or_differs(ws: Workspace, tmp_path: Path) -> None:
    path = sounding(tmp_path, ["첫 전화", "둘째 전화"], 200)
    put(path, "file,text,u\n001.wav,첫 전화,\n002.wav,둘째 전화,상\n")
    take(ws, path, SPOKEN)
    done = take(ws, put(path, "file,text,u\n001.wav,첫 전화,하\n002.wav,둘째 전화,중\n"), SPOKEN, on_clash="propose")
    assert (done.labels_added, done.differing) == (1, {"label:urgency": 1})
    assert [ws.store.corpus.recording_labels(n) for n in (1, 2)] == [{"urgency": "low"}, {"urgency": "high"}]
    assert clashes.accept_all(ws, "kim").accepted == 1
    assert ws.store.corpus.recording_labels(2) == {"urgency": "medium"}


@pytest.mark.parametrize("times", [True, False])
def test_a_row_without_an_id_is_known_by_its_place_in_the_recording(ws: Workspace, tmp_path: Path, times: bool) -> None:
    path = sounding(tmp_path, ["첫 전화", "둘째 전화", "셋째 전화"], 200)
    columns = (
        Columns("text", recording="file", start="start_ms", end="end_ms")
        if times
        else Columns("text", recording="file")
    )
    lines = [f"{n:03}.wav,0,700,{text}" for n, text in enumerate(["첫 전화", "둘째 전화", "셋째 전화"], start=1)]
    take(ws, put(path, "file,start_ms,end_ms,text\n" + "\n".join(lines)), columns)
    lines[1] = lines[1].replace("둘째 전화", "두 번째 전화")
    edited = put(path, "file,start_ms,end_ms,text\n" + "\n".join(lines))
    done = take(ws, edited, columns, on_clash="propose")
    assert (done.added, done.known, done.clashed) == (0, 2, 1)
    assert done.clashes[0].where == "row 3"
    assert done.clashes[0].differences == (Difference("text", "둘째 전화", "두 번째 전화"),)
    clashes.accept_all(ws, "kim")
    assert sorted(heard(ws)) == ["두 번째 전화", "셋째 전화", "첫 전화"]
    assert take(ws, edited, columns).known == 3


def test_the_command_line_says_how_many_differ_and_in_what(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path / "work.csv", V1)
    order = ["ingest", "table", str(path), "--text", "text", "--id", "id", "--label", "danger=label"]
    assert CliRunner().invoke(app, order).exit_code == 0
    put(path, V2)
    shown = CliRunner().invoke(app, order).stdout
    assert "2 labels added that nobody had given yet" in shown
    assert "1 known already with other content, left as they are (danger differs: 1, text differs: 1)" in shown
    assert "--on-clash propose suggests the changes to a curator" in shown
    answer = json.loads(CliRunner().invoke(app, [*order, "--on-clash", "propose", "--json"]).stdout)
    assert (answer["clashed"], answer["suggested"], answer["labels_added"]) == (1, 2, 0)
    assert answer["differing"] == {"text": 1, "label:danger": 1}
    (clash,) = answer["clashes"]
    assert (clash["key"], clash["where"]) == ("table:work:id:3", "row 4")
    assert clash["differences"][0] == {"field": "text", "before": "네", "after": "네 맞아요"}
    assert answer["batch"] == clashes.batches(ws)[0].name
    assert CliRunner().invoke(app, [*order, "--on-clash", "overwrite"]).exit_code == 2


@pytest.mark.parametrize("verb", ["aihub", "aihub119", "audio", "gwidama", "hf", "labelstudio", "table", "votes"])
def test_every_importer_takes_the_policy(verb: str) -> None:
    result = CliRunner().invoke(app, ["ingest", verb, "--help"], env={"COLUMNS": "200"})
    assert "--on-clash" in result.stdout


def test_every_row_of_a_recording_with_other_audio_is_named(ws: Workspace, tmp_path: Path) -> None:
    path = sounding(tmp_path, ["첫 전화", "둘째 전화"], 200)
    put(path, "file,text,u\n001.wav,첫 전화,상\n002.wav,둘째 전화,상\n002.wav,셋째 말,상\n")
    take(ws, path, SPOKEN)
    (tmp_path / "002.wav").write_bytes(wav_bytes(900, hz=500))
    done = take(ws, path, SPOKEN)
    assert (done.added, done.known, done.clashed) == (0, 1, 1), "one recording differs, and so do its two rows"
    assert [row[1] for row in named(done)] == ["3", "4"]
    assert named(done)[1][2] == "its recording is known with other audio: left as it is"
