"""Unit and period effects, and low-rank parts of a complete matrix: what factor models are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import linalg
from scipy.linalg import lapack

__all__ = [
    "Filter",
    "Shrink",
    "TwoWay",
    "additive_fill",
    "apply_filter",
    "cap_singular_values",
    "keep_factors",
    "leading_factors",
    "two_way",
]


_SINGULAR = 1e-10
_BLOCK = 32


class Filter(NamedTuple):
    """What a model keeps of a matrix, in the eigenvectors of its Gram matrix.

    Attributes
    ----------
    vectors : ndarray of float64, shape (n, n_kept)
        Orthonormal.
    weights : ndarray of float64, shape (n_kept,)
        Share that is kept of each singular value.
    penalty : float
        What the model pays for the matrix that is kept, in the unit of half the squared residuals.
    """

    vectors: np.ndarray
    weights: np.ndarray
    penalty: float


Shrink = Callable[[np.ndarray], Filter]


class TwoWay(NamedTuple):
    """A matrix without its unit and period means.

    Attributes
    ----------
    residual : ndarray of float64, shape (n_periods, n_units)
        Every row and column has mean 0.
    unit : ndarray of float64, shape (n_units,)
        Mean of each unit.
    period : ndarray of float64, shape (n_periods,)
        Mean of each period minus the mean of all cells.
    """

    residual: np.ndarray
    unit: np.ndarray
    period: np.ndarray


def two_way(y: np.ndarray) -> TwoWay:
    """Take unit and period means out of a complete matrix.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Complete.

    Returns
    -------
    TwoWay

    Examples
    --------
    >>> two_way(np.array([[1.0, 3.0], [2.0, 6.0]])).residual
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    unit = y.mean(axis=0)
    period = y.mean(axis=1) - unit.mean()
    return TwoWay(y - unit - period[:, None], unit, period)


def leading_factors(gram: np.ndarray, n_factors: int) -> np.ndarray:
    """Return the leading eigenvectors of a Gram matrix, the largest first.

    Parameters
    ----------
    gram : ndarray of float64, shape (n, n)
        Symmetric, positive semidefinite.
    n_factors : int
        From 0 to n.

    Returns
    -------
    ndarray of float64, shape (n, n_factors)
        Orthonormal columns.

    Examples
    --------
    >>> np.abs(leading_factors(np.diag([1.0, 4.0, 2.0]), 2)).round(6)
    array([[0., 0.],
           [1., 0.],
           [0., 1.]])
    """
    size = len(gram)
    if n_factors == 0:
        return np.empty((size, 0))
    # Only the lower triangle is read: the matrix may be handed over as it is.
    _, vectors = linalg.eigh(gram, subset_by_index=(size - n_factors, size - 1), check_finite=False)
    leading: np.ndarray = vectors[:, ::-1]
    return leading


def keep_factors(n_factors: int) -> Shrink:
    """Return the projection on the best approximation of a rank.

    Parameters
    ----------
    n_factors : int
        Rank that is kept.

    Returns
    -------
    callable
        From a Gram matrix to a :class:`Filter`; such a model has no penalty.

    Notes
    -----
    The leading eigenvectors give the best approximation (Eckart and Young 1936).

    Examples
    --------
    >>> keep_factors(1)(np.diag([9.0, 1.0])).vectors.shape
    (2, 1)
    """

    def shrink(gram: np.ndarray) -> Filter:
        return Filter(leading_factors(gram, n_factors), np.ones(n_factors), 0.0)

    return shrink


def cap_singular_values(threshold: float) -> Shrink:
    r"""Return the soft-thresholding of singular values.

    Parameters
    ----------
    threshold : float
        What is taken off each singular value, greater than 0; none gets smaller than 0.

    Returns
    -------
    callable
        From a Gram matrix to a :class:`Filter` whose penalty is the threshold times the nuclear norm.

    Notes
    -----
    The filtered matrix minimises :math:`\tfrac12 \|A - L\|_F^2 + \lambda \|L\|_*` over L.

    References
    ----------
    Mazumder R, Hastie T, Tibshirani R (2010), Journal of Machine Learning Research 11:2287-2322.

    Examples
    --------
    >>> shrunk = cap_singular_values(1.0)(np.diag([9.0, 0.25]))
    >>> shrunk.weights.round(4), round(shrunk.penalty, 4)
    (array([0.6667]), 2.0)
    """

    def shrink(gram: np.ndarray) -> Filter:
        squares, vectors = _factors_above(gram, threshold**2)
        singular = np.sqrt(squares)
        kept = singular - threshold
        return Filter(vectors, kept / singular, threshold * float(kept.sum()))

    return shrink


def _factors_above(gram: np.ndarray, lowest: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues above a bound and their vectors, twice as fast as the bisection of ``linalg.eigh``."""
    if len(gram) == 1:
        return linalg.eigh(gram, subset_by_value=(lowest, np.inf), check_finite=False)
    reflected, diagonal, beside, scalars, _ = lapack.dsytrd(gram, lower=1, lwork=_BLOCK * len(gram))
    values, inner = linalg.eigh_tridiagonal(
        diagonal,
        beside,
        select="v",
        select_range=(lowest, np.inf),
        check_finite=False,
        lapack_driver="stemr",
    )
    vectors = np.zeros((len(gram), len(values)), order="F")
    vectors[0] = inner[0]
    if len(values):
        vectors[1:] = lapack.dormqr("L", "N", reflected[1:, :-1], scalars, inner[1:], _BLOCK * len(values))[0]
    return values, vectors


def apply_filter(matrix: np.ndarray, shrink: Shrink) -> tuple[np.ndarray, float]:
    """Filter a complete matrix through the Gram matrix of its shorter side.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, m)
        Any.
    shrink : callable
        :func:`keep_factors` or :func:`cap_singular_values`.

    Returns
    -------
    low_rank : ndarray of float64, shape (n, m)
        The filtered matrix.
    penalty : float
        What the model pays for it.

    Examples
    --------
    >>> apply_filter(np.diag([3.0, 0.5]), cap_singular_values(1.0))[0].round(6) + 0.0
    array([[2., 0.],
           [0., 0.]])
    """
    if matrix.shape[0] > matrix.shape[1]:
        low_rank, penalty = apply_filter(matrix.T, shrink)
        return low_rank.T, penalty
    vectors, weights, penalty = shrink(matrix @ matrix.T)
    return (vectors * weights) @ (vectors.T @ matrix), penalty


def additive_fill(y: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Fill the missing cells with unit and period effects fitted to the others by least squares.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes; what stands in missing cells is not looked at.
    missing : ndarray of bool, shape (n_periods, n_units)
        Cells to fill.

    Returns
    -------
    ndarray of float64, shape (n_periods, n_units)
        The outcomes, complete.

    Raises
    ------
    ValueError
        If the cells that are there do not determine every unit and period effect.

    Notes
    -----
    Unit effects are eliminated; what remains is one linear system in the period effects.

    Examples
    --------
    >>> additive_fill(np.array([[1.0, 3.0], [2.0, 9.0]]), np.array([[False, False], [False, True]]))
    array([[1., 3.],
           [2., 4.]])
    """
    seen = (~missing).astype(float)
    cells = np.where(missing, 0.0, y)
    per_unit = seen.sum(axis=0)
    if not per_unit.all() or not seen.any(axis=1).all():
        raise ValueError("a unit or a period has no cell that is there")
    share = seen / per_unit
    system = np.diag(seen.sum(axis=1)) - share @ seen.T
    right = cells.sum(axis=1) - share @ cells.sum(axis=0)
    # All period effects may move together: the mean of 0 makes the system definite, if nothing else is free.
    factor, info = lapack.dpotrf(system + float(np.trace(system)) / system.size, lower=1)
    if info or factor.diagonal().min() ** 2 <= _SINGULAR * factor.diagonal().max() ** 2:
        raise ValueError(
            "units and periods fall into groups with no cell in common, so effects are not determined"
        )
    period = lapack.dpotrs(factor, right, lower=1)[0]
    unit = (cells.sum(axis=0) - period @ seen) / per_unit
    return np.where(missing, unit + period[:, None], y)
