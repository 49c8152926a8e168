"""Counts: known numbers, small samples of known truth, and what cannot be fitted."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.kernels.autoregression import simulate_ar1
from lean_impact.kernels.count_regression import count_effects, fit_counts, fit_counts_ar1
from lean_impact.kernels.segmented import Interruption, segmented_design
from lean_impact.kernels.segmented_fit import linear_contrasts

DESIGN = segmented_design(np.arange(60), interruptions=[Interruption(at=30)])
AMONG = np.linspace(800.0, 1200.0, 60)


def test_two_proportions_have_their_odds_ratio():
    x = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    counts, among = np.array([10.0, 20.0, 30.0, 50.0]), np.full(4, 100.0)
    fit = fit_counts(counts, x, exposure=among, family="binomial", overdispersed=False)
    assert fit.coefficients == pytest.approx([np.log(0.15 / 0.85), np.log(0.4 / 0.6 / (0.15 / 0.85))])
    assert fit.covariance[1, 1] == pytest.approx(1 / 30 + 1 / 170 + 1 / 80 + 1 / 120)
    assert fit.df == np.inf
    assert fit.fitted == pytest.approx([15.0, 15.0, 40.0, 40.0])


@pytest.mark.parametrize("family", ["poisson", "binomial"])
def test_the_truth_is_found(family):
    rng = np.random.default_rng(3)
    eta = DESIGN.matrix @ [-1.5, 0.002, 0.3, -0.01]
    errors = []
    for _ in range(50):
        if family == "poisson":
            counts = rng.poisson(AMONG * np.exp(eta)).astype(float)
        else:
            counts = rng.binomial(AMONG.astype(int), 1 / (1 + np.exp(-eta))).astype(float)
        fit = fit_counts(counts, DESIGN.matrix, exposure=AMONG, family=family)
        errors.append((fit.coefficients[2] - 0.3) / fit.covariance[2, 2] ** 0.5)
        assert 0.4 < fit.dispersion < 2
    assert abs(np.mean(errors)) < 0.5
    assert 0.7 < np.std(errors) < 1.35


def test_overdispersion_widens():
    rng = np.random.default_rng(4)
    counts = rng.poisson(AMONG * 0.1 * rng.gamma(10, 0.1, 60)).astype(float)
    plain, wide = (
        fit_counts(counts, DESIGN.matrix, exposure=AMONG, overdispersed=over) for over in (False, True)
    )
    assert plain.dispersion == wide.dispersion > 3
    assert wide.covariance == pytest.approx(plain.covariance * wide.dispersion)
    assert wide.df == 56


def test_the_sandwich_allows_for_autocorrelation():
    rng = np.random.default_rng(5)
    carried = simulate_ar1(np.full(40, 0.6), n_periods=60, rng=rng)
    ratios = []
    for row in carried:
        counts = rng.poisson(AMONG * 0.2 * np.exp(0.3 * row)).astype(float)
        quasi = fit_counts(counts, DESIGN.matrix, exposure=AMONG)
        robust = fit_counts(counts, DESIGN.matrix, exposure=AMONG, time=DESIGN.time, lag=4)
        assert robust.coefficients == pytest.approx(quasi.coefficients)
        ratios.append(robust.covariance[2, 2] / quasi.covariance[2, 2])
    assert np.mean(ratios) > 1.1


@pytest.mark.parametrize("family", ["poisson", "binomial"])
@pytest.mark.parametrize("summary", ["period", "mean", "total", "ratio"])
def test_effects_have_the_gradient_that_differences_give(family, summary):
    rng = np.random.default_rng(6)
    counts = rng.binomial(AMONG.astype(int), 0.3).astype(float)
    fit = fit_counts(counts, DESIGN.matrix, exposure=AMONG, family=family)
    x, without, among = DESIGN.matrix[30:], DESIGN.without_impact[30:], AMONG[30:]

    def effect(beta):
        link = np.exp if family == "poisson" else lambda eta: 1 / (1 + np.exp(-eta))
        one, none = link(x @ beta), link(without @ beta)
        if summary == "period":
            return one - none
        if summary == "ratio":
            return np.array([np.log(among @ one / (among @ none))])
        return np.array([among @ (one - none) / (1 if summary == "total" else among.sum())])

    found = count_effects(fit, x, without, exposure=among, summary=summary)
    b = fit.coefficients
    assert found.estimate[0] == pytest.approx(effect(b))
    gradient = np.stack([(effect(b + 1e-6 * e) - effect(b - 1e-6 * e)) / 2e-6 for e in np.eye(4)], axis=1)
    expected = np.einsum("pk,kl,pl->p", gradient, fit.covariance, gradient)
    assert found.variance[0] == pytest.approx(expected, rel=1e-5)


def test_large_and_rare_counts_do_not_overflow():
    rng = np.random.default_rng(7)
    many = rng.poisson(1e9 * np.ones(60)).astype(float)
    assert np.isfinite(fit_counts(many, DESIGN.matrix, exposure=np.full(60, 1e-3)).covariance).all()
    rare = rng.poisson(0.3, 60).astype(float)
    assert np.isfinite(fit_counts(rare, DESIGN.matrix, exposure=np.full(60, 1e8)).covariance).all()


@pytest.mark.parametrize(
    ("counts", "exposure", "family", "message"),
    [
        (np.zeros(60), AMONG, "poisson", "no event in any period"),
        (np.where(np.arange(60) < 30, 0.0, 9.0), AMONG, "poisson", "run off to infinity"),
        (np.where(np.arange(60) < 30, AMONG, 9.0), AMONG, "binomial", "run off to infinity"),
        (AMONG, AMONG, "binomial", "every patient"),
        (AMONG + 1, AMONG, "binomial", "more events than patients"),
        (-np.ones(60), AMONG, "poisson", "must not be negative"),
        (np.ones(60), AMONG * 0, "poisson", "must be above 0"),
        (np.full(60, np.nan), AMONG, "poisson", "no missing values"),
    ],
)
def test_counts_that_no_model_fits_are_refused(counts, exposure, family, message):
    with pytest.raises(ValueError, match=message):
        fit_counts(counts, DESIGN.matrix, exposure=exposure, family=family)


def test_settings_that_do_not_fit_are_refused():
    counts = np.full(60, 5.0) + np.arange(60) % 3
    with pytest.raises(ValueError, match="needs the calendar"):
        fit_counts(counts, DESIGN.matrix, exposure=AMONG, lag=2)
    with pytest.raises(ValueError, match="4 periods are too few"):
        fit_counts(counts[:4], DESIGN.matrix[:4], exposure=AMONG[:4])


@pytest.mark.parametrize("family", ["poisson", "binomial"])
def test_autocorrelated_counts_solve_their_own_weighted_equations(family):
    rng = np.random.default_rng(8)
    carried = simulate_ar1(np.full(1, 0.6), n_periods=60, rng=rng)[0]
    mean = np.exp(-1.5 + 0.2 * carried)
    counts = rng.binomial(AMONG.astype(int), mean).astype(float)
    fit = fit_counts_ar1(counts, DESIGN.matrix, exposure=AMONG, time=DESIGN.time, family=family)
    eta = DESIGN.matrix @ fit.coefficients[0]
    rate = np.exp(eta) if family == "poisson" else 1 / (1 + np.exp(-eta))
    variance = AMONG * rate * (1 if family == "poisson" else 1 - rate)
    root = np.sqrt(variance)
    lags = np.abs(np.subtract.outer(DESIGN.time, DESIGN.time)).astype(float)
    inverse = np.linalg.inv(fit.phi[0] ** lags)
    left = (counts - AMONG * rate) / root
    pull = (root[:, None] * DESIGN.matrix).T @ inverse @ left
    size = np.abs((root[:, None] * DESIGN.matrix).T @ inverse @ root).max()
    assert pull == pytest.approx(np.zeros(4), abs=1e-5 * size)
    assert fit.sigma2[0] == pytest.approx(left @ inverse @ left / 56, rel=1e-4)
    assert fit.phi[0] > 0.2


def test_autocorrelated_counts_without_autocorrelation_are_nearly_the_plain_fit():
    rng = np.random.default_rng(9)
    ratios = []
    for _ in range(20):
        counts = rng.poisson(AMONG * 0.2).astype(float)
        plain = fit_counts(counts, DESIGN.matrix, exposure=AMONG)
        allowed = fit_counts_ar1(counts, DESIGN.matrix, exposure=AMONG, time=DESIGN.time)
        found = linear_contrasts(allowed, np.eye(4)[2])
        ratios.append(found.variance[0, 0] / plain.covariance[2, 2])
    assert np.median(ratios) == pytest.approx(1.0, abs=0.25)
