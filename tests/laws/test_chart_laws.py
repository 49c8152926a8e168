"""What must hold for any counts: agreement with plain loops, units, order, and what many charts share with one."""

from __future__ import annotations

from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lean_impact.domain import Measure
from lean_impact.kernels import funnel, runs, season, shewhart
from lean_impact.spc import FunnelPlot, PChart, UChart, UnitCounts, XmR, screen_series
from lean_impact.tables import Series

steps = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, np.nan]), min_size=1, max_size=30).map(np.array)
denominators = st.lists(st.integers(1, 500).map(float), min_size=6, max_size=30)
deaths = st.lists(st.tuples(st.integers(0, 400), st.integers(20, 400)), min_size=3, max_size=40)


def _measure(kind="proportion", improvement="increase", target=None):
    return Measure(
        id="law",
        name="Law",
        kind=kind,
        improvement=improvement,
        dimension="quality",
        frequency="month",
        unit="unit",
        target=target,
    )


def _series(numerators, below, *, kind="proportion", **changes):
    above, below = np.array(numerators, dtype=float), np.array(below, dtype=float)
    months = np.datetime64("2015-01", "M") + np.arange(len(above)).astype("timedelta64[M]")
    return Series(
        trust="RTP",
        measure=_measure(kind, **changes),
        periods=months.astype("datetime64[D]"),
        values=shewhart.ratio(above, below),
        numerators=above,
        denominators=below,
        flags=np.full(len(above), "published"),
    )


# ---------------------------------------------------------------------- runs


def _by_hand(values, centre):
    """Count runs by walking along the points off the line."""
    sides = [1 if v > centre else -1 for v in values if np.isfinite(v) and v != centre]
    longest = run = 0
    crossings = sum(a != b for a, b in pairwise(sides))
    for at, side in enumerate(sides):
        run = run + 1 if at and side == sides[at - 1] else 1
        longest = max(longest, run)
    return len(sides), longest, crossings


@given(steps, st.sampled_from([0.0, 1.0, 1.5, 2.0]))
def test_runs_and_crossings_are_what_one_counts_by_hand(values, centre):
    found = runs.run_counts(values, np.array([centre]))
    assert (int(found.n_useful), int(found.longest_run), int(found.n_crossings)) == _by_hand(values, centre)
    if found.n_useful:
        stretch = values[int(found.start) : int(found.end) + 1]
        off = stretch[np.isfinite(stretch) & (stretch != centre)]
        assert len(off) == found.longest_run
        assert (np.sign(off - centre) == found.side).all()


@given(steps)
def test_turning_time_or_scale_over_changes_no_count(values):
    found = runs.run_counts(values, np.array([1.5]))
    for other in (
        runs.run_counts(values[::-1], np.array([1.5])),
        runs.run_counts(3 - values, np.array([1.5])),
    ):
        assert found.n_useful == other.n_useful
        assert found.longest_run == other.longest_run
        assert found.n_crossings == other.n_crossings


@given(st.integers(1, 400))
def test_the_crossings_limit_is_the_quantile_of_its_name(n):
    limit = runs.crossings_limit(n)
    below = sum(comb(n - 1, k) for k in range(limit))
    assert 20 * below < 2 ** (n - 1)
    assert 20 * (below + comb(n - 1, limit)) >= 2 ** (n - 1)


@given(st.lists(steps, min_size=1, max_size=4))
def test_many_series_are_counted_as_one_by_one(rows):
    width = max(map(len, rows))
    table = np.array([np.pad(row, (0, width - len(row)), constant_values=np.nan) for row in rows])
    together = runs.run_counts(table, np.array([[1.5]]))
    for at, row in enumerate(table):
        alone = runs.run_counts(row, np.array([1.5]))
        assert [int(part[at]) for part in together] == [int(part) for part in alone]


# ---------------------------------------------------------------------- proportions and rates


@given(denominators, st.data())
def test_a_proportion_and_its_complement_have_mirrored_charts(below, data):
    above = [data.draw(st.integers(0, int(n))) for n in below]
    ours = PChart(overdispersion="none").chart(_series(above, below))
    other = PChart(overdispersion="none").chart(
        _series(np.array(below) - above, below, improvement="decrease")
    )
    np.testing.assert_allclose(ours.centre, 1 - other.centre, atol=1e-12)
    np.testing.assert_allclose(ours.lower, 1 - other.upper, atol=1e-12)
    assert ours.point_types == other.point_types
    assert ((ours.lower >= 0) & (ours.upper <= 1) & (ours.lower <= ours.upper)).all()


@given(denominators, st.data(), st.sampled_from(["none", "laney"]))
def test_the_unit_of_a_rate_changes_the_numbers_and_nothing_else(below, data, choice):
    above = [data.draw(st.integers(0, 50)) for _ in below]
    series = _series(above, below, kind="ratio")
    one = UChart(overdispersion=choice).chart(series)
    thousand = UChart(overdispersion=choice, per=1024.0).chart(series)
    for line in ("values", "centre", "lower", "upper"):
        np.testing.assert_allclose(getattr(thousand, line), 1024 * getattr(one, line), rtol=1e-12)
    assert one.labels == thousand.labels


@given(denominators, st.data())
def test_input_of_count_charts_is_untouched_and_their_lines_cannot_be_changed(below, data):
    above = [data.draw(st.integers(0, int(n))) for n in below]
    series = _series(above, below)
    before = [part.copy() for part in (series.values, series.numerators, series.denominators)]
    chart = PChart().chart(series)
    for part, was in zip((series.values, series.numerators, series.denominators), before, strict=True):
        np.testing.assert_array_equal(part, was)
    for line in (chart.values, chart.centre, chart.lower, chart.target_line):
        with pytest.raises(ValueError, match="read-only"):
            line[0] = 0.5


# ---------------------------------------------------------------------- funnels


def _units(rows, kind="ratio"):
    above, below = np.array(rows, dtype=float).T
    names = tuple(f"U{at}" for at in range(len(above)))
    return UnitCounts(
        units=names, numerators=above, denominators=below, measure=_measure(kind), when="one year"
    )


@given(deaths, st.sampled_from(["shmi", "cqc", "counts"]), st.randoms(use_true_random=False))
def test_the_order_of_units_does_not_matter(rows, method, random):
    assume(any(a for a, _ in rows) and any(a != b for a, b in rows))
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)
    one = FunnelPlot(method=method).compare(_units(rows))
    two = FunnelPlot(method=method).compare(_units([rows[at] for at in shuffled]))
    np.testing.assert_allclose([one.phi, one.tau2], [two.phi, two.tau2], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(one.wide.upper_95[shuffled], two.wide.upper_95, rtol=1e-9)


@given(deaths, st.sampled_from(["shmi", "cqc", "counts"]))
def test_limits_are_nested_around_the_target_and_allowing_for_more_widens_them(rows, method):
    assume(any(a for a, _ in rows) and any(a != b for a, b in rows))
    plot = FunnelPlot(method=method)
    funnel_ = plot.compare(_units(rows))
    # Trimming may leave too few units to estimate differences: then there are no wide limits.
    for limits in (funnel_.plain, funnel_.wide if np.isfinite(funnel_.tau2) else funnel_.plain):
        assert (limits.lower_998 <= limits.lower_95).all()
        assert (limits.lower_95 <= funnel_.target).all()
        assert (funnel_.target <= limits.upper_95).all()
        assert (limits.upper_95 <= limits.upper_998).all()
    error = np.full(3, 0.1)
    narrow, wide = (plot.wide_limits(error, target=1.0, tau2=tau2) for tau2 in (0.0, 0.04))
    assert (wide.upper_95 > narrow.upper_95).all()
    assert (wide.lower_95 < narrow.lower_95).all()


@given(st.lists(st.floats(-6, 6), min_size=4, max_size=60), st.sampled_from(["trim", "winsorise"]))
def test_treating_extremes_never_adds_to_the_differences(z, handling):
    z = np.array(z)
    error = np.full(len(z), 0.1)
    treated = funnel.dispersion(z, error, handling=handling, share=0.1)
    whole = funnel.dispersion(z, error, handling="none", share=0.1)
    assert treated.tau2 >= 0
    if handling == "winsorise":
        median = np.median(z)
        spread = np.nansum((treated.z - median) ** 2)
        assert spread <= np.sum((z - median) ** 2) + 1e-9
    assert np.isfinite(whole.phi)


# ---------------------------------------------------------------------- season, and many at once


@given(
    st.lists(st.floats(-10, 10), min_size=36, max_size=72), st.floats(-5, 5), st.sampled_from([0.5, 2.0, 8.0])
)
def test_a_season_is_tested_alike_in_any_unit_and_on_any_line(values, slope, unit):
    values = np.round(np.array(values), 3)
    plain = season.season_test(values, cycle=12)
    other = season.season_test(unit * (values + slope * np.arange(len(values)) + 3), cycle=12)
    if np.isfinite(plain.p_value) and np.ptp(values) > 0.1:
        assert other.p_value == pytest.approx(plain.p_value, abs=0.005)


@given(st.floats(-0.9, 0.9), st.lists(st.floats(-10, 10), min_size=3, max_size=40), st.data())
def test_innovations_undo_the_recursion_that_made_the_series(phi, noise, data):
    noise = np.array(noise)
    made = np.empty_like(noise)
    made[0] = noise[0] / np.sqrt(1 - phi**2)
    for at in range(1, len(noise)):
        made[at] = phi * made[at - 1] + noise[at]
    np.testing.assert_allclose(season.innovations(made, phi), noise, atol=1e-9)
    gap = data.draw(st.integers(1, len(noise) - 2)) if len(noise) > 2 else 1
    made[gap] = np.nan
    found = season.innovations(made, phi)
    assert np.isnan(found[gap])
    assert np.isfinite(np.delete(found, gap)).all()


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 2.0, 9.0, np.nan]), min_size=8, max_size=8),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["increase", "decrease", "neutral"]),
)
def test_screening_says_what_each_chart_says(rows, improvement):
    series = []
    for row in rows:
        values = np.array(row)
        assume(np.isfinite(values).any())
        one = _series(values, np.ones(8), kind="mean", improvement=improvement, target=1.0)
        series.append(one)
    found = screen_series(series)
    for at, one in enumerate(series):
        chart = XmR().chart(one)
        assert found.labels[at] == chart.labels
        assert found.variation[at] == chart.variation
        assert found.variation_side[at] == chart.variation_side
        assert found.assurance[at] == chart.assurance
        np.testing.assert_allclose(found.upper[at], chart.upper[chart.last], rtol=1e-12)
