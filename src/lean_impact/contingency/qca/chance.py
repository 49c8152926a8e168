"""How often luck gives a solution as good: for random conditions, and for these cases with outcomes shuffled."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import factorial, prod
from typing import Final

import numpy as np

from lean_impact.contingency.qca.stacked import NEGATIVE, POSITIVE, tabulated
from lean_impact.contingency.qca.truth import Cuts
from lean_impact.domain import Summary
from lean_impact.errors import InputError
from lean_impact.kernels.covers import smallest_covers
from lean_impact.kernels.implicants import FREE, coverage_chart, prime_implicants
from lean_impact.kernels.set_fit import SLACK, literal_memberships, sufficiency, term_memberships

__all__ = ["RandomData", "perfect_by_luck", "random_data_check"]

_MOST_EXACT: Final = 1000
_DRAWS: Final = 999
_CRISP: Final = 2
_HALF: Final = 0.5


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

    A solution is perfect here if every case lies in a configuration that goes with its own outcome: a success in one
    that goes with success, a failure in one that does not.

    Attributes
    ----------
    n_cases, n_successes : int
        The design.
    n_conditions : int
        Conditions that can be told apart by who is in and who is out: constant ones do not count, and those that
        are the same or opposite columns count once.
    literals : int or None
        Values of conditions that the simplest perfect model names; None if no solution is perfect.
    n_models : int
        Tied models: explanations that these cases cannot tell apart.
    random_conditions : float
        Probability that random yes-or-no conditions, as many, explain the outcome perfectly.
    perfect : float
        Share of all ways to hand out the outcomes over these cases that have a perfect solution.
    as_simple : float
        Share of them with a perfect model that names no more values than the simplest one found, and is no less
        consistent and covers no less; NaN if none was found.
    smallest : float
        The smallest share that could have been reached: one over the number of ways.
    exact : bool
        Whether these were all ways, and not random ones.
    degrees : bool
        Whether some membership was neither 0 nor 1.
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
    degrees: bool

    def summary(self) -> Summary:
        """Say how much of the fit is luck."""
        kind = "random yes-or-no" if self.degrees else "random"
        random = (
            f"{self.n_conditions} {kind} conditions explain {self.n_successes} successes among {self.n_cases} "
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


def random_data_check(
    values: np.ndarray, outcome: np.ndarray, *, seed: int, consistency: float = 1.0
) -> RandomData:
    """Hand out the outcomes over the cases in every way, and solve each.

    Parameters
    ----------
    values : ndarray, shape (n_cases, n_conditions)
        Memberships of the cases in the conditions, from 0 to 1; whole numbers from 0 for a condition of several
        values.
    outcome : ndarray, shape (n_cases,)
        Memberships in the outcome, or which cases are successes; at least one is above 0.5 and one is not.
    seed : int
        Seed of random ways if there are more than 1000.
    consistency : float, default 1
        A configuration goes with the outcome from this consistency on, over all cases.

    Returns
    -------
    RandomData
        Shares of ways with a solution at least as good.

    Raises
    ------
    InputError
        If all outcomes are on one side of 0.5.

    Notes
    -----
    Memberships in the outcome move over the cases, memberships in the conditions stay: what is random is who
    had which outcome. Cases with the same outcome are exchanged for nothing, so five cases of which three are
    successes have 10 ways, and five with five degrees of success have 120. Among random ways the one found counts as
    one where something is a matter of degree.

    Examples
    --------
    >>> rows = np.array([[1, 1], [1, 0], [1, 1], [0, 0], [0, 1]])
    >>> found = random_data_check(rows, np.array([True, True, True, False, False]), seed=1)
    >>> found.literals, found.perfect, found.as_simple
    (1, 0.4, 0.2)
    >>> degrees = np.array([[0.9], [0.8], [0.6], [0.3], [0.1]])
    >>> random_data_check(degrees, np.array([1, 1, 1, 0, 0]), seed=1, consistency=0.8).as_simple
    0.1
    """
    table = _Table.of(values, consistency=consistency)
    outcome = np.asarray(outcome, dtype=float)
    n, m = len(outcome), int((outcome > _HALF).sum())
    if not 0 < m < n:
        raise InputError("all outcomes are the same, so there is nothing that a condition could explain")
    degrees = bool(table.degrees or not np.isin(outcome, (0, 1)).all())
    ways, exact = _ways(outcome, seed)
    if degrees and not exact:
        ways = np.vstack([outcome, ways])
    ours, *others = table.solutions(np.vstack([outcome, ways]))
    perfect = np.array([found is not None for found in others])
    as_good = [found is not None and found.matches(ours) for found in others] if ours is not None else []
    k = table.n_conditions
    return RandomData(
        n_cases=n,
        n_successes=m,
        n_conditions=k,
        literals=ours.fewest if ours is not None else None,
        n_models=len(ours.literals) if ours is not None else 0,
        random_conditions=perfect_by_luck(n, n_successes=m, n_conditions=k),
        perfect=float(perfect.mean()),
        as_simple=float(np.mean(as_good)) if ours is not None else float("nan"),
        smallest=1 / len(ways),
        exact=exact,
        degrees=degrees,
    )


def _ways(outcome: np.ndarray, seed: int) -> tuple[np.ndarray, bool]:
    """List the ways to hand out the outcomes, or draw some."""
    n = len(outcome)
    values, counts = np.unique(outcome, return_counts=True)
    if factorial(n) // prod(map(factorial, counts.tolist())) > _MOST_EXACT:
        start = np.tile(np.sort(outcome)[::-1], (_DRAWS, 1))
        return np.random.default_rng(seed).permuted(start, axis=1), False
    ways = [np.full(n, np.nan)]
    for value, count in zip(values, counts, strict=True):
        longer = []
        for way in ways:
            for members in combinations(np.flatnonzero(np.isnan(way)), count):
                longer.append(way.copy())
                longer[-1][list(members)] = value
        ways = longer
    return np.array(ways), True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Perfect:
    """The tied models of a perfect solution: how simple each is, and how well it fits."""

    literals: np.ndarray
    consistency: np.ndarray
    coverage: np.ndarray

    @property
    def fewest(self) -> int:
        return int(self.literals.min())

    def matches(self, found: _Perfect) -> bool:
        """Say whether some model is as simple, as consistent and covers as much as a simplest one found."""
        best = np.flatnonzero(found.literals == found.fewest)
        enough = (
            (self.literals[:, None] <= found.fewest)
            & (self.consistency[:, None] >= found.consistency[best] - SLACK)
            & (self.coverage[:, None] >= found.coverage[best] - SLACK)
        )
        return bool(enough.any())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    """Conditions of the cases, to be solved for one outcome after the other."""

    values: np.ndarray
    levels: np.ndarray
    corners: np.ndarray
    rows: np.ndarray
    first: np.ndarray
    cuts: Cuts

    @classmethod
    def of(cls, values: np.ndarray, *, consistency: float) -> _Table:
        """Place every case; ``rows`` are the configurations seen, ``first`` the first case of each."""
        values = np.asarray(values, dtype=float)
        levels = np.maximum(_CRISP, np.ceil(values.max(axis=0, initial=0.0)) + 1).astype(np.int64)
        corners = np.where(levels == _CRISP, values > _HALF, values).astype(np.int64)
        rows, first = np.unique(corners, axis=0, return_index=True)
        cuts = Cuts(consistency=consistency)
        return cls(values=values, levels=levels, corners=corners, rows=rows, first=first, cuts=cuts)

    @property
    def degrees(self) -> bool:
        return bool((self.values != self.corners).any())

    @property
    def n_conditions(self) -> int:
        columns = np.unique(np.abs(self.corners - self.corners[:1]), axis=1)
        return int(columns.any(axis=0).sum())

    def solutions(self, outcomes: np.ndarray) -> list[_Perfect | None]:
        """Solve the truth table of each outcome, each distinct table once; None if its solution is not perfect."""
        stacked = np.broadcast_to(self.values, (len(outcomes), *self.values.shape))
        _, codes = tabulated(stacked, outcomes, self.levels, self.cuts)
        literals = literal_memberships(self.values, self.levels)
        solved: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
        found: list[_Perfect | None] = []
        for outcome, code in zip(outcomes, codes, strict=True):
            good = outcome > _HALF
            if (code != np.where(good, POSITIVE, NEGATIVE)).any():
                found.append(None)
                continue
            if good.tobytes() not in solved:
                solved[good.tobytes()] = self._models(good, literals)
            sizes, memberships = solved[good.tobytes()]
            fit = sufficiency(memberships, outcome)
            found.append(_Perfect(literals=sizes, consistency=fit.consistency, coverage=fit.coverage))
        return found

    def _models(self, good: np.ndarray, literals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how many values each tied model names, and the memberships in it, (n_models, n_cases)."""
        row_good = good[self.first]
        positive, negative = self.rows[row_good], self.rows[~row_good]
        terms = prime_implicants(positive, negative)
        members = smallest_covers(coverage_chart(terms, positive)).members
        sizes = members.astype(int) @ (terms != FREE).sum(axis=1)
        if not self.degrees:
            # Whoever is in or out altogether is a member of a perfect model exactly when it is a success.
            return sizes, np.broadcast_to(good.astype(float), (len(members), len(good)))
        memberships = np.zeros((len(members), len(good)))
        for used, of_term in zip(members.T, term_memberships(literals, terms), strict=True):
            memberships[used] = np.maximum(memberships[used], of_term)
        return sizes, memberships
