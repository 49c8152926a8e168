"""What qca learned: solutions with their probabilities, who carries them, and what luck would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lean_impact.contingency.protocol import Finding, FitDesign
from lean_impact.contingency.qca import (
    Cuts,
    Model,
    Propagation,
    RandomData,
    SetTable,
    TruthTable,
    parsimonious,
    perfect_by_luck,
    propagate,
    random_data_check,
)
from lean_impact.contingency.qca.propagation import ALWAYS, NEVER
from lean_impact.contingency.scoring import spell, summarise_fit
from lean_impact.domain import Summary
from lean_impact.plugins.contingency.context_line import ContextLine

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["QcaFit"]

_HALF: Final = 0.5
_SURE: Final = 0.95
_MANY: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QcaFit(ContextLine):
    """Every solution that could be the case, with its probability.

    Attributes
    ----------
    propagation : Propagation
        Solutions over the patterns of success and the fillings of unknown cells.
    threshold : float
        An effect above this is a success, in the unit of the measure, positive is an improvement.
    """

    propagation: Propagation
    threshold: float

    def _disagree(self, values: np.ndarray) -> float:
        torn = (values > 0) & (values < 1)
        return float(self.weights @ torn.mean(axis=1))

    def _range(self, candidates: np.ndarray) -> tuple[float, float, float]:
        """Return the probability that all tied models, the average one, and any one predict a success."""
        votes = self.index_of(candidates)
        every, some = self.weights @ (votes == 1), self.weights @ (votes > 0)
        expected = self.weights @ votes
        ends = np.clip([every.min(), expected.mean(), some.max()], 0.0, 1.0)
        return float(ends[0]), float(ends[1]), float(ends[2])

    # ------------------------------------------------------------------ what was found

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The most probable solution, which conditions make a difference, and what is tied."""
        if not len(self.entering):
            return ()
        top = self.propagation.solutions.iloc[0]
        first = Finding(
            statement=f"{_words(str(top.solution))} This is the most probable of "
            f"{len(self.propagation.solutions)} answers over what the effects could have been.",
            support=float(top.probability),
            trusts=self.solution_carriers(),
            evidence=self.ids,
        )
        makers = self.propagation.difference_makers.sort_values(
            ["in_some", "condition"], ascending=[False, True]
        )
        others = [
            Finding(
                statement=f"'{self._name(condition)}' plays a part in some explanation of the pattern "
                f"(in every one with probability {every:.2f}).",
                support=min(some, 1.0),
                trusts=(),
                evidence=(condition,),
            )
            for condition, every, some in list(makers.itertuples(index=False, name=None))[:_MANY]
        ]
        return (first, *others)

    def _name(self, condition: str) -> str:
        return dict(zip(self.evidence.conditions, self.evidence.names, strict=True))[condition]

    def solution_carriers(self) -> tuple[str, ...]:
        """Name the trusts without which the most probable solution would be another one.

        Returns
        -------
        tuple of str
            Codes.
        """
        found, top = self.propagation, str(self.propagation.solutions["solution"].iloc[0])
        named = []
        for row, trust in enumerate(self.evidence.trusts):
            rest = propagate(
                np.delete(found.rows, row, axis=1),
                found.outcomes.without(row),
                conditions=found.conditions,
            )
            if str(rest.solutions["solution"].iloc[0]) != top:
                named.append(trust)
        return tuple(sorted(named))

    @property
    def table(self) -> SetTable:
        """Trusts by conditions as the estimates have it, the first filling of what is not known."""
        return SetTable(
            cases=self.evidence.trusts,
            conditions=self.ids,
            values=self.filled[0].copy(),
            outcome=self.propagation.outcomes.point.astype(float),
            levels=np.full(len(self.ids), 2, dtype=np.int64),
            outcome_name="effect above the threshold",
        )

    @property
    def truth(self) -> TruthTable:
        """Truth table of the estimates themselves, as if they were certain."""
        return Cuts().tabulate(self.table)

    @property
    def models(self) -> tuple[Model, ...]:
        """Tied parsimonious models of the estimates themselves, as if they were certain."""
        return parsimonious(self.truth).models

    def luck(self) -> RandomData | None:
        """Hand out the outcomes of the estimates at random, None if they are all the same.

        Returns
        -------
        RandomData or None
            How often luck gives a solution as good, for the first filling of what is not known.
        """
        point = self.propagation.outcomes.point
        if point.all() or not point.any() or not len(self.entering):
            return None
        return random_data_check(self.propagation.rows[0], point, seed=self.provenance.seed or 0)

    @property
    def design(self) -> FitDesign:
        """How often luck explains outcomes like these as well, and how many models are tied."""
        found = self.luck()
        n, k = len(self.evidence.trusts), len(self.entering)
        if found is None:
            some = perfect_by_luck(n, n_successes=max(n // 2, 1), n_conditions=k)
            words = (
                "every estimate is on the same side of the threshold, so there is nothing to explain",
                f"{k} random conditions explain an even split of {n} trusts perfectly {some:.0%} of the time",
            )
            return FitDesign(explanations=0, words=words)
        chance = found.perfect if np.isnan(found.as_simple) else found.as_simple
        return FitDesign(
            chance=chance,
            smallest=found.smallest,
            explanations=found.n_models,
            words=tuple(str(found.summary()).splitlines()),
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """What these trusts cannot carry."""
        n, k = len(self.evidence.trusts), len(self.entering)
        said = []
        luck = self.luck()
        if luck is not None and luck.random_conditions > 1 - _SURE:
            said.append(
                f"{spell(k)} conditions are more than {spell(n)} trusts can carry: random ones explain the "
                f"outcome perfectly {luck.random_conditions:.0%} of the time"
            )
        if luck is not None and luck.n_models > 1:
            said.append(
                f"{luck.n_models} models explain the estimates equally well: one explanation, not a choice"
            )
        if not self.propagation.outcomes.exact:
            said.append("patterns of success were drawn at random instead of enumerated")
        chances = dict(zip(self.evidence.trusts, self.propagation.outcomes.chances, strict=True))
        doubtful = [f"{t} ({p:.0%})" for t, p in sorted(chances.items()) if 1 - _SURE < p < _SURE]
        if doubtful:
            said.append(f"not known to have succeeded or failed: {', '.join(doubtful)}")
        return (*said, *self.filling_cautions)

    def summary(self) -> Summary:
        """Say what was found, in words."""
        return summarise_fit("QCA over what the effects could have been", self.findings, self.cautions)

    # ------------------------------------------------------------------ to be seen

    @property
    def title(self) -> str:
        """Title of the chart."""
        return "Configurations of the trusts, taking the estimates as if they were certain"

    @property
    def description(self) -> str:
        """The chart in words."""
        return self.truth.description

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the truth table of the estimates.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
            The axes drawn on.
        """
        drawn = self.truth.plot(ax)
        drawn.set_title(self.title, fontsize=11, loc="left", pad=12)
        return drawn

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return what stands behind the findings.

        Returns
        -------
        dict of str to DataFrame
            Solutions with their probabilities, difference-makers, and whose uncertainty decides.
        """
        found = self.propagation
        return {
            "Solutions over what the effects could have been": found.solutions,
            "Conditions that make a difference": found.difference_makers,
            "Whose uncertainty decides": found.drivers.sort_values("case", ignore_index=True),
        }


def _words(solution: str) -> str:
    """Write a solution as a sentence."""
    if solution == NEVER:
        return "No configuration of conditions goes with a success."
    if solution == ALWAYS:
        return "Every trust succeeds, whatever its context."
    n = solution.count("|") + 1
    if n == 1:
        return f"Success goes with {solution}."
    return f"Success goes with one of {spell(n)} explanations that cannot be told apart: {solution}."
