"""Ridge augmented synthetic control: a synthetic control whose remaining imbalance a ridge model removes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lean_impact.kernels.simplex import leave_row_out_weights, simplex_weights
from lean_impact.kernels.synthetic_control import check_block

__all__ = ["AugmentedFit", "RidgePath", "augmented_control", "augmented_residuals", "ridge_path"]

_N_RIDGES = 21
_RANGE = 1e-8
_ALIKE = 1e-12


class AugmentedFit(NamedTuple):
    """An augmented synthetic control of one target.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_donors,)
        Sum 1; may be negative, which is extrapolation.
    base_weights : ndarray of float64, shape (n_donors,)
        Weights of the synthetic control that was augmented, at least 0.
    gaps : ndarray of float64, shape (n_periods,)
        Outcome minus synthetic outcome, in the unit of the outcome; with fixed effects, minus the mean
        before the start of either.
    imbalance : float
        Root of the summed squared gaps before the start.
    scaled_imbalance : float
        The same divided by that of equally weighted donors; 1 if that is 0 too.
    ridge : float
        Ridge parameter, in the squared unit of the outcome.
    """

    weights: np.ndarray
    base_weights: np.ndarray
    gaps: np.ndarray
    imbalance: float
    scaled_imbalance: float
    ridge: float


class RidgePath(NamedTuple):
    """Cross-validation of the ridge parameter by leaving one period out.

    Attributes
    ----------
    ridges : ndarray of float64, shape (n_ridges,)
        Candidates, the largest first, in the squared unit of the outcome.
    errors, standard_errors : ndarray of float64, shape (n_ridges,)
        Mean squared gap in the period left out, and its standard error over periods.
    chosen : float
        Largest candidate whose error is at most one standard error above the smallest error.
    smallest : float
        Candidate of the smallest error.
    """

    ridges: np.ndarray
    errors: np.ndarray
    standard_errors: np.ndarray
    chosen: float
    smallest: float


def augmented_control(
    y: np.ndarray,
    target: int,
    donors: np.ndarray,
    *,
    start: int,
    ridge: float | None = None,
    fixed_effects: bool = False,
) -> AugmentedFit:
    r"""Fit a target by donors, then remove with a ridge regression what the fit leaves.

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
    ridge : float, optional
        Above 0, in the squared unit of the outcome; by cross-validation (:func:`ridge_path`) if not given.
    fixed_effects : bool
        Subtract from each unit its mean before the start first.

    Returns
    -------
    AugmentedFit

    Raises
    ------
    ValueError
        If there is no period before or after the start, no donor, a missing value, or the ridge is not
        above 0.

    Notes
    -----
    With :math:`X` the donors before the start, centred by their mean, :math:`r` the imbalance of the
    synthetic control with weights :math:`w`: the weights are :math:`w + X(X'X + \lambda I)^{-1} r`. A
    large :math:`\lambda` gives the synthetic control, a small one extrapolates to a perfect fit.

    References
    ----------
    Ben-Michael E, Feller A, Rothstein J (2021), JASA 116:1789-1803.

    Examples
    --------
    >>> y = np.array([[3.0, 0.0, 2.0], [4.0, 1.0, 2.0], [9.0, 3.0, 5.0]])
    >>> fit = augmented_control(y, 0, np.array([1, 2]), start=2, ridge=1.0)
    >>> fit.base_weights, fit.weights.round(4), fit.gaps.round(4)
    (array([0., 1.]), array([-0.5714,  1.5714]), array([-0.1429,  1.4286,  2.8571]))
    """
    check_block(y, np.array([target]), donors, start=start)
    others = donors != target
    path, pool = y[:, target], y[:, donors[others]]
    if ridge is None:
        ridge = ridge_path(path[:start], pool[:start], fixed_effects=fixed_effects).chosen
    if fixed_effects:
        path, pool = path - path[:start].mean(), pool - pool[:start].mean(axis=0)
    base, fitted = _weights(path[:start], pool[:start], ridge)
    gaps = path - pool @ fitted
    imbalance = float(np.linalg.norm(gaps[:start]))
    equal = float(np.linalg.norm(path[:start] - pool[:start].mean(axis=1)))
    scaled = imbalance / equal if equal else 1.0
    return AugmentedFit(_spread(fitted, others), _spread(base, others), gaps, imbalance, scaled, ridge)


def augmented_residuals(
    path: np.ndarray,
    pool: np.ndarray,
    *,
    ridge: float,
    rows: np.ndarray | None = None,
    fixed_effects: bool = False,
) -> np.ndarray:
    """Return the gaps in all periods of a fit on any of them, as conformal inference needs.

    Parameters
    ----------
    path : ndarray of float64, shape (n_periods,)
        Outcome of the target, minus the effect that a null hypothesis states.
    pool : ndarray of float64, shape (n_periods, n_donors)
        Outcomes of the donors.
    ridge : float
        Above 0, in the squared unit of the outcome.
    rows : ndarray of int, shape (n,), optional
        Periods to fit on; all if not given.
    fixed_effects : bool
        Subtract from each unit its mean over these periods first.

    Returns
    -------
    ndarray of float64, shape (n_periods,)

    Raises
    ------
    ValueError
        If there is no donor, a value is missing, or the ridge is not above 0.

    Examples
    --------
    >>> pool = np.array([[0.0, 2.0], [1.0, 2.0], [3.0, 5.0]])
    >>> augmented_residuals(np.array([1.0, 1.5, 4.0]), pool, ridge=1.0).round(6)
    array([0., 0., 0.])
    """
    rows = np.arange(len(path)) if rows is None else rows
    if fixed_effects:
        path, pool = path - path[rows].mean(), pool - pool[rows].mean(axis=0)
    fitted = _weights(path[rows], pool[rows], ridge)[1]
    residuals: np.ndarray = path - pool @ fitted
    return residuals


def ridge_path(path: np.ndarray, pool: np.ndarray, *, fixed_effects: bool = False) -> RidgePath:
    r"""Cross-validate the ridge parameter, leaving out one period at a time.

    Parameters
    ----------
    path : ndarray of float64, shape (n_periods,)
        Outcome of the target before the programme; at least 3 periods, so that two are left out in turn.
    pool : ndarray of float64, shape (n_periods, n_donors)
        Outcomes of the donors in the same periods.
    fixed_effects : bool
        As in :func:`augmented_control`.

    Returns
    -------
    RidgePath

    Raises
    ------
    ValueError
        If there are too few periods, no donor, or a value is missing.

    Notes
    -----
    Both the synthetic control and the ridge model are refitted without the period. The candidates run from
    the largest squared singular value of the centred donors down to :math:`10^{-8}` of it. The last period
    before the start always stays in, as in the program that the defaults follow.

    One decomposition over periods, :math:`X'X = V s V'` of the centred donors, serves every candidate and every
    period: without period t, whose centred donors are x, :math:`x'(XX' - xx' + \lambda I)^{-1}Xr =
    x'AXr / (1 - x'Ax)` with :math:`A = (XX' + \lambda I)^{-1}` and :math:`X'AX = V s (s + \lambda)^{-1} V'`.

    Examples
    --------
    >>> y = np.random.default_rng(0).normal(size=(9, 6)).cumsum(axis=0)
    >>> path = ridge_path(y[:, 0], y[:, 1:])
    >>> len(path.ridges), path.chosen >= path.smallest
    (21, True)
    """
    n_rows = len(path)
    n_folds = n_rows - 1
    if n_folds < 2 + fixed_effects:
        raise ValueError(
            f"choosing the ridge needs {3 + fixed_effects} periods before the start, there are {n_rows}; "
            "give the ridge"
        )
    base = leave_row_out_weights(pool, path, intercept=fixed_effects)[:n_folds]
    left, centred = path - base @ pool.T, (pool - pool.mean(axis=1, keepdims=True)).T
    factor = 1.0
    if fixed_effects:
        # About the mean of the other periods, period t lies n / (n - 1) times as far as about the mean of all.
        factor = n_rows / n_folds
        centred = centred - centred.mean(axis=1, keepdims=True)
        own = left[np.arange(n_folds), np.arange(n_folds)]
        left = left - ((left.sum(axis=1) - own) / n_folds)[:, None]
    spectrum, basis = _spectrum(centred, scale=float(np.abs(pool).max()))
    ridges = (spectrum[-1] or 1.0) * _RANGE ** (np.arange(_N_RIDGES) / (_N_RIDGES - 1))
    left_out = left.diagonal().copy()
    np.einsum("ff->f", left[:, :n_folds])[:] = 0.0
    rotated, moved = basis.T[:, :n_folds], basis.T @ left.T
    share = factor * spectrum / (spectrum + ridges[:, None])
    cross = share @ (rotated * moved)
    leverage = share @ rotated**2
    gaps = left_out - cross / (1.0 - leverage)
    errors = (gaps**2).mean(axis=1)
    spread = (gaps**2).std(axis=1, ddof=1) / np.sqrt(n_folds)
    best = int(errors.argmin())
    chosen = ridges[errors <= errors[best] + spread[best]].max()
    return RidgePath(ridges, errors, spread, float(chosen), float(ridges[best]))


def _spectrum(centred: np.ndarray, *, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and vectors of the inner products between periods, the largest value last."""
    values, basis = np.linalg.eigh(centred.T @ centred)
    # Donors that are all alike leave nothing to extrapolate with, whatever the ridge.
    alike = values[-1] <= (_ALIKE * scale) ** 2
    return np.zeros_like(values) if alike else np.maximum(values, 0.0), basis


def _weights(path: np.ndarray, pool: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the synthetic control, and augmented ones."""
    if not ridge > 0:
        raise ValueError(f"a ridge parameter is above 0; it is {ridge}")
    base = simplex_weights(pool, path)
    left = path - pool @ base
    centred = pool - pool.mean(axis=1, keepdims=True)
    try:
        dual = np.linalg.solve(centred @ centred.T + ridge * np.eye(len(path)), left)
    except np.linalg.LinAlgError:
        # A ridge below rounding: as stable by singular values.
        across, sizes, _ = np.linalg.svd(centred, full_matrices=False)
        dual = across @ ((across.T @ left) / (sizes**2 + ridge))
    return base, base + centred.T @ dual


def _spread(weights: np.ndarray, others: np.ndarray) -> np.ndarray:
    full = np.zeros(len(others))
    full[others] = weights
    return full
