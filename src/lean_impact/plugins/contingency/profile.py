"""Profile deviation: the further a trust's context is from a stated ideal, the smaller the effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lean_impact import __version__
from lean_impact.contingency.evidence import Evidence, completions
from lean_impact.contingency.protocol import Finding
from lean_impact.contingency.scoring import summarise_fit
from lean_impact.domain import CaseTable, Provenance, Summary, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import InputError, Issue
from lean_impact.plugins.contingency.context_line import ContextLine
from lean_impact.plugins.contingency.lines import Lines, trust_index

__all__ = ["TOP_TENTH", "ProfileDeviation", "ProfileFit"]

TOP_TENTH: Final = "top-tenth"
"""Ideal of a condition: what a tenth of all trusts in the country exceed."""
_STATES: Final[dict[str, float]] = {"present": 1.0, "absent": 0.0}
_MOST_IDEALS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProfileFit(ContextLine):
    """Effects over the closeness to an ideal.

    Attributes
    ----------
    ideal : ndarray of float64, shape (n_entering,)
        The ideal: 1 present, 0 absent, or a membership.
    importance : ndarray of float64, shape (n_entering,)
        Weight of each condition, summing to 1.
    """

    ideal: np.ndarray
    importance: np.ndarray

    @property
    def findings(self) -> tuple[Finding, ...]:
        """How effects go with closeness, and how many other ideals would do as well."""
        line = self.slope_finding("a context closer to the ideal")
        if line is None:
            return ()
        share, n = self.other_ideals()
        other = Finding(
            statement=f"Share of the {n} ideals that could have been stated whose closeness goes with the "
            "effects at least as well: the larger it is, the less this ideal explains.",
            support=share,
            trusts=(),
            evidence=self.ids,
        )
        return line, other

    def other_ideals(self) -> tuple[float, int]:
        """Compare the ideal with every other one.

        Returns
        -------
        share : float
            Share of ideals, this one among them, that go with the effects at least as well.
        n : int
            How many were compared: all of present and absent (or 256 drawn at random), and this one if it has
            memberships.
        """
        k = len(self.entering)
        every, _ = completions(np.full(k, -1, dtype=np.int8), limit=_MOST_IDEALS, seed=0)
        crisp = bool(np.isin(self.ideal, (0.0, 1.0)).all())
        ideals = np.vstack([self.ideal, every])
        # Unknown cells count as half present: one table to compare all ideals on.
        mean = self.filled.mean(axis=0)
        gaps = (mean[None] - ideals[:, None]) ** 2 @ self.importance
        fits = np.array([self._agreement(1 - np.sqrt(gap)) for gap in gaps])
        compared = fits[1:] if crisp else fits
        return float((compared >= fits[0] - 1e-9).mean()), len(compared)

    def _agreement(self, index: np.ndarray) -> float:
        e = self.evidence
        weights = 1 / e.standard_errors**2
        x, y = (part - np.average(part, weights=weights) for part in (index, e.effects))
        size = float(np.sqrt((weights * x * x).sum() * (weights * y * y).sum()))
        return float((weights * x * y).sum() / size) if size > 0 else 0.0

    @property
    def cautions(self) -> tuple[str, ...]:
        """What closeness cannot carry."""
        return (
            "the ideal is stated and not learned; taken from the best of these trusts it would fit by construction",
            *self.filling_cautions,
        )

    def summary(self) -> Summary:
        """Say what was found, in words."""
        return summarise_fit("Profile: closeness to a stated ideal", self.findings, self.cautions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileDeviation:
    """Predict the effect from the distance of a context to a stated ideal.

    Parameters
    ----------
    ideal : mapping of str to ({"present", "absent", "top-tenth"} or float), optional
        State or membership of each condition in the ideal; what the table says is favourable if not given. A
        condition that is not named plays no part. "top-tenth" takes what a tenth of all trusts in the country
        exceed, where the condition is calibrated against their figures; alone, for every condition that differs.
    weights : mapping of str to float, optional
        Weight above 0 of each condition of the ideal; equal if not given.
    limit : int, default 128
        Unknown cells are filled in all ways up to this many; beyond, in as many random ways.

    Notes
    -----
    ``closeness = 1 - sqrt(sum_j w_j (x_j - ideal_j)^2)`` with weights that sum to 1. The effects are regressed
    on it with the spread of Paule and Mandel, and predicted by a t distribution with ``n - 2`` degrees of
    freedom.

    References
    ----------
    Venkatraman (1989), Academy of Management Review 14, 423-444. Drazin and Van de Ven (1985),
    Administrative Science Quarterly 30, 514-539.

    Examples
    --------
    >>> from lean_impact.contingency.synthetic import synthetic_cases, synthetic_effects
    >>> cases = synthetic_cases({"stable": "1100", "ready": "1010"}, trusts=("RTP", "RR8", "RF4", "RXW"))
    >>> values = {"RTP": 2.0, "RR8": 1.5, "RF4": 0.5, "RXW": 0.0}
    >>> effects = synthetic_effects(values, standard_errors=0.5)
    >>> fit = ProfileDeviation().fit(cases, effects, improvement="increase", seed=1)
    >>> [round(fit.score(trust).value, 3) for trust in ("RTP", "RR8", "RXW")]
    [1.0, 0.293, 0.0]
    """

    ideal: Mapping[str, str | float] | str | None = None
    weights: Mapping[str, float] | None = None
    limit: int = 128

    @property
    def name(self) -> str:
        """Name of the model."""
        return "profile"

    def fit(
        self, cases: CaseTable, effects: Sequence[TrustEffect], *, improvement: Direction, seed: int
    ) -> ProfileFit:
        """Fit the line of effects over closeness.

        Parameters
        ----------
        cases : CaseTable
            Which trust showed which condition; unknown is kept.
        effects : sequence of TrustEffect
            One for each trust of the table, with standard errors.
        improvement : {"increase", "decrease", "neutral"}
            Which movement of the measure is better.
        seed : int
            Seed of random fillings if there are too many unknown cells.

        Returns
        -------
        ProfileFit
            Closeness, line, scores and predictions.

        Raises
        ------
        InputError
            If the ideal or a weight names what is no condition or state, or cases and effects do not belong
            together.
        """
        evidence = Evidence.gather(cases, effects, improvement=improvement)
        named = self._checked(evidence)
        entering = np.array(
            [i for i in np.flatnonzero(evidence.testable) if evidence.conditions[i] in named], dtype=np.int64
        )
        ids = [evidence.conditions[i] for i in entering]
        ideal = np.array([named[c] for c in ids])
        given = {} if self.weights is None else self.weights
        raw = np.array([given.get(c, 1.0) for c in ids])
        importance = raw / raw.sum() if len(raw) else raw
        filled, exact = evidence.fillings(entering, limit=self.limit, seed=seed)
        filling = np.arange(len(filled))

        def closeness(rows: np.ndarray) -> np.ndarray:
            found = 1 - np.sqrt((rows - ideal) ** 2 @ importance)
            return np.broadcast_to(found, (len(filled), len(rows)))

        stated = ", ".join(f"{c} {named[c]:.4g} weight {w:.4g}" for c, w in zip(ids, importance, strict=True))
        return ProfileFit(
            evidence=evidence,
            entering=entering,
            filled=filled,
            exact=exact,
            filling=filling,
            weights=np.full(len(filled), 1 / len(filled)),
            index_of=closeness,
            lines=Lines.of(evidence, trust_index(closeness, filled, filling)),
            limit=self.limit,
            ideal=ideal,
            importance=importance,
            provenance=Provenance(
                plugin=self.name,
                version=__version__,
                parameters={"ideal": stated or "none", "limit": str(self.limit), "improvement": improvement},
                seed=seed,
            ),
        )

    def _checked(self, evidence: Evidence) -> dict[str, float]:
        """Return the ideal as memberships, every problem of it named."""
        asked = self._asked(evidence)
        tops = dict(zip(evidence.conditions, evidence.top_tenth, strict=True))
        known = ", ".join(evidence.conditions)
        issues = [
            Issue(rule="ideal-unheard-of", message=f"'{c}' is no condition; there are {known}")
            for c in {**asked, **(self.weights or {})}
            if c not in evidence.conditions
        ]
        issues += [
            Issue(
                rule="ideal-state",
                message=f"the ideal of '{c}' is '{s}'; write present, absent, {TOP_TENTH} or a "
                "membership from 0 to 1",
            )
            for c, s in asked.items()
            if not (s in {*_STATES, TOP_TENTH} if isinstance(s, str) else 0 <= s <= 1)
        ]
        issues += [
            Issue(
                rule="no-top-tenth",
                message=f"what a tenth of all trusts exceed on '{c}' is not known: calibrate it by percentiles or rank "
                "against the figures of all trusts, or write present, absent or a membership from 0 to 1",
            )
            for c, s in asked.items()
            if s == TOP_TENTH and np.isnan(tops.get(c, 0.0))
        ]
        issues += [
            Issue(rule="weight", message=f"the weight {w} of '{c}' is not a number above 0")
            for c, w in (self.weights or {}).items()
            if not (np.isfinite(w) and w > 0)
        ]
        if issues:
            raise InputError("the ideal profile cannot be used", issues)
        return {
            c: float(tops[c]) if s == TOP_TENTH else _STATES[s] if isinstance(s, str) else float(s)
            for c, s in asked.items()
        }

    def _asked(self, evidence: Evidence) -> dict[str, str | float]:
        if isinstance(self.ideal, str):
            return {evidence.conditions[i]: self.ideal for i in np.flatnonzero(evidence.testable)}
        if self.ideal is not None:
            return dict(self.ideal)
        favourable = zip(evidence.conditions, evidence.favourable, strict=True)
        return {c: "present" if good else "absent" for c, good in favourable}
