"""Charts that are shown with others: beside each other, in facets, in a table and a grid, or screened."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from lean_impact.errors import DesignError, InputError, TableError
from lean_impact.kernels import season, special_causes
from lean_impact.kernels import xmr as kernel
from lean_impact.spc import (
    Baseline,
    Exclusion,
    Facets,
    GChart,
    PChart,
    Rebase,
    TargetStep,
    XmR,
    beside,
    chart_each,
    expected_false_signals,
    overview,
    screen_series,
)

ALTERNATING = [10.0, 12.0] * 10


def _ar1(rng, phi, n):
    noise = rng.standard_normal(n)
    for at in range(1, n):
        noise[at] = phi * noise[at - 1] + np.sqrt(1 - phi**2) * noise[at]
    return noise


# ---------------------------------------------------------------------- season and autocorrelation


def test_a_season_is_found_said_and_taken_out_beside(make_series):
    rng = np.random.default_rng(4)
    values = 60 + 8 * np.cos(np.arange(72) / 12 * 2 * np.pi) + rng.normal(0, 2, 72)
    chart = XmR().chart(make_series(values))
    assert chart.dependence.seasonal
    assert any("A season recurs" in words for words in chart.cautions)
    both = beside(chart)
    assert both.season_removed
    assert np.std(both.adjusted.values) < 0.5 * np.std(values)
    assert len(both.adjusted.signal_records) < len(chart.signal_records)
    assert "season" in both.description
    assert both.adjusted.target is None
    assert set(both.to_frame()["adjusted"]) == {False, True}
    figure = both.plot()
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["As it is", "Adjusted, taken out: season"]


def test_quarters_have_seasons_too_and_years_have_none(make_series):
    wave = np.tile([3.0, -1.0, 0.0, -2.0], 8) + np.random.default_rng(1).normal(0, 0.5, 32)
    assert XmR().chart(make_series(wave, frequency="quarter")).dependence.seasonal
    assert np.isnan(XmR().chart(make_series(wave, frequency="year")).dependence.season.p_value)


def test_two_years_are_too_few_to_test_a_season(make_series):
    chart = XmR().chart(make_series(60 + 8 * np.cos(np.arange(24) / 12 * 2 * np.pi)))
    assert np.isnan(chart.dependence.season.p_value)
    assert "too few whole years" in str(chart.dependence)


@pytest.mark.parametrize("phi", [0.0, 0.6])
def test_the_season_test_keeps_its_level_under_autocorrelation(phi):
    rng = np.random.default_rng(9)
    found = [season.season_test(_ar1(rng, phi, 48), cycle=12).p_value <= 0.05 for _ in range(400)]
    assert np.mean(found) <= 0.08


def test_without_season_and_autocorrelation_nothing_is_taken_out(make_series):
    chart = XmR().chart(make_series(np.random.default_rng(3).normal(0, 1, 48)))
    both = beside(chart)
    assert not both.changed
    assert both.cautions == ()
    np.testing.assert_array_equal(both.adjusted.values, chart.values)


def test_adjusted_charts_of_autocorrelated_noise_signal_as_rarely_as_those_of_independent_noise():
    rng = np.random.default_rng(2)
    noise = np.array([_ar1(rng, 0.6, 60) for _ in range(400)])

    def rate(values):
        found = kernel.signals(values, kernel.limits(values))
        return (special_causes.shown(found)[0] != 0).any(axis=1).mean()

    adjusted = []
    for values in noise:
        distances = values - values.mean()
        adjusted.append(season.innovations(distances, season.lag_one(distances)[0]))
    independent = expected_false_signals(1, n_points=60, seed=1).any_signal
    assert rate(noise) > 0.9
    assert rate(np.array(adjusted)) == pytest.approx(independent, abs=0.09)


def test_phases_exclusions_and_gaps_stay_where_they_were(make_series):
    rng = np.random.default_rng(6)
    values = np.concatenate([_ar1(rng, 0.8, 40), 20 + _ar1(rng, 0.8, 40)])
    values[10] = np.nan
    chart = XmR().chart(
        make_series(values),
        rebase=[Rebase(date=date(2021, 5, 1), reason="merged", who="board")],
        exclude=[Exclusion(date=date(2018, 4, 1), reason="outage", who="analyst")],
    )
    both = beside(chart)
    assert both.autocorrelation_removed > 0.3
    assert np.isnan(both.adjusted.values[10])
    assert both.adjusted.point_types[3] == "excluded"
    assert both.adjusted.phases[1].centre == pytest.approx(20, abs=2.5)
    assert any("as 2" in w or "as 3" in w or "as 4" in w or "%" in w for w in both.cautions)


def test_charts_by_event_have_no_calendar_to_adjust(make_series):
    with pytest.raises(DesignError, match="no season to take out"):
        beside(GChart().chart(make_series([3.0, 5.0, 2.0, 9.0] * 5)))


# ---------------------------------------------------------------------- facets


def test_each_facet_has_its_own_new_limits_and_target(make_series):
    one = make_series([*ALTERNATING, *[20.0, 22.0] * 10], trust="RTP")
    two = make_series([*ALTERNATING, *[20.0, 22.0] * 10], trust="RF4")
    facets = chart_each(
        XmR(),
        [one, two],
        rebase={("RF4", "seen-4h"): [Rebase(date=date(2019, 9, 1), reason="merged", who="board")]},
        target={
            ("RTP", "seen-4h"): 17.0,
            ("RF4", "seen-4h"): [TargetStep(start=date(2019, 1, 1), value=9.0)],
        },
    )
    assert [len(chart.phases) for chart in facets.charts] == [1, 2]
    assert [chart.target for chart in facets.charts] == [17.0, 9.0]
    assert facets.same_unit
    assert set(facets.to_frame()["trust"]) == {"RTP", "RF4"}
    axes = facets.plot().axes
    assert axes[0].get_ylim() == axes[1].get_ylim()
    assert facets.description.startswith("2 control charts, on one scale.")


def test_charts_of_different_measures_have_their_own_scale(make_series):
    other = make_series([100.0, 120.0] * 10, id="waits", name="Waits")
    facets = chart_each(XmR(), [make_series(ALTERNATING), other])
    assert not facets.same_unit
    axes = facets.plot(n_columns=1).axes
    assert axes[0].get_ylim() != axes[1].get_ylim()
    with pytest.raises(InputError, match="n_columns is 0"):
        facets.plot(n_columns=0)


def test_every_problem_of_every_series_is_listed(make_series):
    bad = make_series([np.nan] * 20, trust="RF4")
    with pytest.raises(InputError) as caught:
        chart_each(
            XmR(),
            [make_series([1.0, np.inf, 3.0]), bad],
            rebase={("RXX", "seen-4h"): [Rebase(date=date(2019, 1, 1), reason="r", who="w")]},
        )
    words = str(caught.value)
    assert "which is not among the series" in words
    assert "value 2 is infinite" in words
    assert "measure 'seen-4h' of RF4 has no figure at all" in words
    with pytest.raises(DesignError, match="no chart to show"):
        Facets(charts=())


# ---------------------------------------------------------------------- table and grid


def _charts(make_series):
    return [
        XmR().chart(make_series([*ALTERNATING, 40.0], trust="RTP", target=30.0)),
        XmR().chart(make_series(ALTERNATING, trust="RF4", target=11.0)),
        XmR().chart(make_series(ALTERNATING, trust="RR8")),
        XmR().chart(make_series([1.0, 2.0], trust="RKB")),
    ]


def test_the_table_holds_both_icons_in_words_and_the_expected_false_signals(make_series):
    charts = _charts(make_series)
    view = overview(charts)
    frame = view.to_frame()
    assert frame["variation"].tolist() == [
        "improvement",
        "common cause",
        "common cause",
        "too short to judge",
    ]
    assert frame["assurance"].tolist()[:2] == ["fail", "hit or miss"]
    assert frame["variation_words"].tolist() == [chart.variation_words for chart in charts]
    each = [expected_false_signals(1, n_points=n, seed=20231106).any_signal for n in (21, 20, 20)]
    assert view.any_signal == pytest.approx(sum(each), abs=0.1)
    assert f"about {view.any_signal:.1f} of these 4 charts" in view.note
    assert view.note in view.summary()


def test_the_grid_puts_improvement_that_still_fails_in_its_own_cell(make_series):
    view = overview(_charts(make_series), names=["waits", "falls", "staff", "new"])
    grid = view.grid().set_index("variation")
    assert grid.loc["Special cause: improvement", "Fail: target never met"] == "waits"
    assert grid.loc["Common cause", "Hit or miss: by chance"] == "falls"
    assert grid.loc["Common cause", "No target, or not judged"] == "staff"
    assert grid.loc["Too short to judge", "No target, or not judged"] == "new"
    assert "Special cause, no better direction" not in grid.index


def test_html_is_a_table_with_headers_icons_and_escaped_names(make_series):
    view = overview(_charts(make_series), names=["<script>x</script>", "b & c", "d", "e"])
    for markup in (view.to_html(), view.grid_html()):
        assert "<script>" not in markup
        root = ET.fromstring(f"<div>{markup.replace('<br>', '<br/>')}</div>")  # noqa: S314 - our own markup
        assert root.find(".//caption") is not None
        assert {cell.get("scope") for cell in root.iter("th")} == {"col", "row"}
        assert root.find(".//{http://www.w3.org/2000/svg}svg") is not None
        assert "about" in root[-1].text


def test_an_overview_needs_charts_and_a_name_for_each(make_series):
    with pytest.raises(DesignError, match="at least one chart"):
        overview([])
    with pytest.raises(DesignError, match="a name for each"):
        overview(_charts(make_series), names=["one"])


# ---------------------------------------------------------------------- many at once


def test_series_of_other_calendars_measures_and_lengths_keep_their_order(make_series):
    series = [
        make_series([*ALTERNATING, 40.0], target=30.0),
        make_series([1.0, 2.0], trust="RF4"),
        make_series([*ALTERNATING, 40.0], improvement="decrease", trust="RR8"),
        make_series([np.nan] * 21, trust="RKB"),
        make_series(ALTERNATING, start="2010-01", trust="RXW", target=5.0),
    ]
    found = screen_series(series)
    assert found.variation == (
        "improvement",
        "too short to judge",
        "concern",
        "too short to judge",
        "common cause",
    )
    assert found.assurance == ("fail", None, None, None, "pass")
    frame = found.to_frame()
    assert frame["trust"].tolist() == ["RTP", "RF4", "RR8", "RKB", "RXW"]
    assert frame["n_points"].tolist() == [21, 2, 21, 0, 20]
    assert "5 XmR charts" in found.summary()


def test_frozen_limits_of_many_are_those_of_each(make_series):
    rng = np.random.default_rng(1)
    series = [make_series(rng.normal(0, 1, 40), trust=f"R{at:02d}") for at in range(20)]
    found = screen_series(series, baseline_points=24)
    for at, one in enumerate(series):
        chart = XmR().chart(one, baseline=Baseline(freeze_after_points=24))
        assert found.labels[at] == chart.labels
        assert found.lower[at] == pytest.approx(chart.lower[-1])


def test_bad_series_are_all_named_and_nothing_is_screened(make_series):
    twice = make_series([1.0, 2.0, 3.0], trust="RF4")
    twice.periods[1] = twice.periods[0]
    with pytest.raises(TableError, match=r"2 problem\(s\)") as caught:
        screen_series([make_series([1.0, np.inf, 3.0]), twice])
    assert "RF4" in str(caught.value)
    with pytest.raises(DesignError, match="nothing can be screened"):
        screen_series([])


def test_proportions_can_stand_in_one_table_with_single_figures(make_series):
    one = make_series([0.4, 0.5] * 10, kind="proportion")
    counts = PChart().chart(
        type(one)(
            **{
                **{name: getattr(one, name) for name in type(one).__dataclass_fields__},
                "numerators": np.array([40.0, 50.0] * 10),
                "denominators": np.full(20, 100.0),
            }
        )
    )
    frame = overview([XmR().chart(one), counts]).to_frame()
    assert frame["chart"].tolist() == ["XmR", "p"]
    assert frame["denominator"].tolist()[1] == 100.0
