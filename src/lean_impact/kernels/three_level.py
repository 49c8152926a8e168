"""Several effects in each trust: a mean with variance between trusts and between effects within them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

__all__ = ["ThreeLevel", "cluster_robust_error", "three_level"]

_GRID: Final = 16
_STEPS: Final = 200
_CLOSE: Final = 1e-13
_HALVINGS: Final = 40


class ThreeLevel(NamedTuple):
    """A three-level mean.

    Attributes
    ----------
    mean, standard_error : float
        Mean true effect and its model-based standard error.
    between, within : float
        Variance of true effects between trusts, and between effects of one trust.
    log_likelihood : float
        Restricted, with its constant.
    precision : ndarray of float64, shape (n, n)
        Inverse covariance of the effects.
    """

    mean: float
    standard_error: float
    between: float
    within: float
    log_likelihood: float
    precision: np.ndarray


class _At(NamedTuple):
    height: float
    projection: np.ndarray
    precision: np.ndarray
    total: float


def three_level(y: np.ndarray, v: np.ndarray, cluster: np.ndarray) -> ThreeLevel:
    r"""Estimate a mean over effects that share trusts, by restricted maximum likelihood.

    Parameters
    ----------
    y, v : ndarray of float64, shape (n,)
        Effects, and their sampling variances above 0; sampling errors are independent.
    cluster : ndarray of int64, shape (n,)
        Trust of each effect; at least two trusts.

    Returns
    -------
    ThreeLevel

    Notes
    -----
    :math:`y_{ij} = \mu + b_j + w_{ij} + e_{ij}` with variances :math:`\sigma^2_b`, :math:`\sigma^2_w` and known
    :math:`v_{ij}`. The likelihood is looked at on a grid that holds 0 for each variance, then climbed by Fisher
    scoring with steps that are cut at 0 and halved until they climb.

    References
    ----------
    Konstantopoulos S (2011), Research Synthesis Methods 2:61-76.

    Examples
    --------
    >>> found = three_level(np.array([0.1, 0.3, 1.1, 0.9]), np.full(4, 0.02), np.array([0, 0, 1, 1]))
    >>> round(found.mean, 3), round(found.between, 3), round(found.within, 3)
    (0.6, 0.31, 0.0)
    """
    shared = (cluster[:, None] == cluster[None]).astype(float)
    own = np.eye(len(y))
    parts = (shared, own)
    spread = float(y.var()) or 1.0
    levels = spread * np.concatenate([[0.0], np.geomspace(1e-4, 10.0, _GRID)])
    sigma = max(
        (np.array([b, w]) for b in levels for w in levels), key=lambda s: _look(y, v, parts, s).height
    )
    sigma = _climb(y, v, parts, sigma)
    found = _look(y, v, parts, sigma)
    mean = float((found.precision @ y).sum() / found.total)
    return ThreeLevel(
        mean, found.total**-0.5, float(sigma[0]), float(sigma[1]), found.height, found.precision
    )


def _look(y: np.ndarray, v: np.ndarray, parts: tuple[np.ndarray, ...], sigma: np.ndarray) -> _At:
    covariance = np.diag(v) + sum(s * part for s, part in zip(sigma, parts, strict=True))
    precision = np.linalg.inv(covariance)
    sums = precision.sum(axis=1)
    total = float(sums.sum())
    projection = precision - np.outer(sums, sums) / total
    n = len(y)
    height = -0.5 * (
        (n - 1) * np.log(2 * np.pi)
        - np.log(n)
        + np.linalg.slogdet(covariance)[1]
        + np.log(total)
        + float(y @ projection @ y)
    )
    return _At(float(height), projection, precision, total)


def _climb(y: np.ndarray, v: np.ndarray, parts: tuple[np.ndarray, ...], sigma: np.ndarray) -> np.ndarray:
    for _ in range(_STEPS):
        here = _look(y, v, parts, sigma)
        turned = here.projection @ y
        moved = [here.projection @ part for part in parts]
        score = np.array(
            [0.5 * (turned @ part @ turned - np.trace(m)) for part, m in zip(parts, moved, strict=True)]
        )
        information = np.array([[0.5 * np.sum(a * b.T) for b in moved] for a in moved])
        free = (sigma > 0) | (score > 0)
        step = np.zeros(len(sigma))
        step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        for halving in range(_HALVINGS):
            trial = np.maximum(0.0, sigma + step * 0.5**halving)
            if _look(y, v, parts, trial).height >= here.height:
                break
        else:
            return sigma
        if np.abs(trial - sigma).max() <= _CLOSE * (1.0 + sigma.max()):
            return trial
        sigma = trial
    return sigma


def cluster_robust_error(y: np.ndarray, cluster: np.ndarray, *, fit: ThreeLevel) -> float:
    r"""Return the standard error of the mean from how whole trusts differ, whatever happens inside them.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        Effects.
    cluster : ndarray of int64, shape (n,)
        Trust of each effect.
    fit : ThreeLevel
        The mean and its weights.

    Returns
    -------
    float
        With the small-sample factor ``J / (J - 1)`` for J trusts (CR1).

    Examples
    --------
    >>> y, cluster = np.array([0.1, 0.3, 1.1, 0.9]), np.array([0, 0, 1, 1])
    >>> round(cluster_robust_error(y, cluster, fit=three_level(y, np.full(4, 0.02), cluster)), 3)
    0.4
    """
    pulls = fit.precision.sum(axis=0) * (y - fit.mean)
    labels = np.unique(cluster)
    by_cluster = np.array([pulls[cluster == label].sum() for label in labels])
    n = len(labels)
    return float(np.sqrt(n / (n - 1) * (by_cluster**2).sum()) / fit.precision.sum())
