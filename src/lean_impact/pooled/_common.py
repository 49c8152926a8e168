"""What every way of pooling shares: its settings in words, its checks, its intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, get_args

import numpy as np

from lean_impact.domain import Estimate, Measure, Provenance, TrustEffect
from lean_impact.errors import DesignError, Issue
from lean_impact.kernels.between_variance import TauMethod

__all__ = [
    "INTERVAL_WORDS",
    "TAU_WORDS",
    "TINY",
    "IntervalMethod",
    "Unit",
    "arrays_of",
    "interval_of",
    "provenance_of",
    "raise_unless_possible",
    "raise_unless_usable",
]

IntervalMethod = Literal["HKSJ", "normal"]
"""Hartung-Knapp-Sidik-Jonkman with the t distribution, never narrower than plain; or plain normal."""

TAU_WORDS: Final[dict[TauMethod, str]] = {
    "REML": "random effects, restricted maximum likelihood",
    "DL": "random effects, DerSimonian-Laird",
    "PM": "random effects, Paule-Mandel",
    "ML": "random effects, maximum likelihood",
    "HE": "random effects, Hedges",
    "SJ": "random effects, Sidik-Jonkman",
    "EB": "random effects, empirical Bayes",
    "FE": "common effect",
}
INTERVAL_WORDS: Final[dict[IntervalMethod, str]] = {
    "HKSJ": "Hartung-Knapp-Sidik-Jonkman interval, never narrower than the plain standard error",
    "normal": "normal interval",
}
TINY: Final = 1e-300


class Unit:
    """Write numbers in the unit of a measure, or plainly where none is known."""

    __slots__ = ("_measure",)

    def __init__(self, measure: Measure | None) -> None:
        self._measure = measure

    def change(self, value: float) -> str:
        """Write a change with its sign."""
        return self._measure.format_change(value) if self._measure else f"{value:+.4g}"

    def size(self, value: float) -> str:
        """Write a size, which has no sign."""
        return self.change(abs(value)).removeprefix("+")

    def between(self, estimate: Estimate) -> str:
        """Write the ends of an interval."""
        return f"{self.change(estimate.lower)} to {self.change(estimate.upper)}"

    def words(self, estimate: Estimate) -> str:
        """Write an estimate with its interval."""
        return (
            f"{self.change(estimate.value)} ({100 * estimate.level:.0f}% interval {self.between(estimate)})"
        )


def arrays_of(effects: Sequence[TrustEffect]) -> tuple[np.ndarray, np.ndarray]:
    """Return effects and their sampling variances, shapes (k,)."""
    y = np.array([effect.estimate.value for effect in effects])
    return y, np.array([effect.estimate.standard_error for effect in effects]) ** 2


def interval_of(value: float, error: float, *, margin: float, level: float) -> Estimate:
    """Return an estimate with an interval of equal arms."""
    return Estimate(
        value=value, standard_error=error, lower=value - margin, upper=value + margin, level=level
    )


def provenance_of(origin: Provenance | None, *, parameters: dict[str, object], step: str) -> Provenance:
    """Carry on where the effects come from, with what was done to them."""
    origin = origin or Provenance()
    words = {f"pooled.{key}": str(value) for key, value in parameters.items()}
    return origin.model_copy(
        update={"parameters": {**origin.parameters, **words}, "steps": (*origin.steps, step)}
    )


def raise_unless_possible(what: str, *, tau: str, interval: str, level: float) -> None:
    """Raise one DesignError with every setting that is impossible."""
    methods = ", ".join(f"'{name}'" for name in get_args(TauMethod))
    problems = [
        Issue(rule="bad-setting", message=message)
        for bad, message in (
            (tau not in get_args(TauMethod), f"tau must be one of {methods}"),
            (interval not in get_args(IntervalMethod), "interval must be 'HKSJ' or 'normal'"),
            (not 0 < level < 1, "level must lie between 0 and 1, such as 0.95"),
        )
        if bad
    ]
    if problems:
        raise DesignError(f"the settings of {what} cannot be used", problems)


def raise_unless_usable(effects: Sequence[TrustEffect]) -> None:
    """Raise one DesignError with every effect that cannot be pooled."""
    codes = [effect.trust for effect in effects]
    problems = [
        Issue(rule="repeated-trust", value=code, message=f"{code} is given more than once; keep one effect")
        for code in sorted({code for code in codes if codes.count(code) > 1})
    ]
    problems += [
        Issue(
            rule="no-uncertainty",
            value=effect.trust,
            message=f"{effect.trust} has the standard error 0; without uncertainty it cannot be weighed",
        )
        for effect in effects
        if effect.estimate.standard_error == 0
    ]
    if not effects:
        problems.append(Issue(rule="no-effects", message="no trust's effect is given; give at least one"))
    if problems:
        raise DesignError("the effects cannot be pooled", problems)
