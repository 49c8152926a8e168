"""Rules: a theory written as expressions, with where it was stated, and judged as it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lean_impact import __version__
from lean_impact.contingency.evidence import Evidence
from lean_impact.contingency.protocol import Finding
from lean_impact.contingency.qca import Expression, Outcomes, expression, theory_support
from lean_impact.contingency.scoring import summarise_fit
from lean_impact.domain import CaseTable, Estimate, Provenance, Summary, TrustEffect
from lean_impact.domain.measure import Direction
from lean_impact.errors import InputError, Issue
from lean_impact.kernels.set_fit import sufficiency
from lean_impact.plugins.contingency.context_line import ContextLine
from lean_impact.plugins.contingency.lines import Lines, trust_index

__all__ = ["StatedRules", "StatedRulesFit"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StatedRulesFit(ContextLine):
    """Effects over the share of rules that a context meets.

    Attributes
    ----------
    rules : tuple of Expression
        What was stated.
    sources : mapping of str to str
        Where and when each rule was stated, by its text.
    threshold : float
        An effect above this is a success, in the unit of the measure, positive is an improvement.
    """

    rules: tuple[Expression, ...]
    sources: Mapping[str, str]
    threshold: float

    def support(self) -> pd.DataFrame:
        """Tell how probable each rule is, over what the effects could have been.

        Returns
        -------
        DataFrame
            ``rule``; probability that it is ``sufficient`` (every trust that meets it a success, and there is
            one), ``necessary`` (no success among the others, and there is one) and ``both``; the median
            ``consistency`` as sufficient with its 95 % interval ``lower`` to ``upper``, each trust counted as
            far as it meets the rule; ``met_by``, the trusts that meet it whatever is not known. A trust meets
            a rule if it does so to more than 0.5.
        """
        outcomes = self._outcomes()
        rows = []
        for rule in self.rules:
            found = theory_support(self._met(rule), outcomes)
            trusts = ", ".join(self._meets(rule))
            fit = self._fit(rule, outcomes)
            ends = [fit.value, fit.lower, fit.upper] if fit else [np.nan] * 3
            rows.append((rule.text, found["sufficient"], found["necessary"], found["both"], *ends, trusts))
        columns = ["rule", "sufficient", "necessary", "both", "consistency", "lower", "upper", "met_by"]
        return pd.DataFrame(rows, columns=columns)

    def _outcomes(self) -> Outcomes:
        e = self.evidence
        return Outcomes.of_effects(
            e.effects,
            e.standard_errors,
            shared=e.shared_errors,
            threshold=self.threshold,
            seed=self.provenance.seed or 0,
        )

    def _degrees(self, rule: Expression) -> np.ndarray:
        """Return how far each trust meets a rule, shape (n_fillings, n_trusts)."""
        return rule.of({c: self.filled[:, :, i] for i, c in enumerate(self.ids)})

    def _met(self, rule: Expression) -> np.ndarray:
        return np.asarray(self._degrees(rule) > 1 / 2)

    def _meets(self, rule: Expression) -> tuple[str, ...]:
        """Name the trusts that meet a rule whatever is not known."""
        met = np.asarray(self._met(rule).all(axis=0))
        return tuple(sorted(t for t, yes in zip(self.evidence.trusts, met, strict=True) if yes))

    def _fit(self, rule: Expression, outcomes: Outcomes) -> Estimate | None:
        """Return the consistency of a rule as enough for a success, None if no trust meets it at all."""
        found = sufficiency(self._degrees(rule)[:, None], outcomes.patterns[None].astype(float)).consistency
        weights = np.broadcast_to(outcomes.weights / len(found), found.shape)[~np.isnan(found)]
        values = found[~np.isnan(found)]
        if not len(values):
            return None
        order = np.argsort(values)
        reached = np.cumsum(weights[order]) / weights.sum()
        ends = np.searchsorted(reached, [0.025, 0.5, 0.975]).clip(max=len(values) - 1)
        lower, middle, upper = (float(end) for end in values[order][ends])
        error = float(
            np.sqrt(np.average((values - np.average(values, weights=weights)) ** 2, weights=weights))
        )
        return Estimate(value=middle, standard_error=error, lower=lower, upper=upper)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """How probable each rule is, and how the effects go with meeting them."""
        found: list[Finding] = []
        outcomes = self._outcomes()
        for rule in self.rules:
            support, trusts = theory_support(self._met(rule), outcomes), self._meets(rule)
            enough = f"'{rule}' is enough for a success: every trust that meets it has one."
            needed = f"'{rule}' is needed for a success: no trust without it has one."
            found += [
                Finding(statement=words, support=min(support[kind], 1.0), trusts=trusts, evidence=rule.names)
                for words, kind in ((enough, "sufficient"), (needed, "necessary"))
            ]
            fit = self._fit(rule, outcomes)
            if fit is not None and self.evidence.fuzzy[self.entering].any():
                words = f"Consistency of '{rule}' as enough for a success, each trust counted as far as it meets it."
                found.append(Finding(statement=words, support=fit, trusts=trusts, evidence=rule.names))
        line = self.slope_finding("meeting more of the stated rules")
        return (*found, line) if line else tuple(found)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a stated theory cannot carry."""
        stated = [
            f"'{r.text}' was stated by: {self.sources[r.text]}" for r in self.rules if r.text in self.sources
        ]
        own = ", ".join(f"'{rule.text}'" for rule in self.rules if rule.text not in self.sources)
        met = np.array([self._met(rule) for rule in self.rules])
        same = [rule.text for rule, here in zip(self.rules, met, strict=True) if here.all() or not here.any()]
        said = [*stated]
        if own:
            said.append(f"no source says that it was stated before looking, so it is an illustration: {own}")
        said += [f"met by every trust or by none, so untestable: '{text}'" for text in same]
        return (*said, *self.filling_cautions)

    def summary(self) -> Summary:
        """Say what was found, in words."""
        return summarise_fit("Rules: a stated theory", self.findings, self.cautions)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedRules:
    """Predict the effect from whether a context meets rules that somebody stated.

    Parameters
    ----------
    rules : tuple of str, optional
        Expressions over the conditions, such as ``("same-ceo*culture-work", "~hurried")``; one rule that
        asks every condition to be as theory wants it if not given.
    sources : mapping of str to str, optional
        Where and when each rule was stated, by its text; a rule without a source is called an illustration.
    threshold : float, default 0
        An effect above this is a success, in the unit of the measure, positive is an improvement.
    limit : int, default 128
        Unknown cells are filled in all ways up to this many; beyond, in as many random ways.

    Notes
    -----
    The index of a context is the share of rules that it meets, each as far as it does: ``*`` takes the smaller
    membership, ``+`` the larger, ``~`` one minus it. Effects are regressed on it with the spread of
    Paule and Mandel. Testing one stated rule costs one comparison, where finding a rule among ``k`` conditions
    compares as many as there are, and a handful of trusts cannot pay for that.

    References
    ----------
    Burton and Obel (2004), Strategic Organizational Diagnosis and Design, on rules of misfit. Schneider and
    Wagemann (2012), Set-Theoretic Methods for the Social Sciences, chapter 11, on theory evaluation.

    Examples
    --------
    >>> from lean_impact.contingency.synthetic import synthetic_cases, synthetic_effects
    >>> cases = synthetic_cases({"stable": "1100", "ready": "1010"}, trusts=("RTP", "RR8", "RF4", "RXW"))
    >>> values = {"RTP": 2.0, "RR8": 1.5, "RF4": -0.5, "RXW": -1.0}
    >>> effects = synthetic_effects(values, standard_errors=0.5)
    >>> fit = StatedRules(rules=("stable",)).fit(cases, effects, improvement="increase", seed=1)
    >>> fit.support()[["sufficient", "necessary"]].round(3).to_numpy().tolist()
    [[0.999, 0.822]]
    """

    rules: tuple[str, ...] = ()
    sources: Mapping[str, str] | None = None
    threshold: float = 0.0
    limit: int = 128

    def __post_init__(self) -> None:
        rules: object = self.rules
        if isinstance(rules, str):
            raise InputError(f"rules must be a list of expressions, not one text; write ['{rules}']")
        issues = [
            Issue(
                rule="source-of-no-rule",
                message=f"'{text}' has a source but is no rule; write it as the rule is",
            )
            for text in self.sources or {}
            if text not in self.rules
        ]
        if issues:
            raise InputError("the sources do not belong to the rules", issues)

    @property
    def name(self) -> str:
        """Name of the model."""
        return "rules"

    def fit(
        self, cases: CaseTable, effects: Sequence[TrustEffect], *, improvement: Direction, seed: int
    ) -> StatedRulesFit:
        """Judge the rules.

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
        StatedRulesFit
            Support, line, scores and predictions.

        Raises
        ------
        InputError
            If a rule cannot be read or names what is no condition, or cases and effects do not belong
            together.
        """
        evidence = Evidence.gather(cases, effects, improvement=improvement)
        rules = self._read(evidence)
        named = {name for rule in rules for name in rule.names}
        entering = np.array([i for i, c in enumerate(evidence.conditions) if c in named], dtype=np.int64)
        ids = [evidence.conditions[i] for i in entering]
        filled, exact = evidence.fillings(entering, limit=self.limit, seed=seed)
        filling = np.arange(len(filled))

        def met(rows: np.ndarray) -> np.ndarray:
            columns = {c: rows[:, i] for i, c in enumerate(ids)}
            shares = np.array([rule.of(columns) for rule in rules]).reshape(len(rules), len(rows))
            mean = shares.mean(axis=0) if rules else np.full(len(rows), 0.5)
            return np.broadcast_to(mean, (len(filled), len(rows)))

        return StatedRulesFit(
            evidence=evidence,
            entering=entering,
            filled=filled,
            exact=exact,
            filling=filling,
            weights=np.full(len(filled), 1 / len(filled)),
            index_of=met,
            lines=Lines.of(evidence, trust_index(met, filled, filling)),
            limit=self.limit,
            rules=rules,
            sources=dict(self.sources or {}),
            threshold=self.threshold,
            provenance=Provenance(
                plugin=self.name,
                version=__version__,
                parameters={
                    "rules": "; ".join(rule.text for rule in rules) or "none",
                    "sources": "; ".join(f"{text}: {source}" for text, source in (self.sources or {}).items())
                    or "none",
                    "threshold": str(self.threshold),
                    "limit": str(self.limit),
                    "improvement": improvement,
                },
                seed=seed,
            ),
        )

    def _read(self, evidence: Evidence) -> tuple[Expression, ...]:
        """Read the rules, or state what theory wants of every condition that differs."""
        if self.rules:
            return tuple(expression(text, names=evidence.conditions) for text in self.rules)
        literals = [
            evidence.conditions[i] if evidence.favourable[i] else f"~{evidence.conditions[i]}"
            for i in np.flatnonzero(evidence.testable)
        ]
        return (expression("*".join(literals)),) if literals else ()
