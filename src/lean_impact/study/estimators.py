"""Turn the methods that a plan names into estimators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any, Final

from lean_impact.domain import AnalysisPlan, EstimatorName, MethodPlan, hint
from lean_impact.effects import EffectEstimator
from lean_impact.errors import DesignError, Issue, StudyError

__all__ = ["ESTIMATORS", "check_methods", "make_estimator"]

ESTIMATORS: Final[Mapping[EstimatorName, str]] = {
    "did": "DifferenceInDifferences",
    "two-way-fixed-effects": "TwoWayFixedEffects",
    "imputation": "ImputationDifferenceInDifferences",
    "callaway-santanna": "CallawaySantAnna",
    "sun-abraham": "SunAbraham",
    "synthetic-control": "SyntheticControl",
    "augmented-synthetic-control": "AugmentedSyntheticControl",
    "synthetic-did": "SyntheticDifferenceInDifferences",
    "generalised-synthetic-control": "GeneralisedSyntheticControl",
    "matrix-completion": "MatrixCompletion",
    "interrupted-time-series": "InterruptedTimeSeries",
    "controlled-interrupted-time-series": "ControlledInterruptedTimeSeries",
}
"""Class of :mod:`lean_impact.effects` by the name that a study file uses."""

_FROM_PLAN = ("level", "draws", "calibration_groups", "seed")


def make_estimator(
    method: MethodPlan, plan: AnalysisPlan, *, seed: int, **changes: object
) -> EffectEstimator:
    """Return the estimator that a plan means.

    Parameters
    ----------
    method : MethodPlan
        Name and settings.
    plan : AnalysisPlan
        Gives level, draws and placebo groups.
    seed : int
        Root of everything random.
    **changes : object
        Settings that win over those of the method, where the estimator has them; others are passed over.

    Returns
    -------
    EffectEstimator

    Raises
    ------
    DesignError
        If a setting is unknown or impossible; lists every one.
    """
    kind = _class_of(method)
    known = {field.name for field in fields(kind)}
    unknown = [key for key in method.settings if key not in known]
    if unknown:
        raise DesignError(
            f"method '{method.id}' has settings that {kind.__name__} does not know",
            [_unknown(key, known - set(_FROM_PLAN)) for key in unknown],
        )
    common = {
        "level": plan.level,
        "draws": min(plan.draws, 999),
        "calibration_groups": plan.placebo_groups,
        "seed": seed,
    }
    settings = common | dict(method.settings) | changes
    estimator: EffectEstimator = kind(**{key: value for key, value in settings.items() if key in known})
    return estimator


def check_methods(plan: AnalysisPlan, *, file: str) -> None:
    """See that every method of a plan can be made.

    Raises
    ------
    StudyError
        With one issue for each setting that cannot be used.
    """
    issues = []
    for method in plan.methods:
        try:
            make_estimator(method, plan, seed=0)
        except DesignError as error:
            issues += [
                Issue(rule="bad-setting", key=f"plan.methods '{method.id}'", message=issue.message)
                for issue in error.issues
            ]
        except TypeError as error:
            issues.append(Issue(rule="bad-setting", key=f"plan.methods '{method.id}'", message=str(error)))
    if issues:
        raise StudyError(f"{file} declares methods that cannot be used", issues)


def _class_of(method: MethodPlan) -> Any:  # noqa: ANN401 - one of several classes
    return getattr(import_module("lean_impact.effects"), ESTIMATORS[method.estimator])


def _unknown(key: str, known: set[str]) -> Issue:
    message = f"unknown setting '{key}'; {hint(key, sorted(known))}"
    return Issue(rule="unknown-setting", value=key, message=message)
