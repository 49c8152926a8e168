"""Hand checks to pytest, without needing pytest to have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lean_impact.errors import InputError, Issue
from lean_impact.testing.check import Check

if TYPE_CHECKING:
    import pytest

__all__ = ["parametrize_checks"]


def parametrize_checks(
    checks: Iterable[Check], *, expected_failures: Mapping[str, str] | None = None
) -> pytest.MarkDecorator:
    """Make a test run once for each check, as the argument ``check``.

    Parameters
    ----------
    checks : iterable of Check
        What ``source_checks``, ``detector_checks``, ``estimator_checks``, ``scorer_checks`` or
        ``section_checks`` yield.
    expected_failures : mapping of str to str, optional
        Name of a check to the reason why it must fail here. There is no other way to pass one over, and one
        that does not fail is an error.

    Returns
    -------
    pytest.MarkDecorator
        For a test function with the argument ``check``, which calls ``check.run()``.

    Raises
    ------
    InputError
        If an expected failure names no check, or gives no reason.

    Examples
    --------
    >>> from lean_impact.plugins.contingency.null import NullModel
    >>> from lean_impact.testing import scorer_checks
    >>> @parametrize_checks(scorer_checks(NullModel()))
    ... def test_null_model_obeys(check):
    ...     check.run()
    """
    import pytest  # noqa: PLC0415 - checks run without pytest

    found = list(checks)
    expected = dict(expected_failures or {})
    _raise_if_idle(expected, {check.name for check in found})
    return pytest.mark.parametrize(
        "check",
        [
            pytest.param(
                check,
                id=check.name,
                marks=[pytest.mark.xfail(strict=True, reason=expected[check.name])]
                if check.name in expected
                else [],
            )
            for check in found
        ],
    )


def _raise_if_idle(expected: Mapping[str, str], names: set[str]) -> None:
    issues = [
        Issue(rule="no-such-check", message=f"no check is called '{name}'", value=name)
        for name in expected
        if name not in names
    ]
    issues += [
        Issue(rule="no-reason", message=f"say why '{name}' must fail", value=name)
        for name, reason in expected.items()
        if not reason.strip()
    ]
    if issues:
        raise InputError(f"expected failures do not fit; the checks are: {'; '.join(sorted(names))}", issues)
