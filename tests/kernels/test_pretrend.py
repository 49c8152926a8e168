"""Test of the trend before the start: power and what passing the test does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lean_impact.kernels.pretrend import detectable_slope, joint_test, trend_power
from lean_impact.kernels.pretrend_bias import individual_test, passing_bias

FACTOR = np.random.default_rng(4).standard_normal((5, 8))
SIGMA = FACTOR @ FACTOR.T / 8
TIMES = np.array([-4.0, -3.0, -2.0, 1.0, 2.0])
WEIGHTS = np.array([0.5, 0.5])
N_PRE = 3


def test_joint_test_equals_scipy():
    beta = np.array([0.5, -1.0, 0.7])
    wald = beta @ np.linalg.inv(SIGMA[:3, :3]) @ beta
    assert joint_test(beta, SIGMA[:3, :3])[:2] == pytest.approx((wald, stats.chi2.sf(wald, 3)))
    assert joint_test(beta, SIGMA[:3, :3], df=9.0)[:2] == pytest.approx(
        (wald / 3, stats.f.sf(wald / 3, 3, 9))
    )


@pytest.mark.parametrize("df", [np.inf, 12.0])
@pytest.mark.parametrize("power", [0.5, 0.8])
def test_detected_slope_has_its_power_in_simulation(power, df):
    slope = detectable_slope(TIMES[:3], SIGMA[:3, :3], power=power, df=df)
    rng = np.random.default_rng(1)
    draws = rng.multivariate_normal(slope * TIMES[:3], SIGMA[:3, :3], 20_000)
    wald = np.einsum("ij,jk,ik->i", draws, np.linalg.inv(SIGMA[:3, :3]), draws)
    if np.isinf(df):
        found = (wald > stats.chi2.ppf(0.95, 3)).mean()
    else:
        found = (wald / 3 / (rng.chisquare(df, 20_000) / df) > stats.f.ppf(0.95, 3, df)).mean()
    assert found == pytest.approx(power, abs=0.015)
    assert trend_power(slope * TIMES[:3], SIGMA[:3, :3], df=df) == pytest.approx(power, abs=1e-9)


@pytest.mark.parametrize("df", [np.inf, 12.0])
def test_bias_after_passing_agrees_with_simulation(df):
    trend = 0.8 * TIMES
    rng = np.random.default_rng(2)
    draws = rng.multivariate_normal(trend, SIGMA, 200_000)
    pre = draws[:, :N_PRE]
    wald = np.einsum("ij,jk,ik->i", pre, np.linalg.inv(SIGMA[:3, :3]), pre)
    spread = 1.0 if np.isinf(df) else rng.chisquare(df, len(draws)) / df
    critical = stats.chi2.ppf(0.95, 3) if np.isinf(df) else 3 * stats.f.ppf(0.95, 3, df)
    passes = wald / spread <= critical
    effect = draws[passes, N_PRE:] @ WEIGHTS
    found = passing_bias(trend, SIGMA, n_pre=N_PRE, weights=WEIGHTS, df=df)
    assert found.passing == pytest.approx(passes.mean(), abs=0.005)
    assert found.plain == pytest.approx(0.8 * 1.5)
    assert found.conditional == pytest.approx(effect.mean(), abs=5 * effect.std() / np.sqrt(len(effect)))
    assert abs(found.conditional - found.plain) > 0.01


def test_individual_test_agrees_with_the_exact_one_for_one_coefficient():
    trend, sigma = np.array([-1.0, 1.0]), np.array([[1.0, 0.6], [0.6, 1.2]])
    rng = np.random.default_rng(3)
    exact = passing_bias(trend, sigma, n_pre=1, weights=np.ones(1))
    drawn = individual_test(trend, sigma, n_pre=1, weights=np.ones(1), rng=rng, draws=100_000)
    assert drawn.passing == pytest.approx(exact.passing, abs=0.005)
    assert abs(drawn.conditional - exact.conditional) < 4 * drawn.error


def test_nothing_passes():
    rng = np.random.default_rng(3)
    far = individual_test(np.array([-60.0, 1.0]), np.eye(2), n_pre=1, weights=np.ones(1), rng=rng, draws=100)
    assert far.passing == 0
    assert np.isnan(far.conditional)


def test_no_trend_no_bias():
    found = passing_bias(np.zeros(5), SIGMA, n_pre=N_PRE, weights=WEIGHTS)
    assert found.passing == pytest.approx(0.95)
    assert found.conditional == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: joint_test(np.zeros(2), np.ones((2, 2))), "singular"),
        (lambda: joint_test(np.zeros(2), np.eye(3)), "do not fit"),
        (lambda: joint_test(np.array([np.nan]), np.eye(1)), "finite"),
        (lambda: joint_test(np.zeros(2), np.eye(2), df=0.0), "degrees of freedom"),
        (lambda: detectable_slope(TIMES[:3], np.eye(3), power=0.01), "power"),
        (lambda: detectable_slope(np.zeros(3), np.eye(3), power=0.8), "no line"),
        (lambda: trend_power(np.zeros(3), np.eye(3), alpha=2.0), "alpha"),
        (lambda: passing_bias(TIMES, SIGMA, n_pre=5, weights=WEIGHTS), "do not fit"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
