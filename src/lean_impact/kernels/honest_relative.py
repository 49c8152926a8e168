r"""Sensitivity to violations of parallel trends of a bounded relative magnitude.

The conditional least-favourable hybrid test of Andrews, Roth and Pakes for the restriction of Rambachan and
Roth: each step of the violation after the start is at most :math:`\bar M` times the largest step before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import log_ndtr

from lean_impact.kernels.honest_critical import least_favourable
from lean_impact.kernels.honest_moments import Corners, EventStudy, corners, event_study
from lean_impact.kernels.honest_search import first_failure

__all__ = ["RobustInterval", "accepted", "relative_breakdown", "relative_interval"]

_GRID = 1_000
_HALF_WIDTH = 20.0
_WIDEST = 12
_ROUNDS = 3
_PARALLEL = 1e-9
_LARGEST = 1_000.0
_STEP = 0.05


class RobustInterval(NamedTuple):
    """Confidence set of the parameter, by inversion of the test.

    Attributes
    ----------
    lower, upper : float
        Ends, in the unit of the coefficients; infinite if the test rejects nothing however far away.
    connected : bool
        Whether all points of the grid between the ends were accepted. If not, the interval is the hull of the
        confidence set and so covers at least as often.
    """

    lower: float
    upper: float
    connected: bool


def relative_interval(
    coefficients: np.ndarray,
    covariance: np.ndarray,
    *,
    n_pre: int,
    weights: np.ndarray,
    m_bar: float,
    alpha: float = 0.05,
) -> RobustInterval:
    r"""Compute the robust confidence set under a bounded relative magnitude.

    Parameters
    ----------
    coefficients : ndarray of float64, shape (n_pre + n_post,)
        Event-study coefficients in the order of time, the reference period left out.
    covariance : ndarray of float64, shape (n_pre + n_post, n_pre + n_post)
        Their covariance; positive definite.
    n_pre : int
        How many of them lie before the reference period; at least 1.
    weights : ndarray of float64, shape (n_post,)
        The parameter is this combination of the effects after the start.
    m_bar : float
        Largest step of the violation after the start, as a multiple of the largest step before it.
    alpha : float
        One minus the coverage.

    Returns
    -------
    RobustInterval

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or the covariance is singular.

    Notes
    -----
    Normal approximation with known covariance. The test has a first stage of size :math:`\kappa = \alpha/10`
    against least-favourable critical values and a second, conditional stage of size
    :math:`(\alpha - \kappa)/(1 - \kappa)`. All 1,000 points of a grid of 20 standard errors to either side of
    the estimate (widened until both ends are rejected) are tested for every position and sign of the largest
    pre-period step; the set is the union. The ends are then located to a millionth of a grid step. With
    :math:`\bar M = 0` the set is that of the same test, which differs a little from the plain interval.

    References
    ----------
    Rambachan A, Roth J (2023), Review of Economic Studies 90:2555-2591. Andrews I, Roth J, Pakes A (2023),
    Review of Economic Studies 90:2763-2791.

    Examples
    --------
    >>> beta, sigma = np.array([0.1, -0.1, 3.0, 4.0]), 0.04 * np.eye(4)
    >>> first = np.array([1.0, 0.0])
    >>> low, high, connected = relative_interval(beta, sigma, n_pre=2, weights=first, m_bar=1.0)
    >>> round(low, 1), round(high, 1), connected
    (2.2, 3.8, True)
    """
    study = event_study(coefficients, covariance, n_pre=n_pre, weights=weights)
    test = _tester(study, m_bar, alpha)
    estimate, error = _estimate(study)
    return _invert(test, estimate, error)


def relative_breakdown(
    coefficients: np.ndarray,
    covariance: np.ndarray,
    *,
    n_pre: int,
    weights: np.ndarray,
    null: float = 0.0,
    alpha: float = 0.05,
) -> float:
    r"""Find the relative magnitude up to which a value of the parameter is excluded.

    Parameters
    ----------
    coefficients, covariance, n_pre, weights, alpha
        As in :func:`relative_interval`.
    null : float
        The value in question.

    Returns
    -------
    float
        The value is excluded for every smaller :math:`\bar M`. It is 0 if the value is not even excluded at
        :math:`\bar M = 0`, and infinite if it is excluded up to 1,000.

    Notes
    -----
    Scanned upwards in steps of 0.05 or a twentieth, whichever is larger, until the value is first accepted;
    that step is bisected.

    Examples
    --------
    >>> beta, sigma = np.array([0.1, -0.1, 3.0, 4.0]), 0.04 * np.eye(4)
    >>> round(relative_breakdown(beta, sigma, n_pre=2, weights=np.array([1.0, 0.0])), 1)
    4.4
    """
    study = event_study(coefficients, covariance, n_pre=n_pre, weights=weights)

    def excludes(m_bar: float) -> bool:
        return not bool(_tester(study, m_bar, alpha)(np.array([null]))[0])

    return first_failure(excludes, start=0.0, step=_STEP, largest=_LARGEST)


def accepted(points: Corners, theta: np.ndarray, critical: np.ndarray, size: float) -> np.ndarray:
    r"""Test values of the parameter and return which are kept by at least one case.

    Parameters
    ----------
    points : Corners
        Extreme combinations of the inequalities.
    theta : ndarray of float64, shape (n_values,)
        Values to test.
    critical : ndarray of float64, shape (n_cases,)
        Least-favourable critical values of the first stage.
    size : float
        Size of the second stage.

    Returns
    -------
    ndarray of bool, shape (n_values,)

    Notes
    -----
    The statistic is the largest combination. Given that this one is the largest and given what is independent
    of it, it is a truncated normal; the test rejects where it is positive and its upper tail under mean 0 is
    smaller than `size`. The upper truncation point is at most the first stage's critical value.

    Examples
    --------
    >>> study = event_study(np.array([0.0, 3.0, 3.0]), np.eye(3), n_pre=1, weights=np.array([1.0, 0.0]))
    >>> accepted(corners(study, 0.0), np.array([0.0, 2.0]), np.full(2, np.inf), 0.05).tolist()
    [False, True]
    """
    values = points.values[:, None, :] - theta[None, :, None] * points.slopes[:, None, :]
    best = values.argmax(axis=2)
    covariance = points.loadings @ np.swapaxes(points.loadings, 1, 2)
    case = np.arange(len(values))[:, None]
    largest = np.take_along_axis(values, best[..., None], axis=2)[..., 0]
    variance = covariance[case, best, best]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = covariance[case, :, best].reshape(values.shape) / variance[..., None]
        limits = (values - share * largest[..., None]) / (1.0 - share)
        # A combination that moves in step with the largest one limits nothing.
        floor = np.where(1.0 - share > _PARALLEL, limits, -np.inf).max(axis=2)
        ceiling = np.where(1.0 - share < -_PARALLEL, limits, np.inf).min(axis=2)
        ceiling = np.minimum(ceiling, critical[:, None])
        tail = _truncated_tail(np.sqrt(variance), floor, largest, ceiling)
    # A combination without variance is a plain statement: true or false.
    rejected = (largest > 0) & ((largest > critical[:, None]) | ~(variance > 0) | (tail < size))
    return np.asarray((~rejected).any(axis=0))


def _truncated_tail(
    error: np.ndarray, floor: np.ndarray, value: np.ndarray, ceiling: np.ndarray
) -> np.ndarray:
    """Return the upper tail at a value of a normal of mean 0 between two limits, to full accuracy far out."""
    lowest, here, highest = (log_ndtr(-limit / error) for limit in (floor, value, ceiling))
    width = -np.expm1(highest - lowest)
    tail = (np.exp(here - lowest) - np.exp(highest - lowest)) / width
    return np.where(width > 0, tail, 1.0)


def _tester(study: EventStudy, m_bar: float, alpha: float) -> Callable[[np.ndarray], np.ndarray]:
    """Prepare the hybrid test at one relative magnitude."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, not {alpha}")
    points = corners(study, m_bar)
    first = alpha / 10
    critical = least_favourable(points.loadings, first)
    size = (alpha - first) / (1 - first)
    return lambda theta: accepted(points, theta, critical, size)


def _estimate(study: EventStudy) -> tuple[float, float]:
    post, contrast = slice(study.n_pre, None), study.contrast
    variance = contrast @ study.covariance[post, post] @ contrast
    return float(contrast @ study.steps[post]), float(np.sqrt(variance))


def _invert(test: Callable[[np.ndarray], np.ndarray], estimate: float, error: float) -> RobustInterval:
    """Test a grid, widened until both ends are rejected, then locate the ends."""
    unit = np.linspace(-_HALF_WIDTH, _HALF_WIDTH, _GRID)
    grid, keep = estimate + error * unit, test(estimate + error * unit)
    for doubling in range(1, _WIDEST):
        if not keep[0] and not keep[-1]:
            break
        grid = estimate + error * unit * 2.0**doubling
        keep = test(grid)
    inside = np.flatnonzero(keep)
    if not len(inside):
        raise ValueError("the test rejects every value of the parameter on the grid around the estimate")
    first, last = inside[0], inside[-1]
    lower = -np.inf if first == 0 else _locate(test, grid[first - 1], grid[first])
    upper = np.inf if last == len(grid) - 1 else _locate(test, grid[last + 1], grid[last])
    return RobustInterval(float(lower), float(upper), bool(keep[first : last + 1].all()))


def _locate(test: Callable[[np.ndarray], np.ndarray], outside: float, inside: float) -> float:
    """Find the outermost accepted point between a rejected and an accepted one."""
    for _ in range(_ROUNDS):
        between = np.linspace(outside, inside, 102)
        at = int(test(between[1:]).argmax())
        outside, inside = between[at], between[at + 1]
    return inside
