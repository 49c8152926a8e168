"""Dates, half-open windows and reporting frequencies."""

from __future__ import annotations

from datetime import date
from typing import Literal, Self

from pydantic import Field, model_validator

from lean_impact.domain._model import DomainModel

__all__ = ["MONTHS", "Frequency", "Window", "next_period", "period_label"]

Frequency = Literal["month", "quarter", "year"]
"""How often a measure is published."""

MONTHS: dict[Frequency, int] = {"month": 1, "quarter": 3, "year": 12}
"""Length of a period in months."""

_MONTHS_IN_YEAR = 12


def next_period(start: date, frequency: Frequency) -> date:
    """Return the first day of the period that follows.

    Parameters
    ----------
    start : date
        First day of a period.
    frequency : {"month", "quarter", "year"}
        Length of the period.

    Returns
    -------
    date
        First day of the next period.

    Examples
    --------
    >>> next_period(date(2015, 12, 1), "month")
    datetime.date(2016, 1, 1)
    """
    months = start.year * _MONTHS_IN_YEAR + start.month - 1 + MONTHS[frequency]
    return date(months // _MONTHS_IN_YEAR, months % _MONTHS_IN_YEAR + 1, start.day)


def period_label(start: date, frequency: Frequency) -> str:
    """Name a period the way a reader would.

    Parameters
    ----------
    start : date
        First day of the period.
    frequency : {"month", "quarter", "year"}
        Length of the period.

    Returns
    -------
    str
        ``"Aug 2015"``, ``"Jul-Sep 2015"`` or ``"2015"``.

    Examples
    --------
    >>> period_label(date(2015, 7, 1), "quarter")
    'Jul-Sep 2015'
    """
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
