from __future__ import annotations

import numpy as np
import pytest

from lean_impact.kernels.autoregression import lag1_autocorrelation, simulate_ar1


@pytest.mark.parametrize("phi", [-0.3, 0.0, 0.6, 0.9])
def test_simulated_series_have_the_wanted_variance_and_autocorrelation_from_the_first_period(phi):
    series = simulate_ar1(np.full(20_000, phi), n_periods=4, rng=np.random.default_rng(1))
    assert series.var(axis=0) == pytest.approx(np.ones(4), abs=0.05)
    for t in range(3):
        assert np.corrcoef(series[:, t], series[:, t + 1])[0, 1] == pytest.approx(phi, abs=0.03)
    assert np.corrcoef(series[:, 0], series[:, 2])[0, 1] == pytest.approx(phi**2, abs=0.03)


def test_each_series_gets_its_own_autocorrelation():
    series = simulate_ar1(np.array([0.0, 0.95]), n_periods=4000, rng=np.random.default_rng(2))
    estimate = lag1_autocorrelation(series, adjacent=np.ones(3999, dtype=bool), floor=np.zeros(2))
    assert estimate == pytest.approx([0.0, 0.95], abs=0.05)


def test_autocorrelation_across_a_hole_does_not_count():
    series = np.array([[1.0, 1.0, -1.0, -1.0]])
    whole = lag1_autocorrelation(series, adjacent=np.array([True, True, True]), floor=np.zeros(1))
    with_hole = lag1_autocorrelation(series, adjacent=np.array([True, False, True]), floor=np.zeros(1))
    assert whole == pytest.approx([1 / 3])
    assert with_hole == pytest.approx([1.0])


def test_rounding_is_not_autocorrelation():
    series = np.full((1, 5), 1e-17)
    assert lag1_autocorrelation(series, adjacent=np.ones(4, dtype=bool), floor=np.ones(1))[0] < 1e-30


def test_without_neighbours_the_autocorrelation_is_taken_as_none():
    series = np.ones((2, 3))
    estimate = lag1_autocorrelation(series, adjacent=np.zeros(2, dtype=bool), floor=np.zeros(2))
    assert estimate.tolist() == [0.0, 0.0]
