"""Individuals (XmR) control limits and the special-cause rules of NHS practice, on plain arrays.

Every function works along the last axis, so a matrix of many series is judged in one call. A missing
value is NaN: it has no moving range to either side, and it ends every run and trend.

References
----------
Wheeler, D. J. and Chambers, D. S. (1992). *Understanding Statistical Process Control*, 2nd edition. SPC
Press. The constants 2.66 (= 3 / 1.128) and 3.267 belong to moving ranges of two points.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from lean_impact.kernels.special_causes import NEAR, Lines, Signals, judge, shown, slack

__all__ = [
    "LIMIT_FACTOR",
    "NEAR",
    "SCREEN_FACTOR",
    "Limits",
    "Signals",
    "chart",
    "first_points",
    "limits",
    "shown",
    "signals",
    "slack",
]

LIMIT_FACTOR: Final = 2.66
"""Distance of a limit from the centre in mean moving ranges; three sigma, rounded as the NHS tools do."""

SCREEN_FACTOR: Final = 3.267
"""Moving ranges not below this many mean moving ranges are left out, once."""


class Limits(NamedTuple):
    """Centre and limits of one phase.

    Attributes
    ----------
    centre : ndarray of float64, shape (...)
        Mean of the points that count; NaN where there are no limits.
    width : ndarray of float64, shape (...)
        Distance of either limit from the centre; NaN where there are no limits.
    scale : ndarray of float64, shape (...)
        Largest absolute value that went in, from which rounding error is judged.
    """

    centre: np.ndarray
    width: np.ndarray
    scale: np.ndarray


def limits(
    values: np.ndarray, *, basis: np.ndarray | None = None, screen: bool = True, min_points: int = 3
) -> Limits:
    """Compute centre and limits from the mean and the mean moving range.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_points)
        One phase in order of time, NaN where missing.
    basis : ndarray of bool, shape (..., n_points), optional
        Points that count; all if not given.
    screen : bool
        Leave out moving ranges that are not below ``SCREEN_FACTOR`` times their mean, once.
    min_points : int
        With fewer points than this, or without any moving range, there are no limits.

    Returns
    -------
    Limits
        Centre and width, NaN where there are no limits.

    Notes
    -----
    With mean x and mean moving range R the limits are x ± 2.66 R. A range spans two neighbouring points
    that both count. If all ranges are zero the limits equal the centre.

    Examples
    --------
    >>> centre, width, _ = limits(np.array([1.0, 3.0, 2.0, 4.0]), screen=False)
    >>> float(centre), round(float(width), 6)
    (2.5, 4.433333)
    """
    used = values if basis is None else np.where(basis, values, np.nan)
    known = np.isfinite(used)
    ranges = np.abs(np.diff(used, axis=-1))
    mean_range = _mean(ranges, np.isfinite(ranges))
    if screen:
        # Ranges that are all zero are not screened: none stands out, and there would be nothing left.
        bound = np.where(mean_range > 0, SCREEN_FACTOR * mean_range, np.inf)
        mean_range = _mean(ranges, ranges < bound[..., np.newaxis])
    enough = (known.sum(axis=-1) >= min_points) & np.isfinite(mean_range)
    return Limits(
        centre=np.where(enough, _mean(used, known), np.nan),
        width=np.where(enough, LIMIT_FACTOR * mean_range, np.nan),
        scale=np.max(np.where(known, np.abs(used), 0.0), axis=-1, initial=0.0),
    )


def signals(
    values: np.ndarray,
    limits: Limits,
    *,
    shift_length: int = 7,
    trend_length: int = 7,
    near_includes_outside: bool = True,
) -> Signals:
    """Find the points of one phase that break a rule.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_points)
        One phase in order of time, NaN where missing or not to be judged.
    limits : Limits
        Its limits; where they are NaN nothing is judged.
    shift_length : int
        Successive points strictly on one side of the centre that make a shift.
    trend_length : int
        Successive points, each strictly above or each strictly below the one before, that make a trend.
    near_includes_outside : bool
        Whether a point beyond a limit counts as beyond two sigma in the two-in-three rule.

    Returns
    -------
    Signals
        One array for each rule.

    Notes
    -----
    Two in three: of three successive points on the same side of the centre at least two lie beyond two
    sigma; only these are marked. A point within a few units in the last place of a line is on the line.
    """
    column = (part[..., np.newaxis] for part in limits)
    return judge(
        values,
        Lines.around(*column),
        shift_length=shift_length,
        trend_length=trend_length,
        near_includes_outside=near_includes_outside,
    )


def chart(
    values: np.ndarray,
    phase: np.ndarray,
    *,
    basis: np.ndarray,
    screen: bool = True,
    min_points: int = 3,
    shift_length: int = 7,
    trend_length: int = 7,
    near_includes_outside: bool = True,
) -> tuple[np.ndarray, np.ndarray, Signals]:
    """Compute limits and signals phase by phase; nothing carries over from one phase to the next.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_points)
        All phases in order of time, NaN where missing or not to be judged.
    phase : ndarray of int, shape (n_points,)
        Number of each point's phase, never falling.
    basis : ndarray of bool, shape (n_points,)
        Points from which the limits of their phase are computed.
    screen, min_points
        See :func:`limits`.
    shift_length, trend_length, near_includes_outside
        See :func:`signals`.

    Returns
    -------
    centre, width : ndarray of float64, shape (..., n_points)
        Centre and distance of the limits at each point.
    Signals
        One array for each rule, shape (..., n_points).
    """
    centre, width = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    found = Signals(*(np.zeros(values.shape, dtype=np.int8) for _ in Signals._fields))
    for number in np.unique(phase):
        at = phase == number
        part = limits(values[..., at], basis=basis[at], screen=screen, min_points=min_points)
        centre[..., at], width[..., at] = part.centre[..., np.newaxis], part.width[..., np.newaxis]
        broken = signals(
            values[..., at],
            part,
            shift_length=shift_length,
            trend_length=trend_length,
            near_includes_outside=near_includes_outside,
        )
        for whole, piece in zip(found, broken, strict=True):
            whole[..., at] = piece
    return centre, width, found


def first_points(values: np.ndarray, phase: np.ndarray, *, n_points: int) -> np.ndarray:
    """Mark the first points of every phase that have a value.

    Parameters
    ----------
    values : ndarray of float64, shape (n_points,)
        Values, NaN where missing.
    phase : ndarray of int, shape (n_points,)
        Number of each point's phase.
    n_points : int
        How many to mark in each phase.

    Returns
    -------
    ndarray of bool, shape (n_points,)
        True for the points that count.

    Examples
    --------
    >>> first_points(np.array([1.0, np.nan, 2.0, 3.0]), np.ones(4, dtype=int), n_points=2).tolist()
    [True, False, True, False]
    """
    known = np.isfinite(values)
    marked = np.zeros(values.shape, dtype=bool)
    for number in np.unique(phase):
        marked[np.flatnonzero(known & (phase == number))[:n_points]] = True
    return marked


def _mean(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    count = where.sum(axis=-1)
    total = np.where(where, values, 0.0).sum(axis=-1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
