"""How often luck gives a solution as good: for random conditions, and for these cases with outcomes shuffled."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Final

import numpy as np

from lean_impact.domain import Summary
from lean_impact.errors import InputError
from lean_impact.kernels.covers import smallest_covers
from lean_impact.kernels.implicants import FREE, coverage_chart, prime_implicants

__all__ = ["RandomData", "perfect_by_luck", "random_data_check"]

_MOST_EXACT: Final = 1000
_DRAWS: Final = 999
_NO_SOLUTION: Final = np.iinfo(np.int64).max


def perfect_by_luck(n_cases: int, *, n_successes: int, n_conditions: int) -> float:
    """Compute how often conditions drawn at random explain an outcome perfectly.

    Parameters
    ----------
    n_cases, n_successes : int
        Cases, and how many of them are successes.
    n_conditions : int
        Conditions, each present in a case with probability one half, independently.

    Returns
    -------
    float
        Probability that no success shares its configuration with a failure: then some solution has
        consistency 1 and coverage 1.

    Raises
    ------
    InputError
        If the successes are not between 1 and one fewer than the cases.

    Notes
    -----
    With ``R = 2^k`` configurations the sum, over the number ``j`` of configurations that the successes
    occupy, of its probability times ``((R - j) / R)`` to the power of the failures.

    References
    ----------
    Marx and Dusa (2011), Methodological Innovations Online 6, 103-148, on the same question by simulation.

    Examples
    --------
    >>> [round(perfect_by_luck(5, n_successes=3, n_conditions=k), 2) for k in (2, 3, 4, 5)]
    [0.2, 0.45, 0.68, 0.83]
    """
    if not 0 < n_successes < n_cases:
        raise InputError(f"successes must lie between 1 and {n_cases - 1}, not {n_successes}")
    rows = 2.0**n_conditions
    occupied = np.zeros(n_successes + 1)
    occupied[0] = 1.0
    sizes = np.arange(n_successes + 1)
    for _ in range(n_successes):
        stays, grows = occupied * sizes / rows, occupied * np.maximum(rows - sizes, 0) / rows
        occupied = stays + np.concatenate([[0.0], grows[:-1]])
    free = np.maximum(rows - sizes, 0) / rows
    return float(occupied @ free ** (n_cases - n_successes))


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomData:
    """How often luck gives a solution at least as good as the one found.

    Attributes
    ----------
    n_cases, n_successes : int
        The design.
    n_conditions : int
        Conditions that can be told apart: constant ones do not count, and those that are the same or opposite
        columns count once.
    literals : int or None
        Values of conditions that the simplest perfect model names; None if no solution is perfect.
    n_models : int
        Tied models: explanations that these cases cannot tell apart.
    random_conditions : float
        Probability that random conditions, as many, explain the outcome perfectly.
    perfect : float
        Share of all ways to hand out the outcomes over these cases that have a perfect solution.
    as_simple : float
        Share of them whose simplest perfect model names no more values than the one found; NaN if none was.
    smallest : float
        The smallest share that could have been reached: one over the number of ways.
    exact : bool
        Whether these were all ways, and not random ones.
    """

    n_cases: int
    n_successes: int
    n_conditions: int
    literals: int | None
    n_models: int
    random_conditions: float
    perfect: float
    as_simple: float
    smallest: float
    exact: bool

    def summary(self) -> Summary:
        """Say how much of the fit is luck."""
        random = (
            f"{self.n_conditions} random conditions explain {self.n_successes} successes among {self.n_cases} "
            f"cases perfectly {self.random_conditions:.0%} of the time."
        )
        lines = [
            random,
            f"With the outcomes handed out at random, these conditions do so {self.perfect:.0%} of the time.",
        ]
        if self.literals is not None:
            tied = f"; {self.n_models} models are tied" if self.n_models > 1 else ""
            lines.append(
                f"A model as good and as simple comes up {self.as_simple:.0%} of the time (smallest reachable "
                f"{self.smallest:.0%}){tied}."
            )
        return Summary("\n".join(lines))


def random_data_check(rows: np.ndarray, outcome: np.ndarray, *, seed: int) -> RandomData:
    """Hand out the outcomes over the cases in every way, and solve each.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_cases, n_conditions)
        Configurations of the cases.
    outcome : ndarray of bool, shape (n_cases,)
        Which cases are successes; at least one is and one is not.
    seed : int
        Seed of random ways if there are more than 1000.

    Returns
    -------
    RandomData
        Shares of ways with a solution at least as good.

    Raises
    ------
    InputError
        If all outcomes are the same.

    Examples
    --------
    >>> rows = np.array([[1, 1], [1, 0], [1, 1], [0, 0], [0, 1]])
    >>> found = random_data_check(rows, np.array([True, True, True, False, False]), seed=1)
    >>> found.literals, found.perfect, found.as_simple
    (1, 0.4, 0.2)
    """
    n, m = len(rows), int(outcome.sum())
    if not 0 < m < n:
        raise InputError("all outcomes are the same, so there is nothing that a condition could explain")
    ways, exact = _ways(n, m, seed)
    unique, owner = np.unique(rows, axis=0, return_inverse=True)
    owner = owner.reshape(-1)
    solved: dict[bytes, tuple[int, int]] = {}

    def best(pattern: np.ndarray) -> tuple[int, int]:
        good = np.bincount(owner, weights=~pattern, minlength=len(unique)) == 0
        bad = np.bincount(owner, weights=pattern, minlength=len(unique)) == 0
        if not (good | bad).all():
            return _NO_SOLUTION, 0
        key = good.tobytes()
        if key not in solved:
            solved[key] = _simplest(unique[good], unique[~good])
        return solved[key]

    columns = np.unique(np.abs(rows - rows[:1]), axis=1)
    k = int(columns.any(axis=0).sum())
    ours, models = best(outcome.astype(bool))
    found = np.array([best(way)[0] for way in ways])
    perfect = found < _NO_SOLUTION
    return RandomData(
        n_cases=n,
        n_successes=m,
        n_conditions=k,
        literals=ours if ours < _NO_SOLUTION else None,
        n_models=models,
        random_conditions=perfect_by_luck(n, n_successes=m, n_conditions=k),
        perfect=float(perfect.mean()),
        as_simple=float((found <= ours).mean()) if ours < _NO_SOLUTION else float("nan"),
        smallest=1 / len(ways),
        exact=exact,
    )


def _ways(n: int, m: int, seed: int) -> tuple[np.ndarray, bool]:
    """List the ways to choose the successes, or draw some."""
    if comb(n, m) <= _MOST_EXACT:
        chosen = list(combinations(range(n), m))
        ways = np.zeros((len(chosen), n), dtype=bool)
        for way, members in zip(ways, chosen, strict=True):
            way[list(members)] = True
        return ways, True
    start = np.arange(n) < m
    drawn = np.random.default_rng(seed).permuted(np.tile(start, (_DRAWS, 1)), axis=1)
    return drawn, False


def _simplest(positive: np.ndarray, negative: np.ndarray) -> tuple[int, int]:
    """Return the fewest literals of a smallest model, and how many smallest models there are."""
    terms = prime_implicants(positive, negative)
    covers = smallest_covers(coverage_chart(terms, positive))
    literals = covers.members.astype(int) @ (terms != FREE).sum(axis=1)
    return int(literals.min()), len(covers.members)
