"""Read months and days as publishers write them, misspellings of a month's name included.

A name is taken for a month if it is its three-letter abbreviation or so close to exactly one month's name
that no other can be meant ("Febuary"); anything else is no month.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from difflib import get_close_matches
from typing import Final

from lean_impact.sources import text_of

__all__ = ["day_of", "month_of", "revised_in_name"]

_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_ABBREVIATED: Final = {name[:3]: at for at, name in enumerate(_MONTHS, start=1)} | {"sept": 9}
_CLOSE: Final = 0.8
_CENTURY: Final = 2000
_LONG_YEAR: Final = 4

_MONTH: Final = re.compile(r"([a-z]+)[\s-]+(\d{4})", re.IGNORECASE)
_DAY_IN_WORDS: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\s+([a-z]+),?\s+(\d{4})", re.IGNORECASE)
_DAY_IN_DIGITS: Final = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4}|\d{2})")
_IN_NAME: Final = re.compile(r"revised[-_ .]*(\d{2})[-_.]?(\d{2})[-_.]?(\d{4}|\d{2})(?!\d)", re.IGNORECASE)


def _month_number(name: str) -> int | None:
    text = name.casefold()
    if text in _ABBREVIATED:
        return _ABBREVIATED[text]
    close = get_close_matches(text, _MONTHS, n=2, cutoff=_CLOSE)
    return _MONTHS.index(close[0]) + 1 if len(close) == 1 else None


def _day(day: str, month: int, year: str) -> date | None:
    try:
        return date(int(year) if len(year) == _LONG_YEAR else _CENTURY + int(year), month, int(day))
    except ValueError:
        return None


def month_of(cell: object) -> date | None:
    """Return the first day of the month that a cell names, or None.

    Examples
    --------
    >>> month_of("APRIL-2018"), month_of("Febuary 2016"), month_of("Week Ending 07/11/2010")
    (datetime.date(2018, 4, 1), datetime.date(2016, 2, 1), None)
    """
    if isinstance(cell, date):
        return date(cell.year, cell.month, 1)
    found = _MONTH.fullmatch(text_of(cell))
    number = _month_number(found[1]) if found else None
    return date(int(found[2]), number, 1) if found and number else None


def day_of(cell: object) -> date | None:
    """Return the day that a cell names, or None; digits are day, month, year.

    Examples
    --------
    >>> day_of("11th Febuary 2016"), day_of("12/05/2016"), day_of("soon")
    (datetime.date(2016, 2, 11), datetime.date(2016, 5, 12), None)
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = text_of(cell)
    if words := _DAY_IN_WORDS.fullmatch(text):
        month = _month_number(words[2])
        return _day(words[1], month, words[3]) if month else None
    if digits := _DAY_IN_DIGITS.fullmatch(text):
        return _day(digits[1], int(digits[2]), digits[3])
    return None


def revised_in_name(name: str) -> date | None:
    """Return the date of revision that a file name carries, or None.

    Examples
    --------
    >>> revised_in_name("Monthly-AE-May-2019-revised-220720-de345.csv")
    datetime.date(2020, 7, 22)
    >>> revised_in_name("February-2016-AE-by-provider-1gWNy-Revised-11082016.xls")
    datetime.date(2016, 8, 11)
    """
    found = _IN_NAME.search(name)
    return _day(found[1], int(found[2]), found[3]) if found else None
