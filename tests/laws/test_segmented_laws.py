"""Laws of segmented regression: what must hold whatever the series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_impact.kernels.ar1_moments import ar1_moments, gls_at
from lean_impact.kernels.count_regression import fit_counts
from lean_impact.kernels.least_squares import bartlett_meat
from lean_impact.kernels.segmented import Interruption, Season, segmented_design
from lean_impact.kernels.segmented_fit import fit_segmented, linear_contrasts

SEEDS = st.integers(0, 2**32 - 1)
METHODS = st.sampled_from(
    [("reml", None), ("ml", None), ("ols", None), ("newey-west", 2), ("prais-winsten", None)]
)
CALENDARS = st.sets(st.integers(0, 59), min_size=40, max_size=60).map(lambda kept: np.array(sorted(kept)))
DESIGNS = st.sampled_from(
    [
        ([Interruption(at=30)], None),
        ([Interruption(at=28, delay=2, phase_in=4)], Season(length=12, pairs=1)),
        ([Interruption(at=20), Interruption(at=40, slope=False)], Season(length=4)),
    ]
)


def build(calendar, choice):
    interruptions, season = choice
    return segmented_design(calendar, interruptions=interruptions, season=season)


def series(design, seed, n_units=3):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(len(design.time), n_units))
    y[1:] += rng.uniform(0, 0.8, n_units) * y[:-1]
    return y + 20


@given(CALENDARS, DESIGNS, METHODS, SEEDS, st.integers(-50, 50))
def test_what_is_added_is_found(calendar, choice, method, seed, amount):
    design = build(calendar, choice)
    y, added = (
        series(design, seed),
        np.random.default_rng(seed).integers(-9, 9, len(design.names)) * amount / 9,
    )
    before, after = (
        fit_segmented(values, design, method=method[0], lag=method[1])
        for values in (y, y + (design.matrix @ added)[:, None])
    )
    assert after.coefficients - before.coefficients == pytest.approx(np.tile(added, (3, 1)), abs=1e-5)
    assert after.covariance == pytest.approx(before.covariance, rel=1e-5, abs=1e-9)


@given(CALENDARS, DESIGNS, METHODS, SEEDS, st.sampled_from([1e-6, 0.01, 100.0, 1e6]))
def test_the_unit_of_the_series_does_not_matter(calendar, choice, method, seed, factor):
    design = build(calendar, choice)
    y = series(design, seed)
    plain, scaled = (fit_segmented(v, design, method=method[0], lag=method[1]) for v in (y, y * factor))
    assert scaled.coefficients == pytest.approx(plain.coefficients * factor, rel=1e-5, abs=1e-7 * factor)
    assert scaled.covariance == pytest.approx(plain.covariance * factor**2, rel=1e-4, abs=1e-9 * factor**2)
    assert scaled.df == pytest.approx(plain.df, rel=1e-4)


@given(CALENDARS, DESIGNS, METHODS, SEEDS)
def test_many_at_once_equal_one_at_a_time_in_any_order(calendar, choice, method, seed):
    design = build(calendar, choice)
    y = series(design, seed)
    y[3, 1] = np.nan
    together = fit_segmented(y[:, ::-1], design, method=method[0], lag=method[1])
    for unit in range(3):
        alone = fit_segmented(y[:, [unit]], design, method=method[0], lag=method[1])
        assert together.coefficients[2 - unit] == pytest.approx(alone.coefficients[0], rel=1e-6, abs=1e-8)
        assert together.covariance[2 - unit] == pytest.approx(alone.covariance[0], rel=1e-6, abs=1e-10)
        assert together.residuals[:, 2 - unit] == pytest.approx(alone.residuals[:, 0], abs=1e-6, nan_ok=True)


@given(CALENDARS, DESIGNS, METHODS, SEEDS)
def test_a_hole_is_a_period_left_out_of_the_calendar(calendar, choice, method, seed):
    whole = build(np.arange(60), choice)
    y = series(whole, seed)
    holes = np.setdiff1d(np.arange(60), calendar)
    y[holes] = np.nan
    with_holes = fit_segmented(y, whole, method=method[0], lag=method[1])
    left_out = fit_segmented(y[calendar], build(calendar, choice), method=method[0], lag=method[1])
    assert with_holes.coefficients == pytest.approx(left_out.coefficients)
    assert with_holes.covariance == pytest.approx(left_out.covariance)


@given(CALENDARS, DESIGNS, SEEDS, st.floats(-0.9, 0.95))
def test_moments_give_what_the_whole_correlation_matrix_gives(calendar, choice, seed, phi):
    design = build(calendar, choice)
    x, _ = np.linalg.qr(design.matrix)
    y = series(design, seed, 1)
    fit = gls_at(ar1_moments(y, x, calendar), np.array([phi]))
    correlation = phi ** np.abs(np.subtract.outer(calendar, calendar)).astype(float)
    inverse = np.linalg.inv(correlation)
    normal = x.T @ inverse @ x
    coefficients = np.linalg.solve(normal, x.T @ inverse @ y)
    residuals = y - x @ coefficients
    assert fit.coefficients[0] == pytest.approx(coefficients[:, 0], rel=1e-5, abs=1e-6)
    assert fit.rss[0] == pytest.approx((residuals.T @ inverse @ residuals).item(), rel=1e-5)
    assert fit.log_r[0] == pytest.approx(np.linalg.slogdet(correlation)[1], rel=1e-6, abs=1e-8)
    assert fit.log_m[0] == pytest.approx(np.linalg.slogdet(normal)[1], rel=1e-6, abs=1e-8)


@given(CALENDARS, DESIGNS, SEEDS, st.booleans())
def test_no_other_autocorrelation_is_likelier(calendar, choice, seed, restricted):
    design = build(calendar, choice)
    y = series(design, seed, 1)
    fit = fit_segmented(y, design, method="reml" if restricted else "ml")
    moments = ar1_moments(y, design.matrix, calendar)
    nu = len(calendar) - (len(design.names) if restricted else 0)

    def value(phi):
        gls = gls_at(moments, np.array([phi]))
        parts = nu * (np.log(2 * np.pi * gls.rss / nu) + 1) + gls.log_r + restricted * gls.log_m
        return float(-parts[0] / 2)

    best = value(fit.phi[0])
    assert best == pytest.approx(fit.log_likelihood[0], abs=1e-5)
    assert max(value(phi) for phi in np.linspace(-0.95, 0.98, 101)) <= best + 1e-6


@given(CALENDARS, SEEDS, st.integers(0, 20))
def test_bartlett_sums_are_never_negative(calendar, seed, lag):
    scores = np.random.default_rng(seed).normal(size=(2, len(calendar), 3))
    sums = bartlett_meat(scores, time=calendar, lag=lag)
    assert np.linalg.eigvalsh(sums).min() >= -1e-9


@given(CALENDARS, DESIGNS, SEEDS)
def test_degrees_of_freedom_are_between_one_and_what_is_left(calendar, choice, seed):
    design = build(calendar, choice)
    fit = fit_segmented(series(design, seed), design)
    df = linear_contrasts(fit, np.eye(len(design.names))).df
    assert (df >= 1).all()
    assert (df <= len(calendar) - len(design.names)).all()


@given(CALENDARS, DESIGNS, SEEDS, st.sampled_from(["poisson", "binomial"]))
def test_counts_balance_in_every_column(calendar, choice, seed, family):
    design = build(calendar, choice)
    rng = np.random.default_rng(seed)
    exposure = rng.integers(50, 5000, len(calendar)).astype(float)
    counts = rng.binomial(exposure.astype(int), 0.3).astype(float)
    fit = fit_counts(counts, design.matrix, exposure=exposure, family=family)
    pull = design.matrix.T @ (counts - fit.fitted)
    assert pull == pytest.approx(
        np.zeros(len(design.names)), abs=1e-6 * np.abs(design.matrix.T @ counts).max()
    )
    assert fit.deviance >= 0


@given(CALENDARS, DESIGNS, SEEDS, st.sampled_from([0.001, 7.0, 1e5]))
def test_rescaled_exposure_moves_the_intercept_alone(calendar, choice, seed, factor):
    design = build(calendar, choice)
    rng = np.random.default_rng(seed)
    exposure = rng.uniform(50, 60, len(calendar))
    counts = rng.poisson(exposure).astype(float)
    plain, scaled = (fit_counts(counts, design.matrix, exposure=e) for e in (exposure, exposure * factor))
    moved = plain.coefficients - np.log(factor) * (np.arange(len(design.names)) == 0)
    assert scaled.coefficients == pytest.approx(moved, abs=1e-7)
    assert scaled.covariance == pytest.approx(plain.covariance, rel=1e-6)
