"""core.augment: every augmenter keeps its contract, protected words stay, equal seeds give equal variants."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.augment import AUGMENTERS, DANGER_STARTS, propose, protected
from core.errors import InputError, MissingBackend, UnknownName
from core.text import letters, words

LONG = "지금 거실 쪽에서 검은 연기가 계속 나고 있는데 할머니는 아직 밖으로 못 나오셨어요"
INSTALLED = [name for name, backend in AUGMENTERS.items() if backend.installed()]
KOREAN = st.lists(st.sampled_from([*LONG.split(), "불이", "나지", "않았어요", "😀", "...", "a\u200b"]), max_size=9)


@pytest.mark.parametrize("name", INSTALLED)
@settings(deadline=None, max_examples=60)
@given(items=KOREAN, seed=st.integers(0, 99), strength=st.floats(0.01, 1))
def test_contract_of_every_augmenter(name: str, items: list[str], seed: int, strength: float) -> None:
    augmenter = AUGMENTERS[name].load()
    text = " ".join(items)
    once = augmenter(text, random.Random(seed), strength)
    assert isinstance(once, str)
    assert augmenter(text, random.Random(seed), strength) == once
    assert augmenter("", random.Random(seed), strength) == ""
    assert min(2, len(items)) <= len(once.split())
    guarded = [word for word, keep in zip(items, protected(items), strict=True) if keep]
    survivors = iter(once.split())
    assert all(word in survivors for word in guarded), "protected words stay, in order"


@pytest.mark.parametrize("name", INSTALLED)
@settings(deadline=None, max_examples=40)
@given(items=KOREAN, seed=st.integers(0, 99), n=st.integers(0, 6))
def test_proposals_are_distinct_and_differ(name: str, items: list[str], seed: int, n: int) -> None:
    text = "  ".join(items)
    variants = propose(text, name, seed, 0.4, n)
    assert len(variants) == len(set(variants)) <= n
    assert " ".join(words(text)) not in variants
    assert variants == propose(text, name, seed, 0.4, n)
    assert len(items) > 1 or variants == []


def test_enough_variants_are_found_for_a_long_sentence() -> None:
    for name in INSTALLED:
        assert len(propose(LONG, name, seed=1, strength=0.3, n=5)) == 5
        assert propose(LONG, name, seed=1, strength=0.3, n=5) != propose(LONG, name, seed=2, strength=0.3, n=5)
        assert propose(LONG, name, seed=1, strength=0.3, n=3) == propose(LONG, name, seed=1, strength=0.3, n=5)[:3]


@pytest.mark.parametrize("text", ["", "  \n", "불이야"])
@pytest.mark.parametrize("name", INSTALLED)
def test_blank_and_one_word_give_nothing(name: str, text: str) -> None:
    assert propose(text, name, seed=0, strength=1.0, n=3) == []


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("우리 집 안 위험해요 그냥 물어봤어요", {"안", "위험해요"}),
        ("아이가 아직 못 나왔어요 정말로", {"못", "나왔어요"}),
        ("여기 지금 다친 사람은 없어요 그러니까", {"다친", "없어요"}),
        ("그게 제가 그런 게 아니에요 정말", {"아니에요"}),
        ("오늘 여기 오지 마세요 제발 부탁이에요", {"오지", "마세요"}),
        ("오늘 여기 오지 말고 집에 계세요", {"오지", "말고"}),
        ("아까 그 사람 쓰러지지 않았어요 그냥 앉았어요", {"쓰러지지", "않았어요"}),
        ("저는 그 사람 이름을 몰라요 그냥", {"몰라요"}),
        ("저는 그 사람 이름을 모르겠어요 그냥", {"모르겠어요"}),
        ('아빠가 그 "칼을 들고 있어요 지금', {'"칼을'}),
        ("어제 본 영화에서 사람이 많이 죽었어요", {"영화에서", "죽었어요"}),
        ("친구랑 그냥 장난으로 한 말이에요", {"장난으로"}),
    ],
)
def test_deletion_keeps_the_words_that_the_label_depends_on(text: str, stays: set[str]) -> None:
    variants = propose(text, "random-deletion", seed=3, strength=1.0, n=20)
    assert variants
    for variant in variants:
        assert stays <= set(variant.split())
        assert len(variant.split()) >= 2


def test_the_main_danger_words_are_protected() -> None:
    assert {"불", "피", "연기", "가스", "살려", "도와", "쓰러", "숨", "칼", "죽"} <= DANGER_STARTS
    assert protected(["불이", "산불이", "피가", "숨을", "우리", "집"]) == [True, True, True, True, False, False]


def test_a_sentence_of_protected_words_has_no_deletion() -> None:
    assert propose("불이 안 나요", "random-deletion", seed=0, strength=1.0, n=4) == []


def test_punctuation_only_adds_marks_between_words() -> None:
    for variant in propose(LONG, "punctuation-insertion", seed=0, strength=0.5, n=8):
        marks = [word for word in variant.split() if word in ".;?:!,"]
        assert 1 <= len(marks) <= len(LONG.split()) // 2
        assert [word for word in variant.split() if word not in ".;?:!,"] == LONG.split()
        assert variant[0] == LONG[0]
        assert variant[-1] == LONG[-1]
        assert letters(variant) == letters(LONG)


def test_the_same_seed_gives_the_same_in_another_process() -> None:
    code = f"from core.augment import propose; print(propose({LONG!r}, 'random-deletion', 5, .3, 2))"
    printed = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert printed.stdout.strip() == str(propose(LONG, "random-deletion", 5, 0.3, 2))


def test_wrong_requests_say_what_is_right() -> None:
    with pytest.raises(UnknownName, match="unknown augmentation 'eda'; known: random-deletion, punctuation-insertion"):
        propose(LONG, "eda", 0, 0.2, 1)
    with pytest.raises(InputError, match=r"strength 0 is not in \(0, 1\]"):
        propose(LONG, "random-deletion", 0, 0, 1)


@pytest.mark.skipif(AUGMENTERS["koeda-aeda"].installed(), reason="koeda is installed")
def test_an_absent_koeda_names_its_install_command() -> None:
    with pytest.raises(MissingBackend, match=r"needs koeda, which is not installed: pip install koeda==0\.0\.4"):
        propose(LONG, "koeda-aeda", seed=0)


@pytest.mark.skipif(not AUGMENTERS["koeda-aeda"].installed(), reason="pip install koeda: the library itself augments")
def test_koeda_leaves_the_global_dice_alone_and_ends_on_long_texts() -> None:
    random.seed(5)
    expected = random.Random(5).random()
    long = " ".join([LONG] * 200)
    variants = propose(long, "koeda-aeda", seed=1, strength=1.0, n=2)
    assert [word for word in variants[0].split() if word not in ".,!?;:"] == long.split()
    assert random.random() == expected
    assert AUGMENTERS["koeda-aeda"].load()(" \u241f ", random.Random(0), 0.3) == ""
