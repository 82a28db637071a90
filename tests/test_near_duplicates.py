"""core.text.near_duplicates: no pair is missed and none is invented, compared with all pairs one by one."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.text import near_duplicates
from core.text.near_duplicates import first_near, grams, nearly_equal

WORDS = (
    "불이", "났어요", "거실에서", "연기가", "나고", "사람이", "쓰러졌어요", "빨리", "와주세요", "지하", "주차장",
    "옥상", "계단",
)  # fmt: skip


def brute(texts: list[str], threshold: float) -> list[int]:
    """The same as `first_near`, from all pairs."""
    root = list(range(len(texts)))
    for right in range(len(texts)):
        for left in range(right):
            if root[left] != root[right] and nearly_equal(texts[left], texts[right], threshold):
                old, new = max(root[left], root[right]), min(root[left], root[right])
                root = [new if place == old else place for place in root]
    return root


def variants(rng: random.Random, n: int) -> list[str]:
    """Distinct texts, many of them nearly equal."""
    texts: list[str] = []
    for _ in range(n):
        text = "".join(rng.choices(WORDS, k=rng.randint(3, 9)))
        for _ in range(rng.randint(0, 2)):
            at = rng.randrange(len(text))
            texts.append(text[:at] + rng.choice("가나다라마바사1") * rng.randint(0, 2) + text[at + rng.randint(0, 1) :])
        texts.append(text)
    return list(dict.fromkeys(texts))


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.text("가나\U0001f525b", min_size=1, max_size=14), unique=True, max_size=25),
    st.sampled_from([0.5, 0.8, 0.9]),
)
def test_any_texts_as_by_all_pairs(texts: list[str], threshold: float) -> None:
    assert first_near(texts, threshold) == brute(texts, threshold)


@pytest.mark.parametrize("seed", range(6))
def test_sentences_as_by_all_pairs(seed: int) -> None:
    texts = variants(random.Random(seed), 120)
    found = first_near(texts)
    assert found == brute(texts, 0.8)
    assert sum(place != first for place, first in enumerate(found)) > 10


def test_what_is_in_a_crowd_is_found_by_signatures() -> None:
    texts = variants(random.Random(9), 150)
    found, exact = first_near(texts, crowd=2), brute(texts, 0.8)
    assert sum(a != b for a, b in zip(found, exact, strict=True)) <= len(texts) // 50  # a pair may be missed
    assert all(exact[place] == exact[first] for place, first in enumerate(found))  # none is invented


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = variants(random.Random(3), 60)
    whole = first_near(texts)
    monkeypatch.setattr(near_duplicates, "BLOCK", 7)
    assert first_near(texts) == whole


def test_hashes_that_are_all_equal_lose_no_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = variants(random.Random(4), 40)
    monkeypatch.setattr(near_duplicates, "_LEAST_BITS", 1)
    monkeypatch.setattr(near_duplicates, "_MOST_BITS", 1)
    assert first_near(texts) == brute(texts, 0.8)


def test_edges() -> None:
    assert first_near([]) == []
    assert first_near(["가"]) == [0]
    assert first_near(["가나다라마", "가나다라마바"], 1) == [0, 1]
    assert grams("") == {""}
    assert first_near(["\ud800가나다라마바사", "\ud800가나다라마바사아"]) == [0, 0]
