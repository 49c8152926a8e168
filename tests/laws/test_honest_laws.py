"""Laws of sensitivity to violations of parallel trends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.kernels.honest_relative import relative_interval
from lean_impact.kernels.honest_smooth import smooth_interval

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
