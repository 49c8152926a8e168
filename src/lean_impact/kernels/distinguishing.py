"""Ratings of two groups: how far a construct sets them apart, for many ways to group at once."""

from __future__ import annotations

from typing import Final

import numpy as np

__all__ = ["distinguishing_labels"]

_STRONG_GAP: Final = 2.0
_WEAK_DIFFERENCE: Final = 1.0
_SLACK: Final = 1e-9


def distinguishing_labels(ratings: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Label each construct for each way to call trusts high.

    Parameters
    ----------
    ratings : ndarray of float64, shape (n_constructs, n_trusts)
        NaN where a trust has no rating.
    high : ndarray of bool, shape (n_ways, n_trusts)
        Who is called high; the others are low.

    Returns
    -------
    labels : ndarray of int64, shape (n_ways, n_constructs)
        2 strong, 1 weak, 0 none, -1 where a group has no rating.
    gaps, differences : ndarray of float64, shape (n_ways, n_constructs)
        Lowest of the high less the highest of the low, and the difference of the means; NaN at -1.

    Examples
    --------
    >>> labels, gaps, _ = distinguishing_labels(np.array([[2.0, 1.0, -2.0]]), np.array([[True, True, False]]))
    >>> labels.tolist(), gaps.tolist()
    ([[2]], [[3.0]])
    """
    table = ratings[None]
    there = np.isfinite(table)
    one, two = high[:, None] & there, ~high[:, None] & there
    both = one.any(axis=2) & two.any(axis=2)
    lowest = np.where(one, table, np.inf).min(axis=2)
    highest = np.where(two, table, -np.inf).max(axis=2)
    mean_high = np.where(one, table, 0.0).sum(axis=2) / np.maximum(one.sum(axis=2), 1)
    mean_low = np.where(two, table, 0.0).sum(axis=2) / np.maximum(two.sum(axis=2), 1)
    gaps = np.where(both, lowest - highest, np.nan)
    differences = np.where(both, mean_high - mean_low, np.nan)
    strong = gaps >= _STRONG_GAP - _SLACK
    weak = (gaps >= -_SLACK) & (differences >= _WEAK_DIFFERENCE - _SLACK)
    labels = np.where(strong, 2, np.where(weak, 1, 0))
    return np.where(both, labels, -1), gaps, differences
