"""Pooling: what it gives, what it cannot give, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lean_impact.domain import Estimate, Measure, Provenance, PValue, TrustEffect
from lean_impact.errors import DesignError
from lean_impact.kernels import random_effects as kernel
from lean_impact.pooled import RandomEffects

VALUES = (-0.32, 0.05, -0.51, 0.11, -0.18)
ERRORS = (0.145, 0.114, 0.210, 0.134, 0.095)


def effects_of(values=VALUES, errors=ERRORS) -> list[TrustEffect]:
    return [
        TrustEffect(
            trust=f"TR{at}",
            estimate=Estimate(value=y, standard_error=se, lower=y - 2 * se, upper=y + 2 * se),
            p_value=PValue(value=0.5, smallest=0.01, method="rank", assumption="exchangeable"),
        )
        for at, (y, se) in enumerate(zip(values, errors, strict=True))
    ]


@pytest.fixture
def measure() -> Measure:
    return Measure(
        id="seen-4h",
        name="Seen within 4 hours",
        kind="proportion",
        improvement="increase",
        dimension="quality",
        frequency="month",
        unit="share of attendances",
    )


def test_the_parts_fit_together():
    result = RandomEffects().pool(effects_of())
    y, v = np.array(VALUES), np.array(ERRORS) ** 2
    tau2 = result.heterogeneity.tau2
    plain = kernel.weighted_mean(y, v, tau2=tau2)
    q = kernel.hksj_factor(y, v, tau2=tau2)
    assert result.estimate.value == pytest.approx(plain.value)
    assert result.estimate.standard_error == pytest.approx(plain.standard_error * max(1, q) ** 0.5)
    margin = stats.t.ppf(0.975, 4) * result.estimate.standard_error
    assert result.estimate.upper - result.estimate.value == pytest.approx(margin)
    wide = stats.t.ppf(0.975, 3) * (tau2 + result.estimate.standard_error**2) ** 0.5
    assert result.prediction.upper - result.prediction.value == pytest.approx(wide)
    assert result.weights.sum() == pytest.approx(1)
    assert result.p_value.value == pytest.approx(
        2 * stats.t.sf(abs(result.estimate.value / result.estimate.standard_error), 4)
    )


def test_agreement_by_luck_makes_no_interval_narrower_than_the_plain_one():
    result = RandomEffects().pool(effects_of((0.20, 0.21, 0.19, 0.20), (0.1,) * 4))
    assert result.heterogeneity.tau2 == 0.0
    assert result.estimate.standard_error == pytest.approx(0.05)
    assert result.heterogeneity.upper == 0.0
    assert any("agree more closely" in caution for caution in result.cautions)


@pytest.mark.parametrize("tau", ["REML", "DL", "FE"])
@pytest.mark.parametrize("interval", ["HKSJ", "normal"])
def test_all_settings_give_an_interval_with_the_estimate(tau, interval):
    result = RandomEffects(tau=tau, interval=interval, level=0.9).pool(effects_of())
    assert result.estimate.covers(result.estimate.value)
    assert result.estimate.level == 0.9
    assert (result.prediction is None) == (tau == "FE")
    assert 0 <= result.heterogeneity.i_squared < 1


def test_a_common_effect_still_tells_how_much_trusts_differ():
    common, moments = (RandomEffects(tau=tau).pool(effects_of()).heterogeneity for tau in ("FE", "DL"))
    assert common.tau2 == 0.0
    assert common.i_squared == pytest.approx(moments.i_squared)
    assert common.i_squared == pytest.approx(max(0, (common.q - common.df) / common.q))


def test_one_trust_is_its_own_effect():
    (effect,) = effects_of(VALUES[:1], ERRORS[:1])
    result = RandomEffects().pool([effect], n_comparison=90)
    assert result.estimate == effect.estimate
    assert result.p_value == effect.p_value
    assert result.prediction is None
    assert np.isnan(result.heterogeneity.tau2)
    assert result.leave_one_out == ()
    assert len(result.leave_one_out_frame()) == 0
    (caution,) = result.cautions
    assert "nothing to pool" in caution
    assert "Differences" not in result.summary()


def test_two_trusts_have_no_prediction():
    result = RandomEffects().pool(effects_of(VALUES[:2], ERRORS[:2]))
    assert result.prediction is None
    assert any("no prediction for a further trust" in caution for caution in result.cautions)
    assert [left.estimate.value for left in result.leave_one_out] == [VALUES[1], VALUES[0]]
    assert "prediction" not in set(result.to_frame()["scope"])


def test_shared_comparison_mean_is_said_with_its_size():
    result = RandomEffects().pool(effects_of(), n_comparison=99)
    (caution,) = (caution for caution in result.cautions if "share the mean" in caution)
    assert "by 0.010" in caution
    assert "up to 2.0%" in caution


def sharing(shares, *, values=VALUES, errors=ERRORS) -> list[TrustEffect]:
    return [
        effect.model_copy(update={"shared_error": share * effect.estimate.standard_error})
        for effect, share in zip(effects_of(values, errors), shares, strict=True)
    ]


def test_effects_that_carry_what_they_share_are_pooled_with_it():
    result = RandomEffects().pool(sharing([0.5] * 5), n_comparison=99)
    assert not any("share" in caution for caution in result.cautions)
    assert "covariance of the error that effects share" in result.method
    assert "but for the error that they share" in result.p_value.assumption
    without = RandomEffects().pool(sharing([0.5] * 5)[1:])
    assert result.leave_one_out[0].estimate == without.estimate


def test_sidik_jonkman_takes_effects_as_independent_and_says_so():
    shared = RandomEffects(tau="SJ").pool(sharing([0.1, 0.2, 0.3, 0.4, 0.5]))
    plain = RandomEffects(tau="SJ").pool(effects_of())
    assert shared.estimate == plain.estimate
    (caution,) = (caution for caution in shared.cautions if "share" in caution)
    # Of 0.4 and 0.5: the two that correlate most.
    assert "by 0.200" in caution
    assert "up to 34.2%" in caution


def test_a_weight_below_0_is_said():
    result = RandomEffects(tau="FE").pool(sharing([0.5, 0.95], values=(0.1, 0.4), errors=(0.1, 0.9)))
    assert result.weights.min() < 0
    assert any("weight below 0" in caution for caution in result.cautions)
    assert result.plot() is not None


def test_effects_of_nothing_but_a_shared_error_are_refused():
    with pytest.raises(DesignError) as caught:
        RandomEffects().pool(sharing([1.0, 0.5, 1.0, 0.5, 0.5]))
    assert [issue.value for issue in caught.value.issues] == ["TR0", "TR2"]


def test_leaving_one_out_is_pooling_without_it():
    result = RandomEffects().pool(effects_of())
    table = result.leave_one_out_frame()
    without = RandomEffects().pool(effects_of()[1:])
    assert table["left_out"].tolist() == [f"TR{at}" for at in range(5)]
    assert table["estimate"][0] == pytest.approx(without.estimate.value)
    assert table["shift"][0] == pytest.approx(without.estimate.value - result.estimate.value)
    assert table["tau2"][0] == pytest.approx(without.heterogeneity.tau2)


def test_frames_have_fixed_columns(measure):
    result = RandomEffects().pool(effects_of(), measure=measure)
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
        "weight",
        "blup",
        "blup_lower",
        "blup_upper",
    ]
    assert table["scope"].tolist() == ["trust"] * 5 + ["pooled", "prediction"]
    assert result.heterogeneity_frame()["tau2_upper"][0] == result.heterogeneity.upper
    with pytest.raises(ValueError, match="read-only"):
        result.weights[0] = 1


def test_words_use_the_unit_of_the_measure(measure):
    with_unit = RandomEffects().pool(effects_of(), measure=measure)
    assert "points" in with_unit.summary()
    assert with_unit.description.startswith("Forest plot of Seen within 4 hours")
    assert "points" not in RandomEffects().pool(effects_of()).summary()


def test_provenance_is_carried_on():
    origin = Provenance(plugin="nhs", seed=3, steps=("read",), parameters={"draws": "99"})
    result = RandomEffects(level=0.9).pool(effects_of(), provenance=origin)
    assert result.provenance.plugin == "nhs"
    assert result.provenance.parameters["draws"] == "99"
    assert result.provenance.parameters["pooled.level"] == "0.9"
    assert result.provenance.steps == ("read", "pooled the effects of 5 trusts")


def test_forest_has_a_row_for_each_trust_the_mean_and_a_further_trust(measure):
    result = RandomEffects().pool(effects_of(), measure=measure)
    ax = result.plot(labels={"TR0": "First"})
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["First", "TR1", "TR2", "TR3", "TR4", "Pooled", "A further trust"]
    two = RandomEffects().pool(effects_of(VALUES[:2], ERRORS[:2]))
    assert [label.get_text() for label in two.plot().get_yticklabels()] == ["TR0", "TR1", "Pooled"]


def test_nothing_to_pool():
    with pytest.raises(DesignError, match="no trust's effect is given"):
        RandomEffects().pool([])


def test_all_unusable_effects_are_listed():
    twice = [*effects_of(), *effects_of((0.1,), (0.0,))]
    with pytest.raises(DesignError) as caught:
        RandomEffects().pool(twice)
    assert [issue.rule for issue in caught.value.issues] == ["repeated-trust", "no-uncertainty"]


def test_bad_settings_are_all_listed():
    with pytest.raises(DesignError) as caught:
        RandomEffects(tau="moments", interval="exact", level=2.0)
    assert len(caught.value.issues) == 3
