"""Interrupted time series against R (nlme, sandwich, lmtest, glm) on the Sicilian smoking ban.

Emergency admissions for acute coronary events before and after the ban of January 2005 (month 37).
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from lean_impact.kernels.count_regression import count_effects, fit_counts
from lean_impact.kernels.residual_checks import breusch_godfrey, durbin_watson
from lean_impact.kernels.segmented import Interruption, Season, segmented_design
from lean_impact.kernels.segmented_fit import fit_segmented, linear_contrasts

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def references(shared_data):
    records = json.loads(shared_data("reference/effects/reference.json").read_text())["references"]
    return {record["id"]: record for record in records}


@pytest.fixture(scope="module")
def sicily(shared_data):
    return pd.read_csv(shared_data("reference/effects/data/sicily_ace.csv"))


@pytest.fixture(scope="module")
def rate(sicily):
    return (sicily["aces"] / sicily["stdpop"] * 1e5).to_numpy()[:, None]


@pytest.fixture(scope="module")
def design(sicily):
    return segmented_design(sicily["time"].to_numpy(), interruptions=[Interruption(at=37)])


def level_and_slope(fit, design):
    contrasts = linear_contrasts(fit, np.eye(len(design.names))[design.impact])
    return contrasts.estimate[0], np.sqrt(contrasts.variance[0])


def test_ordinary_least_squares(references, rate, design):
    expected = references["sicily.rate.ols"]
    fit = fit_segmented(rate, design, method="ols")
    (level, slope), (level_error, slope_error) = level_and_slope(fit, design)
    assert (level, level_error) == pytest.approx((expected["estimate"], expected["se"]), abs=1e-8)
    assert (slope, slope_error) == pytest.approx(expected["extra"]["slope_change"], abs=1e-8)
    trend = fit.coefficients[0, 1], fit.covariance[0, 1, 1] ** 0.5
    assert trend == pytest.approx(expected["extra"]["trend"], abs=1e-8)


def test_residual_checks(references, rate, design):
    expected = references["sicily.rate.ols"]["extra"]
    residuals = fit_segmented(rate, design, method="ols").residuals
    assert durbin_watson(residuals, time=design.time)[0] == pytest.approx(expected["DW"], abs=5e-4)
    test = breusch_godfrey(residuals, design.matrix, time=design.time, lags=12)
    assert (test.statistic[0], test.p_value[0]) == pytest.approx(expected["BG12"], abs=5e-4)


@pytest.mark.parametrize("lag", [1, 3])
def test_newey_west(references, rate, design, lag):
    expected = references[f"sicily.rate.nw{lag}"]
    fit = fit_segmented(rate, design, method="newey-west", lag=lag)
    (level, _), (level_error, slope_error) = level_and_slope(fit, design)
    assert level == pytest.approx(expected["estimate"], abs=1e-7)
    assert level_error == pytest.approx(expected["se"], abs=1e-7)
    assert slope_error == pytest.approx(expected["extra"]["slope_se"], abs=1e-7)


def test_restricted_likelihood(references, rate, design):
    expected = references["sicily.rate.reml"]
    fit = fit_segmented(rate, design)
    (level, slope), (level_error, slope_error) = level_and_slope(fit, design)
    assert (level, level_error) == pytest.approx((expected["estimate"], expected["se"]), abs=1e-5)
    assert (slope, slope_error) == pytest.approx(expected["extra"]["slope_change"], abs=1e-5)
    assert fit.phi[0] == pytest.approx(expected["extra"]["phi"], abs=1e-6)
    assert fit.log_likelihood[0] == pytest.approx(expected["extra"]["logLik"], abs=1e-6)


def test_likelihood(references, rate, design):
    expected = references["sicily.rate.ml"]
    fit = fit_segmented(rate, design, method="ml")
    (level, _), (level_error, _) = level_and_slope(fit, design)
    assert (level, level_error) == pytest.approx((expected["estimate"], expected["se"]), abs=1e-5)
    assert fit.phi[0] == pytest.approx(expected["extra"]["phi"], abs=1e-6)
    assert fit.log_likelihood[0] == pytest.approx(expected["extra"]["logLik"], abs=1e-6)


def counts(sicily, *, slope=False, season=None, overdispersed=True):
    design = segmented_design(
        sicily["time"].to_numpy(), interruptions=[Interruption(at=37, slope=slope)], season=season
    )
    events, people = (sicily[name].to_numpy(float) for name in ("aces", "stdpop"))
    return design, fit_counts(events, design.matrix, exposure=people, overdispersed=overdispersed)


def ratio_and_limits(estimate, error):
    return np.exp([estimate, estimate - 1.959963985 * error, estimate + 1.959963985 * error])


def test_poisson(references, sicily):
    expected = references["sicily.poisson"]
    design, fit = counts(sicily, overdispersed=False)
    error = fit.covariance[2, 2] ** 0.5
    assert fit.coefficients[2] == pytest.approx(expected["extra"]["beta"], abs=1e-8)
    assert error == pytest.approx(expected["se"], abs=1e-7)
    assert ratio_and_limits(fit.coefficients[2], error) == pytest.approx(
        [expected["estimate"], *expected["ci"]], abs=1e-7
    )
    # The ratio of the summed counts is the same number, as the step multiplies each by it.
    post = design.time >= 37
    ratio = count_effects(
        fit,
        design.matrix[post],
        design.without_impact[post],
        exposure=sicily["stdpop"].to_numpy(float)[post],
        summary="ratio",
    )
    assert np.exp(ratio.estimate[0, 0]) == pytest.approx(expected["estimate"], abs=1e-7)
    assert ratio.variance[0, 0] ** 0.5 == pytest.approx(expected["se"], abs=1e-7)


def test_overdispersed_poisson(references, sicily):
    expected = references["sicily.quasipoisson"]
    _, fit = counts(sicily)
    error = fit.covariance[2, 2] ** 0.5
    # R takes the weights of the step before its last: its dispersion is 2e-6 away from the converged one.
    assert fit.dispersion == pytest.approx(expected["extra"]["dispersion"], rel=5e-6)
    assert error == pytest.approx(expected["se"], abs=1e-6)
    assert ratio_and_limits(fit.coefficients[2], error) == pytest.approx(
        [expected["estimate"], *expected["ci"]], abs=1e-6
    )


def test_overdispersed_poisson_with_a_change_of_slope(references, sicily):
    expected = references["sicily.quasipoisson.slope"]
    # The published model with a change of slope has two pairs of waves as well.
    _, fit = counts(sicily, slope=True, season=Season(length=12, pairs=2))
    # Their ramp is 0 in month 36, ours in month 37: their level is ours less one month of the slope.
    shift = np.array([0.0, 0.0, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0])
    level, error = shift @ fit.coefficients, (shift @ fit.covariance @ shift) ** 0.5
    assert error == pytest.approx(expected["se"], abs=1e-6)
    assert ratio_and_limits(level, error) == pytest.approx([expected["estimate"], *expected["ci"]], abs=1e-6)
    slope = fit.coefficients[3], fit.covariance[3, 3] ** 0.5
    assert slope == pytest.approx(
        (expected["extra"]["slope_change"], expected["extra"]["slope_se"]), abs=1e-6
    )
