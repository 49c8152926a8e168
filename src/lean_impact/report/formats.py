"""Write numbers and dates the way a board paper does: fixed digits, true minus sign, no locale.

Each function returns a formatter for :class:`~lean_impact.report.Column`: it takes a value that is not
missing and returns text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from lean_impact.domain import Frequency

__all__ = ["Formatter", "day", "month", "number", "p_value", "percent", "period", "points"]

Formatter = Callable[[Any], str]
"""Turns one value that is not missing into text."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(digits: int = 1, *, sign: bool = False) -> Formatter:
    """Format with thousands separators and a fixed number of decimals.

    Parameters
    ----------
    digits : int, default 1
        Decimals.
    sign : bool, default False
        Whether a positive number carries a plus sign, as changes should.

    Returns
    -------
    Formatter
        Takes a real number.

    Examples
    --------
    >>> number(0)(12345), number(1)(-0.04), number(1, sign=True)(-2.25)
    ('12,345', '0.0', '−2.2')
    """
    # "z" turns a negative zero left by rounding into a plain one.
    spec = f"{'+' if sign else '-'}z,.{digits}f"
    return lambda value: format(float(value), spec).replace("-", "−")


def percent(digits: int = 1) -> Formatter:
    """Format a share as a percentage.

    Parameters
    ----------
    digits : int, default 1
        Decimals of the percentage.

    Returns
    -------
    Formatter
        Takes a share, 1 being the whole.

    Examples
    --------
    >>> percent()(0.9034)
    '90.3%'
    """
    write = number(digits)
    return lambda value: f"{write(100 * float(value))}%"


def points(digits: int = 1) -> Formatter:
    """Format a difference of two shares in percentage points, always with its sign.

    Parameters
    ----------
    digits : int, default 1
        Decimals of the points.

    Returns
    -------
    Formatter
        Takes a difference of shares; the unit belongs into the heading of the column.

    Examples
    --------
    >>> points()(-0.196), points()(0.019)
    ('−19.6', '+1.9')
    """
    write = number(digits, sign=True)
    return lambda value: write(100 * float(value))


def p_value(digits: int = 3) -> Formatter:
    """Format a p-value; one that would round to nothing is shown as below the last digit.

    Parameters
    ----------
    digits : int, default 3
        Decimals.

    Returns
    -------
    Formatter
        Takes a probability.

    Examples
    --------
    >>> p_value()(0.0341), p_value()(0.00004)
    ('0.034', '<0.001')
    """
    smallest = 10.0**-digits

    def write(value: Any) -> str:  # noqa: ANN401 - a cell holds whatever the frame holds
        p = float(value)
        return f"<{smallest:.{digits}f}" if p < smallest else f"{p:.{digits}f}"

    return write


def month(value: date) -> str:
    """Write the month of a date.

    Parameters
    ----------
    value : date
        Any day of the month.

    Returns
    -------
    str
        Such as ``Aug 2015``, whatever the locale.

    Examples
    --------
    >>> month(date(2015, 8, 1))
    'Aug 2015'
    """
    return f"{_MONTHS[value.month - 1]} {value.year}"


def period(*frequencies: Frequency) -> Formatter:
    """Format the first day of a period: its month, or the day if any of the periods is a week.

    Parameters
    ----------
    *frequencies : {"week", "month", "quarter", "year"}
        Those of the measures in the table.

    Returns
    -------
    Formatter
        Takes a date.

    Examples
    --------
    >>> period("month")(date(2015, 8, 1)), period("month", "week")(date(2015, 8, 3))
    ('Aug 2015', '3 Aug 2015')
    """
    return day if "week" in frequencies else month


def day(value: date) -> str:
    """Write a day in full.

    Parameters
    ----------
    value : date
        The day.

    Returns
    -------
    str
        Such as ``1 Aug 2015``, whatever the locale.

    Examples
    --------
    >>> day(date(2015, 8, 1))
    '1 Aug 2015'
    """
    return f"{value.day} {month(value)}"
