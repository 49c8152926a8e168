"""Exact best segmentations by dynamic programming, for any matrix of segment costs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_segmentations", "penalised_segmentation"]

Floats = NDArray[np.float64]


def best_segmentations(costs: Floats, *, max_changes: int) -> list[tuple[float, tuple[int, ...]]]:
    r"""Find the cheapest segmentation with each number of changes.

    Parameters
    ----------
    costs : ndarray, shape (n, n + 1)
        Cost of the segment from each start to before each end; infinite where not allowed.
    max_changes : int
        Largest number of changes.

    Returns
    -------
    list of (float, tuple of int)
        Total cost and starts of all segments but the first, for 0, 1, ... changes; shorter where no more
        have room.

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
    >>> steps = np.repeat([0.0, 5.0, 1.0], 4)
    >>> costs = level_costs(steps, positions=np.arange(12), phi=0.0, min_size=2)
    >>> best_segmentations(costs, max_changes=2)[2]
    (0.0, (4, 8))
    """
    n = len(costs)
    best = costs[0].copy()
    came: list[NDArray[np.int64]] = []
    found = [(float(best[n]), ())] if np.isfinite(best[n]) else []
    results: list[tuple[float, tuple[int, ...]]] = list(found)
    for _ in range(max_changes):
        through = best[:n, None] + costs
        came.append(through.argmin(axis=0))
        best = through.min(axis=0)
        if not np.isfinite(best[n]):
            break
        results.append((float(best[n]), _trace(came, n)))
    return results


def _trace(came: list[NDArray[np.int64]], n: int) -> tuple[int, ...]:
    breaks, end = [], n
    for starts in reversed(came):
        end = int(starts[end])
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
