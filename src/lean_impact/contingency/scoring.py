"""What every fit says in the same way: its table of scores and its words about them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol

import pandas as pd

from lean_impact.contingency.protocol import Finding, Score
from lean_impact.domain import Estimate, Summary

__all__ = ["Scored", "plain_number", "score_table", "share_range", "spell", "summarise_fit"]

SCORE_COLUMNS = ("trust", "score", "lower", "upper", "expected", "expected_lower", "expected_upper")
_NUMERALS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@cache
def spell(number: int) -> str:
    """Write a count for a sentence.

    Parameters
    ----------
    number : int
        Zero or more.

    Returns
    -------
    str
        A word up to ten, digits above.

    Examples
    --------
    >>> spell(5), spell(12)
    ('five', '12')
    """
    return _NUMERALS[number] if number < len(_NUMERALS) else str(number)


def plain_number(value: float) -> str:
    """Write an effect with its sign and three significant digits.

    Parameters
    ----------
    value : float
        Effect, in the unit of the measure.

    Returns
    -------
    str
        For example ``"+0.143"``.

    Examples
    --------
    >>> plain_number(-0.0123456)
    '-0.0123'
    """
    return f"{value:+.3g}"


def share_range(shares: tuple[float, float]) -> str:
    """Write a range of shares as whole per cents.

    Parameters
    ----------
    shares : tuple of float
        Lowest and highest, from 0 to 1.

    Returns
    -------
    str
        One figure if both round to the same.

    Examples
    --------
    >>> share_range((0.2, 0.4)), share_range((0.1, 0.1))
    ('20% to 40%', '10%')
    """
    low, high = (f"{share:.0%}" for share in shares)
    return low if low == high else f"{low} to {high}"


class Scored(Protocol):
    """Something that scores trusts."""

    def score(self, trust: str) -> Score:
        """Score the context of a trust that was fitted."""
        ...


def score_table(fit: Scored, *, trusts: Sequence[str]) -> pd.DataFrame:
    """Tabulate the scores of a fit.

    Parameters
    ----------
    fit : ContingencyFit
        What a model learned, or anything else that scores trusts.
    trusts : sequence of str
        Codes of the trusts that were fitted.

    Returns
    -------
    DataFrame
        One row for each trust, by code: ``trust``, ``score`` with ``lower`` and ``upper`` from 0 to 1, and
        the effect ``expected`` in its context with its 95 % predictive interval, positive is an improvement.
    """
    scores = [fit.score(trust) for trust in sorted(trusts)]
    rows = [
        (s.trust, s.value, s.lower, s.upper, s.expected.value, s.expected.lower, s.expected.upper)
        for s in scores
    ]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


def summarise_fit(title: str, findings: Sequence[Finding], cautions: Sequence[str]) -> Summary:
    """Write findings with their support, then the cautions.

    Parameters
    ----------
    title : str
        First line.
    findings : sequence of Finding
        What the model says.
    cautions : sequence of str
        What to know before using it.

    Returns
    -------
    Summary
        Plain text, one finding or caution a line.
    """
    lines = [title, *(f"- {f.statement} {_support(f)}" for f in findings)]
    return Summary("\n".join([*lines, *(f"Caution: {caution}" for caution in cautions)]))


def _support(finding: Finding) -> str:
    """Write the support of a finding, and who carries it."""
    if isinstance(finding.support, Estimate):
        e = finding.support
        words = (
            f"[{plain_number(e.value)}, {100 * e.level:.0f}% interval {plain_number(e.lower)} to "
            f"{plain_number(e.upper)}"
        )
    else:
        words = f"[probability {finding.support:.2f}"
    return f"{words}; carried by {', '.join(finding.trusts)}]" if finding.trusts else f"{words}]"
