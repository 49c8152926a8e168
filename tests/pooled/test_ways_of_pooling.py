"""Meta-regression, three levels, priors, sign flips and families: what they give and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from lean_impact.domain import FamilyPlan, Measure, PValue
from lean_impact.errors import DesignError
from lean_impact.pooled import (
    HalfNormalEffects,
    MetaRegression,
    RandomEffects,
    ThreeLevelEffects,
    adjust_family,
    sign_flip_test,
)
from lean_impact.testing.effects import trust_effects

VALUES = (-0.32, 0.05, -0.51, 0.11, -0.18)
ERRORS = (0.145, 0.114, 0.210, 0.134, 0.095)
READY = {"TR0": 0.8, "TR1": 0.4, "TR2": 0.9, "TR3": 0.2, "TR4": 0.6}
BINARY = {"TR0": 1.0, "TR1": 0.0, "TR2": 1.0, "TR3": 0.0, "TR4": 1.0}


@pytest.fixture
def measure():
    return Measure(
        id="seen",
        name="Seen",
        kind="proportion",
        improvement="increase",
        dimension="quality",
        frequency="month",
        unit="share",
    )


def test_regression_tells_slope_permutation_and_what_is_left(measure):
    found = MetaRegression().pool(trust_effects(VALUES, ERRORS), moderators={"ready": READY}, measure=measure)
    slope = found.coefficient("ready")
    assert slope.estimate.value < 0
    assert slope.permutation.value == pytest.approx(2 / 120)
    assert slope.permutation.smallest <= slope.permutation.value
    assert found.tau2 <= found.tau2_without
    assert found.explained == pytest.approx(1.0)
    assert "points" in found.summary()
    assert found.to_frame()["term"].tolist() == ["intercept", "ready"]
    assert found.heterogeneity_frame()["df"].tolist() == [3]
    assert any("mostly missed" in caution for caution in found.cautions)
    assert found.plot(labels={"TR0": "First"}).get_xlabel() == "ready"


def test_a_condition_of_three_in_five_cannot_pass():
    found = MetaRegression().pool(trust_effects(VALUES, ERRORS), moderators={"ready": BINARY})
    assert found.coefficient("ready").permutation.smallest == pytest.approx(0.1)


def test_prediction_is_the_line_and_wider_for_a_further_trust():
    found = MetaRegression(tau="SJ").pool(trust_effects(VALUES, ERRORS), moderators={"ready": READY})
    line = found.predict({"ready": 0.5})
    further = found.predict({"ready": 0.5}, new_trust=True)
    intercept, slope = (item.estimate.value for item in found.coefficients)
    assert line.value == pytest.approx(intercept + 0.5 * slope) == pytest.approx(further.value)
    assert further.lower < line.lower
    with pytest.raises(DesignError, match="give a value for ready"):
        found.predict({})


def test_moving_a_moderator_moves_the_intercept_alone():
    once = MetaRegression().pool(trust_effects(VALUES, ERRORS), moderators={"ready": READY})
    moved = MetaRegression().pool(
        trust_effects(VALUES, ERRORS), moderators={"ready": {key: 10 + 2 * x for key, x in READY.items()}}
    )
    assert moved.coefficient("ready").estimate.value == pytest.approx(
        once.coefficient("ready").estimate.value / 2
    )
    assert moved.coefficient("ready").permutation.value == once.coefficient("ready").permutation.value


def test_several_moderators_are_drawn_as_coefficients():
    effects = trust_effects((*VALUES, 0.2, -0.3), (*ERRORS, 0.1, 0.1))
    one = dict(zip((e.trust for e in effects), (0.8, 0.4, 0.9, 0.2, 0.6, 0.1, 0.5), strict=True))
    two = dict(zip((e.trust for e in effects), (0, 1, 0, 1, 1, 0, 1.0), strict=True))
    found = MetaRegression(tau="DL", interval="normal").pool(effects, moderators={"one": one, "two": two})
    assert [label.get_text() for label in found.plot().get_yticklabels()] == ["one", "two"]
    assert found.description.startswith("Forest plot of coefficients")


@pytest.mark.parametrize(
    ("moderators", "words"),
    [
        ({}, "no moderator is given"),
        ({"ready": {"TR0": 1.0}}, "no number for TR1, TR2, TR3, TR4"),
        ({"ready": dict.fromkeys(READY, 1.0)}, "leave out what does not differ"),
        ({"a": READY, "b": {key: 1 - x for key, x in READY.items()}}, "can be made up from a"),
        (
            {name: {key: x**power for key, x in READY.items()} for power, name in enumerate("abcd", 1)},
            "at most 3",
        ),
    ],
)
def test_moderators_that_cannot_be_used(moderators, words):
    with pytest.raises(DesignError, match=words):
        MetaRegression().pool(trust_effects(VALUES, ERRORS), moderators=moderators)


@pytest.mark.parametrize("tau", ["PM", "ML", "HE", "SJ", "EB"])
def test_every_estimator_pools(tau):
    found = RandomEffects(tau=tau).pool(trust_effects(VALUES, ERRORS))
    assert found.heterogeneity.tau2 >= 0
    assert found.prediction.lower <= found.estimate.lower
    assert len(found.leave_one_out) == 5


def test_sign_flips_of_five_never_pass_five_per_cent():
    assert sign_flip_test(trust_effects([1.0] * 5, [0.1] * 5)).value == pytest.approx(1 / 16)
    with pytest.raises(DesignError, match="'SJ'"):
        sign_flip_test(trust_effects(VALUES, ERRORS), tau="SJ")


def test_a_wide_prior_and_many_trusts_come_to_the_likelihood():
    rng = np.random.default_rng(2)
    effects = trust_effects(rng.normal(0.5, 0.3, 60).tolist(), [0.1] * 60)
    prior = HalfNormalEffects(scale=10.0).pool(effects)
    plain = RandomEffects(interval="normal").pool(effects)
    assert prior.estimate.value == pytest.approx(plain.estimate.value, abs=0.005)
    assert prior.tau.value == pytest.approx(plain.heterogeneity.tau2**0.5, abs=0.02)


def test_a_prior_of_nothing_is_a_common_effect():
    prior = HalfNormalEffects(scale=1e-6).pool(trust_effects(VALUES, ERRORS))
    common = RandomEffects(tau="FE", interval="normal").pool(trust_effects(VALUES, ERRORS))
    assert prior.estimate.value == pytest.approx(common.estimate.value, abs=1e-6)
    assert prior.estimate.standard_error == pytest.approx(common.estimate.standard_error, abs=1e-6)
    assert any("too narrow" in caution for caution in prior.cautions) or prior.tau.value < 1e-5


def test_the_prior_is_shown_with_half_and_twice_its_scale(measure):
    found = HalfNormalEffects(scale=0.2).pool(trust_effects(VALUES, ERRORS), measure=measure)
    widths = found.priors_frame()["further_upper"] - found.priors_frame()["further_lower"]
    assert widths.is_monotonic_increasing
    assert found.to_frame()["scope"].tolist() == ["trust"] * 5 + ["pooled", "prediction", "tau"]
    assert "half-normal" in found.summary()
    assert found.plot().get_title(loc="left") == found.title
    with pytest.raises(DesignError, match="scale must be above 0"):
        HalfNormalEffects(scale=0.0)
    with pytest.raises(DesignError, match="one trust"):
        HalfNormalEffects(scale=1.0).pool(trust_effects([0.1], [0.1]))


def test_measures_of_one_trust_are_not_so_many_trusts():
    shared = trust_effects([0.9, -0.4, 0.3, 0.5, -0.2], [0.05] * 5)
    copies = {f"m{i}": shared for i in range(6)}
    found = ThreeLevelEffects().pool(copies)
    alone = RandomEffects().pool(shared)
    assert found.estimate.standard_error == pytest.approx(alone.estimate.standard_error, rel=0.05)
    assert found.within == pytest.approx(0.0, abs=1e-6)
    assert found.n_effects == 30
    assert len(found.to_frame()) == 31
    assert found.heterogeneity_frame()["n_trusts"].tolist() == [5]
    assert len(found.plot().get_yticklabels()) == 31


def test_three_levels_say_what_they_cannot_use():
    with pytest.raises(DesignError, match="no trust has more than one measure"):
        ThreeLevelEffects().pool({"a": trust_effects(VALUES, ERRORS)})
    with pytest.raises(DesignError, match="given more than once") as caught:
        ThreeLevelEffects().pool({"a": trust_effects([0.1, 0.2], [0.1, 0.0], trusts=["TR0", "TR0"])})
    assert len(caught.value.issues) == 3


def p(value, smallest=0.001):
    return PValue(value=value, smallest=smallest, method="rank", assumption="exchangeable")


def test_a_family_shows_its_rule_and_the_others():
    plan = FamilyPlan(
        id="f", label="F", questions=("a", "b", "c"), rule="benjamini-hochberg", why="asked together"
    )
    found = adjust_family(plan, {"a": p(0.01), "b": p(0.04), "c": p(0.03), "other": p(0.5)})
    assert found.adjusted == pytest.approx({"a": 0.03, "b": 0.04, "c": 0.04})
    assert found.holm == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert found.finds == ("a", "b", "c")
    assert found.to_frame()["find"].all()
    assert "Benjamini-Hochberg" in found.summary()


def test_a_family_says_which_question_could_not_have_passed():
    plan = FamilyPlan(id="f", label="F", questions=("a", "b"), rule="holm", why="asked together")
    found = adjust_family(plan, {"a": p(0.2, smallest=0.1), "b": p(0.5)})
    assert any("a could not have passed" in caution for caution in found.cautions)
    with pytest.raises(DesignError, match="no p-value for b"):
        adjust_family(plan, {"a": p(0.2)})
