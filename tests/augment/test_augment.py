"""core.augment: seeded runs repeat, operations keep their contract, protected words stay, wrong requests tell why."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.augment import AUGMENTERS, Guard, Known, Lexicon, draw, make
from core.errors import InputError, MissingBackend, UnknownName
from core.text import words

pytestmark = pytest.mark.integration

LONG = "지금 거실 쪽에서 검은 연기가 계속 나고 있는데 할머니는 아직 밖으로 못 나오셨어요"
OURS = [name for name in AUGMENTERS if not name.startswith("koeda")]
INSTALLED = [name for name, backend in AUGMENTERS.items() if backend.installed()]
KOREAN = st.lists(st.sampled_from([*LONG.split(), "불이", "나지", "않았어요", "😀", "...", "a\u200b", "+"]), max_size=9)
DANGER = Guard(Lexicon.of("danger"))


@pytest.mark.parametrize("name", INSTALLED)
@settings(deadline=None, max_examples=25)
@given(items=KOREAN, seed=st.integers(0, 99), strength=st.floats(0.01, 1))
def test_contract_of_every_operation(name: str, items: list[str], seed: int, strength: float) -> None:
    operation = AUGMENTERS[name].load()
    text = " ".join(items)
    once = operation(text, random.Random(seed), strength)
    assert isinstance(once, str)
    assert operation(text, random.Random(seed), strength) == once
    assert operation("", random.Random(seed), strength) == ""
    assert operation("  \n", random.Random(seed), strength) == ""
    assert once == " ".join(once.split()), "single spaces, none at the ends"


@settings(deadline=None, max_examples=25)
@given(items=KOREAN, seed=st.integers(0, 99), n=st.integers(0, 5))
def test_variants_are_distinct_guarded_and_repeatable(items: list[str], seed: int, n: int) -> None:
    text = "  ".join(items)
    variants, refused = make(text, OURS, n=n, seed=seed, alpha=0.3, guard=DANGER)
    texts = [variant.text for variant in variants]
    assert len(texts) == len(set(texts)) <= n
    assert " ".join(words(text)) not in texts
    assert (variants, refused) == make(text, OURS, n=n, seed=seed, alpha=0.3, guard=DANGER)
    assert all(DANGER.reasons(" ".join(words(text)), v.text, v.operation) == () for v in variants)


def test_a_variant_says_how_it_was_made() -> None:
    variants, _ = make(LONG, ["register-change", "dialect"], n=4, seed=7, alpha=0.1, guard=DANGER)
    assert variants
    for variant in variants:
        assert variant.operation in ("register-change", "dialect")
        assert (variant.seed, variant.parameters["alpha"]) == (7, 0.1)
        assert set(variant.parameters) == {"alpha", "draw"}


def test_operations_take_turns_and_what_fails_is_counted() -> None:
    variants, refused = make(LONG, OURS, n=6, seed=1, alpha=0.2, guard=DANGER)
    assert len({variant.operation for variant in variants}) >= 5
    taken = Guard(Lexicon.of("danger"), Known([variant.text for variant in variants]))
    again, refused = make(LONG, OURS, n=6, seed=1, alpha=0.2, guard=taken)
    assert {v.text for v in again}.isdisjoint(v.text for v in variants)
    assert refused["exists"] >= 5


def drawn(text: str, operation: str, seed: int, alpha: float, n: int) -> list[str]:
    """At most `n` candidates of one operation before any guard: distinct, and different from `text`."""
    candidates = dict.fromkeys(draw(operation, text, seed, alpha, number, AUGMENTERS) for number in range(10 * n))
    return [candidate for candidate in candidates if candidate != text][:n]


def test_drawings_give_candidates_before_any_guard_and_repeat() -> None:
    for name in ("punctuation-insertion", "transcription-noise"):
        assert len(drawn(LONG, name, seed=1, alpha=0.3, n=4)) == 4
        assert drawn(LONG, name, seed=1, alpha=0.3, n=4) != drawn(LONG, name, seed=2, alpha=0.3, n=4)
        assert drawn(LONG, name, seed=1, alpha=0.3, n=2) == drawn(LONG, name, seed=1, alpha=0.3, n=4)[:2]


@pytest.mark.parametrize("text", ["", "  \n", "불이야", "ㅋㅋㅋ", "!!!", "119"])
def test_a_text_that_no_operation_can_change_gives_nothing(text: str) -> None:
    assert [v.operation for v in make(text, OURS, n=3, seed=0, guard=DANGER)[0]] == []


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("우리 집 안 위험해요 그냥 물어봤어요", {"안", "위험해요"}),
        ("아이가 아직 정말 못 나왔어요 정말로", {"못", "나왔어요"}),
        ("여기 지금 다친 사람은 정말 없어요 그러니까", {"다친", "없어요"}),
        ("그게 제가 진짜 그런 게 아니에요 정말", {"아니에요"}),
        ("오늘 여기 정말 오지 마세요 제발 부탁이에요", {"오지", "마세요"}),
        ("아까 그 사람 너무 쓰러지지 않았어요 그냥 앉았어요", {"쓰러지지", "않았어요"}),
        ("여긴 우리 집이 아니야 나 지금 집에 갈 거야", {"우리", "집이", "아니야"}),
        ("어제 본 영화에서 사람이 너무 많이 죽었어요", {"영화에서", "죽었어요"}),
        ("친구랑 정말 그냥 장난으로 한 말이에요", {"장난으로"}),
    ],
)
def test_deletion_keeps_the_words_that_the_label_depends_on(text: str, stays: set[str]) -> None:
    variants = drawn(text, "random-deletion", seed=3, alpha=1.0, n=20)
    for variant in variants:
        assert stays <= set(variant.split())
        assert len(variant.split()) >= 2


def test_punctuation_only_adds_marks_between_phrases() -> None:
    for variant in drawn(LONG, "punctuation-insertion", seed=0, alpha=0.5, n=8):
        marks = [word for word in variant.split() if word in ".;?:!,"]
        assert 1 <= len(marks) <= len(LONG.split()) // 2
        assert [word for word in variant.split() if word not in ".;?:!,"] == LONG.split()
        assert variant.index("못 나오셨어요") > 0, "no mark between a negation and its verb"


def test_the_same_seed_gives_the_same_in_another_process() -> None:
    code = (
        "from core.augment import *; print([v.text for v in "
        f"make({LONG!r}, {OURS!r}, n=6, seed=5, alpha=.3, guard=Guard(Lexicon.of('danger')))[0]])"
    )
    printed = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    expected = [v.text for v in make(LONG, OURS, n=6, seed=5, alpha=0.3, guard=DANGER)[0]]
    assert printed.stdout.strip() == str(expected)
    assert len(expected) == 6


def test_wrong_requests_say_what_is_right() -> None:
    for ask in (lambda: drawn(LONG, "eda", 0, 0.2, 1), lambda: make(LONG, ["dialect", "eda"], n=1, seed=0)):
        with pytest.raises(UnknownName, match="unknown augmentation 'eda'; known: synonym-replacement, random-insert"):
            ask()
    with pytest.raises(InputError, match=r"strength 0 is not in \(0, 1\]"):
        make(LONG, ["dialect"], n=1, seed=0, alpha=0)


@pytest.mark.skipif(AUGMENTERS["koeda-aeda"].installed(), reason="koeda is installed")
def test_an_absent_koeda_names_its_install_command() -> None:
    for name in ("koeda-aeda", "koeda-sr"):
        with pytest.raises(MissingBackend, match=r"needs koeda, which is not installed: pip install koeda==0\.0\.4"):
            make(LONG, [name], n=1, seed=0)


@pytest.mark.skipif(not AUGMENTERS["koeda-aeda"].installed(), reason="pip install koeda: the library itself augments")
def test_koeda_leaves_the_global_dice_alone_and_ends_on_long_texts() -> None:
    random.seed(5)
    expected = random.Random(5).random()
    long = " ".join([LONG] * 200)
    variants = drawn(long, "koeda-aeda", seed=1, alpha=1.0, n=2)
    assert [word for word in variants[0].split() if word not in ".,!?;:"] == long.split()
    for name in (name for name in INSTALLED if name.startswith("koeda")):
        assert AUGMENTERS[name].load()(" \u241f ", random.Random(0), 0.3) == ""
        assert AUGMENTERS[name].load()("불이야", random.Random(0), 1.0).replace(" ", "").strip(".,!?;:") == "불이야"
        assert isinstance(AUGMENTERS[name].load()(LONG, random.Random(0), 0.3), str)
    assert random.random() == expected
