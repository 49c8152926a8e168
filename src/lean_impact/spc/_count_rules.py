"""What counts, denominators and gaps must satisfy before they are charted; every problem is listed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from lean_impact.errors import DesignError, Issue, TableError
from lean_impact.spc._decisions import name_of
from lean_impact.tables import Series

__all__ = ["check_counts", "check_fractions", "check_gaps"]


def check_fractions(series: Series, *, part_of_whole: bool) -> None:
    """Refuse numerators and denominators from which no rate can be formed.

    Parameters
    ----------
    series : Series
        The figures.
    part_of_whole : bool
        Whether the numerator counts some of the denominator, so that it cannot exceed it.

    Raises
    ------
    DesignError
        If there are no numerators or no denominators at all.
    TableError
        If a row cannot be: negative, infinite, events without anything to count them in, more events than
        cases, or one of the two missing.
    """
    above, below = series.numerators, series.denominators
    missing = [
        name
        for name, values in (("numerators", above), ("denominators", below))
        if not np.isfinite(values).any()
    ]
    if missing:
        raise DesignError(
            f"{name_of(series)} has no {' and no '.join(missing)}; this chart is made of both, chart single "
            "figures by XmR instead"
        )
    rows = [
        ("infinite", np.isinf(above) | np.isinf(below), "an infinite count", "leave it missing"),
        ("negative", (above < 0) | (below < 0), "a negative count", "correct it or leave it missing"),
        ("zero-denominator", (below == 0) & (above > 0), "events but a denominator of zero", "correct one"),
        (
            "half-missing",
            np.isnan(above) != np.isnan(below),
            "a numerator or a denominator alone",
            "give both or none",
        ),
    ]
    if part_of_whole:
        more = (above > below) & (below > 0)
        rows.append(("numerator-above-denominator", more, "more events than cases", "correct one"))
    _raise(
        series,
        (
            _row(series, rule, what, advice, at)
            for rule, bad, what, advice in rows
            for at in np.flatnonzero(bad).tolist()
        ),
    )


def check_counts(series: Series) -> None:
    """Refuse counts below zero or infinite."""
    bad = series.values < 0
    _raise(
        series,
        (
            _row(series, "negative", "a negative count", "correct it", at)
            for at in np.flatnonzero(bad).tolist()
        ),
    )


def check_gaps(series: Series, *, zero: bool) -> None:
    """Refuse gaps between events that cannot be.

    Parameters
    ----------
    series : Series
        The gaps.
    zero : bool
        Whether a gap of zero can be: no case between two events, but not no time.

    Raises
    ------
    TableError
        If a gap is negative, or zero where that cannot be; every one is listed.
    """
    bad = (series.values < 0) | ((series.values == 0) & (not zero))
    what = "a negative gap" if zero else "no time between two events"
    advice = "correct it" if zero else "give the time in a finer unit, such as hours"
    _raise(series, (_row(series, "gap", what, advice, at) for at in np.flatnonzero(bad).tolist()))


def _row(series: Series, rule: str, what: str, advice: str, at: int) -> Issue:
    return Issue(rule=rule, row=at + 1, message=f"{series.periods[at]} has {what}; {advice}")


def _raise(series: Series, issues: Iterable[Issue]) -> None:
    found = list(issues)
    if found:
        raise TableError(f"{name_of(series)} cannot be charted: {len(found)} problem(s)", found)
