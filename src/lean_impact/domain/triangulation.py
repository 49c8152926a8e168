"""Plans for asking a question in several ways: methods, windows, comparison sets, outcomes, weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from lean_impact.domain._model import DomainModel
from lean_impact.domain.measure import Slug
from lean_impact.domain.period import Window
from lean_impact.domain.trust import TrustCode

__all__ = [
    "ComparisonChoice",
    "CurvePlan",
    "EstimatorName",
    "MethodPlan",
    "PowerPlan",
    "TrendPlan",
    "Weighting",
    "WindowChoice",
]

EstimatorName = Literal[
    "did",
    "two-way-fixed-effects",
    "imputation",
    "callaway-santanna",
    "sun-abraham",
    "synthetic-control",
    "augmented-synthetic-control",
    "synthetic-did",
    "generalised-synthetic-control",
    "matrix-completion",
    "interrupted-time-series",
    "controlled-interrupted-time-series",
]
"""Estimators that a study file can name."""

Weighting = Literal["equal", "denominator"]
"""Each treated trust counts the same, or by its denominators before the programme: two different questions."""


class MethodPlan(DomainModel):
    """A further way to estimate the effects, declared beforehand.

    Parameters
    ----------
    id : str
        Identifier.
    label : str
        The method's name for readers.
    estimator : str
        Name of the estimator, such as ``synthetic-did``; an unknown one is refused with the list of all.
    settings : dict
        Settings of the estimator that differ from its defaults; level, draws and seed come from the plan.
    why : str
        Why this method is asked too.

    Examples
    --------
    >>> MethodPlan(id="sdid", label="Synthetic difference-in-differences", estimator="synthetic-did").settings
    {}
    """

    id: Slug
    label: str = Field(min_length=1)
    estimator: EstimatorName
    settings: dict[str, bool | int | float | str | tuple[str, ...]] = Field(default_factory=dict)
    why: str = ""


class WindowChoice(DomainModel):
    """Another pair of windows for the same question.

    Parameters
    ----------
    id : str
        Identifier.
    label : str
        Name for readers.
    pre, post : Window
        Before and after, half-open.
    """

    id: Slug
    label: str = Field(min_length=1)
    pre: Window
    post: Window

    @model_validator(mode="after")
    def _pre_before_post(self) -> Self:
        if self.pre.end > self.post.start:
            raise ValueError(
                f"pre ends {self.pre.end}, after post starts {self.post.start}; the two must not overlap"
            )
        return self


class ComparisonChoice(DomainModel):
    """Another set of comparison trusts for the same question.

    Parameters
    ----------
    id : str
        Identifier.
    label : str
        Name for readers.
    keep : tuple of str, optional
        Only these trusts, as far as nothing speaks against them.
    leave_out : tuple of str
        All but these.
    similar_size : bool
        Only trusts whose mean denominator before lies within the range of the treated trusts'.
    why : str
        Why this set.
    """

    id: Slug
    label: str = Field(min_length=1)
    keep: tuple[TrustCode, ...] | None = None
    leave_out: tuple[TrustCode, ...] = ()
    similar_size: bool = False
    why: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.keep is not None) + bool(self.leave_out) + self.similar_size != 1:
            raise ValueError("give one of keep = [...], leave_out = [...] and similar_size = true")
        return self


class CurvePlan(DomainModel):
    """The specification curve: every combination of defensible choices, declared beforehand.

    Parameters
    ----------
    question : str
        Identifier of the effect question that is asked in every way.
    methods : tuple of str
        Identifiers of methods; all declared ones if empty. The question's own estimate is always among them.
    measures : tuple of str
        Further definitions of the outcome, beside the question's own measure.
    windows : tuple of WindowChoice
        Further windows, beside the question's own.
    comparisons : tuple of ComparisonChoice
        Further comparison sets, beside every trust that nothing speaks against.
    weightings : tuple of str
        How treated trusts are pooled.
    """

    question: Slug
    methods: tuple[Slug, ...] = ()
    measures: tuple[Slug, ...] = ()
    windows: tuple[WindowChoice, ...] = ()
    comparisons: tuple[ComparisonChoice, ...] = ()
    weightings: tuple[Weighting, ...] = Field(default=("equal",), min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named: dict[str, list[str]] = {
            "methods": list(self.methods),
            "measures": list(self.measures),
            "windows": [choice.id for choice in self.windows],
            "comparisons": [choice.id for choice in self.comparisons],
            "weightings": list(self.weightings),
        }
        problems = [f"{kind} names '{key}' twice" for kind, keys in named.items() for key in twice(keys)]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class PowerPlan(DomainModel):
    """What effect could have been seen at all, by simulation on the comparison trusts' own figures.

    Parameters
    ----------
    question : str
        Identifier of the effect question whose design is simulated.
    trusts : tuple of int
        Numbers of treated trusts to try, beside the programme's own.
    after : tuple of int
        Numbers of periods after the start to try, beside the question's own.
    power : float
        Share of programmes in which the effect is to be seen.
    draws : int
        Simulated programmes.
    """

    question: Slug
    trusts: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    power: float = Field(default=0.8, gt=0, lt=1)
    draws: int = Field(default=1000, ge=100, le=100_000)


class TrendPlan(DomainModel):
    """How far trends may part before the answer changes.

    Parameters
    ----------
    question : str
        Identifier of the effect question.
    method : str
        Identifier of a declared method that gives effects by time since the start.
    every : int
        Periods averaged in a block: months are noisy, and years say more about trends.
    bounds : tuple of float
        Multiples of the largest step between neighbouring blocks before the start.
    """

    question: Slug
    method: Slug
    every: int = Field(default=1, ge=1)
    bounds: tuple[float, ...] = Field(default=(0.0, 0.5, 1.0, 1.5, 2.0), min_length=1)


def twice(keys: list[str]) -> Iterator[str]:
    """Yield what is named more than once, each once."""
    yield from (key for key, n in Counter(keys).items() if n > 1)
