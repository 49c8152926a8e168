"""Difference-in-differences: what it computes, what it leaves out, what it refuses."""

from __future__ import annotations

from datetime import date
from math import comb

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Exclusion, Window
from lean_impact.effects import DifferenceInDifferences
from lean_impact.errors import DesignError


def changes_by_hand(frame: pd.DataFrame, aggregation: str) -> pd.Series:
    after = frame["period"] >= "2015-01-01"
    if aggregation == "mean":
        value = frame["numerator"] / frame["denominator"]
        levels = value.groupby([frame["trust"], after]).mean().unstack()
    else:
        sums = frame.groupby(["trust", after])[["numerator", "denominator"]].sum()
        levels = (sums["numerator"] / sums["denominator"]).unstack()
    return levels[True] - levels[False]


@pytest.mark.parametrize("aggregation", ["pooled", "mean"])
def test_effects_are_differences_of_changes(world, aggregation):
    frame = world.frame(effect=0.05)
    result = world.estimate(world.panel(frame), settings={"aggregation": aggregation})
    changes = changes_by_hand(frame, aggregation)
    others = changes[list(world.comparison)]
    expected = changes[list(world.treated)] - others.mean()
    assert [e.estimate.value for e in result.effects] == pytest.approx(expected.tolist())
    assert result.pooled.value == pytest.approx(expected.mean())
    assert result.effects[0].estimate.standard_error == pytest.approx(others.std() * (1 + 1 / 25) ** 0.5)
    assert [e.shared_error for e in result.effects] == pytest.approx([others.std() / 5] * 5)


def test_a_known_effect_is_covered(world):
    result = world.estimate(effect=0.05)
    assert result.pooled.covers(0.05)
    assert not result.pooled.covers(0.0)
    assert (result.n_treated, result.n_comparison, result.n_pre, result.n_post) == (5, 25, 24, 24)


def test_p_values_come_in_order_with_their_smallest(world):
    result = world.estimate(effect=0.05)
    welch, studentised, plain = result.p_values
    assert "Welch" in welch.method
    assert welch.smallest == 0.0
    assert "studentised" in studentised.method
    assert "difference" in plain.method
    assert studentised.draws == plain.draws == 999
    assert studentised.smallest == pytest.approx(1 / 1000)
    assert result.effects[0].p_value.smallest == pytest.approx(1 / 26)


def test_few_assignments_are_enumerated(world):
    result = world.estimate(
        effect=0.05, design={"treated": world.treated[:2], "comparison": world.comparison[:20]}
    )
    assert result.p_values[2].draws is None
    assert result.p_values[2].smallest == pytest.approx(1 / comb(22, 2))


def test_a_single_treated_trust_has_no_variance_of_its_own(world):
    result = world.estimate(effect=0.05, design={"treated": world.treated[:1]})
    assert [p.method for p in result.p_values] == [
        "t test of one more draw",
        "randomisation over trusts, difference",
    ]
    alone = result.effects[0].estimate
    assert result.pooled.value == pytest.approx(alone.value)
    assert (result.pooled.lower, result.pooled.upper) == pytest.approx((alone.lower, alone.upper))
    assert any("single treated trust" in caution for caution in result.cautions)


def test_weights_by_denominator_are_named(world):
    frame = world.frame(effect=0.05)
    frame.loc[frame["trust"] == "T01", ["numerator", "denominator"]] *= 50
    panel = world.panel(frame)
    equal = world.estimate(panel)
    weighted = world.estimate(panel, settings={"weighting": "denominator"})
    size = frame[frame["period"] < "2015-01-01"].groupby("trust")["denominator"].sum()[list(world.treated)]
    expected = np.average([e.estimate.value for e in equal.effects], weights=size)
    assert weighted.pooled.value == pytest.approx(expected)
    assert "denominators" in weighted.weighting
    assert "equally" in equal.weighting


def test_same_seed_same_answer_other_seed_other_draws(world):
    panel = world.panel()
    once, again = (world.estimate(panel, settings={"seed": 4}) for _ in range(2))
    assert once.p_values == again.p_values
    assert once.calibration == again.calibration
    others = [world.estimate(panel, settings={"seed": seed}).p_values[1].value for seed in range(5, 9)]
    assert any(p != once.p_values[1].value for p in others)


def test_calibration_is_near_nominal_on_exchangeable_trusts(world):
    found = world.estimate().calibration
    assert found.n_groups == 2000
    assert found.coverage == 1 - found.false_alarm_rate
    assert 0.02 < found.false_alarm_rate < 0.10


def test_calibration_raises_the_alarm_when_few_trusts_move_far(world):
    # A few trusts move far: groups without them look too sure, groups with them rarely significant.
    frame = world.frame()
    after = frame["period"] >= "2015-01-01"
    frame.loc[after & frame["trust"].isin(world.comparison[:9]), "numerator"] *= 0.5
    result = world.estimate(world.panel(frame))
    assert result.calibration.too_many
    assert any("cries wolf" in caution for caution in result.cautions)


def test_too_few_trusts_to_calibrate_is_said(world):
    result = world.estimate(design={"treated": world.treated[:2], "comparison": world.comparison[:4]})
    assert result.calibration is None
    assert any("too few placebo groups" in caution for caution in result.cautions)


def test_a_trust_that_stands_out_alone_is_put_into_proportion(world):
    frame = world.frame()
    row = (frame["trust"] == "T02") & (frame["period"] >= "2015-01-01")
    frame.loc[row, "numerator"] *= 0.8
    (caution,) = (c for c in world.estimate(world.panel(frame)).cautions if "by chance" in c)
    assert caution.startswith("single intervals exclude no effect for T02;")
    assert "about 23% of cases" in caution
    assert not any("by chance" in c for c in world.estimate(seed=2, spread=0.02).cautions)


def test_naive_levels_are_sums_and_means(world):
    frame = world.frame()
    result = world.estimate(world.panel(frame))
    before = frame[(frame["period"] < "2015-01-01") & frame["trust"].isin(world.treated)]
    assert result.level("treated", "sum").before == pytest.approx(
        before["numerator"].sum() / before["denominator"].sum()
    )
    trusts = before.groupby("trust")[["numerator", "denominator"]].sum()
    assert result.level("treated", "mean").before == pytest.approx(
        (trusts["numerator"] / trusts["denominator"]).mean()
    )
    assert len(result.levels_frame()) == 5 + 4


# ---------------------------------------------------------------------- calendars


def annual(world, months: str) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    periods = pd.date_range("2010-01-01", "2019-12-01", freq=months)
    trusts = [*world.treated, *world.comparison]
    return pd.DataFrame(
        {
            "trust": np.tile(trusts, len(periods)),
            "measure": "seen-4h",
            "period": np.repeat(periods.to_numpy(), len(trusts)),
            "value": rng.normal(3, 0.2, len(periods) * len(trusts)),
            "flag": "published",
            "source": "synthetic",
        }
    )


@pytest.mark.parametrize(("frequency", "months", "n"), [("year", "YS", 5), ("quarter", "QS", 20)])
def test_quarters_and_years_work(world, make_measure, frequency, months, n):
    measure = make_measure(kind="mean", frequency=frequency)
    windows = {
        "pre": Window(start=date(2010, 1, 1), end=date(2015, 1, 1)),
        "post": Window(start=date(2015, 1, 1), end=date(2020, 1, 1)),
    }
    panel = world.panel(annual(world, months), measure=measure)
    result = world.estimate(panel, settings={"aggregation": "mean"}, design=windows)
    assert (result.n_pre, result.n_post) == (n, n)
    assert not any("edge" in caution for caution in result.cautions)


def test_straddling_periods_are_left_out_and_named(world, make_measure):
    measure = make_measure(kind="mean", frequency="year")
    windows = {
        "pre": Window(start=date(2010, 1, 1), end=date(2015, 8, 1)),
        "post": Window(start=date(2015, 8, 1), end=date(2020, 1, 1)),
    }
    panel = world.panel(annual(world, "YS"), measure=measure)
    result = world.estimate(panel, settings={"aggregation": "mean"}, design=windows)
    assert (result.n_pre, result.n_post) == (5, 4)
    assert "left out because they reach over the edge of a window: 2015" in result.cautions


def test_ignored_periods_change_nothing_but_what_they_hold(world):
    frame = world.frame()
    wild = frame["period"].between("2014-03-01", "2014-05-01")
    seam = Exclusion(window=Window(start=date(2014, 3, 1), end=date(2014, 6, 1)), reason="the seam")
    elsewhere = Exclusion(window=Window(start=date(2019, 3, 1), end=date(2019, 6, 1)), reason="elsewhere")
    reference = world.estimate(world.panel(frame), design={"ignore": [seam, elsewhere]})
    frame.loc[wild, "numerator"] = 1.0
    result = world.estimate(world.panel(frame), design={"ignore": [seam, elsewhere]})
    assert result.pooled == reference.pooled
    assert result.n_pre == 21
    assert "left out for every trust: Mar 2014 to May 2014 (the seam)" in result.cautions


def test_gaps_of_a_treated_trust_are_used_around_and_named(world):
    frame = world.frame()
    gap = (frame["trust"] == "T03") & frame["period"].between("2014-03-01", "2014-05-01")
    result = world.estimate(world.panel(frame[~gap]))
    (caution,) = (c for c in result.cautions if c.startswith("T03"))
    assert "Mar 2014 to May 2014 (3 of 48 periods)" in caution
    kept = frame[~gap & (frame["trust"] == "T03")]
    assert result.effects[2].estimate.value == pytest.approx(
        changes_by_hand(kept, "pooled")["T03"]
        - changes_by_hand(frame, "pooled")[list(world.comparison)].mean()
    )
    assert np.isnan(result.path.treated[14:17]).all()


# ---------------------------------------------------------------------- results


def test_frames_have_fixed_columns(world):
    result = world.estimate(effect=0.05)
    table = result.to_frame()
    assert list(table.columns) == [
        "measure",
        "scope",
        "trust",
        "estimate",
        "standard_error",
        "lower",
        "upper",
        "level",
        "p_value",
        "p_smallest",
        "p_method",
        "placebo_lower",
        "placebo_upper",
        "n_comparison",
        "false_alarm_rate",
    ]
    assert table["scope"].tolist() == ["trust"] * 5 + ["pooled"]
    assert table["placebo_upper"][0] - table["estimate"][0] == pytest.approx(result.placebo_margins[0])
    assert result.p_values_frame()["monte_carlo_error"].iloc[1] > 0
    assert len(result.path_frame()) == 48


def test_arrays_cannot_be_changed(world):
    result = world.estimate()
    for array in (result.changes.before, result.path.treated, result.path.periods):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_provenance_holds_settings_and_seed(world):
    origin = world.estimate(settings={"seed": 9}).provenance
    assert origin.seed == 9
    assert origin.parameters["aggregation"] == "pooled"
    assert origin.parameters["draws"] == "999"
    assert "5 treated against 25 comparison" in origin.steps[-1]


# ---------------------------------------------------------------------- what is refused


def refused(world, frame=None, settings=None, **design) -> DesignError:
    with pytest.raises(DesignError) as caught:
        world.estimate(world.panel(frame), settings=settings, design=design)
    return caught.value


def rules(error: DesignError) -> list[str]:
    return [issue.rule for issue in error.issues]


def test_no_comparison_trust(world):
    assert rules(refused(world, comparison=())) == ["too-few-comparison"]


def test_one_comparison_trust_has_no_spread(world):
    error = refused(world, comparison=("C01",))
    assert "1 comparison trusts are named; at least 2" in str(error)


def test_unknown_trusts_are_all_listed(world):
    error = refused(world, treated=("XXX", "T01"), comparison=("YYY", "C01", "C02"))
    assert [issue.value for issue in error.issues] == ["XXX", "YYY"]
    assert rules(error) == ["unknown-trust"] * 2


def test_both_roles_and_repeats(world):
    error = refused(world, treated=("T01", "C01", "T01"))
    assert rules(error) == ["repeated-trust", "both-roles"]


def test_no_treated_trust(world):
    assert rules(refused(world, treated=())) == ["no-treated"]


def test_treated_without_figures_before_or_after(world):
    frame = world.frame()
    frame = frame[~((frame["trust"] == "T01") & (frame["period"] < "2015-01-01"))]
    frame = frame[~((frame["trust"] == "T02") & (frame["period"] >= "2015-01-01"))]
    error = refused(world, frame)
    assert [str(issue) for issue in error.issues] == [
        "T01 is treated but has no figure in the window before: Jan 2013 to Dec 2014",
        "T02 is treated but has no figure in the window after: Jan 2015 to Dec 2016",
    ]


def test_adoption_before_the_data_start(world):
    error = refused(
        world,
        pre=Window(start=date(2010, 1, 1), end=date(2012, 1, 1)),
        post=Window(start=date(2012, 1, 1), end=date(2017, 1, 1)),
    )
    assert rules(error) == ["empty-window"]
    assert "no whole period lies in the window before; the panel has Jan 2013 to Dec 2016" in str(error)


def test_comparison_gaps_are_all_listed(world):
    frame = world.frame()
    gap = frame["trust"].isin(["C07", "C09"]) & (frame["period"] == "2014-05-01")
    error = refused(world, frame[~gap])
    assert [issue.value for issue in error.issues] == ["C07", "C09"]
    assert "C07 is a comparison trust with gaps (May 2014)" in str(error)


def test_values_without_counts_need_another_aggregation(world, make_measure):
    measure = make_measure(kind="mean", frequency="year")
    windows = {
        "pre": Window(start=date(2010, 1, 1), end=date(2015, 1, 1)),
        "post": Window(start=date(2015, 1, 1), end=date(2020, 1, 1)),
    }
    panel = world.panel(annual(world, "YS"), measure=measure)
    with pytest.raises(DesignError, match="use aggregation='mean'") as caught:
        world.estimate(panel, design=windows)
    assert len(caught.value.issues) == 30
    with pytest.raises(DesignError, match="has no sum level"):
        world.estimate(panel, settings={"aggregation": "mean"}, design=windows).level("treated", "sum")


def test_all_missing(world):
    frame = world.frame()
    frame.loc[:, ["numerator", "denominator"]] = float("nan")
    frame["flag"] = "not_submitted"
    error = refused(world, frame)
    assert rules(error).count("incomplete-comparison") == 25
    assert rules(error).count("no-figures") == 10


def test_overlapping_windows(world):
    with pytest.raises(DesignError, match="must not overlap"):
        world.estimate(design={"pre": Window(start=date(2013, 1, 1), end=date(2015, 2, 1))})


def test_comparison_trusts_that_all_change_alike(world):
    frame = world.frame()
    others = frame["trust"].isin(world.comparison)
    frame.loc[others, "numerator"] = np.where(frame.loc[others, "period"] < "2015-01-01", 900.0, 800.0)
    frame.loc[others, "denominator"] = 1000.0
    with pytest.raises(DesignError, match="exactly the same amount"):
        world.estimate(world.panel(frame))


def test_unknown_measure(world):
    with pytest.raises(DesignError, match="'nothing' is not in the panel"):
        world.estimate(design={"measure": "nothing"})


def test_bad_settings_are_all_listed():
    with pytest.raises(DesignError) as caught:
        DifferenceInDifferences(aggregation="median", weighting="size", level=1.0, draws=0, seed=-1)
    assert len(caught.value.issues) == 5
