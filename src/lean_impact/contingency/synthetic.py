"""Small made-up case tables and effects, for tests of contingency models and for examples."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from lean_impact.domain import CaseTable, Cell, Condition, Estimate, State, TrustEffect

__all__ = ["synthetic_cases", "synthetic_effects"]

_STATES: Final[Mapping[str, State]] = {"1": "present", "0": "absent", "?": "unknown"}


def synthetic_cases(
    columns: Mapping[str, str],
    *,
    trusts: Sequence[str],
    hindering: Collection[str] = (),
    weak: Collection[tuple[str, str]] = (),
) -> CaseTable:
    """Build a case table from one line of signs for each condition.

    Parameters
    ----------
    columns : mapping of str to str
        By identifier of the condition, one sign for each trust: ``1`` present, ``0`` absent, ``?`` unknown.
    trusts : sequence of str
        Codes, in the order of the signs.
    hindering : collection of str
        Conditions whose presence is expected to hinder.
    weak : collection of (str, str)
        Trust and condition of cells of low confidence; unknown cells have it anyway.

    Returns
    -------
    CaseTable
        The table; the name of a condition is its identifier.

    Examples
    --------
    >>> synthetic_cases({"stable": "10?"}, trusts=("RTP", "RXW", "RF4")).column("stable")
    ('present', 'absent', 'unknown')
    """
    return CaseTable(
        conditions=tuple(
            Condition(id=c, name=c, favourable=c not in hindering, basis="made up") for c in columns
        ),
        trusts=tuple(trusts),
        cells=tuple(
            Cell(
                trust=trust,
                condition=condition,
                state=_STATES[sign],
                confidence="low" if sign == "?" or (trust, condition) in weak else "high",
            )
            for condition, signs in columns.items()
            for trust, sign in zip(trusts, signs, strict=True)
        ),
    )


def synthetic_effects(
    values: Mapping[str, float], *, standard_errors: Mapping[str, float] | float
) -> list[TrustEffect]:
    """Build effects with intervals of two standard errors either way.

    Parameters
    ----------
    values : mapping of str to float
        Effect by trust code.
    standard_errors : mapping of str to float, or float
        Standard error by trust code, or one for all.

    Returns
    -------
    list of TrustEffect
        In the order of ``values``.

    Examples
    --------
    >>> synthetic_effects({"RTP": 0.1}, standard_errors=0.05)[0].estimate.upper
    0.2
    """
    errors = dict.fromkeys(values, standard_errors) if isinstance(standard_errors, float) else standard_errors
    return [
        TrustEffect(
            trust=trust,
            estimate=Estimate(
                value=value,
                standard_error=errors[trust],
                lower=value - 2 * errors[trust],
                upper=value + 2 * errors[trust],
            ),
        )
        for trust, value in values.items()
    ]
