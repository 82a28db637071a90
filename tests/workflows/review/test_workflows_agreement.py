"""core.workflows.review.agreement and `python -m core agreement`: which answers count, and the names in the JSON."""

import json
import re
from typing import Any

import pytest
from desk_data import answer
from store_data import sentences
from typer.testing import CliRunner

from core.agreement import Resampling
from core.cli import app
from core.errors import InputError, NotEnoughData, UnknownName
from core.records import IMPORTED, Vote
from core.schemes.files import parse_toml
from core.workflows.corpus import schemes
from core.workflows.review import settle
from core.workflows.review.agreement import AgreementQuery, agreement, answer_counts, last_change
from core.workflows.workspace import Workspace

pytestmark = pytest.mark.integration

FIGURE = {"value", "low", "high", "n", "n_ratings", "n_raters", "reason"}
SHARE = {"k", "n", "value", "low", "high"}


def vote(ws: Workspace, name: str, rows: dict[int, str], *, at: str = "2024-05-01", raters: str = "") -> None:
    """A letter a rater for each utterance: d danger, n normal."""
    codes = {"d": "danger", "n": "normal", "h": "high", "m": "medium", "l": "low"}
    ws.store.review.add_votes(
        [
            Vote(name, target, codes[letter], f"vote:{raters[n] if raters else f'#{n + 1}'}", at)
            for target, letters in rows.items()
            for n, letter in enumerate(letters)
            if letter != "-"
        ]
    )


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["agreement", *arguments, "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_curators_are_compared_and_a_delivery_is_nobody(ws: Workspace) -> None:
    first, second = sentences(ws.store, "불이야", "네")
    answer(ws, "danger", kim="danger", lee="normal")
    sentences(ws.store, "이미", labels={"danger": "danger"})
    report = agreement(ws, "danger")
    assert (report.n_items, report.n_ratings, report.raters) == (2, 4, ("kim", "lee"))
    assert IMPORTED not in report.raters
    assert report.unanimous.value == 0.0
    assert report.pairs == ((0, 2), (2, 0))
    assert {first, second} == {x.target_id for b in ws.store.review.standing_answers("danger") for x in b}


def test_answers_are_counted_and_any_new_one_shows(ws: Workspace) -> None:
    sentences(ws.store, "불이야", "네")
    seen = [last_change(ws)]
    assert answer_counts(ws) == {}
    answer(ws, "danger", kim="danger", lee="normal")
    seen.append(last_change(ws))
    assert answer_counts(ws) == {"danger": 4}
    vote(ws, "danger", {1: "dn"})
    seen.append(last_change(ws))
    assert answer_counts(ws) == {"danger": 6}
    ws.store.review.undo("lee", "2099-01-01")
    seen.append(last_change(ws))
    assert len(set(seen)) == len(seen)
    assert last_change(ws) == seen[-1]


def test_an_answer_taken_back_does_not_count(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="danger")
    assert agreement(ws, "danger").n_items == 1
    ws.store.review.undo("lee", "2099-01-01")
    with pytest.raises(NotEnoughData, match="no item has answers of two people"):
        agreement(ws, "danger")


def test_what_was_settled_stands_against_the_answers(ws: Workspace) -> None:
    sentences(ws.store, "불이야")
    answer(ws, "danger", kim="danger", lee="normal")
    shown = settle.next_dispute(ws, "danger", "chief")
    assert shown is not None
    settle.settle(ws, shown, "normal", "chief")
    report = agreement(ws, "danger")
    assert (report.settled, report.raters) == (1, ("kim", "lee"))  # whoever settles is no rater
    assert [(x.rater, x.agreed.k, x.agreed.n) for x in report.against] == [("kim", 0, 1), ("lee", 1, 1)]
    assert [(x.from_ms, x.to_ms, x.agreed.k, x.agreed.n) for x in report.speed] == [(1500, 1500, 1, 2)]
    assert [len(x.windows) for x in report.drift] == [1, 1]


def test_nameless_votes_make_no_pair_and_named_ones_do(ws: Workspace) -> None:
    first, second = sentences(ws.store, "불이야", "네")
    vote(ws, "danger", {first: "ddn", second: "nnn"})
    report = agreement(ws, "danger")
    assert (report.raters, report.cohen, report.anonymous, report.n_ratings) == ((), (), True, 6)
    vote(ws, "danger", {first: "dn", second: "nn"}, raters="xy")
    report = agreement(ws, "danger")
    assert [(x.a, x.b) for x in report.cohen] == [("vote:x", "vote:y")]
    assert (report.n_ratings, report.drift) == (10, ())  # a vote has no instant of its own


def test_only_the_days_asked_for_count(ws: Workspace) -> None:
    first, second = sentences(ws.store, "불이야", "네")
    vote(ws, "danger", {first: "dd"}, at="2024-05-01T10:00:00.000000+00:00", raters="xy")
    vote(ws, "danger", {second: "dn"}, at="2024-05-02T10:00:00.000000+00:00", raters="xy")
    for since, until, n in (
        ("", "", 2), ("2024-05-02", "", 1), ("", "2024-05-01", 1), ("2024-05-01", "2024-05-02", 2),
        ("2024-05-01T10:00", "2024-05-01T10:00", 1), ("2024-05-02T19:00+09:00", "", 1),
    ):  # fmt: skip
        assert agreement(ws, "danger", AgreementQuery(since, until)).n_items == n, (since, until)
    with pytest.raises(NotEnoughData):
        agreement(ws, "danger", AgreementQuery(since="2024-05-03"))
    for wrong in ("yesterday", "2024-13-01", "2024-05-01T99:00"):
        with pytest.raises(InputError, match="is no day or instant: write 2024-05-01 or 2024-05-01T09:30"):
            agreement(ws, "danger", AgreementQuery(until=wrong))


def test_urgency_stands_in_an_order_and_any_scheme_may_be_told_to(ws: Workspace) -> None:
    ids = list(range(1, 6))
    vote(ws, "urgency", dict(zip(ids, ("hh", "hm", "mm", "ll", "hl"), strict=True)), raters="xy")
    ordered, plain = agreement(ws, "urgency"), agreement(ws, "urgency", AgreementQuery(ordinal=False))
    assert ordered.ordinal is not None
    assert ordered.ordinal.value is not None
    assert plain.ordinal is None
    assert ordered.nominal == plain.nominal
    assert ordered.cohen[0].kappa.value != plain.cohen[0].kappa.value


def test_pairs_may_be_chosen(ws: Workspace) -> None:
    first, second = sentences(ws.store, "불이야", "네")
    vote(ws, "danger", {first: "dd-", second: "nn-"}, raters="xyz")
    vote(ws, "danger", {first: "--d"}, raters="xyz")
    assert len(agreement(ws, "danger").cohen) == 3
    (only,) = agreement(ws, "danger", AgreementQuery(pairs=[("vote:y", "vote:x")])).cohen
    assert (only.a, only.b, only.kappa.value) == ("vote:y", "vote:x", 1.0)
    with pytest.raises(UnknownName, match="unknown rater 'nobody'; known: vote:x, vote:y, vote:z"):
        agreement(ws, "danger", AgreementQuery(pairs=[("vote:x", "nobody")]))


def test_a_scheme_of_several_classes_is_told_class_by_class(ws: Workspace) -> None:
    text = 'name = "t"\nko = "t"\nkind = "multi"\n' + "".join(f'[[label]]\ncode = "{c}"\nko = "{c}"\n' for c in "abc")
    schemes.save(ws, parse_toml(text, "t.toml"), "tester")
    first, second = sentences(ws.store, "하나", "둘")
    ws.store.review.add_votes(
        [Vote("t", first, "a|b", "vote:x", ""), Vote("t", first, "a", "vote:y", ""),
         Vote("t", second, "c", "vote:x", ""), Vote("t", second, "c", "vote:y", "")]
    )  # fmt: skip
    report = run("--scheme", "t")
    assert (report["fleiss"]["value"], report["unanimous"]["value"]) == (None, 0.5)
    assert report["fleiss"]["reason"] == "several classes at once: each class is judged by itself, see classes"
    assert [x["krippendorff"]["value"] for x in report["classes"]] == [1.0, 0.0, 1.0]
    assert report["confusion"] == {"pairs": [], "raters": []}


def test_the_document_has_its_names(ws: Workspace) -> None:
    sentences(ws.store, "불이야", "네", "어")
    answer(ws, "danger", kim="danger", lee="normal")
    report = run("--scheme", "danger", "--window", "2", "--pairs", "kim,lee")
    assert report.keys() == {
        "scheme", "codes", "n_items", "n_ratings", "single", "settled", "raters", "anonymous", "unanimous", "fleiss",
        "krippendorff", "cohen", "classes", "confusion", "drift", "speed",
    }  # fmt: skip
    assert (report["scheme"], report["n_items"], report["raters"]) == ("danger", 3, ["kim", "lee"])
    assert report["unanimous"].keys() == report["fleiss"].keys() == report["krippendorff"]["nominal"].keys() == FIGURE
    assert report["krippendorff"]["ordinal"] is None
    assert report["cohen"][0].keys() == {"a", "b", "agreed"} | FIGURE
    assert report["classes"][0].keys() == {"code", "n_ratings", "krippendorff", "fleiss"}
    assert report["confusion"].keys() == {"pairs", "raters"}
    assert report["confusion"]["raters"][0].keys() == {"rater", "agreed", "matrix"}
    assert report["drift"][0].keys() == {"rater", "windows", "change"}
    assert [x["agreed"]["n"] for x in report["drift"][0]["windows"]] == [2, 1]
    assert report["drift"][0]["windows"][0]["agreed"].keys() == report["speed"][0]["agreed"].keys() == SHARE


def test_the_tables_are_for_people(ws: Workspace) -> None:
    first, *_ = sentences(ws.store, "불이야", "네", "어")
    answer(ws, "danger", kim="danger", lee="normal")
    vote(ws, "danger", {first: "d"})
    shown = CliRunner().invoke(app, ["agreement", "--scheme", "danger"])
    assert shown.exit_code == 0
    for text in (
        "danger: 3 items with two answers or more, 7 answers of 2 raters and votes without a name", "Fleiss κ",
        "Krippendorff α", "Cohen κ", "Against what the others said", "Over time", "By the time taken", "1.5 to 1.5 s",
    ):  # fmt: skip
        assert text in shown.stdout
    assert not re.search(r"\bnan\b", shown.stdout)


def test_what_cannot_be_told_is_one_line(ws: Workspace) -> None:
    for arguments, reason in (
        (["--scheme", "danger"], "no item has answers of two people: let a second person answer some of the same"),
        (["--scheme", "nothing"], "unknown scheme 'nothing'"),
    ):
        result = CliRunner().invoke(app, ["agreement", *arguments, "--json"])
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"error: {reason}")
    for arguments, reason in (
        (["--pairs", "a"], "--pairs a: write two different raters, A,B"),
        (["--pairs", "a,a"], "--pairs a,a: write different names, between commas"),
        (["--window", "0"], "--window 0: write a number of answers, day or week"),
        (["--window", "month"], "--window month: write a number of answers, day or week"),
    ):
        result = CliRunner().invoke(app, ["agreement", "--scheme", "danger", *arguments])
        assert result.exit_code == 2
        assert reason in " ".join(result.stderr.replace("│", " ").split())


def test_intervals_can_be_left_out(ws: Workspace) -> None:
    first, second = sentences(ws.store, "불이야", "네")
    vote(ws, "danger", {first: "dn", second: "nn"}, raters="xy")
    assert agreement(ws, "danger", AgreementQuery(draws=Resampling(0))).nominal.low is None
    assert agreement(ws, "danger").nominal.low is not None
