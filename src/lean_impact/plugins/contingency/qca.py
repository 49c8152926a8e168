"""Qualitative comparative analysis of effects that are not certain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lean_impact import __version__
from lean_impact.contingency.evidence import Evidence, completions
from lean_impact.contingency.qca import Cuts, FuzzyDraws, Outcomes, SetTable, Solved, propagate
from lean_impact.domain import CaseTable, Membership, Provenance, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import InputError, Issue
from lean_impact.kernels.implicants import MOST_CONDITIONS
from lean_impact.plugins.contingency.lines import Lines, trust_index
from lean_impact.plugins.contingency.qca_fit import QcaFit

__all__ = ["Qca", "QcaFit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Qca:
    """Predict the effect from every parsimonious model that the uncertain effects could have given.

    Parameters
    ----------
    conditions : tuple of str, optional
        Conditions to use, chosen before looking and fewer than the trusts; all that differ between the trusts
        if not given.
    threshold : float, default 0
        An effect above this is a success, in the unit of the measure, positive is an improvement. A practical
        threshold says more than 0 does.
    anchors : tuple of float, optional
        Effects that are fully out, exactly between and fully in the set of successes, in the unit of the
        measure, where success is a matter of degree; takes the place of the threshold.
    consistency : float, default 0.8
        Where something is a matter of degree, a configuration goes with success from this consistency on.
        Otherwise every trust of a configuration must be a success.
    limit : int, default 64
        Unknown cells are filled in all ways up to this many; beyond, in as many random ways.
    draws : int, default 2000
        Draws of effects and memberships where something is a matter of degree, and of patterns of success with
        more than 12 trusts.

    Notes
    -----
    Each pattern of success and failure over the trusts has the probability that the effects and their
    standard errors give it, what they share by their common comparison among it; up to 12 trusts all patterns
    are enumerated, with every filling of the unknown cells. Each pattern has its parsimonious solution with
    all tied models. With a condition that has memberships, or with ``anchors``, effects and memberships are
    drawn instead, and each draw has the solution of its fuzzy truth table: a trust belongs to the
    configuration in which its membership is above 0.5, and the consistency of a configuration counts all
    trusts. The index of a context is the share of tied models that predict a success; effects are regressed
    on it within each pattern and filling, with the spread of Paule and Mandel, so that a prediction is a
    mixture over everything that could be the case. ``disagree`` of a prediction is the probability that tied
    models say different things of the context.

    References
    ----------
    Ragin (1987), The Comparative Method. Thiem (2014), Evaluation Review 38, 487-513, on tied models.

    Examples
    --------
    >>> from lean_impact.contingency.synthetic import synthetic_cases, synthetic_effects
    >>> cases = synthetic_cases({"stable": "1100", "ready": "1010"}, trusts=("RTP", "RR8", "RF4", "RXW"))
    >>> values = {"RTP": 2.0, "RR8": 1.5, "RF4": -0.5, "RXW": -1.0}
    >>> effects = synthetic_effects(values, standard_errors=0.5)
    >>> fit = Qca().fit(cases, effects, improvement="increase", seed=1)
    >>> fit.propagation.point, round(float(fit.propagation.solutions["probability"].iloc[0]), 3)
    ('stable', 0.821)
    """

    conditions: tuple[str, ...] | None = None
    threshold: float = 0.0
    anchors: tuple[float, float, float] | None = None
    consistency: float = 0.8
    limit: int = 64
    draws: int = 2000

    @property
    def name(self) -> str:
        """Name of the model."""
        return "qca"

    def fit(
        self, cases: CaseTable, effects: Sequence[TrustEffect], *, improvement: Direction, seed: int
    ) -> QcaFit:
        """Solve every truth table that could be the case.

        Parameters
        ----------
        cases : CaseTable
            Which trust showed which condition; unknown is kept.
        effects : sequence of TrustEffect
            One for each trust of the table, with standard errors.
        improvement : {"increase", "decrease", "neutral"}
            Which movement of the measure is better.
        seed : int
            Seed of random fillings and patterns.

        Returns
        -------
        QcaFit
            Solutions with their probabilities, scores and predictions.

        Raises
        ------
        InputError
            If a condition is not in the table or there are more than 16, anchors or consistency cannot be, or
            cases and effects do not belong together.
        """
        evidence = Evidence.gather(cases, effects, improvement=improvement)
        entering = self._entering(evidence)
        ids = tuple(evidence.conditions[i] for i in entering)
        tables, exact = completions(evidence.states[:, entering], limit=self.limit, seed=seed)
        now = np.array(
            [
                [cell.value if isinstance(cell := row[i], Membership) else np.nan for i in entering]
                for row in evidence.readings
            ]
        )
        memberships = np.where(np.isnan(now), tables, now)
        fuzzy = len(entering) > 0 and (self.anchors is not None or bool(evidence.fuzzy[entering].any()))
        draws = self._draws(seed)
        if fuzzy:
            solve = self._drawn(evidence, entering, ids, memberships[0], draws)
        else:
            solve = self._listed(evidence, ids, tables, seed)
        found = solve(np.arange(len(evidence.trusts)))
        filled = found.rows.astype(float)
        filling = np.array([scenario.filling for scenario in found.scenarios])

        def votes(rows: np.ndarray) -> np.ndarray:
            corners, owner = np.unique(rows > 1 / 2, axis=0, return_inverse=True)
            return found.votes(corners.astype(np.int64))[:, owner.reshape(-1)]

        return QcaFit(
            evidence=evidence,
            entering=entering,
            filled=filled,
            exact=exact,
            memberships=memberships,
            success=draws.success(evidence.effects),
            consistency=self.consistency if fuzzy else 1.0,
            solve=solve,
            filling=filling,
            weights=found.weights / found.weights.sum(),
            index_of=votes,
            lines=Lines.of(evidence, trust_index(votes, filled, filling)),
            limit=self.limit,
            propagation=found,
            threshold=self.threshold if self.anchors is None else self.anchors[1],
            provenance=Provenance(
                plugin=self.name,
                version=__version__,
                parameters={
                    "conditions": ", ".join(ids) or "none",
                    "threshold": str(self.threshold),
                    "anchors": str(self.anchors),
                    "consistency": str(self.consistency) if fuzzy else "1",
                    "limit": str(self.limit),
                    "draws": str(self.draws),
                    "improvement": improvement,
                },
                seed=seed,
            ),
        )

    def _listed(
        self, evidence: Evidence, ids: tuple[str, ...], tables: np.ndarray, seed: int
    ) -> Callable[[np.ndarray], Solved]:
        """Solve some trusts over every pattern of success."""

        def solve(kept: np.ndarray) -> Solved:
            outcomes = Outcomes.of_effects(
                evidence.effects[kept],
                evidence.standard_errors[kept],
                shared=evidence.shared_errors[kept],
                threshold=self.threshold,
                draws=self.draws,
                seed=seed,
            )
            cases = [evidence.trusts[i] for i in kept]
            return propagate(tables[:, kept].astype(np.int64), outcomes, conditions=ids, cases=cases)

        return solve

    def _draws(self, seed: int) -> FuzzyDraws:
        return FuzzyDraws(
            cuts=Cuts(consistency=self.consistency),
            anchors=self.anchors,
            threshold=self.threshold,
            draws=self.draws,
            seed=seed,
        )

    def _drawn(
        self,
        evidence: Evidence,
        entering: np.ndarray,
        ids: tuple[str, ...],
        now: np.ndarray,
        draws: FuzzyDraws,
    ) -> Callable[[np.ndarray], Solved]:
        """Solve some trusts over draws of effects and memberships."""
        memberships, _ = evidence.fillings(entering, limit=self.limit, draws=self.draws, seed=draws.seed)
        own, shared = evidence.standard_errors, evidence.shared_errors
        covariance = np.diag(own**2 - shared**2) + np.outer(shared, shared)

        def solve(kept: np.ndarray) -> Solved:
            table = SetTable(
                cases=tuple(evidence.trusts[i] for i in kept),
                conditions=ids,
                values=now[kept],
                outcome=np.zeros(len(kept)),
                levels=np.full(len(ids), 2),
            )
            return draws.propagate(
                table,
                effects=evidence.effects[kept],
                standard_errors=evidence.standard_errors[kept],
                covariance=covariance[np.ix_(kept, kept)],
                memberships=memberships[:, kept],
            )

        return solve

    def _entering(self, evidence: Evidence) -> np.ndarray:
        wanted = evidence.conditions if self.conditions is None else self.conditions
        known = ", ".join(evidence.conditions)
        issues = [
            Issue(rule="condition-unheard-of", message=f"'{c}' is no condition; there are {known}")
            for c in wanted
            if c not in evidence.conditions
        ]
        testable = np.flatnonzero(evidence.testable)
        entering = np.array([i for i in testable if evidence.conditions[i] in wanted], dtype=np.int64)
        if len(entering) > MOST_CONDITIONS:
            words = (
                f"{len(entering)} conditions are more than {MOST_CONDITIONS}; choose those that theory names"
            )
            issues.append(Issue(rule="too-many-conditions", message=words))
        if issues:
            raise InputError("qca cannot use these conditions", issues)
        return entering
