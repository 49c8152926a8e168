"""Estimators for staggered adoption: laws, known effects, published numbers beside, bad input."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Measure
from lean_impact.effects import AdoptionDesign
from lean_impact.effects.group_time import CallawaySantAnna
from lean_impact.effects.imputation import ImputationDifferenceInDifferences
from lean_impact.effects.sun_abraham import SunAbraham
from lean_impact.effects.two_way import TwoWayFixedEffects
from lean_impact.errors import DesignError
from lean_impact.tables import Panel
from lean_impact.testing import SyntheticDesign, estimator_checks, parametrize_checks, synthetic_panel

QUICK = {"calibration_groups": 50, "calibration_dates": 1, "draws": 99}
# Calibration takes most of the time; with one group there is none.
BARE = {"calibration_groups": 1, "calibration_dates": 0, "draws": 99}
ALL = [
    ImputationDifferenceInDifferences(**BARE),
    TwoWayFixedEffects(**BARE),
    CallawaySantAnna(**BARE),
    SunAbraham(**BARE),
]
each = pytest.mark.parametrize("estimator", ALL, ids=lambda one: type(one).__name__)
# How seldom an effect is seen where there is none is measured with many more panels than that law has.
# All estimators share the machinery of gaps, so one of them is put to every law and the others to those that their own
# arithmetic could break.
OWN = ("without noise", "adding to the treated", "own level", "order of rows", "refused")
LAWS = [
    *(check for check in estimator_checks(TwoWayFixedEffects(**BARE)) if "seldom" not in check.name),
    *(
        check
        for one in (
            ImputationDifferenceInDifferences(**BARE),
            CallawaySantAnna(control="not-yet", base_length=12, **BARE),
            SunAbraham(**BARE),
        )
        for check in estimator_checks(one)
        if any(words in check.name for words in OWN)
    ),
]


@parametrize_checks(LAWS)
def test_laws(check):
    check.run()


@pytest.fixture(scope="module")
def known():
    return synthetic_panel(
        SyntheticDesign(n_treated=4, n_comparison=25, n_before=30, n_after=20, kind="ratio"), seed=3
    )


def staggered(known, starts=("2014-03", "2014-03", "2014-09", "2015-01"), **changes):
    """Let the treated trusts start at different times, with an effect of 0.05 from then on."""
    when = {
        trust: date.fromisoformat(f"{month}-01") for trust, month in zip(known.treated, starts, strict=True)
    }
    frame = known.panel.frame.drop(columns="value")
    since = frame["trust"].map({trust: pd.Timestamp(start) for trust, start in when.items()})
    frame["numerator"] += 0.05 * frame["denominator"] * (frame["period"] >= since)
    adoption = AdoptionDesign.staggered(
        measure=known.adoption.measure,
        starts=when,
        comparison=known.comparison,
        window=known.adoption.window,
    )
    return Panel.from_frame(frame, measures=[known.design.measure]), replace(adoption, **changes)


@each
def test_a_known_effect_with_several_starts(known, estimator):
    result = replace(estimator, **QUICK).estimate(*staggered(known))
    assert result.pooled.covers(0.05)
    assert not result.pooled.covers(0.0)
    assert [effect.trust for effect in result.effects] == list(known.treated)
    assert all(abs(effect.estimate.value - 0.05) < 0.04 for effect in result.effects)
    assert result.calibration.n_groups == 50
    assert "calibration_groups" in result.provenance.parameters
    assert result.provenance.parameters["calibration_groups"] == "50"
    assert len(result.p_values) == (5 if isinstance(estimator, TwoWayFixedEffects) else 4)
    study = result.event_study
    assert -1 not in study.horizons
    assert study.estimates[study.horizons >= 0].mean() == pytest.approx(0.05, abs=0.03)
    assert study.covariance.shape == (len(study.horizons),) * 2
    assert (study.standard_errors > 0).all()


@each
def test_published_standard_errors_come_first_if_asked_for(known, estimator):
    panel, adoption = staggered(known)
    default = estimator.estimate(panel, adoption)
    published = replace(estimator, inference="influence", calibration_groups=40).estimate(panel, adoption)
    assert published.calibration.n_groups == 40
    assert published.pooled.value == pytest.approx(default.pooled.value)
    assert published.p_values[0].method == default.p_values[-1].method
    assert published.p_values[0].method.startswith("normal test")
    # Two starts are those of a single trust: less than all of the noise is in the published numbers.
    assert published.pooled.standard_error < default.pooled.standard_error
    assert any("2 of 3 starts are those of a single trust" in caution for caution in published.cautions)


@each
def test_weighting_by_denominator(known, estimator):
    panel, adoption = staggered(known)
    frame = panel.frame.drop(columns="value")
    big = frame["trust"] == known.treated[0]
    frame.loc[big, ["numerator", "denominator"]] *= 1000
    panel = Panel.from_frame(frame, measures=[known.design.measure])
    result = replace(estimator, weighting="denominator").estimate(panel, adoption)
    # The first trust is nearly alone. The two-way coefficient is its own against the others' mean too.
    assert result.pooled.value == pytest.approx(result.effects[0].estimate.value, abs=2e-3)
    assert "denominators" in result.weighting


@each
def test_a_single_treated_trust_is_ranked(known, estimator):
    panel, adoption = staggered(known)
    alone = replace(adoption, starts=adoption.starts[:1])
    result = estimator.estimate(panel, alone)
    assert result.p_values[0].method.startswith("studentised placebo rank")
    assert result.event_study is None
    with pytest.raises(DesignError, match="only treated trust"):
        replace(estimator, inference="influence").estimate(panel, alone)


@each
def test_impossible_settings_are_refused_together(estimator):
    with pytest.raises(DesignError) as caught:
        replace(estimator, weighting="size", inference="guess", level=2.0, seed=-1)
    assert len(caught.value.issues) == 4


def test_holes_of_treated_trusts(known):
    panel, adoption = staggered(known)
    frame = panel.frame.drop(columns="value")
    lost = (frame["trust"] == known.treated[0]) & (frame["period"] == "2013-05-01")
    panel = Panel.from_frame(frame[~lost], measures=[known.design.measure])
    kept = TwoWayFixedEffects(**BARE).estimate(panel, adoption)
    assert kept.pooled.covers(0.05)
    assert "comparisons" not in kept.tables
    assert any("judged on the rest" in caution for caution in kept.cautions)
    whole = CallawaySantAnna(**BARE).estimate(panel, adoption)
    assert any("left out for every trust" in caution for caution in whole.cautions)
    lacking = (frame["trust"] == known.comparison[0]) & (frame["period"] == "2013-05-01")
    panel = Panel.from_frame(frame[~lacking], measures=[known.design.measure])
    with pytest.raises(DesignError) as caught:
        SunAbraham(**BARE).estimate(panel, adoption)
    assert f"{known.comparison[0]} is a comparison trust with gaps" in str(caught.value)


def test_a_transition_is_left_out(known):
    panel, adoption = staggered(known)
    settled = replace(adoption.starts[2], settled=date(2014, 11, 1))
    slow = replace(adoption, starts=(*adoption.starts[:2], settled, adoption.starts[3]))
    result = ImputationDifferenceInDifferences(**BARE).estimate(panel, slow)
    assert result.pooled.covers(0.05)
    # Group-time effects have no place for it: their published numbers are left out, and that is said.
    careful = CallawaySantAnna(**BARE).estimate(panel, slow)
    assert careful.pooled.covers(0.05)
    assert any("cannot be given" in caution for caution in careful.cautions)
    with pytest.raises(DesignError, match="influence-function"):
        CallawaySantAnna(inference="influence", **BARE).estimate(panel, slow)


def test_forbidden_comparisons_are_told(known):
    result = TwoWayFixedEffects(**BARE).estimate(*staggered(known))
    table = result.tables["comparisons"]
    assert table["weight"].sum() == pytest.approx(1)
    assert (table["weight"] * table["estimate"]).sum() == pytest.approx(result.pooled.value)
    assert table.loc[table["kind"] == "treated vs never", "control_start"].isna().all()
    assert any("have the programme already" in caution for caution in result.cautions)


def test_the_bootstrap_stands_beside_where_it_is_valid():
    many = synthetic_panel(SyntheticDesign(n_treated=9, n_comparison=20, effect=0.1), seed=1)
    result = many.estimate(TwoWayFixedEffects(**BARE))
    row = result.tables["wild-cluster-bootstrap"].iloc[0]
    assert row["lower"] < result.pooled.value < row["upper"]
    assert row["p_value"] == row["smallest"] == 0.01


OTHER = Measure(
    id="arrivals",
    name="Arrivals",
    kind="mean",
    improvement="neutral",
    dimension="context",
    frequency="month",
    unit="a day",
)


def with_covariate(known, *, slope, missing=False):
    """Add a measure that moves apart between trusts and drags the outcome along."""
    panel, adoption = staggered(known)
    frame = panel.frame.drop(columns="value")
    rng = np.random.default_rng(0)
    drift = frame["trust"].map(lambda code: (hash_of(code) % 7 - 3) + 6 * (code in known.treated))
    months = (frame["period"] - frame["period"].min()).dt.days / 30
    arrivals = drift * months / 10 + rng.normal(0, 1, len(frame))
    frame["numerator"] += slope * arrivals * frame["denominator"]
    extra = frame.assign(measure="arrivals", value=arrivals, numerator=np.nan, denominator=np.nan)
    if missing:
        extra = extra[~((extra["trust"] == known.comparison[1]) & (extra["period"] == "2013-05-01"))]
    both = pd.concat([frame.assign(value=frame["numerator"] / frame["denominator"]), extra])
    return Panel.from_frame(both, measures=[known.design.measure, OTHER]), adoption


def hash_of(code):
    return int(code[1:]) * 5


@pytest.mark.parametrize(
    "kind", [ImputationDifferenceInDifferences, TwoWayFixedEffects, SunAbraham], ids=lambda one: one.__name__
)
def test_a_covariate_that_changes_in_time_is_taken_out(known, kind):
    panel, adoption = with_covariate(known, slope=0.01)
    plain = kind(**BARE).estimate(panel, adoption).pooled.value
    adjusted = kind(covariates=("arrivals",), **QUICK).estimate(panel, adoption)
    assert abs(plain - 0.05) > 0.02
    assert adjusted.pooled.value == pytest.approx(0.05, abs=0.015)
    assert adjusted.calibration is not None
    assert "arrivals" in adjusted.method
    broken, adoption = with_covariate(known, slope=0.01, missing=True)
    with pytest.raises(DesignError) as caught:
        kind(covariates=("arrivals",), **BARE).estimate(broken, adoption)
    assert f"{known.comparison[1]} has no figure of the covariate 'arrivals' for May 2013" in str(
        caught.value
    )


def test_a_constant_covariate_adjusts_trends(known):
    # The mean of the covariate before tells how fast the outcome moves.
    panel, adoption = with_covariate(known, slope=0.01)
    plain = CallawaySantAnna(**BARE).estimate(panel, adoption).pooled.value
    adjusted = CallawaySantAnna(covariates=("arrivals",), **BARE).estimate(panel, adoption)
    assert abs(adjusted.pooled.value - 0.05) < abs(plain - 0.05)


def test_doubly_robust_shifts_trusts_and_pooled_alike():
    many = synthetic_panel(SyntheticDesign(n_treated=12, n_comparison=40, kind="ratio"), seed=5)
    frame = many.panel.frame
    rng = np.random.default_rng(1)
    extra = frame.assign(
        measure="arrivals", value=rng.normal(size=len(frame)), numerator=np.nan, denominator=np.nan
    )
    panel = Panel.from_frame(pd.concat([frame, extra]), measures=[many.design.measure, OTHER])
    estimator = CallawaySantAnna(covariates=("arrivals",), adjustment="doubly-robust", **BARE)
    result = estimator.estimate(panel, many.adoption)
    by_influence = replace(estimator, inference="influence").estimate(panel, many.adoption)
    assert result.pooled.value == pytest.approx(by_influence.pooled.value)
    averages = result.tables["averages"]
    group = averages[(averages["average"] == "group") & averages["element"].isna()]
    assert group["estimate"].item() == pytest.approx(result.pooled.value)


def test_group_averages_and_bands(known):
    averages = CallawaySantAnna(base_length=1, **BARE).estimate(*staggered(known)).tables["averages"]
    assert averages["average"].drop_duplicates().tolist() == ["simple", "group", "dynamic", "calendar"]
    by_element = averages.dropna(subset=["uniform_lower"])
    assert (by_element["uniform_lower"] < by_element["estimate"]).all()
    assert averages["element"].isna().sum() == 4
