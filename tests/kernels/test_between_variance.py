"""The variance between trusts against definitions written the long way."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from lean_impact.kernels import half_normal, three_level
from lean_impact.kernels.between_variance import TauMethod, between_variance
from lean_impact.kernels.meta_regression import arrangements, permutation_p, regress, sign_flip_p

Y = np.array([-0.32, 0.05, -0.51, 0.11, -0.18, 0.4, -0.9])
V = np.array([0.021, 0.013, 0.044, 0.018, 0.009, 0.03, 0.02])
X = np.column_stack([np.ones(7), [0.8, 0.4, 0.9, 0.2, 0.6, 0.1, 0.3]])


def projection(tau2):
    w = np.diag(1 / (V + tau2))
    return w - w @ X @ np.linalg.solve(X.T @ w @ X, X.T @ w)


def log_likelihood(tau2, *, restricted):
    residual = Y @ projection(tau2) @ Y
    value = -0.5 * (np.log(V + tau2).sum() + residual)
    if restricted:
        value -= 0.5 * np.linalg.slogdet(X.T @ np.diag(1 / (V + tau2)) @ X)[1]
    return value


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_likelihoods_are_at_their_top(method):
    found = float(between_variance(Y, V, X, method=method))
    best = optimize.minimize_scalar(
        lambda t: -log_likelihood(t, restricted=method == "REML"),
        bounds=(0, 3),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert found == pytest.approx(best.x, abs=1e-6)


def test_moment_estimators_meet_their_moments():
    rest = 5
    assert Y @ projection(float(between_variance(Y, V, X, method="PM"))) @ Y == pytest.approx(rest)
    p = projection(0.0)
    assert float(between_variance(Y, V, X, method="DL")) == pytest.approx((Y @ p @ Y - rest) / np.trace(p))
    hat = X @ np.linalg.solve(X.T @ X, X.T)
    left = np.eye(7) - hat
    hedges = (Y @ left @ Y - np.trace(left @ np.diag(V))) / rest
    assert float(between_variance(Y, V, X, method="HE")) == pytest.approx(hedges)


@pytest.mark.parametrize("method", get_args(TauMethod))
def test_a_batch_is_each_of_its_designs(method):
    rng = np.random.default_rng(3)
    batch = np.array([X[:, [0, 1]][rng.permutation(7)] for _ in range(5)])
    together = between_variance(Y, V, batch, method=method)
    assert together == pytest.approx(
        [float(between_variance(Y, V, one, method=method)) for one in batch], rel=1e-9
    )


@pytest.mark.parametrize("method", get_args(TauMethod))
def test_how_moderators_are_written_does_not_matter(method):
    turned = X @ np.array([[1.0, 1950.0], [0.0, 3.0]])
    once, again = (float(between_variance(Y, V, design, method=method)) for design in (X, turned))
    assert again == pytest.approx(once, rel=1e-6)


def test_regression_is_generalised_least_squares():
    w = np.diag(1 / (V + 0.1))
    fit = regress(Y, V, X, tau2=0.1)
    assert fit.beta == pytest.approx(np.linalg.solve(X.T @ w @ X, X.T @ w @ Y))
    assert fit.covariance == pytest.approx(np.linalg.inv(X.T @ w @ X))


def test_every_arrangement_comes_once_and_the_observed_first():
    rows = np.array([[1.0], [0.0], [1.0], [0.0], [2.0]])
    orders, exact = arrangements(rows, seed=1)
    handed = {tuple(rows[order, 0]) for order in orders}
    assert exact
    assert len(orders) == len(handed) == 30
    assert (rows[orders[0], 0] == rows[:, 0]).all()


def test_many_different_rows_are_drawn():
    orders, exact = arrangements(np.arange(9.0)[:, None], seed=1)
    assert not exact
    assert orders.shape == (10_000, 9)
    again, _ = arrangements(np.arange(9.0)[:, None], seed=1)
    assert (orders == again).all()


def test_permutation_says_how_small_it_could_have_been():
    x = np.array([[1.0], [1.0], [1.0], [0.0], [0.0]])
    found = permutation_p(np.array([3.0, 3.1, 2.9, 0.0, 0.1]), np.full(5, 0.01), x, column=0, seed=1)
    assert found.value == found.smallest == pytest.approx(0.1)
    assert found.draws is None


def test_sign_flips_refuse_what_they_cannot_do():
    with pytest.raises(ValueError, match="at most 14"):
        sign_flip_p(np.ones(15), np.ones(15))


def test_three_levels_are_the_top_of_the_restricted_likelihood():
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(5), 4)
    y = rng.normal(0, 0.4, 5)[cluster] + rng.normal(0, 0.2, 20)
    v = rng.uniform(0.01, 0.05, 20)
    fit = three_level.three_level(y, v, cluster)

    def minus(s):
        shared = cluster[:, None] == cluster[None]
        cov = np.diag(v) + s[0] * shared + s[1] * np.eye(20)
        inverse = np.linalg.inv(cov)
        total = inverse.sum()
        mean = (inverse @ y).sum() / total
        residual = y - mean
        return 0.5 * (np.linalg.slogdet(cov)[1] + np.log(total) + residual @ inverse @ residual)

    best = optimize.minimize(
        minus, [0.1, 0.05], bounds=[(0, None)] * 2, options={"ftol": 1e-14, "gtol": 1e-9}
    )
    assert minus([fit.between, fit.within]) <= best.fun + 1e-9
    assert [fit.between, fit.within] == pytest.approx(best.x, abs=1e-4)


def test_half_normal_posterior_by_plain_integration():
    y, v, scale = Y[:5], V[:5], 0.5

    tau, mu = np.linspace(0, 5, 1501)[:, None], np.linspace(-3, 3, 1201)[None]
    density = stats.halfnorm.pdf(tau, scale=scale) * stats.norm.pdf(mu, 0, 4)
    for one, variance in zip(y, v, strict=True):
        density = density * stats.norm.pdf(one, mu, np.sqrt(variance + tau**2))
    along = integrate.simpson(density, x=mu[0], axis=1)
    total = integrate.simpson(along, x=tau[:, 0])
    mean = integrate.simpson(tau[:, 0] * along, x=tau[:, 0])
    negative = integrate.simpson(density[:, :601], x=mu[0, :601], axis=1)
    below = integrate.simpson(negative, x=tau[:, 0])
    found = half_normal.tau_posterior(y, v, scale=scale, mean_sd=4.0)
    assert found.mean == pytest.approx(mean / total, abs=1e-6)
    assert half_normal.mean_posterior(found).below(0.0) == pytest.approx(below / total, abs=1e-6)
    assert found.below(found.quantile(0.3)) == pytest.approx(0.3)
