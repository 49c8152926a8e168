"""Synthetic five trusts and raters against R, numbers that may stand in the repository and run everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lean_impact.kernels import half_normal, meta_regression
from lean_impact.kernels.agreement import intraclass
from lean_impact.kernels.between_variance import between_variance

RECORDS = {
    item["id"]: item
    for item in json.loads(
        (Path(__file__).parent / "data" / "pool_synthetic.json").read_text(encoding="utf-8")
    )
}


@pytest.mark.parametrize("method", ["FE", "DL", "PM", "REML", "ML", "HE", "SJ", "EB"])
def test_five_trusts_against_readiness(method):
    item = RECORDS["meta.five_trusts.readiness"]
    y, v, x = (np.array(item["input"][name]) for name in ("yi", "vi", "X"))
    design = np.column_stack([np.ones(5), x])
    tau2 = float(between_variance(y, v, design, method=method))
    fit = meta_regression.regress(y, v, design, tau2=tau2)
    expected = item["expected"][f"{method}.z"]
    assert tau2 == pytest.approx(expected["tau2"], abs=1e-10)
    assert fit.beta == pytest.approx(expected["beta"], abs=1e-9)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(expected["se"], abs=1e-9)


def test_five_trusts_with_a_prior():
    item = RECORDS["meta.bayes.five.hn.5"]
    y, v = (np.array(item["input"][name]) for name in ("yi", "vi"))
    found = half_normal.tau_posterior(y, v, scale=0.5, mean_sd=4.0)
    # The grid of the record misses half a cell next to 0: it is right to 4e-5.
    assert half_normal.mean_posterior(found).mean == pytest.approx(item["expected"]["mu_mean"], abs=4e-5)
    assert found.quantile(0.5) == pytest.approx(item["expected"]["tau_median"], abs=4e-5)


def test_raters_of_fifteen_units():
    item = RECORDS["irr.icc.synthetic"]
    found = intraclass(np.array(item["input"]["rows"]))
    assert found.agreement_one == pytest.approx(item["expected"]["A1"], abs=1e-9)
    assert (found.lower, found.upper) == pytest.approx(
        (item["expected"]["A1_lb"], item["expected"]["A1_ub"]), abs=1e-9
    )
