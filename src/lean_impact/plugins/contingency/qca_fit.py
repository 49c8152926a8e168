"""What qca learned: solutions with their probabilities, who carries them, and what luck would do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from lean_impact.contingency.protocol import Finding, FitDesign
from lean_impact.contingency.qca import (
    FuzzyPropagation,
    RandomData,
    Solved,
    perfect_by_luck,
    random_data_check,
)
from lean_impact.contingency.qca.scenarios import ALWAYS, NEVER
from lean_impact.contingency.scoring import share_range, spell, summarise_fit
from lean_impact.contingency.ties import tied_conditions
from lean_impact.domain import Summary
from lean_impact.plugins.contingency.context_line import ContextLine
from lean_impact.plugins.contingency.qca_figure import draw_configurations
from lean_impact.plugins.contingency.qca_ties import told_apart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["QcaFit"]

_SURE: Final = 0.95
_MANY: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QcaFit(ContextLine):
    """Every solution that could be the case, with its probability.

    Attributes
    ----------
    propagation : Solved
        Solutions over what effects, memberships and unknown cells could have been.
    memberships : ndarray of float64, shape (n_completions, n_trusts, n_entering)
        Memberships of the trusts as they stand, under every completion of the unknown cells.
    success : ndarray of float64, shape (n_trusts,)
        Membership of each trust in success, by its estimate.
    consistency : float
        A configuration goes with success from this consistency on.
    solve : callable
        From positions of trusts to the solutions of these alone.
    threshold : float
        An effect above this is a success, in the unit of the measure, positive is an improvement.
    """

    propagation: Solved
    memberships: np.ndarray
    success: np.ndarray
    consistency: float
    solve: Callable[[np.ndarray], Solved]
    threshold: float

    def _disagree(self, values: np.ndarray) -> float:
        torn = (values > 0) & (values < 1)
        return float(self.weights @ torn.mean(axis=1))

    def _seen(self, candidates: np.ndarray) -> np.ndarray:
        """Say under which fillings some trust has the whole configuration, (n, n_fillings)."""
        wanted, owner = np.unique(candidates > 1 / 2, axis=0, return_inverse=True)
        seen = (wanted[:, None, None] == (self.filled > 1 / 2)[None]).all(axis=3).any(axis=2)
        return np.asarray(seen[owner.reshape(-1)])

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
        answers = self.solutions()
        top = answers.iloc[0]
        first = Finding(
            statement=f"{_words(str(top.solution))} This is the most probable of "
            f"{len(answers)} answers over what the effects could have been; an effect above "
            f"{self.threshold:g} is a success.",
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

    def solutions(self) -> pd.DataFrame:
        """Tell solutions with conditions that these trusts cannot tell apart counted as one.

        Returns
        -------
        DataFrame
            ``solution`` (models joined by ``|``, tied conditions joined by ``=``), ``n_models`` that remain
            and ``probability``, the most probable first.
        """
        ties = [tie.conditions for tie in tied_conditions(self.evidence) if tie.certain]
        return told_apart(self.propagation, ties, self.evidence)

    def _name(self, condition: str) -> str:
        return dict(zip(self.evidence.conditions, self.evidence.names, strict=True))[condition]

    def solution_carriers(self) -> tuple[str, ...]:
        """Name the trusts without which the most probable solution would be another one.

        Returns
        -------
        tuple of str
            Codes.
        """
        top = str(self.propagation.solutions["solution"].iloc[0])
        named = []
        for row, trust in enumerate(self.evidence.trusts):
            rest = self.solve(np.delete(np.arange(len(self.evidence.trusts)), row))
            if str(rest.solutions["solution"].iloc[0]) != top:
                named.append(trust)
        return tuple(sorted(named))

    def luck(self) -> tuple[RandomData, ...]:
        """Hand out the outcomes of the estimates at random, once for each filling of what is not known.

        Returns
        -------
        tuple of RandomData
            How often luck gives a solution as good; empty if all estimates are on one side of the threshold.
        """
        point = self.success > 1 / 2
        if point.all() or not point.any() or not len(self.entering):
            return ()
        seed = self.provenance.seed or 0
        return tuple(
            random_data_check(values, self.success, seed=seed, consistency=self.consistency)
            for values in self.memberships
        )

    @property
    def design(self) -> FitDesign:
        """How often luck explains outcomes like these as well, and how many models are tied."""
        found = self.luck()
        n, k = len(self.evidence.trusts), len(self.entering)
        if not found:
            some = perfect_by_luck(n, n_successes=n // 2, n_conditions=k)
            words = (
                "every estimate is on the same side of the threshold, so there is nothing to explain",
                f"{k} random conditions explain an even split of {n} trusts perfectly {some:.0%} of the time",
            )
            return FitDesign(explanations=0, words=words)
        random, perfect = _ends(found, "random_conditions"), _ends(found, "perfect")
        kind = "random yes-or-no" if found[0].degrees else "random"
        by_random = (
            f"As many {kind} conditions explain {found[0].n_successes} successes among {n} trusts perfectly "
            f"{share_range(random)} of the time."
        )
        by_order = f"With the outcomes handed out at random, these do so {share_range(perfect)} of the time."
        simple = [one.as_simple for one in found if one.literals is not None]
        ends = (min(simple, default=1.0), max(simple, default=1.0))
        by_size = f"A model as good and as simple comes up {share_range(ends)} of the time."
        said = [by_random, by_order, *([by_size] if simple else [])]
        return FitDesign(
            chance=max(simple, default=perfect[1]),
            smallest=min(one.smallest for one in found),
            explanations=max(one.n_models for one in found),
            words=tuple(said),
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """What these trusts cannot carry."""
        n, k = len(self.evidence.trusts), len(self.entering)
        said = []
        luck = self.luck()
        if luck and max(one.random_conditions for one in luck) > 1 - _SURE:
            said.append(
                f"{spell(k)} conditions are more than {spell(n)} trusts can carry: as many random ones as can be "
                f"told apart explain the outcome perfectly {share_range(_ends(luck, 'random_conditions'))} of the time"
            )
        tied = max((one.n_models for one in luck), default=0)
        if tied > 1:
            said.append(
                f"{spell(tied)} models explain the estimates equally well: one explanation, not a choice"
            )
        if isinstance(self.propagation, FuzzyPropagation):
            said.append(
                f"effects and memberships were drawn {self.propagation.draws} times; how often luck does as well "
                "is counted with both as they stand"
            )
        elif not self.propagation.outcomes.exact:
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
        return "Configurations of the trusts, and how probable it is that each succeeded"

    @property
    def description(self) -> str:
        """The chart in words."""
        chances = dict(zip(self.evidence.trusts, self.propagation.outcomes.chances, strict=True))
        words = []
        for trust in sorted(self.evidence.trusts, key=lambda code: (-chances[code], code)):
            context = self.evidence.context(trust)
            shown = ", ".join(f"{c} {context[c]}" for c in self.ids)
            words.append(f"{trust}: {shown}; succeeded with probability {chances[trust]:.2f}")
        return (
            "Grid of trusts by condition, trusts with the same configuration together, beside the probability "
            f"that the effect is above {self.threshold:g}. {'. '.join(words)}."
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw trusts by condition with the probability of success.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
            The axes drawn on.
        """
        return draw_configurations(self, ax)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return what stands behind the findings.

        Returns
        -------
        dict of str to DataFrame
            Solutions with their probabilities, difference-makers, and whose uncertainty decides.
        """
        found = self.propagation
        return {
            "Solutions over what the effects could have been": self.solutions(),
            "Conditions that make a difference": found.difference_makers,
            "Whose uncertainty decides": found.drivers.sort_values("case", ignore_index=True),
        }


def _ends(found: tuple[RandomData, ...], measure: str) -> tuple[float, float]:
    """Return the lowest and the highest of a measure over the fillings."""
    values = [float(getattr(one, measure)) for one in found]
    return min(values), max(values)


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
