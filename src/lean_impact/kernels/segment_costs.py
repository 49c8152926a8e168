"""What it costs to call a stretch of a series one segment, for every stretch at once.

Each function returns a matrix of shape (n_observed, n_observed + 1), or one for each autocorrelation asked about:
the entry in row ``s`` and column ``t`` is the cost of the segment that starts at ``s`` and ends before ``t``;
infinite where it is too short.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from lean_impact.kernels.ar1_noise import Whitener, whitener

__all__ = ["binomial_costs", "level_costs", "line_costs", "poisson_costs"]

Floats = NDArray[np.float64]


def level_costs(
    values: Floats, *, positions: NDArray[np.int64], phi: float | Floats, min_size: int
) -> Floats:
    r"""Cost of a steady level under AR(1) noise that starts afresh with each segment.

    Parameters
    ----------
    values : ndarray, shape (n_observed,)
        Figures; no NaN.
    positions : ndarray of int, shape (n_observed,)
        Their places on the calendar.
    phi : float or ndarray, shape (n_phi,)
        Lag-1 autocorrelation, or several.
    min_size : int
        Fewest figures in a segment.

    Returns
    -------
    ndarray, shape (n_observed, n_observed + 1) or (n_phi, n_observed, n_observed + 1)
        Generalised sum of squares about the best level.

    Notes
    -----
    :math:`\min_\mu (y - \mu)' V^{-1} (y - \mu)`, with :math:`V` the correlation matrix of the segment, gaps
    included. Cumulative sums give all segments in :math:`O(n^2)`.

    Examples
    --------
    >>> level_costs(np.array([0.0, 0.0, 3.0, 3.0]), positions=np.arange(4), phi=0.0, min_size=2)[0].tolist()
    [inf, inf, 0.0, 6.0, 9.0]
    """
    noise = _noise(phi, positions)
    ones = np.ones_like(values)
    centred = values - values.mean()
    rows = _sums(centred, ones, noise.apply(centred), noise.apply(ones))
    rows.y1 **= 2
    rows.y1 /= rows.ones
    rows.yy -= rows.y1
    return _finish(rows.yy, min_size)


def line_costs(values: Floats, *, positions: NDArray[np.int64], phi: float | Floats, min_size: int) -> Floats:
    """Cost of a straight line under AR(1) noise that starts afresh with each segment.

    Parameters
    ----------
    values, positions, phi, min_size
        As for :func:`level_costs`.

    Returns
    -------
    ndarray, shape (n_observed, n_observed + 1) or (n_phi, n_observed, n_observed + 1)
        Generalised sum of squares about the best line.

    Examples
    --------
    >>> values = np.array([0.0, 1.0, 2.0, 9.0, 8.0, 7.0])
    >>> costs = line_costs(values, positions=np.arange(6), phi=0.0, min_size=3)
    >>> float(costs[0, 3].round(9)), float(costs[3, 6].round(9))
    (0.0, 0.0)
    """
    noise = _noise(phi, positions)
    centred, ones = values - values.mean(), np.ones_like(values)
    time = (positions - positions.mean()) / max(float(np.ptp(positions)), 1.0)
    white = [noise.apply(part) for part in (centred, ones, time)]
    level = _sums(centred, ones, white[0], white[1])
    ramp = _sums(time, ones, white[2], white[1])
    both = _pair(centred, time, white[0], white[2])
    # Subtract the level from both, then regress what is left of the figures on what is left of time.
    y_y = level.yy - level.y1**2 / level.ones
    t_t = ramp.yy - ramp.y1**2 / level.ones
    y_t = both - level.y1 * ramp.y1 / level.ones
    slope = np.divide(y_t**2, t_t, out=np.zeros_like(y_y), where=t_t > 1e-12 * np.abs(ramp.yy) + 1e-300)
    return _finish(y_y - slope, max(min_size, 2))


def binomial_costs(numerators: Floats, denominators: Floats, *, min_size: int) -> Floats:
    r"""Cost of a steady share: deviance of a binomial segment, before any over-dispersion.

    Parameters
    ----------
    numerators, denominators : ndarray, shape (n_observed,)
        Counts; ``0 <= numerator <= denominator``, denominators positive.
    min_size : int
        Fewest figures in a segment.

    Returns
    -------
    ndarray, shape (n_observed, n_observed + 1)
        :math:`2\sum_t \{y_t \log(y_t / n_t \hat p) + (n_t - y_t) \log((n_t - y_t) / n_t (1 - \hat p))\}`.

    Examples
    --------
    >>> float(binomial_costs(np.array([1.0, 1.0]), np.array([4.0, 4.0]), min_size=1)[0, 2].round(9))
    0.0
    """
    events, others = _totals(numerators), _totals(denominators - numerators)
    whole = events + others
    saturated = _totals(
        np.asarray(
            xlogy(numerators, numerators / denominators)
            + xlogy(denominators - numerators, 1.0 - numerators / denominators),
            dtype="float64",
        )
    )
    safe = np.where(whole > 0, whole, 1.0)
    fitted = xlogy(events, events / safe) + xlogy(others, others / safe)
    return _finish(2.0 * (saturated - fitted), min_size)


def poisson_costs(counts: Floats, exposure: Floats, *, min_size: int) -> Floats:
    r"""Cost of a steady rate: deviance of a Poisson segment, before any over-dispersion.

    Parameters
    ----------
    counts : ndarray, shape (n_observed,)
        Events, not negative.
    exposure : ndarray, shape (n_observed,)
        Expected or possible events, positive.
    min_size : int
        Fewest figures in a segment.

    Returns
    -------
    ndarray, shape (n_observed, n_observed + 1)
        :math:`2\sum_t y_t \log(y_t / e_t \hat\lambda)`.

    Examples
    --------
    >>> float(poisson_costs(np.array([2.0, 4.0]), np.array([1.0, 2.0]), min_size=1)[0, 2].round(9))
    0.0
    """
    events, exposed = _totals(counts), _totals(exposure)
    saturated = _totals(np.asarray(xlogy(counts, counts / exposure), dtype="float64"))
    fitted = xlogy(events, events / np.where(exposed > 0, exposed, 1.0))
    return _finish(2.0 * (saturated - fitted), min_size)


def _noise(phi: float | Floats, positions: NDArray[np.int64]) -> Whitener:
    if isinstance(phi, float):
        return whitener(phi, positions)
    each = np.asarray(phi)[:, None]
    return whitener(each, np.broadcast_to(positions, (len(each), len(positions))))


class _Rows:
    """Inner products of each stretch: of the series with itself, with a constant, of the constant."""

    def __init__(self, yy: Floats, y1: Floats, ones: Floats) -> None:
        self.yy, self.y1 = yy, y1
        self.ones = np.where(ones > 0, ones, 1.0)


def _sums(series: Floats, ones: Floats, white: Floats, white_ones: Floats) -> _Rows:
    return _Rows(
        _pair(series, series, white, white),
        _pair(series, ones, white, white_ones),
        _pair(ones, ones, white_ones, white_ones),
    )


def _pair(left: Floats, right: Floats, white_left: Floats, white_right: Floats) -> Floats:
    """Inner product of two series within each stretch; the first figure of a stretch has no memory."""
    products = white_left * white_right
    after = np.zeros((*products.shape[:-1], products.shape[-1] + 1))
    np.cumsum(products, axis=-1, out=after[..., 1:])
    inside: Floats = after[..., None, :] + (left * right - after[..., 1:])[..., None]
    return inside


def _totals(series: Floats) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(series)])
    totals: Floats = sums[None, :] - sums[:-1, None]
    return np.maximum(totals, 0.0) if bool((series >= 0).all()) else totals


def _finish(costs: Floats, min_size: int) -> Floats:
    n = costs.shape[-2]
    np.maximum(costs, 0.0, out=costs)
    costs += np.where(np.arange(n + 1)[None, :] - np.arange(n)[:, None] < min_size, np.inf, 0.0)
    return costs
