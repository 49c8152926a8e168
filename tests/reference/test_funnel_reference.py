"""Numbers of others: FunnelPlotR 0.6.0, and what its square-root limits should have been."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lean_impact.domain import Measure
from lean_impact.errors import DesignError
from lean_impact.spc import FunnelPlot, UnitCounts

pytestmark = pytest.mark.shared

METHOD = {("SR", "SHMI"): "shmi", ("SR", "CQC"): "cqc", ("PR", None): "proportion", ("RC", None): "counts"}
LIMITS = {"lower_95": "lcl95", "upper_95": "ucl95", "lower_998": "lcl998", "upper_998": "ucl998"}

# It cuts the adjusted 99.8% limit of a small proportion by the sign of another limit, so that this limit, 2.8%,
# lies above the 95% limit, 0.1%. Here a limit that reaches the end of the scale is 0.
CUT_WRONGLY = {("syn_pr_small", "lower_998")}


def _numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _funnel(case):
    given = case["input"]
    method = METHOD[given["data_type"], given["sr_method"]]
    kind = "proportion" if method == "proportion" else "ratio"
    measure = Measure(
        id="reference",
        name="Reference",
        kind=kind,
        improvement="decrease",
        dimension="quality",
        frequency="year",
        unit="unit",
    )
    counts = UnitCounts(
        units=tuple(map(str, given["group"])),
        numerators=_numbers(given["numerator"]),
        denominators=_numbers(given["denominator"]),
        measure=measure,
        when="one year",
    )
    plot = FunnelPlot(
        method=method,
        share=given["trim_by"],
        overdispersion=given["adjust_overdispersion"],
        round_expected=given["round_expected_2dp"],
        denominator_error=method == "counts",
    )
    return plot.compare(counts)


def _assert_close(ours, theirs, what):
    theirs = _numbers(theirs)
    # A unit with a denominator of zero has no limits here; the reference gives it a lower limit of 0.
    at = np.isfinite(theirs) & ~(np.isnan(ours) & (theirs == 0))
    np.testing.assert_allclose(
        np.asarray(ours, dtype=float)[at], theirs[at], rtol=1e-8, atol=1e-11, err_msg=what
    )


def _assert_dispersion(funnel, case):
    expected = case["expected"]
    _assert_close(funnel.transformed, expected["transformed"], "transformed")
    _assert_close(funnel.z, expected["z_unadjusted"], "z")
    if case["input"]["adjust_overdispersion"]:
        _assert_close(funnel.z_used, expected["z_used"], "z used")
        assert funnel.phi == pytest.approx(expected["phi"], rel=1e-8)
        if expected["tau2"] is None:
            assert np.isnan(funnel.tau2)
        else:
            assert funnel.tau2 == pytest.approx(expected["tau2"], rel=1e-8, abs=1e-15)


def _assert_limits(funnel, case):
    expected, by = case["expected"], case["input"]["multiplier"]
    wide = case.get("expected_corrected", expected)
    _assert_close(funnel.ratios, expected["ratio"], "ratio")
    for ours, theirs in LIMITS.items():
        _assert_close(by * getattr(funnel.plain, ours), expected[theirs], f"plain {ours}")
        if np.isfinite(funnel.tau2) and (case["id"], ours) not in CUT_WRONGLY:
            _assert_close(by * getattr(funnel.wide, ours), wide[f"od_{theirs}"], f"wide {ours}")


def _assert_places(funnel, case):
    expected = case["expected"]
    assert funnel.adjusted is expected["adjusted_limits_used"]
    corrected = "expected_corrected" in case
    level = 95 if case["input"]["outlier_limit"] == 95 else 998
    if not corrected:
        outside = set(funnel.outside(level))
        ours = [int(unit in outside) for unit in funnel.counts.units]
        theirs = [
            int(flag) if np.isfinite(ratio) else 0
            for flag, ratio in zip(expected["outlier"], funnel.ratios, strict=True)
        ]
        assert ours == theirs
        if "shmi_band" in expected:
            assert funnel.bands.tolist() == expected["shmi_band"]


def test_every_funnel_of_funnelplotr(shared_data):
    cases = json.loads(shared_data("reference/spc/funnel.json").read_text(encoding="utf-8"))
    assert len(cases) == 38
    failures = {}
    for case in cases:
        try:
            if "error" in case["expected"]:
                with pytest.raises(DesignError, match="every numerator equals its denominator"):
                    _funnel(case)
                continue
            funnel = _funnel(case)
            _assert_dispersion(funnel, case)
            _assert_limits(funnel, case)
            _assert_places(funnel, case)
        except AssertionError as error:
            failures[case["id"]] = str(error)
    assert not failures, "\n".join(f"{name}: {words}" for name, words in failures.items())


def test_the_limit_that_the_reference_cuts_wrongly_is_ordered_here(shared_data):
    cases = json.loads(shared_data("reference/spc/funnel.json").read_text(encoding="utf-8"))
    (case,) = (c for c in cases if c["id"] == "syn_pr_small")
    assert max(_numbers(case["expected"]["od_lcl998"]) - _numbers(case["expected"]["od_lcl95"])) > 0.02
    wide = _funnel(case).wide
    assert (wide.lower_998 <= wide.lower_95).all()
