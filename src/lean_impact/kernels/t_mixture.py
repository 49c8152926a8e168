"""Mixtures of location-scale t distributions: density, distribution function, quantiles.

A mixture is four arrays of one length: ``weights`` (positive, summing to 1), ``locations``, ``scales``
(positive) and ``dfs`` (degrees of freedom, infinite for a normal component).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln, logsumexp, ndtr, ndtri, stdtr, stdtrit

__all__ = [
    "mixture_cdf",
    "mixture_log_density",
    "mixture_quantile",
    "t_cdf",
    "t_log_density",
    "t_quantile",
    "thin_mixture",
]

_ROUNDING = float(np.finfo(float).eps)


def t_log_density(z: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Compute the log density of the standard t distribution.

    Parameters
    ----------
    z : ndarray of float64
        Standardised values.
    df : ndarray of float64
        Degrees of freedom, infinite for the normal; broadcast against ``z``.

    Returns
    -------
    ndarray of float64
        Log density.

    Examples
    --------
    >>> float(t_log_density(np.array(0.0), np.array(np.inf)).round(4))
    -0.9189
    """
    z, df = np.broadcast_arrays(np.asarray(z, float), np.asarray(df, float))
    normal = np.isinf(df)
    nu = np.where(normal, 1.0, df)
    student = (
        gammaln((nu + 1) / 2)
        - gammaln(nu / 2)
        - 0.5 * np.log(nu * np.pi)
        - (nu + 1) / 2 * np.log1p(z**2 / nu)
    )
    return np.where(normal, -0.5 * (z**2 + np.log(2 * np.pi)), student)


def t_cdf(z: np.ndarray, df: np.ndarray) -> np.ndarray:
    """Compute the distribution function of the standard t distribution.

    Parameters
    ----------
    z : ndarray of float64
        Standardised values.
    df : ndarray of float64
        Degrees of freedom, infinite for the normal; broadcast against ``z``.

    Returns
    -------
    ndarray of float64
        Probability at or below ``z``.

    Examples
    --------
    >>> t_cdf(np.array([0.0, 1.0]), np.array(1.0)).tolist()
    [0.5, 0.75]
    """
    z, df = np.broadcast_arrays(np.asarray(z, float), np.asarray(df, float))
    normal = np.isinf(df)
    return np.where(normal, ndtr(z), stdtr(np.where(normal, 1.0, df), z))


def t_quantile(probability: float, df: np.ndarray) -> np.ndarray:
    """Compute a quantile of the standard t distribution.

    Parameters
    ----------
    probability : float
        Between 0 and 1, both excluded.
    df : ndarray of float64
        Degrees of freedom, infinite for the normal.

    Returns
    -------
    ndarray of float64
        Quantile for each ``df``.

    Examples
    --------
    >>> float(t_quantile(0.975, np.array(3.0)).round(4))
    3.1824
    """
    df = np.asarray(df, float)
    normal = np.isinf(df)
    return np.where(normal, ndtri(probability), stdtrit(np.where(normal, 1.0, df), probability))


def mixture_cdf(
    x: np.ndarray, weights: np.ndarray, locations: np.ndarray, scales: np.ndarray, dfs: np.ndarray
) -> np.ndarray:
    """Compute the distribution function of a mixture.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
        Where to evaluate it.
    weights, locations, scales, dfs : ndarray of float64, shape (n_components,)
        The mixture.

    Returns
    -------
    ndarray of float64, shape (n,)
        Probability at or below each ``x``.

    Examples
    --------
    >>> two = np.array([0.5, 0.5]), np.array([-1.0, 1.0]), np.ones(2), np.full(2, np.inf)
    >>> mixture_cdf(np.array([0.0]), *two).tolist()
    [0.5]
    """
    return np.asarray(t_cdf((np.asarray(x, float)[..., None] - locations) / scales, dfs) @ weights)


def mixture_log_density(
    x: np.ndarray, weights: np.ndarray, locations: np.ndarray, scales: np.ndarray, dfs: np.ndarray
) -> np.ndarray:
    """Compute the log density of a mixture.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
        Where to evaluate it.
    weights, locations, scales, dfs : ndarray of float64, shape (n_components,)
        The mixture.

    Returns
    -------
    ndarray of float64, shape (n,)
        Log density, in 1 over the unit of ``x``.

    Examples
    --------
    >>> one = np.ones(1), np.zeros(1), np.ones(1), np.full(1, np.inf)
    >>> mixture_log_density(np.array([0.0]), *one).round(4).tolist()
    [-0.9189]
    """
    z = (np.asarray(x, float)[..., None] - locations) / scales
    return np.asarray(logsumexp(t_log_density(z, dfs) - np.log(scales), b=weights, axis=-1))


def mixture_quantile(
    probability: float, weights: np.ndarray, locations: np.ndarray, scales: np.ndarray, dfs: np.ndarray
) -> float:
    """Compute a quantile of a mixture.

    Parameters
    ----------
    probability : float
        Between 0 and 1, both excluded.
    weights, locations, scales, dfs : ndarray of float64, shape (n_components,)
        The mixture.

    Returns
    -------
    float
        The value with that probability at or below it.

    Notes
    -----
    A quantile of a mixture lies between the smallest and the largest of its components' quantiles; Brent's
    method finds it between these two, to rounding.

    Examples
    --------
    >>> two = np.array([0.5, 0.5]), np.array([-1.0, 1.0]), np.ones(2), np.full(2, np.inf)
    >>> abs(round(mixture_quantile(0.5, *two), 9))
    0.0
    """
    ends = locations + scales * t_quantile(probability, dfs)
    low, high = float(ends.min()), float(ends.max())

    def beyond(x: float) -> float:
        return float(mixture_cdf(np.array([x]), weights, locations, scales, dfs)[0] - probability)

    # One component, or others too light to move the quantile away from that of one.
    if beyond(low) >= 0:
        return low
    if beyond(high) <= 0:
        return high
    return float(brentq(beyond, low, high, xtol=_ROUNDING * (high - low), rtol=4 * _ROUNDING))


def thin_mixture(
    weights: np.ndarray, locations: np.ndarray, scales: np.ndarray, dfs: np.ndarray, *, most: int = 256
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Join neighbouring components of a mixture that has very many.

    Parameters
    ----------
    weights, locations, scales, dfs : ndarray of float64, shape (n_components,)
        The mixture.
    most : int, default 256
        Components that may stay; about as many remain.

    Returns
    -------
    tuple of ndarray
        A mixture with the same mean. Components of one ``df`` with neighbouring locations become one with
        ``scale^2 = mean of scale^2 + variance of the locations``, which is never narrower than they were.

    Examples
    --------
    >>> four = np.full(4, 0.25), np.array([0.0, 0.1, 1.0, 1.1]), np.ones(4), np.full(4, 3.0)
    >>> [part.round(3).tolist() for part in thin_mixture(*four, most=2)]
    [[0.5, 0.5], [0.05, 1.05], [1.001, 1.001], [3.0, 3.0]]
    """
    if len(weights) <= most:
        return weights, locations, scales, dfs
    order = np.lexsort((scales, locations, dfs))
    w, x, s, nu = (part[order] for part in (weights, locations, scales, dfs))
    # The middle of each component on the line of probability says which group it is in.
    bins = np.floor((np.cumsum(w) - w / 2) / w.sum() * most)
    starts = np.flatnonzero(np.append(True, (np.diff(bins) != 0) | (nu[1:] != nu[:-1])))
    total = np.add.reduceat(w, starts)
    centre = np.add.reduceat(w * x, starts) / total
    owner = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(w))))
    spread = np.add.reduceat(w * (s**2 + (x - centre[owner]) ** 2), starts) / total
    return total, centre, np.sqrt(spread), nu[starts]
