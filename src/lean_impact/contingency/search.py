"""Fit every column a condition could be, over every way the effects could have fallen on the trusts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from lean_impact.contingency.evidence import Evidence
from lean_impact.contingency.matching import CrispMatch
from lean_impact.contingency.ties import Tie
from lean_impact.kernels.effect_regression import regress_effects
from lean_impact.kernels.permutation import assignments

__all__ = ["FILLINGS", "ConditionFit", "Search", "condition_fit"]

FILLINGS: Final = 1024
"""Unknown cells are filled in all ways up to this many; beyond, in as many random ways."""
_TIE: Final = 1e-9
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionFit:
    """How well one condition alone separates the effects.

    Attributes
    ----------
    condition, name : str
        Identifier, and name for readers.
    n_present, n_absent, n_unknown : int
        Trusts by state.
    why_not : str
        Why it cannot be tested; empty if it can.
    difference_lowest, difference_highest : float
        Mean effect with the condition minus without, or the slope from 0 to 1 over memberships, over everything
        the unknown cells could be; positive is better with it. NaN if it cannot be tested.
    fit_lowest, fit_highest : float
        Share of the weighted sum of squares that it explains, from 0 to 1, over the same.
    p_lowest, p_highest : float
        Share of all assignments of the effects to the trusts in which it fits as well, over the same.
    smallest_p : float
        The smallest such share that its split could reach.
    tied_with : tuple of str
        Conditions that it cannot be told from.
    match : str
        Whether it matches the yes-or-no outcome; empty if none was given.
    """

    condition: str
    name: str
    n_present: int
    n_absent: int
    n_unknown: int
    why_not: str
    difference_lowest: float
    difference_highest: float
    fit_lowest: float
    fit_highest: float
    p_lowest: float
    p_highest: float
    smallest_p: float
    tied_with: tuple[str, ...]
    match: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Search:
    """Fit every column that a testable condition could be, in every order of the effects.

    Attributes
    ----------
    evidence : Evidence
        Trusts with their conditions and effects.
    orders : ndarray of int64, shape (n_orders, n_trusts)
        Ways to hand out the effects, the true one first.
    all_orders, all_fillings : bool
        Whether these are all orders, and all fillings of the unknown cells, or random draws.
    open : ndarray of int64, shape (n_open,)
        Positions of the testable conditions.
    which : ndarray of int64, shape (n_fillings, n_open)
        Row of ``fits`` that holds each condition under each filling.
    fits : ndarray of float64, shape (n_columns, n_orders)
        Weighted R^2 of each distinct column in each order.
    differences : ndarray of float64, shape (n_columns,)
        Mean effect with minus without, in the true order; NaN where a column does not differ.
    """

    evidence: Evidence
    orders: np.ndarray
    all_orders: bool
    all_fillings: bool
    open: np.ndarray
    which: np.ndarray
    fits: np.ndarray
    differences: np.ndarray

    @classmethod
    def run(cls, evidence: Evidence, seed: int) -> Self:
        """Fit all columns."""
        open_ = np.flatnonzero(evidence.testable)
        filled, all_fillings = evidence.fillings(open_, limit=FILLINGS, seed=seed, draws=0)
        stacked = filled.transpose(0, 2, 1).reshape(-1, len(evidence.trusts))
        columns, which = np.unique(stacked, axis=0, return_inverse=True)
        orders, all_orders = assignments(len(evidence.trusts), seed=seed)
        fits, differences = _fits(evidence, columns, orders)
        return cls(
            evidence=evidence, orders=orders, all_orders=all_orders, all_fillings=all_fillings, open=open_,
            which=which.reshape(len(filled), len(open_)), fits=fits, differences=differences,
        )  # fmt: skip

    def shares(self, fits: np.ndarray) -> tuple[float, float]:
        """Return the share of orders that fit as well as the first, and the smallest share there could be."""
        return float((fits >= fits[0] - _TIE).mean()), float((fits >= fits.max() - _TIE).mean())

    def best_of_any(self) -> tuple[tuple[float, float], float, tuple[str, ...]]:
        """Return the range of the chance, its smallest reachable value, and who fits best."""
        shares: list[tuple[float, float]] = []
        best: set[str] = set()
        for rows in np.unique(self.which, axis=0):
            table = self.fits[rows]
            shares.append(self.shares(table.max(axis=0)))
            winners = np.flatnonzero(table[:, 0] >= table[:, 0].max() - _TIE)
            best.update(self.evidence.conditions[self.open[i]] for i in winners)
        values, smallest = zip(*shares, strict=True)
        return (min(values), max(values)), min(smallest), tuple(sorted(best))

    def difference(self, column: np.ndarray) -> float:
        """Return the difference of effects for one column of ones and zeros."""
        return float(_fits(self.evidence, column[None], self.orders[:1])[1][0])


def _fits(evidence: Evidence, columns: np.ndarray, orders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute weighted R^2 of columns in orders, and the change of the effect from 0 to 1 in the first order."""
    spread = regress_effects(
        evidence.effects, evidence.standard_errors, designs=np.ones((1, len(evidence.trusts), 1))
    )
    weights = 1 / (evidence.standard_errors**2 + spread.tau2[0])
    effects = evidence.effects - spread.coefficients[0, 0]
    mean = columns @ weights[orders].T / weights.sum()
    # Deviations of the effects from their weighted mean sum to 0, so the columns need no centring here.
    shared = columns @ (weights * effects)[orders].T
    own = columns**2 @ weights[orders].T - mean**2 * weights.sum()
    varies = (np.ptp(columns, axis=1) > _TIE)[:, None]
    safe = np.where(varies, own, 1.0)
    total = float(weights @ effects**2)
    # Effects that differ by rounding alone do not differ.
    total = total if total > _ROUNDING**2 * float(weights @ evidence.effects**2) else np.inf
    return np.where(varies, shared**2 / safe / total, 0.0), np.where(varies, shared / safe, np.nan)[:, 0]


def condition_fit(
    search: Search, position: int, ties: Sequence[Tie], crisp: CrispMatch | None
) -> ConditionFit:
    """Describe how well one condition alone separates the effects.

    Parameters
    ----------
    search : Search
        Fits of every column in every order.
    position : int
        Position of the condition in the evidence.
    ties : sequence of Tie
        Conditions that cannot be told apart.
    crisp : CrispMatch or None
        Match with a yes-or-no outcome.

    Returns
    -------
    ConditionFit
        Differences, fits and shares of orders, each as a range over the unknown cells.
    """
    evidence = search.evidence
    condition, states = evidence.conditions[position], evidence.states[:, position]
    why_not, nan = "", float("nan")
    difference, fit, p, smallest = (nan, nan), (nan, nan), (nan, nan), nan
    if evidence.known_constant[position]:
        why_not = "same in every trust"
    elif evidence.wholly_unknown[position]:
        why_not = "known for no trust"
    else:
        rows = np.unique(search.which[:, int(np.flatnonzero(search.open == position)[0])])
        shares = [search.shares(search.fits[row]) for row in rows]
        contrasts = search.differences[rows]
        contrasts = contrasts[~np.isnan(contrasts)]
        difference = float(contrasts.min()), float(contrasts.max())
        fit = float(search.fits[rows, 0].min()), float(search.fits[rows, 0].max())
        p = min(share[0] for share in shares), max(share[0] for share in shares)
        smallest = min(share[1] for share in shares)
    tied = {other for tie in ties if tie.certain and condition in tie.conditions for other in tie.conditions}
    return ConditionFit(
        condition=condition,
        name=evidence.names[position],
        n_present=int((states == 1).sum()),
        n_absent=int((states == 0).sum()),
        n_unknown=int((states < 0).sum()),
        why_not=why_not,
        difference_lowest=difference[0],
        difference_highest=difference[1],
        fit_lowest=fit[0],
        fit_highest=fit[1],
        p_lowest=p[0],
        p_highest=p[1],
        smallest_p=smallest,
        tied_with=tuple(sorted(tied - {condition})),
        match=crisp.matches[condition] if crisp else "",
    )
