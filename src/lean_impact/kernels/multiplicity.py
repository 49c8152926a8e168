"""Several questions at once: p-values that allow for how many were asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

__all__ = ["RULES", "benjamini_hochberg", "benjamini_yekutieli", "hochberg", "holm", "hommel"]


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values for asking several questions, by Holm's step-down rule.

    Parameters
    ----------
    p_values : ndarray of float64, shape (n_questions,)
        One p-value for each question, from 0 to 1.

    Returns
    -------
    ndarray of float64, shape (n_questions,)
        Adjusted p-values in the same order: rejecting those at or below a level keeps the probability of any
        false rejection at or below that level, however the questions depend on each other.

    Notes
    -----
    The k-th smallest of m p-values becomes the largest of ``(m - j + 1) p_(j)`` over j up to k, at most 1 [1]_.

    References
    ----------
    .. [1] Holm S (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
       Statistics 6, 65-70.

    Examples
    --------
    >>> [round(float(p), 3) for p in holm(np.array([0.01, 0.04, 0.03]))]
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    stepped = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1.0)
    adjusted = np.empty_like(stepped)
    adjusted[order] = stepped
    return adjusted


def _step_up(p_values: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Take the least of factor times p-value over all that are at least as large; factors go from the smallest up."""
    order = np.argsort(p_values, kind="stable")
    stepped = np.minimum.accumulate((factors * p_values[order])[::-1])[::-1]
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def hochberg(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values by Hochberg's step-up rule, which holds for independent or positively dependent tests.

    Parameters
    ----------
    p_values : ndarray of float64, shape (n_questions,)
        One p-value for each question, from 0 to 1.

    Returns
    -------
    ndarray of float64, shape (n_questions,)
        Adjusted, in the same order; never above Holm's.

    References
    ----------
    Hochberg Y (1988), Biometrika 75:800-802.

    Examples
    --------
    >>> [round(float(p), 3) for p in hochberg(np.array([0.01, 0.04, 0.03]))]
    [0.03, 0.04, 0.04]
    """
    return _step_up(p_values, np.arange(len(p_values), 0, -1))


def hommel(p_values: np.ndarray) -> np.ndarray:
    r"""Adjust p-values by Hommel's rule, the closure of Simes' test.

    Parameters
    ----------
    p_values : ndarray of float64, shape (n_questions,)
        One p-value for each question, from 0 to 1.

    Returns
    -------
    ndarray of float64, shape (n_questions,)
        Adjusted, in the same order; never above Hochberg's.

    Notes
    -----
    Each set of s questions is tested by Simes; the adjusted p-value of a question is the largest over the sets
    that hold it. For the question of rank i the worst set of size s takes the s - 1 largest others, so only the
    sizes need to be gone through [1]_.

    References
    ----------
    .. [1] Wright SP (1992). Adjusted p-values for simultaneous inference. Biometrics 48, 1005-1013.

    Examples
    --------
    >>> [round(float(p), 3) for p in hommel(np.array([0.01, 0.04, 0.03]))]
    [0.03, 0.04, 0.04]
    """
    n = len(p_values)
    order = np.argsort(p_values, kind="stable")
    p = p_values[order].astype(float)
    adjusted = np.full(n, (n * p / np.arange(1, n + 1)).min()) if n else p.copy()
    worst = adjusted.copy()
    for size in range(n - 1, 1, -1):
        low, high = p[: n - size + 1], p[n - size + 1 :]
        cut = (size * high / np.arange(2, size + 1)).min()
        worst[: n - size + 1] = np.minimum(size * low, cut)
        worst[n - size + 1 :] = worst[n - size]
        adjusted = np.maximum(adjusted, worst)
    found = np.empty_like(p)
    found[order] = np.maximum(adjusted, p)
    return found


def benjamini_hochberg(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values so that a level bounds the share of false ones among the rejected.

    Parameters
    ----------
    p_values : ndarray of float64, shape (n_questions,)
        One p-value for each question, from 0 to 1; independent or positively dependent.

    Returns
    -------
    ndarray of float64, shape (n_questions,)
        Adjusted, in the same order. Weaker than Holm: it bounds how many of the finds are false, and not
        whether any is.

    References
    ----------
    Benjamini Y, Hochberg Y (1995), Journal of the Royal Statistical Society B 57:289-300.

    Examples
    --------
    >>> [round(float(p), 3) for p in benjamini_hochberg(np.array([0.01, 0.04, 0.03]))]
    [0.03, 0.04, 0.04]
    """
    n = len(p_values)
    return _step_up(p_values, n / np.arange(1, n + 1))


def benjamini_yekutieli(p_values: np.ndarray) -> np.ndarray:
    """Adjust p-values as Benjamini and Hochberg do, for any dependence.

    Parameters
    ----------
    p_values : ndarray of float64, shape (n_questions,)
        One p-value for each question, from 0 to 1.

    Returns
    -------
    ndarray of float64, shape (n_questions,)
        Adjusted, in the same order; larger by the sum of 1 / j over j up to the number of questions.

    References
    ----------
    Benjamini Y, Yekutieli D (2001), Annals of Statistics 29:1165-1188.

    Examples
    --------
    >>> [round(float(p), 4) for p in benjamini_yekutieli(np.array([0.01, 0.04, 0.03]))]
    [0.055, 0.0733, 0.0733]
    """
    ranks = np.arange(1, len(p_values) + 1)
    return _step_up(p_values, (1.0 / ranks).sum() * len(p_values) / ranks)


RULES: Final[dict[str, Callable[[np.ndarray], np.ndarray]]] = {
    "holm": holm,
    "hochberg": hochberg,
    "hommel": hommel,
    "benjamini-hochberg": benjamini_hochberg,
    "benjamini-yekutieli": benjamini_yekutieli,
}
"""Every rule by the name that a study file gives it."""
