"""Exact best segmentations by dynamic programming, for any matrix of segment costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["cheapest", "penalised_segmentation", "trace"]

Floats = NDArray[np.float64]


def cheapest(costs: Floats, *, max_changes: int) -> list[Floats]:
    r"""Return what the cheapest segmentation up to each end costs, for each number of changes.

    Parameters
    ----------
    costs : ndarray, shape (..., n, n + 1)
        Cost of the segment from each start to before each end; infinite where not allowed. One matrix, or many.
    max_changes : int
        Largest number of changes.

    Returns
    -------
    list of ndarray, shape (..., n + 1)
        For 0, 1, ... changes: the total up to before each end; shorter where no more have room.

    Notes
    -----
    :math:`F_k(t) = \min_s F_{k-1}(s) + C(s, t)`, exactly, in :math:`O(k n^2)`.

    References
    ----------
    Auger IE, Lawrence CE (1989). Algorithms for the optimal identification of segment neighborhoods. Bulletin
    of Mathematical Biology 51, 39-54.

    Examples
    --------
    >>> from lean_impact.kernels.segment_costs import level_costs
    >>> costs = level_costs(np.repeat([0.0, 2.0], 4), positions=np.arange(8), phi=0.0, min_size=2)
    >>> [float(total[-1]) for total in cheapest(costs, max_changes=1)]
    [8.0, 0.0]
    """
    n = costs.shape[-2]
    totals = [costs[..., 0, :]]
    for _ in range(max_changes):
        best = (totals[-1][..., :n, None] + costs).min(axis=-2)
        if not np.isfinite(best[..., n]).any():
            break
        totals.append(best)
    return totals


def trace(costs: Floats, totals: list[Floats], n_changes: int) -> tuple[int, ...]:
    """Return the starts of all segments but the first of the cheapest segmentation with so many changes.

    Parameters
    ----------
    costs : ndarray, shape (n, n + 1)
        As for :func:`cheapest`, one matrix.
    totals : list of ndarray, shape (n + 1,)
        What :func:`cheapest` gave for it.
    n_changes : int
        How many changes; there must be room for them. The earliest start wins a tie.

    Examples
    --------
    >>> from lean_impact.kernels.segment_costs import level_costs
    >>> costs = level_costs(np.repeat([0.0, 2.0], 4), positions=np.arange(8), phi=0.0, min_size=2)
    >>> trace(costs, cheapest(costs, max_changes=1), 1)
    (4,)
    """
    breaks, end = [], len(costs)
    for before in totals[:n_changes][::-1]:
        end = int((before[:-1] + costs[:, end]).argmin())
        breaks.append(end)
    return tuple(reversed(breaks))


def penalised_segmentation(costs: Floats, *, penalty: float) -> tuple[int, ...]:
    r"""Find the segmentation that is cheapest when every change costs a penalty.

    Parameters
    ----------
    costs : ndarray, shape (n, n + 1)
        Cost of the segment from each start to before each end; infinite where not allowed.
    penalty : float
        Cost of a change, in the unit of the costs.

    Returns
    -------
    tuple of int
        Starts of all segments but the first.

    Notes
    -----
    :math:`F(t) = \min_s F(s) + C(s, t) + \beta` (optimal partitioning). The earliest start wins a tie.

    References
    ----------
    Jackson B et al. (2005). An algorithm for optimal partitioning of data on an interval. IEEE Signal
    Processing Letters 12, 105-108.

    Examples
    --------
    >>> from lean_impact.kernels.segment_costs import level_costs
    >>> costs = level_costs(np.repeat([0.0, 5.0], 6), positions=np.arange(12), phi=0.0, min_size=2)
    >>> penalised_segmentation(costs, penalty=10.0)
    (6,)
    """
    n = len(costs)
    total = np.full(n + 1, np.inf)
    total[0] = -penalty
    came = np.zeros(n + 1, dtype=np.int64)
    for end in range(1, n + 1):
        through = total[:end] + costs[:end, end] + penalty
        came[end] = int(through.argmin())
        total[end] = through[came[end]]
    breaks, end = [], n
    while came[end] > 0:
        end = int(came[end])
        breaks.append(end)
    return tuple(reversed(breaks))
