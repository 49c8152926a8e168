"""Pooling beside other programs, where they are installed: statsmodels and PyMARE."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.pooled import MetaRegression, RandomEffects
from lean_impact.testing.effects import trust_effects

VALUES = (-0.32, 0.05, -0.51, 0.11, -0.18)
ERRORS = (0.145, 0.114, 0.210, 0.134, 0.095)
READY = (0.8, 0.4, 0.9, 0.2, 0.6)


def ours(tau):
    return RandomEffects(tau=tau, interval="normal").pool(trust_effects(VALUES, ERRORS))


@pytest.mark.parametrize(("tau", "method"), [("DL", "dl"), ("PM", "iterated")])
def test_statsmodels_agrees_on_spread_and_average(tau, method):
    analysis = pytest.importorskip("statsmodels.stats.meta_analysis")
    theirs = analysis.combine_effects(np.array(VALUES), np.array(ERRORS) ** 2, method_re=method)
    found = ours(tau)
    assert found.heterogeneity.tau2 == pytest.approx(theirs.tau2, abs=1e-6)
    assert found.estimate.value == pytest.approx(theirs.mean_effect_re, abs=1e-6)
    assert found.estimate.standard_error == pytest.approx(theirs.sd_eff_w_re, abs=1e-6)


def test_statsmodels_agrees_on_the_generalised_mean():
    regression = pytest.importorskip("statsmodels.regression.linear_model")
    shared = 0.6 * np.array(ERRORS)
    effects = [
        effect.model_copy(update={"shared_error": float(part)})
        for effect, part in zip(trust_effects(VALUES, ERRORS), shared, strict=True)
    ]
    found = RandomEffects(interval="normal").pool(effects)
    own = np.array(ERRORS) ** 2 - shared**2 + found.heterogeneity.tau2
    theirs = regression.GLS(np.array(VALUES), np.ones(5), sigma=np.diag(own) + np.outer(shared, shared))
    assert found.estimate.value == pytest.approx(theirs.fit().params[0], abs=1e-9)
    error = theirs.fit(cov_type="fixed scale").bse[0]
    assert found.estimate.standard_error == pytest.approx(error, abs=1e-9)


@pytest.mark.parametrize("tau", ["DL", "HE", "REML", "ML"])
def test_pymare_agrees_on_spread_and_average(tau):
    pymare = pytest.importorskip("pymare")
    estimators = pymare.estimators
    theirs = {
        "DL": estimators.DerSimonianLaird,
        "HE": estimators.Hedges,
        "REML": lambda: estimators.VarianceBasedLikelihoodEstimator(method="REML"),
        "ML": lambda: estimators.VarianceBasedLikelihoodEstimator(method="ML"),
    }[tau]()
    theirs.fit_dataset(pymare.Dataset(y=np.array(VALUES), v=np.array(ERRORS) ** 2))
    summary = theirs.summary()
    found = ours(tau)
    # Likelihoods are searched for their maximum by both, so spread agrees to 1e-3 as against R.
    assert found.heterogeneity.tau2 == pytest.approx(float(np.ravel(summary.tau2)[0]), abs=1e-3)
    assert found.estimate.value == pytest.approx(float(summary.get_fe_stats()["est"].item()), abs=1e-3)


def test_pymare_agrees_on_a_moderator():
    pymare = pytest.importorskip("pymare")
    theirs = pymare.estimators.VarianceBasedLikelihoodEstimator(method="REML")
    moderator = np.array(READY)[:, None]
    theirs.fit_dataset(
        pymare.Dataset(y=np.array(VALUES), v=np.array(ERRORS) ** 2, X=moderator, add_intercept=True)
    )
    intercept, slope = theirs.summary().get_fe_stats()["est"].ravel()
    effects = trust_effects(VALUES, ERRORS)
    ready = {effect.trust: value for effect, value in zip(effects, READY, strict=True)}
    found = MetaRegression(tau="REML").pool(effects, moderators={"ready": ready})
    assert found.predict({"ready": 0.0}).value == pytest.approx(float(intercept), abs=2e-3)
    change = found.predict({"ready": 1.0}).value - found.predict({"ready": 0.0}).value
    assert change == pytest.approx(float(slope), abs=2e-3)
