"""What passing a pre-trend test does to the bias of the effect."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import chdtri

from lean_impact.kernels.pretrend import checked_block, passing_probability

__all__ = ["TrendBias", "individual_test", "passing_bias"]


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
    passing = passing_probability(n_pre, noncentrality, n_pre, alpha, df)
    ratio = (
        passing_probability(n_pre + 2, noncentrality, n_pre, alpha, df) / passing if passing > 0 else np.nan
    )
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


def _carried_over(covariance: np.ndarray, n_pre: int, weights: np.ndarray) -> np.ndarray:
    """Return what a unit of each pre-period coefficient adds to the expected effect."""
    across = covariance[:n_pre, n_pre:] @ weights
    return np.asarray(np.linalg.solve(covariance[:n_pre, :n_pre], across))


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
    checked_block(delta[:n_pre], sigma[:n_pre, :n_pre], df)
    return delta, sigma, l_vec
