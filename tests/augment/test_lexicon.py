"""core.augment.lexicon: guarded words of a Scheme, from the program or from a file of the workspace."""

from pathlib import Path

import pytest

from core.augment.lexicon import Lexicon
from core.errors import InputError


def test_the_main_danger_words_are_guarded() -> None:
    danger = Lexicon.of("danger")
    assert {"불", "피", "연기", "가스", "살리", "돕", "쓰러지", "숨", "칼", "죽"} <= danger.words
    assert [danger.found(word) for word in ("산불이", "피가", "숨을", "살려", "도와주세요")] == [
        "산불",
        "피",
        "숨",
        "살리",
        "돕",
    ]
    assert danger.found("커피를") == ""


@pytest.mark.parametrize(
    ("form", "word"), [("아파요", "아프"), ("아픕니다", "아프"), ("터졌어", "터지"), ("갇혀서", "갇히")]
)
def test_an_inflected_word_is_the_same_word(form: str, word: str) -> None:
    assert Lexicon.of("danger").found(form) == word


@pytest.mark.parametrize("word", ["불편해요", "피곤해", "숨기고", "칼국수", "부러워", "아까워", "놀이터에서"])
def test_a_word_that_only_begins_alike_is_not_guarded(word: str) -> None:
    assert Lexicon.of("danger").found(word) == ""


def test_words_that_may_stand_for_each_other_count_as_one() -> None:
    danger = Lexicon.of("danger")
    for a, b in (("구급차가", "앰뷸런스가"), ("119에", "일일구에"), ("빨리", "얼른"), ("화재가", "불이")):
        assert danger.count([(a, ())]) == danger.count([(b, ())]) != {}


def test_an_end_that_makes_a_condition_is_guarded() -> None:
    danger = Lexicon.of("danger")
    assert danger.ends("오면?") == "면"
    assert danger.ends("넘어질뻔했어요") == "뻔했어요"
    assert danger.ends("그러면") == ""


def test_each_scheme_has_its_words_and_an_unknown_one_those_of_danger() -> None:
    assert Lexicon.of("urgency").found("당장") == "당장"
    assert Lexicon.of("emotion-diary").found("불안해요") == "불안"
    assert Lexicon.of("emotion-diary").found("불이") == "불"
    assert Lexicon.of("../../danger") is Lexicon.of("no-such-scheme")
    assert Lexicon.of("no-such-scheme").starts == Lexicon.of("danger").starts


def test_a_workspace_has_a_lexicon_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "bullying.toml"
    path.write_text(
        'include = ["danger"]\nsame = ["왕따 따돌림"]\napart = "욕실"\n[words]\nschool = "왕따 욕 때리:맞"', "utf-8"
    )
    lexicon = Lexicon.read(path)
    assert lexicon.name == "bullying"
    assert [lexicon.found(word) for word in ("따돌림을", "욕을", "욕실에", "맞을", "불이")] == [
        "왕따",
        "욕",
        "",
        "때리",
        "불",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("words = [", "bad.toml is no lexicon: "),
        ('include = "danger"\n', "bad.toml: include is not a list of texts"),
        ('include = ["fire"]\n', "bad.toml: there is no lexicon 'fire'; known: danger, emotion, urgency"),
        ('words = "불"\n', "bad.toml: words is not a table of words"),
        ("[words]\nfire = 3\n", "bad.toml: words is not a table of words"),
        ("", "bad.toml has no words"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError) as error:
        Lexicon.read(path)
    assert str(error.value).startswith(message)
    with pytest.raises(InputError, match=r"gone\.toml is no lexicon"):
        Lexicon.read(tmp_path / "gone.toml")
