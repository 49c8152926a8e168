"""Exact best fits of one and of two steps to many series at once, by least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BestSteps", "best_steps"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BestSteps:
    """Best one-step and two-step fits of several series.

    Attributes
    ----------
    one : ndarray, shape (n_series,)
        Largest reduction of the sum of squares that one step can bring.
    two : ndarray, shape (n_series,)
        The same for at most two steps; equal to ``one`` where two have no room or no place that is better.
    residuals : ndarray, shape (n_series, n_periods)
        What these at most two steps leave over.
    """

    one: Floats
    two: Floats
    residuals: Floats


def best_steps(series: Floats, *, min_size: int) -> BestSteps:
    r"""Find the best one and two steps in each series, exactly.

    Parameters
    ----------
    series : ndarray, shape (n_series, n_periods)
        Series without holes, at least ``2 * min_size`` long.
    min_size : int
        Fewest periods between two steps and at the ends.

    Returns
    -------
    BestSteps
        Gains in the squared unit of the series, and residuals.

    Notes
    -----
    With the partial sums :math:`S_k` of the centred series, steps after :math:`i` and :math:`j` periods
    reduce the sum of squares by :math:`S_i^2/i + (S_j - S_i)^2/(j - i) + S_j^2/(n - j)`; one step is the case
    :math:`j = n`. All pairs are tried, in :math:`O(n^2)` per series.

    Examples
    --------
    >>> best_steps(np.array([[0.0, 0.0, 0.0, 2.0, 2.0, 2.0]]), min_size=2).one
    array([6.])
    """
    n_series, n = series.shape
    centred = series - series.mean(axis=1, keepdims=True)
    sums = np.zeros((n_series, n + 1))
    np.cumsum(centred, axis=1, out=sums[:, 1:])
    sums[:, n] = 0.0

    splits = np.arange(min_size, n - min_size + 1)
    gains = sums[:, splits] ** 2 * (1.0 / splits + 1.0 / (n - splits))
    one = gains.max(axis=1)
    first, second = splits[gains.argmax(axis=1)], np.full(n_series, n)
    two = one.copy()
    last = np.zeros_like(sums)  # what the last segment brings
    last[:, min_size : n - min_size + 1] = sums[:, splits] ** 2 / (n - splits)
    for i in range(min_size, n - 2 * min_size + 1):
        later = slice(i + min_size, n - min_size + 1)
        gains = sums[:, later] - sums[:, [i]]
        gains *= gains
        gains *= 1.0 / (np.arange(n + 1)[later] - i)
        gains += last[:, later]
        found = gains.max(axis=1) + sums[:, i] ** 2 / i
        better = np.flatnonzero(found > two)
        two[better] = found[better]
        first[better], second[better] = i, i + min_size + gains[better].argmax(axis=1)
    return BestSteps(one=one, two=two, residuals=_residuals(centred, first, second))


def _residuals(centred: Floats, first: NDArray[np.int64], second: NDArray[np.int64]) -> Floats:
    """Subtract from each series its mean within each of the (up to) three segments."""
    time = np.arange(centred.shape[1])[None, :]
    residuals = centred.copy()
    before, last = time < first[:, None], time >= second[:, None]
    for inside in (before, ~before & ~last, last):
        size = np.maximum(inside.sum(axis=1), 1)
        mean = np.where(inside, centred, 0.0).sum(axis=1) / size
        residuals -= np.where(inside, mean[:, None], 0.0)
    return residuals
