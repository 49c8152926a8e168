from __future__ import annotations

from datetime import date

import numpy as np
import pytest

import lean_impact
from lean_impact.changepoints import Detector, RupturesDetector
from lean_impact.errors import DesignError, TableError
from lean_impact.kernels.autoregression import simulate_ar1

DETECTOR = RupturesDetector(seed=11, draws=199)


def noise(n, phi=0.0, seed=1):
    return simulate_ar1(np.array([phi]), n_periods=n, rng=np.random.default_rng(seed))[0]


def dates(result):
    return [change.period for change in result.changes]


def test_it_is_a_detector():
    assert isinstance(DETECTOR, Detector)


def test_a_step_is_found_with_its_levels(step_series):
    result = DETECTOR.detect(step_series)
    (change,) = result.changes
    assert change.period == date(2014, 7, 1)
    assert change.before == pytest.approx(0.80, abs=0.01)
    assert change.after == pytest.approx(0.92, abs=0.01)
    assert change.lower < 0.12 < change.upper
    assert change.lower > 0
    assert change.p_value.value == change.p_value.smallest == pytest.approx(1 / 200)
    assert [(s.start, s.end, s.n_observed) for s in result.segments] == [
        (date(2012, 1, 1), date(2014, 7, 1), 30),
        (date(2014, 7, 1), date(2017, 1, 1), 30),
    ]
    assert result.status == "judged"
    assert result.seasonal


def test_a_step_without_any_noise_gives_one_change_and_no_more(make_series):
    for values in (np.repeat([0.5, 0.7], 30), np.repeat([0.5, 0.7, 0.6], [24, 40, 40])):
        result = DETECTOR.detect(make_series(values))
        assert len(result.changes) == np.count_nonzero(np.diff(values))
        assert result.fitted == pytest.approx(values)


def test_season_is_no_change_and_is_given_back_in_the_fit(make_series):
    season = 0.05 * np.sin(np.arange(96) * 2 * np.pi / 12)
    values = 0.85 + season + 0.005 * noise(96)
    result = DETECTOR.detect(make_series(values))
    assert result.changes == ()
    assert np.abs(result.fitted - 0.85 - season).max() < 0.01


def test_a_purely_seasonal_series_is_constant(make_series):
    values = 0.85 + 0.05 * np.sin(np.arange(96) * 2 * np.pi / 12)
    assert DETECTOR.detect(make_series(values)).status == "constant"


def test_there_and_back_again_is_two_changes(make_series):
    values = noise(120, phi=0.3)
    values[50:62] -= 5
    result = DETECTOR.detect(make_series(values, kind="mean"))
    assert dates(result) == [date(2016, 3, 1), date(2017, 3, 1)]


def test_four_levels_are_all_found_one_after_the_other(make_series):
    """A single pass would take the far levels for autocorrelation."""
    values = 0.6 * noise(120) + np.repeat([0.0, 3.0, 1.0, 5.0], 30)
    result = DETECTOR.detect(make_series(values, kind="mean"))
    assert dates(result) == [date(2014, 7, 1), date(2017, 1, 1), date(2019, 7, 1)]
    assert abs(result.phi) < 0.3


def test_autocorrelation_is_recovered_with_its_uncertainty(make_series):
    inside = 0
    for seed in range(20):
        result = DETECTOR.detect(make_series(noise(120, phi=0.6, seed=seed), kind="mean"))
        inside += result.phi_lower <= 0.6 <= result.phi_upper
    assert inside >= 15


def test_the_penalty_reproduces_the_segmentation(make_series):
    import ruptures

    values = np.repeat([0.0, 3.0], 30) + noise(60)
    result = DETECTOR.detect(make_series(values, frequency="year", start="1950-01", kind="mean"))
    assert not result.seasonal
    again = ruptures.KernelCPD(kernel="linear", min_size=6, jump=1).fit(values[:, None])
    assert again.predict(pen=result.penalty)[:-1] == [30]
    assert dates(result) == [date(1980, 1, 1)]


def test_missing_periods_are_left_out_and_named(step_series, make_series):
    values = step_series.values.copy()
    values[[3, 4, 40]] = np.nan
    result = DETECTOR.detect(make_series(values))
    assert dates(result) == [date(2014, 7, 1)]
    assert any("Apr 2012, May 2012, May 2015" in caution for caution in result.cautions)
    assert not np.isnan(result.fitted).any()
    assert sum(segment.n_observed for segment in result.segments) == 57


def test_missing_at_the_ends_is_no_hole(step_series, make_series):
    values = np.concatenate([[np.nan] * 4, step_series.values, [np.nan]])
    result = DETECTOR.detect(make_series(values, start="2011-09"))
    assert dates(result) == [date(2014, 7, 1)]
    assert not any("left out" in caution for caution in result.cautions)
    assert result.segments[0].start == date(2012, 1, 1)
    assert result.segments[-1].end == date(2017, 1, 1)


def test_a_change_in_a_hole_shows_at_the_next_figure(step_series, make_series):
    values = step_series.values.copy()
    values[28:33] = np.nan
    assert dates(DETECTOR.detect(make_series(values))) == [date(2014, 10, 1)]


@pytest.mark.parametrize(
    ("values", "status"),
    [
        (np.full(60, np.nan), "too short"),
        (np.array([]), "too short"),
        (np.linspace(0.5, 0.6, 23), "too short"),
        (np.full(60, 0.9), "constant"),
        (np.full(60, 0.0), "constant"),
        (np.full(60, 1 / 3), "constant"),
    ],
)
def test_figures_that_say_nothing_give_a_result_that_says_so(make_series, values, status):
    result = DETECTOR.detect(make_series(values))
    assert result.status == status
    assert result.changes == ()
    assert result.p_value is None
    assert np.isnan(result.false_alarm_rate)
    expected = "too short to judge" if status == "too short" else "constant"
    assert expected in result.summary()
    assert expected in result.description or len(values) == 0
    assert len(result.to_frame()) == 0


def test_infinite_values_are_refused_all_at_once(make_series):
    values = np.linspace(0, 1, 60)
    values[[3, 9]] = np.inf, -np.inf
    with pytest.raises(TableError, match="infinite") as caught:
        DETECTOR.detect(make_series(values))
    assert [issue.row for issue in caught.value.issues] == [4, 10]
    assert "2012-04-01" in str(caught.value)


def test_imputed_figures_are_counted(step_series, make_series):
    flags = np.array(["published"] * 57 + ["imputed"] * 3)
    result = DETECTOR.detect(make_series(step_series.values, flags=flags))
    assert any("3 of 60 figures are imputed" in caution for caution in result.cautions)


def test_a_trend_in_white_noise_brings_the_caution(make_series):
    values = np.linspace(0, 3, 96) + noise(96)
    result = DETECTOR.detect(make_series(values, kind="mean"))
    assert result.changes
    assert any("straight line" in caution for caution in result.cautions)


def test_a_plain_step_brings_no_trend_caution(step_series):
    assert not any("straight line" in caution for caution in DETECTOR.detect(step_series).cautions)


def test_slow_series_bring_a_caution(make_series):
    result = DETECTOR.detect(make_series(noise(120, phi=0.95, seed=4), kind="mean"))
    assert any("drift" in caution for caution in result.cautions)


def test_quarters_have_a_season_of_four(make_series):
    values = 0.9 + np.tile([0.02, 0.0, -0.04, 0.02], 12) + 0.004 * noise(48)
    values[24:] -= 0.05
    result = DETECTOR.detect(make_series(values, frequency="quarter"))
    assert result.seasonal
    assert dates(result) == [date(2018, 1, 1)]


def test_three_years_are_needed_for_a_season(make_series):
    values = 0.9 + 0.02 * noise(36)
    assert not DETECTOR.detect(make_series(values[:35])).seasonal
    assert DETECTOR.detect(make_series(values)).seasonal


def test_a_month_that_was_never_observed_has_no_fitted_value(make_series):
    values = 0.9 + 0.02 * noise(60)
    values[11::12] = np.nan
    fitted = DETECTOR.detect(make_series(values)).fitted
    assert np.isnan(fitted[11::12]).all()
    assert np.isfinite(np.delete(fitted, np.arange(11, 60, 12))).all()


def test_a_segment_as_short_as_allowed_brings_a_caution(make_series):
    values = noise(60)
    values[30:36] -= 6
    result = DETECTOR.detect(make_series(values, kind="mean"))
    assert 6 in [segment.n_observed for segment in result.segments]
    assert any("just the 6 figures" in caution for caution in result.cautions)


def test_provenance_holds_what_is_needed_to_repeat(step_series):
    provenance = DETECTOR.detect(step_series).provenance
    assert provenance.seed == 11
    assert provenance.version == lean_impact.__version__
    assert "of ruptures 1." in provenance.parameters["detector"]
    assert provenance.parameters["draws"] == "199"
    assert provenance.parameters["false_alarm"] == "0.05"


def test_bad_parameters_are_all_listed():
    with pytest.raises(DesignError) as caught:
        RupturesDetector(seed=-1, false_alarm=1.5, draws=10, min_size=1)
    assert len(caught.value.issues) == 4
    with pytest.raises(DesignError, match="give 999 or more"):
        RupturesDetector(seed=1, false_alarm=0.001)
