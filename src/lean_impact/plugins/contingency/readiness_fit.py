"""What the readiness index learned: scores, predictions, and who ranks first whatever the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from lean_impact.contingency.evidence import Evidence, fillings
from lean_impact.contingency.protocol import Finding, FitDesign, Prediction, Score
from lean_impact.contingency.scoring import score_table, summarise_fit
from lean_impact.domain import Membership, Provenance, Reading, Summary
from lean_impact.kernels.effect_regression import regress_effects
from lean_impact.kernels.ranks import rank_shares
from lean_impact.kernels.t_mixture import thin_mixture
from lean_impact.plugins.contingency.context_score import degree_cautions
from lean_impact.plugins.contingency.lines import SAME, line_design

__all__ = ["ReadinessFit"]

_HALF: Final = 0.5
_DRAWS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadinessFit:
    """A line of effects over the readiness index, once for every way the unknown cells could be.

    Attributes
    ----------
    evidence : Evidence
        What was fitted.
    entering : ndarray of int64, shape (n_entering,)
        Positions of the conditions in the index: those that differ between the trusts, or may.
    weights : ndarray of float64, shape (n_entering,)
        Their weights, summing to 1.
    constant : ndarray of int64, shape (n_constant,)
        Positions of the conditions that are known to be the same in every trust.
    shifts : ndarray of float64, shape (n_constant,)
        How far the index of a new trust moves if it differs from them there, in units of the index.
    filled : ndarray of float64, shape (n_completions, n_trusts, n_entering)
        1 where a condition is as theory wants it, 0 where not, or how far it is; unknown cells filled both
        ways, memberships drawn.
    exact : bool
        Whether these are all completions, and not a random draw of them.
    coefficients : ndarray of float64, shape (n_completions, 2)
        Effect at index 0, and change from index 0 to 1, in the unit of the measure, positive is better.
    covariance : ndarray of float64, shape (n_completions, 2, 2)
        Covariance of the two.
    tau2 : ndarray of float64, shape (n_completions,)
        Variance of the true effects around the line.
    dfs : ndarray of float64, shape (n_completions,)
        Residual degrees of freedom; ``n - 1`` where the index does not differ and the average is used.
    limit, draws : int
        Settings of the model.
    provenance : Provenance
        Name, parameters and seed.
    """

    evidence: Evidence
    entering: np.ndarray
    weights: np.ndarray
    constant: np.ndarray
    shifts: np.ndarray
    filled: np.ndarray
    exact: bool
    coefficients: np.ndarray
    covariance: np.ndarray
    tau2: np.ndarray
    dfs: np.ndarray
    limit: int
    draws: int
    provenance: Provenance

    # ------------------------------------------------------------------ what was learned

    @property
    def index(self) -> np.ndarray:
        """Readiness index from 0 to 1 of each completion and trust, shape (n_completions, n_trusts)."""
        return np.asarray(self.filled @ self.weights)

    @property
    def has_slope(self) -> np.ndarray:
        """Whether a line could be fitted, shape (n_completions,)."""
        return np.asarray(self.dfs == len(self.evidence.trusts) - 2)

    @property
    def slope(self) -> Prediction | None:
        """Change of the effect from no to all favourable conditions, None if no line could be fitted."""
        lines = self.has_slope
        if not lines.any():
            return None
        return Prediction(
            weights=np.full(int(lines.sum()), 1 / lines.sum()),
            locations=self.coefficients[lines, 1],
            scales=np.sqrt(self.covariance[lines, 1, 1]),
            dfs=self.dfs[lines],
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """How effects go with the index, and who ranks first whatever the weights."""
        if not len(self.entering):
            return ()
        ids = tuple(self.evidence.conditions[i] for i in self.entering)
        first = self.rank_acceptability().query("rank == 1").sort_values(["probability", "trust"])
        leader, share = first["trust"].iloc[-1], float(first["probability"].iloc[-1])
        ranked = Finding(
            statement=f"Over random weights, {leader} most often has the most favourable context.",
            support=share,
            trusts=(leader,),
            evidence=ids,
        )
        slope = self.slope
        if slope is None:
            return (ranked,)
        support = slope.as_estimate()
        reads = "do not show that" if support.covers(0.0) else "suggest that"
        better = "better" if support.value >= 0 else "worse"
        line = Finding(
            statement=f"These trusts {reads} more favourable conditions go with {better} effects; the number "
            "is the change of the effect from none of the conditions to all of them.",
            support=support,
            trusts=self._carriers(support.value),
            evidence=ids,
        )
        return line, ranked

    def _carriers(self, slope: float) -> tuple[str, ...]:
        """Name the trusts without which the slope changes sign or loses more than half of itself."""
        named = []
        for row, trust in enumerate(self.evidence.trusts):
            others = np.delete(np.arange(len(self.evidence.trusts)), row)
            index = self.index[:, others]
            index = index[np.ptp(index, axis=1) > SAME]
            if not len(index):
                named.append(trust)
                continue
            fit = regress_effects(
                self.evidence.effects[others],
                self.evidence.standard_errors[others],
                designs=np.stack([np.ones_like(index), index], axis=-1),
            )
            if float(fit.coefficients[:, 1].mean()) * np.sign(slope) < _HALF * abs(slope):
                named.append(trust)
        return tuple(sorted(named))

    @property
    def cautions(self) -> tuple[str, ...]:
        """What the index cannot carry."""
        evidence = self.evidence
        n, n_unknown = len(evidence.trusts), int((evidence.states[:, self.entering] < 0).sum())
        constant = "; ".join(evidence.names[i] for i in np.flatnonzero(evidence.known_constant))
        unheard = "; ".join(evidence.names[i] for i in np.flatnonzero(evidence.wholly_unknown))
        how = "" if self.exact else f", by {len(self.filled)} random fillings instead of all"
        enters, line = len(self.entering) > 0, bool(self.has_slope.any())
        said = {
            "no condition differs between the trusts, so every prediction is the average": not enters,
            f"{n} trusts, or an index that does not differ, leave no line to fit; every prediction is the "
            "average": enters and not line,
            f"{n} trusts leave {n - 2} degrees of freedom around a line": line,
            f"{n_unknown} unknown cells were filled both ways with equal odds{how}": n_unknown > 0,
            f"the same in every trust, so it can play no part: {constant}": bool(constant),
            f"known for no trust, so it can play no part: {unheard}": bool(unheard),
        }
        degrees = degree_cautions(evidence, self.entering)
        return (*degrees, *(words for words, holds in said.items() if holds))

    # ------------------------------------------------------------------ what it says of a context

    def score(self, trust: str) -> Score:
        """Score a trust: the weighted share of favourable conditions.

        Parameters
        ----------
        trust : str
            Code of a trust that was fitted.

        Returns
        -------
        Score
            ``value`` counts an unknown condition as half; ``lower`` takes every unknown one as unfavourable
            and ``upper`` as favourable, and each membership at that end of its interval. Without any condition
            in the index: 0.5, from 0 to 1.

        Raises
        ------
        InputError
            If the trust was not fitted.
        """
        evidence = self.evidence
        expected = self.predict(evidence.context(trust)).as_estimate()
        if not len(self.entering):
            return Score(
                trust=trust,
                value=_HALF,
                lower=0.0,
                upper=1.0,
                contributions=MappingProxyType({}),
                expected=expected,
                would_change=("A condition that differs between the trusts.",),
            )
        readings = [evidence.readings[evidence.row(trust)][i] for i in self.entering]
        low, middle, high = (
            np.where(self.evidence.favourable[self.entering], part, 1 - part)
            for part in np.array([_reach(cell) for cell in readings]).T
        )
        parts = self.weights * middle
        value = float(parts.sum())
        ids = [evidence.conditions[i] for i in self.entering]
        return Score(
            trust=trust,
            value=value,
            lower=max(float(self.weights @ np.minimum(low, high)), 0.0),
            upper=min(float(self.weights @ np.maximum(low, high)), 1.0),
            contributions=MappingProxyType(dict(zip(ids, map(float, parts), strict=True))),
            expected=expected,
            would_change=tuple(self._would_change(value, parts, readings)),
        )

    def _would_change(self, value: float, parts: np.ndarray, readings: Sequence[Reading]) -> list[str]:
        """Say what each condition that is unknown, a matter of degree or unfavourable would do to a score."""
        said = []
        for position, weight, part, now in zip(self.entering, self.weights, parts, readings, strict=True):
            name, good = self.evidence.names[position], self.evidence.favourable[position]
            best, worst = value - part + weight, value - part
            if now == "unknown" or isinstance(now, Membership):
                state = f"holds to the degree {now}" if isinstance(now, Membership) else "is not known"
                holds, not_holds = (best, worst) if good else (worst, best)
                said.append(
                    f"'{name}' {state}: the score would be {holds:.2f} if it held and {not_holds:.2f} if not."
                )
            elif part == 0:
                words = "does not hold" if good else "holds"
                said.append(f"'{name}' {words}: the other way the score would be {best:.2f}.")
        return said

    def predict(self, states: Mapping[str, Reading]) -> Prediction:
        """Predict the effect in a context, over all ways the unknown cells could be.

        Parameters
        ----------
        states : mapping of str to ({"present", "absent", "unknown"} or Membership)
            A reading for every condition.

        Returns
        -------
        Prediction
            The line at the new index, extended where the context differs from a condition that all fitted
            trusts share. One t component for each completion of the fitted trusts and each value of the new
            index, with
            scale ``sqrt(tau2 + x' cov x)``. ``outside`` is the probability that the context has a state that
            no fitted trust had, or an index beyond theirs.
        """
        self.evidence.encode(states)
        places = np.append(self.entering, self.constant)
        readings = [states[self.evidence.conditions[i]] for i in places]
        raw, _ = fillings([readings], limit=self.limit, seed=self.provenance.seed or 0, draws=_DRAWS)
        candidates = np.where(self.evidence.favourable[places], raw[:, 0], 1 - raw[:, 0])
        entering, constant = np.split(candidates, [len(self.entering)], axis=1)
        differs = constant - self.evidence.favours[0, self.constant]
        index = entering @ self.weights + differs @ self.shifts
        values, counts = np.unique(index.round(12), return_counts=True)
        at = np.stack([np.ones_like(values), values], axis=-1)
        locations = self.coefficients @ at.T
        variances = self.tau2[:, None] + np.einsum("vi,cij,vj->cv", at, self.covariance, at)
        weights = np.tile(counts / counts.sum() / len(self.filled), (len(self.filled), 1))
        odds, centres, scales, dfs = thin_mixture(
            weights.ravel(), locations.ravel(), np.sqrt(variances).ravel(), np.repeat(self.dfs, len(values))
        )
        return Prediction(
            weights=odds / odds.sum(),
            locations=centres,
            scales=scales,
            dfs=dfs,
            outside=self._outside(entering, index, (differs != 0).any(axis=1)),
        )

    def _outside(self, entering: np.ndarray, index: np.ndarray, differs: np.ndarray) -> float:
        """Return the share of completions in which the context is outside what was observed."""
        seen = ((entering > _HALF)[:, None, None] == (self.filled > _HALF)[None]).any(axis=2).all(axis=2)
        fitted, value = self.index, index[:, None]
        within = (value >= fitted.min(axis=1) - SAME) & (value <= fitted.max(axis=1) + SAME)
        return float(1 - (seen & within & ~differs[:, None]).mean())

    def rank_acceptability(self) -> pd.DataFrame:
        """Tell how often each trust takes each rank when the weights are drawn at random.

        Returns
        -------
        DataFrame
            ``trust``, ``rank`` (1 is the most favourable context) and ``probability``; tied trusts share the
            ranks they occupy. Weights are uniform on the simplex, unknown cells filled both ways with equal
            odds.

        References
        ----------
        Lahdelma and Salminen (2001), Operations Research 49, 444-454.
        """
        trusts = self.evidence.trusts
        rng = np.random.default_rng(np.random.SeedSequence([self.provenance.seed or 0, len(trusts)]))
        weights = rng.dirichlet(np.ones(max(len(self.entering), 1)), self.draws)[:, : len(self.entering)]
        picked = self.filled[rng.integers(0, len(self.filled), self.draws)]
        shares = rank_shares(np.einsum("dtm,dm->dt", picked, weights))
        rows = [
            (trust, rank + 1, float(shares[row, rank]))
            for row, trust in enumerate(trusts)
            for rank in range(len(trusts))
        ]
        frame = pd.DataFrame(rows, columns=["trust", "rank", "probability"])
        return frame.sort_values(["trust", "rank"], ignore_index=True)

    @property
    def design(self) -> FitDesign:
        """How often the index goes with the effects as well by luck."""
        return line_design(self.evidence, self.index.mean(axis=0))

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each trust, see :func:`lean_impact.contingency.score_table`."""
        return score_table(self, trusts=self.evidence.trusts)

    def summary(self) -> Summary:
        """Say what was found, in words."""
        return summarise_fit("Readiness index: share of favourable conditions", self.findings, self.cautions)


def _reach(reading: Reading) -> tuple[float, float, float]:
    """Return the lowest, likely and highest membership."""
    if isinstance(reading, Membership):
        ends = (reading.value if end is None else end for end in (reading.lower, reading.upper))
        low, high = ends
        return low, reading.value, high
    return {"present": (1.0, 1.0, 1.0), "absent": (0.0, 0.0, 0.0), "unknown": (0.0, _HALF, 1.0)}[reading]
