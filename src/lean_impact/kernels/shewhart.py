"""Control limits of counts, rates, proportions, gaps between events and subgroups, on plain arrays.

Each function takes one phase in order of time along the last axis, marks the points that the limits rest
on by ``basis``, and returns the centre line and the standard error of each point. A point whose value
cannot be formed, because it is missing or its denominator is zero, is NaN and has no limits.

References
----------
Montgomery, D. C. (2013). *Introduction to Statistical Quality Control*, 7th edition. Wiley.

Laney, D. B. (2002). Improved control charts for attributes. *Quality Engineering* 14(4), 531-537.

Benneyan, J. C. (2001). Number-between g-type statistical quality control charts for monitoring adverse
events. *Health Care Management Science* 4, 305-318.

Nelson, L. S. (1994). A control chart for parts-per-million nonconforming items. *Journal of Quality
Technology* 26(3), 239-240.
"""

from __future__ import annotations

from math import lgamma
from typing import Final, NamedTuple

import numpy as np

from lean_impact.kernels.xmr import SCREEN_FACTOR

__all__ = [
    "MEAN_RANGE",
    "T_POWER",
    "Spread",
    "counts",
    "gaps",
    "individuals",
    "individuals_prime",
    "moving_ranges",
    "proportions",
    "rates",
    "ratio",
    "sigma_z",
    "subgroup_means",
    "subgroup_spreads",
    "times",
]

MEAN_RANGE: Final = 1.128
"""Mean range of two standard normal values, as tables print it."""

T_POWER: Final = 1 / 3.6
"""Power that makes exponential times nearly symmetric (Nelson 1994)."""


class Spread(NamedTuple):
    """Centre and standard error of one phase.

    Attributes
    ----------
    values : ndarray of float64, shape (..., n_points)
        What is plotted, or its transform for times.
    centre : ndarray of float64, shape (..., 1)
        Centre from which the limits are counted.
    sigma : ndarray of float64, shape (..., n_points)
        Standard error of each point; limits lie at three of them.
    """

    values: np.ndarray
    centre: np.ndarray
    sigma: np.ndarray


def ratio(numerators: np.ndarray, denominators: np.ndarray) -> np.ndarray:
    """Divide, with NaN where there is nothing to divide by.

    Parameters
    ----------
    numerators, denominators : ndarray of float64, shape (..., n_points)
        Counts, and what they are counted in; NaN where missing.

    Returns
    -------
    ndarray of float64, shape (..., n_points)
        Ratio, NaN where the denominator is zero or one of the two is missing.

    Examples
    --------
    >>> ratio(np.array([1.0, 0.0]), np.array([4.0, 0.0])).tolist()
    [0.25, nan]
    """
    usable = np.isfinite(denominators) & (denominators > 0)
    return np.asarray(np.where(usable, numerators / np.where(usable, denominators, 1.0), np.nan))


def individuals(values: np.ndarray, basis: np.ndarray, *, screen: bool = True) -> Spread:
    """Return mean and moving-range sigma of single figures, with 1.128 and not 2.66.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_points)
        One phase, NaN where missing.
    basis : ndarray of bool, broadcastable to values
        Points that the limits rest on.
    screen : bool
        Leave out large moving ranges once.

    Returns
    -------
    Spread
        Sigma is the mean moving range over 1.128.
    """
    used = np.where(basis, values, np.nan)
    sigma = _mean_range(np.abs(np.diff(used, axis=-1)), screen=screen) / MEAN_RANGE
    return _spread(values, _mean(used), sigma)


def moving_ranges(values: np.ndarray, basis: np.ndarray) -> Spread:
    """Return the moving ranges themselves, whose upper limit is 3.267 times their mean.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_points)
        One phase, NaN where missing.
    basis : ndarray of bool, broadcastable to values
        Points that the limits rest on.

    Returns
    -------
    Spread
        The first range of a phase is NaN.
    """
    ranges = np.abs(np.diff(values, axis=-1, prepend=np.nan))
    centre = _mean(np.where(basis, ranges, np.nan))
    return _spread(ranges, centre, (SCREEN_FACTOR - 1) / 3 * centre)


def proportions(
    numerators: np.ndarray,
    denominators: np.ndarray,
    basis: np.ndarray,
    *,
    prime: bool = False,
    screen: bool = True,
) -> Spread:
    """Return the overall proportion and each period's binomial standard error.

    Parameters
    ----------
    numerators, denominators : ndarray of float64, shape (..., n_points)
        Events, and cases among which they are counted.
    basis : ndarray of bool, broadcastable to numerators
        Points that the limits rest on.
    prime : bool
        Widen by the variation beyond binomial, see :func:`sigma_z` (Laney's p').
    screen : bool
        Leave out large moving ranges of the z-scores once.

    Returns
    -------
    Spread
        Sigma is sqrt(p (1 - p) / n).
    """
    values, centre = _overall(numerators, denominators, basis)
    sigma = np.sqrt(ratio(centre * (1 - centre), denominators))
    return (
        _prime(Spread(values, centre, sigma), basis, screen=screen)
        if prime
        else Spread(values, centre, sigma)
    )


def rates(
    numerators: np.ndarray,
    denominators: np.ndarray,
    basis: np.ndarray,
    *,
    prime: bool = False,
    screen: bool = True,
) -> Spread:
    """Return the overall rate and each period's Poisson standard error.

    Parameters
    ----------
    numerators, denominators : ndarray of float64, shape (..., n_points)
        Events, and the exposure in which they are counted.
    basis : ndarray of bool, broadcastable to numerators
        Points that the limits rest on.
    prime : bool
        Widen by the variation beyond Poisson, see :func:`sigma_z` (Laney's u').
    screen : bool
        Leave out large moving ranges of the z-scores once.

    Returns
    -------
    Spread
        Sigma is sqrt(u / n).
    """
    values, centre = _overall(numerators, denominators, basis)
    found = Spread(values, centre, np.sqrt(ratio(centre, denominators)))
    return _prime(found, basis, screen=screen) if prime else found


def individuals_prime(
    numerators: np.ndarray, denominators: np.ndarray, basis: np.ndarray, *, screen: bool = True
) -> Spread:
    """Return the overall ratio and moving-range sigma that allows for unequal denominators (I').

    Parameters
    ----------
    numerators, denominators : ndarray of float64, shape (..., n_points)
        Sums, and the size that each rests on.
    basis : ndarray of bool, broadcastable to numerators
        Points that the limits rest on.
    screen : bool
        Leave out large ranges once.

    Returns
    -------
    Spread
        Sigma is s / sqrt(n), s the mean of sqrt(pi / 2) |y_i - y_(i-1)| / sqrt(1 / n_i + 1 / n_(i-1)).
    """
    values, centre = _overall(numerators, denominators, basis)
    used = np.where(basis, values, np.nan)
    inverse = ratio(np.ones_like(denominators), denominators)
    each = np.sqrt(np.pi / 2) * np.abs(np.diff(used, axis=-1)) / np.sqrt(inverse[..., 1:] + inverse[..., :-1])
    return Spread(values, centre, _mean_range(each, screen=screen) * np.sqrt(inverse))


def counts(values: np.ndarray, basis: np.ndarray) -> Spread:
    """Return the mean count and its Poisson standard deviation.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_points)
        Events in each period, over equal exposure.
    basis : ndarray of bool, broadcastable to values
        Points that the limits rest on.

    Returns
    -------
    Spread
        Sigma is sqrt(c).
    """
    centre = _mean(np.where(basis, values, np.nan))
    return _spread(values, centre, np.sqrt(centre))


def gaps(values: np.ndarray, basis: np.ndarray) -> Spread:
    """Return the mean number of cases between events and its geometric standard deviation.

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_points)
        Cases between one event and the next, from 0.
    basis : ndarray of bool, broadcastable to values
        Points that the limits rest on.

    Returns
    -------
    Spread
        Sigma is sqrt(g (g + 1)) with g the mean. The line to draw is the median, as half of the points
        should lie on either side of it and the distribution is skewed.
    """
    centre = _mean(np.where(basis, values, np.nan))
    return _spread(values, centre, np.sqrt(centre * (centre + 1)))


def times(values: np.ndarray, basis: np.ndarray, *, screen: bool = True) -> Spread:
    """Return centre and sigma of the times between events, on the scale y^(1 / 3.6).

    Parameters
    ----------
    values : ndarray of float64, shape (..., n_points)
        Times between one event and the next, above 0.
    basis : ndarray of bool, broadcastable to values
        Points that the limits rest on.
    screen : bool
        Leave out large moving ranges once.

    Returns
    -------
    Spread
        On the transformed scale; the power 3.6 brings values and lines back.
    """
    return individuals(values**T_POWER, basis, screen=screen)


def subgroup_means(means: np.ndarray, deviations: np.ndarray, sizes: np.ndarray, basis: np.ndarray) -> Spread:
    """Return the overall mean and the standard error of subgroup means (x-bar chart).

    Parameters
    ----------
    means, deviations : ndarray of float64, shape (..., n_subgroups)
        Mean and standard deviation (n - 1) of each subgroup.
    sizes : ndarray of float64, shape (n_subgroups,)
        Number of values in each, at least 2.
    basis : ndarray of bool, broadcastable to means
        Subgroups that the limits rest on.

    Returns
    -------
    Spread
        Sigma is the pooled standard deviation over c4 sqrt(n).
    """
    weight = np.where(basis & np.isfinite(means), sizes, 0.0)
    centre = _ratio_of_sums(weight * np.nan_to_num(means), weight)
    degrees = np.where(basis & np.isfinite(deviations), sizes - 1, 0.0)
    pooled = np.sqrt(_ratio_of_sums(degrees * np.nan_to_num(deviations) ** 2, degrees))
    return Spread(means, centre, pooled / (_c4(sizes) * np.sqrt(sizes)))


def subgroup_spreads(deviations: np.ndarray, sizes: np.ndarray, basis: np.ndarray) -> Spread:
    """Return the mean standard deviation of subgroups and its standard error (s chart).

    Parameters
    ----------
    deviations : ndarray of float64, shape (..., n_subgroups)
        Standard deviation (n - 1) of each subgroup.
    sizes : ndarray of float64, shape (n_subgroups,)
        Number of values in each, at least 2.
    basis : ndarray of bool, broadcastable to deviations
        Subgroups that the limits rest on.

    Returns
    -------
    Spread
        Sigma is s sqrt(1 - c4^2) / c4, s the mean weighted by size.
    """
    weight = np.where(basis & np.isfinite(deviations), sizes, 0.0)
    centre = _ratio_of_sums(weight * np.nan_to_num(deviations), weight)
    c4 = _c4(sizes)
    return Spread(deviations, centre, centre * np.sqrt(1 - c4**2) / c4)


def sigma_z(spread: Spread, basis: np.ndarray, *, screen: bool = True) -> np.ndarray:
    """Return how many times larger the period-to-period variation is than the standard error says.

    Parameters
    ----------
    spread : Spread
        Values, centre and standard errors of one phase.
    basis : ndarray of bool, broadcastable to the values
        Points that count.
    screen : bool
        Leave out large moving ranges once.

    Returns
    -------
    ndarray of float64, shape (..., 1)
        Mean moving range of z over 1.128; about 1 if there is no variation beyond sampling, and it may fall
        below. NaN without ranges.
    """
    z = ratio(spread.values - spread.centre, spread.sigma)
    return _mean_range(np.abs(np.diff(np.where(basis, z, np.nan), axis=-1)), screen=screen) / MEAN_RANGE


def _prime(spread: Spread, basis: np.ndarray, *, screen: bool) -> Spread:
    wider = spread.sigma * sigma_z(spread, basis, screen=screen)
    # A standard error of zero (all events or none) has no z-score; there is nothing to widen.
    return spread._replace(sigma=np.where(spread.sigma == 0, 0.0, wider))


def _overall(
    numerators: np.ndarray, denominators: np.ndarray, basis: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    values = ratio(numerators, denominators)
    counted = basis & np.isfinite(values)
    centre = _ratio_of_sums(np.where(counted, numerators, 0.0), np.where(counted, denominators, 0.0))
    return values, centre


def _ratio_of_sums(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return ratio(above.sum(axis=-1, keepdims=True), below.sum(axis=-1, keepdims=True))


def _mean(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    return _ratio_of_sums(np.where(known, values, 0.0), known.astype(np.float64))


def _mean_range(ranges: np.ndarray, *, screen: bool) -> np.ndarray:
    mean = _mean(ranges)
    if not screen:
        return mean
    # Ranges that are all zero are not screened: none stands out, and there would be nothing left.
    kept = np.where((ranges < SCREEN_FACTOR * mean) | (mean == 0), ranges, np.nan)
    return _mean(kept)


def _spread(values: np.ndarray, centre: np.ndarray, sigma: np.ndarray) -> Spread:
    return Spread(values, centre, np.broadcast_to(sigma, values.shape))


def _c4(sizes: np.ndarray) -> np.ndarray:
    """Return the mean of the standard deviation of normal samples over its true value."""
    flat = [
        np.sqrt(2 / (n - 1)) * np.exp(lgamma(n / 2) - lgamma((n - 1) / 2)) if n > 1 else np.nan
        for n in np.ravel(sizes)
    ]
    return np.array(flat).reshape(np.shape(sizes))
