"""Arithmetic on the first days of periods, many at once: what follows, how far apart, where in the year."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from lean_impact.domain.period import LENGTH, Frequency

__all__ = ["breaks_of", "ends_of", "periods_from", "phase_of", "places_of"]

_YEAR = 12


def periods_from(first: date | np.datetime64, n: int, frequency: Frequency) -> np.ndarray:
    """Return the first days of consecutive periods.

    Parameters
    ----------
    first : date or datetime64
        First day of the first one; the first of a month, or any day where periods are weeks.
    n : int
        How many.
    frequency : {"week", "month", "quarter", "year"}
        Their length.

    Returns
    -------
    ndarray of datetime64[D], shape (n,)

    Examples
    --------
    >>> periods_from(date(2015, 12, 28), 2, "week")
    array(['2015-12-28', '2016-01-04'], dtype='datetime64[D]')
    """
    length, unit = LENGTH[frequency]
    start: np.ndarray = np.asarray(first, dtype=f"datetime64[{unit}]")
    return (start + length * np.arange(n)).astype("datetime64[D]")


def ends_of(periods: np.ndarray, frequency: Frequency) -> np.ndarray:
    """Return the first day after each period.

    Parameters
    ----------
    periods : ndarray of datetime64[D], shape (n_periods,)
        First days.
    frequency : {"week", "month", "quarter", "year"}
        Their length.

    Returns
    -------
    ndarray of datetime64[D], shape (n_periods,)

    Examples
    --------
    >>> ends_of(np.array(["2015-11-01"], dtype="datetime64[D]"), "quarter")
    array(['2016-02-01'], dtype='datetime64[D]')
    """
    length, unit = LENGTH[frequency]
    whole = periods.astype(f"datetime64[{unit}]")
    into = periods - whole.astype("datetime64[D]")
    ends: np.ndarray = (whole + np.timedelta64(length, unit)).astype("datetime64[D]") + into
    return ends


def breaks_of(periods: np.ndarray, frequency: Frequency) -> NDArray[np.int64]:
    """Return the index of each period that does not begin where the one before it ends.

    Parameters
    ----------
    periods : ndarray of datetime64[D], shape (n_periods,)
        First days.
    frequency : {"week", "month", "quarter", "year"}
        Their length.

    Returns
    -------
    ndarray of int64
        In order; empty on a complete calendar.

    Examples
    --------
    >>> breaks_of(np.array(["2015-07-06", "2015-07-13", "2015-07-21"], dtype="datetime64[D]"), "week")
    array([2])
    """
    return np.flatnonzero(periods[1:] != ends_of(periods[:-1], frequency)) + 1


def places_of(
    periods: np.ndarray, frequency: Frequency, *, origin: date | np.datetime64 | None = None
) -> NDArray[np.int64]:
    """Return how many periods each one lies after an origin.

    Parameters
    ----------
    periods : ndarray of datetime64[D], shape (n_periods,)
        First days, or any days: what is over of a period is not counted.
    frequency : {"week", "month", "quarter", "year"}
        Their length.
    origin : date or datetime64, optional
        Where to count from; the first of the periods if not given.

    Returns
    -------
    ndarray of int64, shape (n_periods,)
        Negative before the origin. Of months, quarters and years the day of the month is not looked at.

    Examples
    --------
    >>> days = np.array(["2015-07-06", "2015-07-20"], dtype="datetime64[D]")
    >>> places_of(days, "week"), places_of(days, "month", origin=date(2015, 5, 1))
    (array([0, 2]), array([2, 2]))
    """
    length, unit = LENGTH[frequency]
    whole = periods.astype(f"datetime64[{unit}]").astype(np.int64)
    zero = np.asarray(periods[:1] if origin is None else origin, dtype=f"datetime64[{unit}]")
    places: NDArray[np.int64] = (whole - zero.astype(np.int64)) // length
    return places


def phase_of(period: np.datetime64, frequency: Frequency) -> float:
    """Return how many periods of its year lie before a period.

    Parameters
    ----------
    period : datetime64[D]
        First day.
    frequency : {"week", "month", "quarter", "year"}
        Its length.

    Returns
    -------
    float
        0 for a period that begins on 1 January; whole, but for weeks.

    Examples
    --------
    >>> phase_of(np.datetime64("2015-07-01"), "quarter"), phase_of(np.datetime64("2015-01-08"), "week")
    (2, 1.0)
    """
    length, unit = LENGTH[frequency]
    if unit == "D":
        return float((period - period.astype("datetime64[Y]").astype("datetime64[D]")).astype(int)) / length
    return int(period.astype("datetime64[M]").astype(np.int64)) % _YEAR // length
