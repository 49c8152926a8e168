"""What a handful of trusts can tell at all: how often chance gives a condition that fits as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
import pandas as pd

from lean_impact._version import __version__
from lean_impact.contingency.evidence import Evidence
from lean_impact.contingency.matching import CrispMatch, OutcomeMove, crisp_match
from lean_impact.contingency.scoring import share_range, spell
from lean_impact.contingency.search import FILLINGS, ConditionFit, Search, condition_fit
from lean_impact.contingency.ties import PivotalCell, Tie, pivotal_cells, tied_conditions
from lean_impact.domain import CaseTable, Provenance, PValue, State, Summary, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import DesignError, InputError, Issue

__all__ = ["DesignCheck", "design_check"]

_EFFECT: Final = "effect in trusts with the condition"


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
        chance = (
            f"If the effects of the {spell(self.n_trusts)} trusts were handed out at random, some condition "
            f"would fit as well as the best one here {share_range(self.chance)} of the time (smallest "
            f"reachable {self.p_value.smallest:.0%})."
        )
        lines = [chance]
        lines += [
            f"{', '.join(tie.conditions)} cannot be told apart: they are one explanation."
            for tie in self.ties
            if tie.certain
        ]
        if self.constants:
            lines.append(f"The same in every trust, so untestable: {', '.join(self.constants)}.")
        lines += self._crisp_lines()
        turned = sorted({f"{cell.condition} in {cell.trust}" for cell in self.pivotal})
        if turned:
            lines.append(f"One cell can turn what its condition seems to say: {', '.join(turned)}.")
        lines += [f"Too early to be an effect: {move}." for move in self.early]
        return Summary("\n".join([*lines, *(f"Caution: {caution}" for caution in self.cautions)]))

    def _crisp_lines(self) -> list[str]:
        """Say which conditions match the yes-or-no outcome, and how often luck would."""
        match = self.crisp
        if match is None:
            return []
        named = ", ".join(match.perfect) or "no condition"
        chances = "; ".join(f"{p:.0%} with {k} ({label})" for label, (k, p) in match.at_least_one.items())
        how_many = f"{match.n_with_outcome} of {len(match.trusts)}"
        lucky = f"{match.per_condition:.0%} of the time, and at least one of several: {chances}"
        return [
            f"'{match.outcome}' ({how_many}) is matched perfectly by {named}.",
            f"By luck one condition does so {lucky}.",
        ]


def design_check(
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
    Fit of a condition: ``R^2``, the share of the weighted sum of squares of the effects between the trusts
    with and without it (along a line where it has memberships, taken as they stand), weights
    ``1 / (se^2 + tau^2)`` with the spread of Paule and Mandel. Effects move over the trusts together with
    their weights, in all ``n!`` orders up to eight trusts. The chance reported
    is the share of orders in which the *best* condition of the table fits at least as well as the best one
    does in truth, so it accounts for having looked at all of them. Unknown cells are filled in every way,
    and the range is given.
    """
    evidence = Evidence.gather(cases, effects, improvement=improvement)
    if not evidence.testable.any():
        raise DesignError(
            "no condition differs between the trusts, so no condition can be compared with effects"
        )
    _check_timing(evidence, timing)
    search = Search.run(evidence, seed)
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
        fits=tuple(condition_fit(search, i, ties, crisp) for i in range(len(evidence.conditions))),
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
            version=__version__,
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


def _pivotal(
    cases: CaseTable, evidence: Evidence, search: Search, crisp: CrispMatch | None
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
    search: Search, crisp: CrispMatch | None, outcome: Mapping[str, bool | State] | None
) -> tuple[str, ...]:
    """Say what is approximate, and what a good fit does not mean."""
    n, evidence = len(search.evidence.trusts), search.evidence
    degrees = "; ".join(name for name, fuzzy in zip(evidence.names, evidence.fuzzy, strict=True) if fuzzy)
    said = {
        "a condition that fits may be a consequence of the outcome, such as a leader who leaves because "
        "results fell": True,
        f"{len(search.orders) - 1} random orders instead of all orders of {n} trusts": not search.all_orders,
        f"{FILLINGS} random fillings of the unknown cells instead of all": not search.all_fillings,
        "a match with a yes-or-no outcome asks whether a condition was more true than not, so it counts each trust by "
        f"the side of 0.5 that it is on: {degrees}": (bool(degrees) and crisp is not None),
        "the yes-or-no outcome is the same in every trust where it is known, so nothing can match it": (
            outcome is not None and crisp is None
        ),
        f"outcome not known, so left out of the match: {', '.join(crisp.unknown if crisp else ())}": bool(
            crisp and crisp.unknown
        ),
    }
    return tuple(words for words, holds in said.items() if holds)
