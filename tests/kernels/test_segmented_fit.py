"""Fits of segmented designs: known numbers, coverage, and what cannot be fitted."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.special import stdtrit

from lean_impact.kernels.ar1_fit import PHI_BOUNDS, fit_ar1, reduced_df
from lean_impact.kernels.autoregression import simulate_ar1
from lean_impact.kernels.segmented import Interruption, Season, segmented_design
from lean_impact.kernels.segmented_fit import fit_segmented, linear_contrasts, relative_contrasts


def half_way(n, **settings):
    return segmented_design(np.arange(n), interruptions=[Interruption(at=n // 2)], **settings)


def noise(phi, n, n_units, seed=1):
    return simulate_ar1(np.full(n_units, phi), n_periods=n, rng=np.random.default_rng(seed)).T


# Coverage of many more series lies between 0.934 and 0.97; the bounds allow for 3 standard errors of 2000.
@pytest.mark.parametrize("phi", [0.0, 0.2, 0.4, 0.6])
@pytest.mark.parametrize(("n", "least"), [(24, 0.92), (48, 0.92), (120, 0.92)])
def test_intervals_of_level_and_slope_cover(n, phi, least):
    design = half_way(n)
    fit = fit_segmented(noise(phi, n, 2000, seed=n), design)
    contrasts = linear_contrasts(fit, np.eye(4)[2:])
    covered = np.abs(contrasts.estimate) <= stdtrit(contrasts.df, 0.975) * np.sqrt(contrasts.variance)
    assert (covered.mean(axis=0) > least).all()
    assert (covered.mean(axis=0) < 0.985).all()


def test_intervals_cover_with_a_season():
    design = half_way(48, season=Season(length=12))
    contrasts = linear_contrasts(fit_segmented(noise(0.4, 48, 2000), design), np.eye(15)[2:4])
    covered = np.abs(contrasts.estimate) <= stdtrit(contrasts.df, 0.975) * np.sqrt(contrasts.variance)
    assert (covered.mean(axis=0) > 0.92).all()


def test_other_methods_do_not_cover():
    design = half_way(48)
    y = noise(0.6, 48, 500)
    for method, lag in (("ols", None), ("newey-west", 3), ("prais-winsten", None)):
        contrasts = linear_contrasts(fit_segmented(y, design, method=method, lag=lag), np.eye(4)[2:3])
        covered = np.abs(contrasts.estimate) <= stdtrit(contrasts.df, 0.975) * np.sqrt(contrasts.variance)
        assert covered.mean() < 0.92


@pytest.mark.parametrize(("method", "close"), [("reml", 0.02), ("ml", 0.05), ("prais-winsten", 0.05)])
def test_the_autocorrelation_is_found(method, close):
    for phi in (-0.4, 0.5):
        fit = fit_segmented(noise(phi, 200, 300), half_way(200), method=method)
        assert fit.phi.mean() == pytest.approx(phi, abs=close)
        assert not fit.at_bound.any()
        assert np.mean(fit.sigma2) == pytest.approx(1.0, abs=0.1)


def test_the_variance_of_the_autocorrelation_is_about_right():
    fit = fit_segmented(noise(0.5, 200, 1000), half_way(200))
    assert np.median(fit.phi_variance) == pytest.approx(fit.phi.var(), rel=0.15)


def test_a_random_walk_runs_into_the_bound_and_says_so():
    walk = np.cumsum(np.random.default_rng(1).normal(size=(60, 20)), axis=0)
    fit = fit_segmented(walk, half_way(60))
    assert fit.at_bound.any()
    assert (fit.phi[fit.at_bound] == PHI_BOUNDS[1]).all()
    swinging = np.tile([1.0, -1.0], 30)[:, None] * np.random.default_rng(1).uniform(0.99, 1, (60, 1))
    low = fit_segmented(swinging, half_way(60))
    assert (low.at_bound.tolist(), low.phi.tolist()) == ([True], [PHI_BOUNDS[0]])


def test_ten_thousand_series_take_seconds():
    y = noise(0.4, 120, 10_000)
    start = time.process_time()
    fit_segmented(y, half_way(120))
    assert time.process_time() - start < 10


def test_relative_effect_is_the_ratio_to_the_level_without():
    design = half_way(40)
    exact = design.matrix @ [50.0, 1.0, -7.0, 0.5]
    fit = fit_segmented(exact[:, None] + 1e-6 * noise(0.3, 40, 1), design)
    last = design.matrix[-1], design.without_impact[-1]
    share = relative_contrasts(fit, last[0] - last[1], base=last[1])
    assert share.estimate[0, 0] == pytest.approx((-7 + 0.5 * 19) / (50 + 39), abs=1e-6)


def test_the_variance_of_a_relative_effect_is_that_of_its_linear_form():
    design = half_way(40)
    fit = fit_segmented(50 + noise(0.3, 40, 1), design)
    effect, base = design.matrix[-1] - design.without_impact[-1], design.without_impact[-1]
    share = relative_contrasts(fit, effect, base=base)

    def ratio(b):
        return effect @ b / (base @ b)

    b = fit.coefficients[0]
    gradient = np.array([(ratio(b + 1e-6 * e) - ratio(b - 1e-6 * e)) / 2e-6 for e in np.eye(4)])
    assert share.variance[0, 0] == pytest.approx(gradient @ fit.covariance[0] @ gradient, rel=1e-5)


def test_the_variance_follows_the_autocorrelation_as_its_slope_says():
    design = half_way(60)
    y = noise(0.5, 60, 1)
    fit = fit_segmented(y, design)
    correlation = np.abs(np.subtract.outer(design.time, design.time)).astype(float)

    def covariance(phi):
        inverse = np.linalg.inv(phi**correlation)
        bread = np.linalg.inv(design.matrix.T @ inverse @ design.matrix)
        residuals = y[:, 0] - design.matrix @ bread @ design.matrix.T @ inverse @ y[:, 0]
        return bread * (residuals @ inverse @ residuals) / 56

    numeric = (covariance(fit.phi[0] + 1e-5) - covariance(fit.phi[0] - 1e-5)) / 2e-5
    assert covariance(fit.phi[0]) == pytest.approx(fit.covariance[0], rel=1e-5, abs=1e-9)
    assert fit.covariance_slope[0] == pytest.approx(numeric, rel=1e-3, abs=1e-7)


def test_degrees_of_freedom_never_exceed_what_the_periods_leave():
    df = reduced_df(np.array([-0.5, 0.0, 0.3, 0.98]), n_periods=60, n_columns=15, n_seasonal=11)
    assert df == pytest.approx([45.0, 45.0, 60 * 0.7 / 1.3 - 4, 1.0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: y.__setitem__((slice(None), 1), np.nan), "series 1: .*cannot be told apart|series 1: "),
        (lambda y: y.__setitem__((slice(3, 48), 1), np.nan), "series 1: "),
        (lambda y: y.__setitem__((slice(None), 2), 4.2), "without any residual"),
        (lambda y: y.__setitem__((slice(24, 48), 0), np.nan), "series 0: .*level change, slope change"),
        (lambda y: y.__setitem__((7, 0), np.inf), "no missing values"),
    ],
)
@pytest.mark.parametrize("method", ["reml", "ols", "prais-winsten"])
def test_series_that_cannot_be_fitted_are_named(change, message, method):
    y = noise(0.3, 48, 3)
    change(y)
    with pytest.raises(ValueError, match=message):
        fit_segmented(y, half_way(48), method=method)


def test_settings_that_do_not_fit_are_refused():
    design, y = half_way(48), noise(0.3, 48, 1)
    for settings in ({"method": "newey-west"}, {"lag": 3}):
        with pytest.raises(ValueError, match="needs a lag, and the others take none"):
            fit_segmented(y, design, **settings)
    with pytest.raises(ValueError, match="unknown method 'magic'"):
        fit_segmented(y, design, method="magic")
    with pytest.raises(ValueError, match="at least 0"):
        fit_segmented(y, design, method="newey-west", lag=-1)
    with pytest.raises(ValueError, match="one row for each period"):
        fit_segmented(y[:-1], design)
    with pytest.raises(ValueError, match="no series"):
        fit_segmented(y[:, :0], design)


def test_prais_winsten_needs_neighbours():
    calendar = np.arange(0, 60, 2)
    design = segmented_design(calendar, interruptions=[Interruption(at=30)])
    y = noise(0.3, 30, 1)
    with pytest.raises(ValueError, match="no two periods are neighbours"):
        fit_segmented(y, design, method="prais-winsten")
    # The likelihood needs none: periods two apart tell as well.
    assert np.isfinite(fit_ar1(y, design.matrix, time=calendar).phi).all()
