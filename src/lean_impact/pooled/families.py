"""Several questions asked together: p-values that allow for how many, and what they could have shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lean_impact.domain import FamilyPlan, Provenance, PValue, Summary
from lean_impact.errors import DesignError
from lean_impact.kernels.multiplicity import RULES

__all__ = ["FamilyResult", "adjust_family"]

_WORDS = {
    "holm": "Holm: the chance of any false find stays below the level, however the questions hang together",
    "hochberg": "Hochberg: the chance of any false find stays below the level, if questions do not pull apart",
    "hommel": "Hommel: the chance of any false find stays below the level, if questions do not pull apart",
    "benjamini-hochberg": "Benjamini-Hochberg: the expected share of false finds stays below the level, if questions "
    "do not pull apart",
    "benjamini-yekutieli": "Benjamini-Yekutieli: the expected share of false finds stays below the level, however the "
    "questions hang together",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FamilyResult:
    """Questions of one family with p-values that allow for their number.

    Attributes
    ----------
    plan : FamilyPlan
        The family, as declared.
    p_values : mapping of str to PValue
        By question, each taken alone.
    adjusted : mapping of str to float
        By question, allowing for the family.
    holm, benjamini_hochberg : mapping of str to float
        The same by these two rules, whichever was declared.
    smallest : mapping of str to float
        The smallest adjusted p-value that each question could reach if the others stood as they stand.
    level : float
        Coverage that the plan promises; finds are at or below one less this.
    cautions : tuple of str
        What the reader must know.
    provenance : Provenance
        Parameters.
    """

    plan: FamilyPlan
    p_values: Mapping[str, PValue]
    adjusted: Mapping[str, float]
    holm: Mapping[str, float]
    benjamini_hochberg: Mapping[str, float]
    smallest: Mapping[str, float]
    level: float
    cautions: tuple[str, ...]
    provenance: Provenance

    @property
    def finds(self) -> tuple[str, ...]:
        """Questions whose adjusted p-value is at or below one less the level."""
        return tuple(key for key, p in self.adjusted.items() if p <= 1 - self.level)

    @property
    def title(self) -> str:
        """One line for a heading."""
        return f"{self.plan.label}: {len(self.p_values)} questions asked together"

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each question.

        Returns
        -------
        DataFrame
            Columns ``family``, ``question``, ``rule``, ``p_value``, ``p_smallest``, ``p_adjusted``,
            ``p_adjusted_smallest``, ``p_holm``, ``p_benjamini_hochberg``, ``find``.
        """
        return pd.DataFrame(
            [
                {
                    "family": self.plan.id,
                    "question": key,
                    "rule": self.plan.rule,
                    "p_value": p.value,
                    "p_smallest": p.smallest,
                    "p_adjusted": self.adjusted[key],
                    "p_adjusted_smallest": self.smallest[key],
                    "p_holm": self.holm[key],
                    "p_benjamini_hochberg": self.benjamini_hochberg[key],
                    "find": key in self.finds,
                }
                for key, p in self.p_values.items()
            ]
        )

    def summary(self) -> Summary:
        """Say in plain words what the family shows."""
        return Summary("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        yield self.title
        yield f"Rule: {_WORDS[self.plan.rule]}"
        limit = 1 - self.level
        named = ", ".join(self.finds)
        yield f"At {limit:.0%}: {named}" if named else f"At {limit:.0%} none of them shows anything"
        yield from (f"Caution: {caution}" for caution in self.cautions)


def adjust_family(plan: FamilyPlan, p_values: Mapping[str, PValue], *, level: float = 0.95) -> FamilyResult:
    """Adjust the p-values of a declared family.

    Parameters
    ----------
    plan : FamilyPlan
        Which questions, and by which rule.
    p_values : mapping of str to PValue
        P-value of each question of the family.
    level : float, default 0.95
        Coverage that is promised.

    Returns
    -------
    FamilyResult

    Raises
    ------
    DesignError
        If a question of the family has no p-value.

    Examples
    --------
    >>> def p(value):
    ...     return PValue(value=value, smallest=0.001, method="rank", assumption="exchangeable trusts")
    >>> plan = FamilyPlan(id="culture", label="Culture", questions=("care", "work"), rule="holm", why="one idea")
    >>> dict(adjust_family(plan, {"care": p(0.03), "work": p(0.02)}).adjusted)
    {'care': 0.04, 'work': 0.04}
    """
    lacking = [key for key in plan.questions if key not in p_values]
    if lacking:
        raise DesignError(f"family '{plan.id}' has no p-value for {', '.join(lacking)}")
    kept = {key: p_values[key] for key in plan.questions}
    alone = np.array([p.value for p in kept.values()])
    adjusted = {rule: RULES[rule](alone) for rule in {plan.rule, "holm", "benjamini-hochberg"}}
    smallest = {key: _smallest(plan, kept, at) for at, key in enumerate(kept)}
    return FamilyResult(
        plan=plan,
        p_values=kept,
        adjusted=_named(kept, adjusted[plan.rule]),
        holm=_named(kept, adjusted["holm"]),
        benjamini_hochberg=_named(kept, adjusted["benjamini-hochberg"]),
        smallest=smallest,
        level=level,
        cautions=tuple(_cautions(smallest, level)),
        provenance=Provenance(
            parameters={"family": plan.id, "rule": plan.rule, "level": str(level)},
            steps=(f"adjusted {len(kept)} p-values",),
        ),
    )


def _named(kept: Mapping[str, PValue], values: np.ndarray) -> dict[str, float]:
    return {key: float(value) for key, value in zip(kept, values, strict=True)}


def _smallest(plan: FamilyPlan, kept: Mapping[str, PValue], at: int) -> float:
    trial = np.array([p.smallest if place == at else p.value for place, p in enumerate(kept.values())])
    return float(RULES[plan.rule](trial)[at])


def _cautions(smallest: Mapping[str, float], level: float) -> Iterator[str]:
    blind = [key for key, p in smallest.items() if p > 1 - level]
    if blind:
        yield (
            f"{', '.join(blind)} could not have passed whatever the figures: the smallest p-value that the test can "
            "give, allowing for the family, is above the limit; a silent question here is no sign of no effect"
        )
