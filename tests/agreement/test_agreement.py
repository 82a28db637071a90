"""core.agreement: known answers, what the libraries say, what is undefined, and what hostile input does."""

import csv
import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from krippendorff import alpha
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

from core.agreement import Agreement, Answer, judged, measure, ratings, share
from core.agreement import coefficients as formulas
from core.agreement.coefficients import NO_SHARED, ONE_CLASS, by_pair, fleiss, krippendorff, unanimous
from core.agreement.consensus import against, coincidences
from core.agreement.figures import Draws
from core.agreement.measure import SEVERAL
from core.agreement.ratings import Ratings
from core.agreement.trends import drift, speed
from core.errors import InputError, NotEnoughData, UnknownName

CODES = ("a", "b", "c")
NONE = Draws(resamples=0)
SOME = Draws(resamples=200)


def table(*rows: str, codes: Sequence[str] = CODES) -> list[Answer]:
    """A row an item, a character a rater (r0, r1 ...), "-" for no answer; answered in reading order, 1 s each."""
    return [
        Answer(item, f"r{n}", code, f"2024-01-01T{item:02d}:{n:02d}:00.000000+00:00", 1000 * (n + 1))
        for item, row in enumerate(rows)
        for n, code in enumerate(row)
        if code != "-"
    ]


def nameless(*counts: Sequence[int]) -> list[Answer]:
    return [
        Answer(n, "", code)
        for n, row in enumerate(counts)
        for code, k in zip(CODES, row, strict=True)
        for _ in range(k)
    ]


def random_ratings(n: int, raters: int, classes: int, seed: int, missing: float = 0.0) -> Ratings:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)[:, None]
    said = np.where(rng.random((n, raters)) < 0.6, truth, rng.integers(0, classes, (n, raters)))
    said[rng.random((n, raters)) < missing] = -1
    codes = tuple(f"c{k}" for k in range(classes))
    names = tuple(f"r{k}" for k in range(raters))
    return Ratings(codes, tuple(range(n)), names, said, np.zeros((n, classes), np.int64))


# --- known answers ---------------------------------------------------------------------------------------------------


def test_the_known_answers_of_klue_nli(shared: Path) -> None:
    items = json.loads((shared / "klue_nli" / "klue-nli-v1.1_dev.json").read_text(encoding="utf-8"))
    columns = ("author", "label2", "label3", "label4", "label5")
    answers = [Answer(n, c, one[c]) for n, one in enumerate(items) for c in columns]
    found = measure(answers, ("entailment", "neutral", "contradiction"))
    assert (found.n_items, found.n_ratings, found.raters) == (3000, 15_000, columns)
    assert (found.unanimous.value, found.fleiss.value, found.nominal.value) == (
        pytest.approx(0.7633, abs=5e-5), pytest.approx(0.8381, abs=5e-5), pytest.approx(0.8382, abs=5e-5),
    )  # fmt: skip
    for one in (found.unanimous, found.fleiss, found.nominal):
        assert one.low is not None
        assert one.high is not None
        assert one.value is not None
        assert one.value - 0.02 < one.low < one.value < one.high < one.value + 0.02
    assert (found.ordinal, found.anonymous, len(found.cohen)) == (None, False, 10)
    assert (found.drift, found.speed) == ((), ())  # votes of a file carry no time


def test_the_votes_of_crema_d(shared: Path) -> None:
    with (shared / "cremad_votes" / "tabulatedVotes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    answers = [Answer(int(row[""]), "", code) for row in rows for code in "ADFHNS" for _ in range(int(row[code]))]
    found = measure(answers, tuple("ADFHNS"), draws=SOME)
    assert (found.n_items, found.n_ratings, found.raters, found.anonymous) == (22_326, 212_000, (), True)
    assert (found.cohen, found.against) == ((), ())
    assert found.fleiss.n == 11_296  # those with ten votes, the commonest number
    counts = np.array([[int(row[code]) for code in "ADFHNS"] for row in rows])
    assert found.nominal.value == pytest.approx(alpha(value_counts=counts, level_of_measurement="nominal"))
    assert found.fleiss.value == pytest.approx(fleiss_kappa(counts[counts.sum(axis=1) == 10]))


def test_the_textbook_example_with_missing_answers() -> None:
    """Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": four observers, twelve units."""
    observers = ["123321412---", "1233224125-3", "-3332342251-", "12332441251-"]
    rated = ratings(table(*("".join(unit) for unit in zip(*observers, strict=True))), "12345")
    for ordinal, expected in ((False, 0.743), (True, 0.815)):
        found = krippendorff(rated, NONE, ordinal=ordinal)
        assert found.value == pytest.approx(expected, abs=5e-4)
        assert (found.n, found.n_ratings, found.n_raters) == (11, 40, 4)


# --- the formulas of the intervals are those of the libraries ---------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 5), st.sampled_from([0.0, 0.4]))
def test_the_sums_say_what_the_libraries_say(seed: int, raters: int, classes: int, missing: float) -> None:
    rated = random_ratings(40, raters, classes, seed, missing)
    counts = rated.shared.counts[:, rated.shared.counts.sum(axis=0) > 0]
    for features, of_sums, level in (
        (formulas._nominal_features(counts), formulas._nominal, "nominal"),
        (formulas._ordinal_features(counts), formulas._ordinal, "ordinal"),
    ):
        expected = alpha(value_counts=counts, level_of_measurement=level)
        assert of_sums(features.sum(axis=0, keepdims=True))[0] == pytest.approx(expected)
    if not missing:
        features = np.column_stack([(counts * (counts - 1)).sum(axis=1), counts]).astype(float)
        expected = fleiss_kappa(counts)
        assert formulas._fleiss(features.sum(axis=0, keepdims=True), 40, raters)[0] == pytest.approx(expected)


@pytest.mark.parametrize("ordinal", [False, True])
def test_the_sums_of_a_pair_say_what_scikit_learn_says(ordinal: bool) -> None:
    rated = random_ratings(200, 2, 4, 3)
    (pair,) = by_pair(rated, SOME, ordinal=ordinal)
    left, right = rated.table.T
    expected = cohen_kappa_score(left, right, weights="quadratic" if ordinal else None)
    assert pair.kappa.value == pytest.approx(expected)
    distance = formulas._distances(np.arange(4), ordinal)
    sums = np.concatenate([[distance[left, right].sum()], np.bincount(left), np.bincount(right)])[None].astype(float)
    assert formulas._cohen(sums, distance)[0] == pytest.approx(expected)
    assert pair.agreed == (left == right).mean()
    assert (pair.kappa.n, pair.kappa.n_ratings, pair.kappa.n_raters) == (200, 400, 2)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth = krippendorff(random_ratings(200_000, 3, 3, 0), NONE).value
    assert truth is not None
    held = 0
    for seed in range(60):
        one = krippendorff(random_ratings(150, 3, 3, seed + 1), SOME)
        assert one.low is not None
        assert one.high is not None
        held += one.low <= truth <= one.high
    assert held >= 51


def test_intervals_are_the_same_each_time_and_can_be_left_out() -> None:
    rated = random_ratings(60, 3, 3, 5)
    assert fleiss(rated, SOME) == fleiss(rated, SOME)
    assert fleiss(rated, Draws(200, seed=1)).low != fleiss(rated, SOME).low
    assert (fleiss(rated, NONE).low, unanimous(rated, NONE).high, by_pair(rated, NONE)[0].kappa.low) == (None,) * 3


def test_an_ordinal_coefficient_forgives_neighbours() -> None:
    near, far = ratings(table("ab", "bb", "cc", "aa"), CODES), ratings(table("ac", "bb", "cc", "aa"), CODES)
    for one in (near, far):
        assert krippendorff(one, NONE).value is not None
    gained = [krippendorff(one, NONE, ordinal=True).value for one in (near, far)]
    assert gained[0] is not None
    assert gained[1] is not None
    assert gained[0] > gained[1]
    assert by_pair(near, NONE, ordinal=True)[0].kappa.value > by_pair(far, NONE, ordinal=True)[0].kappa.value  # type: ignore[operator]


# --- what counts -----------------------------------------------------------------------------------------------------


def test_items_with_one_answer_tell_nothing_and_are_counted_apart() -> None:
    found = measure(table("aa", "ab", "b-", "-c"), CODES, draws=NONE)
    assert (found.n_items, found.n_ratings, found.single) == (2, 4, 2)
    assert found.unanimous.value == 0.5


def test_fleiss_takes_the_items_with_the_commonest_number_of_answers() -> None:
    rated = ratings(table("aab", "abb", "bbb", "aa-", "a--"), CODES)
    assert (fleiss(rated, NONE).n, fleiss(rated, NONE).n_ratings) == (3, 9)
    tied = ratings(table("aab", "aa-"), CODES)
    assert fleiss(tied, NONE).n_ratings == 3  # of equals, the larger


def test_of_two_answers_of_one_person_the_later_counts() -> None:
    twice = [Answer(0, "r0", "a", "2024-01-02"), Answer(0, "r0", "b", "2024-01-01"), Answer(0, "r1", "a", "2024-01-01")]
    assert ratings(twice, CODES).table.tolist() == [[0, 0]]


def test_names_and_nameless_votes_count_together() -> None:
    rated = ratings(table("ab") + nameless((2, 0, 1)), CODES)
    assert rated.counts.tolist() == [[3, 1, 1]]
    assert (rated.n_raters, rated.raters) == (5, ("r0", "r1"))
    assert coincidences(rated) == ((3, 3, 3), (3, 0, 1), (3, 1, 0))
    assert sum(sum(row[n:]) for n, row in enumerate(coincidences(rated))) == 5 * 4 // 2


def test_a_class_is_held_against_all_others() -> None:
    found = measure(table("aa", "ab", "bb", "cc", "ac"), CODES, draws=NONE)
    assert [(one.code, one.n_ratings) for one in found.classes] == [("a", 4), ("b", 3), ("c", 3)]
    assert found.classes[2].krippendorff.value == pytest.approx(
        alpha(value_counts=np.array([[2, 0], [2, 0], [2, 0], [0, 2], [1, 1]]), level_of_measurement="nominal")
    )
    assert found.classes[0].krippendorff.n == 5


def test_a_multi_scheme_is_judged_class_by_class() -> None:
    answers = [
        Answer(0, "x", "a|b"), Answer(0, "y", "a"), Answer(1, "x", "b"), Answer(1, "y", "b"),
        Answer(2, "x", "c"), Answer(2, "y", "a|c"),
    ]  # fmt: skip
    found = measure(answers, CODES, join="|", draws=NONE)
    for one in (found.fleiss, found.nominal):
        assert (one.value, one.reason, one.n) == (None, SEVERAL, 3)
    assert found.unanimous.value == pytest.approx(1 / 3)  # the same classes, all of them
    assert (found.cohen, found.pairs, found.against) == ((), (), ())
    by_code = {one.code: one for one in found.classes}
    assert by_code["c"].krippendorff.value == 1.0
    assert [by_code[code].n_ratings for code in CODES] == [3, 3, 2]


# --- against the consensus -------------------------------------------------------------------------------------------


def test_a_person_is_held_against_the_others_and_not_against_himself() -> None:
    rated = ratings(table("aab", "abc", "bbb"), CODES)
    found = {one.rater: one for one in against(rated)}
    assert (found["r2"].agreed.k, found["r2"].agreed.n) == (1, 2)  # where r0 and r1 differ, nothing stands
    assert found["r2"].matrix == ((0, 1, 0), (0, 1, 0), (0, 0, 0))
    assert (found["r0"].agreed.k, found["r0"].agreed.n) == (1, 1)


def test_what_was_settled_stands_against_everybody() -> None:
    rated = ratings(table("ab", "aa"), CODES)
    found = {one.rater: one.agreed for one in against(rated, {0: "b", 1: "c"})}
    assert [(found[name].k, found[name].n) for name in ("r0", "r1")] == [(0, 2), (1, 2)]


def test_drift_is_told_by_windows_of_answers_days_and_weeks() -> None:
    answers = [
        Answer(n, name, "a" if name == "x" or n < 4 else "b", f"2024-01-{n + 1:02d}T00:00:00.000000+00:00", 1000 + n)
        for n in range(10)
        for name in ("x", "y", "z")
    ]
    rated = ratings(answers, CODES)
    held = judged(rated, answers, dict.fromkeys(range(10), "a"))
    (x, y, _) = drift(held, 4)
    assert [(one.agreed.k, one.agreed.n) for one in y.windows] == [(4, 4), (0, 4), (0, 2)]
    assert (x.change, y.change) == (0.0, -1.0)
    assert (y.windows[0].first_at[:10], y.windows[0].last_at[:10]) == ("2024-01-01", "2024-01-04")
    assert [len(one.windows) for one in drift(held, "day")] == [10, 10, 10]
    assert [one.agreed.n for one in drift(held, "week")[0].windows] == [7, 3]  # 1 January 2024 is a Monday
    assert drift(held, 100)[0].change is None
    with pytest.raises(InputError, match="a window of 0 answers holds nothing"):
        drift(held, 0)


def test_speed_is_told_by_bins_of_as_many_answers() -> None:
    answers = [Answer(n, name, "ab"[name == "y" and n < 5], "", 100 * n) for n in range(20) for name in ("x", "y")]
    held = judged(ratings(answers, CODES), answers, dict.fromkeys(range(20), "a"))
    found = speed(held, 4)
    assert [one.agreed.n for one in found] == [10, 10, 10, 10]
    assert [one.agreed.value for one in found] == [0.5, 1.0, 1.0, 1.0]
    assert (found[0].from_ms, found[-1].to_ms) == (0, 1900)
    assert sum(one.agreed.n for one in speed(judged(ratings(answers, CODES), answers), 7)) == 40


def test_answers_of_one_speed_are_one_bin() -> None:
    answers = [Answer(n, name, "a", "", 500) for n in range(3) for name in ("x", "y")]
    (only,) = speed(judged(ratings(answers, CODES), answers))
    assert (only.from_ms, only.to_ms, only.agreed.n) == (500, 500, 6)
    assert speed([]) == ()


# --- what is not defined ---------------------------------------------------------------------------------------------


def test_one_class_has_no_coefficient_and_says_why() -> None:
    found = measure(table("aa", "aa"), CODES, ordinal=True)
    for one in (found.fleiss, found.nominal, found.ordinal, found.cohen[0].kappa, *[c.fleiss for c in found.classes]):
        assert one is not None
        assert (one.value, one.low, one.high, one.n, one.reason) == (None, None, None, 2, ONE_CLASS)
    assert (found.unanimous.value, found.cohen[0].agreed) == (1.0, 1.0)


def test_answers_of_one_person_are_not_enough() -> None:
    with pytest.raises(NotEnoughData, match="no item has answers of two people: let a second person answer"):
        measure(table("a", "b"), CODES)
    with pytest.raises(NotEnoughData):
        measure([], CODES)
    assert krippendorff(ratings([], CODES), SOME).reason == NO_SHARED


def test_people_who_share_no_item_are_no_pair() -> None:
    found = measure(table("aa-", "-bb", "-cb"), CODES, draws=NONE)
    assert [(one.a, one.b) for one in found.cohen] == [("r0", "r1"), ("r1", "r2")]


def test_a_class_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownName, match="unknown class 'z'; known: a, b, c"):
        measure(table("za"), CODES)
    with pytest.raises(UnknownName, match="unknown class 'z'"):
        measure([Answer(0, "x", "a|z"), Answer(0, "y", "a")], CODES, join="|")
    with pytest.raises(InputError, match="a class id lies outside 0 to 0"):
        Ratings(("a",), (0,), ("x",), np.array([[1]]), np.zeros((1, 1), np.int64))
    with pytest.raises(InputError, match="2 items, 1 raters, 1 classes"):
        Ratings(("a",), (0, 1), ("x",), np.array([[0]]), np.zeros((1, 1), np.int64))
    with pytest.raises(InputError, match="a count of votes is negative"):
        Ratings(("a",), (0,), (), np.zeros((1, 0), np.int64), np.array([[-1]]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("abc-", min_size=3, max_size=3), max_size=12), st.booleans())
def test_no_answers_whatever_give_a_nan_or_a_warning(rows: list[str], ordinal: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = measure(table(*rows), CODES, ordinal=ordinal, draws=Draws(20))
        except NotEnoughData:
            return
    assert all(np.isfinite(value) for value in numbers(found))


def numbers(found: Agreement) -> list[float]:
    figures = [found.unanimous, found.fleiss, found.nominal, *([found.ordinal] if found.ordinal else [])]
    figures += [one.kappa for one in found.cohen] + [one.krippendorff for one in found.classes]
    figures += [one.fleiss for one in found.classes]
    return [value for one in figures for value in (one.value, one.low, one.high) if value is not None]


def test_a_share_stays_between_nought_and_one() -> None:
    assert share(0, 5).low == 0.0
    assert share(5, 5).high == pytest.approx(1.0)
    assert (share(5, 5).high or 2) <= 1.0
