"""Minimise a truth table: every prime implicant, for conditions of two or more values.

A configuration is a row of whole numbers, one value for each condition. A term is such a row in which -1
stands for a condition that plays no part.
"""

from __future__ import annotations

from typing import Final

import numpy as np

__all__ = ["FREE", "MOST_CONDITIONS", "configurations", "coverage_chart", "prime_implicants"]

FREE: Final = -1
"""Value of a condition that plays no part in a term."""

MOST_CONDITIONS: Final = 16
"""With more conditions the subsets of conditions no longer fit into memory."""


def configurations(levels: np.ndarray) -> np.ndarray:
    """List every configuration, the first condition most significant.

    Parameters
    ----------
    levels : ndarray of int64, shape (n_conditions,)
        Number of values of each condition.

    Returns
    -------
    ndarray of int64, shape (n_configurations, n_conditions)
        Values from 0; row ``r`` is the configuration with the mixed-radix number ``r``.

    Examples
    --------
    >>> configurations(np.array([2, 2])).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    grid = np.indices(tuple(int(level) for level in levels), dtype=np.int64)
    return grid.reshape(len(levels), -1).T.copy()


def prime_implicants(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Find every minimal term that covers a positive row and no negative one.

    Parameters
    ----------
    positive, negative : ndarray of int64, shapes (n_positive, n_conditions) and (n_negative, n_conditions)
        Configurations to be explained, and configurations that no term may cover. What stands in neither
        list may be covered. No configuration may stand in both.

    Returns
    -------
    ndarray of int64, shape (n_terms, n_conditions)
        Each term once, those with fewer conditions first, -1 where a condition plays no part. A single term
        of nothing but -1 says that no row is negative.

    Raises
    ------
    ValueError
        If a configuration is positive and negative, or there are more than 16 conditions.

    Notes
    -----
    A subset ``S`` of the conditions makes a positive row an implicant if every negative row differs from it
    on a condition in ``S``. So the sets of conditions on which a negative row differs are marked, the marks
    are passed on to all supersets (one pass for each condition), and ``S`` is free to be used if its
    complement is not marked. It is prime if no subset with one condition fewer is an implicant.

    References
    ----------
    Quine (1952), American Mathematical Monthly 59, 521-531.
    Duşa and Thiem (2015), Journal of Mathematical Sociology 39, 92-108.

    Examples
    --------
    >>> prime_implicants(np.array([[1, 1]]), np.array([[0, 1]])).tolist()
    [[1, -1]]
    """
    n_conditions = positive.shape[1]
    if n_conditions > MOST_CONDITIONS:
        raise ValueError(f"{n_conditions} conditions are more than {MOST_CONDITIONS}")
    if not len(positive):
        return np.empty((0, n_conditions), dtype=np.int64)
    implicant = _implicants(positive, negative)
    prime = implicant.copy()
    for condition in range(n_conditions):
        with_it = _halves(prime, condition)[:, :, 1]
        with_it &= ~_halves(implicant, condition)[:, :, 0]
    rows, subsets = np.nonzero(prime)
    used = (subsets[:, None] >> np.arange(n_conditions)) & 1 == 1
    terms = np.unique(np.where(used, positive[rows], FREE), axis=0)
    # Fewer conditions first, then earlier conditions, presence before absence.
    order = np.lexsort((*-terms.T[::-1], (terms != FREE).sum(axis=1)))
    return np.asarray(terms[order])


def _halves(table: np.ndarray, condition: int) -> np.ndarray:
    """View a table over subsets as without and with one condition, in its third axis."""
    return table.reshape(len(table), -1, 2, 1 << condition)


def _implicants(positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Say for each positive row and subset of conditions whether it is an implicant."""
    n, k = positive.shape
    weights = 1 << np.arange(k)
    blocked = np.zeros((n, 1 << k), dtype=bool)
    for row in range(n):
        blocked[row, (negative != positive[row]) @ weights] = True
    if blocked[:, 0].any():
        raise ValueError("a configuration is positive and negative at once")
    for condition in range(k):
        halves = _halves(blocked, condition)
        halves[:, :, 1] |= halves[:, :, 0]
    # The complement of subset s has the number (2^k - 1) - s.
    return ~blocked[:, ::-1]


def coverage_chart(terms: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Say which term covers which row.

    Parameters
    ----------
    terms : ndarray of int64, shape (n_terms, n_conditions)
        Terms, -1 where a condition plays no part.
    rows : ndarray of int64, shape (n_rows, n_conditions)
        Configurations.

    Returns
    -------
    ndarray of bool, shape (n_terms, n_rows)
        Whether the row agrees with the term wherever that says something.

    Examples
    --------
    >>> coverage_chart(np.array([[1, -1]]), np.array([[1, 0], [0, 0]])).tolist()
    [[True, False]]
    """
    agrees = (terms[:, None, :] == FREE) | (terms[:, None, :] == rows[None, :, :])
    return np.asarray(agrees.all(axis=2))
