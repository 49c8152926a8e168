"""Least-favourable critical values: the largest of several correlated normals when every inequality binds."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc, chdtri

from lean_impact.kernels.honest_moments import PLANE

__all__ = ["least_favourable"]

_ANGLES = 1_024
_DIRECTIONS = 1_024
_SEED = 20_230_513
_BISECTIONS = 30


def least_favourable(loadings: np.ndarray, size: float) -> np.ndarray:
    r"""Compute critical values of the largest combination when every inequality binds.

    Parameters
    ----------
    loadings : ndarray of float64, shape (n_cases, n_corners, n_normals)
        Combinations as functions of independent standard normals.
    size : float
        Probability of a larger value.

    Returns
    -------
    ndarray of float64, shape (n_cases,)

    Notes
    -----
    A standard normal vector is a direction times an independent length, so that
    :math:`P(\max > c) = E\,P(\chi_d > c / m(\text{direction}))` with m the largest combination in that
    direction. Two dimensions are integrated over the circle, without random error; more dimensions use
    directions drawn with a fixed seed.

    Examples
    --------
    >>> least_favourable(np.eye(2)[None, :1], 0.025).round(3).tolist()
    [1.96]
    """
    dimension = loadings.shape[2]
    directions = _directions(dimension)
    reach = (loadings @ directions.T).max(axis=1).clip(min=0.0)
    low, high = np.zeros(len(reach)), reach.max(axis=1) * np.sqrt(chdtri(dimension, size))
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        beyond = _longer(middle[:, None], reach, dimension).mean(axis=1)
        low, high = np.where(beyond > size, middle, low), np.where(beyond > size, high, middle)
    return np.asarray(high)


def _longer(value: np.ndarray, reach: np.ndarray, dimension: int) -> np.ndarray:
    """Return the probability that a normal vector of a given direction reaches a value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        length = np.where(reach > 0, (value / reach) ** 2, np.inf)
    if dimension == PLANE:
        return np.asarray(np.exp(-length / 2))
    return np.asarray(chdtrc(dimension, length))


def _directions(dimension: int) -> np.ndarray:
    if dimension == PLANE:
        angle = (np.arange(_ANGLES) + 0.5) * (2 * np.pi / _ANGLES)
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    normal = np.random.default_rng(_SEED).standard_normal((_DIRECTIONS // 2, dimension))
    unit = normal / np.sqrt((normal**2).sum(axis=1, keepdims=True))
    return np.concatenate([unit, -unit])
