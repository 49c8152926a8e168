"""The same question under every declared combination of choices: a specification curve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from lean_impact.domain import Measure, Provenance
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.effects.parallel import run_tasks
from lean_impact.effects.result import EffectEstimator, EffectResult
from lean_impact.effects.specification_result import Failure, SpecificationCurve, Specified
from lean_impact.errors import DesignError, Issue
from lean_impact.tables import Panel

__all__ = ["Specification", "curve_of", "every_combination", "specification_curve"]

_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """One way to ask the question.

    Attributes
    ----------
    choices : mapping of str to str
        The option taken in each dimension of choice, such as ``{"estimator": "synthetic control", "window": "long"}``.
    estimator : EffectEstimator
        The estimator with its settings.
    adoption : AdoptionDesign
        Measure, trusts and windows.
    """

    choices: Mapping[str, str] = field(default_factory=dict)
    estimator: EffectEstimator
    adoption: AdoptionDesign


def every_combination(
    estimators: Mapping[str, EffectEstimator],
    designs: Mapping[tuple[str, ...], AdoptionDesign],
    *,
    dimensions: Sequence[str],
) -> tuple[Specification, ...]:
    """Combine every estimator with every design.

    Parameters
    ----------
    estimators : mapping of str to EffectEstimator
        By name; the dimension of choice is called "estimator".
    designs : mapping of tuple of str to AdoptionDesign
        By the options that the design takes, in the order of `dimensions`.
    dimensions : sequence of str
        Names of the dimensions in which designs differ, such as ("window", "comparison").

    Returns
    -------
    tuple of Specification

    Raises
    ------
    DesignError
        If a design does not name one option for each dimension, or a dimension is called "estimator".

    Examples
    --------
    >>> from datetime import date
    >>> from lean_impact.domain import Window
    >>> from lean_impact.effects import DifferenceInDifferences
    >>> def design(year):
    ...     return AdoptionDesign.block(measure="stay", treated=["TR1"], comparison=["CA1", "CA2"],
    ...                                 pre=Window(start=date(year, 1, 1), end=date(2016, 1, 1)),
    ...                                 post=Window(start=date(2016, 1, 1), end=date(2020, 1, 1)))
    >>> found = every_combination(
    ...     {"pooled": DifferenceInDifferences(), "mean": DifferenceInDifferences(aggregation="mean")},
    ...     {("short",): design(2014), ("long",): design(2012)}, dimensions=["window"])
    >>> [tuple(each.choices.values()) for each in found]
    [('pooled', 'short'), ('pooled', 'long'), ('mean', 'short'), ('mean', 'long')]
    """
    problems = [
        Issue(
            rule="wrong-options",
            message=f"the design {options} does not name one option for each of {', '.join(dimensions)}",
        )
        for options in designs
        if len(options) != len(dimensions)
    ]
    if "estimator" in dimensions or len(set(dimensions)) < len(dimensions):
        problems.append(
            Issue(rule="wrong-dimension", message="dimensions need different names, none 'estimator'")
        )
    if problems:
        raise DesignError("the declared choices cannot be combined", problems)
    return tuple(
        Specification(
            choices={"estimator": name} | dict(zip(dimensions, options, strict=True)),
            estimator=estimator,
            adoption=adoption,
        )
        for name, estimator in estimators.items()
        for options, adoption in designs.items()
    )


def specification_curve(
    panel: Panel, specifications: Sequence[Specification], *, n_jobs: int | None = None
) -> SpecificationCurve:
    """Estimate under every declared specification.

    Parameters
    ----------
    panel : Panel
        Figures of all trusts.
    specifications : sequence of Specification
        All that were declared beforehand; they take an option in the same dimensions of choice.
    n_jobs : int or None
        Workers, see :func:`~lean_impact.effects.run_tasks`; they change no number.

    Returns
    -------
    SpecificationCurve
        A specification that an estimator refuses is listed with its reason, never left out in silence.

    Raises
    ------
    DesignError
        If specifications do not fit each other (see :func:`curve_of`), or fewer than two can be estimated.
    """
    _raise_if_unlike([each.choices for each in specifications])
    found = run_tasks(partial(_attempt, panel), specifications, n_jobs=n_jobs)
    results = [
        (each.choices, result)
        for each, result in zip(specifications, found, strict=True)
        if isinstance(result, EffectResult)
    ]
    failures = [result for result in found if isinstance(result, Failure)]
    return curve_of(results, failures=failures, provenance=panel.provenance)


def _attempt(panel: Panel, specification: Specification) -> EffectResult | Failure:
    try:
        return specification.estimator.estimate(panel, specification.adoption)
    except DesignError as error:
        return Failure(choices=dict(specification.choices), reason=error.one_line)


def curve_of(
    results: Sequence[tuple[Mapping[str, str], EffectResult]],
    *,
    failures: Sequence[Failure] = (),
    provenance: Provenance | None = None,
) -> SpecificationCurve:
    """Put results that are already there into one curve.

    Parameters
    ----------
    results : sequence of pairs of mapping and EffectResult
        The option taken in each dimension of choice, and the result.
    failures : sequence of Failure
        Declared specifications without a result.
    provenance : Provenance, optional
        Origin of the figures; that of the first result if not given.

    Returns
    -------
    SpecificationCurve

    Raises
    ------
    DesignError
        If there are fewer than two results, two take the same options, they have different dimensions, or their
        measures differ in unit, kind, or which direction is better.
    """
    if len(results) < _FEWEST:
        reasons = [Issue(rule="refused", message=f"{each.name}: {each.reason}") for each in failures]
        raise DesignError(f"a specification curve needs at least two estimates, not {len(results)}", reasons)
    _raise_if_unlike([choices for choices, _ in results] + [each.choices for each in failures])
    _raise_if_other_units([result.measure for _, result in results])
    origin = results[0][1].provenance if provenance is None else provenance
    step = f"specification curve: {len(results)} of {len(results) + len(failures)} specifications estimated"
    return SpecificationCurve(
        rows=tuple(Specified.of(choices, result) for choices, result in results),
        failures=tuple(failures),
        measure=results[0][1].measure,
        provenance=origin.model_copy(update={"steps": (*origin.steps, step)}),
    )


def _raise_if_unlike(choices: Sequence[Mapping[str, str]]) -> None:
    problems = [*_unlike(choices)]
    if problems:
        raise DesignError("the specifications do not fit each other", problems)


def _unlike(choices: Sequence[Mapping[str, str]]) -> Iterator[Issue]:
    dimensions = tuple(choices[0]) if choices else ()
    if not dimensions:
        yield Issue(rule="no-dimension", message="at least one dimension of choice is needed")
    seen: set[tuple[str, ...]] = set()
    for each in choices:
        if set(each) != set(dimensions):
            yield Issue(
                rule="other-dimensions",
                message=f"{dict(each)} does not choose in {', '.join(dimensions)}",
            )
            continue
        options = tuple(each[name] for name in dimensions)
        if options in seen:
            yield Issue(rule="repeated", message=f"{dict(each)} is declared twice")
        seen.add(options)


def _scale(measure: Measure) -> tuple[str, str, str]:
    """Say what an effect is measured in; proportions move in points, whatever they are a share of."""
    unit = "" if measure.kind == "proportion" else measure.unit
    return measure.kind, unit, measure.improvement


def _raise_if_other_units(measures: Sequence[Measure]) -> None:
    first = measures[0]
    odd = {each.id: each for each in measures if _scale(each) != _scale(first)}
    if odd:
        raise DesignError(
            "effects in different units make no curve",
            [
                Issue(
                    rule="other-unit",
                    message=f"{each.name} ({each.kind}, {each.unit}, better: {each.improvement}) is not measured like "
                    f"{first.name} ({first.kind}, {first.unit}, better: {first.improvement})",
                )
                for each in odd.values()
            ],
        )
