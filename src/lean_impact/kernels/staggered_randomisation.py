"""Randomisation of who starts when: the two-way estimate and its studentised version for many assignments at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lean_impact.kernels.adoption import check_start, treated_cells
from lean_impact.kernels.collapsed import t_statistic
from lean_impact.kernels.two_way import two_way

__all__ = ["Permuted", "permute_starts", "permuted_effects"]

_ALONE = 1e-9


class Permuted(NamedTuple):
    """Estimates under other assignments of the starts.

    Attributes
    ----------
    estimate : ndarray of float64, shape (n_draws,)
        Two-way fixed effects estimate, in the unit of the outcome.
    t : ndarray of float64, shape (n_draws,)
        Estimate over its CR2 standard error; not a number if a single unit is treated.
    """

    estimate: np.ndarray
    t: np.ndarray


def permute_starts(start: np.ndarray, *, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Hand out the starts to the units at random.

    Parameters
    ----------
    start : ndarray of int, shape (n_units,)
        First period with the programme.
    draws : int
        Number of assignments.
    rng : Generator
        Source of randomness.

    Returns
    -------
    ndarray of int, shape (draws, n_units)
        Each row holds the same starts in another order.

    Examples
    --------
    >>> drawn = permute_starts(np.array([1, 2, 2]), draws=4, rng=np.random.default_rng(0))
    >>> np.sort(drawn, axis=1).tolist() == [[1, 2, 2]] * 4
    True
    """
    changing = np.flatnonzero(start != np.bincount(start).argmax())
    drawn = np.full((draws, len(start)), np.bincount(start).argmax(), dtype=np.intp)
    # A random subset in random order receives the starts that are not the most frequent one.
    places = np.argsort(rng.random((draws, len(start))), axis=1)[:, : len(changing)]
    np.put_along_axis(drawn, places, np.broadcast_to(start[changing], places.shape), axis=1)
    return drawn


def permuted_effects(y: np.ndarray, starts: np.ndarray) -> Permuted:
    r"""Estimate the two-way fixed effects coefficient for many assignments of the same starts.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcome without holes.
    starts : ndarray of int, shape (n_draws, n_units)
        Assignments; every row holds the same starts in some order.

    Returns
    -------
    Permuted

    Raises
    ------
    ValueError
        If there is a hole, or rows do not hold the same starts.

    Notes
    -----
    What is left of a unit's treatment once unit and period effects are taken out depends on its start only, so one
    table of (start x unit) products serves all draws. The studentised statistic keeps its level, in large
    samples, also if treated units vary more or less than the others.

    References
    ----------
    Janssen A (1997), Statistics and Probability Letters 36:9-21. MacKinnon JG, Webb MD (2020), Journal of
    Econometrics 218:435-450.

    Examples
    --------
    >>> y = np.vstack([np.zeros(5), [1.0, 2.0, 3.0, 7.0, 9.0]])
    >>> result = permuted_effects(y, np.array([[2, 2, 2, 1, 1], [1, 2, 1, 2, 2]]))
    >>> result.estimate.round(9).tolist(), result.t.round(4).tolist()
    ([6.0, -4.0], [5.1962, -1.7321])
    """
    n_periods, n_units = y.shape
    starts = np.atleast_2d(starts)
    first = check_start(starts[0], n_periods=n_periods, n_units=n_units)
    if not np.isfinite(y).all():
        raise ValueError("randomisation of starts needs a panel without holes")
    if (np.sort(starts, axis=1) != np.sort(first)).any():
        raise ValueError("every assignment must hold the same starts")
    effects = two_way(np.ones(y.shape))
    labels, example, row = np.unique(first, return_index=True, return_inverse=True)
    treatment = effects.within(treated_cells(first, n_periods).astype(float))
    pattern, squares = treatment[:, example], (treatment[:, example] ** 2).sum(axis=0)
    products = pattern.T @ effects.within(y)
    total = float(squares[row].sum())
    which = np.searchsorted(labels, starts)
    drawn = products[which, np.arange(n_units)]
    estimate = drawn.sum(axis=1) / total
    room = 1 - 1 / n_units - squares / total
    if (room < _ALONE).any():
        return Permuted(estimate, np.full(len(starts), np.nan))
    scores = (drawn - estimate[:, None] * squares[which]) ** 2 / room[which]
    return Permuted(estimate, t_statistic(estimate, np.sqrt(scores.sum(axis=1)) / total))
