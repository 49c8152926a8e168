"""Runs and crossings of a centre line, and phases that begin with a run, on plain arrays.

References
----------
Anhøj, J. and Olesen, A. V. (2014). Run charts revisited: a simulation study of run chart rules for
detection of non-random variation in health care processes. *PLoS ONE* 9(11), e113825.

Anhøj, J. (2015). Diagnostic value of run chart analysis. *PLoS ONE* 10(3), e0121349.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import Final, NamedTuple

import numpy as np

from lean_impact.kernels.special_causes import slack

__all__ = ["CROSSING_LEVEL", "Runs", "crossings_limit", "longest_run_limit", "phases_by_runs", "run_counts"]

CROSSING_LEVEL: Final = 0.05
"""Probability below which so few crossings are taken as a signal."""


class Runs(NamedTuple):
    """Runs and crossings of one phase.

    Attributes
    ----------
    n_useful : ndarray of int, shape (...)
        Points that do not lie on the centre line.
    longest_run : ndarray of int, shape (...)
        Largest number of successive useful points on one side.
    n_crossings : ndarray of int, shape (...)
        How often the line is crossed between successive useful points.
    start : ndarray of int, shape (...)
        Position of the first point of the longest run, the earliest if there are several; -1 if none.
    end : ndarray of int, shape (...)
        Position of its last point; -1 if none.
    side : ndarray of int, shape (...)
        1 if it lies above the line, -1 below, 0 if none.
    """

    n_useful: np.ndarray
    longest_run: np.ndarray
    n_crossings: np.ndarray
    start: np.ndarray
    end: np.ndarray
    side: np.ndarray


def run_counts(values: np.ndarray, centre: np.ndarray) -> Runs:
    """Count runs and crossings; points on the line are dropped, and so are missing ones.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_points)
        One phase in order of time, NaN where missing.
    centre : ndarray of float64, broadcastable to values
        Centre line.

    Returns
    -------
    Runs
        Counts for each series.

    Examples
    --------
    >>> found = run_counts(np.array([1.0, 2.0, 5.0, 3.0, 6.0, 7.0]), np.array([3.0]))
    >>> int(found.n_useful), int(found.longest_run), int(found.n_crossings)
    (5, 3, 1)
    """
    side = _sides(values, centre)
    n_points = side.shape[-1]
    at = np.arange(n_points)
    useful = side != 0
    last = np.maximum.accumulate(np.where(useful, at, -1), axis=-1)
    before = np.concatenate([np.full((*side.shape[:-1], 1), -1), last[..., :-1]], axis=-1)
    side_before = np.where(before >= 0, np.take_along_axis(side, np.maximum(before, 0), axis=-1), 0)
    begins = useful & (side != side_before)
    # Useful points counted so far, minus the count just before the run began, is the length of the run.
    count = np.cumsum(useful, axis=-1)
    opened = np.maximum.accumulate(np.where(begins, count - 1, 0), axis=-1)
    length = np.where(useful, count - opened, 0)
    longest = length.max(axis=-1, initial=0)
    end = np.argmax(length == longest[..., np.newaxis], axis=-1) if n_points else np.zeros(longest.shape, int)
    start_of = np.maximum.accumulate(np.where(begins, at, 0), axis=-1)
    some = longest > 0
    pick = end[..., np.newaxis]
    return Runs(
        n_useful=useful.sum(axis=-1),
        longest_run=longest,
        n_crossings=np.maximum(begins.sum(axis=-1) - 1, 0),
        start=np.where(some, np.take_along_axis(start_of, pick, axis=-1)[..., 0], -1),
        end=np.where(some, end, -1),
        side=np.where(some, np.take_along_axis(side, pick, axis=-1)[..., 0], 0),
    )


def longest_run_limit(n_useful: int) -> int:
    """Return the longest run that is expected by chance: round(log2 n) + 3.

    Parameters
    ----------
    n_useful : int
        Points off the line, at least 1.

    Returns
    -------
    int
        A run longer than this is a signal.

    Examples
    --------
    >>> longest_run_limit(24)
    8
    """
    return round(float(np.log2(n_useful))) + 3


@lru_cache(maxsize=4096)
def crossings_limit(n_useful: int, level: float = CROSSING_LEVEL) -> int:
    """Return the fewest crossings expected by chance: a quantile of Binomial(n - 1, 1/2).

    Parameters
    ----------
    n_useful : int
        Points off the line, at least 1.
    level : float
        Probability of the quantile.

    Returns
    -------
    int
        The smallest k with P(crossings <= k) >= level; fewer crossings than this are a signal.

    Examples
    --------
    >>> crossings_limit(24)
    8
    """
    n = max(n_useful - 1, 0)
    whole, below = 2**n, 0
    for k in range(n + 1):
        below += comb(n, k)
        if below / whole >= level:
            return k
    return n


def phases_by_runs(
    values: np.ndarray, *, baseline_points: int, run_length: int, direction: str = "both"
) -> tuple[tuple[int, int, float], ...]:
    """Propose phases of a run chart: each begins with a run of a given length off the median so far.

    Parameters
    ----------
    values : ndarray of float64, shape (n_points,)
        Values in order of time, NaN where missing.
    baseline_points : int
        Known points of which the first median is taken.
    run_length : int
        Successive useful points on one side that begin a new phase.
    direction : {"both", "above", "below"}
        Which side begins a new phase.

    Returns
    -------
    tuple of (int, int, float)
        First and last position of the points that each median rests on, and the median. A median holds until
        the next phase begins.

    Notes
    -----
    Points on the line are skipped; they neither make nor break a run. The median of a new phase is that of
    all points from the first to the last of the run that began it, those on the old line left out.

    Examples
    --------
    >>> phases_by_runs(np.array([1.0, 2.0, 3.0, 7.0, 8.0, 9.0]), baseline_points=3, run_length=3)
    ((0, 2, 2.0), (3, 5, 8.0))
    """
    known = np.flatnonzero(np.isfinite(values))[:baseline_points]
    if len(known) < baseline_points:
        return ()
    wanted = {"both": 0, "above": 1, "below": -1}[direction]
    found = [(int(known[0]), int(known[-1]), float(np.median(values[known])))]
    while True:
        after, median = found[-1][1] + 1, found[-1][2]
        run = _first_run(_sides(values[after:], np.array(median)), run_length, wanted)
        if run is None:
            return tuple(found)
        at = run + after
        found.append((int(at[0]), int(at[-1]), float(np.median(values[at]))))


def _first_run(side: np.ndarray, length: int, wanted: int) -> np.ndarray | None:
    """Return the positions of the useful points of the first run that is long enough."""
    useful = np.flatnonzero(side)
    for stop in range(length, len(useful) + 1):
        at = useful[stop - length : stop]
        if (side[at] == side[at[0]]).all() and wanted in {0, int(side[at[0]])}:
            return at
    return None


def _sides(values: np.ndarray, centre: np.ndarray) -> np.ndarray:
    tolerance = slack(values, np.abs(np.nan_to_num(centre)))
    above, below = values > centre + tolerance, values < centre - tolerance
    return np.asarray(above.astype(np.int8) - below.astype(np.int8))
