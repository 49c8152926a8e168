"""Generalised synthetic control: factors from units never treated, loadings from each treated unit's past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lean_impact.kernels.low_rank import keep_factors, leading_factors, two_way
from lean_impact.kernels.low_rank_fit import fit_low_rank

__all__ = [
    "ControlModel",
    "FactorPath",
    "NotDeterminedError",
    "choose_factors",
    "control_model",
    "factor_path",
    "most_factors",
    "placebo_paths",
]

IMPROVEMENT = 0.01
"""Another factor has to lower the prediction error by this share."""

_CHUNK = 64
_SINGULAR = 1e-10


class NotDeterminedError(ValueError):
    """Loadings that the pre-periods of a unit do not determine."""


class ControlModel(NamedTuple):
    """Common shocks as the units never treated show them.

    Attributes
    ----------
    period : ndarray of float64, shape (n_periods,)
        Period effects, in the unit of the outcome.
    factors : ndarray of float64, shape (n_periods, n_factors)
        Orthonormal, each with mean 0, the one that moves the units most first.
    loadings : ndarray of float64, shape (n_controls, n_factors)
        Of the controls; the columns are orthogonal.
    coefficients : ndarray of float64, shape (n_covariates,)
        Coefficients of the covariates.
    residuals : ndarray of float64, shape (n_periods, n_controls)
        What the model leaves of the controls; 0 in cells that are missing.
    """

    period: np.ndarray
    factors: np.ndarray
    loadings: np.ndarray
    coefficients: np.ndarray
    residuals: np.ndarray


class FactorPath(NamedTuple):
    """The treated units' gaps for several numbers of factors.

    Attributes
    ----------
    gaps : ndarray of float64, shape (n_numbers, n_periods, n_treated)
        Outcome minus what the model expects without the programme, for each number of factors; the path ends before
        a number whose loadings the pre-periods do not determine.
    prediction_error : ndarray of float64, shape (n_numbers,)
        Mean square of the errors with which each pre-period of each treated unit is predicted from its other
        pre-periods.
    chosen : int
        Number of factors by :func:`choose_factors`.
    coefficients : ndarray of float64, shape (n_numbers, n_covariates)
        Coefficients of the covariates.
    weights : ndarray of float64, shape (n_numbers, n_controls, n_treated)
        Weight of each control in the counterfactual of each treated unit; they add up to 1 over the controls.
    """

    gaps: np.ndarray
    prediction_error: np.ndarray
    chosen: int
    coefficients: np.ndarray
    weights: np.ndarray


def control_model(
    controls: np.ndarray,
    n_factors: int,
    *,
    covariates: np.ndarray | None = None,
    missing: np.ndarray | None = None,
) -> ControlModel:
    r"""Fit unit and period effects, covariates and factors to the units never treated.

    Parameters
    ----------
    controls : ndarray of float64, shape (n_periods, n_controls)
        Outcomes of the units never treated.
    n_factors : int
        Fewer than periods and than controls.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_controls), optional
        Covariates that vary over units and periods.
    missing : ndarray of bool, shape (n_periods, n_controls), optional
        Cells without an outcome.

    Returns
    -------
    ControlModel

    Raises
    ------
    ValueError
        If there are as many factors as periods or controls, or effects are not determined.

    Notes
    -----
    Least squares of :math:`y_{it} = \alpha_i + \xi_t + x_{it}'\beta + \lambda_i'f_t + e_{it}`. Complete and
    without covariates, the factors are the leading eigenvectors of the doubly demeaned outcomes' Gram matrix.

    References
    ----------
    Xu Y (2017), Political Analysis 25:57-76. Bai J (2009), Econometrica 77:1229-1279.

    Examples
    --------
    >>> controls = np.outer([0.0, 1.0, 5.0], [1.0, 3.0, 2.0, 5.0])
    >>> model = control_model(controls, 1)
    >>> model.factors.shape, bool(np.abs(model.residuals).max() < 1e-9)
    ((3, 1), True)
    """
    n_periods, n_controls = controls.shape
    if n_factors >= min(n_periods, n_controls):
        raise ValueError(f"{n_factors} factors need more than {n_factors} periods and comparison units")
    fit = fit_low_rank(controls, keep_factors(n_factors), missing=missing, covariates=covariates)
    explained = 0.0 if covariates is None else np.tensordot(fit.coefficients, covariates, axes=1)
    common = two_way(fit.fitted - explained)
    factors = leading_factors(fit.low_rank @ fit.low_rank.T, n_factors)
    residuals = controls - fit.fitted
    if missing is not None:
        residuals[missing] = 0.0
    loadings = fit.low_rank.T @ factors
    return ControlModel(common.period, factors, loadings, fit.coefficients, residuals)


def most_factors(n_controls: int, n_periods: int, before: int, *, limit: int = 5) -> int:
    """Return how many factors can be tried: two pre-periods have to be left over, and two controls.

    Parameters
    ----------
    n_controls, n_periods : int
        Size of the comparison panel.
    before : int
        Smallest number of pre-periods that a treated unit has.
    limit : int, default 5
        Never more than this.

    Returns
    -------
    int
        At least 0.

    Examples
    --------
    >>> most_factors(38, 31, 19), most_factors(38, 31, 4)
    (5, 1)
    """
    return max(0, min(limit, before - 3, n_controls - 2, n_periods - 2))


def choose_factors(prediction_error: np.ndarray) -> int:
    """Return which number of factors to take: more only if they lower the prediction error by a hundredth.

    Parameters
    ----------
    prediction_error : ndarray of float64, shape (n_numbers,)
        For growing numbers of factors.

    Returns
    -------
    int
        Position of the chosen one.

    Examples
    --------
    >>> choose_factors(np.array([2.4, 1.7, 1.145, 1.140]))
    2
    """
    best = 0
    for number, error in enumerate(prediction_error):
        if error < prediction_error[best] * (1 - IMPROVEMENT):
            best = number
    return best


def factor_path(
    controls: np.ndarray,
    treated: np.ndarray,
    used: np.ndarray,
    *,
    numbers: Sequence[int],
    covariates: tuple[np.ndarray, np.ndarray] | None = None,
    missing: np.ndarray | None = None,
) -> FactorPath:
    r"""Estimate the treated units' gaps with each of several numbers of factors, and choose among them.

    Parameters
    ----------
    controls : ndarray of float64, shape (n_periods, n_controls)
        Outcomes of the units never treated.
    treated : ndarray of float64, shape (n_periods, n_treated)
        Outcomes of the treated units; not-a-number is allowed outside ``used``.
    used : ndarray of bool, shape (n_periods, n_treated)
        Pre-periods from which each treated unit's loadings are estimated.
    numbers : sequence of int
        Numbers of factors, ascending.
    covariates : tuple of two ndarrays, optional
        Covariates of the controls and of the treated, each of shape (n_covariates, n_periods, n_units).
    missing : ndarray of bool, shape (n_periods, n_controls), optional
        Cells of the controls without an outcome.

    Returns
    -------
    FactorPath

    Raises
    ------
    ValueError
        If a treated unit has fewer pre-periods than loadings, or factors are not determined.

    Notes
    -----
    A treated unit's level and loadings are regressed from its pre-periods on the controls' factors; the
    counterfactual is :math:`\alpha_i + \xi_t + x_{it}'\beta + \lambda_i'f_t`. The estimand is the effect on
    each treated unit in each period. The prediction error leaves out one pre-period at a time (Xu 2017,
    algorithm 1) through the regression's leverages, without refitting.

    References
    ----------
    Xu Y (2017), Political Analysis 25:57-76.

    Examples
    --------
    >>> common = np.array([0.0, 1.0, 5.0, 2.0, 3.0])
    >>> controls, treated = np.outer(common, [1.0, 3.0, 2.0, 5.0]), np.outer(common, [4.0]) + 7
    >>> treated[4] += 10
    >>> path = factor_path(controls, treated, np.arange(5)[:, None] < 4, numbers=[0, 1])
    >>> path.chosen, path.gaps[1, 4].round(6)
    (1, array([10.]))
    """
    gaps: list[np.ndarray] = []
    errors: list[float] = []
    coefficients, weights = [], []
    for number in numbers:
        own = None if covariates is None else covariates[0]
        model = control_model(controls, number, covariates=own, missing=missing)
        explained = 0.0 if covariates is None else np.tensordot(model.coefficients, covariates[1], axes=1)
        centred = treated - explained - model.period[:, None]
        try:
            gap, error, loadings = _gaps(centred, model.factors, used)
        except NotDeterminedError:
            if not gaps:
                raise
            break
        gaps.append(gap)
        errors.append(float(error))
        coefficients.append(model.coefficients)
        size = np.maximum((model.loadings**2).sum(axis=0), np.finfo(float).tiny)
        weights.append(1.0 / controls.shape[1] + (model.loadings / size) @ loadings.T)
    prediction_error = np.array(errors)
    chosen = numbers[choose_factors(prediction_error)]
    return FactorPath(np.array(gaps), prediction_error, chosen, np.array(coefficients), np.array(weights))


def _gaps(
    centred: np.ndarray, factors: np.ndarray, used: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Regress on a level and factors over the periods used; return gaps, mean squared left-out errors, loadings.

    Leading dimensions of all arguments are batches.
    """
    scale = factors.shape[-2] ** 0.5
    basis = np.concatenate([np.ones((*factors.shape[:-1], 1)), factors * scale], axis=-1)
    weight = used.astype(float)
    known = np.where(used, centred, 0.0)
    gram = np.einsum("...ta,...tk,...tb->...kab", basis, np.broadcast_to(weight, centred.shape), basis)
    right = np.einsum("...ta,...tk->...ka", basis, known)
    extremes = np.linalg.eigvalsh(gram)
    if (extremes[..., 0] <= _SINGULAR * extremes[..., -1]).any():
        raise NotDeterminedError(
            f"{basis.shape[-1]} loadings are not determined by the pre-periods that a treated unit has"
        )
    inverse = np.linalg.inv(gram)
    loadings = np.einsum("...kab,...kb->...ka", inverse, right)
    gap = centred - np.einsum("...ta,...ka->...tk", basis, loadings)
    leverage = np.einsum("...ta,...kab,...tb->...tk", basis, inverse, basis)
    with np.errstate(divide="ignore", invalid="ignore"):
        left_out = np.where(used, gap / np.where(leverage < 1 - _SINGULAR, 1 - leverage, 0.0), 0.0)
    left_out = np.where(np.isnan(left_out), np.inf, left_out)
    count = np.broadcast_to(weight, centred.shape).sum(axis=(-2, -1))
    return gap, (left_out**2).sum(axis=(-2, -1)) / count, loadings[..., 1:] * scale


def placebo_paths(
    controls: np.ndarray, groups: np.ndarray, used: np.ndarray, *, largest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let groups of controls play the treated ones, with the factors estimated afresh on the others.

    Parameters
    ----------
    controls : ndarray of float64, shape (n_periods, n_controls)
        Complete outcomes of the units never treated.
    groups : ndarray of int, shape (n_groups, n_members)
        Positions of the members of each group.
    used : ndarray of bool, shape (n_periods, n_members)
        Pre-periods of the members, as of the treated units in whose place they stand.
    largest : int
        Largest number of factors.

    Returns
    -------
    gaps : ndarray of float64, shape (n_numbers, n_groups, n_periods, n_members)
        As in :func:`factor_path`, for 0, 1, 2, ... factors.
    prediction_error : ndarray of float64, shape (n_numbers, n_groups)
        As there.
    squares : ndarray of float64, shape (n_numbers, n_groups, n_members)
        Sum of squared weights of the other controls in the counterfactual of each member.

    Raises
    ------
    ValueError
        If too few controls remain, or loadings are not determined.

    Notes
    -----
    Exact: a group is taken out of the shared Gram matrix by a downdate of its rank, so each costs one
    eigendecomposition of periods times periods.

    Examples
    --------
    >>> controls = np.random.default_rng(1).normal(size=(12, 8))
    >>> gaps, _, _ = placebo_paths(controls, np.array([[2]]), np.arange(12)[:, None] < 8, largest=1)
    >>> rest = np.delete(controls, 2, axis=1)
    >>> path = factor_path(rest, controls[:, [2]], np.arange(12)[:, None] < 8, numbers=[0, 1])
    >>> bool(np.allclose(gaps[:, 0], path.gaps))
    True
    """
    n_periods, n_controls = controls.shape
    size = groups.shape[1]
    rest = n_controls - size
    if largest >= min(n_periods, rest):
        raise ValueError(f"{largest} factors need more than {largest} periods and comparison units")
    level = controls - controls.mean(axis=0)
    gram, total = level @ level.T, level.sum(axis=1)
    gaps = np.empty((largest + 1, len(groups), n_periods, size))
    errors = np.empty((largest + 1, len(groups)))
    squares = np.empty((largest + 1, len(groups), size))
    for first in range(0, len(groups), _CHUNK):
        part = slice(first, first + _CHUNK)
        members = np.moveaxis(level[:, groups[part]], 0, 1)
        period = (total - members.sum(axis=2)) / rest
        remaining = gram - members @ members.swapaxes(1, 2) - rest * period[:, :, None] * period[:, None, :]
        factors = np.stack([leading_factors(each, largest) for each in remaining])
        centred = members - period[:, :, None]
        spread = np.maximum((factors * (remaining @ factors)).sum(axis=1), np.finfo(float).tiny)
        for number in range(largest + 1):
            found = _gaps(centred, factors[:, :, :number], used)
            gaps[number, part], errors[number, part] = found[:2]
            carried = (found[2] ** 2 / spread[:, None, :number]).sum(axis=-1)
            squares[number, part] = 1.0 / rest + carried
    return gaps, errors, squares
