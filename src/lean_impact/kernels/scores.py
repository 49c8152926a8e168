"""Proper scores of a predictive distribution: how far it was from what happened, and how sure it was.

All scores are negatively oriented: lower is better, and no forecaster can expect to gain by saying anything
but what they believe (Gneiting and Raftery 2007).
"""

from __future__ import annotations

import numpy as np
from scipy.special import beta, ndtr

from lean_impact.kernels.t_mixture import mixture_cdf, mixture_log_density, t_cdf, t_log_density

__all__ = ["crps_mixture", "crps_normal", "crps_t", "log_score_mixture", "log_score_normal", "log_score_t"]

_REACH = np.array([-30.0, -8.0, -3.0, -1.0, 0.0, 1.0, 3.0, 8.0, 30.0])
_MOST_BREAKS = 96
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(24)


def crps_normal(
    observed: np.ndarray | float, mean: np.ndarray | float, standard_deviation: np.ndarray | float
) -> np.ndarray:
    """Compute the continuous ranked probability score of a normal prediction.

    Parameters
    ----------
    observed : float or ndarray
        What happened.
    mean, standard_deviation : float or ndarray
        The prediction, in the unit of ``observed``.

    Returns
    -------
    ndarray of float64
        Score in the unit of ``observed``; 0 is a perfect and certain prediction.

    Notes
    -----
    With ``z`` the standardised observation, ``CRPS = sd (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi))``.

    References
    ----------
    Gneiting and Raftery (2007), Journal of the American Statistical Association 102, 359-378.

    Examples
    --------
    >>> float(crps_normal(0.0, 0.0, 1.0).round(4))
    0.2337
    """
    sd = np.asarray(standard_deviation, float)
    z = (np.asarray(observed, float) - mean) / sd
    density = np.exp(t_log_density(z, np.array(np.inf)))
    return np.asarray(sd * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi)))


def crps_t(
    observed: np.ndarray | float,
    location: np.ndarray | float,
    scale: np.ndarray | float,
    df: np.ndarray | float,
) -> np.ndarray:
    """Compute the continuous ranked probability score of a t prediction.

    Parameters
    ----------
    observed : float or ndarray
        What happened.
    location, scale : float or ndarray
        The prediction, in the unit of ``observed``.
    df : float or ndarray
        Degrees of freedom, infinite for the normal.

    Returns
    -------
    ndarray of float64
        Score in the unit of ``observed``; infinite where ``df`` is 1 or less, as such a prediction has no
        mean.

    References
    ----------
    Jordan, Krueger and Lerch (2019), Journal of Statistical Software 90(12), appendix A.

    Examples
    --------
    >>> float(crps_t(0.0, 0.0, 1.0, 3.0).round(4))
    0.2757
    """
    scale = np.asarray(scale, float)
    z, nu = np.broadcast_arrays((np.asarray(observed, float) - location) / scale, np.asarray(df, float))
    finite = np.isfinite(nu) & (nu > 1)
    safe = np.where(finite, nu, 2.0)
    density, below = np.exp(t_log_density(z, safe)), t_cdf(z, safe)
    # B(1/2, nu - 1/2) / B(1/2, nu/2)^2 carries the mean distance of two independent draws.
    spread = 2 * np.sqrt(safe) / (safe - 1) * beta(0.5, safe - 0.5) / beta(0.5, safe / 2) ** 2
    student = z * (2 * below - 1) + 2 * density * (safe + z**2) / (safe - 1) - spread
    return np.asarray(
        np.where(finite, scale * student, np.where(np.isinf(nu), crps_normal(z * scale, 0.0, scale), np.inf))
    )


def crps_mixture(
    observed: float, weights: np.ndarray, locations: np.ndarray, scales: np.ndarray, dfs: np.ndarray
) -> float:
    """Compute the continuous ranked probability score of a mixture of t or normal predictions.

    Parameters
    ----------
    observed : float
        What happened.
    weights, locations, scales, dfs : ndarray of float64, shape (n_components,)
        The mixture, in the unit of ``observed``; see :mod:`lean_impact.kernels.t_mixture`.

    Returns
    -------
    float
        Score in the unit of ``observed``; infinite if a component has 1 degree of freedom or less.

    Notes
    -----
    ``CRPS = integral of F^2 below the observation + integral of (1 - F)^2 above it``, by Gauss-Legendre
    panels whose breaks follow the components, with both tails mapped to a finite stretch. One component is
    scored in closed form.

    Examples
    --------
    >>> one = np.ones(1), np.zeros(1), np.ones(1), np.full(1, 3.0)
    >>> round(crps_mixture(0.0, *one), 4)
    0.2757
    """
    if (dfs <= 1).any():
        return float("inf")
    if len(weights) == 1:
        return float(crps_t(observed, locations[0], scales[0], dfs[0]))
    breaks = np.unique(np.append((locations[:, None] + scales[:, None] * _REACH).ravel(), observed))
    if len(breaks) > _MOST_BREAKS:
        kept = np.unique(np.linspace(0, len(breaks) - 1, _MOST_BREAKS).astype(int))
        breaks = np.unique(np.append(breaks[kept], observed))
    nodes, widths = _panels(breaks)
    below = mixture_cdf(nodes, weights, locations, scales, dfs)
    return float(np.sum(widths * np.where(nodes < observed, below, 1 - below) ** 2))


def _panels(breaks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lay nodes and weights over the whole line: panels between the breaks, a mapped tail at either end."""
    half = np.diff(breaks)[:, None] / 2
    inner = breaks[:-1, None] + half * (1 + _NODES)
    # Tail: distance = span * v / (1 - v) for v in (0, 1).
    v, span = (1 + _NODES) / 2, breaks[-1] - breaks[0]
    distance, width = span * v / (1 - v), span * _NODE_WEIGHTS / 2 / (1 - v) ** 2
    nodes = np.concatenate([breaks[0] - distance, inner.ravel(), breaks[-1] + distance])
    return nodes, np.concatenate([width, (half * _NODE_WEIGHTS).ravel(), width])


def log_score_normal(
    observed: np.ndarray | float, mean: np.ndarray | float, standard_deviation: np.ndarray | float
) -> np.ndarray:
    """Compute the logarithmic score, minus the log density, of a normal prediction.

    Parameters
    ----------
    observed : float or ndarray
        What happened.
    mean, standard_deviation : float or ndarray
        The prediction, in the unit of ``observed``.

    Returns
    -------
    ndarray of float64
        Score in nats; lower is better.

    Examples
    --------
    >>> float(log_score_normal(0.0, 0.0, 1.0).round(4))
    0.9189
    """
    return log_score_t(observed, mean, standard_deviation, np.inf)


def log_score_t(
    observed: np.ndarray | float,
    location: np.ndarray | float,
    scale: np.ndarray | float,
    df: np.ndarray | float,
) -> np.ndarray:
    """Compute the logarithmic score, minus the log density, of a t prediction.

    Parameters
    ----------
    observed : float or ndarray
        What happened.
    location, scale : float or ndarray
        The prediction, in the unit of ``observed``.
    df : float or ndarray
        Degrees of freedom, infinite for the normal.

    Returns
    -------
    ndarray of float64
        Score in nats; lower is better.

    Examples
    --------
    >>> float(log_score_t(0.0, 0.0, 1.0, 1.0).round(4))
    1.1447
    """
    scale = np.asarray(scale, float)
    z = (np.asarray(observed, float) - location) / scale
    return np.asarray(np.log(scale) - t_log_density(z, np.asarray(df, float)))


def log_score_mixture(
    observed: float, weights: np.ndarray, locations: np.ndarray, scales: np.ndarray, dfs: np.ndarray
) -> float:
    """Compute the logarithmic score, minus the log density, of a mixture.

    Parameters
    ----------
    observed : float
        What happened.
    weights, locations, scales, dfs : ndarray of float64, shape (n_components,)
        The mixture; see :mod:`lean_impact.kernels.t_mixture`.

    Returns
    -------
    float
        Score in nats; lower is better.

    Examples
    --------
    >>> one = np.ones(1), np.zeros(1), np.ones(1), np.full(1, 1.0)
    >>> round(log_score_mixture(0.0, *one), 4)
    1.1447
    """
    return -float(mixture_log_density(np.array([observed]), weights, locations, scales, dfs)[0])
