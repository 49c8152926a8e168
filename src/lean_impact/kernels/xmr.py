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
from numpy.lib.stride_tricks import sliding_window_view

__all__ = [
    "LIMIT_FACTOR",
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

NEAR: Final = 2 / 3
"""The near limits lie at two of the three sigma."""

ULPS: Final = 8
"""A difference of up to this many units in the last place is rounding, not data."""


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


class Signals(NamedTuple):
    """Which rule each point breaks: +1 high or rising, -1 low or falling, 0 not.

    Attributes
    ----------
    outside : ndarray of int8, shape (..., n_points)
        Beyond a limit.
    rising, falling : ndarray of int8, shape (..., n_points)
        Part of a trend; a turning point may belong to both.
    two_in_three : ndarray of int8, shape (..., n_points)
        Near or beyond a limit together with another of three successive points on that side.
    shift : ndarray of int8, shape (..., n_points)
        Part of a run on one side of the centre.
    """

    outside: np.ndarray
    rising: np.ndarray
    falling: np.ndarray
    two_in_three: np.ndarray
    shift: np.ndarray


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
    centre, width = limits.centre[..., np.newaxis], limits.width[..., np.newaxis]
    tolerance = slack(values, limits.scale[..., np.newaxis])
    side = _side(values, centre, centre, tolerance)
    outside = _side(values, centre + width, centre - width, tolerance)
    near = _side(values, centre + NEAR * width, centre - NEAR * width, tolerance)
    if not near_includes_outside:
        near = np.where(outside == 0, near, 0)
    steps = np.diff(values, axis=-1)
    strict = np.maximum(tolerance[..., 1:], tolerance[..., :-1])
    judged = np.isfinite(centre)
    high, low = np.int8(1), np.int8(-1)
    return Signals(
        outside=outside,
        rising=high * (judged & _stretched(steps > strict, trend_length)),
        falling=low * (judged & _stretched(steps < -strict, trend_length)),
        two_in_three=high * _two_in_three(near == 1, side == 1) + low * _two_in_three(near == -1, side == -1),
        shift=high * _runs(side == 1, shift_length) + low * _runs(side == -1, shift_length),
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


def shown(signals: Signals, *, prefer: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Choose the one rule that each point is labelled with.

    Parameters
    ----------
    signals : Signals
        All rules that it breaks.
    prefer : {-1, 0, 1}
        Side that is shown where a point signals on both; 0 leaves it to the order of the rules.

    Returns
    -------
    rule : ndarray of int8, shape (..., n_points)
        1 outside, 2 trend, 3 two in three, 4 shift, the first that applies; 0 if none does.
    side : ndarray of int8, shape (..., n_points)
        +1 high or rising, -1 low or falling, 0 if no rule applies.

    Notes
    -----
    At a turning point that belongs to two trends the later one counts.
    """
    trend = signals.rising + signals.falling
    turning = (signals.rising != 0) & (signals.falling != 0)
    trend[..., :-1] = np.where(turning[..., :-1], trend[..., 1:], trend[..., :-1])
    rules = np.stack([signals.outside, trend, signals.two_in_three, signals.shift])
    if prefer:
        either = (signals.rising == prefer) | (signals.falling == prefer)
        wanted = rules == prefer
        wanted[1] = either
        rules = np.where(wanted.any(axis=0), wanted * np.int8(prefer), rules)
    first = np.argmax(rules != 0, axis=0)
    side = np.take_along_axis(rules, first[np.newaxis], axis=0)[0]
    return np.where(side != 0, first + 1, 0).astype(np.int8), side


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


def slack(values: np.ndarray, scale: np.ndarray | float) -> np.ndarray:
    """Return the distance within which a point counts as on a line.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_points)
        Points, NaN where missing.
    scale : ndarray of float64 or float, broadcastable to values
        Largest absolute value behind the line.

    Returns
    -------
    ndarray of float64, shape (..., n_points)
        Tolerance in the unit of the values.
    """
    size = np.fmax(np.abs(values), scale)
    return np.asarray(ULPS * np.finfo(np.float64).eps * size)


def _mean(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    count = where.sum(axis=-1)
    total = np.where(where, values, 0.0).sum(axis=-1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _side(values: np.ndarray, upper: np.ndarray, lower: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    above, below = values > upper + tolerance, values < lower - tolerance
    return np.asarray(above.astype(np.int8) - below.astype(np.int8))


def _spread(hit: np.ndarray, length: int, n_points: int) -> np.ndarray:
    """Mark every point of the windows that hit; ``hit`` has one entry for the start of each window."""
    marked = np.zeros((*hit.shape[:-1], n_points), dtype=bool)
    for offset in range(length):
        marked[..., offset : offset + hit.shape[-1]] |= hit
    return marked


def _runs(condition: np.ndarray, length: int) -> np.ndarray:
    """Mark the points of runs of at least ``length`` in a row that meet a condition."""
    n_points = condition.shape[-1]
    if n_points < length:
        return np.zeros(condition.shape, dtype=bool)
    every = np.all(sliding_window_view(condition, length, axis=-1), axis=-1)
    return _spread(np.asarray(every), length, n_points)


def _stretched(steps: np.ndarray, length: int) -> np.ndarray:
    """Mark the points of trends: a run of ``length - 1`` steps joins ``length`` points."""
    n_points = steps.shape[-1] + 1
    if n_points < length:
        return np.zeros((*steps.shape[:-1], n_points), dtype=bool)
    every = np.all(sliding_window_view(steps, length - 1, axis=-1), axis=-1)
    return _spread(np.asarray(every), length, n_points)


def _two_in_three(near: np.ndarray, same_side: np.ndarray) -> np.ndarray:
    n_points = near.shape[-1]
    if n_points < 3:  # noqa: PLR2004 - the rule looks at three points
        return np.zeros(near.shape, dtype=bool)
    together = sliding_window_view(same_side, 3, axis=-1).all(axis=-1)
    two = sliding_window_view(near, 3, axis=-1).sum(axis=-1) >= 2  # noqa: PLR2004 - two of the three
    return np.asarray(near & _spread(np.asarray(together & two), 3, n_points))
