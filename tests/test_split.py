import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.records import Side
from core.split import SplitReport, assign_sides, check_split, drop_repeats, merge_near_duplicates, parse_fractions

GROUPS = st.lists(st.text("abc가나1", max_size=3), max_size=40)
LONG = "거실에서 연기가 나고 불이 났어요 빨리 와 주세요"


def test_parse_fractions() -> None:
    assert parse_fractions("70/15/15") == (0.7, 0.15, 0.15)
    assert parse_fractions("80/0/20") == (0.8, 0.0, 0.2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("70/30", "'70/30' is not three percentages such as 70/15/15"),
        ("a/b/c", "'a/b/c' is not three percentages"),
        ("70/20/20", "split 70/20/20 must be .* sum to 100"),
        ("110/-5/-5", "at least 0"),
        ("nan/50/50", "sum to 100"),
        ("0/50/50", "train above 0"),
    ],
)
def test_bad_fractions_say_what_is_wanted(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_fractions(text)


def test_sides_never_change() -> None:
    """These sides must never change: another result would move items between the sides of existing snapshots."""
    assert assign_sides(["call-1", "call-2", "call-3", "call-4", "call-5", "call-6"], seed=0) == [
        "train",
        "train",
        "train",
        "train",
        "validation",
        "train",
    ]
    assert assign_sides(["call-1", "call-2", "call-3", "call-4", "call-5", "call-6"], seed=1) == [
        "validation",
        "validation",
        "train",
        "test",
        "train",
        "train",
    ]


def test_assign_meets_the_fractions() -> None:
    sides = assign_sides([f"g{i}" for i in range(20_000)], (0.7, 0.15, 0.15))
    assert [sides.count(s) / 20_000 for s in ("train", "validation", "test")] == pytest.approx(
        [0.7, 0.15, 0.15], abs=0.01
    )
    assert set(assign_sides([f"g{i}" for i in range(500)], (0.9, 0.1, 0.0))) == {"train", "validation"}
    assert set(assign_sides([f"g{i}" for i in range(500)], (0.9, 0.0, 0.1))) == {"train", "test"}
    assert set(assign_sides([f"g{i}" for i in range(50)], (1.0, 0.0, 0.0))) == {"train"}


@settings(deadline=None)
@given(GROUPS, st.integers(0, 9))
def test_no_group_is_cut(groups: list[str], seed: int) -> None:
    sides = assign_sides(groups, seed=seed)
    assert check_split(groups, [str(i) for i in range(len(groups))], sides).groups_cut == ()


@settings(deadline=None)
@given(GROUPS, GROUPS)
def test_new_data_moves_no_item(groups: list[str], more: list[str]) -> None:
    assert assign_sides(groups + more)[: len(groups)] == assign_sides(groups)


@settings(deadline=None)
@given(GROUPS, st.randoms())
def test_sides_do_not_depend_on_the_order(groups: list[str], rng: random.Random) -> None:
    order = list(range(len(groups)))
    rng.shuffle(order)
    sides = assign_sides(groups)
    assert assign_sides([groups[i] for i in order]) == [sides[i] for i in order]


def test_equal_and_near_equal_texts_merge_their_groups() -> None:
    groups = ["c", "b", "a", "d", "e"]
    texts = [LONG, LONG.replace(" ", "") + "!!", LONG + " 네", "전혀 다른 이야기입니다 산에서 길을 잃었어요", "네"]
    assert merge_near_duplicates(groups, texts) == ["a", "a", "a", "d", "e"]


def test_a_merge_carries_the_whole_group_and_chains() -> None:
    groups = ["x", "x", "y", "y", "z"]
    texts = [
        LONG,
        "산에서 길을 잃었어요 도와주세요",
        "산에서 길을 잃었어요 도와주세요!",
        "강물이 넘치고 있습니다",
        "강물이 넘치고 있습니다.",
    ]
    assert merge_near_duplicates(groups, texts) == ["x", "x", "x", "x", "x"]


def test_short_texts_never_merge() -> None:
    assert merge_near_duplicates(["a", "b"], ["네", "네"]) == ["a", "b"]
    assert merge_near_duplicates(["a", "b"], ["살려 주세요!", "살려주세요"]) == ["a", "b"]
    assert merge_near_duplicates(["a", "b"], ["살려 주세요!", "살려주세요"], min_letters=5) == ["a", "a"]
    assert merge_near_duplicates(["a", "b"], ["", ""], min_letters=1) == ["a", "b"]


def test_many_shared_texts_between_two_groups_still_merge() -> None:
    texts = [f"{i:04d} {LONG}" for i in range(256)]
    assert set(merge_near_duplicates(["a"] * 256 + ["b"] * 256, texts + texts, threshold=1)) == {"a"}


def test_the_threshold_is_exact() -> None:
    """abcdefghijkl has 10 3-grams, and with one more letter 11: the similarity is 10/11 = .909."""
    near = ["abcdefghijkl", "abcdefghijklm"]
    assert merge_near_duplicates(["a", "b"], near, threshold=0.9) == ["a", "a"]
    assert merge_near_duplicates(["a", "b"], near, threshold=0.92) == ["a", "b"]
    with pytest.raises(InputError, match=r"threshold 0 is not in \(0, 1\]"):
        merge_near_duplicates([], [], threshold=0)


def test_nearly_all_pairs_are_found() -> None:
    """The result is compared with the exact one over all pairs, on texts with similarities around the threshold."""
    rng = random.Random(0)
    texts: list[str] = []
    for i in range(60):
        base = "".join(chr(0xAC00 + rng.randrange(2000)) for _ in range(30))
        texts += [base, base[: rng.randint(22, 29)] + str(i)]
    grams = [{t[i : i + 3] for i in range(len(t) - 2)} for t in texts]
    near = [len(a & b) / len(a | b) >= 0.8 for a, b in zip(grams[::2], grams[1::2], strict=True)]
    merged = merge_near_duplicates([f"{i:03d}" for i in range(120)], texts)
    assert [a == b for a, b in zip(merged[::2], merged[1::2], strict=True)] == near
    assert 10 < sum(near) < 50


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.text("abc", min_size=1, max_size=2), st.text("가나다", max_size=12))), st.randoms())
def test_merging_does_not_depend_on_the_order(items: list[tuple[str, str]], rng: random.Random) -> None:
    merged = merge_near_duplicates([g for g, _ in items], [t for _, t in items])
    order = list(range(len(items)))
    rng.shuffle(order)
    again = merge_near_duplicates([items[i][0] for i in order], [items[i][1] for i in order])
    assert again == [merged[i] for i in order]
    assert all(new <= old for (old, _), new in zip(items, merged, strict=True))
    renamed: dict[str, set[str]] = {}
    for (old, _), new in zip(items, merged, strict=True):
        renamed.setdefault(old, set()).add(new)
    assert all(len(new) == 1 for new in renamed.values())


def test_check_names_cut_groups_and_repeated_texts() -> None:
    groups = ["a", "a", "b", "c", "d", "e"]
    texts = ["불이야", "살려 주세요", "살려주세요!", "다른 말", "🔥", "🚑"]
    sides: list[Side] = ["train", "test", "train", "validation", "train", "test"]
    report = check_split(groups, texts, sides)
    assert report == SplitReport(groups_cut=("a",), repeated_texts=(2,))
    assert not report.ok
    indices = drop_repeats(texts, sides)
    assert indices == [0, 1, 3, 4, 5]
    assert check_split([str(i) for i in indices], [texts[i] for i in indices], [sides[i] for i in indices]).ok


def test_repeats_within_a_side_are_no_leak() -> None:
    assert check_split(["a", "b", "c", "d"], ["네", "네", "예", "예"], ["train", "train", "test", "validation"]).ok


@settings(deadline=None)
@given(st.lists(st.tuples(st.text("ab", max_size=2), st.text("가 !", max_size=3))))
def test_dropping_repeats_leaves_none(items: list[tuple[str, str]]) -> None:
    groups, texts = [g for g, _ in items], [t for _, t in items]
    sides = assign_sides(groups, (0.5, 0.25, 0.25))
    indices = drop_repeats(texts, sides)
    report = check_split([groups[i] for i in indices], [texts[i] for i in indices], [sides[i] for i in indices])
    assert report.ok
    assert [i for i, s in enumerate(sides) if s != "train"] == [i for i in indices if sides[i] != "train"]
