"""Laws of sensitivity, power, pre-trends and specification curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.kernels.honest_relative import relative_interval
from lean_impact.kernels.honest_smooth import smooth_interval
from lean_impact.kernels.power import detectable_effect, power_curve
from lean_impact.kernels.pretrend import detectable_slope, joint_test
from lean_impact.kernels.pretrend_bias import passing_bias
from lean_impact.kernels.specification import influence

SEEDS, SIZES = st.integers(0, 10_000), st.tuples(st.integers(1, 4), st.integers(1, 3))
MAGNITUDE = st.floats(0.0, 3.0)


def draw(seed: int, sizes: tuple[int, int]) -> dict:
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    factor = rng.standard_normal((n, n + 4))
    return {
        "coefficients": rng.standard_normal(n),
        "covariance": factor @ factor.T / 20,
        "n_pre": sizes[0],
        "weights": rng.uniform(0.1, 1.0, sizes[1]),
    }


def both(case: dict, m: float) -> np.ndarray:
    relative = relative_interval(**case, m_bar=m)
    smooth = smooth_interval(**case, m=m)
    return np.array([[relative.lower, relative.upper], [smooth.lower, smooth.upper]])


@given(SEEDS, SIZES, MAGNITUDE, st.floats(-5, 5))
def test_an_effect_moves_the_intervals_by_itself(seed, sizes, m, effect):
    case = draw(seed, sizes)
    moved = case["coefficients"] + np.r_[np.zeros(sizes[0]), np.full(sizes[1], effect)]
    expected = both(case, m) + effect * case["weights"].sum()
    assert both({**case, "coefficients": moved}, m) == pytest.approx(expected, abs=1e-5)


@given(SEEDS, SIZES, MAGNITUDE, st.sampled_from([-2.0, 0.01, 1000.0]))
def test_a_change_of_unit_changes_nothing_else(seed, sizes, m, unit):
    case = draw(seed, sizes)
    scaled = {
        **case,
        "coefficients": unit * case["coefficients"],
        "covariance": unit**2 * case["covariance"],
    }
    relative, smooth = relative_interval(**scaled, m_bar=m), smooth_interval(**scaled, m=abs(unit) * m)
    found = np.array([[relative.lower, relative.upper], [smooth.lower, smooth.upper]]) / unit
    assert np.sort(found, axis=1) == pytest.approx(both(case, m), rel=1e-4, abs=1e-4)


@given(SEEDS, SIZES, MAGNITUDE)
def test_the_relative_interval_contains_the_estimate(seed, sizes, m):
    case = draw(seed, sizes)
    found = relative_interval(**case, m_bar=m)
    estimate = float(case["coefficients"][sizes[0] :] @ case["weights"])
    assert found.lower <= estimate <= found.upper


@given(SEEDS, SIZES, MAGNITUDE, MAGNITUDE)
def test_a_weaker_restriction_gives_a_longer_interval(seed, sizes, one, other):
    case = draw(seed, sizes)
    tight, loose = (smooth_interval(**case, m=m) for m in sorted((one, other)))
    assert loose.upper - loose.lower >= tight.upper - tight.lower - 1e-9


@given(SEEDS, SIZES, st.floats(-3, 3))
def test_a_linear_trend_makes_no_difference_under_smoothness(seed, sizes, slope):
    case = draw(seed, sizes)
    times = np.r_[np.arange(-sizes[0], 0), np.arange(1, sizes[1] + 1)]
    moved = {**case, "coefficients": case["coefficients"] + slope * times}
    before, after = smooth_interval(**case, m=0.5), smooth_interval(**moved, m=0.5)
    assert [after.lower, after.upper] == pytest.approx([before.lower, before.upper], abs=1e-7)


@given(SEEDS, st.floats(0.01, 100.0))
def test_power_rescales_and_grows_with_the_effect(seed, unit):
    rng = np.random.default_rng(seed)
    estimates, margins = rng.standard_normal(60), rng.uniform(0.5, 3.0, 60)
    effects = np.linspace(0.1, 8.0, 20)
    power = power_curve(estimates, margins, effects).power
    assert (np.diff(power) >= 0).all()
    assert power_curve(unit * estimates, unit * margins, unit * effects).power == pytest.approx(power)
    one, other = detectable_effect(estimates, margins), detectable_effect(unit * estimates, unit * margins)
    assert np.array(other) == pytest.approx(unit * np.array(one))
    assert one.low <= one.effect <= one.high


@given(SEEDS, st.integers(1, 5), st.sampled_from([-3.0, 0.01, 50.0]))
def test_pretrends_do_not_depend_on_the_unit(seed, n_pre, unit):
    case = draw(seed, (n_pre, 2))
    pre, block = case["coefficients"][:n_pre], case["covariance"][:n_pre, :n_pre]
    times = -1.0 - np.arange(n_pre)[::-1]
    assert joint_test(unit * pre, unit**2 * block).p_value == pytest.approx(joint_test(pre, block).p_value)
    slope = detectable_slope(times, block, power=0.8)
    assert detectable_slope(times, unit**2 * block, power=0.8) == pytest.approx(abs(unit) * slope)
    assert detectable_slope(times, block, power=0.5) < slope


@given(SEEDS, st.integers(1, 5))
def test_unrelated_coefficients_pass_on_no_selection(seed, n_pre):
    case = draw(seed, (n_pre, 2))
    case["covariance"][:n_pre, n_pre:] = case["covariance"][n_pre:, :n_pre] = 0.0
    bias = passing_bias(case["coefficients"], case["covariance"], n_pre=n_pre, weights=case["weights"])
    assert bias.conditional == pytest.approx(bias.plain)


@given(SEEDS, st.floats(-50, 50), st.floats(0.1, 20.0))
def test_what_choices_move_shifts_and_scales(seed, shift, unit):
    rng = np.random.default_rng(seed)
    choices = np.concatenate([np.indices((3, 2, 2)).reshape(3, -1).T] * 2)[: rng.integers(12, 25)]
    estimates = rng.standard_normal(len(choices))
    before, after = influence(choices, estimates), influence(choices, shift + unit * estimates)
    assert after.shares == pytest.approx(before.shares, abs=1e-9)
    assert ((before.shares > -1e-12) & (before.shares < 1 + 1e-12)).all()
    for one, other in zip(before.shifts, after.shifts, strict=True):
        assert other == pytest.approx(unit * one, abs=1e-9)
        assert one.sum() == pytest.approx(0.0, abs=1e-9)
