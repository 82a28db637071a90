"""core.scores.baselines and core.training.baselines: what the trivial models read, and what they score."""

import numpy as np
import pytest

from core.errors import NotEnoughData
from core.schemes.target import Target
from core.scores.baselines import majority_probs, majority_sets, shortcut_multi_probs, shortcut_probs, text_features
from core.snapshots.format import Item
from core.training.baselines import baseline_scores

CODES = ("normal", "danger")
TARGET = Target("danger", CODES)


def item(number: int, text: str, label: int, **more: object) -> Item:
    fields = {"group": f"g{number}", "text": text, "code": CODES[label], "label": label} | more
    return Item(id=number, key=f"k{number}", **fields)  # type: ignore[arg-type]


def shouted(n: int, start: int = 0) -> list[Item]:
    """Texts of equal words; only the mark at the end tells the class, two of three are normal."""
    return [item(start + i, f"할머니 위험해요{'!' if i % 3 == 0 else '.'}", int(i % 3 == 0)) for i in range(n)]


def test_the_shortcut_sees_punctuation_and_no_word() -> None:
    same = text_features(["불이 나요!", "물이 좋아!"])
    assert np.array_equal(same[0], same[1])
    assert not np.array_equal(*text_features(["불이 나요!", "불이 나요."]))


def test_a_leak_by_punctuation_is_unmasked() -> None:
    scores = baseline_scores(shouted(60), shouted(30, 100), TARGET, "text")
    assert scores["majority"]["accuracy"]["value"] == pytest.approx(2 / 3)
    assert scores["majority"]["macro_f1"]["value"] == pytest.approx(0.4)  # F1 of normal is .8, of danger 0
    assert scores["shortcut"]["accuracy"]["value"] == 1.0
    assert scores["shortcut"]["reads"] == "length and punctuation"
    assert scores["shortcut"]["per_class"][1]["recall"]["value"] == 1.0
    assert scores["shortcut"]["by_recording"] is None
    assert (scores["majority"]["n"], scores["majority"]["n_groups"]) == (30, 30)


def test_a_voice_is_read_by_its_duration_only() -> None:
    def clips(n: int, start: int) -> list[Item]:
        return [
            item(start + i, "", i % 2, audio="a.wav", start_ms=500, end_ms=1000 + 900 * (i % 2) + i,
                 recording=f"call{i // 2}", group=f"call{i // 2}")
            for i in range(n)
        ]  # fmt: skip

    scores = baseline_scores(clips(40, 0), clips(20, 100), TARGET, "voice", by_recording=True)
    assert (scores["shortcut"]["accuracy"]["value"], scores["shortcut"]["reads"]) == (1.0, "duration")
    assert scores["majority"]["by_recording"]["n"] == 10


def test_one_class_or_no_item_to_fit_on() -> None:
    features = np.zeros((2, 9))
    assert shortcut_probs(features, [1, 1], features, 3).tolist() == [[0, 1, 0], [0, 1, 0]]
    with pytest.raises(NotEnoughData, match="needs training items"):
        majority_probs([], 2, 2)


def test_the_most_frequent_set_and_one_shortcut_a_class() -> None:
    answers = np.array([[1, 0, 0], [1, 1, 0], [1, 1, 0], [0, 0, 0]])
    assert majority_sets(answers, 2).tolist() == [[1, 1, 0], [1, 1, 0]]
    texts = ["불이야", "불이야!!", "사람 살려!!", "괜찮습니다 네 알겠습니다"]
    features = text_features(texts * 10)
    probs = shortcut_multi_probs(features, np.tile(answers, (10, 1)), features[:4])
    assert probs.shape == (4, 3)
    assert probs[:, 2].tolist() == [0, 0, 0, 0], "no training item has it"
    assert probs[1, 1] > 0.5 > probs[0, 1], "the mark tells the second class"
    for nothing in (majority_sets, lambda a, n: shortcut_multi_probs(np.zeros((0, 9)), a, np.zeros((n, 9)))):
        with pytest.raises(NotEnoughData, match="needs training items"):
            nothing(np.zeros((0, 3)), 2)
