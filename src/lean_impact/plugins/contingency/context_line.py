"""Fits that predict by a line over an index of context: profile, moderation, rules and qca."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from lean_impact.contingency.protocol import Finding, FitDesign, Prediction
from lean_impact.domain import Reading
from lean_impact.kernels.effect_regression import regress_effects
from lean_impact.plugins.contingency.context_score import ContextScore
from lean_impact.plugins.contingency.lines import SAME, Lines, line_design

__all__ = ["ContextLine"]

_HALF: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContextLine(ContextScore):
    """What a model learned that predicts by a line over an index of context.

    Attributes
    ----------
    lines : Lines
        One line for each scenario; the other attributes are those of ``ContextScore``.
    """

    lines: Lines

    @property
    def slope(self) -> Prediction | None:
        """Change of the effect from index 0 to 1, None if no line could be fitted."""
        return self.lines.slope(self.weights, n_trusts=len(self.evidence.trusts))

    def _disagree(self, values: np.ndarray) -> float:
        """Return the probability that tied explanations disagree: none where there is only one."""
        del values
        return 0.0

    def predict(self, states: Mapping[str, Reading]) -> Prediction:
        """Predict the effect in a context, over all ways the unknown cells could be.

        Parameters
        ----------
        states : mapping of str to ({"present", "absent", "unknown"} or Membership)
            A reading for every condition.

        Returns
        -------
        Prediction
            Lines at the new index, weighted by the scenarios. ``outside`` is the probability that the
            context has a state that no fitted trust had, or an index beyond theirs.
        """
        codes = self.evidence.encode(states)
        candidates = self._candidates(states)
        values = self.index_of(candidates)
        weights = np.repeat(self.weights[:, None] / len(candidates), len(candidates), axis=1)
        return self.lines.predict(
            values, weights, outside=self._outside(codes, candidates, values), disagree=self._disagree(values)
        )

    # ------------------------------------------------------------------ what carries it

    def carriers(self, slope: float) -> tuple[str, ...]:
        """Name the trusts without which the slope changes sign or loses more than half of itself.

        Parameters
        ----------
        slope : float
            Slope from all trusts.

        Returns
        -------
        tuple of str
            Codes.
        """
        named = []
        evidence, index = self.evidence, self.index
        for row, trust in enumerate(evidence.trusts):
            others = np.delete(np.arange(len(evidence.trusts)), row)
            kept = index[:, others]
            line = np.ptp(kept, axis=1) > SAME
            if not line.any():
                named.append(trust)
                continue
            fit = regress_effects(
                evidence.effects[others],
                evidence.standard_errors[others],
                designs=np.stack([np.ones_like(kept[line]), kept[line]], axis=-1),
            )
            odds = self.weights[line] / self.weights[line].sum()
            if float(odds @ fit.coefficients[:, 1]) * np.sign(slope) < _HALF * abs(slope):
                named.append(trust)
        return tuple(sorted(named))

    @property
    def design(self) -> FitDesign:
        """How often the index goes with the effects as well by luck."""
        return line_design(self.evidence, self.weights @ self.index)

    def slope_finding(self, words: str) -> Finding | None:
        """State how the effects go with the index.

        Parameters
        ----------
        words : str
            What a higher index means, as in "more of the conditions".

        Returns
        -------
        Finding or None
            None if no line could be fitted.
        """
        slope = self.slope
        if slope is None:
            return None
        support = slope.as_estimate()
        reads = "do not show that" if support.covers(0.0) else "suggest that"
        better = "better" if support.value >= 0 else "worse"
        return Finding(
            statement=f"These trusts {reads} {words} goes with {better} effects; the number is the change of "
            "the effect from none of it to all of it.",
            support=support,
            trusts=self.carriers(support.value),
            evidence=self.ids,
        )
