"""Autocorrelation left in residuals."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.kernels.autoregression import simulate_ar1
from lean_impact.kernels.residual_checks import breusch_godfrey, durbin_watson, innovations


def noise(phi, n=80, n_units=400):
    return simulate_ar1(np.full(n_units, phi), n_periods=n, rng=np.random.default_rng(5)).T


def test_the_statistic_of_durbin_and_watson_is_about_two_less_twice_the_autocorrelation():
    for phi in (0.0, 0.5):
        assert durbin_watson(noise(phi), time=np.arange(80)).mean() == pytest.approx(2 - 2 * phi, abs=0.06)


def test_holes_do_not_move_it():
    kept = np.setdiff1d(np.arange(80), np.arange(20, 40, 2))
    assert durbin_watson(noise(0.5)[kept], time=kept).mean() == pytest.approx(1.0, abs=0.06)


def test_the_test_of_breusch_and_godfrey_keeps_its_size_and_has_power():
    x, calendar = np.ones((80, 1)), np.arange(80)
    sizes = []
    for phi in (0.0, 0.5):
        y = noise(phi)
        p = breusch_godfrey(y - y.mean(axis=0), x, time=calendar, lags=2).p_value
        sizes.append((p < 0.05).mean())
    assert 0.02 < sizes[0] < 0.08
    assert sizes[1] > 0.9


def test_innovations_are_independent_and_take_designs_too():
    y, calendar = noise(0.6), np.arange(80)
    white = innovations(y, np.full(400, 0.6), time=calendar)
    assert white.var() == pytest.approx(1.0, abs=0.03)
    assert durbin_watson(white, time=calendar).mean() == pytest.approx(2.0, abs=0.05)
    both = innovations(np.stack([y.T, np.ones((400, 80))], axis=-1), np.full(400, 0.6), time=calendar)
    np.testing.assert_allclose(both[:, :, 0].T, white)
    assert both[0, :, 1] == pytest.approx([1.0] + [0.5] * 79)
    column = both[0, :, [1]].T
    residuals = white - column @ np.linalg.lstsq(column, white, rcond=None)[0]
    p = breusch_godfrey(residuals, both[:, :, 1:], time=calendar, lags=2).p_value
    assert 0.02 < (p < 0.05).mean() < 0.08


def test_too_few_periods_for_the_lags_are_refused():
    with pytest.raises(ValueError, match="13 periods are too few for 1 columns and 12 lags"):
        breusch_godfrey(np.ones((13, 1)), np.ones((13, 1)), time=np.arange(13))
