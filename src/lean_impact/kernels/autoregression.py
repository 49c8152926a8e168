"""First-order autoregression: simulate it, and estimate it on calendars with holes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["lag1_autocorrelation", "simulate_ar1"]

Floats = NDArray[np.float64]


def simulate_ar1(phi: Floats, *, n_periods: int, rng: np.random.Generator) -> Floats:
    r"""Simulate stationary Gaussian AR(1) series with mean 0 and variance 1.

    Parameters
    ----------
    phi : ndarray, shape (n_series,)
        Lag-1 autocorrelation of each series, between -1 and 1.
    n_periods : int
        Length of each series.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (n_series, n_periods)
        One series a row.

    Notes
    -----
    :math:`x_1 \sim N(0, 1)` and :math:`x_t = \phi x_{t-1} + \sqrt{1 - \phi^2}\,e_t`, so the first period is
    as variable as the last and no run-in is needed.

    Examples
    --------
    >>> simulate_ar1(np.array([0.0, 0.9]), n_periods=5, rng=np.random.default_rng(1)).shape
    (2, 5)
    """
    noise = rng.standard_normal((len(phi), n_periods))
    innovation = np.sqrt(1.0 - phi**2)
    series = np.empty_like(noise)
    series[:, 0] = noise[:, 0]
    for t in range(1, n_periods):
        series[:, t] = phi * series[:, t - 1] + innovation * noise[:, t]
    return series


def lag1_autocorrelation(residuals: Floats, *, adjacent: NDArray[np.bool_], floor: Floats) -> Floats:
    """Estimate the lag-1 autocorrelation of residuals that have mean 0, holes left out.

    Parameters
    ----------
    residuals : ndarray, shape (n_series, n_observed)
        Residuals at the observed periods.
    adjacent : boolean ndarray, shape (n_observed - 1,)
        Whether an observed period directly follows the one before it.
    floor : ndarray, shape (n_series,)
        Smallest sum of squares to divide by, for residuals that are nothing but rounding.

    Returns
    -------
    ndarray, shape (n_series,)
        The moment estimate, biased towards 0 as every such estimate is; the caller corrects it.

    Examples
    --------
    >>> x = np.array([[1.0, -1.0, 1.0, -1.0]])
    >>> lag1_autocorrelation(x, adjacent=np.ones(3, dtype=bool), floor=np.zeros(1))
    array([-1.])
    """
    n_pairs = int(adjacent.sum())
    if n_pairs == 0:
        return np.zeros(len(residuals))
    products = (residuals[:, 1:] * residuals[:, :-1])[:, adjacent].sum(axis=1)
    squares = np.maximum((residuals**2).sum(axis=1), floor)
    mean_square = squares / residuals.shape[1]
    estimate: Floats = products / n_pairs / np.where(mean_square > 0, mean_square, 1.0)
    return estimate
