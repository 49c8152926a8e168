"""Randomisation over units: which groups could have been drawn, and how the observed one ranks."""

from __future__ import annotations

from itertools import chain, combinations
from math import comb
from typing import NamedTuple

import numpy as np

from lean_impact.kernels.collapsed import TIE

__all__ = ["ENUMERATE", "Groups", "Rank", "draw_groups", "monte_carlo_error", "rank_p"]

ENUMERATE = 20_000
"""Up to this many assignments are enumerated, more are sampled."""

_CHUNK = 2_048


class Groups(NamedTuple):
    """Groups of units.

    Attributes
    ----------
    members : ndarray of int, shape (n_groups, size)
        Positions of the members.
    exact : bool
        Whether these are all groups there are, each once.
    """

    members: np.ndarray
    exact: bool


class Rank(NamedTuple):
    """A randomisation p-value.

    Attributes
    ----------
    p : float
        Two-sided p-value.
    smallest : float
        Smallest value that the same groups could have given.
    """

    p: float
    smallest: float


def draw_groups(
    n_units: int, size: int, *, draws: int, rng: np.random.Generator, enumerate_up_to: int = ENUMERATE
) -> Groups:
    """Enumerate all groups of a size, or draw some with equal probability if there are too many.

    Parameters
    ----------
    n_units : int
        Units to choose from.
    size : int
        Members of a group.
    draws : int
        Groups to draw if there are more than `enumerate_up_to`; draws are independent of each other.
    rng : Generator
        Source of randomness.
    enumerate_up_to : int
        Largest number of groups to enumerate.

    Returns
    -------
    Groups

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> draw_groups(4, 2, draws=10, rng=rng).members.tolist()
    [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    >>> draw_groups(100, 5, draws=10, rng=rng).members.shape
    (10, 5)
    """
    total = comb(n_units, size)
    if total <= enumerate_up_to:
        flat = np.fromiter(chain.from_iterable(combinations(range(n_units), size)), np.intp, total * size)
        return Groups(flat.reshape(total, size), exact=True)
    chunks = []
    for start in range(0, draws, _CHUNK):
        # The smallest `size` of independent uniforms are a simple random sample.
        keys = rng.random((min(_CHUNK, draws - start), n_units))
        chunks.append(np.argpartition(keys, size, axis=1)[:, :size])
    return Groups(np.concatenate(chunks), exact=False)


def rank_p(observed: float, distribution: np.ndarray, *, exact: bool) -> Rank:
    """Return the share of assignments whose statistic is at least as large, by size.

    Parameters
    ----------
    observed : float
        Statistic of the assignment that happened.
    distribution : ndarray of float64, shape (n_groups,)
        Statistic of each assignment; holds the observed one if all were enumerated.
    exact : bool
        Whether all assignments were enumerated.

    Returns
    -------
    Rank

    Notes
    -----
    Enumerated: the share itself. Sampled: (1 + count) / (draws + 1), which is valid however few the draws.

    References
    ----------
    Phipson B, Smyth GK (2010), Statistical Applications in Genetics and Molecular Biology 9:39.

    Examples
    --------
    >>> rank_p(3.0, np.array([-3.0, 1.0, 2.0, 3.0]), exact=True)
    Rank(p=0.5, smallest=0.5)
    >>> rank_p(4.0, np.array([-3.0, 1.0, 2.0]), exact=False)
    Rank(p=0.25, smallest=0.25)
    """
    sizes = np.abs(distribution)
    count = int((sizes >= abs(observed) * (1 - TIE)).sum())
    if exact:
        largest = int((sizes >= sizes.max() * (1 - TIE)).sum())
        return Rank(count / len(sizes), largest / len(sizes))
    return Rank((1 + count) / (len(sizes) + 1), 1 / (len(sizes) + 1))


def monte_carlo_error(p: float, draws: int) -> float:
    """Return the standard error of a p-value that comes from random draws.

    Examples
    --------
    >>> round(monte_carlo_error(0.05, 9999), 4)
    0.0022
    """
    return float(np.sqrt(p * (1 - p) / draws))
