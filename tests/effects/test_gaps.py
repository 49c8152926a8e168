"""What follows from gaps: default test, ranks, calibration at placebo trusts and dates, for one trust or several."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pytest

from lean_impact.domain import Window
from lean_impact.effects import (
    AdoptionDesign,
    DifferenceInDifferences,
    Gaps,
    Needs,
    PanelArrays,
    estimate_from_gaps,
)
from lean_impact.errors import DesignError
from lean_impact.testing import estimator_checks, parametrize_checks

NEEDS = Needs()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanOfOthers:
    """The plainest counterfactual: own level before plus the others' mean change."""

    weighting: str = "equal"
    level: float = 0.95
    draws: int = 199
    calibration_groups: int = 100
    calibration_dates: int = 2
    seed: int = 0
    covariates: tuple[str, ...] = ()
    method: str = "mean of the others"
    needs: Needs = NEEDS

    def gaps(self, arrays: PanelArrays) -> Gaps:
        others, n0 = arrays.comparison, arrays.n_comparison
        gap = arrays.treated - others.mean(axis=1, keepdims=True)
        before = np.where(arrays.before[:, : arrays.n_treated], gap, np.nan)
        placebo = (others - others.mean(axis=1, keepdims=True)) * n0 / (n0 - 1)
        return Gaps(
            treated=gap - np.nanmean(before, axis=0),
            placebo=np.array([placebo - placebo[:start].mean(axis=0) for start, _ in arrays.cohorts]),
            share=1 / n0,
            placebo_share=1 / (n0 - 1),
        )

    def estimate(self, panel, adoption):
        return estimate_from_gaps(self, panel, adoption)


@parametrize_checks(estimator_checks(MeanOfOthers()))
def test_it_keeps_the_laws(check):
    check.run()


def of(world, *, settings=None, design=None, **known):
    adoption = AdoptionDesign.block(**world.design(**(design or {})))
    return MeanOfOthers(**(settings or {})).estimate(world.panel(**known), adoption)


def test_it_is_nearly_the_collapsed_estimator(world):
    found = of(world, effect=0.05)
    expected = DifferenceInDifferences(aggregation="mean", seed=1).estimate(
        world.panel(effect=0.05), AdoptionDesign.block(**world.design())
    )
    assert found.pooled.value == pytest.approx(expected.pooled.value)
    assert found.pooled.standard_error == pytest.approx(expected.pooled.standard_error, rel=0.01)
    assert [e.estimate.value for e in found.effects] == pytest.approx(
        [e.estimate.value for e in expected.effects]
    )


def test_calibration_looks_at_trusts_and_dates(world):
    result = of(world)
    rate = result.calibration
    assert (rate.n_groups, rate.n_dates, rate.by_construction) == (100, 2, False)
    assert 0 <= rate.date_false_alarm_rate < 0.3
    assert rate.coverage == pytest.approx(1 - rate.false_alarm_rate, abs=0.02)
    dates = result.tables["placebo-dates"]
    assert (dates["start"] < "2015-01-01").all()
    assert list(dates.columns) == ["start", "n_groups", "false_alarm_rate", "coverage"]
    assert "pretended earlier starts" in str(rate)


def test_no_dates_if_none_are_asked_for(world):
    result = of(world, settings={"calibration_dates": 0})
    assert "placebo-dates" not in result.tables
    assert result.calibration.date_false_alarm_rate is None


def test_a_single_trust_is_ranked_and_its_calibration_says_that_it_tells_little(world):
    result = of(
        world, design={"treated": world.treated[:1], "comparison": (*world.comparison, *world.treated[1:])}
    )
    (p,) = result.p_values
    assert "studentised placebo rank" in p.method
    assert p.smallest == pytest.approx(1 / 30)
    # 29 placebos are too few to tell how often the test cries wolf.
    assert result.calibration is None
    assert any("a single treated trust" in caution for caution in result.cautions)


def test_ranks_among_placebo_groups_stand_beside_the_default(world):
    result = of(world, effect=0.05)
    default, student, plain = result.p_values
    assert default.smallest == 0
    assert "noisier or quieter" in default.assumption
    assert student.draws == plain.draws == 199
    assert plain.value == pytest.approx(plain.smallest)


def test_different_starts(world):
    starts = dict(zip(world.treated, [date(2014, 7, 1)] * 2 + [date(2015, 3, 1)] * 3, strict=True))
    design = AdoptionDesign.staggered(
        measure="seen-4h",
        starts=starts,
        comparison=world.comparison,
        window=Window(start=world.pre.start, end=world.post.end),
    )
    result = MeanOfOthers().estimate(world.panel(), design)
    assert (result.n_pre, result.n_post) == (18, 30)
    assert result.pooled.covers(0.0)
    assert len(result.placebo_margins) == 5


def test_the_path_is_the_counterfactual(world):
    result = of(world, effect=0.05)
    after = result.path.periods >= np.datetime64("2015-01-01")
    gap = (result.path.treated - result.path.comparison)[after].mean()
    assert gap == pytest.approx(result.pooled.value)
    assert result.path.versus == "the counterfactual"


def test_comparison_trusts_that_move_alike_measure_no_chance(world):
    frame = world.frame()
    others = frame["trust"].isin(world.comparison)
    frame.loc[others, "numerator"], frame.loc[others, "denominator"] = 900.0, 1000.0
    with pytest.raises(DesignError, match="moved exactly alike"):
        MeanOfOthers().estimate(world.panel(frame), AdoptionDesign.block(**world.design()))
