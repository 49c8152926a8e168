"""Solve each truth table that uncertain outcomes could have given, and write its solution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lean_impact.contingency.qca.outcomes import Outcomes
from lean_impact.kernels.covers import smallest_covers
from lean_impact.kernels.implicants import coverage_chart, prime_implicants

__all__ = [
    "ALWAYS",
    "NEVER",
    "Scenario",
    "explain",
    "row_successes",
    "scenarios",
    "solution_text",
    "solve_rows",
    "text_of",
]

NEVER: Final = "(no positive row)"
ALWAYS: Final = "(always)"
_MOST_MODELS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenario:
    """One thing that could be the case: which cells hold, which cases are successes, what explains them.

    Attributes
    ----------
    weight : float
        Its probability.
    filling : int
        Which filling of the unknown cells it belongs to.
    terms : ndarray of int64, shape (n_terms, n_conditions)
        Prime implicants of the parsimonious solution, -1 where a condition plays no part.
    members : ndarray of bool, shape (n_models, n_terms)
        Which terms each tied model uses; no model if no row is positive.
    contradictory : bool
        Whether cases with one configuration differ in the outcome.
    """

    weight: float
    filling: int
    terms: np.ndarray
    members: np.ndarray
    contradictory: bool

    def votes(self, rows: np.ndarray) -> np.ndarray:
        """Return the share of models that predict a success, shape (n_rows,)."""
        if not len(self.members):
            return np.zeros(len(rows))
        chart = coverage_chart(self.terms, rows)
        return np.asarray((self.members.astype(int) @ chart.astype(int) > 0).mean(axis=0))


def scenarios(stacked: np.ndarray, filling: int, outcomes: Outcomes) -> list[Scenario]:
    """Solve each distinct set of positive rows under one filling.

    Parameters
    ----------
    stacked : ndarray of int64, shape (n_fillings, n_cases, n_conditions)
        Configurations of the cases under each filling of the unknown cells.
    filling : int
        Which of them to solve.
    outcomes : Outcomes
        Patterns of success.

    Returns
    -------
    list of Scenario
        Those that are possible; over all fillings their weights sum to 1.
    """
    unique, owner = np.unique(stacked[filling], axis=0, return_inverse=True)
    owner = owner.reshape(-1)
    holds = np.zeros((len(owner), len(unique)))
    holds[np.arange(len(owner)), owner] = 1
    share = outcomes.patterns @ holds / holds.sum(axis=0)
    states, which = np.unique(np.where(share == 1, 2, share > 0), axis=0, return_inverse=True)
    weights = np.bincount(which.reshape(-1), weights=outcomes.weights, minlength=len(states))
    found: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
    scenarios = []
    for state, weight in zip(states, weights, strict=True):
        if weight == 0:
            continue
        good = state == 2  # noqa: PLR2004 - all of its cases are successes
        if good.tobytes() not in found:
            found[good.tobytes()] = explain(unique, good)
        terms, members = found[good.tobytes()]
        scenarios.append(
            Scenario(
                weight=float(weight) / len(stacked),
                filling=filling,
                terms=terms,
                members=members,
                contradictory=bool((state == 1).any()),
            )
        )
    return scenarios


def row_successes(owner: np.ndarray, pattern: np.ndarray, n_rows: int) -> np.ndarray:
    """Say which rows hold successes only.

    Parameters
    ----------
    owner : ndarray of int64, shape (n_cases,)
        Row of each case.
    pattern : ndarray of bool, shape (n_cases,)
        Which cases are successes.
    n_rows : int
        Number of rows.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
        Whether no case of the row failed.
    """
    return np.asarray(np.bincount(owner, weights=~pattern, minlength=n_rows) == 0)


def explain(rows: np.ndarray, good: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return prime implicants and tied models of the parsimonious solution.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_rows, n_conditions)
        Configurations seen.
    good : ndarray of bool, shape (n_rows,)
        Which of them are positive.

    Returns
    -------
    tuple of ndarray
        As :func:`solve_rows`.
    """
    return solve_rows(rows[good], rows[~good])


def solve_rows(positive: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the parsimonious solution of some configurations.

    Parameters
    ----------
    positive, negative : ndarray of int64, shape (n, n_conditions)
        Configurations that go with the outcome, and that do not.

    Returns
    -------
    terms : ndarray of int64, shape (n_terms, n_conditions)
        Prime implicants.
    members : ndarray of bool, shape (n_models, n_terms)
        Up to 1000 tied models; none if no configuration is positive.

    Examples
    --------
    >>> terms, members = solve_rows(np.array([[1, 1]]), np.array([[0, 0]]))
    >>> solution_text(terms, members, ("READY", "STABLE"))
    'READY | STABLE'
    """
    terms = prime_implicants(positive, negative)
    if not len(positive):
        return terms, np.zeros((0, 0), dtype=bool)
    return terms, smallest_covers(coverage_chart(terms, positive), most=_MOST_MODELS).members


def text_of(rows: np.ndarray, pattern: np.ndarray, conditions: tuple[str, ...]) -> str:
    """Write the solution for one pattern of success.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_cases, n_conditions)
        Configurations of the cases.
    pattern : ndarray of bool, shape (n_cases,)
        Which cases are successes.
    conditions : tuple of str
        Names of the conditions.

    Returns
    -------
    str
        As :func:`solution_text`.

    Examples
    --------
    >>> text_of(np.array([[1, 1], [1, 0], [0, 0]]), np.array([True, True, False]), ("READY", "STABLE"))
    'READY'
    """
    unique, owner = np.unique(rows, axis=0, return_inverse=True)
    good = row_successes(owner.reshape(-1), pattern, len(unique))
    return solution_text(*explain(unique, good), conditions)


def solution_text(terms: np.ndarray, members: np.ndarray, conditions: tuple[str, ...]) -> str:
    """Write tied models in an order that does not depend on the search.

    Parameters
    ----------
    terms, members : ndarray
        From :func:`solve_rows`.
    conditions : tuple of str
        Names of the conditions.

    Returns
    -------
    str
        Models joined by ``|``, terms by ``+``; words for a solution that never or always holds.

    Examples
    --------
    >>> solution_text(np.array([[1, -1]]), np.array([[True]]), ("READY", "STABLE"))
    'READY'
    """
    if not len(members):
        return NEVER
    texts = [
        "*".join(name if v else f"~{name}" for name, v in zip(conditions, term, strict=True) if v >= 0)
        or ALWAYS
        for term in terms
    ]
    models = (" + ".join(sorted(texts[i] for i in np.flatnonzero(row))) for row in members)
    return " | ".join(sorted(models))
