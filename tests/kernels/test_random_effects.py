"""Random-effects kernels against the published BCG example and against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from lean_impact.kernels import random_effects as kernel
from lean_impact.kernels.between_variance import between_variance

# 13 trials of the BCG vaccine (Colditz and others 1994): cases and non-cases, vaccinated then controls.
TRIALS = np.array(
    [
        [4, 119, 11, 128],
        [6, 300, 29, 274],
        [3, 228, 11, 209],
        [62, 13536, 248, 12619],
        [33, 5036, 47, 5761],
        [180, 1361, 372, 1079],
        [8, 2537, 10, 619],
        [505, 87886, 499, 87892],
        [29, 7470, 45, 7232],
        [17, 1699, 65, 1600],
        [186, 50448, 141, 27197],
        [5, 2493, 3, 2338],
        [27, 16886, 29, 17825],
    ],
    dtype=float,
)


@pytest.fixture(scope="module")
def bcg():
    a, b, c, d = TRIALS.T
    y = np.log(a / (a + b)) - np.log(c / (c + d))
    return y, 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def height(y: np.ndarray, v: np.ndarray, tau2: float) -> float:
    """Return the restricted log-likelihood up to a constant, the long way."""
    x = np.ones((len(y), 1))
    precision = np.diag(1 / (v + tau2))
    information = x.T @ precision @ x
    residual = y - x @ np.linalg.solve(information, x.T @ precision @ y)
    return -0.5 * float(
        np.log(v + tau2).sum() + np.linalg.slogdet(information)[1] + residual @ precision @ residual
    )


def test_published_bcg_meta_analysis(bcg):
    # Viechtbauer 2010, Journal of Statistical Software 36(3), section 4.1.
    y, v = bcg
    tau2 = between_variance(y, v, method="REML")
    mean = kernel.weighted_mean(y, v, tau2=tau2)
    assert tau2 == pytest.approx(0.3132, abs=5e-5)
    assert mean.value == pytest.approx(-0.7145, abs=5e-5)
    assert mean.standard_error == pytest.approx(0.1798, abs=5e-5)
    assert kernel.cochran_q(y, v) == pytest.approx(152.2330, abs=5e-5)
    assert 100 * kernel.i_squared(tau2, v) == pytest.approx(92.22, abs=5e-3)
    assert kernel.q_profile(y, v, level=0.95) == pytest.approx((0.1197, 1.1115), abs=5e-5)


def test_reml_is_the_highest_point_of_the_restricted_likelihood(bcg):
    y, v = bcg
    best = between_variance(y, v, method="REML")
    top = height(y, v, best)
    assert all(top >= height(y, v, best * factor) for factor in (0.5, 0.99, 0.9999, 1.0001, 1.01, 2.0))
    assert all(top >= height(y, v, tau2) for tau2 in np.linspace(0, 5, 101))


def test_reml_finds_the_higher_of_two_tops():
    # Nine precise estimates that agree and two wild imprecise ones: the likelihood is flat and skewed.
    y = np.array([0.0] * 9 + [40.0, -40.0])
    v = np.array([1e-4] * 9 + [1.0, 1.0])
    best = between_variance(y, v, method="REML")
    assert height(y, v, best) >= max(height(y, v, tau2) for tau2 in np.geomspace(1e-8, 1e5, 4000)) - 1e-9


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_reml_scales_with_the_unit(bcg, scale):
    y, v = bcg
    assert between_variance(y * scale, v * scale**2, method="REML") == pytest.approx(
        between_variance(y, v, method="REML") * scale**2, rel=1e-9
    )


def test_q_profile_ends_are_where_q_meets_its_quantiles(bcg):
    y, v = bcg
    lower, upper = kernel.q_profile(y, v, level=0.9)
    df = len(y) - 1
    assert kernel.cochran_q(y, v, tau2=lower) == pytest.approx(stats.chi2.ppf(0.95, df))
    assert kernel.cochran_q(y, v, tau2=upper) == pytest.approx(stats.chi2.ppf(0.05, df))


def dense(y: np.ndarray, v: np.ndarray, shared: np.ndarray, tau2: float, *, restricted: bool) -> float:
    """Return the log-likelihood of estimates that share an error, the long way, up to a constant."""
    whole = np.diag(v - shared**2 + tau2) + np.outer(shared, shared)
    precision, one = np.linalg.inv(whole), np.ones(len(y))
    information = one @ precision @ one
    residual = y - one @ precision @ y / information
    likelihood = -0.5 * (np.linalg.slogdet(whole)[1] + residual @ precision @ residual)
    return float(likelihood - 0.5 * np.log(information) if restricted else likelihood)


@pytest.fixture(scope="module")
def sharing():
    rng = np.random.default_rng(4)
    v = rng.uniform(0.5, 2.0, 7)
    shared = np.sqrt(v) * rng.uniform(0.1, 0.8, 7)
    y = 1 + rng.normal(0, 1.5, 7) + rng.normal(0, np.sqrt(v - shared**2)) + shared * rng.normal()
    return y, v, shared


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_the_likelihood_of_estimates_that_share_an_error_is_at_its_top(sharing, method):
    turned = kernel.uncorrelated(*sharing)
    best = float(between_variance(turned.y, turned.v, turned.x[:, None], method=method))
    found = optimize.minimize_scalar(
        lambda tau2: -dense(*sharing, tau2, restricted=method == "REML"), bounds=(0, 50), method="bounded"
    )
    assert best > 0.1
    assert best == pytest.approx(found.x, abs=1e-4)


def test_moments_of_estimates_that_share_an_error(sharing):
    y, v, shared = sharing
    turned = kernel.uncorrelated(*sharing)
    one = np.ones((7, 1))

    def projection(tau2):
        w = np.linalg.inv(np.diag(v - shared**2 + tau2) + np.outer(shared, shared))
        return w - w @ one @ one.T @ w / (one.T @ w @ one)

    found = {
        method: float(between_variance(turned.y, turned.v, turned.x[:, None], method=method))
        for method in ("DL", "PM", "HE")
    }
    p = projection(0.0)
    assert found["DL"] == pytest.approx((y @ p @ y - 6) / np.trace(p))
    assert y @ projection(found["PM"]) @ y == pytest.approx(6)
    whole, centre = np.diag(v - shared**2) + np.outer(shared, shared), np.eye(7) - 1 / 7
    assert found["HE"] == pytest.approx((y @ centre @ y - np.trace(centre @ whole)) / 6)
    assert kernel.cochran_q(turned.y, turned.v, tau2=0.3, x=turned.x) == pytest.approx(
        y @ projection(0.3) @ y
    )
    assert kernel.typical_variance(turned.v, turned.x) == pytest.approx(6 / np.trace(p))


def test_blups_of_estimates_that_share_an_error_are_the_generalised_ones(sharing):
    y, v, shared = sharing
    tau2, one = 0.8, np.ones(7)
    whole = np.diag(v - shared**2) + np.outer(shared, shared)
    w = np.linalg.inv(whole + tau2 * np.eye(7))
    mean = one @ w @ y / (one @ w @ one)
    left = one - tau2 * w @ one
    variance = np.diag(tau2 * np.eye(7) - tau2**2 * w) + left**2 / (one @ w @ one)
    values, errors = kernel.blups(kernel.uncorrelated(*sharing), tau2=tau2)
    assert values == pytest.approx(mean + tau2 * w @ (y - mean))
    assert errors == pytest.approx(np.sqrt(variance))


def test_blups_are_estimates_without_and_means_with_no_differences(bcg):
    y, v = bcg
    alone = kernel.uncorrelated(y, v, np.zeros(len(y)))
    together, _ = kernel.blups(alone, tau2=0.0)
    apart, errors = kernel.blups(alone, tau2=1e9)
    assert together == pytest.approx(np.full(13, kernel.weighted_mean(y, v, tau2=0.0).value))
    assert apart == pytest.approx(y, abs=1e-6)
    assert errors == pytest.approx(np.sqrt(v), rel=1e-6)
