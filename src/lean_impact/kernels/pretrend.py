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
    "TrendBias",
    "detectable_slope",
    "individual_test",
    "joint_test",
    "passing_bias",
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


class TrendBias(NamedTuple):
    """Bias of the effect under a trend.

    Attributes
    ----------
    passing : float
        Probability that the test does not reject.
    plain : float
        Bias over all data sets, in the unit of the coefficients.
    conditional : float
        Bias among data sets that pass the test.
    error : float
        Monte-Carlo standard error of `conditional`; 0 where it is exact.
    """

    passing: float
    plain: float
    conditional: float
    error: float


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
    beta, sigma = _checked(coefficients, covariance, df)
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
    delta, sigma = _checked(trend, covariance, df)
    noncentrality = float(delta @ np.linalg.solve(sigma, delta))
    return 1.0 - _passing(len(delta), noncentrality, len(delta), alpha, df)


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
    line, sigma = _checked(times, covariance, df)
    unit = float(line @ np.linalg.solve(sigma, line))
    if unit == 0:
        raise ValueError("the times are all 0: there is no line to detect")
    size = len(line)

    def missing(root: float) -> float:
        return 1.0 - _passing(size, root**2, size, alpha, df) - power

    high = 1.0
    while missing(high) < 0:
        high *= 2.0
    return float(brentq(missing, 0.0, high, xtol=1e-12) / np.sqrt(unit))


def passing_bias(
    trend: np.ndarray,
    covariance: np.ndarray,
    *,
    n_pre: int,
    weights: np.ndarray,
    alpha: float = 0.05,
    df: float = np.inf,
) -> TrendBias:
    r"""Compute the bias of the effect under a trend, among data sets that pass the joint test.

    Parameters
    ----------
    trend : ndarray of float64, shape (n_pre + n_post,)
        Violation of parallel trends at every coefficient.
    covariance : ndarray of float64, shape (n_pre + n_post, n_pre + n_post)
        Of the coefficients.
    n_pre : int
        How many coefficients lie before the reference period.
    weights : ndarray of float64, shape (n_post,)
        The effect is this combination of the coefficients after the start.
    alpha : float
        Size of the test.
    df : float
        Degrees of freedom of the covariance.

    Returns
    -------
    TrendBias
        Exact.

    Notes
    -----
    The test accepts in an ellipsoid, where
    :math:`E[\hat\beta_{pre} \mid W \le c] = \delta_{pre}\, P(\chi^2_{k+2}(\nu) \le c) / P(\chi^2_k(\nu) \le c)`
    with non-centrality :math:`\nu = \delta_{pre}'\Sigma^{-1}\delta_{pre}`. The post-period coefficients follow by
    regression on the pre-period ones.

    References
    ----------
    Roth J (2022), American Economic Review: Insights 4:305-322.

    Examples
    --------
    >>> bias = passing_bias(np.array([-1.0, 1.0]), np.eye(2), n_pre=1, weights=np.ones(1))
    >>> bias.plain, bias.conditional, bias.error
    (1.0, 1.0, 0.0)
    """
    delta, sigma, l_vec = _checked_study(trend, covariance, n_pre, weights, df)
    pre = delta[:n_pre]
    noncentrality = float(pre @ np.linalg.solve(sigma[:n_pre, :n_pre], pre))
    passing = _passing(n_pre, noncentrality, n_pre, alpha, df)
    ratio = _passing(n_pre + 2, noncentrality, n_pre, alpha, df) / passing if passing > 0 else np.nan
    plain = float(l_vec @ delta[n_pre:])
    moved = _carried_over(sigma, n_pre, l_vec) @ pre * (ratio - 1.0)
    return TrendBias(passing, plain, plain + float(moved), 0.0)


def individual_test(
    trend: np.ndarray,
    covariance: np.ndarray,
    *,
    n_pre: int,
    weights: np.ndarray,
    rng: np.random.Generator,
    alpha: float = 0.05,
    draws: int = 20_000,
) -> TrendBias:
    r"""Do the same for the habit of looking at each coefficient's own interval.

    Parameters
    ----------
    trend, covariance, n_pre, weights, alpha
        As in :func:`passing_bias`.
    rng : Generator
        Source of randomness.
    draws : int
        Simulated data sets.

    Returns
    -------
    TrendBias
        `passing` is the share of draws without a significant coefficient before the start. Where no draw
        passes, `conditional` and `error` are not a number.

    Notes
    -----
    Data sets are drawn from :math:`N(\delta_{pre}, \Sigma_{pre})`; the mean of those that pass carries over to
    the post-period coefficients by regression. Normal critical values.

    References
    ----------
    Roth J (2022), American Economic Review: Insights 4:305-322.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> bias = individual_test(np.array([-1.0, 1.0]), np.eye(2) + 0.5, n_pre=1, weights=np.ones(1), rng=rng)
    >>> bias.plain, 0.8 < bias.passing < 0.9, bias.conditional > 1
    (1.0, True, True)
    """
    delta, sigma, l_vec = _checked_study(trend, covariance, n_pre, weights, np.inf)
    block = sigma[:n_pre, :n_pre]
    noise = rng.standard_normal((draws, n_pre)) @ np.linalg.cholesky(block).T
    limit = np.sqrt(chdtri(1, alpha) * np.diag(block))
    passes = (np.abs(delta[:n_pre] + noise) <= limit).all(axis=1)
    plain = float(l_vec @ delta[n_pre:])
    moved = noise[passes] @ _carried_over(sigma, n_pre, l_vec)
    if len(moved) < 2:  # noqa: PLR2004 - a spread needs two
        return TrendBias(float(passes.mean()), plain, float("nan"), float("nan"))
    error = float(moved.std(ddof=1) / np.sqrt(len(moved)))
    return TrendBias(float(passes.mean()), plain, plain + float(moved.mean()), error)


def _passing(shape: int, noncentrality: float, size: int, alpha: float, df: float) -> float:
    """Return P(chi2 with `shape` degrees <= critical value of the test on `size` coefficients)."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, not {alpha}")
    if np.isinf(df):
        return float(chndtr(chdtri(size, alpha), shape, noncentrality))
    critical = float(size * fdtri(size, df, 1 - alpha))
    return float(ncfdtr(shape, df, noncentrality, critical / shape))


def _carried_over(covariance: np.ndarray, n_pre: int, weights: np.ndarray) -> np.ndarray:
    """Return what a unit of each pre-period coefficient adds to the expected effect."""
    across = covariance[:n_pre, n_pre:] @ weights
    return np.asarray(np.linalg.solve(covariance[:n_pre, :n_pre], across))


def _checked(coefficients: np.ndarray, covariance: np.ndarray, df: float) -> tuple[np.ndarray, np.ndarray]:
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


def _checked_study(
    trend: np.ndarray, covariance: np.ndarray, n_pre: int, weights: np.ndarray, df: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    delta, sigma, l_vec = (np.asarray(item, dtype=float) for item in (trend, covariance, weights))
    n_post = delta.size - n_pre
    if n_pre < 1 or n_post < 1 or sigma.shape != (delta.size,) * 2 or l_vec.shape != (n_post,):
        raise ValueError(
            f"{delta.size} coefficients, {n_pre} of them before the start, do not fit {l_vec.size} weights "
            f"and a covariance of shape {sigma.shape}"
        )
    if not all(np.isfinite(item).all() for item in (delta, sigma, l_vec)):
        raise ValueError("trend, covariance and weights have to be finite")
    _checked(delta[:n_pre], sigma[:n_pre, :n_pre], df)
    return delta, sigma, l_vec
