"""Recognise the columns of a monthly A&E file by the text above them, never by their position.

Headers are brought to one spelling first: small letters, single blanks, ``<`` and ``>`` for "less than" and
"greater than", and for the CSV files without the words that came and went over the years ("Number of",
"A&E", "hs" for "hrs"). What is left must match exactly: a column that is not known, known twice or not
there is an error, because a guessed column is a wrong figure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lean_impact.errors import Issue
from lean_impact.plugins.nhs._fields import (
    ADMISSIONS,
    ATTENDANCES,
    BOOKED,
    BOOKED_OVER,
    DTA_4_TO_12,
    DTA_OVER_4,
    DTA_OVER_12,
    OTHER_ADMISSIONS,
    OVER,
    TOTALS,
    WITHIN,
)
from lean_impact.sources import text_of

__all__ = ["CODE", "NAME", "PARENT", "PERIOD", "Layout", "csv_layout", "find_header", "workbook_layout"]

PERIOD, CODE, PARENT, NAME = "period", "organisation code", "parent organisation", "organisation name"
_IGNORED: Final = "ignored"

_CSV_TYPES: Final = ("type 1", "type 2", "other department")
_CSV: Final[dict[str, str]] = {
    "period": PERIOD,
    "org code": CODE,
    "parent org": PARENT,
    "org name": NAME,
    **{f"attendances {t}": name for t, name in zip(_CSV_TYPES, ATTENDANCES, strict=True)},
    **{f"attendances booked appointments {t}": name for t, name in zip(_CSV_TYPES, BOOKED, strict=True)},
    **{f"attendances over 4hrs {t}": name for t, name in zip(_CSV_TYPES, OVER, strict=True)},
    **{
        f"attendances over 4hrs booked appointments {t}": name
        for t, name in zip(_CSV_TYPES, BOOKED_OVER, strict=True)
    },
    "patients who have waited 4-12 hrs from dta to admission": DTA_4_TO_12,
    "patients who have waited 12+ hrs from dta to admission": DTA_OVER_12,
    **{f"emergency admissions via {t}": name for t, name in zip(_CSV_TYPES, ADMISSIONS, strict=True)},
    "other emergency admissions": OTHER_ADMISSIONS,
}
_OPTIONAL_IN_CSV: Final = frozenset({*BOOKED, *BOOKED_OVER})

_DEPARTMENTS: Final = (
    "type 1 departments - major a&e",
    "type 2 departments - single specialty",
    "type 3 departments - other a&e/minor injury unit",
)
_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "a&e attendances": ATTENDANCES,
    "a&e attendances < 4 hours from arrival to admission, transfer or discharge": WITHIN,
    "a&e attendances > 4 hours from arrival to admission, transfer or discharge": OVER,
}
"""Group headers under which the three departments are repeated."""

_TOTAL_HEADERS: Final = (
    "total attendances",
    "total attendances < 4 hours",
    "total attendances > 4 hours",
    "total emergency admissions via a&e",
    "total emergency admissions",
)
_WORKBOOK: Final[dict[str, str]] = {
    "code": CODE,
    "region": PARENT,
    "name": NAME,
    **dict(zip(_TOTAL_HEADERS, TOTALS, strict=True)),
    # Percentages are computed from the counts: they are text where there is nothing to divide.
    **{f"percentage in 4 hours or less ({of})": _IGNORED for of in ("all", "type 1", "type 2", "type 3")},
    "emergency admissions via type 1 a&e": ADMISSIONS[0],
    "emergency admissions via type 2 a&e": ADMISSIONS[1],
    "emergency admissions via type 3 and 4 a&e": ADMISSIONS[2],
    "other emergency admissions (i.e not via a&e)": OTHER_ADMISSIONS,
    "number of patients spending >4 hours from decision to admit to admission": DTA_OVER_4,
    "number of patients spending >12 hours from decision to admit to admission": DTA_OVER_12,
}
_OPTIONAL_IN_WORKBOOK: Final = frozenset({*WITHIN, *TOTALS})
_HEADER_WITHIN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where each figure of a table stands.

    Attributes
    ----------
    header : int
        Position of the header row, counted from 0.
    columns : mapping of str to int
        Position of each known column, by the name of the figure.
    unlabelled : tuple of int
        Positions of columns without a header, which must hold no numbers.
    """

    header: int
    columns: Mapping[str, int]
    unlabelled: tuple[int, ...]


def normal(cell: object) -> str:
    """Return a header in the one spelling in which headers are compared.

    Examples
    --------
    >>> normal("A&E attendances  greater than 4 hours")
    'a&e attendances > 4 hours'
    """
    text = text_of(cell).casefold()
    text = text.replace("greater than", ">").replace("less than", "<")
    return re.sub(r"> (?=\d+ hours from decision)", ">", text)


def _normal_csv(cell: object) -> str:
    text = normal(cell).removeprefix("number of ")
    text = re.sub(r"\bhs\b", "hrs", text).replace(" - ", " ")
    return " ".join(text.replace("a&e ", " ").split())


def find_header(rows: Sequence[Sequence[object]]) -> int | None:
    """Return the position of the first row that names the organisation's code and name, if there is one."""
    for at, row in enumerate(rows[:_HEADER_WITHIN]):
        cells = {normal(cell) for cell in row}
        if {"code", "name"} <= cells or {"org code", "org name"} <= cells:
            return at
    return None


def csv_layout(rows: Sequence[Sequence[object]], *, header: int, file: str) -> tuple[Layout, list[Issue]]:
    """Recognise the columns of a CSV file.

    Parameters
    ----------
    rows : sequence of rows
        The file.
    header : int
        Position of the header row.
    file : str
        Name of the file, for messages.

    Returns
    -------
    Layout
        Where the figures stand.
    list of Issue
        Unknown, repeated and missing columns.
    """
    found = [_CSV.get(_normal_csv(cell), "") for cell in rows[header]]
    expected = dict.fromkeys(_CSV.values())
    return _layout(rows, header, found, expected, _OPTIONAL_IN_CSV, file, None)


def workbook_layout(
    rows: Sequence[Sequence[object]], *, header: int, file: str, sheet: str
) -> tuple[Layout, list[Issue]]:
    """Recognise the columns of a provider sheet by the group row and the header row below it.

    Parameters
    ----------
    rows : sequence of rows
        The sheet.
    header : int
        Position of the header row.
    file, sheet : str
        Names, for messages.

    Returns
    -------
    Layout
        Where the figures stand.
    list of Issue
        Unknown, repeated and missing columns.
    """
    group: tuple[str, ...] = ()
    found = []
    for above, cell in zip(rows[header - 1] if header else (), rows[header], strict=False):
        if text_of(above):
            group = _GROUPS.get(normal(above), ())
        text = normal(cell)
        if text in _DEPARTMENTS:
            found.append(group[_DEPARTMENTS.index(text)] if group else "")
        else:
            found.append(_WORKBOOK.get(text, ""))
    found += [""] * (len(rows[header]) - len(found))
    known = [*_WORKBOOK.values(), *ATTENDANCES, *WITHIN, *OVER]
    expected = {name: None for name in known if name != _IGNORED}
    return _layout(rows, header, found, expected, _OPTIONAL_IN_WORKBOOK, file, sheet)


def _layout(
    rows: Sequence[Sequence[object]],
    header: int,
    found: Sequence[str],
    expected: Mapping[str, None],
    optional: frozenset[str],
    file: str,
    sheet: str | None,
) -> tuple[Layout, list[Issue]]:
    texts = [text_of(cell) for cell in rows[header]]
    listed = ", ".join(f"'{text}'" for text in texts if text)

    def issue(rule: str, message: str, column: str) -> Issue:
        return Issue(rule=rule, file=file, sheet=sheet, row=header + 1, column=column, message=message)

    issues = [
        issue(
            "unknown-column",
            "this column is not known, or stands under an unknown group header; the layout is new and must "
            "be added before its figures can be trusted",
            text,
        )
        for text, name in zip(texts, found, strict=True)
        if text and not name
    ]
    counts = Counter(name for name in found if name and name != _IGNORED)
    issues += [
        issue("repeated-column", f"{n} columns hold the same figure, '{name}'; keep one", name)
        for name, n in counts.items()
        if n > 1
    ]
    missing = [name for name in expected if name not in counts and name not in optional]
    if missing:
        what = "', '".join(missing)
        issues.append(
            issue("missing-column", f"expected a column for '{what}'; the columns are {listed}", missing[0])
        )
    columns = {name: at for at, name in enumerate(found) if name and name != _IGNORED}
    unlabelled = tuple(at for at, text in enumerate(texts) if not text)
    return Layout(header=header, columns=columns, unlabelled=unlabelled), issues
