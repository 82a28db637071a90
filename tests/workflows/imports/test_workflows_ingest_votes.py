"""core.workflows.imports.tables.votes and `ingest votes`: imported once and completely; rejects by row."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.cli import app
from core.errors import InputError, UnknownName
from core.filters import Filter
from core.ingest.tables import Reject, Row
from core.ingest.votes import Choice, of_counts, of_raters
from core.schemes import SCHEMES, scheme
from core.workflows.imports.tables import votes as votes_import
from core.workflows.imports.tables.votes import File, VotesImport, VotesImportOptions
from core.workflows.review.agreement import standing_answers
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

RATERS = "id,text,a,b,c\n1,불이야,위험,danger,정상\n2,네,정상,,normal\n3,어,,,\n"
COUNTS = "clip,say,ANG,SAD\nx1,음,2,1\nx2,아,0,3\n"


def put(folder: Path, text: str, name: str = "v.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def take(ws: Workspace, path: Path, scheme_name: str, batch: int = 5_000, **order: Any) -> VotesImport:
    return votes_import.ingest_votes(ws, File.at(path), VotesImportOptions(scheme_name, **order), batch_size=batch)


def stored_votes(ws: Workspace, name: str) -> list[tuple[str, str, str]]:
    """The stored votes as (text, curator, code)."""
    text = {u.id: u.text for u in ws.store.corpus.every(Filter())}
    return [
        (text[answer.target_id], answer.curator, answer.code)
        for answer in standing_answers(ws, name)
        if answer.kind == "vote"
    ]


def test_a_column_a_rater(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, RATERS)
    done = take(ws, path, "danger", raters=("a", "b", "c"), item="id", text="text", batch=2)
    assert (done.rows, done.added, done.known, done.silent, done.votes, done.rejected) == (3, 3, 0, 1, 5, 0)
    assert stored_votes(ws, "danger") == [
        ("불이야", "vote:a", "danger"), ("불이야", "vote:b", "danger"), ("불이야", "vote:c", "normal"),
        ("네", "vote:a", "normal"), ("네", "vote:c", "normal"),
    ]  # fmt: skip
    assert [dict(u.labels) for u in ws.store.corpus.every(Filter())] == [{}, {}, {}]  # a vote is no label
    again = take(ws, path, "danger", raters=("a", "b", "c"), item="id", text="text")
    assert (again.added, again.known, again.votes, again.votes_known) == (0, 3, 0, 5)
    (source,) = ws.store.corpus.sources()
    assert (source.name, source.kind) == ("v", "votes")


def test_a_column_a_class(ws: Workspace, tmp_path: Path) -> None:
    done = take(ws, put(tmp_path, COUNTS), "mood", counts={"anger": "ANG", "SAD": "SAD"}, item="clip")
    assert (done.scheme, done.added, done.votes) == ("mood", 2, 6)
    assert (scheme("mood").codes, scheme("mood").state) == (("anger", "SAD"), "proposed")
    assert stored_votes(ws, "mood") == [
        ("x1", "vote:#1", "anger"), ("x1", "vote:#2", "anger"), ("x1", "vote:#3", "SAD"),
        ("x2", "vote:#1", "SAD"), ("x2", "vote:#2", "SAD"), ("x2", "vote:#3", "SAD"),
    ]  # fmt: skip


def test_votes_go_to_the_utterance_whose_key_is_named(ws: Workspace, tmp_path: Path) -> None:
    take(ws, put(tmp_path, RATERS), "danger", raters=("a",), item="id", text="text")
    keys = [u.key for u in ws.store.corpus.every(Filter())]
    assert keys == ["table:v:id:1", "table:v:id:2", "table:v:id:3"]
    path = put(tmp_path, f"key,d\n{keys[1]},위험\nnew,정상\n", "more.csv")
    done = take(ws, path, "danger", raters=("d",), item="key")
    assert (done.added, done.known, done.votes) == (1, 1, 2)
    assert ("네", "vote:d", "danger") in stored_votes(ws, "danger")
    assert ("new", "vote:d", "normal") in stored_votes(ws, "danger")


def test_unknown_answers_are_proposed_as_a_scheme_over_all_raters(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "text,a,b\n하나,좋음,나쁨\n둘,좋음,보통\n")
    done = take(ws, path, "taste", raters=("a", "b"), text="text")
    assert done.scheme == "taste"
    assert (SCHEMES["taste"].codes, SCHEMES["taste"].state) == (("나쁨", "보통", "좋음"), "proposed")
    assert [code for _, _, code in stored_votes(ws, "taste")] == ["좋음", "나쁨", "좋음", "보통"]


def test_a_rater_may_give_several_classes(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, 'text,a,b\n하나,"1,2",1\n둘,"2,3","1,3"\n셋,"1,2,3",2\n')
    take(ws, path, "themes", raters=("a", "b"), text="text")
    assert SCHEMES["themes"].kind == "multi"
    assert [code for _, _, code in stored_votes(ws, "themes")] == ["1|2", "1", "2|3", "1|3", "1|2|3", "2"]


def test_what_cannot_be_used_is_named_by_row(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "id,text,a\n1,불,위험\n1,물,정상\n2,,정상\n3,흙,=maybe\n4\n,돌,위험\n")
    done = take(ws, path, "danger", raters=("a",), item="id", text="text")
    assert (done.rows, done.added, done.votes, done.rejected) == (6, 1, 1, 5)
    assert done.reasons == {
        "id came before": 1, "no text": 1, "unknown class": 1, "wrong number of cells": 1, "no id": 1,
    }  # fmt: skip
    assert [skip.row for skip in done.skipped] == [3, 4, 5, 6, 7]
    assert done.rejects is not None
    with done.rejects.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1] == ["v.csv, row 3", "id '1' came before in this file: the first is kept"]
    assert rows[3][0] == "v.csv, row 5"
    assert "=maybe" in rows[3][1]
    assert not rows[3][1].startswith("=")


@pytest.mark.parametrize(
    ("cell", "kind"),
    [("x", "no count"), ("-1", "no count"), ("1.5", "no count"), ("²", "no count"), ("9" * 30, "no count"),
     ("1001", "too many votes"), ("999999999", "too many votes")],
)  # fmt: skip
def test_a_count_that_is_none_rejects_its_row(cell: str, kind: str) -> None:
    reject = of_counts(Row(7, {"A": "1", "B": cell}), {"a": "A", "b": "B"})
    assert isinstance(reject, Reject)
    assert (reject.row, reject.kind) == (7, kind)


def test_counts_and_answers_as_programs_write_them() -> None:
    assert of_counts(Row(1, {"A": "2.0", "B": " ", "C": "nan"}), {"a": "A", "b": "B", "c": "C"}) == [
        Choice("vote:#1", "a"), Choice("vote:#2", "a"),
    ]  # fmt: skip
    assert of_raters(Row(1, {"x": None}), ["x"], lambda cell: "") == []


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"item": "id"}, "name either the raters' columns or the columns that count votes"),
        ({"item": "id", "raters": ("a",), "counts": {"x": "b"}}, "name either the raters' columns"),
        ({"raters": ("a",)}, "name the column of the items or that of the texts"),
        ({"item": "id", "raters": ("a", "A")}, "a column of votes is named twice"),
        ({"item": "id", "raters": ("nope",)}, "unknown column 'nope'; known: id, text, a, b, c"),
        ({"item": "id", "counts": {"위험": "a", "danger": "b"}}, "two columns of votes mean the same class of danger"),
        ({"item": "id", "counts": {"맑음": "a"}}, "unknown danger class '맑음'"),
        ({"item": "id", "raters": ("a",), "source": " "}, "give a name of 1 to 200 characters"),
    ],
)
def test_an_order_that_cannot_be_met_says_why(ws: Workspace, tmp_path: Path, order: Any, reason: str) -> None:
    with pytest.raises((InputError, UnknownName), match=reason):
        take(ws, put(tmp_path, RATERS), "danger", **order)
    assert ws.store.corpus.counts()["utterances"] == 0


def test_a_label_of_recordings_takes_no_votes(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="urgency is a label of recordings; votes are of utterances"):
        take(ws, put(tmp_path, RATERS), "urgency", raters=("a",), item="id")


def test_raters_who_say_nothing_make_no_scheme(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column of a rater holds a value to make classes of scheme fresh of"):
        take(ws, put(tmp_path, "text,a\n불,\n물,\n"), "fresh", raters=("a",), text="text")


def test_a_rater_cannot_pass_for_a_vote_without_a_name(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="column '#1': a rater's name cannot begin with #; rename the column"):
        take(ws, put(tmp_path, "text,#1\n불,위험\n"), "danger", raters=("#1",), text="text")


LONG = "item,rater,text,label\n1,kim,불,상\n1,lee,불,중\n2,kim,길,하\n2,lee,길,하\n3,lee,네,하\n3,kim,네,하\n"


@pytest.mark.parametrize("order", [{"raters": ("label",)}, {"rater": "rater", "answer": "label"}])
def test_a_row_an_answer(ws: Workspace, tmp_path: Path, order: Any) -> None:
    path = put(tmp_path, LONG)
    done = take(ws, path, "s", **order, item="item", text="text", batch=2)
    assert (done.rows, done.added, done.known, done.votes, done.rejected) == (6, 3, 0, 6, 0)
    assert sorted(stored_votes(ws, "s")) == sorted([
        ("불", "vote:kim", "상"), ("불", "vote:lee", "중"), ("길", "vote:kim", "하"), ("길", "vote:lee", "하"),
        ("네", "vote:kim", "하"), ("네", "vote:lee", "하"),
    ])  # fmt: skip
    again = take(ws, path, "s", **order, item="item", text="text", batch=2)
    assert (again.added, again.known, again.votes, again.votes_known) == (0, 3, 0, 6)


def test_what_is_wrong_with_a_row_of_the_long_form_is_named(ws: Workspace, tmp_path: Path) -> None:
    rows = ["kim,위험", "kim,위험", "kim,정상", ",위험", "lee,아마", "#1,정상", "박\u200b,N/A", "박,", "박,정상"]
    path = put(tmp_path, "item,text,worker,label\n" + "".join(f"1,불,{row}\n" for row in rows))
    done = take(ws, path, "danger", rater="worker", answer="label", item="item", text="text")
    assert stored_votes(ws, "danger") == [("불", "vote:kim", "danger"), ("불", "vote:박", "normal")]
    assert done.reasons == {"answered before": 1, "no rater": 2, "unknown class": 1}
    first = done.skipped[0]
    assert (first.row, first.reason) == (4, "kim answered '1' before, with danger: the first answer is kept")


@pytest.mark.parametrize(
    ("text", "order", "reason"),
    [
        (LONG.replace("rater", "who"), {"raters": ("label",), "item": "item"}, "names most items several.*--rater"),
        (LONG, {"rater": "rater", "answer": "label", "text": "text"}, "the long form needs the column of the items"),
        (LONG, {"rater": "rater", "item": "item"}, "name the column of the rater and that of the answer, both"),
        (LONG, {"rater": "rater", "answer": "label", "raters": ("text",), "item": "item"}, "name either the raters'"),
        ('text,a\n가,"[4, 5, 4]"\n', {"raters": ("a",), "text": "text"}, "row 2: column a holds a list of 3"),
    ],
)  # fmt: skip
def test_a_form_that_is_not_clear_is_asked_about(
    ws: Workspace, tmp_path: Path, text: str, order: Any, reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        take(ws, put(tmp_path, text), "fresh", **order)
    assert (ws.store.corpus.counts()["utterances"], "fresh" in SCHEMES) == (0, False)


def test_a_list_holds_raters_or_classes_as_a_person_says(ws: Workspace, tmp_path: Path) -> None:
    rows = [
        {"guid": "a", "s": "가", "annotations": {"annotators": ["07", "02", "13"], "annotations": [4, 5, 4]}},
        {"guid": "b", "s": "나", "annotations": {"annotators": ["07", "11"], "annotations": [1, 0]}},
    ]
    path = put(tmp_path, json.dumps(rows), "sts.json")
    answers, base = "annotations.annotations", {"item": "guid", "text": "s"}
    with pytest.raises(InputError, match=r"sts\.json, row 1: column annotations\.annotations holds a list of 3 values"):
        take(ws, path, "sts", raters=(answers,), **base)
    done = take(ws, path, "sts", raters=(answers,), lists="raters", **base)
    assert (done.votes, SCHEMES["sts"].codes, SCHEMES["sts"].kind) == (5, ("0", "1", "4", "5"), "single")
    assert stored_votes(ws, "sts")[:3] == [("가", "vote:#1", "4"), ("가", "vote:#2", "5"), ("가", "vote:#3", "4")]
    named = take(ws, path, "named", rater="annotations.annotators", answer=answers, **base)
    assert (named.votes, named.known) == (5, 2)
    assert stored_votes(ws, "named")[:3] == [("가", "vote:07", "4"), ("가", "vote:02", "5"), ("가", "vote:13", "4")]
    many = put(tmp_path, '{"t": "다", "a": ["x", "y"]}\n{"t": "라", "a": ["y"]}\n', "m.jsonl")
    classes = take(ws, many, "themes", raters=("a",), lists="classes", text="t")
    assert (classes.votes, SCHEMES["themes"].kind) == (2, "multi")
    from core.workflows.corpus import schemes

    schemes.confirm(ws, "themes", "t")
    assert (
        take(ws, put(tmp_path, '{"t": "마", "a": ["x", "y"]}\n', "n.jsonl"), "themes", raters=("a",), text="t").votes
        == 1
    )
    with pytest.raises(InputError, match="holds a list of 3 values"):
        take(ws, put(tmp_path, '{"t": "바", "a": ["x", "y", "x"]}\n', "o.jsonl"), "themes", raters=("a",), text="t")


def test_the_votes_of_crema_d_arrive_and_tell_their_agreement(ws: Workspace, shared: Path) -> None:
    path = shared / "cremad_votes" / "tabulatedVotes.csv"
    counts = {code: code for code in "ADFHNS"}
    order = VotesImportOptions(
        "cremad", counts=counts, item="column_1", text="fileName", source="crema-d", licence="ODbL 1.0"
    )
    done = votes_import.ingest_votes(ws, File.at(path), order)
    assert (done.rows, done.added, done.votes, done.rejected) == (22_326, 22_326, 212_000, 0)
    assert scheme("cremad").codes == tuple("ADFHNS")
    assert ws.store.corpus.utterance_ids(["table:crema-d:id:100001"])
    document = json.loads(CliRunner().invoke(app, ["agreement", "--scheme", "cremad", "--json"]).stdout)
    assert (document["n_items"], document["n_ratings"]) == (22_326, 212_000)
    assert (document["anonymous"], document["cohen"]) == (True, [])
    assert document["krippendorff"]["nominal"]["value"] == pytest.approx(0.42555, abs=1e-5)


def test_the_raters_of_klue_nli_arrive_and_tell_their_agreement(ws: Workspace, shared: Path) -> None:
    path = shared / "klue_nli" / "klue-nli-v1.1_dev.json"
    raters = "author,label2,label3,label4,label5"
    arguments = [
        "ingest",
        "votes",
        str(path),
        "--scheme",
        "nli",
        "--raters",
        raters,
        "--item",
        "guid",
        "--text",
        "premise",
    ]
    answer = CliRunner().invoke(app, [*arguments, "--json"])
    assert (answer.exit_code, answer.stderr) == (0, "")
    done = json.loads(answer.stdout)
    assert (done["rows"], done["added"], done["votes"], done["rejected"]) == (3000, 3000, 15_000, 0)
    document = json.loads(CliRunner().invoke(app, ["agreement", "--scheme", "nli", "--json"]).stdout)
    assert round(document["fleiss"]["value"], 4) == 0.8381
    assert round(document["krippendorff"]["nominal"]["value"], 4) == 0.8382
    assert round(document["unanimous"]["value"], 4) == 0.7633
    assert [pair["a"] for pair in document["cohen"]][:4] == ["vote:author"] * 4
    assert document["raters"] == [f"vote:{name}" for name in raters.split(",")]


def test_the_verb_says_what_is_wrong_with_its_options(ws: Workspace, tmp_path: Path) -> None:
    path = str(put(tmp_path, COUNTS))
    for options, reason in (
        (["--item", "clip"], "name either --raters or --votes"),
        (["--item", "clip", "--raters", "a", "--votes", "b"], "name either --raters or --votes"),
        (["--raters", "a"], "name --item or --text"),
        (["--item", "clip", "--raters", "a,,b"], "--raters a,,b: write different names, between commas"),
        (["--item", "clip", "--rater", "a"], "name --rater and --answer together"),
        (["--item", "clip", "--votes", "a,a"], "--votes a,a: write different names, between commas"),
        (["--item", "clip", "--votes", "a=x,a=y"], "--votes a=y: write CLASS or CLASS=COL, each class once"),
        (["--item", "clip", "--votes", "a="], "--votes a=: write CLASS or CLASS=COL, each class once"),
    ):
        result = CliRunner().invoke(app, ["ingest", "votes", path, "--scheme", "mood", *options])
        assert result.exit_code == 2
        assert reason in " ".join(result.stderr.replace("│", " ").split())


def test_the_verb_tells_what_it_did(ws: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path, "clip,ANG\nx1,2\nx2,none\n")
    arguments = ["ingest", "votes", str(path), "--scheme", "mood", "--votes", "ANG", "--item", "clip"]
    shown = CliRunner().invoke(app, arguments).stdout
    assert "v: 2 rows read, 1 utterances added, 0 known already, 2 votes added under mood" in shown
    assert "rejects-votes-" in shown
    document = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert document["skipped"] == [{"row": 3, "kind": "no count", "reason": "column ANG: 'none' is no number of votes"}]
    assert (document["votes"], document["votes_known"], document["columns"]) == (0, 2, ["clip", "ANG"])
