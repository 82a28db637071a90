"""Types of number: which is tried, and what counts as a tie."""

import numpy as np
import pytest

from core.errors import InputError, UnknownName
from core.inference.bulk import precision
from core.inference.bulk.judge import JudgeMaker
from core.schemes.target import Target

DANGER, MOOD = Target("danger", ("normal", "danger")), Target("mood", ("calm", "afraid"), "multi")


@pytest.fixture(autouse=True)
def fresh() -> None:
    precision.fastest.cache_clear()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"float32": 3.0, "bf16": 1.0, "int8": 0.5}, "bf16"),  # with AMX: the more exact of two fast ones
        ({"float32": 3.0, "bf16": 6.0, "int8": 1.0}, "int8"),
        ({"float32": 3.0, "bf16": 2.5, "int8": 2.5}, "float32"),  # not clearly faster
        ({"float32": 3.0, "bf16": float("inf"), "int8": float("inf")}, "float32"),
    ],
)
def test_the_fastest_type_is_the_measured_one(
    monkeypatch: pytest.MonkeyPatch, seconds: dict[str, float], expected: str
) -> None:
    monkeypatch.setattr(precision, "seconds", lambda number, width: seconds[number])
    assert precision.fastest(768) == expected
    assert precision.fastest(128) == "float32"  # too narrow to gain


def test_a_type_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownName, match=r"precision 'fp8'.*auto, float32, bf16, int8"):
        JudgeMaker("run", precision="fp8")


def test_a_type_that_torch_cannot_compute_in_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*given: object) -> None:
        raise RuntimeError("no such operation")

    monkeypatch.setattr(precision, "made", lacking)
    with pytest.raises(
        InputError, match="torch cannot multiply in int8 on this machine: choose the precision auto or fl"
    ):
        JudgeMaker("run", precision="int8")
    assert JudgeMaker("run", precision="float32").precision == "float32"


def test_the_check_counts_answers_that_change_and_are_no_tie() -> None:
    exact = {"danger": np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])}
    quick = {"danger": np.array([[0.0, 1.0], [0.2, 0.1], [0.9, 0.1]])}
    assert precision.unequal((DANGER,), exact, quick, {"danger": 0.5}) == 1
    assert precision.unequal((DANGER,), exact, quick, {"danger": 0.9}) == 0


def test_a_trial_says_how_far_a_type_lies_from_float32() -> None:
    exact = {"danger": np.array([[0.0, 1.0], [0.2, 0.1], [3.0, 0.0]]), "mood": np.array([[2.0, -2.0]] * 3)}
    quick = {"danger": exact["danger"] + [[0.1, -0.1], [-0.1, 0.1], [0.0, 0.0]], "mood": exact["mood"] + 0.25}
    trial = precision.trial((DANGER, MOOD), exact, quick)
    assert trial.n == 3
    assert trial.agreement == pytest.approx(2 / 3)
    assert trial.tolerance == {"danger": pytest.approx(2.5 * (0.08 / 3) ** 0.5), "mood": pytest.approx(0.625)}
    assert trial.ties == pytest.approx(1 / 3)
    assert precision.ties((DANGER, MOOD), quick, trial.tolerance).tolist() == [False, True, False]


def test_a_class_near_one_half_is_a_tie_of_a_multi_label_target() -> None:
    logits = {"mood": np.array([[4.0, 0.1], [4.0, -3.0]])}
    assert precision.ties((MOOD,), logits, {"mood": 0.2}).tolist() == [True, False]
