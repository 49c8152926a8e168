"""Imputation of untreated outcomes, and the variances of averages of effects."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.kernels.imputation import average, horizon_targets, impute, pre_trend, welch_average

START = np.array([4, 5, 5, 7, 8, 8, 8, 8, 8])


@pytest.fixture
def y():
    return np.random.default_rng(3).normal(size=(8, 9))


def by_dummies(y, start, covariate):
    """Fit the untreated cells with dummies and foretell all cells; also return the linear map."""
    n_periods, n_units = y.shape
    design = np.column_stack(
        [
            np.kron(np.eye(n_units), np.ones((n_periods, 1))),
            np.tile(np.eye(n_periods)[:, 1:], (n_units, 1)),
            covariate.T.ravel(),
        ]
    )
    untreated = ((np.arange(n_periods)[:, None] < start) & np.isfinite(y)).T.ravel()
    map_ = design @ np.linalg.pinv(design[untreated])
    fitted = map_ @ y.T.ravel()[untreated]
    return fitted.reshape(n_units, n_periods).T, map_, untreated


def test_effects_are_what_a_regression_on_untreated_cells_leaves(y):
    y[3, 5] = y[6, 0] = np.nan
    covariate = np.random.default_rng(4).normal(size=y.shape)
    result = impute(y, START, covariates=covariate[None])
    fitted, map_, untreated = by_dummies(y, START, covariate)
    after = np.arange(8)[:, None] >= START
    assert result.untreated == pytest.approx(fitted)
    assert result.effect[result.cells] == pytest.approx((y - fitted)[after & np.isfinite(y)])
    assert np.isnan(result.effect[6, 0])
    # The variance by the weights of every outcome, written out.
    target = (result.cells / result.cells.sum()).T.ravel()
    weights = np.zeros(y.size)
    weights[untreated] = -(target @ map_)
    weights = (weights + target).reshape(9, 8).T
    error = np.where(result.cells, result.effect, result.residual)
    for cohort in np.unique(START[START < 8]):
        for period in range(8):
            mine = result.cells[period] & (cohort == START)
            if mine.any():
                error[period, mine] -= np.average(
                    result.effect[period, mine], weights=weights[period, mine] ** 2
                )
    assert average(result).standard_error[0] == pytest.approx(
        np.sqrt(((weights * error).sum(axis=0) ** 2).sum())
    )


def test_weights_of_cells_enter_the_fit(y):
    weights = np.random.default_rng(1).uniform(0.5, 2, y.shape)
    heavy = impute(np.concatenate([y, y[:, 4:5]], axis=1), np.append(START, 8)).effect[:, :9]
    doubled = impute(y, START, weights=np.where(np.arange(9) == 4, 2.0, 1.0)).effect
    assert doubled == pytest.approx(heavy, nan_ok=True)
    assert impute(y, START, weights=weights).effect != pytest.approx(heavy, nan_ok=True)


def test_a_period_in_which_everyone_is_treated_has_no_effect(y):
    start = np.array([4, 5, 5, 6, 6, 6, 6, 6, 6])
    result = impute(y, start)
    assert np.isnan(result.effect[6:]).all()
    assert np.isfinite(result.effect[4:6, 0]).all()
    # Nothing is foretold there either, and no target may ask for it.
    target = np.zeros((1, 8, 9))
    target[0, 7, 0] = 1
    with pytest.raises(ValueError, match="no effect can be imputed"):
        average(result, target)


def test_a_unit_without_time_before_is_named(y):
    with pytest.raises(ValueError, match=r"units \[0\].*no period before"):
        impute(y, np.where(np.arange(9) == 0, 0, START))
    y[:4, 0] = np.nan
    with pytest.raises(ValueError, match=r"units \[0\]"):
        impute(y, START)


def test_horizons_can_be_weighted_by_unit(y):
    result = impute(y, START)
    horizons, targets = horizon_targets(result, weights=np.arange(1.0, 10.0))
    assert horizons.tolist() == [0, 1, 2, 3]
    first = [result.effect[START[unit], unit] for unit in range(4)]
    assert average(result, targets).estimate[0] == pytest.approx(np.average(first, weights=[1, 2, 3, 4]))


def test_welch_average_needs_two_units_on_either_side(y):
    with pytest.raises(ValueError, match="two of them on either side"):
        welch_average(impute(y, np.array([4, *[8] * 8])))


def test_welch_average_keeps_its_level_where_the_published_one_does_not():
    rng, published, careful = np.random.default_rng(0), 0, 0
    start = np.array([10, 11, 12, 13, *[20] * 26])
    for _ in range(120):
        noise = rng.normal(size=(20, 30)).cumsum(axis=0) * 0.3 + rng.normal(size=(20, 30))
        result = impute(noise, start)
        plain, welch = average(result), welch_average(result)
        published += abs(plain.estimate[0]) > 1.96 * plain.standard_error[0]
        # The 97.5 % point of t with 3 degrees of freedom, fewer than Satterthwaite's.
        careful += abs(welch.estimate) > 3.18 * welch.standard_error
    assert published > 30
    assert careful < 13


def test_pre_trend_finds_a_trend_and_refuses_what_is_not_before(y):
    trend = y * 1e-3 + np.where(START < 8, np.arange(8.0)[:, None], 0.0)
    events, fit = pre_trend(trend, START)
    assert fit.coefficients == pytest.approx(events + 1, abs=0.05)
    with pytest.raises(ValueError, match="before the start"):
        pre_trend(y, START, events=np.array([-2, 0]))
    with pytest.raises(ValueError, match="before the start"):
        pre_trend(y, np.where(START < 8, 1, 8))
