"""What a series must be before it is searched, and what its denominators say about its noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lean_impact.errors import Issue, TableError
from lean_impact.tables import Series
from lean_impact.tables.calendar import breaks_of, ends_of

__all__ = ["check_series", "sampling_variance"]

Floats = NDArray[np.float64]


def check_series(series: Series) -> None:
    """Refuse what is no series: infinite values, periods that do not follow each other, impossible counts.

    Raises
    ------
    TableError
        All problems at once.
    """
    issues = [*_periods(series), *_values(series), *_counts(series)]
    if issues:
        raise TableError(
            f"{series.trust} {series.measure.id} cannot be searched for changes; correct the rows below or "
            "leave their values empty",
            issues,
        )


def _issue(series: Series, at: np.integer[Any], *, rule: str, column: str, words: str) -> Issue:
    return Issue(
        rule=rule,
        row=int(at) + 1,
        column=column,
        message=f"{np.datetime_as_string(series.periods[at])} {words}",
    )


def _periods(series: Series) -> Iterator[Issue]:
    days = series.periods.astype("datetime64[D]").astype(np.int64)
    for at in np.flatnonzero(np.diff(days) <= 0) + 1:
        same = days[at] == days[at - 1]
        words = "is given twice; keep one" if same else "comes after a later period; sort the periods"
        yield _issue(series, at, rule="period-order", column="period", words=words)
    frequency = series.measure.frequency
    wanted = ends_of(series.periods, frequency)
    for at in breaks_of(series.periods, frequency):
        if days[at] > days[at - 1]:
            words = (
                f"stands where {wanted[at - 1]} should: each {frequency} begins where the one before it ends; "
                "give a missing one a row without a value"
            )
            yield _issue(series, at, rule="period-step", column="period", words=words)


def _values(series: Series) -> Iterator[Issue]:
    for at in np.flatnonzero(np.isinf(series.values)):
        yield _issue(series, at, rule="infinite", column="value", words="is infinite; leave it empty")


def _counts(series: Series) -> Iterator[Issue]:
    top, bottom, observed = series.numerators, series.denominators, np.isfinite(series.values)
    for at in np.flatnonzero(observed & (bottom <= 0)):
        yield _issue(
            series, at, rule="denominator", column="denominator", words="has a denominator of 0 or less"
        )
    for at in np.flatnonzero(observed & (top < 0)):
        yield _issue(series, at, rule="numerator", column="numerator", words="has a negative numerator")
    if series.measure.kind == "proportion":
        for at in np.flatnonzero(observed & (top > bottom)):
            yield _issue(
                series,
                at,
                rule="numerator-above-denominator",
                column="numerator",
                words="has more in the numerator than in the denominator",
            )


def sampling_variance(series: Series, kept: NDArray[np.int64]) -> Floats:
    r"""Return the variance of each figure if nothing but sampling moved it; NaN without denominators.

    Parameters
    ----------
    series : Series
        Figures with their counts.
    kept : ndarray of int, shape (n_observed,)
        Observed periods.

    Returns
    -------
    ndarray, shape (n_observed,)
        :math:`\bar p (1 - \bar p) / n_t` for a proportion; for a count or a ratio :math:`\bar r^2 / (\bar r'
        e_t)` with the exposure :math:`e_t`, the mean figure :math:`\bar r` and the mean rate of events
        :math:`\bar r'`. All NaN for a mean of a scale, or where a denominator is not known.
    """
    unknown = np.full(len(kept), np.nan)
    bottom, top = series.denominators[kept], series.numerators[kept]
    if series.measure.kind == "mean" or not (np.isfinite(bottom) & np.isfinite(top)).all():
        return unknown
    rate = float(top.sum() / bottom.sum())
    if series.measure.kind == "proportion":
        return rate * (1.0 - rate) / bottom if 0.0 < rate < 1.0 else unknown
    figure = float(np.average(series.values[kept], weights=bottom))
    return figure**2 / (rate * bottom) if rate > 0 else unknown
