"""The Goodman-Bacon decomposition: which two-by-two comparisons a two-way fixed effects estimate averages."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lean_impact.kernels.adoption import check_start

__all__ = ["Comparison", "goodman_bacon"]


class Comparison(NamedTuple):
    """One two-by-two comparison.

    Attributes
    ----------
    treated, control : int
        Start index of the cohort that changes and of the one it is compared with; `n_periods` is never.
    kind : str
        ``"treated vs never"``, ``"earlier vs later"`` (not yet treated) or ``"later vs earlier"`` (already
        treated, a forbidden comparison if effects grow).
    weight : float
        Share in the two-way fixed effects estimate; all sum to 1.
    estimate : float
        Difference-in-differences, in the unit of the outcome.
    """

    treated: int
    control: int
    kind: str
    weight: float
    estimate: float


def goodman_bacon(
    y: np.ndarray, start: np.ndarray, *, unit_weights: np.ndarray | None = None
) -> tuple[Comparison, ...]:
    r"""Decompose the static two-way fixed effects estimate of a panel without holes.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcome without holes.
    start : ndarray of int, shape (n_units,)
        First period with the programme; `n_periods` if never, 0 if always.
    unit_weights : ndarray of float64, shape (n_units,), optional
        Weights of the units, constant in time; equal if not given.

    Returns
    -------
    tuple of Comparison
        Ordered by treated, then control cohort.

    Raises
    ------
    ValueError
        If there is a hole, or no comparison at all.

    Notes
    -----
    For a pair of cohorts with starts k < l and shares of treated time :math:`D_k > D_l`, the weights are
    proportional to :math:`n_k n_l (D_k - D_l)(1 - D_k)` for k against l before l starts, and to
    :math:`n_k n_l D_l (D_k - D_l)` for l against k after k started. A cohort that never starts has D = 0.

    References
    ----------
    Goodman-Bacon A (2021), Journal of Econometrics 225:254-277.

    Examples
    --------
    >>> y = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    >>> for row in goodman_bacon(y, np.array([1, 2, 3])):
    ...     print(row.kind, row.treated, row.control, round(row.weight, 3), row.estimate)
    earlier vs later 1 2 0.167 1.0
    treated vs never 1 3 0.333 1.0
    later vs earlier 2 1 0.167 1.0
    treated vs never 2 3 0.333 1.0
    """
    n_periods, n_units = y.shape
    start = check_start(start, n_periods=n_periods, n_units=n_units)
    if not np.isfinite(y).all():
        raise ValueError("the decomposition needs a panel without holes")
    weights = np.ones(n_units) if unit_weights is None else np.asarray(unit_weights, float)
    groups = np.unique(start).tolist()
    size = {g: float(weights[start == g].sum()) for g in groups}
    path = {g: y[:, start == g] @ weights[start == g] / size[g] for g in groups}
    found = [
        (k, c, size[k] * size[c] * _variation(k, c, n_periods), _two_by_two(path[k], path[c], k, c))
        for k in groups
        for c in groups
        if _variation(k, c, n_periods) > 0
    ]
    total = sum(weight for _, _, weight, _ in found)
    if total <= 0:
        raise ValueError("no cohort changes while another can be compared with it")
    return tuple(Comparison(k, c, _kind(k, c, n_periods), w / total, d) for k, c, w, d in found)


def _variation(treated: int, control: int, n_periods: int) -> float:
    """Weight of a comparison for cohorts of size 1."""
    share, other = 1 - treated / n_periods, 1 - control / n_periods
    if treated < control:
        return (share - other) * (1 - share)
    return share * (other - share)


def _two_by_two(treated: np.ndarray, control: np.ndarray, start: int, other: int) -> float:
    """Difference-in-differences of two paths in the window where only the first one changes."""
    gap = treated - control
    if start < other:
        return float(gap[start:other].mean() - gap[:start].mean())
    return float(gap[start:].mean() - gap[other:start].mean())


def _kind(treated: int, control: int, n_periods: int) -> str:
    if control == n_periods:
        return "treated vs never"
    return "earlier vs later" if treated < control else "later vs earlier"
