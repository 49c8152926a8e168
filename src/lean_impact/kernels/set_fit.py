"""Membership in terms, and how well a set fits an outcome as sufficient or necessary for it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

__all__ = [
    "SLACK",
    "Necessity",
    "Sufficiency",
    "literal_memberships",
    "necessity",
    "sufficiency",
    "term_memberships",
    "unique_coverage",
]

SLACK: Final = 1e-9
"""Measures of fit that are closer than this to a cut count as reaching it."""
_CRISP: Final = 2


class Sufficiency(NamedTuple):
    """Fit of sets as sufficient for an outcome: ``consistency``, ``pri`` and ``coverage``."""

    consistency: np.ndarray
    pri: np.ndarray
    coverage: np.ndarray


class Necessity(NamedTuple):
    """Fit of sets as necessary for an outcome: ``consistency``, ``relevance`` (RoN) and ``coverage``."""

    consistency: np.ndarray
    relevance: np.ndarray
    coverage: np.ndarray


def literal_memberships(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Compute the membership of every case in every value of every condition.

    Parameters
    ----------
    values : ndarray of float64, shape (n_cases, n_conditions)
        Membership from 0 to 1 for a condition of two values; the value itself for one of more.
    levels : ndarray of int64, shape (n_conditions,)
        Number of values of each condition.

    Returns
    -------
    ndarray of float64, shape (n_conditions, max_levels + 1, n_cases)
        Membership in value ``v`` at position ``v``; the last position is 1 for every case, so that -1 stands
        for a condition that plays no part.

    Examples
    --------
    >>> literal_memberships(np.array([[0.2]]), np.array([2]))[0, :, 0].tolist()
    [0.8, 0.2, 1.0]
    """
    n, k = values.shape
    top = int(levels.max(initial=_CRISP))
    found = np.zeros((k, top + 1, n))
    for condition in range(k):
        column = values[:, condition]
        if levels[condition] == _CRISP:
            found[condition, :2] = 1 - column, column
        else:
            found[condition, :top] = column == np.arange(top)[:, None]
    found[:, top] = 1.0
    return found


def term_memberships(literals: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """Compute the membership of every case in every term.

    Parameters
    ----------
    literals : ndarray of float64, shape (n_conditions, max_levels + 1, n_cases)
        From :func:`literal_memberships`.
    terms : ndarray of int64, shape (n_terms, n_conditions)
        Terms, -1 where a condition plays no part.

    Returns
    -------
    ndarray of float64, shape (n_terms, n_cases)
        The smallest of the memberships in the values named; 1 in a term that names none.

    Examples
    --------
    >>> literals = literal_memberships(np.array([[0.2, 0.7]]), np.array([2, 2]))
    >>> term_memberships(literals, np.array([[0, 1], [-1, 1]])).tolist()
    [[0.7], [0.7]]
    """
    found = np.ones((len(terms), literals.shape[2]))
    for condition, of_values in enumerate(literals):
        np.minimum(found, of_values[terms[:, condition]], out=found)
    return found


def sufficiency(sets: np.ndarray, outcome: np.ndarray) -> Sufficiency:
    """Compute how far sets are subsets of an outcome.

    Parameters
    ----------
    sets : ndarray of float64, shape (..., n_cases)
        Memberships from 0 to 1.
    outcome : ndarray of float64, shape (n_cases,) or broadcast against ``sets``
        Membership in the outcome.

    Returns
    -------
    Sufficiency
        Arrays of the leading shape of ``sets``; NaN where no case is a member of the set, or none of the
        outcome.

    Notes
    -----
    ``consistency = sum min(x, y) / sum x``, ``coverage = sum min(x, y) / sum y`` and, against sets that are
    subsets of the outcome and of its negation alike,
    ``PRI = (sum min(x, y) - sum min(x, y, 1 - y)) / (sum x - sum min(x, y, 1 - y))``.

    References
    ----------
    Ragin (2008), Redesigning Social Inquiry, chapters 3 and 8.

    Examples
    --------
    >>> fit = sufficiency(np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0]))
    >>> float(fit.consistency), float(fit.pri), float(fit.coverage)
    (0.5, 0.5, 0.5)
    """
    both = np.minimum(sets, outcome)
    shared, total = both.sum(axis=-1), sets.sum(axis=-1)
    torn = np.minimum(both, 1 - outcome).sum(axis=-1)
    return Sufficiency(
        consistency=_ratio(shared, total),
        pri=_ratio(shared - torn, total - torn),
        coverage=_ratio(shared, np.broadcast_to(outcome.sum(axis=-1), np.shape(shared))),
    )


def necessity(sets: np.ndarray, outcome: np.ndarray) -> Necessity:
    """Compute how far sets are supersets of an outcome, and whether that says anything.

    Parameters
    ----------
    sets : ndarray of float64, shape (..., n_cases)
        Memberships from 0 to 1.
    outcome : ndarray of float64, shape (n_cases,)
        Membership in the outcome.

    Returns
    -------
    Necessity
        Arrays of the leading shape of ``sets``; NaN where the denominator is 0.

    Notes
    -----
    ``consistency = sum min(x, y) / sum y``, ``coverage = sum min(x, y) / sum x`` and relevance of necessity
    ``RoN = sum(1 - x) / sum(1 - min(x, y))``, which is low for a condition that is present nearly everywhere.

    References
    ----------
    Schneider and Wagemann (2012), Set-Theoretic Methods for the Social Sciences, chapter 9.

    Examples
    --------
    >>> fit = necessity(np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0]))
    >>> float(fit.consistency), float(fit.relevance), float(fit.coverage)
    (1.0, 0.5, 0.5)
    """
    both = np.minimum(sets, outcome)
    shared = both.sum(axis=-1)
    return Necessity(
        consistency=_ratio(shared, np.broadcast_to(outcome.sum(), np.shape(shared))),
        relevance=_ratio((1 - sets).sum(axis=-1), (1 - both).sum(axis=-1)),
        coverage=_ratio(shared, sets.sum(axis=-1)),
    )


def unique_coverage(terms: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Compute what each term covers and no other does.

    Parameters
    ----------
    terms : ndarray of float64, shape (n_terms, n_cases)
        Memberships in the terms of one model.
    outcome : ndarray of float64, shape (n_cases,)
        Membership in the outcome.

    Returns
    -------
    ndarray of float64, shape (n_terms,)
        Coverage of the model minus coverage of the model without the term.

    Examples
    --------
    >>> unique_coverage(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]), np.ones(3)).round(3).tolist()
    [0.333, 0.333]
    """
    covered = np.minimum(terms, outcome)
    whole = covered.max(axis=0, initial=0.0)
    rest = np.array([np.delete(covered, i, axis=0).max(axis=0, initial=0.0) for i in range(len(terms))])
    total = float(outcome.sum())
    lost = (whole - rest.reshape(covered.shape)).sum(axis=1)
    return np.asarray(lost / total if total else np.full(len(terms), np.nan))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide, NaN where the denominator is 0."""
    above, below = np.broadcast_arrays(np.asarray(above, float), np.asarray(below, float))
    # Rounding may leave a denominator that is 0 by construction a little off it.
    whole = below > SLACK
    return np.asarray(np.divide(above, below, out=np.full(np.shape(below), np.nan), where=whole))
