"""Random-effects pooling of independent estimates with known variances: arrays in, numbers out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, chdtri

from lean_impact.kernels.between_variance import between_variance

__all__ = [
    "Mean",
    "blups",
    "cochran_q",
    "dersimonian_laird",
    "hksj_factor",
    "i_squared",
    "q_p_value",
    "q_profile",
    "reml",
    "typical_variance",
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


def weighted_mean(y: np.ndarray, v: np.ndarray, *, tau2: float) -> Mean:
    """Average estimates with weights 1 / (v + tau2).

    Parameters
    ----------
    y : ndarray of float64, shape (k,)
        Estimates.
    v : ndarray of float64, shape (k,)
        Their sampling variances, above 0.
    tau2 : float
        Variance of the true effects; 0 for the common-effect mean.

    Returns
    -------
    Mean

    Examples
    --------
    >>> weighted_mean(np.array([0.0, 1.0]), np.array([1.0, 1.0]), tau2=1.0)
    Mean(value=0.5, standard_error=1.0)
    """
    w = 1.0 / (v + tau2)
    return Mean(float((w * y).sum() / w.sum()), float(w.sum() ** -0.5))


def cochran_q(y: np.ndarray, v: np.ndarray, *, tau2: float = 0.0) -> float:
    """Return the weighted sum of squares around the weighted mean.

    Examples
    --------
    >>> cochran_q(np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    2.0
    """
    mean = weighted_mean(y, v, tau2=tau2).value
    return float(((y - mean) ** 2 / (v + tau2)).sum())


def dersimonian_laird(y: np.ndarray, v: np.ndarray) -> float:
    """Return the moment estimate of the variance of the true effects, at least 0.

    References
    ----------
    DerSimonian R, Laird N (1986), Controlled Clinical Trials 7:177-188.

    Examples
    --------
    >>> round(dersimonian_laird(np.array([0.0, 2.0]), np.array([1.0, 1.0])), 9)
    1.0
    """
    return float(between_variance(y, v, method="DL"))


def reml(y: np.ndarray, v: np.ndarray) -> float:
    """Return the restricted maximum likelihood estimate of the variance of the true effects.

    Parameters
    ----------
    y : ndarray of float64, shape (k,)
        Estimates, at least two.
    v : ndarray of float64, shape (k,)
        Their sampling variances, above 0.

    Returns
    -------
    float
        0 where the likelihood is highest at the boundary; see
        :func:`~lean_impact.kernels.between_variance.between_variance`.

    Examples
    --------
    >>> reml(np.array([0.2, 0.2, 0.2]), np.array([0.01, 0.02, 0.03]))
    0.0
    """
    return float(between_variance(y, v, method="REML"))


def q_profile(y: np.ndarray, v: np.ndarray, *, level: float) -> tuple[float, float]:
    """Return the Q-profile interval for the variance of the true effects.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k,)
        Estimates, at least two, and their variances.
    level : float
        Coverage.

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
        if cochran_q(y, v) <= target:
            return 0.0
        # Q(tau2) <= sum of squares / tau2, which bounds the root from above.
        bound = float(((y - y.mean()) ** 2).sum()) / target
        return float(brentq(lambda tau2: cochran_q(y, v, tau2=tau2) - target, 0.0, bound, rtol=1e-12))

    return solve(float(chdtri(df, tail))), solve(float(chdtri(df, 1 - tail)))


def typical_variance(v: np.ndarray) -> float:
    """Return the typical sampling variance that I-squared compares with.

    References
    ----------
    Higgins JPT, Thompson SG (2002), Statistics in Medicine 21:1539-1558, equation 9.

    Examples
    --------
    >>> typical_variance(np.array([0.5, 0.5, 0.5]))
    0.5
    """
    w = 1.0 / v
    return float((len(v) - 1) * w.sum() / (w.sum() ** 2 - (w**2).sum()))


def i_squared(tau2: float, v: np.ndarray) -> float:
    """Return the share of the total variance that is between true effects, from 0 to 1.

    Examples
    --------
    >>> i_squared(0.5, np.array([0.5, 0.5, 0.5]))
    0.5
    """
    return tau2 / (tau2 + typical_variance(v))


def hksj_factor(y: np.ndarray, v: np.ndarray, *, tau2: float) -> float:
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
    return cochran_q(y, v, tau2=tau2) / (len(y) - 1)


def q_p_value(q: float, df: int) -> float:
    """Return the p-value of Cochran's Q under equal true effects.

    Examples
    --------
    >>> round(q_p_value(3.84, 1), 2)
    0.05
    """
    return float(chdtrc(df, q))


def blups(y: np.ndarray, v: np.ndarray, *, tau2: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw each estimate towards the mean, the more the less certain it is.

    Parameters
    ----------
    y, v : ndarray of float64, shape (k,)
        Estimates and their variances.
    tau2 : float
        Variance of the true effects.

    Returns
    -------
    values, standard_errors : ndarray of float64, shape (k,)
        Best linear unbiased predictions of the true effects; the error of the mean is included, that of
        `tau2` is not.

    Examples
    --------
    >>> blups(np.array([0.0, 2.0]), np.array([1.0, 1.0]), tau2=1.0)[0]
    array([0.5, 1.5])
    """
    mean = weighted_mean(y, v, tau2=tau2)
    trust_own = tau2 / (tau2 + v)
    values = trust_own * y + (1 - trust_own) * mean.value
    return values, np.sqrt(trust_own * v + ((1 - trust_own) * mean.standard_error) ** 2)
