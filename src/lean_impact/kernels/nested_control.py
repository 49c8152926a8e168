"""Synthetic control with covariates: weights that match predictors, which are weighted to match outcomes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from lean_impact.kernels.simplex import simplex_weights
from lean_impact.kernels.synthetic_control import check_block

__all__ = ["NestedFit", "nested_control", "predictor_matched_weights", "standardise_predictors"]

_CANDIDATES = 200
_SPREAD = 3.0
_POLISHED = 4
_STEPS = 100
_CLOSE = 1e-10


class NestedFit(NamedTuple):
    """A synthetic control that matches predictors.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_donors,)
        At least 0, sum 1.
    predictor_weights : ndarray of float64, shape (n_predictors,)
        Weights of the standardised predictors (the diagonal of V), sum 1.
    gaps : ndarray of float64, shape (n_periods,)
        Outcome minus synthetic outcome, in the unit of the outcome.
    loss_v : float
        Mean squared gap over the periods that V was chosen by, squared unit of the outcome.
    loss_w : float
        Weighted squared distance of the standardised predictors.
    n_fits : int
        Weight problems solved by the search.
    """

    weights: np.ndarray
    predictor_weights: np.ndarray
    gaps: np.ndarray
    loss_v: float
    loss_w: float
    n_fits: int


def nested_control(
    y: np.ndarray,
    target: int,
    donors: np.ndarray,
    *,
    start: int,
    predictors: np.ndarray,
    rng: np.random.Generator,
    periods: np.ndarray | None = None,
    candidates: int = _CANDIDATES,
) -> NestedFit:
    r"""Choose predictor weights so that the donors that match the predictors match the outcome before.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes without holes.
    target : int
        Position of the unit with the programme.
    donors : ndarray of int, shape (n_donors,)
        Positions of the units without it; the target among them is left out, with weight 0.
    start : int
        First period with the programme.
    predictors : ndarray of float64, shape (n_predictors, n_units)
        E.g. means of covariates, and outcomes at chosen periods; any unit, they are standardised.
    rng : Generator
        Source of randomness of the starting points.
    periods : ndarray of int, shape (n,), optional
        Periods before the start whose gaps V is chosen by; all if not given.
    candidates : int
        Predictor weights to try before the best are improved.

    Returns
    -------
    NestedFit

    Raises
    ------
    ValueError
        If a predictor is missing or does not vary, or as
        :func:`~lean_impact.kernels.synthetic_control.synthetic_control`.

    Notes
    -----
    :math:`\min_V \sum_t (y_{1t} - w(V)'y_{0t})^2` with :math:`w(V)` the simplex weights of smallest
    :math:`(x_1 - X_0 w)'V(x_1 - X_0 w)`. The inner problem is solved to the optimum; the outer one is
    not convex, so equal weights, each predictor in turn and random draws on the log scale are tried, and
    the best are improved by simplex search. `loss_v` makes runs and programs comparable: a smaller one is
    a better answer to the same question. Donors are sorted by their figures first, so that their order does
    not matter.

    References
    ----------
    Abadie A, Gardeazabal J (2003), American Economic Review 93:113-132. Abadie A, Diamond A, Hainmueller J
    (2010), JASA 105:493-505.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> y, predictors = rng.normal(size=(9, 6)), rng.normal(size=(2, 6))
    >>> fit = nested_control(y, 0, np.arange(1, 6), start=6, predictors=predictors, rng=rng, candidates=20)
    >>> round(float(fit.weights.sum()), 6), round(float(fit.predictor_weights.sum()), 6)
    (1.0, 1.0)
    """
    check_block(y, np.array([target]), donors, start=start)
    others = (donors != target).nonzero()[0]
    fitted = y[:start] if periods is None else y[periods]
    if periods is not None and (len(periods) == 0 or periods.max() >= start):
        raise ValueError("the periods that V is chosen by must lie before the start")
    others = others[np.lexsort(np.vstack([predictors, fitted])[:, donors[others]])]
    scaled = standardise_predictors(predictors, np.append(donors[others], target))
    search = _Search(scaled, fitted, target, donors[others])
    best = search.run(candidates, rng)
    weights = np.zeros(len(donors))
    weights[others] = search.weights(best)
    importance = np.exp(best - best.max())
    importance /= importance.sum()
    gaps = y[:, target] - y[:, donors] @ weights
    distance = scaled[:, target] - scaled[:, donors] @ weights
    return NestedFit(
        weights, importance, gaps, search.loss(best), float(importance @ distance**2), search.n_fits
    )


def predictor_matched_weights(
    predictors: np.ndarray, target: int, donors: np.ndarray, *, predictor_weights: np.ndarray
) -> np.ndarray:
    """Return the weights that match predictors, with the importance of each predictor given.

    Parameters
    ----------
    predictors : ndarray of float64, shape (n_predictors, n_units)
        Standardised, see :func:`standardise_predictors`.
    target : int
    donors : ndarray of int, shape (n_donors,)
        Without the target.
    predictor_weights : ndarray of float64, shape (n_predictors,)
        At least 0.

    Returns
    -------
    ndarray of float64, shape (n_donors,)

    Examples
    --------
    >>> x = np.array([[1.0, 0.0, 4.0]])
    >>> predictor_matched_weights(x, 0, np.array([1, 2]), predictor_weights=np.ones(1))
    array([0.75, 0.25])
    """
    root = np.sqrt(predictor_weights)
    return simplex_weights(root[:, None] * predictors[:, donors], root * predictors[:, target])


def standardise_predictors(predictors: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Divide each predictor by its standard deviation over target and donors.

    Parameters
    ----------
    predictors : ndarray of float64, shape (n_predictors, n_units)
    units : ndarray of int, shape (n,)
        Positions of target and donors.

    Returns
    -------
    ndarray of float64, shape (n_predictors, n_units)

    Raises
    ------
    ValueError
        If there is no predictor, or one is missing somewhere or the same everywhere.

    Examples
    --------
    >>> standardise_predictors(np.array([[1.0, 2.0, 3.0]]), np.arange(3))
    array([[1., 2., 3.]])
    """
    used = predictors[:, units]
    if len(predictors) == 0:
        raise ValueError("there is no predictor")
    if not np.isfinite(used).all():
        rows = np.flatnonzero(~np.isfinite(used).all(axis=1))
        raise ValueError(f"predictors {rows.tolist()} are missing for some unit")
    spread = used.std(axis=1, ddof=1)
    if not (spread > 0).all():
        raise ValueError(f"predictors {np.flatnonzero(~(spread > 0)).tolist()} do not vary over the units")
    return np.asarray(predictors / spread[:, None])


class _Search:
    """The outer search over log predictor weights."""

    def __init__(self, predictors: np.ndarray, outcomes: np.ndarray, target: int, donors: np.ndarray) -> None:
        self.predictors, self.outcomes, self.target, self.donors = predictors, outcomes, target, donors
        self.n_fits = 0

    def weights(self, importance: np.ndarray) -> np.ndarray:
        scaled = np.exp(importance - importance.max())
        return predictor_matched_weights(self.predictors, self.target, self.donors, predictor_weights=scaled)

    def loss(self, importance: np.ndarray) -> float:
        self.n_fits += 1
        gaps = self.outcomes[:, self.target] - self.outcomes[:, self.donors] @ self.weights(importance)
        return float((gaps**2).mean())

    def run(self, candidates: int, rng: np.random.Generator) -> np.ndarray:
        k = len(self.predictors)
        if k == 1:
            return np.zeros(1)
        starts = np.vstack([np.zeros(k), 2 * _SPREAD * np.eye(k), rng.normal(size=(candidates, k)) * _SPREAD])
        losses = np.array([self.loss(start) for start in starts])
        found = [self._improve(starts[i], _STEPS * k) for i in losses.argsort(kind="stable")[:_POLISHED]]
        best = min(found, key=self.loss)
        return self._improve(best, _STEPS * k)

    def _improve(self, start: np.ndarray, steps: int) -> np.ndarray:
        found = minimize(
            self.loss,
            start,
            method="Nelder-Mead",
            options={"maxfev": steps, "xatol": 1e-4, "fatol": _CLOSE, "adaptive": True},
        )
        return np.asarray(found.x)
