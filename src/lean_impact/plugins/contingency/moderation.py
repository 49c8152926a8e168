"""Moderation: whether the effect differs between trusts with and without one condition at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lean_impact import __version__
from lean_impact.contingency.evidence import Evidence
from lean_impact.contingency.protocol import Finding, FitDesign
from lean_impact.contingency.scoring import summarise_fit
from lean_impact.contingency.ties import tied_conditions
from lean_impact.domain import CaseTable, Provenance, Summary, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import InputError, Issue
from lean_impact.plugins.contingency.context_line import ContextLine
from lean_impact.plugins.contingency.lines import Lines, line_design, trust_index

__all__ = ["Moderation", "ModerationFit"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModerationFit(ContextLine):
    """A meta-regression of the effects on each condition by itself.

    Attributes
    ----------
    moderator : ndarray of int64, shape (n_scenarios,)
        Position in ``entering`` of the condition of each scenario.
    tied : tuple of tuple of str
        Conditions that are one explanation, whatever the unknown cells are.
    """

    moderator: np.ndarray
    tied: tuple[tuple[str, ...], ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Difference of the effect between trusts with and without each condition."""
        found = []
        for position, condition in enumerate(self.ids):
            slope = self.lines.slope(
                self.weights * (self.moderator == position), n_trusts=len(self.evidence.trusts)
            )
            if slope is None:
                continue
            check = self._check(position)
            support = slope.as_estimate()
            name = self.evidence.names[self.entering[position]]
            state = "holds" if self.evidence.favourable[self.entering[position]] else "does not hold"
            shows = "is not shown to differ" if support.covers(0.0) else "differs"
            luck = "" if check.chance is None else f"; as large by luck {check.chance:.0%} of the time"
            found.append(
                Finding(
                    statement=f"The effect {shows} where '{name}' {state}{luck}; the number is the difference.",
                    support=support,
                    trusts=(),
                    evidence=(condition,),
                )
            )
        return tuple(found)

    def _check(self, position: int) -> FitDesign:
        return line_design(self.evidence, self.filled[:, :, position].mean(axis=0))

    def moderators(self) -> pd.DataFrame:
        """Tabulate every condition by itself.

        Returns
        -------
        DataFrame
            ``condition``; ``difference`` of the effect where it is as theory wants it, with its 95 %
            interval ``lower`` to ``upper`` (Hartung-Knapp, never narrower than the plain one);
            ``p_value`` by permutation of the effects over the trusts and the ``smallest`` that could be
            reached; unknown cells filled both ways.
        """
        rows = []
        for position, condition in enumerate(self.ids):
            weights = self.weights * (self.moderator == position)
            slope = self.lines.slope(weights, n_trusts=len(self.evidence.trusts))
            check = self._check(position)
            ends = (np.nan,) * 3 if slope is None else (slope.quantile(0.5), *slope.interval())
            rows.append((condition, *ends, check.chance, check.smallest))
        columns = ["condition", "difference", "lower", "upper", "p_value", "smallest"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def design(self) -> FitDesign:
        """How often some condition goes with the effects as well by luck is told by the design check."""
        checks = [self._check(position) for position in range(len(self.entering))]
        chances = [c.chance for c in checks if c.chance is not None]
        smallest = [c.smallest for c in checks if c.smallest is not None]
        words = tuple(f"one explanation and not {len(t)}: {', '.join(t)}" for t in self.tied)
        return FitDesign(
            chance=min(1.0, len(chances) * min(chances)) if chances else None,
            smallest=min(smallest, default=None),
            explanations=max([len(t) for t in self.tied], default=min(len(chances), 1)),
            words=words,
        )

    @property
    def cautions(self) -> tuple[str, ...]:
        """What one condition at a time cannot carry."""
        n = len(self.entering)
        said = [f"{n} conditions were looked at one at a time, so the best of them looks better than it is"]
        said += [f"cannot be told apart, so one explanation: {', '.join(t)}" for t in self.tied]
        return (*said, *self.filling_cautions)

    def summary(self) -> Summary:
        """Say what was found, in words."""
        return summarise_fit("Moderation: one condition at a time", self.findings, self.cautions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation:
    """Predict the effect from one condition at a time, averaged over the conditions.

    Parameters
    ----------
    conditions : tuple of str, optional
        Conditions to look at, chosen before looking; all that differ between the trusts if not given.
    limit : int, default 128
        Unknown cells are filled in all ways up to this many; beyond, in as many random ways.

    Notes
    -----
    For each condition ``effect_i = a + b x_i + u_i + e_i`` with the spread of Paule and Mandel, for which the
    Hartung-Knapp interval is the t interval with ``n - 2`` degrees of freedom floored at the plain one. A new
    trust is predicted by the average over the conditions: equal weights, shared by conditions that are the
    same column, so that saying one thing three times does not make it count three times. Nothing is selected
    by its fit.

    References
    ----------
    Knapp and Hartung (2003), Statistics in Medicine 22, 2693-2710. Higgins and Thompson (2004), Statistics in
    Medicine 23, 1663-1682, on permutation.

    Examples
    --------
    >>> from lean_impact.contingency.synthetic import synthetic_cases, synthetic_effects
    >>> cases = synthetic_cases({"stable": "1100"}, trusts=("RTP", "RR8", "RF4", "RXW"))
    >>> values = {"RTP": 2.0, "RR8": 1.5, "RF4": 0.5, "RXW": 0.0}
    >>> effects = synthetic_effects(values, standard_errors=0.5)
    >>> fit = Moderation().fit(cases, effects, improvement="increase", seed=1)
    >>> fit.moderators()[["difference", "p_value"]].round(3).to_numpy().tolist()
    [[1.5, 0.333]]
    """

    conditions: tuple[str, ...] | None = None
    limit: int = 128

    @property
    def name(self) -> str:
        """Name of the model."""
        return "moderation"

    def fit(
        self, cases: CaseTable, effects: Sequence[TrustEffect], *, improvement: Direction, seed: int
    ) -> ModerationFit:
        """Fit one regression for each condition.

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
        ModerationFit
            Differences, scores and predictions.

        Raises
        ------
        InputError
            If a condition is not in the table, or cases and effects do not belong together.
        """
        evidence = Evidence.gather(cases, effects, improvement=improvement)
        entering = self._entering(evidence)
        filled, exact = evidence.fillings(entering, limit=self.limit, seed=seed)
        filling, moderator, weights = _scenarios(filled)
        favourable = evidence.favourable[entering]

        def column(rows: np.ndarray) -> np.ndarray:
            if not rows.shape[1]:
                return np.full((len(filling), len(rows)), 0.5)
            helps = np.where(favourable, rows, 1 - rows)
            return np.asarray(helps[:, moderator].T)

        lines = Lines.of(evidence, trust_index(column, filled, filling))
        return ModerationFit(
            evidence=evidence,
            entering=entering,
            filled=filled,
            exact=exact,
            filling=filling,
            weights=weights,
            index_of=column,
            lines=lines,
            limit=self.limit,
            moderator=moderator,
            tied=_tied(evidence, entering),
            provenance=Provenance(
                plugin=self.name,
                version=__version__,
                parameters={
                    "conditions": ", ".join(evidence.conditions[i] for i in entering) or "none",
                    "limit": str(self.limit),
                    "improvement": improvement,
                },
                seed=seed,
            ),
        )

    def _entering(self, evidence: Evidence) -> np.ndarray:
        known = ", ".join(evidence.conditions)
        wanted = evidence.conditions if self.conditions is None else self.conditions
        issues = [
            Issue(rule="condition-unheard-of", message=f"'{c}' is no condition; there are {known}")
            for c in wanted
            if c not in evidence.conditions
        ]
        if issues:
            raise InputError("the moderators cannot be used", issues)
        testable = np.flatnonzero(evidence.testable)
        return np.array([i for i in testable if evidence.conditions[i] in wanted], dtype=np.int64)


def _scenarios(filled: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weigh filling and condition: distinct columns of a filling alike, copies of one column sharing."""
    n_fillings, _, k = filled.shape
    if not k:
        return (
            np.arange(n_fillings),
            np.zeros(n_fillings, dtype=np.int64),
            np.full(n_fillings, 1 / n_fillings),
        )
    weights = np.zeros((n_fillings, k))
    for row, table in enumerate(filled):
        # Opposite columns are one; those that do not differ under this filling say nothing.
        columns = np.abs(table - table[0])
        differs = columns.any(axis=0)
        use = differs if differs.any() else np.ones(k, dtype=bool)
        _, owner, counts = np.unique(columns[:, use], axis=1, return_inverse=True, return_counts=True)
        weights[row, use] = 1 / (len(counts) * counts[owner.reshape(-1)])
    return (
        np.repeat(np.arange(n_fillings), k),
        np.tile(np.arange(k), n_fillings),
        weights.ravel() / n_fillings,
    )


def _tied(evidence: Evidence, entering: np.ndarray) -> tuple[tuple[str, ...], ...]:
    """Return groups of conditions that are the same or opposite columns, as far as they are looked at."""
    ids = {evidence.conditions[i] for i in entering}
    groups = (
        tuple(c for c in tie.conditions if c in ids) for tie in tied_conditions(evidence) if tie.certain
    )
    return tuple(group for group in groups if len(group) > 1)
