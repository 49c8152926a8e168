"""Weekly figures through every room: the panel, the searches for changes, charts, quality and an effect."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lean_impact.changepoints import GoLive, RupturesDetector, Screen, Segmentation, StepTest
from lean_impact.domain import Window
from lean_impact.effects import DifferenceInDifferences, InterruptedTimeSeries
from lean_impact.errors import TableError
from lean_impact.quality import assess
from lean_impact.spc import XmR, beside
from lean_impact.tables import Panel, Series
from lean_impact.tables.calendar import periods_from
from lean_impact.testing import SyntheticDesign, synthetic_panel

FIRST = date(2015, 7, 6)
KNOWN = synthetic_panel(
    SyntheticDesign(
        frequency="week",
        first=FIRST,
        n_before=80,
        n_after=80,
        effect=0.06,
        season=0.02,
        autocorrelation=0.2,
        change_spread=0.002,
    ),
    seed=4,
)
MEASURE = KNOWN.design.measure
TEST = StepTest(draws=2000)
START = KNOWN.start


def series_of(trust="T01"):
    return KNOWN.panel.series(trust, MEASURE.id)


def rows(days, trust="RTP"):
    return pd.DataFrame(
        {
            "trust": trust,
            "measure": MEASURE.id,
            "period": [str(day) for day in days],
            "value": 0.5,
            "flag": "published",
            "source": "made up",
        }
    )


# ---------------------------------------------------------------------------- tables


@given(
    first=st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    n=st.integers(3, 60),
    left_out=st.sets(st.integers(1, 58)),
)
@settings(max_examples=8)
def test_missing_weeks_become_rows_whatever_day_weeks_begin_on(first, n, left_out):
    days = [first + timedelta(days=7 * at) for at in range(n) if at in {0, n - 1} or at not in left_out]
    panel = Panel.from_frame(rows(days), measures=[MEASURE])
    series = panel.series("RTP", MEASURE.id)
    assert (series.periods == periods_from(first, n, "week")).all()
    assert int(np.isfinite(series.values).sum()) == len(days)
    assert panel.wide(MEASURE.id).index.tolist() == [pd.Timestamp(day) for day in series.periods]


def test_weeks_of_another_weekday_are_named_with_trust_and_date():
    days = periods_from(FIRST, 8, "week")
    odd = np.array(["2015-07-15", "2015-07-22"], dtype="datetime64[D]")
    frame = pd.concat([rows(days), rows(days[:2], "RAL"), rows(odd, "RXX")], ignore_index=True)
    with pytest.raises(TableError) as caught:
        Panel.from_frame(frame, measures=[MEASURE])
    issues = caught.value.issues
    assert [(issue.rule, issue.row) for issue in issues] == [("off-calendar", 11), ("off-calendar", 12)]
    for issue, day in zip(issues, odd, strict=True):
        for words in ("RXX", str(day), "Wednesday", "Monday", "7 days apart"):
            assert words in issue.message


def test_quarters_of_two_trusts_share_one_calendar():
    quarterly = MEASURE.model_copy(update={"frequency": "quarter"})
    frame = pd.concat(
        [
            rows(periods_from(date(2015, 1, 1), 4, "quarter")),
            rows(periods_from(date(2015, 2, 1), 2, "quarter"), "RXX"),
        ]
    )
    with pytest.raises(TableError, match="cannot be used: 2 problems") as caught:
        Panel.from_frame(frame, measures=[quarterly])
    assert "like 2015-01-01" in caught.value.issues[0].message


def test_findings_on_weekly_figures_name_weeks():
    frame = KNOWN.panel.frame
    gone = (frame["trust"] == "T01") & frame["period"].isin(frame["period"].unique()[[10, 11, 12]])
    panel = Panel.from_frame(frame[~gone], measures=[MEASURE])
    (gap,) = [
        found
        for found in assess(panel, measures=[MEASURE.id], trusts=["T01"]).findings
        if found.kind == "gap"
    ]
    assert gap.what.startswith("Week of 14 Sep 2015 to week of 28 Sep 2015 (3 weeks)")
    assert gap.end == date(2015, 10, 5)


# ---------------------------------------------------------------------------- changes


@pytest.mark.parametrize("detector", [TEST, Segmentation(draws=2000), RupturesDetector(seed=1, draws=199)])
def test_searches_find_the_week_and_say_so(detector):
    result = detector.detect(series_of())
    (change,) = result.changes
    assert abs((change.period - START).days) <= 14
    assert result.label(change.period).startswith("week of ")
    assert result.seasonal or isinstance(detector, RupturesDetector)


def test_a_date_set_reads_in_weeks_and_knows_the_days_in_them():
    location = TEST.detect(series_of()).changes[0].location
    assert "week of" in str(location)
    first = location.periods[0]
    assert location.contains(first + timedelta(days=6))
    assert location.end == location.periods[-1] + timedelta(days=7)


def test_a_screen_of_weekly_series_finds_the_sites_that_changed():
    found = Screen(test=TEST).detect([series_of(trust) for trust in KNOWN.panel.trusts])
    kept = {one.trust for one, keep in zip(found.series, found.kept, strict=True) if keep}
    assert {"T01", "T02"} <= kept
    assert "week of" in found.summary()


def test_series_of_two_weekdays_are_not_screened_as_one():
    one = series_of("T01")
    other = replace(series_of("T02"), periods=series_of("T02").periods + np.timedelta64(2, "D"))
    with pytest.raises(TableError) as caught:
        Screen(test=TEST).detect([one, other])
    assert "T02" in caught.value.issues[0].message


def test_weeks_must_follow_each_other():
    one = series_of()
    periods = one.periods.copy()
    periods[5:] += np.timedelta64(1, "D")
    with pytest.raises(TableError) as caught:
        TEST.detect(replace(one, periods=periods))
    (issue,) = caught.value.issues
    assert (issue.rule, issue.row) == ("period-step", 6)
    assert "2015-08-10" in issue.message


def test_changes_follow_the_weeks_in_which_sites_went_live():
    rng = np.random.default_rng(3)
    weeks = periods_from(FIRST, 100, "week")
    places = [20, 35, 50, 65, 80]
    sites = [
        Series(
            trust=f"S{at}",
            measure=MEASURE,
            periods=weeks,
            values=0.5 + 0.01 * rng.normal(size=100) + 0.05 * (np.arange(100) >= at),
            numerators=np.full(100, np.nan),
            denominators=np.full(100, np.nan),
            flags=np.full(100, "published"),
        )
        for at in places
    ]
    # Windows begin and end in the middle of a week: the week they touch counts.
    windows = {
        site.trust: Window(
            start=weeks[at].item() + timedelta(days=2), end=weeks[at].item() + timedelta(days=5)
        )
        for site, at in zip(sites, places, strict=True)
    }
    found = GoLive(test=TEST, lag=1).evaluate(sites, windows=windows)
    assert found.verdict == "yes"
    assert [site.declared for site in found.sites] == [weeks[at].item() for at in places]
    assert all(site.mass > 0.5 for site in found.sites)


# ---------------------------------------------------------------------------- charts and effects


def test_a_weekly_chart_takes_out_the_season_by_twelfths_of_the_year():
    weeks = periods_from(FIRST, 208, "week")
    wave = np.sin(2 * np.pi * np.arange(208) / 52.18)
    nothing = np.full(208, np.nan)
    series = Series(
        trust="RTP",
        measure=MEASURE,
        periods=weeks,
        values=0.5 + 0.05 * wave + 0.01 * np.random.default_rng(1).normal(size=208),
        numerators=nothing,
        denominators=nothing,
        flags=np.full(208, "published"),
    )
    chart = XmR().chart(series)
    assert chart.dependence.seasonal
    assert ": RTP. Week of 6 Jul 2015 to week of" in chart.description
    both = beside(chart)
    assert np.nanstd(both.adjusted.values) < 0.4 * np.std(series.values)


@pytest.mark.parametrize("season", ["dummies", "harmonics", "none"])
def test_an_interrupted_weekly_series_finds_the_effect(season):
    result = KNOWN.estimate(InterruptedTimeSeries(season=season, slope_change=False, draws=199))
    assert result.pooled.value == pytest.approx(KNOWN.effect, abs=0.03)


def test_weeks_over_the_edge_of_a_window_are_left_out():
    design = KNOWN.adoption
    later = Window(start=design.window.start, end=design.window.end - timedelta(days=3))
    shifted = replace(design, window=later)
    whole = DifferenceInDifferences(seed=1).estimate(KNOWN.panel, design)
    part = DifferenceInDifferences(seed=1).estimate(KNOWN.panel, shifted)
    assert whole.path.used.sum() == part.path.used.sum() + 1
