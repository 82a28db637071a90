"""The tables of misspellings: each row corrects its word, none changes a right word, and no rule is skipped wrongly."""

import csv
import tomllib
from pathlib import Path

import pytest
from cleaning_dev import MISSPELT, SPACED

from core.cleaning.spelling import misspellings
from core.cleaning.spelling.confusions import _finals, correct_text, rules
from core.cleaning.spelling.misspellings import Misspelling

DEMO = Path(__file__).parent.parent.parent / "assets" / "demo" / "utterances.csv"
ROWS = misspellings.misspellings()


def corrected_right(row: Misspelling) -> str:
    return misspellings.correct_text(row.right + row.after, 0.0)[0]


def test_the_table_is_sound() -> None:
    assert len(ROWS) > 1000
    assert len({(row.wrong, row.after, row.starts, row.ends) for row in ROWS}) == len(ROWS), "a row comes twice"
    for family in tomllib.loads(misspellings.TABLE.read_text("utf-8"))["family"]:
        assert set(family) == {"why", "sure", "words"}
        assert all(" < " in line for line in family["words"].strip().splitlines()), family["why"]
        assert 0.8 <= family["sure"] <= 1


def test_each_row_is_put_right_and_what_is_right_stays() -> None:
    for row in ROWS:
        corrected, corrections = misspellings.correct_text(row.wrong + row.after, 0.0)
        assert corrections, row
        assert corrected == row.right + row.after, row
        assert corrected_right(row) == row.right + row.after, row


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("무르플 다쳤어요", "무릎을 다쳤어요"),
        ("심페소생술 하고 있어요", "심폐소생술 하고 있어요"),
        ("뇌졸증인 것 같아요", "뇌졸중인 것 같아요"),
        ("누가 쫒아와요", "누가 쫓아와요"),
        ("연락이 끈겼어요", "연락이 끊겼어요"),
        ("벽이 뚤렸어요", "벽이 뚫렸어요"),
        ("팔굼치가 부었어요", "팔꿈치가 부었어요"),
        ("어깨쭉지가 아퍼요", "어깻죽지가 아파요"),
        ("엠뷸랜스 불러 주세요", "앰뷸런스 불러 주세요"),
        ("유리가 부셔졌어요", "유리가 부서졌어요"),
    ],
)
def test_callers_words(wrong: str, right: str) -> None:
    assert misspellings.correct_text(wrong, 0.5)[0] == right


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("올런지 몰라요", "올는지 몰라요"),
        ("어떻게 할찌 모르겠어요", "어떻게 할지 모르겠어요"),
        ("그럴껄요", "그럴걸요"),
        ("곧 올껍니다", "곧 올 겁니다"),
        ("제가 봤드라고요", "제가 봤더라고요"),
        ("사람이 있든데요", "사람이 있던데요"),
        ("불이 꺼졌내요", "불이 꺼졌네요"),
        ("여기 있조", "여기 있죠"),
        ("약을 먹었으니가 괜찮아요", "약을 먹었으니까 괜찮아요"),
        ("문이 다쳐서 못 나가요", "문이 닫혀서 못 나가요"),
        ("집 박에 있어요", "집 밖에 있어요"),
        ("웨 그래요", "왜 그래요"),
        ("물이 끌어요", "물이 끓어요"),
        ("가스가 세고 있어요", "가스가 새고 있어요"),
        ("목을 메려고 해요", "목을 매려고 해요"),
        ("칼에 배였어요", "칼에 베였어요"),
        ("다리가 절여요", "다리가 저려요"),
        ("화제가 발생했어요", "화재가 발생했어요"),
        ("문을 부셨어요", "문을 부쉈어요"),
        ("다행이 안 다쳤어요", "다행히 안 다쳤어요"),
        ("시키는데로 했어요", "시키는 대로 했어요"),
        ("고양이에요", "고양이예요"),
    ],
)
def test_a_context_tells_which_word_was_meant(wrong: str, right: str) -> None:
    assert correct_text(wrong, 0.5)[0] == right


@pytest.mark.parametrize(
    "text",
    ["가타부타 말이 없어요", "중간에 깔렸어요", "가치 있는 일이에요", "돈을 세고 있어요", "아이가 다쳤어요",
     "화제가 되는 사람이에요", "눈이 부셔서요", "된 데로 가요", "세 시요", "해내요", "끝내요", "살려고 해요",
     "문을 열려고 해요", "외국 사람이에요", "손을 배에 대고 있어요", "바람이 세요", "참석 여부", "밤바다에 빠졌어요",
     "재송동이에요", "조코비치", "공을 차자고 했어요", "배터리가 터졌어요", "뒤집어졌어요", "덮게 이불 주세요",
     "사라졌어요", "치루 수술을 했어요", "머그컵에 데었어요", "주근깨", "다른 팔로 막았어요"],
)  # fmt: skip
def test_right_words_stay(text: str) -> None:
    assert misspellings.correct_text(text, 0.0) == (text, [])
    assert correct_text(text, 0.0) == (text, [])


def test_written_calls_stay() -> None:
    texts = [row["text"] for row in csv.DictReader(DEMO.read_text("utf-8").splitlines())]
    corrections = [
        fix for text in texts for fix in (*misspellings.correct_text(text, 0.65)[1], *correct_text(text, 0.65)[1])
    ]
    assert len(corrections) <= len(texts) // 100, corrections


def test_a_rule_is_left_out_only_where_it_could_find_nothing() -> None:
    texts = [text for pair in MISSPELT for text in pair] + list(SPACED)
    for text in texts:
        slow = text
        for rule in rules():
            slow = rule.replace(slow)[0]
        assert correct_text(text, 0.0)[0] == slow
    assert sum(not rule.needs for rule in rules()) <= 5


def test_a_final_consonant_in_an_expression_is_a_class_of_syllables() -> None:
    expression = _finals("{ㄹ}x{}")
    assert "할" in expression.partition("x")[0]
    assert "하" not in expression.partition("x")[0]
    assert expression.partition("x")[2][:3] == "[가개"
    assert _finals("[가-힣]{2,3}") == "[가-힣]{2,3}"
