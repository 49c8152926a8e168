"""Permutation tests that say how small their p-value could have been."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product
from math import factorial

import numpy as np

__all__ = ["PermutationP", "assignments", "sign_flip_p_value"]

_EXACT_SIGNS = 14
_EXACT_ORDERS = 8
_DRAWS = 9_999
_TIE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class PermutationP:
    """A permutation p-value.

    Attributes
    ----------
    value, smallest : float
        The p-value, and the smallest one that the test could give.
    draws : int or None
        Number of random draws, None if everything was enumerated.
    """

    value: float
    smallest: float
    draws: int | None


def sign_flip_p_value(gains: np.ndarray, *, seed: int) -> PermutationP:
    """Test whether the mean of some gains is above 0 by flipping their signs.

    Parameters
    ----------
    gains : ndarray of float64, shape (n,)
        One gain for each unit.
    seed : int
        Seed of the draw that is made with more than 14 units.

    Returns
    -------
    PermutationP
        Share of sign patterns, the observed one among them, with a sum at least as large.

    Examples
    --------
    >>> sign_flip_p_value(np.array([1.0, 2.0, 0.5, 1.0, 3.0]), seed=1).value
    0.03125
    """
    n = len(gains)
    exact = n <= _EXACT_SIGNS
    if exact:
        signs = np.array(list(product((1.0, -1.0), repeat=n)))
    else:
        drawn = np.random.default_rng(seed).choice([1.0, -1.0], (_DRAWS, n))
        signs = np.vstack([np.ones(n), drawn])
    sums = signs @ gains
    reached = sums >= sums[0] - _TIE * np.abs(gains).sum()
    smallest = max(0.5**n, 1 / len(signs))
    return PermutationP(value=float(reached.mean()), smallest=smallest, draws=None if exact else _DRAWS)


def assignments(n: int, *, seed: int, draws: int = _DRAWS) -> tuple[np.ndarray, bool]:
    """List the ways to hand out what ``n`` units have among them, the observed way first.

    Parameters
    ----------
    n : int
        Number of units, 1 or more.
    seed : int
        Seed of the draw that is made with more than eight units.
    draws : int, default 9999
        Number of random orders then.

    Returns
    -------
    orders : ndarray of int64, shape (n_orders, n)
        Each row an order of 0 to n - 1; the first is the identity.
    exact : bool
        Whether these are all of them.

    Examples
    --------
    >>> orders, exact = assignments(5, seed=1)
    >>> orders.shape, exact
    ((120, 5), True)
    """
    if n <= _EXACT_ORDERS:
        flat = np.fromiter(
            (i for order in permutations(range(n)) for i in order), dtype=np.int64, count=factorial(n) * n
        )
        return flat.reshape(-1, n), True
    rng = np.random.default_rng(seed)
    drawn = rng.permuted(np.tile(np.arange(n), (draws, 1)), axis=1)
    return np.vstack([np.arange(n), drawn]), False
