"""Laws of change-point detection."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lean_impact.changepoints import RupturesDetector
from lean_impact.domain import Measure
from lean_impact.tables import Series

DETECTOR = RupturesDetector(seed=5, draws=199)
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
    st.sampled_from([48, 60, 96]),
)
"""Few lengths, so that series share their tables of stable series."""


def series_of(values):
    values = np.array(values, dtype="float64")
    nothing = np.full(len(values), np.nan)
    return Series(
        trust="RTP",
        measure=MEASURE,
        periods=(np.datetime64("2012-01", "M") + np.arange(len(values))).astype("datetime64[D]"),
        values=values,
        numerators=nothing,
        denominators=nothing,
        flags=np.where(np.isnan(values), "missing", "published"),
    )


def places(values, detector=DETECTOR):
    """Return the indices of the changes."""
    series = series_of(values)
    days = [np.datetime64(change.period) for change in detector.detect(series).changes]
    return [int(np.flatnonzero(series.periods == day)[0]) for day in days]


@settings(max_examples=25)
@given(noise=noises, step=st.floats(0, 6), shift=st.floats(-1e4, 1e4), scale=st.floats(1e-3, 1e3))
def test_shift_and_scale_change_no_date(noise, step, shift, scale):
    values = noise + step * (np.arange(len(noise)) >= len(noise) // 3)
    assert places(values) == places(shift + scale * values)


@settings(max_examples=25)
@given(noise=noises, step=st.floats(-6, 6))
def test_turning_the_sign_changes_no_date(noise, step):
    values = noise + step * (np.arange(len(noise)) >= len(noise) // 2)
    assert places(values) == places(-values)


@settings(max_examples=25)
@given(noise=noises, step=st.floats(0, 6), at=st.integers(12, 36))
def test_reversing_time_mirrors_the_dates(noise, step, at):
    values = noise + step * (np.arange(len(noise)) >= at)
    assert places(values[::-1]) == sorted(len(values) - place for place in places(values))


@settings(max_examples=20)
@given(noise=noises, at=st.integers(12, 36), direction=st.sampled_from([-1, 1]))
def test_a_step_of_four_standard_deviations_is_found_within_two_periods(noise, at, direction):
    found = places(noise + 4 * direction * (np.arange(len(noise)) >= at))
    assert any(abs(place - at) <= 2 for place in found)


@settings(max_examples=20)
@given(noise=noises, holes=st.sets(st.integers(0, 47), max_size=8))
def test_holes_never_become_numbers_nor_the_input_something_else(noise, holes):
    values = noise.copy()
    values[list(holes)] = np.nan
    series = series_of(values)
    result = DETECTOR.detect(series)
    assert np.array_equal(series.values, values, equal_nan=True)
    assert sum(segment.n_observed for segment in result.segments) == len(noise) - len(holes)
    for change in result.changes:
        at = int(np.flatnonzero(series.periods == np.datetime64(change.period))[0])
        assert not np.isnan(values[at])


@settings(max_examples=10)
@given(noise=noises, seed=st.integers(0, 3))
def test_the_same_seed_gives_the_same_answer(noise, seed):
    first, second = (RupturesDetector(seed=seed, draws=199).detect(series_of(noise)) for _ in range(2))
    assert first.to_frame().equals(second.to_frame())
    assert (first.penalty, first.false_alarm_rate, first.p_value) == (
        second.penalty,
        second.false_alarm_rate,
        second.p_value,
    )


@settings(max_examples=25)
@given(level=st.floats(-1e6, 1e6), n=st.sampled_from([24, 48, 60]))
def test_constant_series_have_no_change(level, n):
    result = DETECTOR.detect(series_of(np.full(n, level)))
    assert result.status == "constant"
    assert result.changes == ()


@settings(max_examples=25)
@given(noise=noises, step=st.floats(0, 5))
def test_every_reported_change_is_significant_and_its_interval_excludes_zero(noise, step):
    result = DETECTOR.detect(series_of(noise + step * (np.arange(len(noise)) >= 20)))
    for change in result.changes:
        assert change.p_value.value <= 0.05 + 1e-12
        assert change.lower * change.upper > 0
        assert change.size == pytest.approx(change.after - change.before)
    starts = [segment.start for segment in result.segments][1:]
    assert starts == [change.period for change in result.changes]
    assert all(segment.n_observed >= DETECTOR.min_size for segment in result.segments)
