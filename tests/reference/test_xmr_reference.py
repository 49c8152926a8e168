"""Numbers of others: NHSRplotthedots 0.2.2 run on these inputs, and cases derived from MDC's rule text.

The synthetic cases are kept beside this file and always run; those on published A&E figures are read from
the shared reference results.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from lean_impact.domain import Measure
from lean_impact.errors import DesignError
from lean_impact.spc import NHS_2023, NHSRPLOTTHEDOTS_0_2, Baseline, Rebase, XmR
from lean_impact.tables import Series

HERE = Path(__file__).parent / "data"

SPECIAL_CAUSE = {
    "above upper limit": "Above UCL",
    "below lower limit": "Below LCL",
    "rising trend": "7 Point Trend (Increasing)",
    "falling trend": "7 Point Trend (Decreasing)",
    "two in three high": "2 in 3 Above CL",
    "two in three low": "2 in 3 Below CL",
    "shift above mean": "7 Points Above CL",
    "shift below mean": "7 Points Below CL",
    "common cause": "Common Cause",
    # The reference gives a missing point the label of common cause; here it has no label of a judged point.
    "no value": "Common Cause",
}
POINT_TYPE = {
    "improvement": "special_cause_improvement",
    "concern": "special_cause_concern",
    "neutral high": "special_cause_neutral_high",
    "neutral low": "special_cause_neutral_low",
    "common cause": "common_cause",
    "no value": "common_cause",
}
ASSURANCE = {
    None: None,
    "pass": "consistent_pass",
    "fail": "consistent_fail",
    "hit or miss": "inconsistent",
}


def _cases(path):
    return json.loads(path.read_text(encoding="utf-8"))


def _series(given):
    values = np.array([np.nan if v is None else v for v in given["values"]], dtype=float)
    start = np.datetime64("2020-01", "M")
    months = (start + np.arange(len(values)).astype("timedelta64[M]")).astype("datetime64[D]")
    periods = np.array(given["dates"], dtype="datetime64[D]") if "dates" in given else months
    measure = Measure(
        id="reference",
        name="Reference",
        # No proportion, even where it is one: the limits are compared, not the drawing.
        kind="mean",
        improvement=given["improvement_direction"],
        dimension="quality",
        frequency="month",
        unit="unit",
        target=given.get("target"),
    )
    none = np.full(len(values), np.nan)
    flags = np.where(np.isnan(values), "missing", "published")
    return Series(
        trust="RTP",
        measure=measure,
        periods=periods,
        values=values,
        numerators=none,
        denominators=none,
        flags=flags,
    )


def _chart(case, rules):
    given = case["input"]
    points = given.get("fix_after_n_points")
    return XmR(rules=rules, screen=given["screen_outliers"]).chart(
        _series(given),
        baseline=None if points is None else Baseline(freeze_after_points=points),
        rebase=[
            Rebase(date=date.fromisoformat(day), reason="reference case", who="test", source=case["id"])
            for day in given.get("rebase_dates") or ()
        ],
    )


def _numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _assert_limits(chart, expected):
    for name, ours in (("mean", chart.centre), ("lpl", chart.lower), ("upl", chart.upper)):
        np.testing.assert_allclose(ours, _numbers(expected[name]), rtol=1e-9, atol=0, err_msg=name)


def _assert_labels(chart, expected):
    assert [SPECIAL_CAUSE[label] for label in chart.labels] == expected["special_cause_type"]
    assert [POINT_TYPE[kind] for kind in chart.point_types] == expected["point_type"]


def _assert_icons(chart, expected):
    words = chart.variation.replace(" ", "_")
    side = chart.variation_side
    assert (f"{words}_{side}" if side else words) == expected["variation_icon"]
    assert ASSURANCE[chart.assurance] == expected["assurance_type"]


def _assert_as_nhsrplotthedots(case):
    """Compare one case, or state how and why we decide otherwise; the caveats name these cases."""
    expected = case["expected"]
    if "error" in expected:
        # It refuses to fix limits after fewer than 12 points; so do we.
        with pytest.raises(DesignError, match="12 points or more"):
            _chart(case, NHSRPLOTTHEDOTS_0_2)
        return
    if case["id"] == "edge_rebase_date_missing":
        # It ignores the date without a word; a rebase that is not there is an error here.
        with pytest.raises(DesignError, match="no period of the series begins on that day"):
            _chart(case, NHSRPLOTTHEDOTS_0_2)
        return
    chart = _chart(case, NHSRPLOTTHEDOTS_0_2)
    _assert_labels(chart, expected)
    if (case.get("caveat") or "").startswith("zero moving range"):
        # Screening takes away all its ranges and leaves no limits, so a process always at 100 % is "hit or
        # miss" against 95 %. Here ranges that are all zero are not screened: the limits equal the mean.
        np.testing.assert_allclose(chart.centre, _numbers(expected["mean"]), rtol=1e-9)
        np.testing.assert_array_equal(chart.lower, chart.centre)
        np.testing.assert_array_equal(chart.upper, chart.centre)
        assert chart.variation == "common cause"
        assert chart.assurance == (None if chart.target is None else "pass")
        return
    _assert_limits(chart, expected)
    _assert_icons(chart, expected)
    if case["input"]["fix_after_n_points"] is None:
        # With fixed limits the reference counts all points of a phase, here those behind the limits count.
        trial = np.array([phase.trial for phase in chart.phases])
        np.testing.assert_array_equal(trial[chart.phase - 1], expected["short_group_warning"])


# The derived two-sigma cases apply that rule alone and label by precedence where a point signals both ways.
TWO_SIGMA_ALONE = replace(NHS_2023, improvement_wins=False)


def _assert_as_mdc(case):
    if case["group"] == "two_sigma":
        _assert_labels(_chart(case, TWO_SIGMA_ALONE), case["expected"])
    else:
        assert ASSURANCE[_chart(case, NHS_2023).assurance] == case["expected"]["assurance_type"]


def _assert_each(cases, check):
    """Check every case before failing, and name those that fail."""
    failures = {}
    for case in cases:
        try:
            check(case)
        except AssertionError as error:
            failures[case["id"]] = str(error)
    assert not failures, "\n".join(f"{name}: {words}" for name, words in failures.items())


@pytest.mark.parametrize("case", _cases(HERE / "xmr_nhs_synthetic.json"), ids=lambda case: case["id"])
def test_synthetic_cases_of_nhsrplotthedots(case):
    _assert_as_nhsrplotthedots(case)


@pytest.mark.parametrize("case", _cases(HERE / "mdc_derived_synthetic.json"), ids=lambda case: case["id"])
def test_synthetic_cases_of_the_mdc_rules(case):
    _assert_as_mdc(case)


@pytest.mark.shared
def test_all_cases_of_nhsrplotthedots(shared_data):
    cases = _cases(shared_data("reference/spc/xmr_nhs.json"))
    assert len(cases) == 81
    _assert_each(cases, _assert_as_nhsrplotthedots)


@pytest.mark.shared
def test_all_cases_of_the_mdc_rules(shared_data):
    cases = _cases(shared_data("reference/spc/mdc_derived.json"))
    assert len(cases) == 25
    _assert_each(cases, _assert_as_mdc)


@pytest.mark.shared
def test_two_sigma_cases_name_the_points_that_the_rule_changes(shared_data):
    for case in _cases(shared_data("reference/spc/mdc_derived.json")):
        if case["group"] == "two_sigma":
            old, new = _chart(case, NHSRPLOTTHEDOTS_0_2).labels, _chart(case, TWO_SIGMA_ALONE).labels
            differ = [at for at, pair in enumerate(zip(old, new, strict=True)) if len(set(pair)) == 2]
            assert differ == case["expected"]["changed_index"], case["id"]


@pytest.mark.shared
def test_where_a_point_signals_both_ways_nhs_2023_shows_improvement_and_changes_nothing_else(shared_data):
    both_ways = 0
    for case in _cases(shared_data("reference/spc/mdc_derived.json")):
        if case["group"] != "two_sigma":
            continue
        alone, full = _chart(case, TWO_SIGMA_ALONE).point_types, _chart(case, NHS_2023).point_types
        changed = {pair for pair in zip(alone, full, strict=True) if pair[0] != pair[1]}
        assert changed <= {("concern", "improvement")}, case["id"]
        assert alone[-1] == full[-1], case["id"]
        both_ways += bool(changed)
    assert both_ways == 2
