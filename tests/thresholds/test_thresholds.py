"""Thresholds against a slow reference that decides row by row, on random predictions with ties."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

from core.confidence import Rule, passes
from core.errors import InputError, UnknownName
from core.thresholds import (
    GRID,
    MODES,
    SEED,
    ClassLimits,
    Evidence,
    Limits,
    Mode,
    Scores,
    Thresholds,
    counted,
    counts,
    curves,
    estimates,
    keep,
    limits,
    tally,
    weighted_wilson,
)

N, CLASSES = 600, ("joy", "fear", "anger", "calm")
COMBINATIONS = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [0, 1, 1, 1]], dtype=bool)
ROUNDING = 1e-6


def random_scores(seed: int, multi: bool = False) -> Scores:
    """Scores of N rows; confidences in hundredths tie often, and many lie exactly on a limit."""
    rng = np.random.default_rng(seed)
    members = COMBINATIONS if multi else np.eye(4, dtype=bool)
    shape = rng.beta(4, 2, N)
    confidence = np.where(rng.random(N) < 0.5, shape.round(2), shape)
    return Scores.of(
        CLASSES, rng.integers(0, len(members), N), confidence, rng.beta(2, 2, N).round(2), rng.random(N).round(2),
        np.minimum(confidence * 1.1, 1), members, rng.dirichlet(np.ones(4)),
    )  # fmt: skip


def reference(scores: Scores, given: Thresholds) -> list[bool]:
    """Which rows stay, decided one by one with Python's numbers."""
    rows = [
        (float(c), float(m), float(e), [k for k in range(4) if scores.members[a, k]])
        for c, m, e, a in zip(scores.confidence, scores.margin, scores.entropy, scores.answers, strict=True)
    ]
    if given.mode == "entropy":
        return [bool(ks) and e <= given.entropy + ROUNDING for _, _, e, ks in rows]
    if given.mode == "top-k":
        chosen: set[int] = set()
        for k in range(4):
            mine = [n for n, row in enumerate(rows) if k in row[3]]
            chosen |= set(sorted(mine, key=lambda n: (-rows[n][0], n))[: given.k])
        return [n in chosen for n in range(len(rows))]
    least, clear = class_limits(scores, rows, given)
    return [bool(ks) and all(c >= least[k] - ROUNDING and m >= clear[k] - ROUNDING for k in ks) for c, m, _, ks in rows]


def class_limits(
    scores: Scores, rows: list[tuple[float, float, float, list[int]]], given: Thresholds
) -> tuple[list[float], list[float]]:
    own = {one.code: one for one in given.per_class}
    if given.mode == "fixed":
        return [given.confidence] * 4, [given.margin] * 4
    if given.mode == "per-class":
        both = [own.get(code, ClassLimits(code, given.confidence, given.margin)) for code in CLASSES]
        return [one.confidence for one in both], [one.margin for one in both]
    if given.mode == "flexmatch":
        sure = [sum(c >= given.confidence - ROUNDING and k in ks for c, _, _, ks in rows) for k in range(4)]
        unsure = sum(not (c >= given.confidence - ROUNDING) for c, _, _, ks in rows)
        share = [n / max(*sure, unsure) for n in sure]
        return [given.confidence * b / (2 - b) for b in share], [0.0] * 4
    mean = sum(c for c, _, _, _ in rows) / len(rows)
    return [mean * p / max(scores.class_probs) for p in scores.class_probs], [0.0] * 4


def setting(mode: Mode, seed: int) -> Thresholds:
    rng = np.random.default_rng(100 + seed)
    a, b, c, d = (float(x) for x in rng.random(4).round(2))
    own = (ClassLimits("fear", a, b), ClassLimits("calm", d, 0.0))
    return Thresholds(mode, c, d, own, int(rng.integers(1, 200)), b)


@pytest.mark.parametrize("multi", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_what_stays_is_what_a_slow_reference_keeps(mode: Mode, multi: bool) -> None:
    for seed in range(5):
        scores, given = random_scores(seed, multi), setting(mode, seed)
        expected = reference(scores, given)
        kept = keep(scores, given)
        assert kept.tolist() == expected, given
        by_class = [
            sum(k for k, a in zip(expected, scores.answers, strict=True) if scores.members[a, at]) for at in range(4)
        ]
        assert counts(scores, kept).tolist() == by_class


def test_flexmatch_counts_the_unsure_of_a_multi_scheme_with_rows_of_no_class() -> None:
    scores = Scores.of(("a", "b"), [0, 1, 1], [0.9, 0.9, 0.2], [1, 1, 1], [0, 0, 0], members=[[0, 0], [1, 0]])
    assert limits(scores, Thresholds("flexmatch", 0.8)).confidence.tolist() == pytest.approx([0.8, 0.0])


def test_the_seeds_rule_is_the_fixed_mode() -> None:
    scores = random_scores(7)
    assert keep(scores, SEED).tolist() == passes(scores.confidence, scores.margin, Rule()).tolist()
    assert (SEED.mode, SEED.confidence, SEED.margin) == ("fixed", 0.75, 0.2)


def test_a_limit_is_reached_despite_rounding() -> None:
    probs = np.array([[0.6, 0.4], [0.4, 0.6]], dtype=np.float32)
    scores = Scores.of(("a", "b"), [0, 1], probs.max(axis=1), probs.max(axis=1) - probs.min(axis=1), [0.9, 0.9])
    assert keep(scores, Thresholds(confidence=0.6, margin=0.2)).tolist() == [True, True]
    assert curves(scores, 0.2).kept[60].tolist() == [1, 1]


@pytest.mark.parametrize("multi", [False, True])
def test_the_curves_are_what_each_limit_keeps(multi: bool) -> None:
    scores = random_scores(3, multi)
    drawn = curves(scores, 0.35)
    for step in (0, 1, 50, 75, 99, 100):
        kept = keep(scores, Thresholds(confidence=float(GRID[step]), margin=0.35))
        seen = tally(scores, kept)
        assert drawn.kept[step].tolist() == seen.kept.tolist() == counts(scores, kept).tolist()
        assert drawn.coverage[step] == pytest.approx(kept.mean())
        means = [scores.confidence[kept].mean(), scores.raw_confidence[kept].mean()] if kept.any() else [math.nan] * 2
        assert [drawn.expected[step], drawn.raw[step]] == pytest.approx(means, nan_ok=True, rel=1e-5)
        assert [seen.mean_confidence, seen.mean_raw] == pytest.approx(means, nan_ok=True, rel=1e-5)
    assert math.isnan(drawn.precision[0]), "without evidence there is no estimate"


def random_evidence(seed: int, n: int, weight: NDArray[np.float64], of_pool: bool = False) -> Evidence:
    rng = np.random.default_rng(seed)
    predicted, gold = (np.eye(4, dtype=bool)[rng.choice([0, 1], n)] for _ in range(2))
    confidence = rng.random(n).astype(np.float32)
    return Evidence(predicted, gold, confidence, np.ones(n, np.float32), np.zeros(n, np.float32), weight, of_pool)


def test_intervals_are_those_of_statsmodels() -> None:
    items = random_evidence(1, 300, np.ones(300))
    at = limits(random_scores(1), Thresholds(confidence=0.4, margin=0))
    found = estimates(items, at)
    inside = items.confidence >= 0.4
    for k in (0, 1):
        mine = items.predicted[inside][:, k]
        right, n = int(items.gold[inside][mine][:, k].sum()), int(mine.sum())
        assert n > 50
        low, high = proportion_confint(right, n, method="wilson")
        assert (found.precision[k], found.lows[k], found.highs[k]) == pytest.approx((right / n, low, high))
        assert found.n[k] == n
    right = int((items.predicted[inside] & items.gold[inside]).sum())
    assert (found.low, found.high) == pytest.approx(proportion_confint(right, int(inside.sum()), method="wilson"))
    assert (found.value, found.noise) == pytest.approx((right / inside.sum(), 1 - right / inside.sum()))
    assert found.number == inside.sum()
    assert found.reaches
    assert found.n[3] == 0
    assert math.isnan(found.precision[3]), "a class without an item has no estimate"


def test_items_count_by_what_they_stand_for() -> None:
    """Two strata: 90 predictions of which 1 of 3 drawn is right, and 10 of which all 5 drawn are right."""
    gold = [1, 0, 0, 1, 1, 1, 1, 1]
    one = np.eye(2, dtype=bool)
    items = Evidence(
        one[np.ones(8, int)], one[gold], np.full(8, 0.9, np.float32), np.ones(8, np.float32), np.zeros(8, np.float32),
        np.array([30.0] * 3 + [2.0] * 5), of_pool=True,
    )  # fmt: skip
    at = Limits(np.zeros(2), np.zeros(2))
    found = estimates(items, at, kept=100)
    effective = 100**2 / (3 * 900 + 5 * 4)
    assert found.value == pytest.approx((30 + 10) / 100)
    assert (found.low, found.high) == pytest.approx(proportion_confint(0.4 * effective, effective, method="wilson"))
    assert (found.represented, found.reaches) == (1.0, True)
    far = estimates(items, at, kept=1000)
    assert (far.represented, far.reaches) == (pytest.approx(0.1), False), "an audit of a tenth tells nothing"


def test_the_curve_of_precision_is_the_estimate_at_each_limit() -> None:
    scores = random_scores(2)
    items = random_evidence(2, 200, np.ones(200))
    drawn = curves(scores, 0.0, items)
    for step in (0, 30, 77, 100):
        found = estimates(items, limits(scores, Thresholds(confidence=float(GRID[step]), margin=0)))
        got = (drawn.precision[step], drawn.low[step], drawn.high[step])
        assert got == pytest.approx((found.value, found.low, found.high), nan_ok=True)
        assert drawn.n[step] == found.number


def test_an_audit_draws_no_curve_where_it_stands_for_too_little() -> None:
    scores = random_scores(4)
    sure = scores.confidence >= 0.8
    weight = np.full(100, sure.sum() / 100)
    items = random_evidence(4, 100, weight, of_pool=True)
    items.confidence[:] = 0.9
    drawn = curves(scores, 0.0, items)
    assert math.isfinite(drawn.precision[80])
    assert math.isnan(drawn.precision[0])
    assert drawn.n[0] == 100, "the items are there, but most of what is kept is below them"


def test_wilson_of_nothing_is_not_a_number() -> None:
    assert weighted_wilson(1.0000000000000002, 1.0, 1.0)[0] == 1.0
    value, low, high = weighted_wilson([0.0, 1.0], [0.0, 1.0], [0.0, 1.0])
    assert np.isnan([value[0], low[0], high[0]]).all()
    assert (value[1], high[1]) == (1.0, 1.0)
    assert low[1] == pytest.approx(0.20654931)


@pytest.mark.parametrize("mode", MODES)
def test_thresholds_come_back_from_json(mode: Mode) -> None:
    given = setting(mode, 1)
    stored = given.to_json()
    again = Thresholds.from_json(stored)
    assert again.to_json() == stored
    scores = random_scores(1)
    assert keep(scores, again).tolist() == keep(scores, given).tolist()
    assert Thresholds.from_json('{"mode": "fixed", "confidence": 0.5, "margin": 0}') == Thresholds("fixed", 0.5, 0)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"mode": "loose"}, "unknown mode 'loose'; known: fixed, per-class"),
        ({"confidence": 1.5}, r"confidence 1.5 is not in \[0, 1\]"),
        ({"margin": float("nan")}, r"margin nan is not in \[0, 1\]"),
        ({"mode": "top-k", "k": 0}, "k must be a whole number from 1, not 0"),
        ({"mode": "top-k", "k": 2.5}, "k must be a whole number from 1, not 2.5"),
        ({"mode": "per-class", "per_class": {"joy": {"confidence": -1}}}, r"confidence -1 is not in \[0, 1\]"),
        ({"colour": "red"}, "these are no thresholds: {'colour': 'red'}"),
        ("not json", "these are no thresholds: not json"),
        ("[1]", r"these are no thresholds: \[1\]"),
    ],
)
def test_nonsense_is_refused_with_the_reason(value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Thresholds.from_json(value)  # type: ignore[arg-type]


def test_a_class_has_its_limits_once_and_must_be_there() -> None:
    with pytest.raises(InputError, match="a class has its limits twice"):
        Thresholds("per-class", per_class=(ClassLimits("joy"), ClassLimits("joy")))
    with pytest.raises(UnknownName, match="unknown class 'hope'; known: joy, fear, anger, calm"):
        keep(random_scores(0), Thresholds("per-class", per_class=(ClassLimits("hope"),)))


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_pool_keeps_nothing(mode: Mode) -> None:
    none = Scores.of(CLASSES, [], [], [], [])
    assert keep(none, setting(mode, 0)).tolist() == []
    assert curves(none, 0.2).coverage.tolist() == [0.0] * 101
    assert tally(none, keep(none, SEED)).total == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_prediction_that_says_not_how_sure_it_is_is_never_kept(mode: Mode) -> None:
    nan = float("nan")
    scores = Scores.of(
        ("a", "b"), [0, 1, 0, 1], [nan, 0.9, 0.8, 0.9], [0.8, 0.8, nan, 0.8], [0.1, 0.1, 0.1, nan], [0.9] * 4
    )
    asked = Thresholds(mode, confidence=0, margin=0, entropy=1.0, k=5)
    assert keep(scores, asked).tolist() == [False, True, False, False]
    assert (counted(scores, asked).kept.tolist(), counted(scores, asked).total) == ([0, 1], 1)
    assert scores.tables.total[0, 0] == 1


def test_columns_must_fit() -> None:
    with pytest.raises(InputError, match="the columns of the predictions do not fit: 2 rows, 4 classes"):
        Scores.of(CLASSES, [0, 1], [0.5], [0.1, 0.1], [0.2, 0.2], class_probs=np.ones(4))


@pytest.mark.parametrize("multi", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_what_is_counted_without_the_rows_is_what_the_rows_are(mode: Mode, multi: bool) -> None:
    for seed in range(4):
        scores, given = random_scores(seed, multi), setting(mode, seed)
        for asked in (given, replace(given, confidence=0.6543, entropy=0.4321)):
            quick, slow = counted(scores, asked), tally(scores, keep(scores, asked))
            assert (quick.kept.tolist(), quick.total) == (slow.kept.tolist(), slow.total)
            for name in ("confidence", "raw", "mean_confidence", "mean_raw"):
                expected = pytest.approx(getattr(slow, name), nan_ok=True)
                assert getattr(quick, name) == expected, (mode, name)
