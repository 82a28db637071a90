"""core.agreement: known results, comparison with libraries, undefined figures, and hostile input."""

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

from core.agreement import Agreement, Answer, build_ratings, compare_answers, measure, share
from core.agreement import coefficients as formulas
from core.agreement.coefficients import NO_SHARED, ONE_CLASS, fleiss, kappa_by_pair, krippendorff, unanimous
from core.agreement.consensus import coincidences, compare_raters
from core.agreement.figures import Resampling
from core.agreement.measure import SEVERAL
from core.agreement.ratings import Ratings
from core.agreement.trends import drift, speed
from core.errors import InputError, NotEnoughData, UnknownName

CODES = ("a", "b", "c")
NONE = Resampling(resamples=0)
SOME = Resampling(resamples=200)


def table(*rows: str, codes: Sequence[str] = CODES) -> list[Answer]:
    """Return answers: each row is an item, each character a rater (r0, r1 ...), "-" is no answer; each took 1 s."""
    return [
        Answer(item, f"r{n}", code, f"2024-01-01T{item:02d}:{n:02d}:00.000000+00:00", 1000 * (n + 1))
        for item, row in enumerate(rows)
        for n, code in enumerate(row)
        if code != "-"
    ]


def anonymous_votes(*counts: Sequence[int]) -> list[Answer]:
    return [
        Answer(n, "", code)
        for n, row in enumerate(counts)
        for code, k in zip(CODES, row, strict=True)
        for _ in range(k)
    ]


def random_ratings(n: int, raters: int, classes: int, seed: int, missing: float = 0.0) -> Ratings:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)[:, None]
    class_ids = np.where(rng.random((n, raters)) < 0.6, truth, rng.integers(0, classes, (n, raters)))
    class_ids[rng.random((n, raters)) < missing] = -1
    codes = tuple(f"c{k}" for k in range(classes))
    names = tuple(f"r{k}" for k in range(raters))
    return Ratings(codes, tuple(range(n)), names, class_ids, np.zeros((n, classes), np.int64))


# --- known answers ---------------------------------------------------------------------------------------------------


def test_the_known_answers_of_klue_nli(shared: Path) -> None:
    items = json.loads((shared / "klue_nli" / "klue-nli-v1.1_dev.json").read_text(encoding="utf-8"))
    columns = ("author", "label2", "label3", "label4", "label5")
    answers = [Answer(n, c, entry[c]) for n, entry in enumerate(items) for c in columns]
    result = measure(answers, ("entailment", "neutral", "contradiction"))
    assert (result.n_items, result.n_ratings, result.raters) == (3000, 15_000, columns)
    assert (result.unanimous.value, result.fleiss.value, result.nominal.value) == (
        pytest.approx(0.7633, abs=5e-5), pytest.approx(0.8381, abs=5e-5), pytest.approx(0.8382, abs=5e-5),
    )  # fmt: skip
    for figure in (result.unanimous, result.fleiss, result.nominal):
        assert figure.low is not None
        assert figure.high is not None
        assert figure.value is not None
        assert figure.value - 0.02 < figure.low < figure.value < figure.high < figure.value + 0.02
    assert (result.ordinal, result.anonymous, len(result.cohen)) == (None, False, 10)
    assert (result.drift, result.speed) == ((), ())  # votes of a file carry no time


def test_the_votes_of_crema_d(shared: Path) -> None:
    with (shared / "cremad_votes" / "tabulatedVotes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    answers = [Answer(int(row[""]), "", code) for row in rows for code in "ADFHNS" for _ in range(int(row[code]))]
    result = measure(answers, tuple("ADFHNS"), draws=SOME)
    assert (result.n_items, result.n_ratings, result.raters, result.anonymous) == (22_326, 212_000, (), True)
    assert (result.cohen, result.against) == ((), ())
    assert result.fleiss.n == 11_296  # those with ten votes, the commonest number
    counts = np.array([[int(row[code]) for code in "ADFHNS"] for row in rows])
    from statsmodels.stats.inter_rater import fleiss_kappa  # a second to import: only here

    assert result.nominal.value == pytest.approx(alpha(value_counts=counts, level_of_measurement="nominal"))
    assert result.fleiss.value == pytest.approx(fleiss_kappa(counts[counts.sum(axis=1) == 10]))


def test_the_textbook_example_with_missing_answers() -> None:
    """Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": four observers, twelve units."""
    observers = ["123321412---", "1233224125-3", "-3332342251-", "12332441251-"]
    rated = build_ratings(table(*("".join(unit) for unit in zip(*observers, strict=True))), "12345")
    for ordinal, expected in ((False, 0.743), (True, 0.815)):
        result = krippendorff(rated, NONE, ordinal=ordinal)
        assert result.value == pytest.approx(expected, abs=5e-4)
        assert (result.n, result.n_ratings, result.n_raters) == (11, 40, 4)


# --- the formulas of the intervals are those of the libraries ---------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 5), st.sampled_from([0.0, 0.4]))
def test_the_sums_give_the_values_of_the_libraries(seed: int, raters: int, classes: int, missing: float) -> None:
    from statsmodels.stats.inter_rater import fleiss_kappa

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
def test_the_sums_of_a_pair_give_the_value_of_scikit_learn(ordinal: bool) -> None:
    from sklearn.metrics import cohen_kappa_score

    rated = random_ratings(200, 2, 4, 3)
    (pair,) = kappa_by_pair(rated, SOME, ordinal=ordinal)
    left, right = rated.table.T
    expected = cohen_kappa_score(left, right, weights="quadratic" if ordinal else None)
    assert pair.kappa.value == pytest.approx(expected)
    distance = formulas._distances(np.arange(4), ordinal)
    sums = np.concatenate([[distance[left, right].sum()], np.bincount(left), np.bincount(right)])[None].astype(float)
    assert formulas._cohen(sums, distance)[0] == pytest.approx(expected)
    assert pair.agreed == (left == right).mean()
    assert (pair.kappa.n, pair.kappa.n_ratings, pair.kappa.n_raters) == (200, 400, 2)


def test_an_interval_covers_the_truth_about_95_times_in_100() -> None:
    truth = krippendorff(random_ratings(200_000, 3, 3, 0), NONE).value
    assert truth is not None
    covered = 0
    for seed in range(60):
        figure = krippendorff(random_ratings(150, 3, 3, seed + 1), SOME)
        assert figure.low is not None
        assert figure.high is not None
        covered += figure.low <= truth <= figure.high
    assert covered >= 51


def test_intervals_are_the_same_each_time_and_can_be_left_out() -> None:
    rated = random_ratings(60, 3, 3, 5)
    assert fleiss(rated, SOME) == fleiss(rated, SOME)
    assert fleiss(rated, Resampling(200, seed=1)).low != fleiss(rated, SOME).low
    assert (fleiss(rated, NONE).low, unanimous(rated, NONE).high, kappa_by_pair(rated, NONE)[0].kappa.low) == (
        None,
    ) * 3


def test_an_ordinal_coefficient_weighs_neighbours_less() -> None:
    near, far = build_ratings(table("ab", "bb", "cc", "aa"), CODES), build_ratings(table("ac", "bb", "cc", "aa"), CODES)
    for rated in (near, far):
        assert krippendorff(rated, NONE).value is not None
    gained = [krippendorff(rated, NONE, ordinal=True).value for rated in (near, far)]
    assert gained[0] is not None
    assert gained[1] is not None
    assert gained[0] > gained[1]
    assert (
        kappa_by_pair(near, NONE, ordinal=True)[0].kappa.value > kappa_by_pair(far, NONE, ordinal=True)[0].kappa.value
    )  # type: ignore[operator]


# --- what counts -----------------------------------------------------------------------------------------------------


def test_items_with_one_answer_are_counted_separately() -> None:
    result = measure(table("aa", "ab", "b-", "-c"), CODES, draws=NONE)
    assert (result.n_items, result.n_ratings, result.single) == (2, 4, 2)
    assert result.unanimous.value == 0.5


def test_fleiss_uses_the_items_with_the_most_common_number_of_answers() -> None:
    rated = build_ratings(table("aab", "abb", "bbb", "aa-", "a--"), CODES)
    assert (fleiss(rated, NONE).n, fleiss(rated, NONE).n_ratings) == (3, 9)
    tied = build_ratings(table("aab", "aa-"), CODES)
    assert fleiss(tied, NONE).n_ratings == 3  # of equals, the larger


def test_the_later_of_two_answers_of_a_rater_counts() -> None:
    twice = [Answer(0, "r0", "a", "2024-01-02"), Answer(0, "r0", "b", "2024-01-01"), Answer(0, "r1", "a", "2024-01-01")]
    assert build_ratings(twice, CODES).table.tolist() == [[0, 0]]


def test_named_and_anonymous_answers_count_together() -> None:
    rated = build_ratings(table("ab") + anonymous_votes((2, 0, 1)), CODES)
    assert rated.counts.tolist() == [[3, 1, 1]]
    assert (rated.n_raters, rated.raters) == (5, ("r0", "r1"))
    assert coincidences(rated) == ((3, 3, 3), (3, 0, 1), (3, 1, 0))
    assert sum(sum(row[n:]) for n, row in enumerate(coincidences(rated))) == 5 * 4 // 2


def test_a_class_is_compared_with_all_others() -> None:
    result = measure(table("aa", "ab", "bb", "cc", "ac"), CODES, draws=NONE)
    assert [(entry.code, entry.n_ratings) for entry in result.classes] == [("a", 4), ("b", 3), ("c", 3)]
    assert result.classes[2].krippendorff.value == pytest.approx(
        alpha(value_counts=np.array([[2, 0], [2, 0], [2, 0], [0, 2], [1, 1]]), level_of_measurement="nominal")
    )
    assert result.classes[0].krippendorff.n == 5


def test_a_multi_scheme_is_measured_class_by_class() -> None:
    answers = [
        Answer(0, "x", "a|b"), Answer(0, "y", "a"), Answer(1, "x", "b"), Answer(1, "y", "b"),
        Answer(2, "x", "c"), Answer(2, "y", "a|c"),
    ]  # fmt: skip
    result = measure(answers, CODES, join="|", draws=NONE)
    for figure in (result.fleiss, result.nominal):
        assert (figure.value, figure.reason, figure.n) == (None, SEVERAL, 3)
    assert result.unanimous.value == pytest.approx(1 / 3)  # the same classes, all of them
    assert (result.cohen, result.pairs, result.against) == ((), (), ())
    by_code = {entry.code: entry for entry in result.classes}
    assert by_code["c"].krippendorff.value == 1.0
    assert [by_code[code].n_ratings for code in CODES] == [3, 3, 2]


# --- against the consensus -------------------------------------------------------------------------------------------


def test_a_rater_is_compared_with_the_others_only() -> None:
    rated = build_ratings(table("aab", "abc", "bbb"), CODES)
    result = {entry.rater: entry for entry in compare_raters(rated)}
    assert (result["r2"].agreed.k, result["r2"].agreed.n) == (1, 2)  # where r0 and r1 differ, nothing stands
    assert result["r2"].matrix == ((0, 1, 0), (0, 1, 0), (0, 0, 0))
    assert (result["r0"].agreed.k, result["r0"].agreed.n) == (1, 1)


def test_a_settled_class_is_the_consensus_for_everybody() -> None:
    rated = build_ratings(table("ab", "aa"), CODES)
    result = {entry.rater: entry.agreed for entry in compare_raters(rated, {0: "b", 1: "c"})}
    assert [(result[name].k, result[name].n) for name in ("r0", "r1")] == [(0, 2), (1, 2)]


def test_drift_has_windows_of_answers_days_or_weeks() -> None:
    answers = [
        Answer(n, name, "a" if name == "x" or n < 4 else "b", f"2024-01-{n + 1:02d}T00:00:00.000000+00:00", 1000 + n)
        for n in range(10)
        for name in ("x", "y", "z")
    ]
    rated = build_ratings(answers, CODES)
    compared = compare_answers(rated, answers, dict.fromkeys(range(10), "a"))
    (x, y, _) = drift(compared, 4)
    assert [(entry.agreed.k, entry.agreed.n) for entry in y.windows] == [(4, 4), (0, 4), (0, 2)]
    assert (x.change, y.change) == (0.0, -1.0)
    assert (y.windows[0].first_at[:10], y.windows[0].last_at[:10]) == ("2024-01-01", "2024-01-04")
    assert [len(entry.windows) for entry in drift(compared, "day")] == [10, 10, 10]
    assert [entry.agreed.n for entry in drift(compared, "week")[0].windows] == [7, 3]  # 1 January 2024 is a Monday
    assert drift(compared, 100)[0].change is None
    with pytest.raises(InputError, match="a window of 0 answers holds nothing"):
        drift(compared, 0)


def test_speed_has_bins_of_equal_size() -> None:
    answers = [Answer(n, name, "ab"[name == "y" and n < 5], "", 100 * n) for n in range(20) for name in ("x", "y")]
    compared = compare_answers(build_ratings(answers, CODES), answers, dict.fromkeys(range(20), "a"))
    result = speed(compared, 4)
    assert [entry.agreed.n for entry in result] == [10, 10, 10, 10]
    assert [entry.agreed.value for entry in result] == [0.5, 1.0, 1.0, 1.0]
    assert (result[0].from_ms, result[-1].to_ms) == (0, 1900)
    assert sum(entry.agreed.n for entry in speed(compare_answers(build_ratings(answers, CODES), answers), 7)) == 40


def test_answers_of_one_speed_are_one_bin() -> None:
    answers = [Answer(n, name, "a", "", 500) for n in range(3) for name in ("x", "y")]
    (only,) = speed(compare_answers(build_ratings(answers, CODES), answers))
    assert (only.from_ms, only.to_ms, only.agreed.n) == (500, 500, 6)
    assert speed([]) == ()


# --- what is not defined ---------------------------------------------------------------------------------------------


def test_one_class_has_no_coefficient_and_says_why() -> None:
    result = measure(table("aa", "aa"), CODES, ordinal=True)
    for figure in (
        result.fleiss,
        result.nominal,
        result.ordinal,
        result.cohen[0].kappa,
        *[c.fleiss for c in result.classes],
    ):
        assert figure is not None
        assert (figure.value, figure.low, figure.high, figure.n, figure.reason) == (None, None, None, 2, ONE_CLASS)
    assert (result.unanimous.value, result.cohen[0].agreed) == (1.0, 1.0)


def test_answers_of_one_person_are_not_enough() -> None:
    with pytest.raises(NotEnoughData, match="no item has answers of two people: let a second person answer"):
        measure(table("a", "b"), CODES)
    with pytest.raises(NotEnoughData):
        measure([], CODES)
    assert krippendorff(build_ratings([], CODES), SOME).reason == NO_SHARED


def test_people_who_share_no_item_are_no_pair() -> None:
    result = measure(table("aa-", "-bb", "-cb"), CODES, draws=NONE)
    assert [(entry.a, entry.b) for entry in result.cohen] == [("r0", "r1"), ("r1", "r2")]


def test_an_unknown_class_is_refused() -> None:
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
def test_no_answers_give_a_nan_or_a_warning(rows: list[str], ordinal: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = measure(table(*rows), CODES, ordinal=ordinal, draws=Resampling(20))
        except NotEnoughData:
            return
    assert all(np.isfinite(value) for value in numbers(result))


def numbers(result: Agreement) -> list[float]:
    figures = [result.unanimous, result.fleiss, result.nominal, *([result.ordinal] if result.ordinal else [])]
    figures += [entry.kappa for entry in result.cohen] + [entry.krippendorff for entry in result.classes]
    figures += [entry.fleiss for entry in result.classes]
    return [value for figure in figures for value in (figure.value, figure.low, figure.high) if value is not None]


def test_a_share_is_between_zero_and_one() -> None:
    assert share(0, 5).low == 0.0
    assert share(5, 5).high == pytest.approx(1.0)
    assert (share(5, 5).high or 2) <= 1.0
