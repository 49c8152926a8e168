"""Pooling against R metafor.

Covered: BCG (common effect, DL, REML, Knapp-Hartung, prediction interval), Hackshaw and the homogeneous
example (FE, DL, REML, with z and Knapp-Hartung, prediction interval, I-squared, Q, Q-profile interval, BLUPs,
leave-one-out). Not covered, because no estimator here makes them: PM, ML, HE, SJ, EB, meta-regression,
permutation, three levels, Bayes.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from lean_impact.domain import Estimate, TrustEffect
from lean_impact.kernels import random_effects as kernel
from lean_impact.kernels.between_variance import between_variance
from lean_impact.pooled import PooledResult, RandomEffects

pytestmark = pytest.mark.shared

# README of the reference results: 1e-3, and 1e-6 for DL; a common effect has no optimiser either.
TOLERANCE = {"REML": 1e-3, "DL": 1e-6, "FE": 1e-6}

# metafor stops its search for the ends of the Q-profile interval at about 2e-5.
ROOT = 1e-4


@pytest.fixture(scope="session")
def metafor(shared_data):
    records = json.loads(shared_data("reference/contingency/meta.json").read_text())
    return {record["id"]: record for record in records if record["kind"] == "meta.random_effects"}


@pytest.fixture(scope="session")
def bcg(shared_data):
    frame = pd.read_csv(shared_data("reference/effects/data/bcg_escalc.csv"))
    records = json.loads(shared_data("reference/effects/reference.json").read_text())["references"]
    return frame, {record["id"]: record for record in records}


def arrays(record) -> tuple[np.ndarray, np.ndarray]:
    return np.array(record["input"]["yi"]), np.array(record["input"]["vi"])


def pool(y, v, *, tau: str, interval: str) -> PooledResult:
    errors = np.sqrt(v)
    effects = [
        TrustEffect(
            trust=f"TR{at}", estimate=Estimate(value=m, standard_error=se, lower=m - se, upper=m + se)
        )
        for at, (m, se) in enumerate(zip(y.tolist(), errors.tolist(), strict=True))
    ]
    return RandomEffects(tau=tau, interval=interval).pool(effects)


DATA = ["meta.hackshaw", "meta.homog"]


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("tau", ["FE", "DL", "REML"])
def test_mean_and_heterogeneity(metafor, data, tau):
    expected = metafor[data]["expected"][f"{tau}.z"]
    result = pool(*arrays(metafor[data]), tau=tau, interval="normal")
    close = {"abs": TOLERANCE[tau], "rel": TOLERANCE[tau]}
    assert result.estimate.value == pytest.approx(expected["beta"][0], **close)
    assert result.estimate.standard_error == pytest.approx(expected["se"][0], **close)
    assert result.estimate.lower == pytest.approx(expected["ci_lb"][0], **close)
    assert result.estimate.upper == pytest.approx(expected["ci_ub"][0], **close)
    assert result.p_value.value == pytest.approx(expected["pval"][0], **close)
    found = result.heterogeneity
    assert found.tau2 == pytest.approx(expected["tau2"], **close)
    assert found.q == pytest.approx(expected["QE"], **close)
    assert found.q_p_value == pytest.approx(expected["QEp"], **close)
    assert 100 * found.i_squared == pytest.approx(expected["I2"], abs=1e-3)
    if tau != "FE":
        assert found.lower == pytest.approx(expected["tau2_ci_lb"], abs=ROOT)
        assert found.upper == pytest.approx(expected["tau2_ci_ub"], abs=ROOT)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("tau", ["DL", "REML"])
def test_blups(metafor, data, tau):
    y, v = arrays(metafor[data])
    expected = metafor[data]["expected"][f"{tau}.z"]
    result = pool(y, v, tau=tau, interval="normal")
    values = [blup.estimate.value for blup in result.blups]
    errors = [blup.estimate.standard_error for blup in result.blups]
    assert values == pytest.approx(expected["blup"], abs=TOLERANCE[tau])
    assert errors == pytest.approx(expected["blup_se"], abs=TOLERANCE[tau])


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("tau", ["DL", "REML"])
def test_knapp_hartung_before_the_floor(metafor, data, tau):
    # metafor does not floor the factor; the estimator does, so the kernel is what is compared.
    y, v = arrays(metafor[data])
    expected = metafor[data]["expected"][f"{tau}.knha"]
    tau2 = float(between_variance(y, v, method=tau))
    plain = kernel.weighted_mean(y, v, tau2=tau2)
    error = plain.standard_error * kernel.hksj_factor(y, v, tau2=tau2) ** 0.5
    assert error == pytest.approx(expected["se"][0], abs=TOLERANCE[tau])
    t = stdtrit(len(y) - 1, 0.975)
    assert plain.value - t * error == pytest.approx(expected["ci_lb"][0], abs=TOLERANCE[tau])
    # metafor predicts with k - 1 degrees of freedom; the estimator uses k - 2.
    assert plain.value + t * (tau2 + error**2) ** 0.5 == pytest.approx(expected["pi_ub"], abs=TOLERANCE[tau])
    # And the estimator is never narrower than either.
    floored = pool(y, v, tau=tau, interval="HKSJ").estimate
    assert floored.standard_error == pytest.approx(max(error, plain.standard_error))


@pytest.mark.parametrize("data", DATA)
def test_leave_one_out(metafor, data):
    expected = metafor[data]["expected"]["leave1out_REML_z"]
    table = pool(*arrays(metafor[data]), tau="REML", interval="normal").leave_one_out_frame()
    assert table["estimate"].tolist() == pytest.approx(expected["estimate"], abs=1e-3)
    assert table["standard_error"].tolist() == pytest.approx(expected["se"], abs=1e-3)
    assert table["tau2"].tolist() == pytest.approx(expected["tau2"], abs=1e-3)


@pytest.mark.parametrize(("record", "tau"), [("bcg.EE", "FE"), ("bcg.DL", "DL"), ("bcg.REML", "REML")])
def test_bcg_with_z(bcg, record, tau):
    frame, records = bcg
    expected = records[record]
    result = pool(frame["yi"].to_numpy(), frame["vi"].to_numpy(), tau=tau, interval="normal")
    assert result.estimate.value == pytest.approx(expected["estimate"], abs=1e-6)
    assert result.estimate.standard_error == pytest.approx(expected["se"], abs=1e-6)
    assert (result.estimate.lower, result.estimate.upper) == pytest.approx(expected["ci"], abs=1e-6)
    assert result.heterogeneity.tau2 == pytest.approx(expected["extra"]["tau2"], abs=1e-6)
    assert result.heterogeneity.q == pytest.approx(expected["extra"]["QE"], abs=1e-6)


def test_bcg_with_knapp_hartung(bcg):
    frame, records = bcg
    expected, extra = records["bcg.REML.HKSJ"], records["bcg.REML.HKSJ"]["extra"]
    y, v = frame["yi"].to_numpy(), frame["vi"].to_numpy()
    result = pool(y, v, tau="REML", interval="HKSJ")
    assert result.estimate.value == pytest.approx(expected["estimate"], abs=1e-6)
    assert result.estimate.standard_error == pytest.approx(expected["se"], abs=1e-6)
    assert (result.estimate.lower, result.estimate.upper) == pytest.approx(expected["ci"], abs=1e-6)
    assert result.p_value.value == pytest.approx(extra["p"], abs=1e-6)
    found = result.heterogeneity
    assert (found.lower, found.upper) == pytest.approx(extra["tau2_CI"], abs=ROOT)
    assert 100 * found.i_squared == pytest.approx(extra["I2"], abs=1e-5)
    ends = [100 * kernel.i_squared(tau2, v) for tau2 in (found.lower, found.upper)]
    assert ends == pytest.approx(extra["I2_CI"], abs=100 * ROOT)
    # metafor's prediction has k - 1 degrees of freedom, this one k - 2: same error, other quantile.
    half = (extra["prediction_interval"][1] - extra["prediction_interval"][0]) / 2
    assert result.prediction.standard_error == pytest.approx(half / stdtrit(12, 0.975), abs=1e-6)


def test_bcg_prediction_with_z(bcg):
    frame, records = bcg
    expected = records["bcg.REML.wald.PI"]["extra"]["prediction_interval"]
    result = pool(frame["yi"].to_numpy(), frame["vi"].to_numpy(), tau="REML", interval="normal")
    half = 1.959963984540054 * result.prediction.standard_error
    assert (result.estimate.value - half, result.estimate.value + half) == pytest.approx(expected, abs=1e-6)
