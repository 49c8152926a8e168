"""The readiness index: count the favourable conditions, with weights that are stated and then doubted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lean_impact import __version__
from lean_impact.contingency.evidence import Evidence
from lean_impact.domain import CaseTable, Provenance, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import InputError, Issue
from lean_impact.plugins.contingency.lines import Lines
from lean_impact.plugins.contingency.readiness_fit import ReadinessFit

__all__ = ["ReadinessFit", "ReadinessIndex"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessIndex:
    """Predict the effect from how many of the favourable conditions a trust has.

    Parameters
    ----------
    weights : mapping of str to float, optional
        Weight above 0 of each condition, by identifier; equal weights if not given. A condition that is the
        same in every trust may be left out.
    limit : int, default 128
        Unknown cells are filled in all ways up to this many; beyond, in as many random ways.
    draws : int, default 2000
        Random weights for :meth:`ReadinessFit.rank_acceptability`.

    Notes
    -----
    Index of a trust: weighted share of conditions that are as theory wants them. A condition that is the same
    in every trust, or known for none, does not enter; a new trust that differs on one that is the same in all
    fitted trusts moves along the line by its weight, which is an extrapolation and reported as such. The
    effects are regressed on the index by ``effect_i = a + b index_i + u_i + e_i`` with the spread of Paule
    and Mandel around the line, and predicted by a t distribution with ``n - 2`` degrees of freedom. With
    fewer than four trusts, or the same index for all, the average takes the place of the line. Unknown cells
    make a mixture over everything they could be, with equal odds: they are never taken as absent.

    Examples
    --------
    >>> from lean_impact.contingency.synthetic import synthetic_cases, synthetic_effects
    >>> cases = synthetic_cases({"stable": "11?0"}, trusts=("RTP", "RR8", "RF4", "RXW"))
    >>> values = {"RTP": 2.0, "RR8": 1.5, "RF4": 0.5, "RXW": 0.0}
    >>> effects = synthetic_effects(values, standard_errors=0.5)
    >>> score = ReadinessIndex().fit(cases, effects, improvement="increase", seed=1).score("RF4")
    >>> score.value, score.lower, score.upper
    (0.5, 0.0, 1.0)
    >>> score.would_change
    ("'stable' is not known: the score would be 1.00 if it held and 0.00 if not.",)
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
            If a weight is missing, not above 0, or of no condition in the table; or if cases and effects do
            not belong together, see :meth:`lean_impact.contingency.Evidence.gather`.
        """
        evidence = Evidence.gather(cases, effects, improvement=improvement)
        entering = np.flatnonzero(evidence.testable)
        constant = np.flatnonzero(evidence.known_constant)
        weights, shifts = self._weights(evidence, entering, constant)
        raw, exact = evidence.fillings(entering, limit=self.limit, seed=seed)
        filled = np.where(evidence.favourable[entering], raw, 1 - raw)
        lines = Lines.of(evidence, filled @ weights)
        for array in (entering, constant, weights, shifts, filled):
            array.setflags(write=False)
        stated = zip((evidence.conditions[i] for i in entering), weights, strict=True)
        provenance = Provenance(
            plugin=self.name,
            version=__version__,
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
            entering=entering,
            weights=weights,
            constant=constant,
            shifts=shifts,
            filled=filled,
            exact=exact,
            coefficients=lines.coefficients,
            covariance=lines.covariance,
            tau2=lines.tau2,
            dfs=lines.dfs,
            limit=self.limit,
            draws=self.draws,
            provenance=provenance,
        )

    def _weights(
        self, evidence: Evidence, entering: np.ndarray, constant: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights of conditions in the index, and of constant ones in the same unit."""
        given = dict.fromkeys(evidence.conditions, 1.0) if self.weights is None else self.weights
        needed = [evidence.conditions[i] for i in entering]
        issues = [
            Issue(rule="weight-missing", message=f"condition '{c}' has no weight")
            for c in needed
            if c not in given
        ]
        issues += [
            Issue(rule="weight-unheard-of", message=f"weight of '{c}', which is not in the case table")
            for c in given
            if c not in evidence.conditions
        ]
        issues += [
            Issue(rule="weight", message=f"the weight {w} of '{c}' is not a number above 0")
            for c, w in given.items()
            if not (np.isfinite(w) and w > 0)
        ]
        if issues:
            raise InputError("the weights of the readiness index cannot be used", issues)
        chosen = np.array([given[c] for c in needed], dtype=float)
        # A constant condition needs no weight: without one it moves no prediction.
        others = np.array([given.get(evidence.conditions[i], 0.0) for i in constant], dtype=float)
        total = float(chosen.sum())
        return (chosen / total, others / total) if len(chosen) else (chosen, np.zeros(len(constant)))
