"""A contingency model: a trust fares like those whose context is most like its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from lean_impact.contingency import Evidence, Finding, FitDesign, Prediction, Score, completions, score_table
from lean_impact.domain import CaseTable, Provenance, Reading, State, Summary, TrustEffect
from lean_impact.domain.measure import Direction

__all__ = ["Neighbours", "NeighboursFit"]

FILLINGS = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NeighboursFit:
    """The fitted trusts; effects are oriented so that a positive one is an improvement."""

    evidence: Evidence
    provenance: Provenance

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to expect where nothing is known."""
        nothing: dict[str, Reading] = dict.fromkeys(self.evidence.conditions, "unknown")
        support = self.predict(nothing).as_estimate()
        return (Finding(statement="Effect in an unknown context.", support=support, trusts=(), evidence=()),)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What limits it."""
        return ("every condition counts the same, which nobody has shown",)

    @property
    def design(self) -> FitDesign:
        """What these trusts can carry: nothing is fitted here, so nothing can fit by luck."""
        return FitDesign(words=("no condition is chosen by how well it fits",))

    def predict(self, states: Mapping[str, Reading]) -> Prediction:
        """Mix the effects of all trusts, each condition that differs halving a trust's weight."""
        new = self.evidence.encode(states)
        differ = np.abs(self.evidence.states - new).astype(float)
        differ[(self.evidence.states < 0) | (new < 0)] = 0.5
        distance = differ[:, self.evidence.testable].sum(axis=1)
        weights = 0.5**distance
        n = len(weights)
        return Prediction(
            weights=weights / weights.sum(),
            locations=self.evidence.effects.copy(),
            scales=self.evidence.standard_errors.copy(),
            dfs=np.full(n, n - 1.0),
            outside=float(distance.min() >= 1),
        )

    def score(self, trust: str) -> Score:
        """Score a trust by the probability of an improvement in its context."""
        context = self.evidence.context(trust)
        filled, _ = completions(self.evidence.encode(context), limit=FILLINGS, seed=0)
        words: tuple[State, State] = ("absent", "present")
        value = 1 - self.predict(context).cdf(0.0)
        could_be = [value]
        for row in filled:
            states = {name: words[int(state)] for name, state in zip(context, row, strict=True)}
            could_be.append(1 - self.predict(states).cdf(0.0))
        unknown = [name for name, state in context.items() if state == "unknown"]
        return Score(
            trust=trust,
            value=value,
            lower=min(could_be),
            upper=max(could_be),
            contributions={},
            expected=self.predict(context).as_estimate(),
            would_change=tuple(f"Establishing '{name}'." for name in unknown),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each trust."""
        return score_table(self, trusts=self.evidence.trusts)

    def summary(self) -> Summary:
        """Say what was found, in words."""
        return Summary("\n".join(["Neighbours in context", *(f.statement for f in self.findings)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The model: configuration only, of which this one has none."""

    @property
    def name(self) -> str:
        """Name of the model."""
        return "neighbours"

    def fit(
        self, cases: CaseTable, effects: Sequence[TrustEffect], *, improvement: Direction, seed: int
    ) -> NeighboursFit:
        """Learn from cases and effects; ``Evidence`` does the checking that every model needs."""
        return NeighboursFit(
            evidence=Evidence.gather(cases, effects, improvement=improvement),
            provenance=Provenance(plugin=self.name, seed=seed),
        )
