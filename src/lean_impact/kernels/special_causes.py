"""The special-cause rules of NHS practice, on plain arrays, whatever kind of chart drew the lines.

Every function works along the last axis, so a matrix of many series is judged in one call. A missing
value is NaN: it ends every run and trend.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

__all__ = ["NEAR", "Lines", "Signals", "judge", "shown", "slack"]

NEAR: Final = 2 / 3
"""The near limits lie at two of the three sigma."""

ULPS: Final = 8
"""A difference of up to this many units in the last place is rounding, not data."""


class Lines(NamedTuple):
    """The lines that points are judged against.

    Attributes
    ----------
    centre, lower, upper, near_lower, near_upper : ndarray of float64, broadcastable to (..., n_points)
        Centre line, limits, and near limits (two of the three sigma); NaN where there are none.
    scale : ndarray of float64, broadcastable to (..., n_points)
        Largest absolute value behind the lines, from which rounding error is judged.
    """

    centre: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    near_lower: np.ndarray
    near_upper: np.ndarray
    scale: np.ndarray

    @classmethod
    def around(cls, centre: np.ndarray, width: np.ndarray, scale: np.ndarray) -> Lines:
        """Return lines that lie at the same distance on both sides of the centre."""
        near = NEAR * width
        return cls(centre, centre - width, centre + width, centre - near, centre + near, scale)


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


def judge(
    values: np.ndarray,
    lines: Lines,
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
    lines : Lines
        Its lines; where they are NaN nothing is judged.
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
    tolerance = slack(values, lines.scale)
    side = _side(values, lines.centre, lines.centre, tolerance)
    outside = _side(values, lines.upper, lines.lower, tolerance)
    near = _side(values, lines.near_upper, lines.near_lower, tolerance)
    if not near_includes_outside:
        near = np.where(outside == 0, near, 0)
    steps = np.diff(values, axis=-1)
    strict = np.maximum(tolerance[..., 1:], tolerance[..., :-1])
    judged = np.isfinite(lines.centre)
    high, low = np.int8(1), np.int8(-1)
    return Signals(
        outside=outside,
        rising=high * (judged & _stretched(steps > strict, trend_length)),
        falling=low * (judged & _stretched(steps < -strict, trend_length)),
        two_in_three=high * _two_in_three(near == 1, side == 1) + low * _two_in_three(near == -1, side == -1),
        shift=high * _runs(side == 1, shift_length) + low * _runs(side == -1, shift_length),
    )


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


def _side(values: np.ndarray, upper: np.ndarray, lower: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    above, below = values > upper + tolerance, values < lower - tolerance
    return np.asarray(above.astype(np.int8) - below.astype(np.int8))


def _spread(hit: np.ndarray, length: int, n_points: int) -> np.ndarray:
    """Mark every point of the windows that hit; ``hit`` has one entry for the start of each window."""
    marked = np.zeros((*hit.shape[:-1], n_points), dtype=bool)
    for offset in range(length):
        marked[..., offset : offset + hit.shape[-1]] |= hit
    return marked


def _in_a_row(condition: np.ndarray, length: int) -> np.ndarray:
    """Tell for each start whether ``length`` entries in a row meet a condition."""
    n_starts = condition.shape[-1] - length + 1
    every = condition[..., :n_starts].copy()
    for offset in range(1, length):
        every &= condition[..., offset : offset + n_starts]
    return every


def _runs(condition: np.ndarray, length: int) -> np.ndarray:
    """Mark the points of runs of at least ``length`` in a row that meet a condition."""
    n_points = condition.shape[-1]
    if n_points < length:
        return np.zeros(condition.shape, dtype=bool)
    return _spread(_in_a_row(condition, length), length, n_points)


def _stretched(steps: np.ndarray, length: int) -> np.ndarray:
    """Mark the points of trends: a run of ``length - 1`` steps joins ``length`` points."""
    n_points = steps.shape[-1] + 1
    if n_points < length:
        return np.zeros((*steps.shape[:-1], n_points), dtype=bool)
    return _spread(_in_a_row(steps, length - 1), length, n_points)


def _two_in_three(near: np.ndarray, same_side: np.ndarray) -> np.ndarray:
    n_points = near.shape[-1]
    if n_points < 3:  # noqa: PLR2004 - the rule looks at three points
        return np.zeros(near.shape, dtype=bool)
    first, second, third = near[..., :-2], near[..., 1:-1], near[..., 2:]
    two = (first & second) | (first & third) | (second & third)
    return np.asarray(near & _spread(_in_a_row(same_side, 3) & two, 3, n_points))
