"""Regress estimated effects on a design, with their standard errors and a spread between units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["EffectRegression", "regress_effects"]

_STEPS = 100
_TOLERANCE = 1e-13


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EffectRegression:
    """Many weighted regressions of the same effects, one for each design.

    Attributes
    ----------
    tau2 : ndarray of float64, shape (n_designs,)
        Variance of the true effects around the fitted ones, in squared units of the effects.
    coefficients : ndarray of float64, shape (n_designs, n_columns)
        Coefficients of the design's columns.
    covariance : ndarray of float64, shape (n_designs, n_columns, n_columns)
        Their covariance, not yet inflated for few units: use the t distribution with ``df``.
    df : int
        Residual degrees of freedom, units minus columns.
    """

    tau2: np.ndarray
    coefficients: np.ndarray
    covariance: np.ndarray
    df: int


def regress_effects(
    effects: np.ndarray, standard_errors: np.ndarray, *, designs: np.ndarray
) -> EffectRegression:
    """Fit the random-effects regression with the Paule-Mandel spread for each design.

    Parameters
    ----------
    effects, standard_errors : ndarray of float64, shape (n_units,)
        Estimated effects and their standard errors, all above 0.
    designs : ndarray of float64, shape (n_designs, n_units, n_columns)
        Designs of full column rank with more units than columns.

    Returns
    -------
    EffectRegression
        One fit for each design.

    Notes
    -----
    ``effect_i = x_i' beta + u_i + e_i`` with ``var(u) = tau2`` and ``var(e_i) = se_i^2``. Paule and Mandel
    choose ``tau2 >= 0`` so that the weighted residual sum of squares equals its degrees of freedom. That sum
    falls and is convex in ``tau2``, so Newton's method from 0 rises to the root without overshooting.
    With this choice the Knapp-Hartung factor is exactly 1 where ``tau2`` is above 0 and below 1 where it is
    0, so the covariance given here already is the Knapp-Hartung one floored at the plain one.

    References
    ----------
    Paule and Mandel (1982), Journal of Research of the National Bureau of Standards 87, 377-385.
    DerSimonian and Kacker (2007), Contemporary Clinical Trials 28, 105-114.

    Examples
    --------
    >>> fit = regress_effects(np.array([0.0, 1.0, 2.0]), np.full(3, 0.5), designs=np.ones((1, 3, 1)))
    >>> float(fit.coefficients[0, 0].round(9)), float(fit.tau2[0].round(9)), fit.df
    (1.0, 0.75, 2)
    """
    # In units of the typical standard error, so that one tolerance serves every measure.
    unit = float(np.sqrt(np.mean(standard_errors**2)))
    y, variances = effects / unit, (standard_errors / unit) ** 2
    df = designs.shape[1] - designs.shape[2]
    tau2 = np.zeros(len(designs))
    for _ in range(_STEPS):
        _, _, pulls = _weighted(y, variances, designs, tau2)
        excess = np.sum(pulls**2 * (variances + tau2[:, None]), axis=1) - df
        step = np.divide(excess, np.sum(pulls**2, axis=1), out=np.zeros_like(tau2), where=excess > 0)
        tau2 += step
        if (step <= _TOLERANCE * (1 + tau2)).all():
            break
    coefficients, covariance, _ = _weighted(y, variances, designs, tau2)
    return EffectRegression(
        tau2=tau2 * unit**2, coefficients=coefficients * unit, covariance=covariance * unit**2, df=df
    )


def _weighted(
    y: np.ndarray, variances: np.ndarray, designs: np.ndarray, tau2: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coefficients, their covariance, and the weighted residuals at a given spread."""
    weights = 1 / (variances + tau2[:, None])
    weighted = designs * weights[:, :, None]
    covariance = np.linalg.inv(np.swapaxes(weighted, 1, 2) @ designs)
    coefficients = (covariance @ (np.swapaxes(weighted, 1, 2) @ y)[:, :, None])[:, :, 0]
    residuals = y - (designs @ coefficients[:, :, None])[:, :, 0]
    return coefficients, covariance, weights * residuals
