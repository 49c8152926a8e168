r"""Power and the smallest detectable effect, from what an estimator gives where there is no effect.

Placebo groups and placebo dates on the real data of trusts without the programme give draws of an estimate
and of the half-width of its interval. An estimator that is linear in the outcome of the treated trusts moves
by exactly the effect when an effect is added, and its half-width stays. So one set of draws gives the power
at any effect.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import bdtr, stdtrit

from lean_impact.kernels.randomisation import draw_groups

__all__ = [
    "Designs",
    "DetectableEffect",
    "PowerCurve",
    "detectable_effect",
    "draw_designs",
    "power_curve",
    "t_margins",
]

_TIE = 1e-12


class Designs(NamedTuple):
    """Placebo studies to run on the trusts without the programme.

    Attributes
    ----------
    members : ndarray of int, shape (n_draws, n_treated)
        Positions of the trusts that play the treated ones, in the order of `offsets`.
    starts : ndarray of int, shape (n_draws,)
        First period with the programme of the earliest adopter; the study uses the `n_pre` periods before
        and the `n_post` periods from it on.
    """

    members: np.ndarray
    starts: np.ndarray


class PowerCurve(NamedTuple):
    """How often effects are detected.

    Attributes
    ----------
    effects : ndarray of float64, shape (n_effects,)
        True effects, in the unit of the outcome.
    power : ndarray of float64, shape (n_effects,)
        Share of draws whose interval excludes 0 on the side of the effect; at an effect of 0, on either side.
    wrong_side : ndarray of float64, shape (n_effects,)
        Share whose interval excludes 0 on the other side; 0 by definition at an effect of 0.
    error : ndarray of float64, shape (n_effects,)
        Monte-Carlo standard error of `power`, as if draws were independent.
    """

    effects: np.ndarray
    power: np.ndarray
    wrong_side: np.ndarray
    error: np.ndarray


class DetectableEffect(NamedTuple):
    """The smallest effect that is detected often enough.

    Attributes
    ----------
    effect : float
        Smallest size, with its sign; infinite if no effect is detected that often.
    low, high : float
        95 % Monte-Carlo limits of its size, from the order of the draws; as if draws were independent.
    """

    effect: float
    low: float
    high: float


def t_margins(standard_errors: np.ndarray, dfs: np.ndarray, *, level: float) -> np.ndarray:
    """Turn standard errors and degrees of freedom into half-widths of t intervals.

    Parameters
    ----------
    standard_errors : ndarray of float64, shape (n_draws,)
        Not negative.
    dfs : ndarray of float64, shape (n_draws,)
        Degrees of freedom; may be infinite.
    level : float
        Coverage of the interval.

    Returns
    -------
    ndarray of float64, shape (n_draws,)

    Examples
    --------
    >>> t_margins(np.array([1.0, 1.0]), np.array([4.0, np.inf]), level=0.95).round(3).tolist()
    [2.776, 1.96]
    """
    df = np.asarray(dfs, dtype=float)
    finite = np.where(np.isinf(df), 1e15, df)
    return np.asarray(np.asarray(standard_errors) * stdtrit(finite, 0.5 + level / 2))


def power_curve(estimates: np.ndarray, margins: np.ndarray, effects: np.ndarray) -> PowerCurve:
    """Compute how often an effect of each size is detected.

    Parameters
    ----------
    estimates : ndarray of float64, shape (n_draws,)
        Estimates where there is no effect.
    margins : ndarray of float64, shape (n_draws,)
        Half-widths of their intervals; infinite where nothing could be significant.
    effects : ndarray of float64, shape (n_effects,)
        Effects to add.

    Returns
    -------
    PowerCurve

    Raises
    ------
    ValueError
        If there is no draw, shapes differ, an estimate is not finite or a margin is negative or missing.

    Examples
    --------
    >>> curve = power_curve(np.array([-1.0, 0.0, 1.0, 3.0]), np.full(4, 2.0), np.array([0.0, 2.5, -2.5]))
    >>> curve.power.tolist(), curve.wrong_side.tolist()
    ([0.25, 0.75, 0.5], [0.0, 0.0, 0.0])
    """
    estimate, margin = _checked(estimates, margins)
    truth = np.asarray(effects, dtype=float)
    moved = estimate + truth[:, None]
    # An interval that ends at 0 does not exclude it, whatever the rounding.
    edge = margin + _TIE * (np.abs(estimate) + np.abs(truth)[:, None])
    above, below = (moved > edge).mean(axis=1), (-moved > edge).mean(axis=1)
    power = np.select([truth > 0, truth < 0], [above, below], above + below)
    wrong = np.select([truth > 0, truth < 0], [below, above], 0.0)
    return PowerCurve(truth, power, wrong, np.sqrt(power * (1 - power) / len(estimate)))


def detectable_effect(
    estimates: np.ndarray, margins: np.ndarray, *, power: float = 0.8, sign: int = 1
) -> DetectableEffect:
    r"""Find the smallest effect that is detected with a given probability.

    Parameters
    ----------
    estimates, margins
        As in :func:`power_curve`.
    power : float
        Between 0 and 1.
    sign : int
        1 for an effect upwards, -1 for one downwards.

    Returns
    -------
    DetectableEffect

    Raises
    ------
    ValueError
        As :func:`power_curve`; if `power` or `sign` makes no sense.

    Notes
    -----
    An effect :math:`e > 0` is detected in draw *i* when it exceeds :math:`m_i - \hat\theta_i`, so the smallest
    detectable effect is the `power` quantile of these thresholds, the :math:`\lceil n\,\text{power} \rceil`-th
    in order. The limits are order statistics whose ranks enclose the quantile with 95 % probability.

    Examples
    --------
    >>> detectable_effect(np.zeros(100), np.arange(1.0, 101.0))
    DetectableEffect(effect=80.0, low=72.0, high=89.0)
    """
    estimate, margin = _checked(estimates, margins)
    if not 0 < power < 1:
        raise ValueError(f"power lies between 0 and 1, not {power}")
    if sign not in (-1, 1):
        raise ValueError(f"the sign of an effect is 1 or -1, not {sign}")
    thresholds = np.sort(np.maximum(margin - sign * estimate, 0.0))
    n = len(thresholds)
    rank = int(np.ceil(n * power - _TIE * n))
    low, high = _rank_limits(n, power)
    values = [float(thresholds[k - 1]) if 1 <= k <= n else float("inf") for k in (rank, low, high)]
    lowest = values[1] if low >= 1 else 0.0
    return DetectableEffect(sign * values[0], lowest, values[2])


def draw_designs(
    n_units: int,
    n_periods: int,
    *,
    offsets: np.ndarray,
    n_pre: int,
    n_post: int,
    draws: int,
    rng: np.random.Generator,
) -> Designs:
    """Draw placebo groups and dates that repeat a pattern of adoption.

    Parameters
    ----------
    n_units, n_periods : int
        Trusts without the programme, and periods of their data.
    offsets : ndarray of int, shape (n_treated,)
        Periods by which each trust adopts after the first; not negative, the smallest 0.
    n_pre, n_post : int
        Periods of the study before and from the first adoption on.
    draws : int
        Placebo studies to draw.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Designs

    Raises
    ------
    ValueError
        If there are too few trusts (at least two have to remain for comparison) or periods, or the last
        adopter would have no period with the programme.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> designs = draw_designs(20, 30, offsets=np.array([0, 2]), n_pre=12, n_post=6, draws=50, rng=rng)
    >>> designs.members.shape, int(designs.starts.min()) >= 12, int(designs.starts.max()) <= 24
    ((50, 2), True, True)
    """
    later = np.asarray(offsets, dtype=int)
    if later.size < 1 or later.min() != 0:
        raise ValueError("adoption is counted from the first adopter, whose offset is 0")
    if n_units - later.size < 2:  # noqa: PLR2004 - a comparison needs two
        raise ValueError(f"{later.size} treated of {n_units} trusts leave fewer than two for comparison")
    if n_pre < 1 or n_post <= later.max():
        raise ValueError(f"{n_post} periods with the programme do not reach the last adopter")
    if n_pre + n_post > n_periods:
        raise ValueError(f"{n_pre} + {n_post} periods are more than the {n_periods} of the data")
    # Which of the group adopts first matters under staggered adoption, so the order is drawn as well.
    groups = draw_groups(n_units, later.size, draws=draws, rng=rng, enumerate_up_to=0).members
    starts = rng.integers(n_pre, n_periods - n_post + 1, size=draws)
    return Designs(rng.permuted(groups, axis=1), starts)


def _checked(estimates: np.ndarray, margins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    estimate, margin = np.asarray(estimates, dtype=float), np.asarray(margins, dtype=float)
    if estimate.ndim != 1 or not len(estimate) or estimate.shape != margin.shape:
        raise ValueError(f"estimates of shape {estimate.shape} do not fit margins of shape {margin.shape}")
    if not np.isfinite(estimate).all():
        raise ValueError(f"{int((~np.isfinite(estimate)).sum())} of {len(estimate)} estimates are not finite")
    if not (margin >= 0).all():
        raise ValueError("margins are 0 or more, and none may be missing")
    return estimate, margin


def _rank_limits(n: int, probability: float) -> tuple[int, int]:
    """Return ranks whose order statistics enclose a quantile with at least 95 % probability."""
    ranks = np.arange(n + 1)
    below = bdtr(ranks, n, probability)
    low = int(np.searchsorted(below, 0.025, side="right"))
    high = int(np.searchsorted(below, 0.975, side="left")) + 1
    return low, high
