"""The measures of bench/gold.py, against cases counted by hand."""

from collections import Counter
from pathlib import Path

import pytest

from bench.cleaning import (
    absent_rows,
    accept_all,
    backend,
    count_altered,
    count_exact,
    space_rows,
    spell_rows,
    tally_mended,
    without_spaces,
)
from bench.gold import (
    COLUMNS,
    Pair,
    Tally,
    bare,
    best,
    count_errors,
    edits,
    exact,
    gaps,
    lettering,
    mending,
    moved_gaps,
    read,
    spacing,
    wrong_words,
)
from core.cleaning import SPACERS, from_document
from core.plugins import Backend


def row(noisy: str, clean: str, *also: str) -> Pair:
    return Pair("g001", "both", noisy, clean, also, 1, "")


def test_letters_and_gaps() -> None:
    assert bare(" 불이\t옆집에  났어요\n") == "불이옆집에났어요"
    assert gaps(" 불이\t옆집에  났어요\n") == {2, 5}
    assert gaps("불이야") == gaps("") == gaps("  ") == frozenset()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("안 되요", "안돼요", {(1, "되", "돼"): 1}),
        ("갑갑자기", "갑자기", {(1, "갑", ""): 1}),
        ("마니", "많이", {(0, "마", "많"): 1, (1, "니", "이"): 1}),
        ("아파", "아아아파", {(1, "", "아"): 2}),
        ("", "불", {(0, "", "불"): 1}),
        ("불 났어요", "불났 어요", {}),
    ],
)
def test_edits_are_of_letters_and_as_few_as_can_be(
    before: str, after: str, expected: dict[tuple[int, str, str], int]
) -> None:
    assert edits(before, after) == Counter(expected)


def test_gaps_move_with_the_letters_before_them() -> None:
    assert moved_gaps("가스렌지 불", "가스레인지 불") == {5}
    assert moved_gaps("불났어ㅇㅛ 빨리", "불났어요 빨리") == {4}
    assert moved_gaps("불 났어 요", "불났어요") == {1, 3}


@pytest.mark.parametrize(
    ("text", "clean", "words"),
    [
        ("이러면 안 되요", "이러면 안 돼요", {2}),
        ("이러면않되요", "이러면 안 돼요", {1, 2}),
        ("이 러면 안돼 요", "이러면 안 돼요", set()),
        ("불났어ㅇㅛ 빨리", "불났어요 빨리", {0}),
        ("불났어요ㅛ 빨리", "불났어요 빨리", {0}),
        ("빨리 와", "빨리 와요", {1}),
        ("", "불이야", {0}),
    ],
)
def test_wrong_words_are_found_whatever_the_spacing(text: str, clean: str, words: set[int]) -> None:
    assert wrong_words(text, clean) == words


@pytest.mark.parametrize(
    ("noisy", "clean", "errors"),
    [
        ("불이야", "불이야", 0),
        ("쓰러 졌어요", "쓰러졌어요", 1),
        ("쉴수가없어요", "쉴 수가 없어요", 2),
        ("숨을않쉬는것같에요", "숨을 안 쉬는 것 같아요", 6),
        ("아버지 가방에서 못나와요", "아버지가 방에서 못 나와요", 3),
    ],
)
def test_errors_are_wrong_words_and_wrong_gaps(noisy: str, clean: str, errors: int) -> None:
    assert count_errors(noisy, clean) == errors


def test_tallies() -> None:
    tally = Tally(3, 4, 6)
    assert (tally.precision, tally.recall, tally.f1) == (0.75, 0.5, pytest.approx(0.6))
    assert tally + Tally(1, 1, 1) == Tally(4, 5, 7)
    assert (Tally().precision, Tally().recall, Tally().f1) == (1, 1, 1)
    assert (Tally(0, 2, 0).f1, Tally(0, 0, 2).f1) == (0, 0)


def test_spacing_by_hand() -> None:
    assert spacing("아버지 가방에서 못나와요", "아버지가 방에서 못 나와요") == Tally(1, 2, 3)
    assert spacing("안되요 빨리", "안 돼요 빨리") == Tally(1, 1, 2)


def test_lettering_by_hand() -> None:
    noisy, clean = "이러면 않 되요", "이러면 안 돼요"
    assert lettering(noisy, "이러면 안 되요", clean) == Tally(1, 1, 2)
    assert lettering(noisy, "그러면 않 돼요", clean) == Tally(1, 2, 2)
    assert lettering(noisy, "이러면 않 뒈요", clean) == Tally(0, 1, 2)
    assert lettering(noisy, "이러면안돼요", clean) == Tally(2, 2, 2)


def test_mending_by_hand() -> None:
    noisy, clean = "저러면 않 되요 빨리", "이러면 안 돼요 빨리"
    assert mending(noisy, noisy, clean) == Tally(0, 0, 3)
    assert mending(noisy, "이러면 안 되요 빨리", clean) == Tally(2, 2, 3)
    assert mending(noisy, "저러면 안 되요 발리", clean) == Tally(1, 2, 3)


def test_any_accepted_text_will_do() -> None:
    pair = row("누워있어", "누워 있어", "누워있어")
    assert best(lambda clean: spacing(pair.noisy, clean), pair.accepted) == Tally(0, 0, 0)
    assert exact("누워  있어 ", pair)
    assert exact("누워있어", pair)
    assert not exact("누 워있어", pair)


def test_a_file_of_another_shape_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "gold.tsv"
    path.write_text("id\tkind\n", "utf-8")
    with pytest.raises(ValueError, match=r"gold\.tsv: the columns are id, kind, not id, kind, noisy"):
        read(path)
    head = "\t".join(COLUMNS)
    path.write_text(f'{head}\ng001\tclean\t"불\t"불\t\t0\t\ng002\tclean\t불\t불\t\tnone\t\n', "utf-8")
    with pytest.raises(ValueError, match=r"gold\.tsv, line 3: not 7 fields with a count of errors"):
        read(path)
    path.write_text(f'{head}\ng001\tclean\t"불\t"불\t불|"불\t0\t\n', "utf-8")
    assert read(path) == [Pair("g001", "clean", '"불', '"불', ("불", '"불'), 0, "")]


PAIRS = [
    Pair("g001", "clean", "누워 있어", "누워 있어", ("누워있어",), 0, ""),
    Pair("g002", "clean", "네", "네", (), 0, ""),
    Pair("g003", "spacing", "불이났어요", "불이 났어요", (), 1, ""),
    Pair("g004", "spelling", "안 되요", "안 돼요", (), 1, ""),
    Pair("g005", "both", "않되요", "안 돼요", (), 3, ""),
]
OUTPUTS = ["누워있어", "내", "불이 났어요", "안 돼요", "안되요"]


def test_what_came_out_is_counted_by_kind() -> None:
    assert count_altered(PAIRS, OUTPUTS) == "2 of 2 (100.0%); into something not accepted: 1 of 2 (50.0%)"
    assert count_exact(PAIRS, OUTPUTS, "spacing both") == "1 of 2 (50.0%)"
    assert count_exact(PAIRS[:1], OUTPUTS[:1], "both") == "none to look at"
    assert tally_mended(PAIRS, OUTPUTS, "spelling both") == (Tally(2, 2, 3), Tally(2, 2, 3))
    assert without_spaces(PAIRS) == {
        "누워있어": ("누워 있어", "누워있어"),
        "네": ("네",),
        "불이났어요": ("불이 났어요",),
        "안돼요": ("안 돼요",),
    }


def test_the_rows_of_a_spacer() -> None:
    rows = dict(space_rows("x", lambda texts: [text.replace("이났", "이 났") for text in texts], PAIRS, 1))
    assert rows["x: F1 on 4 right sentences without any space"] == "0.6667; precision 1.0000, recall 0.5000"
    assert rows["x: exact match, of those with wrong spacing only"] == "1 of 1 (100.0%)"
    assert rows["x: sentences whose letters changed"] == "0 of 5 (0.0%)"
    assert rows["x: right sentences altered"].startswith("0 of 2")


def test_the_rows_of_a_speller() -> None:
    rows = dict(spell_rows("x", lambda texts: [text.replace("되", "돼") for text in texts], PAIRS, 1))
    assert rows["x: errors fixed by the first suggestion, all"] == "2 of 3 (66.7%)"
    assert rows["x: errors fixed by the first suggestion, with right spacing"] == "1 of 1 (100.0%)"
    assert rows["x: exact match, of those with wrong spelling only"] == "1 of 1 (100.0%)"
    assert rows["x: letter F1"] == "0.8000; precision 1.0000, recall 0.6667"


def test_every_suggestion_is_accepted_in_turn() -> None:
    steps = [{"name": "unicode"}, {"name": "repeats", "keep": 2}]
    clean = accept_all(from_document({"name": "two", "steps": steps}, "here"))
    assert clean(["불이야ㅋㅋㅋㅋㅋ", "네"]) == ["불이야ㅋㅋ", "네"]


def test_a_backend_runs_as_the_default_plan_has_it() -> None:
    (step,) = backend("spacing", "pykospacing").steps
    assert (step.name, step.settings["backend"]) == ("spacing", "pykospacing")
    assert set(SPACERS) >= {"kiwi", "pykospacing"}


def test_an_absent_backend_says_how_to_install_it() -> None:
    assert absent_rows("spacing by x", Backend("a:b", ("no_such",), "pip install x")) == [
        ("spacing by x", "not installed: `pip install x`")
    ]
