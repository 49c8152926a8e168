"""The shared iteration of factor models against slow ways to the same answer."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.kernels.fixed_point import NotSettledError
from lean_impact.kernels.low_rank import (
    additive_fill,
    apply_filter,
    cap_singular_values,
    keep_factors,
    two_way,
)
from lean_impact.kernels.low_rank_fit import fit_hidden, fit_low_rank


def panel(seed: int, n_periods: int = 14, n_units: int = 11, *, noise: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n_periods, 2)) @ rng.normal(size=(2, n_units))
    level = 5 * rng.normal(size=n_units) + rng.normal(size=(n_periods, 1))
    return level + common + noise * rng.normal(size=(n_periods, n_units))


def corner(n_periods: int = 14, n_units: int = 11) -> np.ndarray:
    hidden = np.zeros((n_periods, n_units), dtype=bool)
    hidden[10:, 0], hidden[11:, 1] = True, True
    return hidden


def plain_steps(y, shrink, hidden, n: int) -> np.ndarray:
    complete = additive_fill(y, hidden)
    for _ in range(n):
        parts = two_way(complete)
        fitted = apply_filter(parts.residual, shrink)[0] + parts.unit + parts.period[:, None]
        complete = np.where(hidden, fitted, y)
    return fitted


@pytest.mark.parametrize("shape", [(6, 9), (9, 6)])
def test_filters_equal_the_singular_value_decomposition(shape):
    matrix = np.random.default_rng(1).normal(size=shape)
    left, singular, right = np.linalg.svd(matrix, full_matrices=False)
    low, penalty = apply_filter(matrix, keep_factors(2))
    assert low == pytest.approx((left[:, :2] * singular[:2]) @ right[:2])
    assert penalty == 0
    kept = np.maximum(singular - 1.5, 0)
    low, penalty = apply_filter(matrix, cap_singular_values(1.5))
    assert low == pytest.approx((left * kept) @ right)
    assert penalty == pytest.approx(1.5 * kept.sum())


def test_additive_fill_is_least_squares_on_dummies():
    y, hidden = panel(2), corner()
    hidden[3, 5] = True
    periods, units = np.nonzero(~hidden)
    design = np.zeros((len(periods), 25))
    design[np.arange(len(periods)), periods] = 1
    design[np.arange(len(periods)), 14 + units] = 1
    effects = np.linalg.lstsq(design, y[~hidden], rcond=None)[0]
    expected = effects[:14, None] + effects[14:]
    assert additive_fill(np.where(hidden, np.nan, y), hidden)[hidden] == pytest.approx(expected[hidden])


@pytest.mark.parametrize("shrink", [keep_factors(1), keep_factors(2), cap_singular_values(2.0)])
def test_acceleration_ends_where_plain_steps_end(shrink):
    y, hidden = panel(3), corner()
    expected = plain_steps(y, shrink, hidden, 3000)
    fitted = fit_low_rank(np.where(hidden, 0.0, y), shrink, missing=hidden).fitted
    assert fitted == pytest.approx(expected, abs=1e-6)
    units = np.array([0, 1])
    quick = fit_hidden(np.where(hidden, np.nan, y), shrink, units, hidden[:, units])
    assert quick == pytest.approx(expected[:, units], abs=1e-6)


def test_covariates_are_where_the_loss_does_not_change():
    rng = np.random.default_rng(4)
    y, hidden, x = panel(4), corner(), rng.normal(size=(2, 14, 11))
    y = y + np.tensordot([1.5, -2.0], x, axes=1)
    shrink = keep_factors(2)
    fit = fit_low_rank(np.where(hidden, 0.0, y), shrink, missing=hidden, covariates=x)
    off = np.where(hidden, 0.0, y - fit.fitted)
    assert fit.coefficients == pytest.approx([1.5, -2.0], abs=0.15)
    assert [float((each * off).sum()) for each in x] == pytest.approx([0, 0], abs=1e-5)
    assert off.sum(axis=0) == pytest.approx(np.zeros(11), abs=1e-6)
    assert off.sum(axis=1) == pytest.approx(np.zeros(14), abs=1e-6)


def test_factors_are_recovered_without_noise():
    y, hidden = panel(5, noise=0.0), corner()
    fitted = fit_low_rank(np.where(hidden, 0.0, y), keep_factors(2), missing=hidden).fitted
    assert fitted == pytest.approx(y, abs=1e-6)


def test_groups_of_units_and_periods_that_do_not_meet_are_refused():
    hidden = np.zeros((4, 4), dtype=bool)
    hidden[:2, :2] = hidden[2:, 2:] = True
    with pytest.raises(ValueError, match="no cell in common"):
        additive_fill(np.ones((4, 4)), hidden)
    hidden[2:, :2] = True
    with pytest.raises(ValueError, match="no cell that is there"):
        additive_fill(np.ones((4, 4)), hidden)


def test_covariates_that_say_nothing_are_refused():
    x = np.ones((1, 14, 11)) * np.arange(11)
    with pytest.raises(ValueError, match="constant over units or periods"):
        fit_low_rank(panel(6), keep_factors(1), covariates=x)
    twice = np.random.default_rng(1).normal(size=(1, 14, 11)).repeat(2, axis=0)
    with pytest.raises(ValueError, match="repeat each other"):
        fit_low_rank(panel(6), keep_factors(1), covariates=twice)


def test_more_loadings_than_cells_are_refused():
    hidden = np.arange(14)[:, None] >= 2
    with pytest.raises(NotSettledError, match="fewer factors"):
        fit_hidden(panel(7), keep_factors(3), np.array([0]), hidden)


def test_an_iteration_that_is_not_given_time_says_so():
    with pytest.raises(NotSettledError, match="did not settle within 2 steps"):
        fit_hidden(panel(7), cap_singular_values(0.5), np.array([0]), corner()[:, :1], limit=2)
