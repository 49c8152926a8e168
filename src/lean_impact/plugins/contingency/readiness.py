"""The readiness index: count the favourable conditions, with weights that are stated and then doubted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from lean_impact.contingency.evidence import Evidence, completions
from lean_impact.contingency.protocol import Finding, Prediction, Score
from lean_impact.contingency.scoring import library_version, score_table, summarise_fit
from lean_impact.domain import CaseTable, Provenance, State, Summary, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import InputError, Issue
from lean_impact.kernels.effect_regression import regress_effects
from lean_impact.kernels.ranks import rank_shares

__all__ = ["ReadinessFit", "ReadinessIndex"]

_FEWEST_FOR_SLOPE: Final = 4
"""A line leaves n - 2 degrees of freedom, and a prediction needs more than one of them to have a mean."""
_SAME: Final = 1e-9
_HALF: Final = 0.5


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
    filled : ndarray of float64, shape (n_completions, n_trusts, n_entering)
        1 where a condition is as theory wants it, 0 where not, unknown cells filled both ways.
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
            statement=f"{leader} has the most favourable context, whatever weights the conditions are given.",
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
            statement=f"These trusts {reads} more favourable conditions go with {better} effects; the number is "
            "the change of the effect from none of the conditions to all of them.",
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
            index = index[np.ptp(index, axis=1) > _SAME]
            if len(index):
                fit = regress_effects(
                    self.evidence.effects[others],
                    self.evidence.standard_errors[others],
                    designs=np.stack([np.ones_like(index), index], axis=-1),
                )
                remaining = float(fit.coefficients[:, 1].mean())
            if not len(index) or remaining * np.sign(slope) < _HALF * abs(slope):
                named.append(trust)
        return tuple(sorted(named))

    @property
    def cautions(self) -> tuple[str, ...]:
        """What the index cannot carry."""
        evidence = self.evidence
        n, n_unknown = len(evidence.trusts), int((evidence.states[:, self.entering] < 0).sum())
        constant = [evidence.names[i] for i in np.flatnonzero(evidence.known_constant)]
        unheard = [evidence.names[i] for i in np.flatnonzero(evidence.wholly_unknown)]
        shown = self.has_slope
        said = (
            (not len(self.entering), "no condition differs between the trusts, so there is no index; every "
             "prediction is the average"),
            (len(self.entering) > 0 and not shown.any(), f"{n} trusts, or an index that does not differ, leave "
             "no line to fit; every prediction is the average"),
            (shown.any(), f"the line rests on {n} trusts and {n - 2} residual degrees of freedom"),
            (n_unknown > 0, f"{n_unknown} unknown cells were filled both ways with equal odds"
             + ("" if self.exact else f", by {len(self.filled)} random fillings instead of all")),
            (bool(constant), f"the same in every trust, so not in the index: {'; '.join(constant)}"),
            (bool(unheard), f"known for no trust, so not in the index: {'; '.join(unheard)}"),
        )  # fmt: skip
        return tuple(words for holds, words in said if holds)

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
            ``value`` counts an unknown condition as half; ``lower`` takes every unknown one as unfavourable and
            ``upper`` as favourable. Without any condition in the index: 0.5, from 0 to 1.

        Raises
        ------
        InputError
            If the trust was not fitted.
        """
        evidence = self.evidence
        expected = self.predict(evidence.context(trust)).as_estimate()
        if not len(self.entering):
            return Score(trust=trust, value=_HALF, lower=0.0, upper=1.0, contributions=MappingProxyType({}),
                         expected=expected, would_change=("A condition that differs between the trusts.",))  # fmt: skip
        helps = evidence.favours[evidence.row(trust), self.entering]
        parts = self.weights * np.where(helps < 0, _HALF, helps)
        doubt = float(self.weights[helps < 0].sum()) / 2
        value = float(parts.sum())
        ids = [evidence.conditions[i] for i in self.entering]
        return Score(
            trust=trust,
            value=value,
            lower=max(value - doubt, 0.0),
            upper=min(value + doubt, 1.0),
            contributions=MappingProxyType(dict(zip(ids, map(float, parts), strict=True))),
            expected=expected,
            would_change=tuple(self._would_change(value, helps)),
        )

    def _would_change(self, value: float, helps: np.ndarray) -> list[str]:
        """Say what each unknown or unfavourable condition would do to a score."""
        said = []
        for position, weight, state in zip(self.entering, self.weights, helps, strict=True):
            name = self.evidence.names[position]
            if state < 0:
                gain = weight / 2 if self.evidence.favourable[position] else -weight / 2
                said.append(
                    f"'{name}' is not known: the score would be {value + gain:.2f} if it held and "
                    f"{value - gain:.2f} if not."
                )
            elif state == 0:
                now = "does not hold" if self.evidence.favourable[position] else "holds"
                said.append(f"'{name}' {now}: the other way the score would be {value + weight:.2f}.")
        return said

    def predict(self, states: Mapping[str, State]) -> Prediction:
        """Predict the effect in a context, over all ways the unknown cells could be.

        Parameters
        ----------
        states : mapping of str to {"present", "absent", "unknown"}
            A state for every condition.

        Returns
        -------
        Prediction
            One t component for each completion of the fitted trusts and each value of the new index, with scale
            ``sqrt(tau2 + x' cov x)``. ``outside`` is the probability that the context has a state that no fitted
            trust had, or an index beyond theirs.
        """
        new = self.evidence.encode(states)
        favours = np.where(self.evidence.favourable | (new < 0), new, 1 - new)[self.entering]
        seed = self.provenance.seed or 0
        candidates, _ = completions(favours.astype(np.int8), limit=self.limit, seed=seed)
        values, counts = np.unique((candidates @ self.weights).round(12), return_counts=True)
        at = np.stack([np.ones_like(values), values], axis=-1)
        locations = self.coefficients @ at.T
        variances = self.tau2[:, None] + np.einsum("vi,cij,vj->cv", at, self.covariance, at)
        weights = np.tile(counts / counts.sum() / len(self.filled), (len(self.filled), 1))
        return Prediction(
            weights=weights.ravel(),
            locations=locations.ravel(),
            scales=np.sqrt(variances).ravel(),
            dfs=np.repeat(self.dfs, len(values)),
            outside=self._outside(new, candidates),
        )

    def _outside(self, new: np.ndarray, candidates: np.ndarray) -> float:
        """Return the share of completions in which the context is outside what was observed."""
        constant = self.evidence.known_constant & (new >= 0)
        if (constant & (new != self.evidence.states[0])).any():
            return 1.0
        if not len(self.entering):
            return 0.0
        seen = (candidates[:, None, None] == self.filled[None]).any(axis=2).all(axis=2)
        index, value = self.index, (candidates @ self.weights)[:, None]
        within = (value >= index.min(axis=1) - _SAME) & (value <= index.max(axis=1) + _SAME)
        return float(1 - (seen & within).mean())

    def rank_acceptability(self) -> pd.DataFrame:
        """Tell how often each trust takes each rank when the weights are drawn at random.

        Returns
        -------
        DataFrame
            ``trust``, ``rank`` (1 is the most favourable context) and ``probability``; tied trusts share the
            ranks they occupy. Weights are uniform on the simplex, unknown cells filled both ways with equal odds.

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

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each trust, see :func:`lean_impact.contingency.scoring.score_table`."""
        return score_table(self, trusts=self.evidence.trusts)

    def summary(self) -> Summary:
        """Say what was found, in words."""
        return summarise_fit("Readiness index: share of favourable conditions", self.findings, self.cautions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessIndex:
    """Predict the effect from how many of the favourable conditions a trust has.

    Parameters
    ----------
    weights : mapping of str to float, optional
        Weight above 0 of each condition, by identifier; equal weights if not given.
    limit : int, default 128
        Unknown cells are filled in all ways up to this many; beyond, in as many random ways.
    draws : int, default 2000
        Random weights for :meth:`ReadinessFit.rank_acceptability`.

    Notes
    -----
    Index of a trust: weighted share of conditions that are as theory wants them. A condition that is the same
    in every trust, or known for none, does not enter. The effects are regressed on the index by
    ``effect_i = a + b index_i + u_i + e_i`` with the spread of Paule and Mandel around the line, and predicted by
    a t distribution with ``n - 2`` degrees of freedom. With fewer than four trusts, or the same index for all,
    the average takes the place of the line. Unknown cells make a mixture over everything they could be, with
    equal odds: they are never taken as absent.

    Examples
    --------
    >>> from lean_impact.domain import Cell, Condition, Estimate
    >>> codes, states = ("RTP", "RR8", "RF4", "RXW"), ("present", "present", "unknown", "absent")
    >>> cases = CaseTable(conditions=(Condition(id="stable", name="Same leader", basis="press"),), trusts=codes,
    ...     cells=tuple(Cell(trust=t, condition="stable", state=s, confidence="high")
    ...                 for t, s in zip(codes, states)))
    >>> effects = [TrustEffect(trust=t, estimate=Estimate(value=v, standard_error=0.5, lower=v - 1, upper=v + 1))
    ...            for t, v in zip(codes, (2.0, 1.5, 0.5, 0.0))]
    >>> score = ReadinessIndex().fit(cases, effects, improvement="increase", seed=1).score("RF4")
    >>> score.value, score.lower, score.upper
    (0.5, 0.0, 1.0)
    >>> score.would_change
    ("'Same leader' is not known: the score would be 1.00 if it held and 0.00 if not.",)
    """

    weights: Mapping[str, float] | None = None
    limit: int = 128
    draws: int = 2000

    @property
    def name(self) -> str:
        """Name of the model."""
        return "readiness"

    def fit(
        self, cases: CaseTable, effects: Sequence[TrustEffect], *, improvement: Direction, seed: int
    ) -> ReadinessFit:
        """Fit the line of effects over the index.

        Parameters
        ----------
        cases : CaseTable
            Which trust showed which condition; unknown is kept.
        effects : sequence of TrustEffect
            One for each trust of the table, with standard errors.
        improvement : {"increase", "decrease", "neutral"}
            Which movement of the measure is better.
        seed : int
            Seed of random weights, and of random fillings if there are too many unknown cells.

        Returns
        -------
        ReadinessFit
            Index, line, scores and predictions.

        Raises
        ------
        InputError
            If a weight is missing, not above 0, or of no condition in the table; or if cases and effects do not
            belong together, see :meth:`lean_impact.contingency.evidence.Evidence.gather`.
        """
        evidence = Evidence.gather(cases, effects, improvement=improvement)
        entering = np.flatnonzero(evidence.testable)
        weights = self._weights(evidence, entering)
        filled, exact = completions(evidence.favours[:, entering], limit=self.limit, seed=seed)
        coefficients, covariance, tau2, dfs = _lines(evidence, filled @ weights)
        arrays = {"entering": entering, "weights": weights, "filled": filled, "coefficients": coefficients,
                  "covariance": covariance, "tau2": tau2, "dfs": dfs}  # fmt: skip
        for array in arrays.values():
            array.setflags(write=False)
        stated = zip((evidence.conditions[i] for i in entering), weights, strict=True)
        provenance = Provenance(
            plugin=self.name,
            version=library_version(),
            parameters={
                "weights": ", ".join(f"{c} {w:.4g}" for c, w in stated) or "none",
                "limit": str(self.limit),
                "draws": str(self.draws),
                "improvement": improvement,
            },
            seed=seed,
        )
        return ReadinessFit(
            evidence=evidence,
            exact=exact,
            limit=self.limit,
            draws=self.draws,
            provenance=provenance,
            **arrays,
        )

    def _weights(self, evidence: Evidence, entering: np.ndarray) -> np.ndarray:
        """Return the weights of the conditions in the index, summing to 1."""
        if self.weights is None:
            return np.full(len(entering), 1 / max(len(entering), 1))
        needed = [evidence.conditions[i] for i in entering]
        issues = [
            Issue(rule="weight-missing", message=f"condition '{c}' has no weight")
            for c in needed
            if c not in self.weights
        ]
        issues += [
            Issue(rule="weight-unheard-of", message=f"weight of '{c}', which is not in the case table")
            for c in self.weights
            if c not in evidence.conditions
        ]
        issues += [
            Issue(rule="weight", message=f"the weight {w} of '{c}' is not a number above 0")
            for c, w in self.weights.items()
            if not (np.isfinite(w) and w > 0)
        ]
        if issues:
            raise InputError("the weights of the readiness index cannot be used", issues)
        chosen = np.array([self.weights[c] for c in needed], dtype=float)
        return chosen / chosen.sum() if len(chosen) else chosen


def _lines(evidence: Evidence, index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Fit a line for each completion, or the average where the index does not differ."""
    n = len(evidence.trusts)
    line = (np.ptp(index, axis=1) > _SAME) & (n >= _FEWEST_FOR_SLOPE)
    coefficients, covariance = np.zeros((len(index), 2)), np.zeros((len(index), 2, 2))
    tau2, dfs = np.zeros(len(index)), np.where(line, n - 2.0, n - 1.0)
    designs = np.stack([np.ones_like(index), index], axis=-1)
    for rows, columns in ((line, 2), (~line, 1)):
        if rows.any():
            fit = regress_effects(
                evidence.effects, evidence.standard_errors, designs=designs[rows][:, :, :columns]
            )
            coefficients[rows, :columns] = fit.coefficients
            covariance[rows, :columns, :columns] = fit.covariance
            tau2[rows] = fit.tau2
    return coefficients, covariance, tau2, dfs
