"""Unit and period effects plus a low-rank part, with cells missing: the iteration that factor models share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import linalg

__all__ = [
    "LIMIT",
    "TOLERANCE",
    "Filter",
    "LowRankFit",
    "NotSettledError",
    "Shrink",
    "TwoWay",
    "additive_fill",
    "apply_filter",
    "cap_singular_values",
    "fit_hidden",
    "fit_low_rank",
    "keep_factors",
    "leading_factors",
    "two_way",
]


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

TOLERANCE = 1e-9
"""The iteration ends when no cell moves by more than this share of the outcome's standard deviation."""

LIMIT = 3_000
"""Steps after which the iteration is given up."""

_MEMORY = 6
_ROUNDING = 1e-11
_RESOLUTION = 1e-14
_COLLINEAR = 1e-10


class NotSettledError(ValueError):
    """An iteration that did not settle: the missing cells are not determined by the model."""


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


class LowRankFit(NamedTuple):
    """Unit and period effects, covariates and a low-rank part, fitted to the cells that are there.

    Attributes
    ----------
    fitted : ndarray of float64, shape (n_periods, n_units)
        What the model expects in every cell, in the unit of the outcome.
    low_rank : ndarray of float64, shape (n_periods, n_units)
        Low-rank part of it; rows and columns have mean 0.
    coefficients : ndarray of float64, shape (n_covariates,)
        Coefficients of the covariates.
    steps : int
        Steps that the iteration took.
    """

    fitted: np.ndarray
    low_rank: np.ndarray
    coefficients: np.ndarray
    steps: int


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
        squares, vectors = linalg.eigh(gram, subset_by_value=(threshold**2, np.inf), check_finite=False)
        singular = np.sqrt(squares)
        kept = singular - threshold
        return Filter(vectors, kept / singular, threshold * float(kept.sum()))

    return shrink


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
    period, _, rank, _ = np.linalg.lstsq(system, right, rcond=1e-10)
    if rank < len(y) - 1:
        raise ValueError(
            "units and periods fall into groups with no cell in common, so effects are not determined"
        )
    unit = (cells.sum(axis=0) - period @ seen) / per_unit
    return np.where(missing, unit + period[:, None], y)


def fit_low_rank(
    y: np.ndarray,
    shrink: Shrink,
    *,
    missing: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
    start: np.ndarray | None = None,
    limit: int = LIMIT,
) -> LowRankFit:
    r"""Fit unit and period effects, covariates and a low-rank part to the cells that are there.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes.
    shrink : callable
        :func:`keep_factors` or :func:`cap_singular_values`: the low-rank part that fits a complete matrix best.
    missing : ndarray of bool, shape (n_periods, n_units), optional
        Cells that the fit does not look at; none if not given.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_units), optional
        Complete.
    start : ndarray of float64, shape (n_periods, n_units), optional
        First guess for the missing cells (a neighbouring fit); unit plus period effects if not given.
    limit : int, default 3000
        Steps after which it is given up.

    Returns
    -------
    LowRankFit

    Raises
    ------
    ValueError
        If effects or coefficients are not determined; :class:`NotSettledError` if the iteration does not settle.

    Notes
    -----
    Missing cells are filled with what the model expects, the model is fitted to the complete matrix, and so
    on: each step lowers the loss. The fixed point is found by Anderson's acceleration; a leap that raises the
    loss is taken back.

    References
    ----------
    Bai J (2009), Econometrica 77:1229-1279. Anderson DG (1965), Journal of the ACM 12:547-560.

    Examples
    --------
    >>> y = np.outer([1.0, 2.0, 4.0], [1.0, 3.0, 2.0, 5.0])
    >>> hidden = np.zeros((3, 4), dtype=bool)
    >>> hidden[2, 0] = True
    >>> round(float(fit_low_rank(y, keep_factors(1), missing=hidden).fitted[2, 0]), 4)
    4.0
    """
    hole = np.zeros(y.shape, dtype=bool) if missing is None else missing
    x = np.empty((0, *y.shape)) if covariates is None else covariates
    flat = np.stack([two_way(each).residual.ravel() for each in x]) if len(x) else np.empty((0, y.size))
    solve = _least_squares(flat)
    complete = additive_fill(y, hole) if hole.any() else np.array(y)
    if start is not None:
        complete[hole] = start[hole]
    n_holes = int(hole.sum())
    tolerance = _step_size(TOLERANCE, float(two_way(complete).residual.std()), float(np.abs(y[~hole]).max()))
    columns = hole.any(axis=0)
    if n_holes and not len(x) and not columns.all():
        units = np.flatnonzero(columns)
        problem = _HiddenCells.of(y, shrink, units, hole[:, units])
        fitted, steps = problem.solve(complete[:, units], share=TOLERANCE, limit=limit)
        complete[:, units] = np.where(hole[:, units], fitted, complete[:, units])
        fit = _split(complete, shrink)
        return LowRankFit(fit.fitted, fit.low_rank, np.zeros(0), steps)
    if n_holes + len(x) == 0 or tolerance == 0:
        fit = _split(complete, shrink)
        return LowRankFit(fit.fitted, fit.low_rank, np.zeros(len(x)), 0)
    # In these units a step in a coefficient weighs like the step in the outcome that it makes.
    unit = np.concatenate([np.ones(n_holes), np.maximum(np.sqrt((flat**2).mean(axis=1)), _ROUNDING)])

    def step(state: np.ndarray) -> tuple[np.ndarray, float]:
        values = state / unit
        complete[hole] = values[:n_holes]
        explained = np.tensordot(values[n_holes:], x, axes=1)
        fit = _split(complete - explained, shrink)
        off = complete - explained - fit.fitted
        loss = float((off**2).sum()) / 2 + fit.penalty
        filled = values[:n_holes] - off[hole]
        off[hole] = 0.0
        return np.concatenate([filled, values[n_holes:] + solve(off.ravel())]) * unit, loss

    first = np.concatenate([complete[hole], np.zeros(len(x))]) * unit
    state, steps = _fixed_point(step, first, tolerance=tolerance, limit=limit)
    values = state / unit
    complete[hole] = values[:n_holes]
    explained = np.tensordot(values[n_holes:], x, axes=1)
    fit = _split(complete - explained, shrink)
    return LowRankFit(fit.fitted + explained, fit.low_rank, values[n_holes:], steps)


def fit_hidden(
    y: np.ndarray,
    shrink: Shrink,
    units: np.ndarray,
    hidden: np.ndarray,
    *,
    tolerance: float = TOLERANCE,
    limit: int = LIMIT,
) -> np.ndarray:
    r"""Fit as :func:`fit_low_rank` where only cells of a few units are missing, and return these units' fit.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes, complete but for the hidden cells.
    shrink : callable
        :func:`keep_factors` or :func:`cap_singular_values`.
    units : ndarray of int, shape (n_members,)
        Positions of the units with hidden cells.
    hidden : ndarray of bool, shape (n_periods, n_members)
        Their hidden cells; what stands there is not looked at.
    tolerance : float, default 1e-9
        The iteration ends when no hidden cell moves by more than this share of the standard deviation.
    limit : int, default 3000
        Steps after which it is given up.

    Returns
    -------
    ndarray of float64, shape (n_periods, n_members)
        What the model expects of these units.

    Raises
    ------
    ValueError
        If effects are not determined; :class:`NotSettledError` if the iteration does not settle.

    Notes
    -----
    A step changes a few columns only, so the Gram matrix is updated by their rank and the low-rank part is
    formed for these columns alone.

    Examples
    --------
    >>> y = np.outer([1.0, 2.0, 4.0], [1.0, 3.0, 2.0, 5.0])
    >>> y[2, 0] = np.nan
    >>> fit_hidden(y, keep_factors(1), np.array([0]), np.array([[False], [False], [True]])).round(4)
    array([[1.],
           [2.],
           [4.]])
    """
    problem = _HiddenCells.of(y, shrink, units, hidden)
    missing = np.zeros(y.shape, dtype=bool)
    missing[:, units] = hidden
    return problem.solve(additive_fill(y, missing)[:, units], share=tolerance, limit=limit)[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _HiddenCells:
    """What is known before the first step when only cells of a few units are missing."""

    shrink: Shrink
    hidden: np.ndarray
    n_units: int
    gram: np.ndarray
    total: np.ndarray
    spread: float
    largest: float

    @classmethod
    def of(cls, y: np.ndarray, shrink: Shrink, units: np.ndarray, hidden: np.ndarray) -> _HiddenCells:
        others = np.delete(y, units, axis=1)
        level = others - others.mean(axis=0)
        total = level.sum(axis=1)
        return cls(
            shrink=shrink,
            hidden=hidden,
            n_units=y.shape[1],
            gram=level @ level.T,
            total=total,
            spread=float((level - total[:, None] / others.shape[1]).std()),
            largest=float(np.abs(others).max()),
        )

    def solve(self, members: np.ndarray, *, share: float, limit: int) -> tuple[np.ndarray, int]:
        """Return the fit of the units with hidden cells, and the steps it took."""

        def step(state: np.ndarray) -> tuple[np.ndarray, float]:
            members[self.hidden] = state
            expected, loss = self.expect(members)
            return expected[self.hidden], loss

        smallest = _step_size(share, self.spread, self.largest)
        steps = 0
        if smallest > 0:
            members[self.hidden], steps = _fixed_point(
                step, members[self.hidden], tolerance=smallest, limit=limit
            )
        return self.expect(members)[0], steps

    def expect(self, cells: np.ndarray) -> tuple[np.ndarray, float]:
        """Return what the model fitted to the complete matrix expects of these units, and its loss."""
        mean = cells.mean(axis=0)
        own = cells - mean
        period = (self.total + own.sum(axis=1)) / self.n_units
        gram = self.gram + own @ own.T - self.n_units * np.outer(period, period)
        vectors, weights, penalty = self.shrink(gram)
        kept = (vectors * (gram @ vectors)).sum(axis=0)
        loss = (float(np.trace(gram)) - float(kept @ (1 - (1 - weights) ** 2))) / 2 + penalty
        if (weights == 1).all():
            return self.regress(cells, period, vectors), loss
        low_rank = (vectors * weights) @ (vectors.T @ (own - period[:, None]))
        return low_rank + period[:, None] + mean, loss

    def regress(self, cells: np.ndarray, period: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Regress the cells that are there on factors: many small steps of filling in one."""
        basis = np.column_stack([np.ones(len(factors)), factors * len(factors) ** 0.5])
        seen = (~self.hidden).astype(float)
        gram = np.einsum("ta,tk,tb->kab", basis, seen, basis)
        extremes = np.linalg.eigvalsh(gram)
        if (extremes[:, 0] <= _COLLINEAR * extremes[:, -1]).any():
            raise NotSettledError(
                "the cells that are there do not determine a unit's loadings; ask for fewer factors"
            )
        right = np.einsum("ta,tk->ka", basis, np.where(self.hidden, 0.0, cells - period[:, None]))
        loadings = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
        fitted: np.ndarray = basis @ loadings.T + period[:, None]
        return fitted


def _step_size(share: float, spread: float, largest: float) -> float:
    """Return the size below which a step counts as none: a share of the spread, but never below rounding."""
    return max(share * spread, _RESOLUTION * largest)


class _Split(NamedTuple):
    fitted: np.ndarray
    low_rank: np.ndarray
    penalty: float


def _split(complete: np.ndarray, shrink: Shrink) -> _Split:
    parts = two_way(complete)
    low_rank, penalty = apply_filter(parts.residual, shrink)
    return _Split(low_rank + parts.unit + parts.period[:, None], low_rank, penalty)


def _least_squares(flat: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return the coefficients' least-squares step for covariates without unit and period means."""
    gram = flat @ flat.T
    if len(flat):
        size = np.sqrt(np.diag(gram))
        scaled = gram / np.outer(size, size) if size.all() else np.zeros_like(gram)
        if not size.all() or np.linalg.eigvalsh(scaled)[0] < _COLLINEAR:
            raise ValueError("covariates are constant over units or periods, or repeat each other")
    return lambda off: np.linalg.solve(gram, flat @ off)


def _fixed_point(
    step: Callable[[np.ndarray], tuple[np.ndarray, float]], state: np.ndarray, *, tolerance: float, limit: int
) -> tuple[np.ndarray, int]:
    """Iterate until a step moves nothing by more than the tolerance; leaps never raise the loss."""
    states: list[np.ndarray] = []
    moves: list[np.ndarray] = []
    best, slack, safe = np.inf, 0.0, state
    for count in range(1, limit + 1):
        image, loss = step(state)
        move = image - state
        if np.abs(move).max() <= tolerance:
            return image, count
        if loss > best + slack:
            state, states, moves = safe, [], []
            continue
        slack = slack or _ROUNDING * abs(loss)
        best, safe = loss, image
        states, moves = [*states, state][-_MEMORY:], [*moves, move][-_MEMORY:]
        state = _leap(states, moves)
    raise NotSettledError(
        f"the iteration did not settle within {limit} steps; ask for fewer factors or a larger penalty"
    )


def _leap(states: list[np.ndarray], moves: list[np.ndarray]) -> np.ndarray:
    """Combine the last steps such that the combined move is as small as it can be (Anderson)."""
    plain: np.ndarray = states[-1] + moves[-1]
    if len(states) == 1:
        return plain
    differences = np.diff(np.array(moves), axis=0).T
    shifts = np.diff(np.array(states), axis=0).T
    mix = np.linalg.lstsq(differences, moves[-1], rcond=1e-10)[0]
    combined: np.ndarray = plain - (shifts + differences) @ mix
    return combined
