"""Random-effects pooling of estimates with known variances: arrays in, numbers out.

Estimates that share an error correlate. :func:`uncorrelated` turns them so that they no longer do, and their
common mean into a mean times ``x``; every function takes that ``x``, which is 1 for estimates that never
correlated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri

__all__ = [
    "Mean",
    "Uncorrelated",
    "blups",
    "cochran_q",
    "hksj_factor",
    "i_squared",
    "q_p_value",
    "q_profile",
    "typical_variance",
    "uncorrelated",
    "weighted_mean",
]


class Mean(NamedTuple):
    """A weighted mean.

    Attributes
    ----------
    value : float
        The mean, in the unit of the estimates.
    standard_error : float
        Its standard error if the weights are right, same unit.
    """

    value: float
    standard_error: float


class Uncorrelated(NamedTuple):
    """Estimates turned so that their errors do not correlate.

    Attributes
    ----------
    y, v : ndarray of float64, shape (k,)
        Turned estimates and the variances of their errors.
    x : ndarray of float64, shape (k,)
        What each turned estimate has of the common mean.
    turn : ndarray of float64, shape (k, k)
        Orthogonal matrix that turns them back.
    """

    y: np.ndarray
    v: np.ndarray
    x: np.ndarray
    turn: np.ndarray


def uncorrelated(y: np.ndarray, v: np.ndarray, shared: np.ndarray) -> Uncorrelated:
    r"""Turn estimates with a common error into estimates without.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k,)
        Estimates and their variances.
    shared : ndarray of float64, shape (k,)
        Part of each standard error that all have in common: two estimates have the product of theirs as
        covariance.

    Returns
    -------
    Uncorrelated
        The estimates as they are if nothing is shared.

    Notes
    -----
    With :math:`V = \operatorname{diag}(v - s^2) + s s' = U \Lambda U'` the turned estimates :math:`U'y` have
    the variances :math:`\Lambda` and the means :math:`\mu U'1`. As :math:`V + \tau^2 I` is turned into
    :math:`\Lambda + \tau^2 I`, the generalised mean, its Q and both likelihoods are those of uncorrelated
    estimates regressed on :math:`U'1`.

    References
    ----------
    Gleser LJ, Olkin I (2009), in The Handbook of Research Synthesis and Meta-Analysis, 357-376.

    Examples
    --------
    >>> found = uncorrelated(np.array([0.0, 1.0]), np.array([1.0, 1.0]), np.array([0.5, 0.5]))
    >>> found.v.tolist()
    [0.75, 1.25]
    """
    k = len(y)
    if not shared.any():
        return Uncorrelated(y, v, np.ones(k), np.eye(k))
    values, turn = np.linalg.eigh(np.diag(v - shared**2) + np.outer(shared, shared))
    return Uncorrelated(turn.T @ y, values, turn.sum(axis=0), turn)


def weighted_mean(y: np.ndarray, v: np.ndarray, *, tau2: float, x: np.ndarray | float = 1.0) -> Mean:
    """Average estimates with weights 1 / (v + tau2).

    Parameters
    ----------
    y : ndarray of float64, shape (k,)
        Estimates.
    v : ndarray of float64, shape (k,)
        Their sampling variances, above 0.
    tau2 : float
        Variance of the true effects; 0 for the common-effect mean.
    x : ndarray of float64, shape (k,), optional
        What each estimate has of the mean.

    Returns
    -------
    Mean

    Examples
    --------
    >>> weighted_mean(np.array([0.0, 1.0]), np.array([1.0, 1.0]), tau2=1.0)
    Mean(value=0.5, standard_error=1.0)
    """
    w = x / (v + tau2)
    information = (w * x).sum()
    return Mean(float((w * y).sum() / information), float(information**-0.5))


def cochran_q(y: np.ndarray, v: np.ndarray, *, tau2: float = 0.0, x: np.ndarray | float = 1.0) -> float:
    """Return the weighted sum of squares around the weighted mean.

    Examples
    --------
    >>> cochran_q(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    2.0
    """
    mean = weighted_mean(y, v, tau2=tau2, x=x).value
    return float(((y - mean * x) ** 2 / (v + tau2)).sum())


def q_profile(
    y: np.ndarray, v: np.ndarray, *, level: float, x: np.ndarray | float = 1.0
) -> tuple[float, float]:
    """Return the Q-profile interval for the variance of the true effects.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k,)
        Estimates, at least two, and their variances.
    level : float
        Coverage.
    x : ndarray of float64, shape (k,), optional
        What each estimate has of the mean.

    Returns
    -------
    lower, upper : float
        Both 0 if the estimates agree more closely than chance allows at this level.

    References
    ----------
    Viechtbauer W (2007), Statistics in Medicine 26:37-52.

    Examples
    --------
    >>> q_profile(np.array([0.2, 0.2, 0.2]), np.array([0.01, 0.02, 0.03]), level=0.95)
    (0.0, 0.0)
    """
    df = len(y) - 1
    tail = (1 - level) / 2

    def solve(target: float) -> float:
        if cochran_q(y, v, x=x) <= target:
            return 0.0
        # Q(tau2) <= sum of squares / tau2, which bounds the root from above.
        bound = cochran_q(y, np.ones(len(y)), x=x) / target
        return float(brentq(lambda tau2: cochran_q(y, v, tau2=tau2, x=x) - target, 0.0, bound, rtol=1e-12))

    return solve(float(chdtri(df, tail))), solve(float(chdtri(df, 1 - tail)))


def typical_variance(v: np.ndarray, x: np.ndarray | float = 1.0) -> float:
    """Return the typical sampling variance that I-squared compares with; what is shared is no part of it.

    References
    ----------
    Higgins JPT, Thompson SG (2002), Statistics in Medicine 21:1539-1558, equation 9.

    Examples
    --------
    >>> typical_variance(np.array([0.5, 0.5, 0.5]))
    0.5
    """
    w = 1.0 / v
    information = w * x**2
    return float((len(v) - 1) * information.sum() / (w.sum() * information.sum() - (w * information).sum()))


def i_squared(tau2: float, v: np.ndarray, x: np.ndarray | float = 1.0) -> float:
    """Return the share of the total variance that is between true effects, from 0 to 1.

    Examples
    --------
    >>> i_squared(0.5, np.array([0.5, 0.5, 0.5]))
    0.5
    """
    return tau2 / (tau2 + typical_variance(v, x))


def hksj_factor(y: np.ndarray, v: np.ndarray, *, tau2: float, x: np.ndarray | float = 1.0) -> float:
    r"""Return the Hartung-Knapp-Sidik-Jonkman factor q for the variance of the mean, not floored.

    Notes
    -----
    :math:`q = \sum w (y - \hat\mu)^2 / (k - 1)`. Below 1 it makes the interval narrower than the plain
    one; :math:`\max(1, q)` is what the estimator uses.

    References
    ----------
    Roever C, Knapp G, Friede T (2015), BMC Medical Research Methodology 15:99.

    Examples
    --------
    >>> hksj_factor(np.array([0.0, 2.0]), np.array([1.0, 1.0]), tau2=1.0)
    1.0
    """
    return cochran_q(y, v, tau2=tau2, x=x) / (len(y) - 1)


def q_p_value(q: float, df: int) -> float:
    """Return the p-value of Cochran's Q under equal true effects.

    Examples
    --------
    >>> round(q_p_value(3.84, 1), 2)
    0.05
    """
    return float(chdtrc(df, q))


def blups(turned: Uncorrelated, *, tau2: float) -> tuple[np.ndarray, np.ndarray]:
    r"""Draw each estimate towards the mean, the more the less certain it is.

    Parameters
    ----------
    turned : Uncorrelated
        Estimates and their variances.
    tau2 : float
        Variance of the true effects.

    Returns
    -------
    values, standard_errors : ndarray of float64, shape (k,)
        Best linear unbiased predictions of the true effects, in the order of the estimates; the error of the mean
        is included, that of `tau2` is not.

    Notes
    -----
    :math:`\hat\mu 1 + \tau^2 W (y - \hat\mu 1)` with :math:`W = (V + \tau^2 I)^{-1}`; the error has the
    covariance :math:`\tau^2 W V + (W V 1)(W V 1)' / (1' W 1)`.

    Examples
    --------
    >>> blups(uncorrelated(np.array([0.0, 2.0]), np.array([1.0, 1.0]), np.zeros(2)), tau2=1.0)[0]
    array([0.5, 1.5])
    """
    y, v, x, turn = turned
    mean = weighted_mean(y, v, tau2=tau2, x=x)
    trust_own, error = tau2 / (tau2 + v), v / (tau2 + v)
    values = mean.value + turn @ (trust_own * (y - mean.value * x))
    own = turn**2 @ (trust_own * v)
    return values, np.sqrt(own + (turn @ (error * x) * mean.standard_error) ** 2)
