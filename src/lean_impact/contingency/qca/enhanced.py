"""Enhanced standard analysis: solutions that rest on no assumption that cannot be held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lean_impact.contingency.qca.minimise import intermediate, parsimonious
from lean_impact.contingency.qca.sets import SetTable
from lean_impact.contingency.qca.solution import Solution
from lean_impact.contingency.qca.terms import term_text
from lean_impact.contingency.qca.truth import Cuts, TruthTable
from lean_impact.domain import Provenance, Summary
from lean_impact.kernels.covers import MOST_COVERS
from lean_impact.kernels.implicants import configurations

__all__ = ["EnhancedAnalysis", "enhanced"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EnhancedAnalysis:
    """Assumptions that cannot be held, and solutions without them.

    Attributes
    ----------
    truth, opposite : TruthTable
        For the outcome and for its negation.
    contradictory : tuple of int
        Configurations, never seen, that solutions for the outcome and for its negation both assume.
    simultaneous : tuple of int
        Configurations that count as positive for both.
    untenable : tuple of int
        Configurations, never seen, that theory says cannot be.
    parsimonious : Solution
        Without any of these.
    intermediate : tuple of Solution
        The same with expectations; empty if none were given.
    """

    truth: TruthTable
    opposite: TruthTable
    contradictory: tuple[int, ...]
    simultaneous: tuple[int, ...]
    untenable: tuple[int, ...]
    parsimonious: Solution
    intermediate: tuple[Solution, ...]

    @property
    def excluded(self) -> tuple[int, ...]:
        """Every configuration that was excluded, by number."""
        return tuple(sorted({*self.contradictory, *self.simultaneous, *self.untenable}))

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a reader must know before quoting a model."""
        return self.parsimonious.cautions

    @property
    def provenance(self) -> Provenance:
        """The cuts."""
        return self.truth.provenance

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each configuration excluded.

        Returns
        -------
        DataFrame
            ``row``, ``configuration``, and whether it is ``contradictory``, ``simultaneous``, ``untenable``.
        """
        everything = configurations(self.truth.table.levels)
        kinds = {
            "contradictory": self.contradictory,
            "simultaneous": self.simultaneous,
            "untenable": self.untenable,
        }
        rows = [
            (
                row,
                term_text(self.truth.table, everything[row - 1]),
                *(row in found for found in kinds.values()),
            )
            for row in self.excluded
        ]
        return pd.DataFrame(rows, columns=["row", "configuration", *kinds])

    def summary(self) -> Summary:
        """Say what was excluded and what remains."""
        out = (
            f"{len(self.contradictory)} contradictory assumptions, {len(self.simultaneous)} configurations "
            f"positive for both outcomes and {len(self.untenable)} untenable ones were excluded."
        )
        return Summary(f"{out}\n{self.parsimonious.summary()}")


def enhanced(
    table: SetTable,
    *,
    cuts: Cuts,
    untenable: str | None = None,
    expectations: Sequence[str] = (),
    most: int = MOST_COVERS,
) -> EnhancedAnalysis:
    """Minimise without assumptions that contradict each other, the cases, or theory.

    Parameters
    ----------
    table : SetTable
        Cases by conditions.
    cuts : Cuts
        When a configuration counts as going with the outcome, and with its negation.
    untenable : str, optional
        Expression for what cannot be, such as ``~BEGUN*FINISHED``.
    expectations : sequence of str
        See :func:`lean_impact.contingency.qca.intermediate`.
    most : int, default 10000
        Models to list at most.

    Returns
    -------
    EnhancedAnalysis
        What was excluded, and the solutions without it.

    References
    ----------
    Schneider and Wagemann (2012), Set-Theoretic Methods for the Social Sciences, chapter 8.

    Examples
    --------
    >>> sets = pd.DataFrame({"A": [1, 0], "B": [1, 0], "Y": [1, 0]}, index=["one", "two"])
    >>> found = enhanced(SetTable.of(sets, outcome="Y"), cuts=Cuts())
    >>> found.contradictory, [str(model) for model in found.parsimonious]
    ((2, 3), ['A*B'])
    """
    truth, opposite = cuts.tabulate(table), cuts.tabulate(table.negated())
    both = np.intersect1d(truth.number(truth.positive), opposite.number(opposite.positive))
    for_yes, for_no = (_assumed(parsimonious(one, most=most)) for one in (truth, opposite))
    ruled_out: set[int] = set()
    if untenable is not None:
        corners = SetTable(
            cases=tuple(str(number) for number in range(1, truth.n_configurations + 1)),
            conditions=table.conditions,
            values=configurations(table.levels).astype(float),
            outcome=np.zeros(truth.n_configurations),
            levels=table.levels.copy(),
        )
        unseen = set(truth.number(truth.remainders).tolist())
        ruled_out = unseen & set((1 + np.flatnonzero(corners.membership(untenable) > 1 / 2)).tolist())
    out = {*(for_yes & for_no), *map(int, both), *ruled_out}
    return EnhancedAnalysis(
        truth=truth,
        opposite=opposite,
        contradictory=tuple(sorted(for_yes & for_no)),
        simultaneous=tuple(map(int, both)),
        untenable=tuple(sorted(ruled_out)),
        parsimonious=parsimonious(truth, exclude=out, most=most),
        intermediate=intermediate(truth, expectations=expectations, exclude=out, most=most)
        if expectations
        else (),
    )


def _assumed(solution: Solution) -> set[int]:
    """Return every configuration that some model assumes."""
    return {int(number) for numbers in solution.used for number in numbers}
