"""Numbers of others: qicharts2 0.8.1 (control and run charts) and runcharter (phases by runs).

Nothing of these cases is kept here: some rest on data of packages under the GPL.
"""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from lean_impact.domain import Measure
from lean_impact.errors import TableError
from lean_impact.kernels import shewhart
from lean_impact.spc import (
    NHSRPLOTTHEDOTS_0_2,
    Baseline,
    CChart,
    GChart,
    PChart,
    Rebase,
    RunChart,
    TChart,
    UChart,
    XmR,
)
from lean_impact.tables import Series

pytestmark = pytest.mark.shared

# Beyond a limit comes first among its labels, whatever else a point signals.
RULES = NHSRPLOTTHEDOTS_0_2
LANEY = {"pp": "laney", "up": "laney", "p": "none", "u": "none"}


def _cases(path):
    return json.loads(path.read_text(encoding="utf-8"))


def _numbers(values):
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _series(given, chart):
    numerators = _numbers(given["y"])
    none = np.full(len(numerators), np.nan)
    denominators = none if given["n"] is None else _numbers(given["n"])
    kind = {"p": "proportion", "pp": "proportion", "u": "ratio", "up": "ratio"}.get(chart, "mean")
    measure = Measure(
        id="reference",
        name="Reference",
        kind=kind,
        improvement="increase",
        dimension="quality",
        frequency="month",
        unit="unit",
    )
    months = np.datetime64("2000-01", "M") + np.arange(len(numerators)).astype("timedelta64[M]")
    return Series(
        trust="RTP",
        measure=measure,
        periods=months.astype("datetime64[D]"),
        values=numerators if given["n"] is None else shewhart.ratio(numerators, denominators),
        numerators=numerators,
        denominators=denominators,
        flags=np.full(len(numerators), "published"),
    )


def _estimator(case):
    given, chart = case["input"], case["chart"]
    screen = given["screen_moving_ranges"]
    if chart in {"p", "pp"}:
        return PChart(rules=RULES, overdispersion=LANEY[chart], screen=screen)
    if chart in {"u", "up"}:
        return UChart(rules=RULES, overdispersion=LANEY[chart], screen=screen, per=given["multiply"])
    if chart == "run":
        return RunChart()
    return {"c": CChart, "g": GChart, "t": TChart}[chart](rules=RULES)


def _chart(case):
    given = case["input"]
    series = _series(given, case["chart"])
    points = given["freeze"]
    days = [series.periods[last].item() for last in given["part"] or ()]
    rebase = [Rebase(date=day, reason="reference case", who="test") for day in days]
    baseline = None if points is None else Baseline(freeze_after_points=points)
    return _estimator(case).chart(series, baseline=baseline, rebase=rebase)


def _assert_close(ours, theirs, what):
    theirs = _numbers(theirs)
    at = np.isfinite(theirs)
    np.testing.assert_allclose(np.asarray(ours)[at], theirs[at], rtol=1e-8, atol=1e-12, err_msg=what)


def _assert_runs(tests, case):
    for ours, row in zip(tests, case["expected"]["runs"], strict=True):
        found = (ours.n_useful, ours.longest_run or None, ours.longest_run_max)
        assert found == (row["n_useful"], row["longest_run"], row["longest_run_max"])
        if ours.n_useful:
            assert (ours.n_crossings, ours.n_crossings_min) == (row["n_crossings"], row["n_crossings_min"])
        assert ours.signal is bool(row["runs_signal"])


def _assert_chart(case):
    expected = case["expected"]
    chart = _chart(case)
    _assert_close(chart.centre, expected["cl"], "centre")
    if case["chart"] == "run":
        _assert_runs(chart.tests, case)
        return
    _assert_runs(chart.runs, case)
    _assert_close(chart.values, expected["y"], "values")
    for name in ("lower", "upper"):
        _assert_close(getattr(chart, name), expected[name[0] + "cl"], name)
        _assert_close(getattr(chart, f"near_{name}"), expected[name[0] + "cl95"], f"near {name}")
    outside = np.array([signal in {"above upper limit", "below lower limit"} for signal in chart.labels])
    np.testing.assert_array_equal(outside, np.array(expected["sigma_signal"], dtype=bool))


def _spread(case):
    """Compute what only the kernels offer: individuals with 1.128, moving ranges, I', x-bar and s."""
    given, chart = case["input"], case["chart"]
    y, screen = _numbers(given["y"]), given["screen_moving_ranges"]
    basis = np.arange(len(case["expected"]["y"])) < (given["freeze"] or np.inf)
    if chart == "i":
        return shewhart.individuals(y, basis, screen=screen)
    if chart == "mr":
        return shewhart.moving_ranges(y, basis)
    if chart == "ip":
        return shewhart.individuals_prime(y, _numbers(given["n"]), basis, screen=screen)
    groups = [y[np.array(given["subgroup"]) == name] for name in dict.fromkeys(given["subgroup"])]
    means, sizes = (np.array([of(group) for group in groups], dtype=float) for of in (np.mean, len))
    deviations = np.array([group.std(ddof=1) for group in groups])
    if chart == "xbar":
        return shewhart.subgroup_means(means, deviations, sizes, basis)
    return shewhart.subgroup_spreads(deviations, sizes, basis)


def _assert_kernel(case):
    expected, (values, centre, sigma) = case["expected"], _spread(case)
    lowest = 0.0 if case["chart"] in {"mr", "s"} else -np.inf
    _assert_close(values, expected["y"], "values")
    _assert_close(np.broadcast_to(centre, values.shape), expected["cl"], "centre")
    for times, name in ((3, "cl"), (2, "cl95")):
        _assert_close(np.maximum(centre - times * sigma, lowest), expected["l" + name], "lower")
        # Its inner limit of moving ranges is two thirds of the outer one, and not at two sigma.
        upper = centre + 3 * sigma if case["chart"] == "mr" else centre + times * sigma
        _assert_close(upper * (times / 3 if case["chart"] == "mr" else 1), expected["u" + name], "upper")


KERNELS = frozenset({"i", "mr", "ip", "xbar", "s"})


def test_every_chart_of_qicharts2(shared_data):
    cases = _cases(shared_data("reference/spc/qicharts2.json"))
    assert len(cases) == 131
    failures = {}
    for case in cases:
        try:
            if "error" in case["expected"]:
                with pytest.raises(TableError, match="no time between two events"):
                    _chart(case)
            elif case["chart"] in KERNELS:
                _assert_kernel(case)
            else:
                _assert_chart(case)
        except AssertionError as error:
            failures[case["id"]] = str(error)
    assert not failures, "\n".join(f"{name}: {words}" for name, words in failures.items())


def test_individuals_differ_from_qicharts2_only_by_the_rounded_constant(shared_data):
    for case in _cases(shared_data("reference/spc/qicharts2.json")):
        if case["chart"] == "i" and not case["input"]["freeze"] and case["id"] != "edge_i_constant":
            chart = XmR(screen=case["input"]["screen_moving_ranges"]).chart(_series(case["input"], "i"))
            upper = _numbers(case["expected"]["ucl"])
            width = (upper - chart.centre) * 2.66 * 1.128 / 3
            np.testing.assert_allclose(chart.upper, chart.centre + width, rtol=1e-8)


def test_a_constant_series_has_limits_on_the_mean_where_qicharts2_has_none(shared_data):
    (case,) = (c for c in _cases(shared_data("reference/spc/qicharts2.json")) if c["id"] == "edge_i_constant")
    assert np.isnan(_numbers(case["expected"]["ucl"])).all()
    _, centre, sigma = _spread(case)
    assert centre.tolist() == [5.0]
    assert set(sigma) == {0.0}


def test_every_phase_of_runcharter(shared_data):
    cases = _cases(shared_data("reference/spc/run_rephase.json"))
    assert len(cases) == 31
    for case in cases:
        given, phases = case["input"], case["expected"]["phases"]
        series = _series({"y": given["values"], "n": None}, "run")
        days = np.array(given["dates"], dtype="datetime64[D]")
        series = Series(**{**{f: getattr(series, f) for f in Series.__dataclass_fields__}, "periods": days})
        found = RunChart().propose(
            series,
            baseline_points=given["baseline_points"],
            run_length=given["run_length"],
            direction=given["direction"],
        )
        assert [item.period for item in found] == [date.fromisoformat(p["start"]) for p in phases[1:]]
        medians = [phase["median"] for phase in phases]
        for item, before, after in zip(found, medians, medians[1:], strict=False):
            assert item.evidence.endswith(f"{after:.3f} after {before:.3f}"), case["id"]
