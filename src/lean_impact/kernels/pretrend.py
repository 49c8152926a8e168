r"""Test of the trend before the start, what it could have detected, and what passing it does to the estimate.

A test that finds nothing may have had no chance to find anything. Its power against a straight line says how
steep a line would have been noticed; the bias of the effect under that line says what may hide behind a
passed test. Passing is itself a selection: among data sets that pass, the estimate is biased differently.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri, chndtr, fdtrc, fdtri, ncfdtr

__all__ = [
    "JointTest",
    "checked_block",
    "detectable_slope",
    "joint_test",
    "passing_probability",
    "trend_power",
]

_SMALLEST_EIGENVALUE = 1e-12


class JointTest(NamedTuple):
    """Test that all coefficients before the start are 0.

    Attributes
    ----------
    statistic : float
        Wald statistic, or F if degrees of freedom are given.
    p_value : float
        Upper tail.
    numerator_df : int
        Number of coefficients.
    denominator_df : float
        Infinite for the Wald test.
    """

    statistic: float
    p_value: float
    numerator_df: int
    denominator_df: float


def joint_test(coefficients: np.ndarray, covariance: np.ndarray, *, df: float = np.inf) -> JointTest:
    r"""Test that all event-study coefficients before the start are 0.

    Parameters
    ----------
    coefficients : ndarray of float64, shape (n_pre,)
        Before the reference period.
    covariance : ndarray of float64, shape (n_pre, n_pre)
        Positive definite.
    df : float
        Degrees of freedom of the covariance; infinite for the normal approximation.

    Returns
    -------
    JointTest

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or the covariance is singular.

    Notes
    -----
    :math:`W = \hat\beta'\Sigma^{-1}\hat\beta` is compared with :math:`\chi^2_k`, or :math:`W/k` with
    :math:`F_{k, df}`.

    Examples
    --------
    >>> test = joint_test(np.array([1.0, -1.0]), np.eye(2))
    >>> test.statistic, round(test.p_value, 4), test.numerator_df
    (2.0, 0.3679, 2)
    """
    beta, sigma = checked_block(coefficients, covariance, df)
    size = len(beta)
    wald = float(beta @ np.linalg.solve(sigma, beta))
    if np.isinf(df):
        return JointTest(wald, float(chdtrc(size, wald)), size, float("inf"))
    return JointTest(wald / size, float(fdtrc(size, df, wald / size)), size, float(df))


def trend_power(
    trend: np.ndarray, covariance: np.ndarray, *, alpha: float = 0.05, df: float = np.inf
) -> float:
    r"""Compute the probability that the joint test detects a trend.

    Parameters
    ----------
    trend : ndarray of float64, shape (n_pre,)
        True coefficients before the reference period.
    covariance : ndarray of float64, shape (n_pre, n_pre)
        Positive definite.
    alpha : float
        Size of the test.
    df : float
        Degrees of freedom of the covariance.

    Returns
    -------
    float

    Notes
    -----
    Exact under normality: the statistic is non-central :math:`\chi^2` (or F) with non-centrality
    :math:`\delta'\Sigma^{-1}\delta`.

    References
    ----------
    Roth J (2022), American Economic Review: Insights 4:305-322.

    Examples
    --------
    >>> round(trend_power(np.zeros(3), np.eye(3)), 3), round(trend_power(np.array([2.8]), np.eye(1)), 2)
    (0.05, 0.8)
    """
    delta, sigma = checked_block(trend, covariance, df)
    noncentrality = float(delta @ np.linalg.solve(sigma, delta))
    return 1.0 - passing_probability(len(delta), noncentrality, len(delta), alpha, df)


def detectable_slope(
    times: np.ndarray,
    covariance: np.ndarray,
    *,
    power: float,
    alpha: float = 0.05,
    df: float = np.inf,
) -> float:
    """Find the slope of a straight trend that the joint test detects with a given probability.

    Parameters
    ----------
    times : ndarray of float64, shape (n_pre,)
        Of the coefficients before the reference period, relative to it; the trend is slope times time.
    covariance : ndarray of float64, shape (n_pre, n_pre)
        Positive definite.
    power : float
        Larger than `alpha`, smaller than 1.
    alpha : float
        Size of the test.
    df : float
        Degrees of freedom of the covariance.

    Returns
    -------
    float
        Positive; in the unit of the coefficients per unit of time.

    Examples
    --------
    >>> slope = detectable_slope(np.array([-2.0, -1.0]), np.eye(2), power=0.8)
    >>> round(slope, 2), round(trend_power(slope * np.array([-2.0, -1.0]), np.eye(2)), 6)
    (1.39, 0.8)
    """
    if not alpha < power < 1:
        raise ValueError(f"power lies between the size of the test, {alpha}, and 1, not at {power}")
    line, sigma = checked_block(times, covariance, df)
    unit = float(line @ np.linalg.solve(sigma, line))
    if unit == 0:
        raise ValueError("the times are all 0: there is no line to detect")
    size = len(line)

    def missing(root: float) -> float:
        return 1.0 - passing_probability(size, root**2, size, alpha, df) - power

    high = 1.0
    while missing(high) < 0:
        high *= 2.0
    return float(brentq(missing, 0.0, high, xtol=1e-12) / np.sqrt(unit))


def passing_probability(shape: int, noncentrality: float, size: int, alpha: float, df: float) -> float:
    r"""Compute the probability that a sum of squares stays below the critical value of the joint test.

    Parameters
    ----------
    shape : int
        Degrees of freedom of the sum of squares; those of the test itself, or two more for the mean of what passes.
    noncentrality : float
        Of the sum of squares.
    size : int
        Coefficients in the test.
    alpha : float
        Size of the test.
    df : float
        Degrees of freedom of the covariance.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `alpha` does not lie between 0 and 1.

    Examples
    --------
    >>> round(passing_probability(3, 0.0, 3, 0.05, np.inf), 6), round(passing_probability(3, 0.0, 3, 0.05, 9.0), 6)
    (0.95, 0.95)
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, not {alpha}")
    if np.isinf(df):
        return float(chndtr(chdtri(size, alpha), shape, noncentrality))
    critical = float(size * fdtri(size, df, 1 - alpha))
    return float(ncfdtr(shape, df, noncentrality, critical / shape))


def checked_block(
    coefficients: np.ndarray, covariance: np.ndarray, df: float
) -> tuple[np.ndarray, np.ndarray]:
    """Check the coefficients before the start and their covariance.

    Parameters
    ----------
    coefficients : ndarray of float64, shape (n_pre,)
        Any numbers.
    covariance : ndarray of float64, shape (n_pre, n_pre)
        Positive definite.
    df : float
        Degrees of freedom of the covariance.

    Returns
    -------
    tuple of ndarray of float64
        Both, as floats.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or the covariance is singular.

    Examples
    --------
    >>> checked_block(np.array([1]), np.array([[2]]), np.inf)[1].tolist()
    [[2.0]]
    """
    beta, sigma = np.asarray(coefficients, dtype=float), np.asarray(covariance, dtype=float)
    n = beta.size
    if beta.shape != (n,) or n < 1 or sigma.shape != (n, n):
        raise ValueError(f"{n} coefficients do not fit a covariance of shape {sigma.shape}")
    if not (np.isfinite(beta).all() and np.isfinite(sigma).all()):
        raise ValueError("coefficients and covariance have to be finite")
    if not df > 0:
        raise ValueError(f"degrees of freedom are positive, not {df}")
    scale = np.sqrt(np.diag(sigma).clip(min=0.0))
    if not (scale > 0).all() or np.linalg.eigvalsh(sigma / np.outer(scale, scale))[0] < _SMALLEST_EIGENVALUE:
        raise ValueError(
            f"the covariance of {n} coefficients before the start is singular: "
            "a joint test needs more independent units, or fewer periods"
        )
    return beta, sigma
