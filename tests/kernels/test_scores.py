"""Scores against integrals, other people's formulas and each other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from lean_impact.kernels.scores import (
    crps_mixture,
    crps_normal,
    crps_t,
    log_score_mixture,
    log_score_normal,
    log_score_t,
)


def _integral(observed, cdf):
    below = integrate.quad(lambda x: cdf(x) ** 2, -np.inf, observed, limit=500)[0]
    return below + integrate.quad(lambda x: (1 - cdf(x)) ** 2, observed, np.inf, limit=500)[0]


@pytest.mark.parametrize(("y", "mean", "sd"), [(0.0, 0.0, 1.0), (2.3, -0.4, 0.7), (-5.0, 1.0, 3.0)])
def test_normal_equals_the_integral(y, mean, sd):
    assert crps_normal(y, mean, sd) == pytest.approx(_integral(y, stats.norm(mean, sd).cdf), abs=1e-7)
    assert log_score_normal(y, mean, sd) == pytest.approx(-stats.norm(mean, sd).logpdf(y))


@pytest.mark.parametrize("df", [1.5, 2.0, 3.0, 30.0])
@pytest.mark.parametrize(("y", "location", "scale"), [(0.0, 0.0, 1.0), (2.3, -0.4, 0.7), (-5.0, 1.0, 3.0)])
def test_t_equals_the_integral(y, location, scale, df):
    found = crps_t(y, location, scale, df)
    assert found == pytest.approx(_integral(y, stats.t(df, location, scale).cdf), rel=1e-4)
    assert log_score_t(y, location, scale, df) == pytest.approx(-stats.t(df, location, scale).logpdf(y))


def test_t_of_infinite_df_is_the_normal_and_of_one_df_is_infinite():
    assert crps_t(0.3, 0.1, 2.0, np.inf) == pytest.approx(float(crps_normal(0.3, 0.1, 2.0)))
    assert crps_t(0.3, 0.1, 2.0, 1e7) == pytest.approx(float(crps_normal(0.3, 0.1, 2.0)), rel=1e-5)
    assert np.isinf(crps_t(0.3, 0.1, 2.0, 1.0))
    assert crps_mixture(0.0, np.array([0.5, 0.5]), np.zeros(2), np.ones(2), np.array([1.0, 3.0])) == np.inf


def test_the_score_of_a_certain_prediction_tends_to_the_distance():
    assert crps_t(3.0, 1.0, 1e-9, 4.0) == pytest.approx(2.0)
    assert crps_normal(3.0, 1.0, 1e-9) == pytest.approx(2.0)


@pytest.mark.parametrize("seed", range(4))
def test_mixture_equals_the_integral_and_the_energy_form(seed):
    rng = np.random.default_rng(seed)
    n = 6
    weights, locations = rng.dirichlet(np.ones(n)), rng.normal(0, 1, n)
    scales, dfs = rng.uniform(0.05, 0.5, n), rng.choice([2.5, 4.0, np.inf], n)
    y = float(rng.normal())

    def cdf(x):
        parts = [
            stats.norm.cdf(x, m, s) if np.isinf(d) else stats.t.cdf(x, d, m, s)
            for m, s, d in zip(locations, scales, dfs, strict=True)
        ]
        return float(weights @ np.array(parts))

    found = crps_mixture(y, weights, locations, scales, dfs)
    assert found == pytest.approx(_integral(y, cdf), abs=1e-7)
    # CRPS = E|X - y| - E|X - X'| / 2, by draws.
    pick = rng.choice(n, (2, 200_000), p=weights)
    noise = np.where(np.isinf(dfs[pick]), rng.normal(size=pick.shape),
                     rng.standard_t(np.where(np.isinf(dfs[pick]), 5.0, dfs[pick])))  # fmt: skip
    x = locations[pick] + scales[pick] * noise
    assert found == pytest.approx(np.abs(x[0] - y).mean() - np.abs(x[0] - x[1]).mean() / 2, abs=0.01)


def test_a_mixture_of_equal_components_is_one_component():
    same = np.array([0.3, 0.7]), np.full(2, 0.1), np.full(2, 0.2), np.full(2, 2.0)
    assert crps_mixture(0.4, *same) == pytest.approx(float(crps_t(0.4, 0.1, 0.2, 2.0)), rel=1e-9)
    assert log_score_mixture(0.4, *same) == pytest.approx(float(log_score_t(0.4, 0.1, 0.2, 2.0)))


def test_many_components_are_still_scored_exactly():
    n = 300
    locations = np.linspace(-1, 1, n)
    mixture = np.full(n, 1 / n), locations, np.full(n, 0.05), np.full(n, np.inf)
    expected = _integral(0.2, lambda x: float(stats.norm.cdf(x, locations, 0.05).mean()))
    assert crps_mixture(0.2, *mixture) == pytest.approx(expected, abs=1e-8)
