"""Share out a score among the conditions that make it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import factorial

import numpy as np

__all__ = ["shapley"]


def shapley(values: np.ndarray, states: Sequence[int]) -> np.ndarray:
    """Share out how knowing the conditions of a context moves a value from its average.

    Parameters
    ----------
    values : ndarray of float64, one axis for each condition
        Value of every context: first without the condition, then with it, then to the degree that this
        context has it, where it is a matter of degree.
    states : sequence of int
        Position on each axis: 0 absent, 1 present, 2 to a degree, -1 not known.

    Returns
    -------
    ndarray of float64, shape (n_conditions,)
        Shapley values; they sum to the value of the context, averaged over what is not known, minus the
        average over all contexts. What is not known brings nothing.

    References
    ----------
    Shapley (1953), Contributions to the Theory of Games 2, 307-317.

    Examples
    --------
    >>> shapley(np.array([[0.0, 0.0], [0.0, 1.0]]), [1, 1]).tolist()
    [0.375, 0.375]
    """
    k = len(states)
    known = [i for i in range(k) if states[i] >= 0]

    def worth(subset: tuple[int, ...]) -> float:
        picked = tuple(states[i] if i in subset else slice(0, 2) for i in range(k))
        return float(np.mean(values[picked]))

    worths = {s: worth(s) for size in range(len(known) + 1) for s in combinations(known, size)}
    found, m = np.zeros(k), len(known)
    for i in known:
        for subset, before in worths.items():
            if i not in subset:
                size = len(subset)
                odds = factorial(size) * factorial(m - size - 1) / factorial(m)
                found[i] += odds * (worths[tuple(sorted((*subset, i)))] - before)
    return found
