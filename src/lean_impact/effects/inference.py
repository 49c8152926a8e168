"""Inference on one change a trust: intervals, p-values, and how often the default test cries wolf."""

from __future__ import annotations

import numpy as np

from lean_impact.domain import Estimate, PValue, TrustEffect
from lean_impact.effects.parts import Calibration, Changes
from lean_impact.errors import DesignError
from lean_impact.kernels.collapsed import (
    Contrast,
    contrast,
    one_more_draw,
    placebo_differences,
    placebo_p,
    t_margin,
    t_p_value,
    t_statistic,
)
from lean_impact.kernels.randomisation import draw_groups, rank_p

__all__ = ["calibrate", "pooled_effect", "raise_without_spread", "randomisation_p_values", "trust_effects"]

_TINY = 1e-300
"""A p-value from a formula may underflow to 0; it is never reported as impossible."""

_ROUNDING = 1e-12
_FEWEST_FOR_VARIANCE = 2
_FEWEST_GROUPS = 40
"""With fewer placebo groups a single alarm moves the rate by more than the tolerated band is wide."""


def pooled_effect(changes: Changes, *, level: float) -> tuple[Estimate, PValue]:
    """Return the pooled effect with its default interval and p-value.

    Parameters
    ----------
    changes : Changes
        One change for each trust.
    level : float
        Coverage of the interval.

    Returns
    -------
    estimate : Estimate
        In the unit of the measure.
    p_value : PValue
        Of the same test: Welch's, or that of one more draw for a single treated trust.
    """
    value, error, df = (float(part[0]) for part in _contrasts(changes, _own(changes)))
    estimate = _estimate(value, error, t_margin(error, df, level=level), level)
    single = changes.n_treated < _FEWEST_FOR_VARIANCE
    p = PValue(
        value=max(float(t_p_value(t_statistic(np.array(value), np.array(error)), df)), _TINY),
        smallest=0.0,
        method="t test of one more draw" if single else "Welch t test on the trusts' changes",
        assumption="its change would have been one more draw from theirs, and those are nearly normal"
        if single
        else "trusts change independently and mean changes are nearly normal; variances may differ",
    )
    return estimate, p


def trust_effects(changes: Changes, *, level: float) -> tuple[TrustEffect, ...]:
    """Return the effect on each treated trust, with its t interval and placebo rank.

    Parameters
    ----------
    changes : Changes
        One change for each trust.
    level : float
        Coverage of the intervals.

    Returns
    -------
    tuple of TrustEffect
        In the order of the treated trusts.
    """
    others = changes.change[changes.n_treated :]
    draw, placebos = one_more_draw(others), placebo_differences(others)
    margin = t_margin(draw.standard_error, draw.df, level=level)
    # s sqrt(1 + 1/n) is the error of one effect, of which s sqrt(1/n) is the mean of the comparison trusts.
    shared = draw.standard_error / (len(others) + 1) ** 0.5
    effects = []
    for trust, change in zip(changes.trusts, changes.change[: changes.n_treated], strict=False):
        value = float(change) - draw.mean
        p = PValue(
            value=placebo_p(value, placebos),
            smallest=1 / (len(placebos) + 1),
            method=f"placebo rank among {len(placebos)} comparison trusts",
            assumption="without the programme its change would have been one more draw from theirs",
        )
        estimate = _estimate(value, draw.standard_error, margin, level)
        effects.append(TrustEffect(trust=trust, estimate=estimate, p_value=p, shared_error=shared))
    return tuple(effects)


def randomisation_p_values(changes: Changes, *, draws: int, rng: np.random.Generator) -> tuple[PValue, ...]:
    """Rank the pooled effect among all assignments of the programme to trusts.

    Parameters
    ----------
    changes : Changes
        One change for each trust.
    draws : int
        Random assignments, where there are too many to enumerate.
    rng : Generator
        Source of randomness.

    Returns
    -------
    tuple of PValue
        Studentised by Welch's standard error, then the plain difference; a single treated trust, which has
        no variance of its own, gets the second alone.
    """
    groups = draw_groups(len(changes.trusts), changes.n_treated, draws=draws, rng=rng)
    observed, drawn = (_contrasts(changes, members) for members in (_own(changes), groups.members))

    def p_value(method: str, assumption: str, statistic: np.ndarray, distribution: np.ndarray) -> PValue:
        rank = rank_p(float(statistic[0]), distribution, exact=groups.exact)
        return PValue(
            value=rank.p,
            smallest=rank.smallest,
            method=f"randomisation over trusts, {method}",
            assumption=f"which trusts took part was as good as random{assumption}",
            draws=None if groups.exact else len(distribution),
        )

    plain = p_value(
        "difference",
        " and treated trusts vary as much as the others",
        observed.difference,
        drawn.difference,
    )
    if changes.n_treated < _FEWEST_FOR_VARIANCE:
        return (plain,)
    studentised = p_value(
        "studentised (Welch t)",
        "; nearly right with unequal variances too",
        t_statistic(observed.difference, observed.standard_error),
        t_statistic(drawn.difference, drawn.standard_error),
    )
    return (studentised, plain)


def calibrate(changes: Changes, *, level: float, groups: int, rng: np.random.Generator) -> Calibration | None:
    """Let groups of comparison trusts play the treated, and count how often the default test finds an effect.

    Parameters
    ----------
    changes : Changes
        One change for each trust; the treated ones are not looked at.
    level : float
        Coverage of the interval; the test promises false alarms in 1 - level of the cases.
    groups : int
        Placebo groups to draw; all of them if there are no more.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Calibration or None
        None if there are too few comparison trusts to tell.
    """
    size = changes.n_treated
    without = Changes(
        trusts=changes.trusts[size:],
        n_treated=size,
        before=changes.before[size:],
        after=changes.after[size:],
        weights=changes.weights[size:],
    )
    if len(without.trusts) < size + _FEWEST_FOR_VARIANCE:
        return None
    drawn = draw_groups(len(without.trusts), size, draws=groups, rng=rng, enumerate_up_to=groups)
    if len(drawn.members) < _FEWEST_GROUPS:
        return None
    found = _contrasts(without, drawn.members)
    p = t_p_value(t_statistic(found.difference, found.standard_error), found.df)
    return Calibration(
        n_groups=len(p),
        exact=drawn.exact,
        nominal=1 - level,
        false_alarm_rate=float((p < 1 - level).mean()),
    )


def raise_without_spread(changes: Changes, *, name: str) -> None:
    """Refuse comparison trusts that all changed alike, because then nothing measures chance.

    Raises
    ------
    DesignError
        If their changes are equal up to rounding.
    """
    others = slice(changes.n_treated, None)
    size = max(float(np.abs(changes.before[others]).max()), float(np.abs(changes.after[others]).max()))
    if float(np.ptp(changes.change[others])) <= _ROUNDING * size:
        raise DesignError(
            f"the {len(changes.trusts) - changes.n_treated} comparison trusts changed by exactly the same "
            f"amount in {name}; without spread there is no measure of chance. Check that the figures are real"
        )


def _contrasts(changes: Changes, groups: np.ndarray) -> Contrast:
    return contrast(changes.change, groups, weights=changes.weights)


def _own(changes: Changes) -> np.ndarray:
    return np.arange(changes.n_treated)[None, :]


def _estimate(value: float, error: float, margin: float, level: float) -> Estimate:
    return Estimate(
        value=value, standard_error=error, lower=value - margin, upper=value + margin, level=level
    )
