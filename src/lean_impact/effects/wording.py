"""Results in plain words. The words follow the evidence: nothing is visible unless the interval says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from lean_impact.domain import Estimate, Measure, PValue, Summary
from lean_impact.kernels.randomisation import monte_carlo_error

if TYPE_CHECKING:
    from lean_impact.effects.result import EffectResult

__all__ = [
    "Verdict",
    "conclusion",
    "cries_wolf",
    "doubt",
    "effect_summary",
    "forest_description",
    "impossible",
    "p_words",
    "path_description",
    "verdict",
]

Verdict = Literal["improvement", "worsening", "rise", "fall", "none"]
"""What is visible; rise and fall where neither direction is better, none where nothing is visible."""

_SMALLEST_SHOWN = 0.001
_TOLERATED_IMPOSSIBLE = 0.05
_ROUNDING = 1e-9


def cries_wolf(result: EffectResult) -> bool:
    """Tell whether the default test of a result cries wolf on these figures clearly too often."""
    return result.calibration is not None and result.calibration.too_many


def impossible(result: EffectResult) -> str:
    """Say that a counterfactual cannot be, as it lies outside what the measure allows.

    Parameters
    ----------
    result : EffectResult
        Any effect.

    Returns
    -------
    str
        The end of a sentence; empty if the counterfactual lies outside 0 to 100 % (counts: below 0) in at most
        5 % of the periods with the programme.
    """
    path, (low, high) = result.path, result.measure.possible
    values = path.comparison[path.used & (path.periods >= np.datetime64(result.post.start))]
    off = np.maximum(low - values, values - high)
    n_off = int((off > _ROUNDING).sum())
    if n_off <= _TOLERATED_IMPOSSIBLE * len(values):
        return ""
    return (
        f"its counterfactual lies outside what is possible in {n_off} of {len(values)} periods with the programme "
        f"(as far as {result.measure.format(float(values[np.nanargmax(off)]))})"
    )


def doubt(result: EffectResult) -> str:
    """Say why nothing that a result shows can be relied on here.

    Parameters
    ----------
    result : EffectResult
        Any effect.

    Returns
    -------
    str
        The end of a sentence: its test cries wolf on these figures, or its counterfactual cannot be; empty if
        neither is so.
    """
    return str(result.calibration) if cries_wolf(result) else impossible(result)


def verdict(result: EffectResult) -> Verdict:
    """Judge whether an effect is visible, and in which direction.

    Parameters
    ----------
    result : EffectResult
        Any effect.

    Returns
    -------
    {"improvement", "worsening", "rise", "fall", "none"}

    Notes
    -----
    Visible means: the pooled interval excludes no effect, the test behind it does not cry wolf on
    these data clearly more often than it promises, and the counterfactual is possible (:func:`doubt`).
    """
    if result.pooled.covers(0.0) or doubt(result):
        return "none"
    up = result.pooled.value > 0
    if result.measure.improvement == "neutral":
        return "rise" if up else "fall"
    return "improvement" if up == (result.measure.improvement == "increase") else "worsening"


def conclusion(result: EffectResult) -> str:
    """Say in one plain sentence what was found.

    Parameters
    ----------
    result : EffectResult
        Any effect; whether up or down is better is read from its measure.

    Returns
    -------
    str
        Begins with "Visible improvement", "Visible worsening", "Visible rise", "Visible fall" or
        "No visible effect".
    """
    measure, found = result.measure, verdict(result)
    evidence = f"{_moves(result)} of {_with_interval(result.pooled, measure)}, {p_words(result.p_value)}"
    if found != "none":
        return f"Visible {found} in {measure.name}: {evidence}."
    if result.pooled.covers(0.0):
        return (
            f"No visible effect on {measure.name}: {evidence}; no effect and everything else in that "
            "interval are compatible with the figures."
        )
    return (
        f"No visible effect on {measure.name} that this test could vouch for: {evidence}, but "
        f"{doubt(result)}."
    )


def _moves(result: EffectResult) -> str:
    """Tell what is compared with what, up to the word that an estimate follows."""
    measure = result.measure
    if not result.n_comparison:
        treated = result.level("treated", "mean")
        return (
            f"the {_trusts(result.n_treated, 'treated')} moved from {measure.format(treated.before)} to "
            f"{measure.format(treated.after)}, a difference from {result.path.versus}"
        )
    if result.changes is None:
        treated, others = (result.level(group, "mean") for group in ("treated", "comparison"))
        return (
            f"the {_trusts(result.n_treated, 'treated')} changed by "
            f"{measure.format_change(treated.after - treated.before)} and the "
            f"{_trusts(result.n_comparison, 'comparison')} by "
            f"{measure.format_change(others.after - others.before)}, a difference from {result.path.versus}"
        )
    comparison = result.level("comparison", "mean")
    moved = comparison.after - comparison.before
    return (
        f"the {_trusts(result.n_treated, 'treated')} changed by "
        f"{measure.format_change(moved + result.pooled.value)} and the "
        f"{_trusts(result.n_comparison, 'comparison')} by {measure.format_change(moved)}, a difference"
    )


def effect_summary(result: EffectResult) -> Summary:
    """Write all that a reader must know about a result, one thing a line."""
    return Summary("\n".join(_lines(result)))


def _lines(result: EffectResult) -> Iterator[str]:
    measure = result.measure
    yield conclusion(result)
    yield (
        f"Method: {result.method}; {result.n_pre} periods from {result.pre.start} to before {result.pre.end} "
        f"against {result.n_post} from {result.post.start} to before {result.post.end}; {result.weighting}"
    )
    for level in result.levels:
        if level.group != "trust":
            how = "all taken together" if level.aggregation == "sum" else "mean of trusts"
            change = measure.format_change(level.after - level.before)
            yield (
                f"{_trusts(level.n_trusts, level.group).capitalize()}, {how}: {measure.format(level.before)} "
                f"before, {measure.format(level.after)} after ({change})"
            )
    for effect in result.effects:
        p = f", {p_words(effect.p_value)}" if effect.p_value else ""
        yield f"{effect.trust}: {_with_interval(effect.estimate, measure)}{p}"
    for p_value in result.p_values:
        yield f"{p_value.method}: {p_words(p_value)}; holds if {p_value.assumption}"
    if result.calibration is not None:
        yield f"Calibration: {result.calibration}"
    yield from (f"Caution: {caution}" for caution in (*result.cautions, impossible(result)) if caution)


def forest_description(result: EffectResult) -> str:
    """Describe the chart of effects by trust."""
    measure = result.measure
    trusts = "; ".join(f"{e.trust} {_with_interval(e.estimate, measure)}" for e in result.effects)
    return (
        f"Dot-and-interval chart of the effect on {measure.name} for {_trusts(result.n_treated, 'treated')} "
        f"and for all of them together, with a vertical line at no effect. {trusts}. Together "
        f"{_with_interval(result.pooled, measure)}."
    )


def path_description(result: EffectResult) -> str:
    """Describe the chart over time."""
    measure = result.measure
    words = [
        f"{level.group} from {measure.format(level.before)} before to {measure.format(level.after)} after"
        for level in result.levels
        if level.group != "trust" and level.aggregation == "mean"
    ]
    return (
        f"Line chart of {measure.name} over time: mean of {_trusts(result.n_treated, 'treated')} and "
        f"{result.path.versus}, with a vertical line where the period after begins, "
        f"{result.post.start}. Mean levels: {', '.join(words)}."
    )


def _trusts(n: int, which: str) -> str:
    return f"{n} {which} trust{'' if n == 1 else 's'}"


def _with_interval(estimate: Estimate, measure: Measure) -> str:
    return (
        f"{measure.format_change(estimate.value)} ({100 * estimate.level:.0f}% interval "
        f"{measure.format_range(estimate.lower, estimate.upper)})"
    )


def p_words(p: PValue) -> str:
    """Write a p-value for a reader, with its smallest reachable value and Monte-Carlo error if any."""
    words = f"p = {p.value:.3f}" if p.value >= _SMALLEST_SHOWN else f"p < {_SMALLEST_SHOWN}"
    extra = [f"smallest reachable {p.smallest:.2g}"] if p.smallest else []
    if p.draws:
        extra.append(f"Monte-Carlo error {monte_carlo_error(p.value, p.draws):.2g} from {p.draws} draws")
    return f"{words} ({', '.join(extra)})" if extra else words
