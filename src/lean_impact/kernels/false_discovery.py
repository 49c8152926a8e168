"""Many series at once: which findings to keep, and how many of them are expected to be false."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["benjamini_hochberg", "expected_false_discoveries", "share_of_nulls"]

Floats = NDArray[np.float64]


def benjamini_hochberg(p_values: Floats) -> Floats:
    r"""Adjust p-values so that keeping those at or below a level bounds the share of false ones among them.

    Parameters
    ----------
    p_values : ndarray, shape (n_tests,)
        One p-value a test, 0 to 1; no NaN.

    Returns
    -------
    ndarray, shape (n_tests,)
        Adjusted p-values (q-values) in the same order.

    Notes
    -----
    The k-th smallest of m becomes :math:`\min_{j \ge k} m p_{(j)} / j` [1]_. The bound holds for independent
    tests and for positively dependent ones, such as trusts that share a winter [2]_.

    References
    ----------
    .. [1] Benjamini Y, Hochberg Y (1995). Controlling the false discovery rate. Journal of the Royal
       Statistical Society B 57, 289-300.
    .. [2] Benjamini Y, Yekutieli D (2001). The control of the false discovery rate in multiple testing under
       dependency. Annals of Statistics 29, 1165-1188.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.9, 0.02])).tolist()
    [0.03, 0.9, 0.03]
    """
    n = len(p_values)
    order = np.argsort(p_values, kind="stable")
    raw = p_values[order] * n / np.arange(1, n + 1)
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(np.minimum.accumulate(raw[::-1])[::-1], 1.0)
    return adjusted


def share_of_nulls(p_values: Floats, *, above: float = 0.5) -> float:
    r"""Estimate the share of tests in which nothing is to be found.

    Parameters
    ----------
    p_values : ndarray, shape (n_tests,)
        One p-value a test.
    above : float, default 0.5
        Only p-values above it are counted: they come almost from nulls alone.

    Returns
    -------
    float
        Between 0 and 1; 1 without any test.

    Notes
    -----
    :math:`\min\{1, (\#\{p > \lambda\} + 1) / (m (1 - \lambda))\}`.

    References
    ----------
    Storey JD, Taylor JE, Siegmund D (2004). Strong control, conservative point estimation and simultaneous
    conservative consistency of false discovery rates. Journal of the Royal Statistical Society B 66, 187-205.

    Examples
    --------
    >>> share_of_nulls(np.array([0.001] * 90 + [0.6] * 4 + [0.2] * 6)).__round__(2)
    0.1
    """
    if len(p_values) == 0:
        return 1.0
    return float(min(1.0, ((p_values > above).sum() + 1) / (len(p_values) * (1 - above))))


def expected_false_discoveries(p_values: Floats, kept: NDArray[np.bool_]) -> float:
    """Estimate how many of the findings that are kept are false.

    Parameters
    ----------
    p_values : ndarray, shape (n_tests,)
        One p-value a test.
    kept : ndarray of bool, shape (n_tests,)
        Findings that are kept: all p-values up to some bound.

    Returns
    -------
    float
        Tests with nothing to be found, times the largest p-value kept; 0 if none is kept.

    Examples
    --------
    >>> p = np.array([0.001] * 10 + [0.7] * 50 + [0.3] * 40)
    >>> expected_false_discoveries(p, p < 0.01).__round__(3)
    0.1
    """
    if not kept.any():
        return 0.0
    expected = share_of_nulls(p_values) * len(p_values) * float(p_values[kept].max())
    return min(expected, float(kept.sum()))
