"""Two-way fixed effects: unit and period effects taken out, with holes and weights, and the regression then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lean_impact.kernels.adoption import check_start, treated_cells

__all__ = ["TwoWay", "TwoWayFit", "fit_two_way", "static_effect", "two_way"]

_RANK = 1e-10
"""Eigenvalues below this share of the largest count as 0."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoWay:
    """Unit and period effects by weighted least squares, ready for any number of outcomes.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_periods, n_units)
        Weight of each cell, 0 for a hole.
    inverse : ndarray of float64, shape (n_periods, n_periods)
        Pseudo-inverse of the normal equations of the period effects once unit effects are eliminated.
    unit_component : ndarray of int, shape (n_units,)
        Connected part of the panel that a unit belongs to; -1 if it has no cell.
    period_component : ndarray of int, shape (n_periods,)
        The same for periods.
    """

    weights: np.ndarray
    inverse: np.ndarray
    unit_component: np.ndarray
    period_component: np.ndarray

    @property
    def unit_totals(self) -> np.ndarray:
        """Sum of the weights of each unit, shape (n_units,)."""
        return np.asarray(self.weights.sum(axis=0))

    @property
    def identified(self) -> np.ndarray:
        """Cells whose sum of effects the data determine, shape (n_periods, n_units)."""
        same = self.period_component[:, None] == self.unit_component[None, :]
        return np.asarray(same & (self.period_component >= 0)[:, None])

    @property
    def n_observed(self) -> tuple[int, int]:
        """Number of periods and of units that have a cell."""
        return int((self.period_component >= 0).sum()), int((self.unit_component >= 0).sum())

    def solve(self, unit_sums: np.ndarray, period_sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Solve the normal equations for given right-hand sides.

        Parameters
        ----------
        unit_sums : ndarray of float64, shape (..., n_units)
            Right-hand side of the unit effects.
        period_sums : ndarray of float64, shape (..., n_periods)
            Right-hand side of the period effects.

        Returns
        -------
        units : ndarray of float64, shape (..., n_units)
        periods : ndarray of float64, shape (..., n_periods)
            The solution of least length in the period effects.
        """
        totals = self.unit_totals
        share = np.divide(unit_sums, totals, out=np.zeros_like(unit_sums), where=totals > 0)
        periods = (period_sums - share @ self.weights.T) @ self.inverse
        fitted = np.divide(periods @ self.weights, totals, out=np.zeros_like(unit_sums), where=totals > 0)
        return share - fitted, periods

    def effects(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimate unit and period effects.

        Parameters
        ----------
        values : ndarray of float64, shape (..., n_periods, n_units)
            Outcomes; whatever stands in a hole is not looked at.

        Returns
        -------
        units : ndarray of float64, shape (..., n_units)
        periods : ndarray of float64, shape (..., n_periods)
        """
        weighted = np.where(self.weights > 0, values, 0.0) * self.weights
        return self.solve(weighted.sum(axis=-2), weighted.sum(axis=-1))

    def residual(self, values: np.ndarray) -> np.ndarray:
        """Subtract the estimated effects in every cell, not a number where they are not determined.

        Parameters
        ----------
        values : ndarray of float64, shape (..., n_periods, n_units)
            Outcomes.

        Returns
        -------
        ndarray of float64, shape (..., n_periods, n_units)
        """
        units, periods = self.effects(values)
        left = values - units[..., None, :] - periods[..., :, None]
        return np.where(self.identified, left, np.nan)

    def within(self, values: np.ndarray) -> np.ndarray:
        """Return the residuals of the cells with weight and 0 in holes."""
        return np.where(self.weights > 0, self.residual(values), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoWayFit:
    """Regression with unit and period effects.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (n_regressors,)
        Coefficients, in the unit of the outcome over that of the regressor.
    residuals : ndarray of float64, shape (n_periods, n_units)
        Residuals, 0 in holes.
    regressors : ndarray of float64, shape (n_regressors, n_periods, n_units)
        Regressors with unit and period effects taken out, 0 in holes.
    bread : ndarray of float64, shape (n_regressors, n_regressors)
        Inverse of their weighted cross-products.
    effects : TwoWay
        The unit and period effects.
    """

    coefficients: np.ndarray
    residuals: np.ndarray
    regressors: np.ndarray
    bread: np.ndarray
    effects: TwoWay

    @property
    def n_cells(self) -> int:
        """Number of cells with weight."""
        return int((self.effects.weights > 0).sum())

    @property
    def scores(self) -> np.ndarray:
        """Sum of regressor times residual of each unit, shape (n_regressors, n_units)."""
        return np.asarray((self.regressors * (self.effects.weights * self.residuals)).sum(axis=1))


def two_way(weights: np.ndarray) -> TwoWay:
    r"""Prepare unit and period effects for a pattern of weights.

    Parameters
    ----------
    weights : ndarray of float64, shape (n_periods, n_units)
        Weight of each cell, at least 0; 0 for a hole.

    Returns
    -------
    TwoWay

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or all are 0.

    Notes
    -----
    Minimises :math:`\sum_{tj} w_{tj} (y_{tj} - a_j - b_t)^2`. Unit effects are eliminated exactly, which leaves
    one symmetric system in the periods; nothing is iterated.

    Examples
    --------
    >>> y = np.array([[1.0, 2.0], [3.0, 9.0]])
    >>> two_way(np.ones((2, 2))).residual(y).tolist()
    [[1.25, -1.25], [-1.25, 1.25]]
    """
    weights = np.asarray(weights, float)
    if not np.isfinite(weights).all() or (weights < 0).any() or not (weights > 0).any():
        raise ValueError("weights must be finite and at least 0, and some above 0")
    n_periods, n_units = weights.shape
    if (weights == weights[0, 0]).all():
        inverse = (np.eye(n_periods) - 1 / n_periods) / (n_units * weights[0, 0])
        one = np.zeros(n_units, dtype=np.intp)
        return TwoWay(
            weights=weights,
            inverse=inverse,
            unit_component=one,
            period_component=np.zeros(n_periods, dtype=np.intp),
        )
    totals = weights.sum(axis=0)
    share = np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)
    values, vectors = np.linalg.eigh(np.diag(weights.sum(axis=1)) - share @ weights.T)
    kept = values > _RANK * max(float(values[-1]), float(weights.sum(axis=1).max()) * _RANK)
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    units, periods = _components(weights > 0)
    return TwoWay(weights=weights, inverse=inverse, unit_component=units, period_component=periods)


def _components(observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Label the connected parts of a panel: units are linked by periods in which both have a cell."""
    n_periods, n_units = observed.shape
    units, periods = np.full(n_units, -1, dtype=np.intp), np.full(n_periods, -1, dtype=np.intp)
    label = 0
    for period in range(n_periods):
        if periods[period] >= 0 or not observed[period].any():
            continue
        members = observed[period]
        while True:
            reached = observed[:, members].any(axis=1)
            grown = observed[reached].any(axis=0)
            if (grown == members).all():
                break
            members = grown
        units[members], periods[reached] = label, label
        label += 1
    return units, periods


def fit_two_way(y: np.ndarray, regressors: np.ndarray, *, weights: np.ndarray | None = None) -> TwoWayFit:
    r"""Regress an outcome on regressors with unit and period effects.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcome; not a number marks a hole.
    regressors : ndarray of float64, shape (n_regressors, n_periods, n_units)
        Regressors; a cell in which one is not a number is a hole too.
    weights : ndarray of float64, shape (n_units,) or (n_periods, n_units), optional
        Weights of the cells; equal if not given.

    Returns
    -------
    TwoWayFit

    Raises
    ------
    ValueError
        If a regressor is a combination of the effects and the other regressors.

    Notes
    -----
    Least squares of :math:`y_{tj} = a_j + b_t + x_{tj}'\beta + e_{tj}` by partialling out the effects.

    References
    ----------
    Frisch R, Waugh FV (1933), Econometrica 1:387-401.

    Examples
    --------
    >>> y = np.array([[1.0, 2.0], [3.0, 9.0]])
    >>> fit_two_way(y, np.array([[[0.0, 0.0], [0.0, 1.0]]])).coefficients.round(9).tolist()
    [5.0]
    """
    regressors = np.asarray(regressors, float)
    full = np.ones(y.shape) if weights is None else np.broadcast_to(np.asarray(weights, float), y.shape)
    observed = np.isfinite(y) & np.isfinite(regressors).all(axis=0)
    effects = two_way(np.where(observed, full, 0.0))
    left = effects.within(np.where(observed, regressors, 0.0))
    outcome = effects.within(np.where(observed, y, 0.0))
    weighted = (left * effects.weights).reshape(len(left), y.size)
    gram = weighted @ left.reshape(len(left), y.size).T
    _check_rank(gram, _raw_squares(np.where(observed, regressors, 0.0), effects.weights))
    bread = np.linalg.inv(gram)
    coefficients = bread @ (weighted @ outcome.ravel())
    residuals = outcome - np.tensordot(coefficients, left, axes=1)
    return TwoWayFit(
        coefficients=coefficients,
        residuals=residuals,
        regressors=left,
        bread=(bread + bread.T) / 2,
        effects=effects,
    )


def _raw_squares(regressors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sum of squares of each regressor before anything is taken out."""
    return np.asarray((weights * regressors**2).sum(axis=(1, 2)))


def _check_rank(gram: np.ndarray, raw: np.ndarray) -> None:
    """Raise if what is left of the regressors does not have full rank."""
    left = np.diag(gram)
    lost = np.flatnonzero(left <= _RANK * raw)
    if len(lost):
        raise ValueError(f"unit and period effects absorb regressors {lost.tolist()} (counted from 0)")
    scale = np.sqrt(left)
    if len(left) and np.linalg.eigvalsh(gram / np.outer(scale, scale))[0] < _RANK:
        raise ValueError("the regressors are linearly dependent once unit and period effects are taken out")


def static_effect(
    y: np.ndarray,
    start: np.ndarray,
    *,
    covariates: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> TwoWayFit:
    """Fit the static two-way fixed effects regression; its first coefficient is the effect.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcome; not a number marks a hole.
    start : ndarray of int, shape (n_units,)
        First period with the programme; `n_periods` if never.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_units), optional
        Covariates that change in time; see :func:`~lean_impact.kernels.adoption.by_period` for constant ones.
    weights : ndarray of float64, shape (n_units,) or (n_periods, n_units), optional
        Weights of the cells; equal if not given.

    Returns
    -------
    TwoWayFit

    Raises
    ------
    ValueError
        If the effect is not identified.

    Notes
    -----
    With staggered adoption and effects that differ or grow, the coefficient is an average of two-by-two
    comparisons some of which use already treated units as the comparison, and may have the wrong sign. See
    :func:`~lean_impact.kernels.goodman_bacon.goodman_bacon`.

    References
    ----------
    Goodman-Bacon A (2021), Journal of Econometrics 225:254-277.

    Examples
    --------
    >>> y = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 4.0]])
    >>> static_effect(y, np.array([2, 2, 1])).coefficients.round(9).tolist()
    [2.5]
    """
    start = check_start(start, n_periods=y.shape[0], n_units=y.shape[1])
    treated = treated_cells(start, y.shape[0]).astype(float)[None]
    regressors = treated if covariates is None else np.concatenate([treated, covariates])
    return fit_two_way(y, regressors, weights=weights)
