"""Dates, half-open windows and reporting frequencies."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from lean_impact.domain._model import DomainModel

__all__ = ["LENGTH", "PER_YEAR", "Frequency", "Window", "has_ended_by", "next_period", "period_label"]

Frequency = Literal["week", "month", "quarter", "year"]
"""How often a measure is published."""

LENGTH: Final[dict[Frequency, tuple[int, Literal["D", "M"]]]] = {
    "week": (7, "D"),
    "month": (1, "M"),
    "quarter": (3, "M"),
    "year": (12, "M"),
}
"""Length of a period in days (D) or months (M); the letters are those of numpy."""

PER_YEAR: Final[dict[Frequency, float]] = {"week": 365.25 / 7, "month": 12, "quarter": 4, "year": 1}
"""Periods a year; a year has 52 weeks and a day or two."""

_MONTHS_IN_YEAR = 12


def next_period(start: date, frequency: Frequency) -> date:
    """Return the first day of the period that follows.

    Parameters
    ----------
    start : date
        First day of a period; a week may begin on any day of the week.
    frequency : {"week", "month", "quarter", "year"}
        Length of the period.

    Returns
    -------
    date
        First day of the next period.

    Examples
    --------
    >>> next_period(date(2015, 12, 1), "month")
    datetime.date(2016, 1, 1)
    >>> next_period(date(2015, 12, 28), "week")
    datetime.date(2016, 1, 4)
    """
    length, unit = LENGTH[frequency]
    if unit == "D":
        return start + timedelta(days=length)
    months = start.year * _MONTHS_IN_YEAR + start.month - 1 + length
    return date(months // _MONTHS_IN_YEAR, months % _MONTHS_IN_YEAR + 1, start.day)


def has_ended_by(day: date, frequency: Frequency) -> date:
    """Return a day by which the period that a day lies in is over, wherever in it the day lies.

    Parameters
    ----------
    day : date
        Any day.
    frequency : {"week", "month", "quarter", "year"}
        Length of the period.

    Returns
    -------
    date
        A week later; or the first of a month, one length after that of the day.

    Examples
    --------
    >>> has_ended_by(date(2015, 7, 8), "week"), has_ended_by(date(2015, 7, 8), "month")
    (datetime.date(2015, 7, 15), datetime.date(2015, 8, 1))
    """
    return next_period(day if LENGTH[frequency][1] == "D" else day.replace(day=1), frequency)


def period_label(start: date, frequency: Frequency) -> str:
    """Name a period the way a reader would.

    Parameters
    ----------
    start : date
        First day of the period.
    frequency : {"week", "month", "quarter", "year"}
        Length of the period.

    Returns
    -------
    str
        ``"week of 6 Jul 2015"``, ``"Aug 2015"``, ``"Jul-Sep 2015"`` or ``"2015"``.

    Examples
    --------
    >>> period_label(date(2015, 7, 1), "quarter")
    'Jul-Sep 2015'
    >>> period_label(date(2015, 7, 6), "week")
    'week of 6 Jul 2015'
    """
    if frequency == "week":
        return f"week of {start.day} {start:%b %Y}"
    if frequency == "year":
        return f"{start:%Y}"
    if frequency == "quarter":
        last = next_period(next_period(start, "month"), "month")
        return f"{start:%b}-{last:%b %Y}"
    return f"{start:%b %Y}"


class Window(DomainModel):
    """A half-open stretch of time, ``start`` inside and ``end`` outside.

    Parameters
    ----------
    start : date
        First day that belongs to the window.
    end : date
        First day that no longer belongs to it.

    Examples
    --------
    >>> window = Window(start=date(2015, 9, 1), end=date(2017, 1, 1))
    >>> window.contains(date(2016, 12, 1)), window.contains(date(2017, 1, 1))
    (True, False)
    """

    start: date = Field(description="First day that belongs to the window")
    end: date = Field(description="First day that no longer belongs to it")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start >= self.end:
            raise ValueError(
                f"start {self.start} is not before end {self.end}; a window is half-open, so end is the "
                "first day after it"
            )
        return self

    def contains(self, day: date) -> bool:
        """Tell whether a day lies in the window."""
        return self.start <= day < self.end
