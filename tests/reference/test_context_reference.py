"""Agreement of raters and calibration against R irr and psych (definitions where irr is wrong) and R QCA."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from lean_impact.kernels import agreement, calibration

pytestmark = pytest.mark.shared

CALIBRATIONS = (
    "cal.crisp.1",
    "cal.cv.protest",
    "cal.fuzzy.bell",
    "cal.fuzzy.bell.pow",
    "cal.fuzzy.dec.stb",
    "cal.fuzzy.inc.urb",
    "cal.fuzzy.invbell",
    "cal.fuzzy.lin.pow.5",
    "cal.fuzzy.lin.pow2",
)


def record(shared_data, file, key):
    records = json.loads(shared_data(f"reference/contingency/{file}.json").read_text())
    return {item["id"]: item for item in records}[key]


def test_kappa_of_ratings_that_go_below_zero(shared_data):
    item = record(shared_data, "irr", "irr.kappa.cfir")
    first, second = (np.array(item["input"][name], dtype=float) for name in ("r1", "r2"))
    for weights in ("unweighted", "linear", "quadratic"):
        found = agreement.weighted_kappa(first, second, weights=weights)
        assert found.value == pytest.approx(item["expected"][weights], abs=1e-10)
    plain = agreement.weighted_kappa(first, second, weights="unweighted")
    assert plain.z == pytest.approx(item["expected"]["z_unweighted"], abs=1e-8)


@pytest.mark.parametrize("key", ["irr.kripp.codes", "irr.kripp.random"])
@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha(shared_data, key, metric):
    item = record(shared_data, "irr", key)
    table = np.array(item["input"]["raters_by_units"], dtype=float).T
    assert agreement.krippendorff_alpha(table, metric=metric) == pytest.approx(
        item["expected"][metric], abs=1e-10
    )


def test_fleiss_and_intraclass(shared_data):
    item = record(shared_data, "irr", "irr.fleiss.diagnoses")
    found = agreement.fleiss_kappa(np.array(item["input"]["ratings"], dtype=float))
    assert found == pytest.approx((item["expected"]["kappa"], item["expected"]["z"]), abs=1e-8)
    item = record(shared_data, "irr", "irr.icc.synthetic")
    icc = agreement.intraclass(np.array(item["input"]["rows"]))
    names = ("A1", "A1_lb", "A1_ub", "Ck", "ICC1")
    assert icc == pytest.approx([item["expected"][name] for name in names], abs=1e-8)


@pytest.mark.parametrize("key", CALIBRATIONS)
def test_calibration(shared_data, key):
    item = record(shared_data, "qca_calibrate", key)
    x, options = np.array(item["input"]["x"], dtype=float), item["options"]
    assert membership(x, options) == pytest.approx(np.array(item["expected"]["membership"]), abs=1e-4)


def membership(x, options):
    if options["type"] == "crisp":
        return calibration.crisp_membership(x, threshold=options["thresholds"])
    at = {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", options["thresholds"])}
    bend = {"below": options.get("below", 1), "above": options.get("above", 1)}
    if "e1" in at and at["e1"] < at["i1"]:
        rising, falling = (at["e1"], at["c1"], at["i1"]), (at["i2"], at["c2"], at["e2"])
        return calibration.bell_membership(x, rising=rising, falling=falling, **bend)
    if "e1" in at:
        rising, falling = (at["i1"], at["c1"], at["e1"]), (at["e2"], at["c2"], at["i2"])
        return 1 - calibration.bell_membership(x, rising=rising, falling=falling, **bend)
    anchors = {"out": at["e"], "crossover": at["c"], "full": at["i"]}
    if options.get("logistic", True):
        return calibration.direct_membership(x, **anchors)
    return calibration.linear_membership(x, **anchors, **bend)
