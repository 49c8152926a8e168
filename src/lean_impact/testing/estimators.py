"""Laws that every effect estimator must obey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from lean_impact.domain import Window
from lean_impact.effects import EffectEstimator, EffectResult
from lean_impact.tables import Panel
from lean_impact.testing._laws import hold, named, refuses, same
from lean_impact.testing.check import Check
from lean_impact.testing.panels import MEASURE, SyntheticDesign, SyntheticPanel, synthetic_panel

__all__ = ["estimator_checks"]

_SEED: Final = 20_150_901
_SHIFT: Final = 0.037
_N_NULL: Final = 40
# With 95 % intervals, more than eight of forty without zero come once in 20,000 times.
_MOST_ALARMS: Final = 8
# Ratios are neither rounded nor bounded, so that what should be exact is exact.
_DESIGN: Final = SyntheticDesign(
    n_treated=3, n_comparison=10, n_before=24, n_after=24, kind="ratio", effect=0.02
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    estimator: EffectEstimator

    def of(self, known: SyntheticPanel) -> EffectResult:
        return known.estimate(self.estimator)

    def numbers(self, known: SyntheticPanel) -> list[float]:
        """Return every estimate with its interval: each treated trust, then pooled."""
        return _numbers(self.of(known))


def estimator_checks(estimator: EffectEstimator) -> Iterator[Check]:
    """Name the laws that an effect estimator must obey.

    Parameters
    ----------
    estimator : EffectEstimator
        The estimator to check, with the settings to check it with; intervals of 95 %.

    Yields
    ------
    Check
        One law after the other; run each by ``check.run()``.

    Notes
    -----
    The panels are made up (:func:`synthetic_panel`): three treated and ten comparison trusts, parallel but
    for chance. The first law asks that an effect without any noise is found exactly; an estimator that
    shrinks breaks it by design and declares that as an expected failure.
    """
    yield from named(_LAWS, _Case(estimator=estimator))


def _known(**changes: float) -> SyntheticPanel:
    """Return the panel of most laws, or one with other settings."""
    return synthetic_panel(replace(_DESIGN, **changes), seed=_SEED)  # type: ignore[arg-type]


def _with_frame(known: SyntheticPanel, frame: pd.DataFrame) -> SyntheticPanel:
    """Return the same question on changed figures."""
    bare = frame.drop(columns="value")
    return replace(known, panel=Panel.from_frame(bare, measures=[known.design.measure]))


def _moved(known: SyntheticPanel, amount: pd.Series | float) -> SyntheticPanel:
    """Add to values by adding to numerators."""
    frame = known.panel.frame
    return _with_frame(known, frame.assign(numerator=frame["numerator"] + amount * frame["denominator"]))


def _numbers(result: EffectResult) -> list[float]:
    estimates = [*(effect.estimate for effect in result.effects), result.pooled]
    return [number for item in estimates for number in (item.value, item.lower, item.upper)]


def _p_values(result: EffectResult) -> list[float]:
    found = [effect.p_value.value for effect in result.effects if effect.p_value]
    return [*found, *(p.value for p in result.p_values)]


def _without_noise_the_truth_is_found(case: _Case) -> None:
    # A trace of difference between comparison trusts is left, as without any there is no test.
    known = _known(noise=0.0, change_spread=1e-9, effect_spread=0.01)
    result = case.of(known)
    found = [effect.estimate.value for effect in result.effects]
    truth = [known.effects[effect.trust] for effect in result.effects]
    same(found, truth, "effects by trust", scale=0.1)
    same([result.pooled.value], [known.effect], "pooled effect", scale=0.1)


def _no_effect_is_seldom_seen(case: _Case) -> None:
    design = replace(_DESIGN, effect=0.0)
    results = [case.of(synthetic_panel(design, seed=seed)) for seed in range(_N_NULL)]
    alarms = sum(not result.pooled.covers(0.0) for result in results)
    hold(alarms <= _MOST_ALARMS, f"{alarms} of {_N_NULL} panels without an effect show one")


def _a_large_effect_is_seen(case: _Case) -> None:
    for effect in (0.2, -0.2):
        pooled = case.of(_known(effect=effect)).pooled
        seen = not pooled.covers(0.0) and pooled.value * effect > 0
        hold(seen, f"an effect of {effect}, twenty times the noise, gives {pooled.lower} to {pooled.upper}")


def _adding_to_the_treated_after_adds_to_the_estimate(case: _Case) -> None:
    known = _known()
    frame = known.panel.frame
    after = frame["trust"].isin(known.treated) & (frame["period"] >= pd.Timestamp(known.start))
    expected = np.add(case.numbers(known), _SHIFT)
    same(case.numbers(_moved(known, after * _SHIFT)), expected, "the estimate does not move along")


def _what_every_trust_shares_changes_nothing(case: _Case) -> None:
    known = _known()
    wave = 0.1 * np.sin(known.panel.frame["period"].dt.month.astype("float64"))
    same(case.numbers(_moved(known, wave)), case.numbers(known), "a shared season changes the estimate")


def _a_trusts_own_level_changes_nothing(case: _Case) -> None:
    known = _known()
    level = known.panel.frame["trust"].map({code: at for at, code in enumerate(known.panel.trusts)})
    moved = _moved(known, 0.01 * level.astype("float64"))
    same(case.numbers(moved), case.numbers(known), "a trust's own level changes the estimate")


def _another_unit_scales_estimates_and_keeps_p_values(case: _Case) -> None:
    known = _known()
    frame = known.panel.frame
    scaled = _with_frame(known, frame.assign(numerator=100 * frame["numerator"]))
    same(case.numbers(scaled), np.multiply(case.numbers(known), 100), "the estimate is not scaled")
    same(_p_values(case.of(scaled)), _p_values(case.of(known)), "another unit gives other p-values")


def _turning_the_sign_mirrors_estimates_and_keeps_p_values(case: _Case) -> None:
    known = _known()
    frame = known.panel.frame
    mirrored = _with_frame(known, frame.assign(numerator=2 * frame["denominator"] - frame["numerator"]))
    values = [effect.estimate.value for effect in case.of(known).effects]
    turned = [-effect.estimate.value for effect in case.of(mirrored).effects]
    same(turned, values, "the mirrored measure is not mirrored")
    same(_p_values(case.of(mirrored)), _p_values(case.of(known)), "the mirrored measure has other p-values")


def _the_order_of_rows_and_trusts_does_not_matter(case: _Case) -> None:
    known = _known()
    shuffled = _with_frame(known, known.panel.frame.sample(frac=1, random_state=_SEED))
    turned = replace(shuffled, comparison=shuffled.comparison[::-1])
    same(case.numbers(turned), case.numbers(known), "another order gives another estimate")
    same(_p_values(case.of(turned)), _p_values(case.of(known)), "another order gives other p-values")


def _renaming_comparison_trusts_changes_nothing(case: _Case) -> None:
    known = _known()
    names = dict(zip(known.comparison, (*known.comparison[3:], *known.comparison[:3]), strict=True))
    frame = known.panel.frame
    renamed = _with_frame(known, frame.assign(trust=frame["trust"].map(lambda code: names.get(code, code))))
    same(case.numbers(renamed), case.numbers(known), "other names of comparison trusts change the estimate")


def _the_same_figures_give_the_same_answer(case: _Case) -> None:
    one, two = case.of(_known()), case.of(_known())
    hold(one.to_frame().equals(two.to_frame()), "a second time gives another table")
    hold(_p_values(one) == _p_values(two), "a second time gives other p-values")


def _the_input_is_left_untouched(case: _Case) -> None:
    known = synthetic_panel(_DESIGN, seed=_SEED)
    before = known.panel.frame
    case.of(known)
    hold(before.equals(known.panel.frame), "estimating changed the panel")


def _every_estimate_comes_with_its_uncertainty(case: _Case) -> None:
    result = case.of(_known())
    hold(bool(result.p_values), "the pooled effect has no p-value")
    for p in (*(effect.p_value for effect in result.effects), *result.p_values):
        if p is not None:
            hold(p.smallest <= p.value * (1 + 1e-9), "a p-value below the smallest reachable one")
    for effect in result.effects:
        hold(effect.estimate.upper > effect.estimate.lower, f"{effect.trust} has an interval without width")
    hold(result.pooled.upper > result.pooled.lower, "the pooled effect has an interval without width")


def _the_result_says_who_and_what(case: _Case) -> None:
    known = _known()
    result = case.of(known)
    hold(tuple(effect.trust for effect in result.effects) == known.treated, "effects are not of the treated")
    hold(sorted(result.comparison) == sorted(known.comparison), "the comparison trusts are not those given")
    hold(result.measure == known.design.measure, "the measure is not the one asked for")
    hold(bool(result.provenance.parameters), "the result does not say with which settings it was found")
    frame = result.to_frame()
    trusts = frame.loc[frame["scope"] == "trust", "trust"].tolist()
    hold(trusts == list(known.treated), "the table does not hold every treated trust once")
    hold((frame["scope"] == "pooled").sum() == 1, "the table does not hold the pooled effect once")


def _questions_that_cannot_be_answered_are_refused(case: _Case) -> None:
    known = _known()
    never = Window(start=date(1990, 1, 1), end=date(1992, 1, 1))
    for what, changed in {
        "a trust in both roles": replace(known, comparison=(*known.comparison, known.treated[0])),
        "a trust that is not in the panel": replace(known, treated=("ZZ9",)),
        "no treated trust": replace(known, treated=()),
        "no comparison trust": replace(known, comparison=()),
        "a window without figures": replace(known, pre=never),
        "a measure that is not in the panel": _without_measure(known),
    }.items():
        hold(refuses(partial(case.of, changed)) is not None, f"{what} was accepted")


def _without_measure(known: SyntheticPanel) -> SyntheticPanel:
    """Return the question on a panel that has another measure."""
    other = known.design.measure.model_copy(update={"id": f"not-{MEASURE}"})
    frame = known.panel.frame.assign(measure=other.id)
    return replace(known, panel=Panel.from_frame(frame, measures=[other]))


_LAWS: Final[tuple[Callable[[_Case], None], ...]] = (
    _without_noise_the_truth_is_found,
    _no_effect_is_seldom_seen,
    _a_large_effect_is_seen,
    _adding_to_the_treated_after_adds_to_the_estimate,
    _what_every_trust_shares_changes_nothing,
    _a_trusts_own_level_changes_nothing,
    _another_unit_scales_estimates_and_keeps_p_values,
    _turning_the_sign_mirrors_estimates_and_keeps_p_values,
    _the_order_of_rows_and_trusts_does_not_matter,
    _renaming_comparison_trusts_changes_nothing,
    _the_same_figures_give_the_same_answer,
    _the_input_is_left_untouched,
    _every_estimate_comes_with_its_uncertainty,
    _the_result_says_who_and_what,
    _questions_that_cannot_be_answered_are_refused,
)
