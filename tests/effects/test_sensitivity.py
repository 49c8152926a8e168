"""Leaving trusts out, and pretending that the programme began earlier."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from lean_impact.effects import (
    AdoptionDesign,
    DifferenceInDifferences,
    jackknife,
    leave_one_comparison_out,
    leave_one_out,
    leave_one_treated_out,
    placebo_starts,
)
from lean_impact.errors import DesignError

COLUMNS = ["estimate", "standard_error", "lower", "upper", "level", "p_value", "p_smallest"]


def test_leaving_out_a_treated_trust_is_estimating_without_it(world):
    panel = world.panel(effect=0.05)
    table = leave_one_treated_out(world.estimate(panel))
    assert list(table.columns) == ["measure", "left_out", *COLUMNS, "shift"]
    assert table["left_out"].tolist() == list(world.treated)
    without = world.estimate(panel, design={"treated": world.treated[1:]})
    assert table["estimate"][0] == pytest.approx(without.pooled.value)
    assert table["p_value"][0] == pytest.approx(without.p_value.value)


def test_leaving_out_a_comparison_trust_is_estimating_without_it(world):
    panel = world.panel(effect=0.05)
    result = world.estimate(panel)
    table = leave_one_comparison_out(result)
    assert sorted(table["left_out"]) == list(world.comparison)
    assert (table["shift"].abs().diff().dropna() <= 0).all()
    first = table["left_out"][0]
    kept = tuple(code for code in world.comparison if code != first)
    without = world.estimate(panel, design={"comparison": kept})
    assert table["estimate"][0] == pytest.approx(without.pooled.value)
    assert table["shift"][0] == pytest.approx(without.pooled.value - result.pooled.value)


def test_placebo_starts_look_only_before(world):
    frame = world.frame(effect=0.05)
    starts = [date(2013, 7, 1), date(2014, 1, 1)]

    def run(table):
        return placebo_starts(
            world.panel(table),
            AdoptionDesign.block(**world.design()),
            estimator=DifferenceInDifferences(seed=1, draws=99),
            starts=starts,
        )

    found = run(frame)
    assert list(found.columns) == ["measure", "start", "n_pre", "n_post", *COLUMNS]
    assert found["n_pre"].tolist() == [6, 12]
    assert found["n_post"].tolist() == [18, 12]
    later = frame["period"] >= "2015-01-01"
    frame.loc[later, "numerator"] = frame.loc[later, "denominator"] * 0.5
    assert run(frame)["estimate"].tolist() == found["estimate"].tolist()


def test_a_placebo_start_must_lie_before(world):
    with pytest.raises(DesignError, match="inside the window before") as caught:
        placebo_starts(
            world.panel(),
            AdoptionDesign.block(**world.design()),
            estimator=DifferenceInDifferences(),
            starts=[date(2015, 1, 1), date(2014, 1, 1)],
        )
    assert len(caught.value.issues) == 1


def test_what_cannot_be_left_out(world):
    with pytest.raises(DesignError, match="one treated trust"):
        leave_one_treated_out(world.estimate(design={"treated": world.treated[:1]}))
    with pytest.raises(DesignError, match="two comparison trusts"):
        leave_one_comparison_out(world.estimate(design={"comparison": world.comparison[:2]}))
    with pytest.raises(DesignError, match="compares no changes"):
        leave_one_treated_out(replace(world.estimate(), changes=None))


def test_leaving_out_runs_any_estimator_again(world):
    panel, adoption = world.panel(), AdoptionDesign.block(**world.design())
    estimator = DifferenceInDifferences(seed=1, draws=99)
    table = leave_one_out(panel, adoption, estimator=estimator, what="treated")
    expected = leave_one_treated_out(estimator.estimate(panel, adoption))
    merged = table.merge(expected, on="left_out", suffixes=("", "_expected"))
    assert len(merged) == 5
    assert merged["estimate"].to_numpy() == pytest.approx(merged["estimate_expected"].to_numpy())
    assert (table["problem"] == "").all()
    assert table["shift"].abs().is_monotonic_decreasing
    periods = leave_one_out(panel, adoption, estimator=estimator, what="period")
    assert len(periods) == 48
    assert len(leave_one_out(panel, adoption, estimator=estimator, what="comparison")) == 25


def test_the_jackknife_of_a_mean_is_its_t_test(world):
    panel, adoption = world.panel(effect=0.05), AdoptionDesign.block(**world.design())
    estimator = DifferenceInDifferences(aggregation="mean", seed=1, draws=99)
    estimate, p = jackknife(panel, adoption, estimator=estimator)
    effects = [effect.estimate.value for effect in estimator.estimate(panel, adoption).effects]
    assert estimate.standard_error == pytest.approx(np.std(effects, ddof=1) / 5**0.5)
    assert estimate.covers(estimate.value)
    assert (p.value < 0.05) == (not estimate.covers(0.0))
    with pytest.raises(DesignError, match="three treated trusts"):
        jackknife(panel, AdoptionDesign.block(**world.design(treated=world.treated[:2])), estimator=estimator)
