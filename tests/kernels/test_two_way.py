"""Two-way effects, their regression and its variances, against dense algebra."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from lean_impact.kernels.adoption import by_period, check_start, treated_cells
from lean_impact.kernels.cluster_variance import bias_reduced, cluster_covariance, small_sample_factor
from lean_impact.kernels.event_study import event_study
from lean_impact.kernels.goodman_bacon import goodman_bacon
from lean_impact.kernels.staggered_randomisation import permute_starts, permuted_effects
from lean_impact.kernels.two_way import fit_two_way, static_effect, two_way
from lean_impact.kernels.wild_bootstrap import wild_cluster_bootstrap

N_PERIODS, N_UNITS = 6, 9
START = np.array([2, 2, 3, 4, 6, 6, 6, 6, 6])


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(N_PERIODS, N_UNITS))
    y[2, 3] = y[0, 0] = np.nan
    weights = rng.uniform(0.5, 2, (N_PERIODS, N_UNITS))
    covariate = rng.normal(size=(1, N_PERIODS, N_UNITS))
    return SimpleNamespace(y=y, weights=weights, covariate=covariate)


def dense(y, start, *, weights, covariates):
    """Weighted least squares with dummies; cells ordered by unit, then period."""
    n_periods, n_units = y.shape
    there = np.isfinite(y).T.ravel()
    design = np.column_stack(
        [
            np.kron(np.eye(n_units), np.ones((n_periods, 1))),
            np.tile(np.eye(n_periods)[:, 1:], (n_units, 1)),
            treated_cells(start, n_periods).T.ravel(),
            *(covariate.T.ravel() for covariate in covariates),
        ]
    )[there]
    root = np.sqrt(weights.T.ravel()[there])
    x, outcome = design * root[:, None], y.T.ravel()[there] * root
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ outcome
    return SimpleNamespace(
        x=x,
        inverse=inverse,
        beta=beta,
        residual=outcome - x @ beta,
        unit=np.repeat(np.arange(n_units), n_periods)[there],
        at=n_units + n_periods - 1,
    )


def test_the_regression_is_that_with_dummies(panel):
    fit = static_effect(panel.y, START, weights=panel.weights, covariates=panel.covariate)
    known = dense(panel.y, START, weights=panel.weights, covariates=panel.covariate)
    assert fit.coefficients == pytest.approx(known.beta[known.at :])
    assert fit.bread == pytest.approx(known.inverse[known.at :, known.at :])
    assert fit.n_cells == 52


def test_cluster_robust_covariance(panel):
    fit = static_effect(panel.y, START, weights=panel.weights, covariates=panel.covariate)
    known = dense(panel.y, START, weights=panel.weights, covariates=panel.covariate)
    meat = sum(
        np.outer(score, score)
        for unit in range(N_UNITS)
        for score in [(known.x * known.residual[:, None])[known.unit == unit].sum(axis=0)]
    )
    full = known.inverse @ meat @ known.inverse
    expected = full[known.at :, known.at :] * (9 / 8) * (51 / (52 - 8))
    assert cluster_covariance(fit) == pytest.approx(expected)
    assert cluster_covariance(fit, n_parameters=1) == pytest.approx(expected * (52 - 8) / 51)


def bell_mccaffrey(known, at):
    """CR2 variance and Satterthwaite degrees of freedom of one coefficient, cluster by cluster."""
    hat = np.eye(len(known.x)) - known.x @ known.inverse @ known.x.T
    variance, vectors = 0.0, []
    for unit in range(known.unit.max() + 1):
        mine = known.unit == unit
        values, turn = np.linalg.eigh(hat[np.ix_(mine, mine)])
        root = (turn * np.where(values > 1e-9, np.abs(values) ** -0.5, 0)) @ turn.T
        pull = root @ known.x[mine] @ known.inverse[:, at]
        variance += (pull @ known.residual[mine]) ** 2
        vectors.append(hat[:, mine] @ pull)
    form = np.array(vectors) @ np.array(vectors).T
    return variance**0.5, np.trace(form) ** 2 / (form**2).sum()


@pytest.mark.parametrize("ragged", [False, True])
def test_bias_reduced_variance(panel, ragged):
    y = panel.y if ragged else np.nan_to_num(panel.y)
    weights = panel.weights if ragged else np.full(panel.y.shape, 2.0)
    found = bias_reduced(static_effect(y, START, weights=weights, covariates=panel.covariate))
    known = dense(y, START, weights=weights, covariates=panel.covariate)
    for at in (0, 1):
        error, df = bell_mccaffrey(known, known.at + at)
        assert (found.standard_error[at], found.df[at]) == pytest.approx((error, df))


def test_bias_reduced_contrast_is_a_combination(panel):
    fit = static_effect(panel.y, START, covariates=panel.covariate)
    both = bias_reduced(fit, contrasts=np.array([[1.0, 2.0]]))
    assert both.standard_error[0] == pytest.approx(
        (np.array([1, 2]) @ both.covariance @ np.array([1, 2])) ** 0.5
    )


@pytest.mark.parametrize("hole", [False, True])
def test_a_single_treated_unit_has_no_variance(hole):
    y = np.random.default_rng(0).normal(size=(5, 6))
    if hole:
        y[0, 3] = np.nan
    start = np.array([5, 5, 3, 5, 5, 5])
    with pytest.raises(ValueError, match=r"units \[2\].*determine a coefficient alone"):
        bias_reduced(static_effect(y, start))


def test_bootstrap_is_that_of_refitting_every_sign_pattern(panel):
    y, start = panel.y[:5, :7], np.array([1, 2, 3, 5, 5, 5, 5])
    weights, covariate = panel.weights[:5, :7], panel.covariate[:, :5, :7]
    fit = static_effect(y, start, weights=weights, covariates=covariate)
    found = wild_cluster_bootstrap(fit, n_treated=3, rng=np.random.default_rng(0), null=0.2, draws=128)

    def t(fit):
        error = np.sqrt(((fit.bread @ fit.scores)[0] ** 2).sum())
        return (fit.coefficients[0] - 0.2) / error

    restricted = fit_two_way(y - 0.2 * treated_cells(start, 5), covariate, weights=weights)
    fitted = y - restricted.residuals
    drawn = [
        t(
            static_effect(
                fitted + np.array(signs) * restricted.residuals, start, weights=weights, covariates=covariate
            )
        )
        for signs in product((1, -1), repeat=7)
    ]
    assert found.t == pytest.approx(t(fit))
    assert found.p == (np.abs(drawn) >= abs(t(fit)) * (1 - 1e-9)).mean()
    assert found.exact
    assert found.smallest == 2 / 128
    assert not found.valid


def test_bootstrap_interval_is_the_set_of_values_not_rejected():
    rng = np.random.default_rng(1)
    y, start = rng.normal(size=(4, 30)), np.repeat([2, 4], [12, 18])
    fit = static_effect(y, start)
    low, high = wild_cluster_bootstrap(fit, n_treated=12, rng=np.random.default_rng(0)).interval
    assert low < fit.coefficients[0] < high

    def p(null):
        return wild_cluster_bootstrap(fit, n_treated=12, rng=np.random.default_rng(0), null=null).p

    for end, outwards in ((low, -0.01), (high, 0.01)):
        assert p(end + outwards) <= 0.05 < p(end - outwards)


def test_bootstrap_with_six_point_weights_and_too_few_draws_for_an_interval():
    y = np.random.default_rng(1).normal(size=(4, 30))
    fit = static_effect(y, np.repeat([2, 4], [12, 18]))
    found = wild_cluster_bootstrap(fit, n_treated=12, rng=np.random.default_rng(0), weights="webb", draws=15)
    assert found.interval == (-np.inf, np.inf)
    assert found.valid
    assert found.smallest == 1 / 16
    with pytest.raises(ValueError, match="rademacher or webb"):
        wild_cluster_bootstrap(fit, n_treated=12, rng=np.random.default_rng(0), weights="normal")


def test_what_is_not_identified_is_not_a_number():
    weights = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    effects = two_way(weights)
    left = effects.residual(np.arange(12.0).reshape(3, 4))
    assert np.isfinite(left).tolist() == (weights > 0).tolist()
    assert effects.n_observed == (3, 3)


@pytest.mark.parametrize("weights", [np.zeros((2, 2)), -np.ones((2, 2)), np.full((2, 2), np.nan)])
def test_impossible_weights_are_refused(weights):
    with pytest.raises(ValueError, match="weights must be finite"):
        two_way(weights)


def test_absorbed_and_collinear_regressors_are_refused(panel):
    y = np.nan_to_num(panel.y)
    constant = np.broadcast_to(np.arange(9.0), (1, 6, 9))
    with pytest.raises(ValueError, match=r"absorb regressors \[1\]"):
        static_effect(y, START, covariates=constant)
    with pytest.raises(ValueError, match="linearly dependent"):
        static_effect(y, START, covariates=np.concatenate([panel.covariate, 2 * panel.covariate]))
    # Let its slope change from period to period, and it is identified.
    fit = static_effect(y, START, covariates=by_period(np.arange(9.0)[None], 6))
    assert len(fit.coefficients) == 6


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ([4, 4], "never treated|ever treated"),
        ([0, 0], "every unit"),
        ([5, 1], "between 0 and 4"),
        ([1.0, 2.0], "whole number"),
        ([1], "whole number"),
    ],
)
def test_impossible_starts_are_refused(start, message):
    with pytest.raises(ValueError, match=message):
        check_start(np.array(start), n_periods=4, n_units=2)


def test_too_few_cells_for_a_variance():
    with pytest.raises(ValueError, match="too few"):
        small_sample_factor(n_units=1, n_cells=5, n_parameters=2)


def test_event_study_with_a_window_puts_the_rest_into_the_ends():
    y = np.random.default_rng(0).normal(size=(8, 12))
    start = np.repeat([4, 8], 6)
    narrow = event_study(y, start, window=(-2, 1))
    assert narrow.events.tolist() == [-2, 0, 1]
    change = y[:, :6].mean(axis=1) - y[:, 6:].mean(axis=1)
    expected = [change[:3].mean(), change[4], change[5:].mean()] - change[3]
    assert narrow.fit.coefficients == pytest.approx(expected)
    with pytest.raises(ValueError, match="reference must lie"):
        event_study(y, start, window=(0, 1))
    with pytest.raises(ValueError, match="no unit is seen"):
        event_study(y, start, reference=-9)


def test_the_decomposition_refuses_holes():
    with pytest.raises(ValueError, match="without holes"):
        goodman_bacon(np.array([[np.nan, 1.0], [1.0, 2.0]]), np.array([1, 2]))


def test_an_already_treated_comparison_pulls_a_growing_effect_down():
    # Effects grow by one a period; no chance, no trend.
    start = np.array([2, 2, 5, 5])
    y = np.maximum(np.arange(8)[:, None] - start + 1, 0).astype(float)
    rows = goodman_bacon(y, start)
    assert {row.kind: row.estimate for row in rows}["later vs earlier"] < 0
    # The true mean effect is 3 (cohort 2: 3.5, cohort 5: 2); the coefficient is far below.
    assert static_effect(y, start).coefficients[0] < 1.5


def test_permuted_starts_are_a_random_order():
    start = np.array([3, 5, *[9] * 8])
    drawn = permute_starts(start, draws=4000, rng=np.random.default_rng(0))
    assert (np.sort(drawn, axis=1) == np.sort(start)).all()
    # Each unit has each start in a tenth of the draws: 400, within five standard deviations.
    for value in (3, 5):
        assert np.abs((drawn == value).sum(axis=0) - 400).max() < 5 * 19
    with pytest.raises(ValueError, match="same starts"):
        permuted_effects(np.ones((9, 10)), np.array([start, np.full(10, 9)]))
    with pytest.raises(ValueError, match="without holes"):
        permuted_effects(np.full((9, 10), np.nan), drawn)


def test_a_single_treated_unit_is_permuted_without_a_studentised_version():
    y = np.random.default_rng(0).normal(size=(4, 6))
    found = permuted_effects(y, np.array([[2, 4, 4, 4, 4, 4]]))
    assert np.isnan(found.t).all()
    assert np.isfinite(found.estimate).all()
