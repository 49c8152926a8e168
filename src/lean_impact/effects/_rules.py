"""Rules that a design must keep whatever the estimator, and the one error that tells every breach."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from lean_impact.domain import Measure
from lean_impact.effects.adoption import AdoptionDesign
from lean_impact.errors import DesignError, Issue

__all__ = ["check_settings", "common_settings", "issue", "raise_if_any", "roles"]

_COMMON: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "weighting": (lambda given: given in {"equal", "denominator"}, "must be 'equal' or 'denominator'"),
    "inference": (lambda given: given in {"trusts", "influence"}, "must be 'trusts' or 'influence'"),
    "level": (lambda given: 0 < given < 1, "must lie between 0 and 1, such as 0.95"),
    "draws": (lambda given: given >= 1, "must be at least 1"),
    "calibration_groups": (lambda given: given >= 1, "must be at least 1"),
    "calibration_dates": (lambda given: given >= 0, "must not be negative"),
    "seed": (lambda given: given >= 0, "must not be negative"),
}
"""Settings that estimators share: whether a value will do, and what it must be."""


def check_settings(name: str, rules: Iterable[tuple[bool, str]]) -> None:
    """Refuse settings that are impossible, all of them at once.

    Parameters
    ----------
    name : str
        Name of the estimator.
    rules : iterable of (bool, str)
        Whether a setting is bad, and what it must be.

    Raises
    ------
    DesignError
        If any is bad.
    """
    problems = [Issue(rule="bad-setting", message=message) for bad, message in rules if bad]
    if problems:
        raise DesignError(f"the settings of {name} cannot be used", problems)


def common_settings(estimator: object) -> Iterator[tuple[bool, str]]:
    """Yield the rules for :func:`check_settings` of the shared settings that an estimator has.

    Parameters
    ----------
    estimator : object
        A dataclass with some of the shared settings.

    Yields
    ------
    tuple of (bool, str)
        Whether the setting is bad, and what it must be.
    """
    for name, (sound, words) in _COMMON.items():
        if hasattr(estimator, name):
            yield not sound(getattr(estimator, name)), f"{name} {words}"


def issue(rule: str, trust: str, words: str) -> Issue:
    """Say what is wrong with a trust."""
    return Issue(rule=rule, value=trust, message=f"{trust} {words}")


def raise_if_any(measure: Measure, problems: Iterable[Issue]) -> None:
    """Raise one error with all problems, if there are any.

    Raises
    ------
    DesignError
        With one issue for each problem.
    """
    found = list(problems)
    if found:
        noun = "problem" if len(found) == 1 else "problems"
        raise DesignError(f"no effect on {measure.name} can be estimated: {len(found)} {noun}", found)


def roles(adoption: AdoptionDesign, *, figures: Collection[str], fewest_comparison: int) -> Iterator[Issue]:
    """Yield what is wrong with the names: repeated, unknown, in both roles, too few.

    Parameters
    ----------
    adoption : AdoptionDesign
        The design.
    figures : collection of str
        Codes of the trusts that have a row for the measure.
    fewest_comparison : int
        Comparison trusts that the estimator needs at least.

    Yields
    ------
    Issue
    """
    treated, comparison = adoption.treated, adoption.comparison
    for role, codes in (("treated", treated), ("comparison", comparison)):
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            yield issue("repeated-trust", code, f"is named twice among the {role} trusts; name it once")
        for code in dict.fromkeys(codes):
            if code not in figures:
                words = (
                    f"is a {role} trust but has no row for '{adoption.measure}' in the panel; check the code"
                )
                yield issue("unknown-trust", code, words)
    for code in sorted(set(treated) & set(comparison)):
        yield issue("both-roles", code, "is both treated and comparison; it can only be one")
    if not treated:
        yield Issue(rule="no-treated", message="no treated trust is named; name at least one")
    if len(set(comparison)) < fewest_comparison:
        yield Issue(
            rule="too-few-comparison",
            message=f"{len(set(comparison))} comparison trusts are named; at least {fewest_comparison} are "
            "needed, because their spread is the only measure of chance there is",
        )
