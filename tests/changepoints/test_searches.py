"""Searches under autocorrelated noise: what they find, what they refuse, what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from lean_impact.changepoints import GoLive, RupturesDetector, Screen, Segmentation, StepTest
from lean_impact.domain import Window
from lean_impact.errors import DesignError, TableError
from lean_impact.kernels.autoregression import simulate_ar1

TEST = StepTest(draws=2000)
MANY = Segmentation(draws=2000)


def noise(n_series, n, phi=0.0, seed=1):
    return simulate_ar1(np.full(n_series, phi), n_periods=n, rng=np.random.default_rng(seed))


def named(series, trust):
    return replace(series, trust=trust)


@pytest.mark.parametrize("phi", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_stable_series_seldom_alarm_and_sets_hold_the_date(make_series, phi, missing):
    """Loose bounds for 200 series; benchmarks/changepoint_quality.py measures more."""
    rng = np.random.default_rng(5)
    stable = noise(200, 60, phi)
    places = rng.integers(20, 40, 200)
    stepped = stable + 2.0 * (np.arange(60) >= places[:, None])
    blank = rng.random(stable.shape) < missing
    stable[blank] = stepped[blank] = np.nan
    screens = [
        Screen(test=TEST).detect([make_series(row, kind="mean") for row in rows])
        for rows in (stable, stepped)
    ]
    assert (screens[0].p_values <= 0.05).mean() <= 0.10
    (group,) = screens[1].groups
    assert group.found.members[np.arange(200), places].mean() >= 0.91


def test_three_levels_are_found_with_their_sizes(make_series):
    values = 0.5 * noise(1, 120, 0.3)[0] + np.repeat([0.0, 3.0, 1.0], 40)
    result = MANY.detect(make_series(values, kind="mean"))
    assert len(result.changes) == 2
    for change, truth, size in zip(result.changes, ["2015-05", "2018-09"], [3.0, -2.0], strict=True):
        assert change.location.contains(np.datetime64(truth, "D").astype(date))
        assert change.lower < size < change.upper
    assert result.phi < 0.7  # the levels are not taken for autocorrelation


def test_a_kink_is_a_change_of_slope(make_series):
    values = 0.3 * noise(1, 96)[0] + 0.15 * np.maximum(np.arange(96) - 48, 0)
    (change,) = StepTest(form="both", draws=2000).detect(make_series(values, kind="mean")).changes
    assert change.kind == "slope"
    assert change.slope.lower < 0.15 < change.slope.upper


@pytest.mark.parametrize(("cost", "kind"), [("binomial", "proportion"), ("poisson", "ratio")])
def test_counts_are_searched_with_their_denominators(make_series, cost, kind):
    rng = np.random.default_rng(6)
    cases = rng.integers(150, 600, 72).astype(float)
    events = rng.binomial(cases.astype(int), np.repeat([0.12, 0.2], 36)).astype(float)
    series = replace(make_series(events / cases, kind=kind), numerators=events, denominators=cases)
    result = Segmentation(cost=cost, draws=2000).detect(series)
    assert [abs((change.period - date(2015, 1, 1)).days) < 40 for change in result.changes] == [True]
    assert 0.5 < result.dispersion < 2.0


def test_counts_are_needed_where_they_are_asked_for(make_series):
    with pytest.raises(DesignError, match="needs a numerator and a denominator"):
        Segmentation(cost="binomial").detect(make_series(np.linspace(0.1, 0.2, 48) + 0.01 * noise(1, 48)[0]))


def test_what_is_no_series_is_refused_with_every_problem(make_series):
    series = make_series(np.linspace(0.4, 0.6, 30))
    top, bottom = np.full(30, 5.0), np.full(30, 10.0)
    top[3], bottom[7] = 11.0, 0.0
    values, periods = series.values.copy(), series.periods.copy()
    values[9], periods[12] = np.inf, periods[11]
    spoilt = replace(series, values=values, periods=periods, numerators=top, denominators=bottom)
    for detector in (TEST, MANY, RupturesDetector(seed=1)):
        with pytest.raises(TableError) as caught:
            detector.detect(spoilt)
        assert {issue.rule for issue in caught.value.issues} >= {
            "infinite",
            "period-order",
            "denominator",
            "numerator-above-denominator",
        }
    with pytest.raises(TableError, match="R1 seen-4h"):
        Screen(test=TEST).detect([named(spoilt, "R1")])


@pytest.mark.parametrize("values", [np.full(60, np.nan), np.array([1.0]), np.linspace(0, 1, 20)])
def test_too_little_to_judge_is_said(make_series, values):
    for detector in (TEST, MANY):
        result = detector.detect(make_series(values, kind="mean"))
        assert result.status == "too short"
        assert "too short to judge" in result.summary()
    screening = Screen(test=TEST).detect([make_series(values, kind="mean")])
    assert screening.to_frame()["status"].tolist() == ["too short"]
    with pytest.raises(DesignError, match="longer series"):
        screening.agreement()


def test_bad_settings_are_all_listed():
    with pytest.raises(DesignError) as caught:
        StepTest(seed=-1, false_alarm=2, level=1, min_size=0, draws=3, form="x", season="y")
    assert len(caught.value.issues) == 7
    with pytest.raises(DesignError) as caught:
        RupturesDetector(seed=1, search="dynp", penalty=-1)
    assert len(caught.value.issues) == 2


def test_the_ruptures_adapter_takes_any_search_and_cost(make_series, step_series):
    from ruptures.base import BaseCost

    class Median(BaseCost):
        model = ""
        min_size = 2

        def fit(self, signal):
            self.signal = signal
            return self

        def error(self, start, end):
            part = self.signal[start:end]
            return float(np.abs(part - np.median(part)).sum())

    for settings in (
        {"search": "pelt"},
        {"search": "dynp", "n_changes": 1},
        {"search": "binseg", "cost": Median()},
        {"penalty": 8.0},
    ):
        result = RupturesDetector(seed=1, draws=199, **settings).detect(step_series)
        assert [change.period for change in result.changes] == [date(2014, 7, 1)]
        assert result.changes[0].location.contains(date(2014, 7, 1))


def test_a_boundary_is_offered_and_needs_a_reason(step_series):
    (offered,) = TEST.detect(step_series).boundaries()
    assert offered.period == date(2014, 7, 1)
    assert "not accepted" in str(offered)
    assert "Jul 2014" in offered.reason_needed


def test_shared_shocks_stand_out_and_false_discoveries_are_counted(make_series):
    values = noise(40, 60, 0.2)
    values[:25, 30:] += 3.0
    screening = Screen(test=TEST).detect(
        [named(make_series(row, kind="mean"), f"R{at:02}") for at, row in enumerate(values)]
    )
    assert screening.n_kept >= 25
    assert screening.expected_false < 3
    agreement = screening.agreement(draws=199)
    assert any(item.window.contains(date(2014, 7, 1)) for item in agreement.shared)
    assert "Jul 2014" in agreement.summary()
    ax = agreement.plot()
    assert ax.get_title(loc="left") == agreement.title


def programme(make_series, *, shock, seed=3):
    starts = [14, 20, 26, 32, 38, 44]
    values = noise(6, 60, 0.2, seed)
    for row, start in enumerate(starts):
        values[row, (30 if shock else start + 1) :] += 2.5
    series = [named(make_series(row, kind="mean"), f"R{at}") for at, row in enumerate(values)]
    days = [one.periods[at].astype(date) for one, at in zip(series, starts, strict=True)]
    windows = {f"R{at}": Window(start=day, end=day.replace(day=28)) for at, day in enumerate(days)}
    return series, windows


def test_a_programme_is_told_from_a_shared_shock(make_series):
    series, windows = programme(make_series, shock=False)
    assert GoLive(test=TEST).evaluate(series, windows=windows).verdict == "yes"
    series, windows = programme(make_series, shock=True)
    found = GoLive(test=TEST).evaluate(series, windows=windows)
    assert found.verdict == "no evidence"
    assert found.n_significant >= 2  # the plain test is taken in
    assert len(found.to_frame()) == 6


def test_one_window_for_all_needs_controls(make_series):
    window = Window(start=date(2014, 7, 1), end=date(2014, 10, 1))
    values = noise(30, 60, 0.2, 9)
    values[:5, 31:] += 3.0
    series = [named(make_series(row, kind="mean"), f"R{at:02}") for at, row in enumerate(values)]
    windows = {one.trust: window for one in series[:5]}
    alone = GoLive(test=TEST).evaluate(series[:5], windows=windows)
    assert alone.verdict == "cannot be told"
    against = GoLive(test=TEST).evaluate(series[:5], windows=windows, controls=series[5:])
    assert against.verdict == "yes"
    everywhere = [replace(one, values=one.values + 3.0 * (np.arange(60) >= 31)) for one in series[5:]]
    assert (
        GoLive(test=TEST).evaluate(series[:5], windows=windows, controls=everywhere).verdict == "no evidence"
    )


def test_a_go_live_question_that_makes_no_sense_is_refused(make_series):
    series = named(make_series(noise(1, 60)[0], kind="mean"), "R1")
    with pytest.raises(DesignError) as caught:
        GoLive(test=TEST).evaluate([series, series], windows={}, controls=[series])
    assert len(caught.value.issues) == 4
