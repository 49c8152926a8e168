"""Parametric bootstrap of generalised synthetic control that keeps serial correlation."""

from __future__ import annotations

import numpy as np

from lean_impact.kernels.interactive import control_model, factor_path, placebo_paths

__all__ = ["bootstrap_errors", "prediction_errors"]


def prediction_errors(
    controls: np.ndarray, used: np.ndarray, n_factors: int, *, covariates: np.ndarray | None = None
) -> np.ndarray:
    """Predict each control from the others as though it were treated, and return what is left.

    Parameters
    ----------
    controls : ndarray of float64, shape (n_periods, n_controls)
        Complete outcomes of the units never treated.
    used : ndarray of bool, shape (n_periods,)
        Pre-periods.
    n_factors : int
        Number of factors.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_controls), optional
        Covariates of the controls.

    Returns
    -------
    ndarray of float64, shape (n_periods, n_controls)
        Whole paths of prediction errors.

    Examples
    --------
    >>> controls = np.random.default_rng(1).normal(size=(12, 8))
    >>> prediction_errors(controls, np.arange(12) < 8, 1).shape
    (12, 8)
    """
    n_controls = controls.shape[1]
    if covariates is None:
        single = np.arange(n_controls)[:, None]
        gaps, _, _ = placebo_paths(controls, single, used[:, None], largest=n_factors)
        return gaps[n_factors, :, :, 0].T
    errors = np.empty_like(controls)
    for unit in range(n_controls):
        rest = np.arange(n_controls) != unit
        path = factor_path(
            controls[:, rest],
            controls[:, ~rest],
            used[:, None],
            numbers=[n_factors],
            covariates=(covariates[:, :, rest], covariates[:, :, ~rest]),
        )
        errors[:, unit] = path.gaps[0, :, 0]
    return errors


def bootstrap_errors(
    controls: np.ndarray,
    treated: np.ndarray,
    used: np.ndarray,
    n_factors: int,
    rng: np.random.Generator,
    *,
    draws: int,
    covariates: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    r"""Return what the gaps would be without any effect, over draws from the fitted model.

    Parameters
    ----------
    controls : ndarray of float64, shape (n_periods, n_controls)
        Complete outcomes of the units never treated.
    treated : ndarray of float64, shape (n_periods, n_treated)
        Outcomes of the treated units.
    used : ndarray of bool, shape (n_periods, n_treated)
        Pre-periods of each treated unit.
    n_factors : int
        Number of factors; every draw has the same.
    rng : numpy.random.Generator
        Draws paths.
    draws : int
        How many.
    covariates : tuple of two ndarrays, optional
        Of the controls and of the treated, as in :func:`factor_path`.

    Returns
    -------
    ndarray of float64, shape (draws, n_periods, n_treated)
        Gaps, in the unit of the outcome.

    Notes
    -----
    A draw gives each control its fitted values plus the whole residual path of some control, and each treated
    unit its counterfactual plus the whole path of prediction errors of some control that was predicted from
    the others. The model is fitted again. Whole paths keep serial correlation. It takes treated units to vary
    as the controls do.

    References
    ----------
    Xu Y (2017), Political Analysis 25:57-76, algorithm 2.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> controls, treated = rng.normal(size=(12, 8)), rng.normal(size=(12, 1))
    >>> bootstrap_errors(controls, treated, np.arange(12)[:, None] < 8, 1, rng, draws=5).shape
    (5, 12, 1)
    """
    own = None if covariates is None else covariates[0]
    model = control_model(controls, n_factors, covariates=own)
    expected = controls - model.residuals
    path = factor_path(controls, treated, used, numbers=[n_factors], covariates=covariates)
    counterfactual = treated - path.gaps[0]
    patterns, which = np.unique(used, axis=1, return_inverse=True)
    pools = [prediction_errors(controls, each, n_factors, covariates=own) for each in patterns.T]
    pool = np.stack([pools[number] for number in which.ravel()])
    n_controls, n_treated = controls.shape[1], treated.shape[1]
    gaps = np.empty((draws, *treated.shape))
    for draw in range(draws):
        of_controls = rng.integers(n_controls, size=n_controls)
        of_treated = rng.integers(n_controls, size=n_treated)
        errors = pool[np.arange(n_treated), :, of_treated].T
        again = factor_path(
            expected + model.residuals[:, of_controls],
            counterfactual + errors,
            used,
            numbers=[n_factors],
            covariates=covariates,
        )
        gaps[draw] = again.gaps[0]
    return gaps
