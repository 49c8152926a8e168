from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from lean_impact.errors import DesignError, TableError
from lean_impact.spc import Baseline, CChart, Exclusion, GChart, PChart, Rebase, TChart, UChart


def _series(make_series, above, below, **changes):
    above, below = np.array(above, dtype=float), np.array(below, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(below > 0, above / below, np.nan)
    series = make_series(values, **{"kind": "proportion", **changes})
    return replace(series, numerators=above, denominators=below)


BELOW = np.array([100.0, 120.0, 80.0, 90.0] * 5)
ABOVE = np.array([10.0, 9.0, 12.0, 8.0] * 5)


def test_a_p_chart_has_binomial_limits_that_follow_the_denominator(make_series):
    chart = PChart().chart(_series(make_series, ABOVE, BELOW))
    p = ABOVE.sum() / BELOW.sum()
    np.testing.assert_allclose(chart.centre, p)
    np.testing.assert_allclose(chart.upper, p + 3 * np.sqrt(p * (1 - p) / BELOW))
    assert chart.kind == "p"
    assert "p chart" in chart.summary()
    assert "Overall proportion" in chart.description


def test_large_denominators_get_laneys_limits_and_say_so(make_series):
    rng = np.random.default_rng(1)
    below = np.full(36, 8000.0)
    above = np.round(below * rng.normal(0.2, 0.03, 36))
    chart = PChart().chart(_series(make_series, above, below))
    assert chart.kind == "p'"
    assert chart.dispersion[0] > 3
    assert any("Laney's method" in words for words in chart.cautions)
    plain = PChart(overdispersion="none").chart(_series(make_series, above, below))
    assert plain.kind == "p"
    assert (plain.upper - plain.lower < chart.upper - chart.lower).all()
    assert any("choose Laney's method" in words for words in plain.cautions)


def test_limits_stop_at_what_can_be_reached(make_series):
    chart = PChart().chart(_series(make_series, [0, 1, 0, 2] * 5, np.full(20, 20.0)))
    assert set(chart.lower) == {0.0}
    high = PChart().chart(_series(make_series, [20, 19, 20, 18] * 5, np.full(20, 20.0)))
    assert set(high.upper) == {1.0}


def test_no_event_at_all_has_limits_on_zero(make_series):
    for choice in ("none", "laney"):
        chart = PChart(overdispersion=choice).chart(_series(make_series, np.zeros(14), np.full(14, 20.0)))
        assert set(chart.upper) == {0.0}
        assert chart.variation == "common cause"


def test_a_period_without_cases_has_no_figure_and_it_is_said(make_series):
    above, below = ABOVE.copy(), BELOW.copy()
    above[3] = below[3] = 0
    chart = PChart().chart(_series(make_series, above, below))
    assert np.isnan(chart.values[3])
    assert chart.point_types[3] == "no value"
    assert any("denominator of zero" in words for words in chart.cautions)


@pytest.mark.parametrize(
    ("at", "above", "below", "rule"),
    [
        (2, 90.0, 80.0, "numerator-above-denominator"),
        (2, 5.0, 0.0, "zero-denominator"),
        (2, -1.0, 80.0, "negative"),
        (2, np.inf, 80.0, "infinite"),
        (2, np.nan, 80.0, "half-missing"),
    ],
)
def test_rows_that_cannot_be_are_named(make_series, at, above, below, rule):
    numerators, denominators = ABOVE.copy(), BELOW.copy()
    numerators[at], denominators[at] = above, below
    with pytest.raises(TableError) as caught:
        PChart().chart(_series(make_series, numerators, denominators))
    assert rule in [issue.rule for issue in caught.value.issues]
    assert caught.value.issues[0].row == 3
    assert "2018-03-01" in str(caught.value)


def test_every_bad_row_is_listed_at_once(make_series):
    above = ABOVE.copy()
    above[[1, 4]] = -1
    above[6] = 999
    with pytest.raises(TableError, match=r"3 problem\(s\)"):
        PChart().chart(_series(make_series, above, BELOW))


def test_a_p_chart_of_something_else_and_a_chart_without_counts_are_refused(make_series):
    with pytest.raises(DesignError, match="needs a proportion"):
        PChart().chart(_series(make_series, ABOVE, BELOW, kind="ratio"))
    with pytest.raises(DesignError, match="no numerators and no denominators"):
        UChart().chart(make_series([1.0, 2.0, 3.0], kind="ratio"))


def test_a_rate_may_exceed_one_and_is_told_per_its_unit(make_series):
    chart = UChart(per=1000).chart(_series(make_series, 2 * BELOW, BELOW, kind="ratio"))
    np.testing.assert_allclose(chart.centre, 2000)
    assert chart.kind == "u"
    assert chart.provenance.parameters["per"] == "1000"
    with pytest.raises(DesignError, match="give the exposure"):
        UChart(per=0)


def test_decisions_work_as_on_an_xmr_chart(make_series):
    above = np.concatenate([ABOVE, 3 * ABOVE])
    series = _series(make_series, above, np.tile(BELOW, 2))
    rebase = [Rebase(date=date(2019, 9, 1), reason="merged", who="board")]
    chart = PChart().chart(series, rebase=rebase)
    assert [round(phase.centre, 3) for phase in chart.phases] == [0.1, 0.3]
    frozen = PChart().chart(series, baseline=Baseline(freeze_before=date(2019, 9, 1)))
    assert frozen.variation_side == "high"
    assert set(frozen.basis[20:]) == {False}
    out = Exclusion(date=date(2018, 1, 1), reason="outage", who="analyst")
    left = PChart().chart(series, rebase=rebase, exclude=[out])
    assert left.point_types[0] == "excluded"
    assert any("1 point(s) left out" in words for words in left.cautions)


def test_a_count_chart_has_poisson_limits_and_refuses_negative_counts(make_series):
    values = [4.0, 9.0, 6.0, 5.0] * 4
    chart = CChart().chart(make_series(values, kind="count"))
    np.testing.assert_allclose(chart.upper, 6 + 3 * np.sqrt(6))
    assert set(chart.lower) == {0.0}
    with pytest.raises(TableError, match="a negative count"):
        CChart().chart(make_series([1.0, -2.0, 3.0], kind="count"))


def test_gaps_are_read_from_their_median_and_times_from_their_transform(make_series):
    gaps = [26.0, 14.0, 7.0, 19.0, 3.0, 3.0, 33.0, 26.0, 30.0, 48.0, 1.0, 12.0, 30.0]
    chart = GChart().chart(make_series(gaps))
    mean = np.mean(gaps)
    assert set(chart.centre) == {np.median(gaps)}
    np.testing.assert_allclose(chart.upper, mean + 3 * np.sqrt(mean * (mean + 1)))
    assert "median" in chart.description.lower()
    times = TChart().chart(make_series(gaps))
    assert (times.lower < times.centre).all()
    np.testing.assert_allclose(times.centre, np.mean(np.array(gaps) ** (1 / 3.6)) ** 3.6)


def test_a_gap_of_zero_can_be_in_cases_but_not_in_time(make_series):
    values = [3.0, 0.0, 5.0, 7.0, 2.0, 9.0]
    assert GChart().chart(make_series(values)).variation == "common cause"
    with pytest.raises(TableError, match="finer unit"):
        TChart().chart(make_series(values))
    with pytest.raises(TableError, match="negative gap"):
        GChart().chart(make_series([3.0, -1.0, 5.0]))


@pytest.mark.parametrize("chart", [CChart(), GChart(), TChart()])
def test_one_or_two_points_are_too_short_to_judge(make_series, chart):
    found = chart.chart(make_series([4.0, 5.0]))
    assert found.variation == "too short to judge"
    assert np.isnan(found.upper).all()
