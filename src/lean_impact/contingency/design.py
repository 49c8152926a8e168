"""What a handful of trusts can tell at all: how often chance gives a condition that fits as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd

from lean_impact.contingency.evidence import Evidence, completions
from lean_impact.contingency.matching import CrispMatch, OutcomeMove, crisp_match
from lean_impact.contingency.scoring import library_version, spell
from lean_impact.contingency.ties import PivotalCell, Tie, pivotal_cells, tied_conditions
from lean_impact.domain import CaseTable, Provenance, PValue, State, Summary, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import DesignError, InputError, Issue
from lean_impact.kernels.effect_regression import regress_effects
from lean_impact.kernels.permutation import assignments

__all__ = ["ConditionFit", "DesignCheck", "design_check"]

_COMPLETIONS: Final = 1024
_TIE: Final = 1e-9
_EFFECT: Final = "effect in trusts with the condition"


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
        Mean effect with the condition minus without, over everything the unknown cells could be; positive is
        better with it. NaN if it cannot be tested.
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
class DesignCheck:
    """What these trusts and conditions can tell, whatever the model.

    Attributes
    ----------
    n_trusts, n_assignments : int
        Trusts, and ways in which their effects were handed out.
    exact : bool
        Whether these were all ways.
    fits : tuple of ConditionFit
        One for each condition, by identifier.
    best : tuple of str
        Conditions that fit best, under at least one filling of the unknown cells.
    chance : tuple of float
        Probability that chance gives a condition that fits as well as the best one: lowest and highest over
        everything the unknown cells could be.
    p_value : PValue
        The highest of these, with the smallest reachable value.
    ties : tuple of Tie
        Conditions that are, or could be, one explanation.
    pivotal : tuple of PivotalCell
        Cells that alone can turn what their condition seems to say.
    crisp, crisp_in_time : CrispMatch or None
        Match with the yes-or-no outcome in all trusts, and without those whose outcome moved too early.
    early : tuple of OutcomeMove
        Outcomes that moved before the programme could have moved them.
    provenance : Provenance
        Parameters and seed.
    cautions : tuple of str
        What to know before quoting any of it.
    """

    n_trusts: int
    n_assignments: int
    exact: bool
    fits: tuple[ConditionFit, ...]
    best: tuple[str, ...]
    chance: tuple[float, float]
    p_value: PValue
    ties: tuple[Tie, ...]
    pivotal: tuple[PivotalCell, ...]
    crisp: CrispMatch | None
    crisp_in_time: CrispMatch | None
    early: tuple[OutcomeMove, ...]
    provenance: Provenance
    cautions: tuple[str, ...]

    @property
    def constants(self) -> tuple[str, ...]:
        """Conditions that are the same in every trust, which no comparison can test."""
        return tuple(fit.condition for fit in self.fits if fit.why_not == "same in every trust")

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each condition, with the columns of :class:`ConditionFit`."""
        rows = [{**asdict(fit), "tied_with": ", ".join(fit.tied_with)} for fit in self.fits]
        return pd.DataFrame(rows, columns=list(ConditionFit.__dataclass_fields__))

    def luck_to_frame(self) -> pd.DataFrame:
        """Return one row for each question of luck: ``question``, ``probability``, ``n_conditions``."""
        rows: list[tuple[str, float, int | None]] = [
            ("a condition fits the effects as well as the best one, lowest", self.chance[0], None),
            ("a condition fits the effects as well as the best one, highest", self.chance[1], None),
        ]
        for match, words in ((self.crisp, ""), (self.crisp_in_time, ", trusts that moved in time")):
            if match is None:
                continue
            ask = f"matches '{match.outcome}' perfectly{words}"
            rows.append((f"one condition {ask}", match.per_condition, 1))
            rows += [(f"at least one of {label} {ask}", p, k) for label, (k, p) in match.at_least_one.items()]
            rows += [(f"at least one of this very table {ask}, {end}", p, None)
                     for end, p in zip(("lowest", "highest"), match.this_table, strict=True)]  # fmt: skip
        frame = pd.DataFrame(rows, columns=["question", "probability", "n_conditions"])
        return frame.astype({"n_conditions": "Int64"})

    def cells_to_frame(self) -> pd.DataFrame:
        """Return one row for each pivotal cell, with the columns of :class:`PivotalCell`."""
        rows = [asdict(cell) for cell in self.pivotal]
        return pd.DataFrame(rows, columns=list(PivotalCell.__dataclass_fields__))

    def ties_to_frame(self) -> pd.DataFrame:
        """Return one row for each tie: ``conditions``, ``certain`` and the unknown ``cells`` that decide."""
        rows = [
            (", ".join(tie.conditions), tie.certain, ", ".join(f"{t} {c}" for t, c in tie.cells))
            for tie in self.ties
        ]
        return pd.DataFrame(rows, columns=["conditions", "certain", "cells"])

    def summary(self) -> Summary:
        """Say in words what these trusts can tell at all."""
        low, high = (f"{100 * p:.0f}%" for p in self.chance)
        chance = low if low == high else f"between {low} and {high}"
        lines = [
            f"If the effects of the {spell(self.n_trusts)} trusts were handed out at random, some condition would "
            f"fit as well as the best one here {chance} of the time (smallest reachable "
            f"{100 * self.p_value.smallest:.0f}%)."
        ]
        lines += [
            f"{', '.join(tie.conditions)} cannot be told apart: one explanation, not {spell(len(tie.conditions))}."
            for tie in self.ties
            if tie.certain
        ]
        if self.constants:
            lines.append(f"The same in every trust, so untestable: {', '.join(self.constants)}.")
        lines += self._crisp_lines()
        turned = sorted({f"{cell.condition} in {cell.trust}" for cell in self.pivotal})
        if turned:
            lines.append(f"One cell alone can turn what its condition seems to say: {', '.join(turned)}.")
        lines += [f"Too early to be an effect: {move}." for move in self.early]
        return Summary("\n".join([*lines, *(f"Caution: {caution}" for caution in self.cautions)]))

    def _crisp_lines(self) -> list[str]:
        if self.crisp is None:
            return []
        match = self.crisp
        named = ", ".join(match.perfect) or "no condition"
        chances = "; ".join(f"{p:.0%} with {k} ({label})" for label, (k, p) in match.at_least_one.items())
        return [
            f"'{match.outcome}' ({match.n_with_outcome} of {len(match.trusts)}) is matched perfectly by {named}. By "
            f"luck one condition does so {match.per_condition:.0%} of the time, at least one of several: {chances}."
        ]


def design_check(  # noqa: PLR0913 - the question has this many parts
    cases: CaseTable,
    effects: Sequence[TrustEffect],
    *,
    improvement: Direction,
    seed: int,
    outcome: Mapping[str, bool | State] | None = None,
    outcome_name: str = "the outcome",
    timing: Sequence[OutcomeMove] = (),
) -> DesignCheck:
    """Compute what a case table can tell about some effects, before any model is fitted.

    Parameters
    ----------
    cases : CaseTable
        Which trust showed which condition.
    effects : sequence of TrustEffect
        One for each trust of the table, with standard errors.
    improvement : {"increase", "decrease", "neutral"}
        Which movement of the measure is better.
    seed : int
        Seed of random assignments above eight trusts, and of random fillings above ten unknown cells.
    outcome : mapping of str to bool or {"present", "absent", "unknown"}, optional
        A yes-or-no outcome of each trust, such as a rating that rose.
    outcome_name : str
        That outcome in words.
    timing : sequence of OutcomeMove
        When outcomes moved; those that moved too early are named, and the match is repeated without them.

    Returns
    -------
    DesignCheck
        Chance, ties, constants, pivotal cells, matches and timing.

    Raises
    ------
    InputError
        If cases, effects, outcome and timing do not belong together.
    DesignError
        If no condition differs between the trusts, or there are fewer than three of them.

    Notes
    -----
    Fit of a condition: ``R^2``, the share of the weighted sum of squares of the effects between the trusts with
    and without it, weights ``1 / (se^2 + tau^2)`` with the spread of Paule and Mandel. Effects move over the
    trusts together with their weights, in all ``n!`` orders up to eight trusts. The chance reported is the share
    of orders in which the *best* condition of the table fits at least as well as the best one does in truth, so
    it accounts for having looked at all of them. Unknown cells are filled in every way, and the range is given.
    """
    evidence = Evidence.gather(cases, effects, improvement=improvement)
    if not evidence.testable.any():
        raise DesignError(
            "no condition differs between the trusts, so no condition can be compared with effects"
        )
    _check_timing(evidence, timing)
    search = _Search.run(evidence, seed)
    early = tuple(move for move in timing if move.too_early)
    crisp = in_time = None
    if outcome is not None:
        crisp = crisp_match(evidence, outcome=outcome, name=outcome_name, seed=seed)
        if early:
            in_time = crisp_match(
                evidence, outcome=outcome, name=outcome_name, drop=[move.trust for move in early], seed=seed
            )
    ties = tied_conditions(evidence)
    chance, smallest, best = search.best_of_any()
    return DesignCheck(
        n_trusts=len(evidence.trusts),
        n_assignments=len(search.orders),
        exact=search.all_orders,
        fits=tuple(_condition_fit(search, i, ties, crisp) for i in range(len(evidence.conditions))),
        best=best,
        chance=chance,
        p_value=PValue(
            value=chance[1],
            smallest=smallest,
            method="permutation of the effects over the trusts, best fit of any condition",
            assumption="without any condition at work each trust could have had the effect of any other",
            draws=None if search.all_orders else len(search.orders) - 1,
        ),
        ties=ties,
        pivotal=_pivotal(cases, evidence, search, crisp),
        crisp=crisp,
        crisp_in_time=in_time,
        early=early,
        provenance=Provenance(
            plugin="lean_impact",
            version=library_version(),
            parameters={"fit": "weighted R^2 of one condition", "improvement": improvement},
            seed=seed,
            steps=(f"handed out the effects in {len(search.orders)} orders",),
        ),
        cautions=_cautions(search, crisp, outcome),
    )


def _check_timing(evidence: Evidence, timing: Sequence[OutcomeMove]) -> None:
    issues = [
        Issue(rule="timing-unheard-of", message=f"timing of {m.trust}, which is not among the trusts")
        for m in timing
        if m.trust not in evidence.trusts
    ]
    if issues:
        raise InputError("the timing of outcomes cannot be used", issues)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Search:
    """Fit of every column that a testable condition could be, in every order of the effects."""

    evidence: Evidence
    orders: np.ndarray
    all_orders: bool
    all_fillings: bool
    open: np.ndarray  # positions of testable conditions
    which: np.ndarray  # (n_completions, n_open) row of `columns`
    columns: np.ndarray  # (n_columns, n_trusts) distinct columns of ones and zeros
    fits: np.ndarray  # (n_columns, n_orders)
    differences: np.ndarray  # (n_columns,) NaN where a column does not differ

    @classmethod
    def run(cls, evidence: Evidence, seed: int) -> _Search:
        """Fit all columns."""
        open_ = np.flatnonzero(evidence.testable)
        filled, all_fillings = completions(evidence.states[:, open_], limit=_COMPLETIONS, seed=seed)
        stacked = filled.transpose(0, 2, 1).reshape(-1, len(evidence.trusts))
        columns, which = np.unique(stacked, axis=0, return_inverse=True)
        orders, all_orders = assignments(len(evidence.trusts), seed=seed)
        fits, differences = _fits(evidence, columns, orders)
        return cls(
            evidence=evidence, orders=orders, all_orders=all_orders, all_fillings=all_fillings, open=open_,
            which=which.reshape(len(filled), len(open_)), columns=columns, fits=fits, differences=differences,
        )  # fmt: skip

    def shares(self, fits: np.ndarray) -> tuple[float, float]:
        """Return the share of orders that fit as well as the first, and the smallest share there could be."""
        return float((fits >= fits[0] - _TIE).mean()), float((fits >= fits.max() - _TIE).mean())

    def best_of_any(self) -> tuple[tuple[float, float], float, tuple[str, ...]]:
        """Return the range of the chance, its smallest reachable value, and who fits best."""
        shares, best = [], set()
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
    """Compute weighted R^2 of columns in orders, and the difference of means in the first order."""
    spread = regress_effects(
        evidence.effects, evidence.standard_errors, designs=np.ones((1, len(evidence.trusts), 1))
    )
    weights = 1 / (evidence.standard_errors**2 + spread.tau2[0])
    effects = evidence.effects - spread.coefficients[0, 0]
    with_weight = columns @ weights[orders].T
    with_sum = columns @ (weights * effects)[orders].T
    # Deviations from the weighted mean sum to 0, so the trusts without the condition hold minus this sum.
    without_weight = weights.sum() - with_weight
    varies = ((columns.sum(axis=1) > 0) & (columns.sum(axis=1) < columns.shape[1]))[:, None]
    safe_with, safe_without = np.where(varies, with_weight, 1.0), np.where(varies, without_weight, 1.0)
    total = float(weights @ effects**2)
    scale = total if total > 0 else 1.0
    explained = with_sum**2 * (1 / safe_with + 1 / safe_without) / scale
    difference = with_sum / safe_with + with_sum / safe_without
    return np.where(varies, explained, 0.0), np.where(varies, difference, np.nan)[:, 0]


def _condition_fit(
    search: _Search, position: int, ties: Sequence[Tie], crisp: CrispMatch | None
) -> ConditionFit:
    """Describe one condition."""
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


def _pivotal(
    cases: CaseTable, evidence: Evidence, search: _Search, crisp: CrispMatch | None
) -> tuple[PivotalCell, ...]:
    """Find cells that decide the direction of an effect, or a match with the outcome."""

    def direction(_: str, column: np.ndarray) -> str | None:
        difference = search.difference(column)
        return None if np.isnan(difference) else "better" if difference > 0 else "not better"

    found = pivotal_cells(cases, evidence, about=_EFFECT, verdict=direction)
    if crisp is None:
        return found
    with_outcome = crisp.with_outcome
    rows = [evidence.row(trust) for trust in crisp.trusts]
    favourable = dict(zip(evidence.conditions, evidence.favourable, strict=True))

    def match(condition: str, column: np.ndarray) -> str:
        helps = column if favourable[condition] else 1 - column
        return "matches" if (helps[rows] == with_outcome).all() else "does not match"

    return (*found, *pivotal_cells(cases, evidence, about=f"match with '{crisp.outcome}'", verdict=match))


def _cautions(
    search: _Search, crisp: CrispMatch | None, outcome: Mapping[str, bool | State] | None
) -> tuple[str, ...]:
    """Say what is approximate, and what a good fit does not mean."""
    n = len(search.evidence.trusts)
    said = (
        (True, "a condition that fits may be a consequence of the outcome, such as a leader who leaves because "
         "results fell"),
        (not search.all_orders, f"{len(search.orders) - 1} random orders instead of all orders of {n} trusts"),
        (not search.all_fillings, f"{_COMPLETIONS} random fillings of the unknown cells instead of all"),
        (outcome is not None and crisp is None, "the yes-or-no outcome is the same in every trust where it is "
         "known, so nothing can match it"),
        (crisp is not None and bool(crisp.unknown), "outcome not known, so left out of the match: "
         f"{', '.join(crisp.unknown) if crisp else ''}"),
    )  # fmt: skip
    return tuple(words for holds, words in said if holds)
