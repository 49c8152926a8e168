r"""Sensitivity to violations of parallel trends that are close to linear.

The restriction of Rambachan and Roth says that the slope of the violation changes by at most M from one
period to the next. Among estimators that are linear in the event-study coefficients, the one with the
shortest interval of fixed length trades its largest possible bias against its variance. The bias is M times
a sum of absolute values, the variance a quadratic form, so that the best compromises are the path of a lasso,
which is piecewise linear and is followed from corner to corner without a solver.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from lean_impact.kernels.honest_moments import event_study
from lean_impact.kernels.honest_search import first_failure
from lean_impact.kernels.lasso import lasso_path

__all__ = [
    "FixedLengthInterval",
    "folded_normal_quantile",
    "smooth_breakdown",
    "smooth_interval",
]

_NEWTON_STEPS = 60
_SLICES = 32
_ROUNDS = 6
_LARGEST = 1_000.0


class FixedLengthInterval(NamedTuple):
    """The shortest interval of fixed length.

    Attributes
    ----------
    lower, upper : float
        Ends, in the unit of the coefficients.
    estimate : float
        Its middle: the event-study estimate corrected by an extrapolation of the steps before the start.
    standard_error : float
        Of that estimate.
    bias : float
        Its largest bias under the restriction.
    weights : ndarray of float64, shape (n_pre + n_post,)
        Weights of the coefficients in that estimate.
    """

    lower: float
    upper: float
    estimate: float
    standard_error: float
    bias: float
    weights: np.ndarray


class _Problem(NamedTuple):
    """Bias and variance as functions of the free kinks before the start."""

    start: np.ndarray
    directions: np.ndarray
    covariance: np.ndarray
    fixed_bias: float


def folded_normal_quantile(probability: float, shift: np.ndarray | float) -> np.ndarray:
    r"""Compute quantiles of the absolute value of a normal of variance 1.

    Parameters
    ----------
    probability : float
        More than a half and less than 1.
    shift : ndarray of float64
        Absolute mean of the normal.

    Returns
    -------
    ndarray of float64
        c with :math:`P(|N(b, 1)| \le c)` equal to the probability.

    Notes
    -----
    Newton's method from the quantile of one side, which lies below; the function is concave there, so that
    the steps only grow towards the solution.

    Examples
    --------
    >>> folded_normal_quantile(0.95, np.array([0.0, 10.0])).round(3).tolist()
    [1.96, 11.645]
    """
    b = np.abs(np.asarray(shift, dtype=float))
    c = b + ndtri(probability)
    for _ in range(_NEWTON_STEPS):
        gap = probability - (ndtr(c - b) - ndtr(-c - b))
        density = (np.exp(-((c - b) ** 2) / 2) + np.exp(-((c + b) ** 2) / 2)) / np.sqrt(2 * np.pi)
        c = c + gap / density
        if np.all(np.abs(gap) < 1e-13):  # noqa: PLR2004 - rounding of a probability
            break
    return np.asarray(c)


def smooth_interval(
    coefficients: np.ndarray,
    covariance: np.ndarray,
    *,
    n_pre: int,
    weights: np.ndarray,
    m: float,
    alpha: float = 0.05,
) -> FixedLengthInterval:
    r"""Compute the shortest interval of fixed length under a bounded change of slope.

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
    m : float
        Largest change of slope from one period to the next, in the unit of the coefficients.
    alpha : float
        One minus the coverage; less than a half.

    Returns
    -------
    FixedLengthInterval

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or the covariance is singular.

    Notes
    -----
    The half-length is :math:`s\,q(b/s)`, with s the standard error, b the largest bias and q the quantile of
    :math:`|N(b/s, 1)|`. It is convex in s and b jointly, so along the path it has one minimum. With M = 0 the
    estimate is the best linear extrapolation. Normal approximation with known covariance.

    References
    ----------
    Rambachan A, Roth J (2023), Review of Economic Studies 90:2555-2591. Armstrong TB, Kolesár M (2018),
    Econometrica 86:655-683.

    Examples
    --------
    >>> beta, sigma = np.array([-2.0, -1.0, 1.0, 2.0]), 0.04 * np.eye(4)
    >>> flat = smooth_interval(beta, sigma, n_pre=2, weights=np.array([1.0, 0.0]), m=0.0)
    >>> round(flat.estimate, 9), flat.bias
    (0.0, 0.0)
    """
    problem, path = _prepare(coefficients, covariance, n_pre, weights, alpha)
    if not (np.isfinite(m) and m >= 0):
        raise ValueError(f"a bound on the change of slope is a number from 0 up, not {m}")
    return _shortest(np.asarray(coefficients, float), problem, path, m, alpha)


def smooth_breakdown(
    coefficients: np.ndarray,
    covariance: np.ndarray,
    *,
    n_pre: int,
    weights: np.ndarray,
    null: float = 0.0,
    alpha: float = 0.05,
) -> float:
    """Find the change of slope up to which a value of the parameter is excluded.

    Parameters
    ----------
    coefficients, covariance, n_pre, weights, alpha
        As in :func:`smooth_interval`.
    null : float
        The value in question.

    Returns
    -------
    float
        In the unit of the coefficients; the value is excluded for every smaller M. It is 0 if the value is
        not even excluded at M = 0, and infinite if it is excluded up to a thousand standard errors.

    Notes
    -----
    Scanned upwards in steps of a twentieth of the standard error until the value is first kept; that step is
    bisected.

    Examples
    --------
    >>> beta, sigma = np.array([0.0, 0.0, 3.0, 4.0]), 0.04 * np.eye(4)
    >>> round(smooth_breakdown(beta, sigma, n_pre=2, weights=np.array([1.0, 0.0])), 2)
    2.53
    """
    problem, path = _prepare(coefficients, covariance, n_pre, weights, alpha)
    beta = np.asarray(coefficients, float)
    l_vec = np.asarray(weights, float)
    unit = float(np.sqrt(l_vec @ problem.covariance[n_pre:, n_pre:] @ l_vec))

    def excludes(m: float) -> bool:
        interval = _shortest(beta, problem, path, m, alpha)
        return not interval.lower <= null <= interval.upper

    return first_failure(excludes, start=0.0, step=unit / 20, largest=_LARGEST * unit)


def _prepare(
    coefficients: np.ndarray, covariance: np.ndarray, n_pre: int, weights: np.ndarray, alpha: float
) -> tuple[_Problem, np.ndarray]:
    if not 0 < alpha < 0.5:  # noqa: PLR2004 - the quantile needs more than a half
        raise ValueError(f"alpha lies between 0 and 0.5, not {alpha}")
    event_study(coefficients, covariance, n_pre=n_pre, weights=weights)
    problem = _problem(np.asarray(covariance, float), n_pre, np.asarray(weights, float))
    spread = problem.directions.T @ problem.covariance
    linear = spread @ problem.start
    # Two kinks that join at the same point would be taken for one; this tells them apart.
    nudge = 1.0 + 1e-9 * np.cos(np.arange(len(linear)))
    return problem, lasso_path(spread @ problem.directions, linear * nudge)


def _problem(covariance: np.ndarray, n_pre: int, weights: np.ndarray) -> _Problem:
    """Write the weights of the coefficients as a function of the kinks before the reference period.

    A kink at period s before the start contributes the sum of (s - t) over earlier periods t, times its
    change of slope. The kink at the reference period is settled by the demand that a linear violation gives
    no bias at all; kinks after the start are settled by the parameter.
    """
    times = np.arange(-n_pre, 0)
    kinks = np.arange(0, -n_pre, -1)
    reach = (kinks[:, None] - times).clip(min=0).astype(float)
    inverse = np.linalg.inv(reach)
    later = np.arange(1, len(weights) + 1)
    lever = float(weights @ later)
    after = np.abs((later[None] - later[:, None]).clip(min=0) @ weights).sum()
    start = np.concatenate([inverse[:, 0] * lever, weights])
    directions = np.concatenate([inverse[:, 1:], np.zeros((len(weights), n_pre - 1))])
    return _Problem(start, directions, covariance, abs(lever) + float(after))


def _half_length(problem: _Problem, kinks: np.ndarray, m: float, alpha: float) -> np.ndarray:
    """Return half-lengths for rows of free kinks."""
    weights = problem.start + kinks @ problem.directions.T
    error = np.sqrt(np.einsum("ki,ij,kj->k", weights, problem.covariance, weights))
    bias = m * (problem.fixed_bias + np.abs(kinks).sum(axis=1))
    return np.asarray(error * folded_normal_quantile(1 - alpha, bias / error))


def _shortest(
    beta: np.ndarray, problem: _Problem, path: np.ndarray, m: float, alpha: float
) -> FixedLengthInterval:
    lengths = _half_length(problem, path, m, alpha)
    at = int(lengths.argmin())
    ends = [(max(at - 1, 0), at), (at, min(at + 1, len(path) - 1))]
    found = [_section(problem, path[i], path[j], m, alpha) for i, j in ends] + [path[at]]
    kinks = found[int(np.argmin(_half_length(problem, np.array(found), m, alpha)))]
    half = float(_half_length(problem, kinks[None], m, alpha)[0])
    weights = problem.start + problem.directions @ kinks
    estimate = float(weights @ beta)
    error = float(np.sqrt(weights @ problem.covariance @ weights))
    bias = m * (problem.fixed_bias + float(np.abs(kinks).sum()))
    return FixedLengthInterval(estimate - half, estimate + half, estimate, error, bias, weights)


def _section(problem: _Problem, one: np.ndarray, other: np.ndarray, m: float, alpha: float) -> np.ndarray:
    """Find the minimum of a convex function on a segment, a thinner slice around it each round."""
    low, high = 0.0, 1.0
    for _ in range(_ROUNDS):
        at = np.linspace(low, high, _SLICES + 1)
        best = int(_half_length(problem, one + at[:, None] * (other - one), m, alpha).argmin())
        low, high = at[max(best - 1, 0)], at[min(best + 1, _SLICES)]
    return np.asarray(one + (low + high) / 2 * (other - one))
