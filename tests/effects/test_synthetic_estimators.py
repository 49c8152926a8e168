"""Estimators with donor weights: laws, known effects, staggered starts, what they refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Measure, Window
from lean_impact.effects import AdoptionDesign
from lean_impact.effects.augmented_control import AugmentedSyntheticControl
from lean_impact.effects.synthetic_control import SyntheticControl
from lean_impact.effects.synthetic_did import SyntheticDifferenceInDifferences
from lean_impact.errors import DesignError
from lean_impact.tables import Panel
from lean_impact.testing import Check, estimator_checks, parametrize_checks

CHEAP = {"draws": 49, "calibration_groups": 40, "calibration_dates": 0}
PLAIN = SyntheticControl(**CHEAP)
DEMEANED = SyntheticControl(intercept=True, conformal=False, **CHEAP)
AUGMENTED = AugmentedSyntheticControl(ridge=0.01, fixed_effects=True, conformal=False, **CHEAP)
DOUBLE = SyntheticDifferenceInDifferences(placebo_groups=20, **CHEAP)
ALL = pytest.mark.parametrize("estimator", [PLAIN, DEMEANED, AUGMENTED, DOUBLE], ids=lambda e: e.method[:20])

OWN_LEVEL = "a trusts own level changes nothing"
SHARED = "what every trust shares changes nothing"
SCALED = "another unit scales estimates and keeps p values"
SELDOM = "no effect is seldom seen"
BREAKS = {
    "plain": {OWN_LEVEL: "levels are what the weights have to match"},
    "augmented": {SCALED: "a ridge that is given has the squared unit of the measure"},
    "double": {SHARED: "the published ridge grows with any change of a period that all share"},
}


def conformance():
    for name, estimator in (
        ("plain", PLAIN),
        ("demeaned", DEMEANED),
        ("augmented", AUGMENTED),
        ("double", DOUBLE),
    ):
        for check in estimator_checks(estimator):
            # Forty panels each; the benchmark of effect quality asks the same of all of them.
            if check.name != SELDOM:
                yield Check(name=f"{name}: {check.name}", run=check.run)


@parametrize_checks(
    list(conformance()),
    expected_failures={f"{name}: {law}": why for name, laws in BREAKS.items() for law, why in laws.items()},
)
def test_conformance(check):
    check.run()


def days(**changes) -> Measure:
    fields = {
        "id": "stay",
        "name": "Length of stay",
        "kind": "mean",
        "improvement": "decrease",
        "dimension": "efficiency",
        "frequency": "month",
        "unit": "days",
    }
    return Measure(**(fields | changes))


TRUSTS = ("TA1", "TA2", "TA3", *(f"CA{i}" for i in range(1, 9)))
MONTHS = pd.date_range("2012-01-01", periods=48, freq="MS")


def cells(*, seed=0, effect=0.0, start=30):
    """Two factors, loadings of the treated within those of the donors, little noise."""
    rng = np.random.default_rng(seed)
    factors = np.column_stack([np.sin(np.arange(48) / 3), rng.normal(size=48).cumsum() / 3])
    loadings = np.column_stack([np.repeat([0.5], 3), np.repeat([0.5], 3)])
    loadings = np.vstack([loadings, rng.uniform(0, 1, size=(8, 2))])
    y = 5 + factors @ loadings.T + 0.05 * rng.normal(size=(48, 11))
    y[start:, :3] += effect
    return y


def panel_of(y, **others):
    """Build a panel; keyword arguments are further measures."""
    measures = {"stay": y, **others}
    frames = [
        pd.DataFrame(
            {
                "trust": np.tile(TRUSTS, 48),
                "measure": name,
                "period": np.repeat(MONTHS.to_numpy(), 11),
                "value": values.ravel(),
                "flag": np.where(np.isnan(values), "not_submitted", "published").ravel(),
                "source": "synthetic",
            }
        )
        for name, values in measures.items()
    ]
    return Panel.from_frame(pd.concat(frames), measures=[days(id=name, name=name) for name in measures])


def block(**changes):
    fields = {
        "measure": "stay",
        "treated": TRUSTS[:3],
        "comparison": TRUSTS[3:],
        "pre": Window(start=date(2012, 1, 1), end=date(2014, 7, 1)),
        "post": Window(start=date(2014, 7, 1), end=date(2016, 1, 1)),
    }
    return AdoptionDesign.block(**(fields | changes))


@ALL
def test_a_known_effect_is_found(estimator):
    result = estimator.estimate(panel_of(cells(effect=-0.8)), block())
    assert result.pooled.value == pytest.approx(-0.8, abs=0.08)
    assert not result.pooled.covers(0.0)
    assert result.method == estimator.method
    weights = result.tables["weights"]
    assert weights.groupby("trust")["weight"].sum().tolist() == pytest.approx([1, 1, 1], abs=1e-4)
    fit = result.tables["fit"]
    assert fit["trust"].tolist() == list(TRUSTS[:3])
    assert (fit["pre_rmspe"] < 0.15).all()
    assert (fit["n_effective_donors"] > 1).all()


@ALL
def test_each_trust_has_its_own_start_and_transition(estimator):
    y = cells()
    starts = {"TA1": date(2014, 1, 1), "TA2": (date(2014, 7, 1), date(2014, 10, 1)), "TA3": date(2014, 7, 1)}
    for column, first in enumerate((24, 33, 30)):
        y[first:, column] += 1.0
    y[30:33, 1] += 40.0  # a wild transition is not looked at
    window = Window(start=date(2012, 1, 1), end=date(2016, 1, 1))
    design = AdoptionDesign.staggered(measure="stay", starts=starts, comparison=TRUSTS[3:], window=window)
    result = estimator.estimate(panel_of(y), design)
    assert [effect.estimate.value for effect in result.effects] == pytest.approx([1, 1, 1], abs=0.15)
    assert result.pooled.value == pytest.approx(1, abs=0.1)


def test_a_single_trust_is_ranked_among_the_donors():
    result = PLAIN.estimate(panel_of(cells(effect=2.0)), block(treated=TRUSTS[:1]))
    assert result.p_values[0].method.startswith("t test against the spread of 8 studentised placebos")
    assert [p.method.split(",")[0].split(" of")[0] for p in result.p_values[1:]] == [
        "conformal",
        "debiased t test",
    ]
    assert result.p_values[1].smallest == pytest.approx(1 / 48)
    assert result.p_values[1].value <= 0.1


def test_a_placebo_p_value_of_whole_groups_is_enumerated_where_it_can_be():
    panel = panel_of(cells(effect=1.0))
    whole = replace(DOUBLE, placebo_groups=100).estimate(panel, block()).p_values[-1]
    assert whole.method.startswith("rank among 56 placebo groups of 3")
    assert whole.draws is None
    assert whole.value == whole.smallest == pytest.approx(1 / 57)
    sampled = DOUBLE.estimate(panel, block()).p_values[-1]
    assert sampled.draws == 20
    none = replace(DOUBLE, placebo_groups=0).estimate(panel, block())
    assert not any("whole" in p.method for p in none.p_values)


def test_synthetic_did_tells_its_weights():
    result = DOUBLE.estimate(panel_of(cells(effect=1.0)), block())
    for table in ("group-weights", "time-weights"):
        assert result.tables[table].groupby("start")["weight"].sum().tolist() == pytest.approx(
            [1.0], abs=1e-4
        )
    assert (result.tables["time-weights"]["period"] < pd.Timestamp("2014-07-01")).all()


def test_weights_can_be_held_fixed_over_measures():
    y, other = cells(effect=1.0), cells(seed=5)
    fixed = SyntheticControl(fit_on=("other",), **CHEAP)
    panel = panel_of(y, other=other)
    one = fixed.estimate(panel, block()).tables["weights"]
    two = fixed.estimate(panel, block(measure="other")).tables["weights"]
    pd.testing.assert_frame_equal(one, two)
    own = PLAIN.estimate(panel, block(measure="other")).tables["weights"]
    assert own["weight"].tolist() == pytest.approx(two["weight"].tolist(), abs=1e-9)


def test_predictors_enter_the_match():
    rng = np.random.default_rng(1)
    y = cells(effect=-1.0)
    staff = np.tile(rng.uniform(1, 2, size=11), (48, 1))
    staff[3, 2] = np.nan  # a hole in a predictor is no obstacle, its mean counts
    result = SyntheticControl(predictors=("staff",), outcome_blocks=1, seed=1, **CHEAP).estimate(
        panel_of(y, staff=staff), block()
    )
    assert result.pooled.value == pytest.approx(-1.0, abs=0.3)
    assert "staff" in result.method
    assert result.tables["weights"].groupby("trust")["weight"].sum().tolist() == pytest.approx(
        [1, 1, 1], abs=1e-4
    )


def test_one_treated_trust_of_other_noise_is_not_claimed():
    words = "holds if it is about as noisy as the others"
    alone, three = (
        PLAIN.estimate(panel_of(cells()), block(treated=treated)).cautions
        for treated in (TRUSTS[:1], TRUSTS[:3])
    )
    assert any(words in caution for caution in alone)
    assert not any(words in caution for caution in three)


def test_out_of_reach_and_too_close_is_said():
    y = cells()
    y[:, 0] += 50
    cautions = PLAIN.estimate(panel_of(y), block()).cautions
    assert any(c.startswith("TA1 lies out of reach of the donors") for c in cautions)
    short = block(pre=Window(start=date(2014, 5, 1), end=date(2014, 7, 1)))
    cautions = AugmentedSyntheticControl(ridge=1e-12, **CHEAP).estimate(panel_of(cells()), short).cautions
    assert any("reproduce TA1 without error" in c for c in cautions)


@ALL
def test_holes_and_short_series_are_refused_by_name(estimator):
    y = cells()
    y[5, 7] = np.nan
    with pytest.raises(DesignError, match="CA5") as caught:
        estimator.estimate(panel_of(y), block())
    assert "Jun 2012" in str(caught.value)
    short = block(pre=Window(start=date(2014, 6, 1), end=date(2014, 7, 1)))
    with pytest.raises(DesignError, match="TA1"):
        estimator.estimate(panel_of(cells()), short)
    with pytest.raises(DesignError, match="comparison"):
        estimator.estimate(panel_of(cells()), block(comparison=TRUSTS[3:4]))


def test_a_hole_in_a_measure_to_fit_on_is_named():
    other = cells(seed=5)
    other[4, 9] = np.nan
    with pytest.raises(DesignError, match="CA7 has no figure for 'other'"):
        SyntheticControl(fit_on=("other",), **CHEAP).estimate(panel_of(cells(), other=other), block())
    flat = np.ones((48, 11))
    with pytest.raises(DesignError, match="does not vary"):
        SyntheticControl(fit_on=("other",), **CHEAP).estimate(panel_of(cells(), other=flat), block())


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (SyntheticControl, {"level": 1.0}, "level"),
        (SyntheticControl, {"weighting": "size", "draws": 0}, "2 problems|weighting"),
        (SyntheticControl, {"predictors": ("a",), "fit_on": ("b",)}, "not both"),
        (SyntheticControl, {"predictors": ("a",), "intercept": True}, "intercept"),
        (SyntheticControl, {"outcome_blocks": 0}, "outcome_blocks"),
        (AugmentedSyntheticControl, {"ridge": 0.0}, "ridge"),
        (SyntheticDifferenceInDifferences, {"placebo_groups": -1}, "placebo_groups"),
        (SyntheticDifferenceInDifferences, {"calibration_dates": -1, "seed": -1}, "seed"),
    ],
)
def test_impossible_settings_are_refused(kind, settings, words):
    with pytest.raises(DesignError, match=words):
        kind(**settings)
