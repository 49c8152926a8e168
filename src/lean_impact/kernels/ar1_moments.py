"""Generalised least squares with first-order autoregressive errors, from a few shared moments.

On a calendar with holes the inverse correlation matrix of AR(1) errors is a short sum of fixed matrices, with
weights that depend on the autocorrelation alone. So the cross-products are computed once, and every
autocorrelation of every series is then a matter of small matrices.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ar1Moments", "Gls", "ar1_moments", "gls_at", "gls_shared"]

Floats = NDArray[np.float64]


class Ar1Moments(NamedTuple):
    """Cross-products of a design and of series, a term for each fixed part of the inverse correlation.

    Attributes
    ----------
    gaps : ndarray of int64, shape (n_gaps,)
        Distinct distances between successive periods.
    counts : ndarray of int64, shape (n_gaps,)
        How often each occurs.
    xx : ndarray of float64, shape (n_terms, n_columns, n_columns)
        Cross-products of the design; ``n_terms = 1 + 3 n_gaps``.
    xy : ndarray of float64, shape (n_units, n_terms, n_columns)
        Cross-products of series and design.
    yy : ndarray of float64, shape (n_units, n_terms)
        Sums of squares and products of the series.
    """

    gaps: NDArray[np.int64]
    counts: NDArray[np.int64]
    xx: Floats
    xy: Floats
    yy: Floats


class Gls(NamedTuple):
    """Generalised least squares of each series at one autocorrelation, with derivatives in it.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (n_units, n_columns)
        Coefficients.
    inverse : ndarray of float64, shape (n_units, n_columns, n_columns) or (1, n_columns, n_columns)
        Inverse of ``X' R^-1 X``; one for all units where they share the autocorrelation.
    rss, rss_slope : ndarray of float64, shape (n_units,)
        Residual sum of squares weighted by ``R^-1``, and its derivative.
    log_r, log_r_slope : ndarray of float64, shape (n_units,) or (1,)
        ``log det R`` and its derivative.
    log_m, log_m_slope : ndarray of float64, shape (n_units,) or (1,)
        ``log det X' R^-1 X`` and its derivative.
    xx_slope : ndarray of float64, shape of ``inverse``
        Derivative of ``X' R^-1 X``.
    """

    coefficients: Floats
    inverse: Floats
    rss: Floats
    rss_slope: Floats
    log_r: Floats
    log_r_slope: Floats
    log_m: Floats
    log_m_slope: Floats
    xx_slope: Floats


def ar1_moments(y: Floats, x: Floats, time: NDArray[np.int64]) -> Ar1Moments:
    r"""Compute the moments that serve every autocorrelation.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Series without holes on this calendar.
    x : ndarray of float64, shape (n_periods, n_columns)
        Design; well scaled, best orthonormal.
    time : ndarray of int64, shape (n_periods,)
        Calendar indices, ascending.

    Returns
    -------
    Ar1Moments
        The moments.

    Notes
    -----
    With :math:`q = \phi^g` for two successive periods *g* apart, and stationary errors,

    .. math:: v' R^{-1} w = v_1 w_1 + \sum_i \frac{(v_i - q_i v_{i-1})(w_i - q_i w_{i-1})}{1 - q_i^2},

    whose terms are collected for each distinct *g*: products of the later, crossed, and of the earlier values.

    Examples
    --------
    >>> moments = ar1_moments(np.ones((4, 2)), np.ones((4, 1)), np.array([0, 1, 2, 5]))
    >>> moments.gaps.tolist(), moments.counts.tolist(), moments.yy[0].tolist()
    ([1, 3], [2, 1], [1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0])
    """
    steps = np.diff(time)
    gaps, counts = np.unique(steps, return_counts=True)
    xx, xy, yy = [np.outer(x[0], x[0])], [y[0][:, None] * x[0]], [y[0] ** 2]
    for gap in gaps:
        pick = np.flatnonzero(steps == gap)
        x0, x1, y0, y1 = x[pick], x[pick + 1], y[pick], y[pick + 1]
        crossed = x1.T @ x0
        xx += [x1.T @ x1, crossed + crossed.T, x0.T @ x0]
        xy += [y1.T @ x1, y1.T @ x0 + y0.T @ x1, y0.T @ x0]
        yy += [np.sum(y1**2, axis=0), 2 * np.sum(y0 * y1, axis=0), np.sum(y0**2, axis=0)]
    return Ar1Moments(gaps, counts, np.stack(xx), np.stack(xy, axis=1), np.stack(yy, axis=1))


def gls_at(moments: Ar1Moments, phi: Floats) -> Gls:
    """Fit each series at its own autocorrelation.

    Parameters
    ----------
    moments : Ar1Moments
        Of design and series.
    phi : ndarray of float64, shape (n_units,)
        Lag-1 autocorrelation of each series, between -1 and 1, both excluded.

    Returns
    -------
    Gls
        One fit for each series.

    Examples
    --------
    >>> moments = ar1_moments(np.array([[1.0], [2.0], [6.0]]), np.ones((3, 1)), np.arange(3))
    >>> gls_at(moments, np.zeros(1)).coefficients.tolist()
    [[3.0]]
    """
    weights, slopes = _weights(moments.gaps, phi)
    n_terms, size, _ = moments.xx.shape
    flat = moments.xx.reshape(n_terms, -1)
    xx, dxx = ((w @ flat).reshape(-1, size, size) for w in (weights, slopes))
    xy, dxy = (np.matmul(w[:, None, :], moments.xy)[:, 0] for w in (weights, slopes))
    yy, dyy = (np.sum(w * moments.yy, axis=1) for w in (weights, slopes))
    return _solve(moments, phi, (xx, xy, yy), (dxx, dxy, dyy))


def gls_shared(moments: Ar1Moments, phi: float) -> Gls:
    """Fit all series at one shared autocorrelation.

    Parameters
    ----------
    moments : Ar1Moments
        Of design and series.
    phi : float
        Lag-1 autocorrelation, between -1 and 1, both excluded.

    Returns
    -------
    Gls
        One fit for each series; ``inverse`` and the determinants are shared.

    Examples
    --------
    >>> moments = ar1_moments(np.array([[1.0], [2.0], [6.0]]), np.ones((3, 1)), np.arange(3))
    >>> gls_shared(moments, 0.0).rss.tolist()
    [14.0]
    """
    at = np.array([phi])
    weights, slopes = _weights(moments.gaps, at)
    sums = [
        (np.tensordot(w, moments.xx, axes=1), np.matmul(w, moments.xy)[:, 0], moments.yy @ w[0])
        for w in (weights, slopes)
    ]
    return _solve(moments, at, *sums)


def _weights(gaps: NDArray[np.int64], phi: Floats) -> tuple[Floats, Floats]:
    """Return the weight of each term and its derivative, both of shape (n_units, n_terms)."""
    q = phi[:, None] ** gaps
    dq = gaps * phi[:, None] ** (gaps - 1)
    rest = 1 - q**2
    weights = np.stack([1 / rest, -q / rest, q**2 / rest], axis=-1)
    slopes = np.stack([2 * q, -(1 + q**2), 2 * q], axis=-1) * (dq / rest**2)[..., None]
    first = np.ones((len(phi), 1))
    return (
        np.hstack([first, weights.reshape(len(phi), -1)]),
        np.hstack([0 * first, slopes.reshape(len(phi), -1)]),
    )


def _solve(
    moments: Ar1Moments,
    phi: Floats,
    sums: tuple[Floats, Floats, Floats],
    slopes: tuple[Floats, Floats, Floats],
) -> Gls:
    """Solve the normal equations and differentiate what the likelihood is made of."""
    (xx, xy, yy), (dxx, dxy, dyy) = sums, slopes
    inverse = np.asarray(np.linalg.inv(xx), dtype=np.float64)
    coefficients = np.matmul(inverse, xy[..., None])[..., 0]
    q = phi[:, None] ** moments.gaps
    dq = moments.gaps * phi[:, None] ** (moments.gaps - 1)
    bend = np.matmul(dxx, coefficients[..., None])[..., 0]
    return Gls(
        coefficients=coefficients,
        inverse=inverse,
        rss=yy - np.sum(coefficients * xy, axis=-1),
        rss_slope=dyy - np.sum(coefficients * (2 * dxy - bend), axis=-1),
        log_r=np.log1p(-(q**2)) @ moments.counts,
        log_r_slope=(-2 * q * dq / (1 - q**2)) @ moments.counts,
        log_m=np.linalg.slogdet(xx)[1],
        log_m_slope=np.sum(inverse * dxx, axis=(-2, -1)),
        xx_slope=dxx,
    )
