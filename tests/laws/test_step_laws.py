"""Laws of the likelihood searches: units, time's direction, gaps, constancy, dates that are not looked at."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lean_impact.changepoints import GoLive, Screen, Segmentation, StepTest
from lean_impact.domain import Measure, Window
from lean_impact.kernels.date_agreement import permuted_dates
from lean_impact.kernels.false_discovery import benjamini_hochberg, expected_false_discoveries
from lean_impact.tables import Series

TEST = StepTest(draws=2000)
MANY = Segmentation(draws=2000)
MEASURE = Measure(
    id="index",
    name="An index",
    kind="mean",
    improvement="increase",
    dimension="quality",
    frequency="month",
    unit="points",
)

noises = st.builds(
    lambda seed, n: np.random.default_rng(seed).normal(size=n),
    st.integers(0, 100_000),
    st.sampled_from([48, 60]),
)
"""Few lengths, so that series share their tables of stable series."""


def series_of(values, trust="RTP"):
    values = np.array(values, dtype="float64")
    nothing = np.full(len(values), np.nan)
    return Series(
        trust=trust,
        measure=MEASURE,
        periods=(np.datetime64("2012-01", "M") + np.arange(len(values))).astype("datetime64[D]"),
        values=values,
        numerators=nothing,
        denominators=nothing,
        flags=np.where(np.isnan(values), "missing", "published"),
    )


def screened(values):
    """Return p-value and set of dates of one series."""
    (group,) = Screen(test=TEST).detect([series_of(values)]).groups
    arrays = group.found
    return arrays.p_value[0], arrays.members[0], arrays.best[0]


@settings(max_examples=20)
@given(noise=noises, step=st.floats(0, 4), shift=st.floats(-1e4, 1e4), scale=st.floats(1e-3, 1e3))
def test_shift_and_scale_change_nothing(noise, step, shift, scale):
    values = noise + step * (np.arange(len(noise)) >= len(noise) // 3)
    one, other = screened(values), screened(shift + scale * values)
    assert one[0] == pytest.approx(other[0], rel=1e-6)
    assert np.array_equal(one[1], other[1])


@settings(max_examples=20)
@given(noise=noises, step=st.floats(-4, 4), at=st.integers(12, 36))
def test_reversing_time_mirrors_the_set(noise, step, at):
    values = noise + step * (np.arange(len(noise)) >= at)
    one, other = screened(values), screened(values[::-1])
    # A change before period k is, seen from the end, one before period n - k.
    assert one[0] == pytest.approx(other[0], rel=1e-6)
    assert np.array_equal(one[1][1:], other[1][1:][::-1])


@settings(max_examples=10)
@given(level=st.floats(-1e6, 1e6), n=st.sampled_from([24, 48, 60]))
def test_a_constant_series_has_no_change(level, n):
    for detector in (TEST, MANY):
        result = detector.detect(series_of(np.full(n, level)))
        assert result.status == "constant"
        assert result.changes == ()


@settings(max_examples=20)
@given(noise=noises, at=st.integers(18, 30), holes=st.sets(st.integers(0, 47), max_size=6))
def test_blanking_points_away_from_the_change_keeps_the_estimate_in_the_new_set(noise, at, holes):
    values = noise + 5.0 * (np.arange(len(noise)) >= at)
    _, _, best = screened(values)
    away = [hole for hole in holes if abs(hole - best) > 3]
    blanked = values.copy()
    blanked[away] = np.nan
    assert screened(blanked)[1][best]


@settings(max_examples=4)
@given(noise=noises, holes=st.sets(st.integers(0, 47), max_size=8))
def test_the_input_is_left_untouched_and_gaps_are_never_filled(noise, holes):
    values = noise.copy()
    values[list(holes)] = np.nan
    series = series_of(values)
    before = series.values.copy()
    for detector in (TEST, MANY):
        result = detector.detect(series)
        assert np.array_equal(series.values, before, equal_nan=True)
        assert sum(part.n_observed for part in result.segments) == len(noise) - len(holes)


@settings(max_examples=15)
@given(noise=noises, step=st.floats(1, 6))
def test_every_change_comes_with_a_set_an_interval_and_a_p_value(noise, step):
    result = TEST.detect(series_of(noise + step * (np.arange(len(noise)) >= 20)))
    for change in result.changes:
        assert change.p_value.value <= TEST.false_alarm
        assert change.lower <= change.size <= change.upper
        assert change.location.contains(change.period)
        assert change.location.mass >= TEST.level - 1e-9
        assert change.location.probability.sum() == pytest.approx(1.0)
    assert result.minimal_detectable > 0


@given(p=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40))
def test_adjusted_p_values_keep_the_order_and_never_fall_below_the_given_ones(p):
    p = np.array(p)
    adjusted = benjamini_hochberg(p)
    assert (adjusted >= p - 1e-12).all()
    assert (adjusted <= 1.0).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12).all()
    kept = adjusted <= 0.05
    assert 0 <= expected_false_discoveries(p, kept) <= kept.sum()


@settings(max_examples=15)
@given(seed=st.integers(0, 1000), common=st.floats(-50, 50))
def test_what_is_common_to_all_sites_does_not_move_the_permutation(seed, common):
    """A shock adds the same to every site's evidence at a window, whoever's window it is."""
    evidence = np.random.default_rng(seed).normal(size=(1, 5, 5))
    shocked = evidence + common * np.array([0.0, 1.0, 0.0, 0.0, 2.0])
    one, other = (permuted_dates(each, draws=99, seed=1) for each in (evidence, shocked))
    assert one.p_value == pytest.approx(other.p_value)


def test_the_order_of_the_series_does_not_change_a_screening():
    rng = np.random.default_rng(4)
    series = [series_of(rng.normal(size=48) + 2 * (np.arange(48) >= 24), f"R{at}") for at in range(6)]
    forth = Screen(test=TEST).detect(series).to_frame().set_index("trust")
    back = Screen(test=TEST).detect(series[::-1]).to_frame().set_index("trust")
    assert forth.equals(back.loc[forth.index])


def test_a_go_live_question_does_not_depend_on_the_order_of_the_sites():
    rng = np.random.default_rng(5)
    series = [series_of(rng.normal(size=48) + 2 * (np.arange(48) >= 15 + at), f"R{at}") for at in range(5)]
    windows = {f"R{at}": Window(start=date(2013, 4 + at, 1), end=date(2013, 5 + at, 1)) for at in range(5)}
    question = GoLive(test=TEST)
    one = question.evaluate(series, windows=windows)
    other = question.evaluate(series[::-1], windows=windows)
    assert one.staggered.value == pytest.approx(other.staggered.value)
    assert one.verdict == other.verdict
