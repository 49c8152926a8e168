"""Unit and period effects plus a low-rank part, with cells missing: the fit that factor models share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lean_impact.kernels.fixed_point import LIMIT, TOLERANCE, NotSettledError, fixed_point, step_size
from lean_impact.kernels.low_rank import Shrink, additive_fill, apply_filter, two_way

__all__ = ["LowRankFit", "fit_hidden", "fit_low_rank", "shrink_hidden"]

_TINY = 1e-12
_COLLINEAR = 1e-10


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
        ``keep_factors`` or ``cap_singular_values``: the low-rank part that fits a complete matrix best.
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
    >>> from lean_impact.kernels.low_rank import keep_factors
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
    tolerance = step_size(TOLERANCE, float(two_way(complete).residual.std()), float(np.abs(y[~hole]).max()))
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
    unit = np.concatenate([np.ones(n_holes), np.maximum(np.sqrt((flat**2).mean(axis=1)), _TINY)])

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
    state, steps = fixed_point(step, first, tolerance=tolerance, limit=limit)
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
    start: np.ndarray | None = None,
) -> np.ndarray:
    r"""Fit as :func:`fit_low_rank` where only cells of a few units are missing, and return these units' fit.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes, complete but for the hidden cells.
    shrink : callable
        ``keep_factors`` or ``cap_singular_values``.
    units : ndarray of int, shape (n_members,)
        Positions of the units with hidden cells.
    hidden : ndarray of bool, shape (n_periods, n_members)
        Their hidden cells; what stands there is not looked at.
    tolerance : float, default 1e-9
        The iteration ends when no hidden cell moves by more than this share of the standard deviation.
    limit : int, default 3000
        Steps after which it is given up.
    start : ndarray of float64, shape (n_periods, n_members), optional
        First guess for the hidden cells; unit plus period effects if not given.

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
    >>> from lean_impact.kernels.low_rank import keep_factors
    >>> y = np.outer([1.0, 2.0, 4.0], [1.0, 3.0, 2.0, 5.0])
    >>> y[2, 0] = np.nan
    >>> fit_hidden(y, keep_factors(1), np.array([0]), np.array([[False], [False], [True]])).round(4)
    array([[1.],
           [2.],
           [4.]])
    """
    problem = _HiddenCells.of(y, shrink, units, hidden)
    if start is None:
        missing = np.zeros(y.shape, dtype=bool)
        missing[:, units] = hidden
        first = additive_fill(y, missing)[:, units]
    else:
        first = np.where(hidden, start, y[:, units])
    return problem.solve(first, share=tolerance, limit=limit)[0]


def shrink_hidden(
    cells: np.ndarray, hidden: np.ndarray, period: np.ndarray, factors: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    r"""Shrink units on given factors, with hidden cells at what the fit itself expects of them.

    Parameters
    ----------
    cells : ndarray of float64, shape (n_periods, n_members)
        Outcomes; what stands in hidden cells is not looked at.
    hidden : ndarray of bool, shape (n_periods, n_members)
        Hidden cells.
    period : ndarray of float64, shape (n_periods,)
        Period effects, with mean 0.
    factors : ndarray of float64, shape (n_periods, n_factors)
        Orthonormal columns, each with mean 0.
    weights : ndarray of float64, shape (n_factors,)
        Share that is kept of each, below 1.

    Returns
    -------
    ndarray of float64, shape (n_periods, n_members)
        What is expected in every cell.

    Notes
    -----
    For soft-thresholding with :math:`P = (LL')^{1/2}`, the nuclear norm is at most
    :math:`\tfrac12(\mathrm{tr}\,L'P^{-1}L + \mathrm{tr}\,P)`, with equality at L. This minimises that bound over
    hidden cells at once, so it never raises the loss, and does what takes many steps of filling in.

    Examples
    --------
    >>> cells, hidden = np.array([[1.0], [3.0], [9.0]]), np.array([[False], [False], [True]])
    >>> shrink_hidden(cells, hidden, np.zeros(3), np.empty((3, 0)), np.empty(0)).ravel()
    array([2., 2., 2.])
    """
    smoother = (factors * weights) @ factors.T + 1.0 / len(cells)
    filled = np.where(hidden, 0.0, cells - period[:, None])
    seen = smoother @ filled
    alike: dict[bytes, list[int]] = {}
    for member, holes in enumerate(hidden.T):
        alike.setdefault(holes.tobytes(), []).append(member)
    for members in alike.values():
        rows = hidden[:, members[0]].nonzero()[0]
        block = rows[:, None], members
        filled[block] = np.linalg.solve(np.eye(len(rows)) - smoother[rows[:, None], rows], seen[block])
    fitted: np.ndarray = smoother @ filled + period[:, None]
    return fitted


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
        if not (smallest := step_size(share, self.spread, self.largest)) > 0:
            return self.expect(members)[0], 0
        expected = members

        def step(state: np.ndarray) -> tuple[np.ndarray, float]:
            nonlocal expected
            members[self.hidden] = state
            expected, loss = self.expect(members)
            return expected[self.hidden], loss

        _, steps = fixed_point(step, members[self.hidden], tolerance=smallest, limit=limit)
        return expected, steps

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
        return shrink_hidden(cells, self.hidden, period, vectors, weights), loss

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
