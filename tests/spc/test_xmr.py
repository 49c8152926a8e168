from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from lean_impact.errors import DesignError, TableError
from lean_impact.spc import NHS_2023, NHSRPLOTTHEDOTS_0_2, Baseline, Exclusion, Rebase, XmR

ALTERNATING = [10.0, 12.0] * 8


def _rebase(day, reason="wards merged"):
    return Rebase(date=day, reason=reason, who="board", source="minutes")


def _exclusion(day):
    return Exclusion(date=day, reason="system outage", who="analyst", source="log")


# ---------------------------------------------------------------------- frozen limits


def test_limits_frozen_before_a_date_rest_on_the_periods_that_end_by_then(make_series):
    series = make_series([*ALTERNATING, 20.0, 21.0])
    chart = XmR().chart(series, baseline=Baseline(freeze_before=date(2019, 5, 1)))
    assert chart.basis.tolist() == [True] * 16 + [False] * 2
    assert set(chart.centre) == {11.0}
    assert chart.upper[0] == pytest.approx(11 + 2.66 * 2)
    assert chart.labels[-2:] == ("above upper limit", "above upper limit")
    assert chart.frozen
    assert not chart.trial


def test_the_period_in_which_the_programme_started_is_not_baseline(make_series):
    series = make_series(ALTERNATING)
    chart = XmR().chart(series, baseline=Baseline(freeze_before=date(2019, 3, 15)))
    assert int(chart.basis.sum()) == 14
    quarters = make_series(ALTERNATING, frequency="quarter")
    chart = XmR().chart(quarters, baseline=Baseline(freeze_before=date(2019, 9, 1)))
    assert chart.periods[chart.basis][-1] == np.datetime64("2019-04-01")


@pytest.mark.parametrize(("n_points", "trial"), [(12, True), (13, False)])
def test_fewer_than_13_baseline_points_make_trial_limits_and_it_is_said(make_series, n_points, trial):
    series = make_series(ALTERNATING)
    freeze = series.periods[n_points].item()
    chart = XmR().chart(series, baseline=Baseline(freeze_before=freeze))
    assert chart.trial is trial
    assert ("trial limits" in chart.summary()) is trial
    assert any("trial limits: they rest on 12 points" in words for words in chart.cautions) is trial


def test_frozen_limits_belong_to_the_phase_of_the_date(make_series):
    series = make_series([*ALTERNATING, *[20.0, 22.0] * 8])
    chart = XmR().chart(
        series, baseline=Baseline(freeze_before=date(2019, 1, 1)), rebase=[_rebase(date(2019, 5, 1))]
    )
    assert [phase.n_basis for phase in chart.phases] == [12, 16]
    assert [phase.centre for phase in chart.phases] == [11.0, 21.0]


def test_limits_frozen_after_points_count_figures_and_not_gaps(make_series):
    values = [*ALTERNATING[:5], np.nan, *ALTERNATING[5:]]
    chart = XmR().chart(make_series(values), baseline=Baseline(freeze_after_points=12))
    assert int(chart.basis.sum()) == 12
    assert chart.basis.tolist().index(False) == 5


def test_a_baseline_without_enough_figures_is_too_short_to_judge(make_series):
    chart = XmR().chart(make_series(ALTERNATING), baseline=Baseline(freeze_before=date(2018, 3, 1)))
    assert chart.variation == "too short to judge"
    assert chart.assurance is None
    assert np.isnan(chart.upper).all()
    assert set(chart.point_types) == {"not judged"}
    assert "too short to judge" in chart.summary()


@pytest.mark.parametrize("day", [date(2017, 12, 1), date(2018, 1, 1), date(2019, 5, 1), date(2030, 1, 1)])
def test_a_baseline_that_leaves_nothing_before_or_after_is_refused(make_series, day):
    with pytest.raises(DesignError, match="choose a date within it"):
        XmR().chart(make_series(ALTERNATING), baseline=Baseline(freeze_before=day))


def test_a_baseline_is_one_thing_or_the_other():
    with pytest.raises(DesignError, match="give one of them"):
        Baseline()
    with pytest.raises(DesignError, match="give one of them"):
        Baseline(freeze_before=date(2019, 1, 1), freeze_after_points=12)
    with pytest.raises(DesignError, match="12 points or more"):
        Baseline(freeze_after_points=11)


# ---------------------------------------------------------------------- phases, exclusions, records


def test_rules_restart_on_the_rebase_date(make_series):
    series = make_series([1.0, 2.0] * 8 + [9.0, 11.0] * 8)
    chart = XmR().chart(series, rebase=[_rebase(date(2019, 5, 1))])
    assert chart.phase.tolist() == [1] * 16 + [2] * 16
    assert set(chart.labels) == {"common cause"}
    assert chart.phases[1].reason == "1 May 2019: wards merged (board; minutes)"
    assert "wards merged" in chart.summary()
    assert "wards merged" in chart.description


def test_a_rebase_on_the_first_date_starts_no_second_phase(make_series):
    chart = XmR().chart(make_series(ALTERNATING), rebase=[_rebase(date(2018, 1, 1))])
    assert set(chart.phase) == {1}
    assert "wards merged" in chart.phases[0].reason


@pytest.mark.parametrize("n_points", [1, 2])
def test_a_phase_of_one_or_two_points_has_no_limits(make_series, n_points):
    series = make_series([*ALTERNATING, *[20.0, 22.0][:n_points]])
    chart = XmR().chart(series, rebase=[_rebase(date(2019, 5, 1))])
    assert np.isnan(chart.upper[-n_points:]).all()
    assert np.isfinite(chart.upper[:-n_points]).all()
    assert chart.variation == "too short to judge"


def test_every_decision_that_does_not_fit_is_listed(make_series):
    with pytest.raises(DesignError) as caught:
        XmR().chart(
            make_series(ALTERNATING),
            baseline=Baseline(freeze_before=date(2040, 1, 1)),
            rebase=[_rebase(date(2018, 1, 15)), _rebase(date(2018, 2, 1)), _rebase(date(2018, 2, 1))],
            exclude=[_exclusion(date(2012, 1, 1))],
            target=np.nan,
        )
    assert [issue.rule for issue in caught.value.issues] == [
        "rebase-not-in-data",
        "rebase-repeated",
        "exclusion-not-in-data",
        "baseline-outside-data",
        "target-not-finite",
    ]
    assert "2018-01-15 (wards merged)" in str(caught.value)


@pytest.mark.parametrize("kind", [Rebase, Exclusion])
def test_a_record_without_reason_person_or_source_is_refused(kind):
    with pytest.raises(DesignError) as caught:
        kind(date=date(2018, 6, 1), reason=" ", who="", source="minutes")
    assert [issue.column for issue in caught.value.issues] == ["reason", "who"]


def test_an_excluded_point_counts_for_nothing_and_both_results_are_told(make_series):
    values = [*ALTERNATING, 60.0, *ALTERNATING]
    plain = XmR().chart(make_series(values))
    chart = XmR().chart(make_series(values), exclude=[_exclusion(date(2019, 5, 1))])
    assert chart.point_types[16] == "excluded"
    assert chart.values[16] == 60.0
    assert set(chart.centre) == {11.0}
    said = next(words for words in chart.cautions if "left out" in words)
    assert "system outage" in said
    assert f"mean {plain.centre[0]:.3f}" in said


def test_excluding_every_figure_is_refused(make_series):
    with pytest.raises(DesignError, match="nothing is left"):
        XmR().chart(make_series([1.0, np.nan]), exclude=[_exclusion(date(2018, 1, 1))])


# ---------------------------------------------------------------------- bad and thin series


def test_a_series_made_by_hand_is_checked_and_every_fault_listed(make_series):
    periods = np.array(["2018-02-01", "2018-02-01", "2018-01-01", "2018-03-01"], dtype="datetime64[D]")
    with pytest.raises(TableError) as caught:
        XmR().chart(make_series([1.0, np.inf, 2.0, -np.inf], periods=periods))
    assert [issue.rule for issue in caught.value.issues] == ["duplicate", "unsorted", "infinite", "infinite"]
    with pytest.raises(TableError, match="3 values for 2 periods"):
        XmR().chart(make_series([1.0, 2.0, 3.0], periods=periods[1:3]))


def test_a_series_without_any_figure_is_refused(make_series):
    with pytest.raises(DesignError, match="no figure at all"):
        XmR().chart(make_series([np.nan, np.nan]))


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [1.0, np.nan, 2.0]])
def test_one_or_two_figures_are_too_short_to_judge(make_series, values):
    chart = XmR().chart(make_series(values, target=1.0))
    assert chart.variation == "too short to judge"
    assert "too short to judge" in chart.summary()
    assert "too short to judge" in chart.assurance_words
    assert any("Too short to judge" in words for words in chart.cautions)


def test_the_icon_speaks_of_the_last_figure_and_says_when_that_was(make_series):
    chart = XmR().chart(make_series([*ALTERNATING, 40.0, np.nan]))
    assert chart.variation == "improvement"
    assert any("no judged figure after May 2019" in words for words in chart.cautions)
    assert chart.labels[-1] == "no value"


# ---------------------------------------------------------------------- rules and icons


def test_a_point_that_signals_both_ways_shows_improvement_in_the_rules_of_2023(make_series):
    # A falling trend whose points all lie above the mean: a shift upwards too.
    values = [*[0.0, 1.0] * 8, 30.0, 29.0, 28.0, 27.0, 26.0, 25.0, 24.0]
    new = XmR(rules=NHS_2023).chart(make_series(values, improvement="decrease"))
    old = XmR(rules=NHSRPLOTTHEDOTS_0_2).chart(make_series(values, improvement="decrease"))
    assert old.point_types[-4] == "concern"
    assert old.labels[-4] == "above upper limit"
    assert new.point_types[-4] == "improvement"
    assert new.labels[-4] == "falling trend"


@pytest.mark.parametrize(
    ("improvement", "variation", "side"),
    [("increase", "improvement", "high"), ("decrease", "concern", "high"), ("neutral", "neutral", "high")],
)
def test_what_a_high_last_point_means_depends_on_the_measure(make_series, improvement, variation, side):
    chart = XmR().chart(make_series([*ALTERNATING, 40.0], improvement=improvement))
    assert (chart.variation, chart.variation_side) == (variation, side)


@pytest.mark.parametrize(
    ("improvement", "target", "assurance"),
    [
        ("increase", 5.0, "pass"),
        ("increase", 11.0, "hit or miss"),
        ("increase", 17.0, "fail"),
        ("decrease", 5.0, "fail"),
        ("decrease", 17.0, "pass"),
        ("neutral", 17.0, None),
    ],
)
def test_assurance_compares_target_and_limits(make_series, improvement, target, assurance):
    chart = XmR().chart(make_series(ALTERNATING, improvement=improvement), target=target)
    assert chart.assurance == assurance


@pytest.mark.parametrize(("target", "assurance"), [(0.1, "pass"), (0.0999, "pass"), (0.1001, "fail")])
def test_a_process_that_never_varies_passes_or_fails(make_series, target, assurance):
    chart = XmR().chart(make_series([0.1] * 15), target=target)
    assert chart.assurance == assurance
    assert any("do not vary" in words for words in chart.cautions)


def test_the_target_of_the_measure_holds_unless_another_is_given(make_series):
    series = make_series(ALTERNATING, target=17.0)
    assert XmR().chart(series).assurance == "fail"
    assert XmR().chart(series, target=5.0).assurance == "pass"
    assert "the measure's" in XmR().chart(series).provenance.parameters["target"]


def test_assurance_against_frozen_limits_is_not_about_the_process_as_it_runs_now(make_series):
    series = make_series([*ALTERNATING, 40.0, 41.0], target=30.0)
    chart = XmR().chart(series, baseline=Baseline(freeze_before=date(2019, 5, 1)))
    assert chart.assurance == "fail"
    assert "met in 2 of 18 figures" in chart.assurance_words
    assert any("not as it runs now" in words for words in chart.cautions)


# ---------------------------------------------------------------------- signals


def test_signals_are_told_with_first_last_and_confirming_point(make_series):
    values = [*ALTERNATING, *[11.5] * 9, 10.0]
    chart = XmR().chart(make_series(values), baseline=Baseline(freeze_before=date(2019, 5, 1)))
    (signal,) = chart.signal_records
    assert (signal.rule, signal.side, signal.n_points) == ("shift", "high", 10)
    assert signal.start == date(2019, 4, 1)  # the last baseline point was above the mean already
    assert signal.confirmed == date(2019, 10, 1)
    assert signal.end == date(2020, 1, 1)
    frame = chart.signals()
    assert list(frame.columns) == [
        "trust",
        "measure",
        "rule",
        "side",
        "nature",
        "start",
        "end",
        "confirmed",
        "n_points",
        "phase",
        "rule_set",
    ]
    assert str(frame["start"].dtype) == "datetime64[s]"
    assert frame["rule_set"].tolist() == ["NHS 2023"]


def test_a_chart_without_signals_has_an_empty_frame_of_the_same_columns(make_series):
    frame = XmR().chart(make_series(ALTERNATING)).signals()
    assert len(frame) == 0
    assert str(frame["confirmed"].dtype) == "datetime64[s]"
    assert str(frame["n_points"].dtype) == "int64"


def test_two_trends_that_share_a_turning_point_are_two_signals_of_seven(make_series):
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    trends = [s for s in XmR().chart(make_series(values)).signal_records if s.rule == "trend"]
    assert [(s.side, s.n_points) for s in trends] == [("high", 7), ("low", 7)]
    assert trends[0].end == trends[1].start == date(2018, 7, 1)


def test_two_trends_in_a_row_the_same_way_are_not_one(make_series):
    values = [*range(1, 8), *range(1, 8)]
    trends = [s for s in XmR().chart(make_series(values)).signal_records if s.rule == "trend"]
    assert [s.n_points for s in trends] == [7, 7]


def test_a_signal_ends_where_its_phase_ends(make_series):
    low, high = [10.0, 11.0] * 4, [20.0, 21.0] * 4
    series = make_series([*low, *high, *[v + 40 for v in (*high, *low)]])
    chart = XmR().chart(series, rebase=[_rebase(date(2019, 5, 1))])
    shifts = [(s.side, s.phase, s.n_points) for s in chart.signal_records if s.rule == "shift"]
    assert shifts == [("low", 1, 8), ("high", 1, 8), ("high", 2, 8), ("low", 2, 8)]


def test_the_earliest_signal_after_a_date_may_have_begun_before(make_series):
    values = [*[10.0, 12.0] * 10, *[30.0] * 8, 11.0, 10.0]
    chart = XmR().chart(make_series(values), baseline=Baseline(freeze_before=date(2019, 5, 1)))
    first = chart.earliest_signal(after=date(2019, 12, 1))
    assert first is not None
    assert first.start < date(2019, 12, 1) <= first.end
    assert chart.earliest_signal(after=date(2020, 7, 1)) is None


# ---------------------------------------------------------------------- cautions, frame, provenance


def test_dependent_figures_are_warned_of_with_their_number(make_series):
    slow = np.cumsum(np.tile([1.0] * 7 + [-1.0] * 7, 4))
    chart = XmR().chart(make_series(slow))
    assert any("not independent (lag-one autocorrelation 0." in words for words in chart.cautions)
    assert not any("not independent" in words for words in XmR().chart(make_series([3.0, 1.0] * 3)).cautions)


def test_autocorrelation_pairs_no_points_of_two_phases(make_series):
    values = [*[10.0, 12.0] * 4, *[22.0, 20.0] * 4]
    one = XmR().chart(make_series(values)).dependence
    two = XmR().chart(make_series(values), rebase=[_rebase(date(2018, 9, 1))]).dependence
    assert one.n_pairs == 15
    assert two.n_pairs == 14
    assert two.autocorrelation < -0.9 < one.autocorrelation


def test_every_chart_says_how_often_its_rules_cry_wolf(make_series):
    rng = np.random.default_rng(3)
    chart = XmR().chart(make_series(rng.standard_normal(36)))
    assert "no significance test" in chart.cautions[0]
    assert "36 periods" in chart.cautions[0]


def test_an_unstable_baseline_is_told(make_series):
    values = [*[10.0, 12.0] * 4, *[20.0, 22.0] * 4, *[20.0, 22.0] * 4]
    chart = XmR().chart(make_series(values), baseline=Baseline(freeze_before=date(2019, 5, 1)))
    assert any("baseline was not stable" in words for words in chart.cautions)


def test_a_signal_confirmed_after_the_baseline_does_not_make_it_unstable(make_series):
    series = make_series([*ALTERNATING, *[11.5] * 8])
    chart = XmR().chart(series, baseline=Baseline(freeze_before=date(2019, 5, 1)))
    (signal,) = chart.signal_records
    assert signal.start < date(2019, 5, 1)
    assert not any("baseline was not stable" in words for words in chart.cautions)


def test_imputed_figures_and_changes_of_definition_are_told(make_series):
    flags = np.array(["imputed"] * 3 + ["published"] * 13)
    change = {"date": date(2018, 6, 1), "what": "Streamed patients count too."}
    chart = XmR().chart(make_series(ALTERNATING, flags=flags, changes=[change]))
    assert any("3 of 16 figures are partly imputed" in words for words in chart.cautions)
    assert any("Streamed patients" in words for words in chart.cautions)
    rebased = XmR().chart(make_series(ALTERNATING, changes=[change]), rebase=[_rebase(date(2018, 6, 1))])
    assert not any("Streamed patients" in words for words in rebased.cautions)


def test_the_frame_is_tidy_and_names_the_rule_set(make_series):
    frame = XmR(rules=NHSRPLOTTHEDOTS_0_2).chart(make_series(ALTERNATING, target=17.0)).to_frame()
    assert list(frame.columns) == [
        "trust",
        "measure",
        "period",
        "value",
        "flag",
        "centre",
        "lower",
        "upper",
        "near_lower",
        "near_upper",
        "phase",
        "in_basis",
        "label",
        "point_type",
        "target",
        "rule_set",
    ]
    assert set(frame["rule_set"]) == {"NHSRplotthedots 0.2"}
    np.testing.assert_allclose(frame["near_upper"], 11 + 2 / 3 * 2.66 * 2)
    np.testing.assert_allclose(frame["near_lower"], 11 - 2 / 3 * 2.66 * 2)


def test_provenance_records_every_choice(make_series):
    chart = XmR(screen=False).chart(
        make_series(ALTERNATING), exclude=[_exclusion(date(2018, 3, 1))], rebase=[_rebase(date(2018, 9, 1))]
    )
    parameters = chart.provenance.parameters
    assert parameters["rule_set"] == "NHS 2023"
    assert parameters["screen"] == "False"
    assert "wards merged" in parameters["rebase"]
    assert "system outage" in parameters["exclude"]


def test_words_name_kind_limits_latest_value_icons_and_rule_set(make_series):
    series = make_series([*ALTERNATING, 40.0], target=17.0)
    chart = XmR().chart(series, baseline=Baseline(freeze_before=date(2019, 5, 1)))
    assert chart.description.startswith("XmR control chart of Seen within 4 hours: RTP.")
    for words in (chart.summary(), chart.description):
        assert "Mean 11.000, limits 5.680 to 16.320, from 16 points" in words
        assert "frozen before 1 May 2019 (declared start)" in words
        assert "Latest value 40.000 in May 2019" in words
        assert "special cause of improvement, high" in words
        assert "Assurance: fail" in words
        assert "1 point above the upper limit (improvement), May 2019" in words
        assert "Rule set: NHS 2023" in words


def test_a_long_description_counts_the_signals_it_leaves_out(make_series):
    chart = XmR().chart(make_series([10.0, 12.0, 11.0, 40.0, -20.0, 11.0, 12.0, 10.0] * 6), target=11.0)
    described = XmR(screen=False).chart(make_series(np.tile([*[0.0] * 9, *[9.0] * 9], 5)))
    assert len(described.signal_records) > 6
    assert f"and {len(described.signal_records) - 6} more" in described.description
    assert chart.description.endswith("Rule set: NHS 2023.")
