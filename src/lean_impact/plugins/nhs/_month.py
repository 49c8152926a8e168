"""Read one monthly A&E file: which month, which revision, and each organisation's counts as published."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

import pandas as pd

from lean_impact.errors import Issue
from lean_impact.plugins.nhs._body import Reading, read_body
from lean_impact.plugins.nhs._dates import day_of, month_of, revised_in_name
from lean_impact.plugins.nhs._layout import Layout, csv_layout, find_header, workbook_layout
from lean_impact.sources import SourceFile, check_container, open_workbook, read_text, shown, text_of

__all__ = ["Month", "read_month"]

_SHEETS: Final = ("A&E Data", "Provider Level Data")
_CSV_PERIOD: Final = re.compile(r"msitae-(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Month:
    """One file's figures.

    Attributes
    ----------
    file : SourceFile
        The file.
    sheet : str or None
        The sheet of a workbook.
    encoding : str
        Text encoding, or the container of a workbook.
    period : date
        First day of the month, from the content.
    revised : date or None
        Date of revision, from the workbook's preamble or the file name.
    undated_revision : bool
        Whether it is called revised without a date that can be read.
    table : DataFrame, shape (n_organisations, n_figures + 1)
        Counts by organisation code, NaN where nothing was submitted, and the row in the file.
    totals : tuple of Series
        The total rows, in the same columns.
    issues : tuple of Issue
        Warnings.
    """

    file: SourceFile
    sheet: str | None
    encoding: str
    period: date
    revised: date | None
    undated_revision: bool
    table: pd.DataFrame
    totals: tuple[pd.Series, ...]
    issues: tuple[Issue, ...] = ()

    @property
    def source(self) -> str:
        """File and sheet, as they stand in the panel."""
        return self.file.name if self.sheet is None else f"{self.file.name}, sheet '{self.sheet}'"


def read_month(file: SourceFile) -> Month:
    """Read a monthly A&E file of any known layout.

    Parameters
    ----------
    file : SourceFile
        An xls, xlsx or csv file.

    Returns
    -------
    Month
        Its figures and warnings.

    Raises
    ------
    SourceError
        If it cannot be used; ``issues`` lists every problem.
    """
    reading = Reading(file=file)
    _load(reading)
    layout = _layout(reading)
    reading.raise_if_failed()
    table, totals, periods = read_body(reading, layout)
    preamble = _preamble(reading.rows[: layout.header])
    period = _period(reading, preamble, periods)
    revised, undated = _revised(reading, preamble)
    if table.empty and not reading.failed:
        reading.report("no-organisation", "no row below the header holds an organisation's figures")
    reading.raise_if_failed()
    return Month(
        file=file,
        sheet=reading.sheet,
        encoding=reading.encoding,
        period=period,
        revised=revised,
        undated_revision=undated,
        table=table,
        totals=totals,
        issues=tuple(reading.issues),
    )


def _layout(reading: Reading) -> Layout:
    """Find the header and recognise the columns."""
    header = find_header(reading.rows)
    if header is None:
        first = next((row for row in reading.rows if any(map(text_of, row))), ())
        starts = ", ".join(f"'{shown(cell)}'" for cell in first[:6] if text_of(cell))
        reading.report(
            "not-monthly-ae",
            "it is no monthly A&E file: it lacks the headers 'Code' and 'Name' (workbook) or "
            f"'Org Code' and 'Org name' (CSV); its first row is {starts or 'empty'}. "
            "Take it out of the folder",
        )
        raise reading.error()
    name = reading.file.name
    if reading.sheet is None:
        layout, found = csv_layout(reading.rows, header=header, file=name)
    else:
        layout, found = workbook_layout(reading.rows, header=header, file=name, sheet=reading.sheet)
    reading.issues += found
    return layout


def _load(reading: Reading) -> None:
    """Fill in the rows: of a CSV file, or of the provider sheet of a workbook."""
    if check_container(reading.file) == "csv":
        text = read_text(reading.file)
        reading.encoding, reading.rows = text.encoding, text.rows
        return
    workbook = open_workbook(reading.file)
    wanted = {text_of(name).casefold() for name in _SHEETS}
    names = [name for name in workbook.sheet_names if text_of(name).casefold() in wanted]
    if len(names) != 1:
        listed = ", ".join(f"'{name}'" for name in workbook.sheet_names)
        reading.report(
            "not-monthly-ae",
            f"it is no monthly A&E workbook: it must have one sheet '{_SHEETS[0]}' or '{_SHEETS[1]}'; its "
            f"sheets are {listed}. "
            "Take it out of the folder",
        )
        raise reading.error()
    reading.sheet, reading.encoding = names[0], workbook.container
    reading.rows = workbook.sheet(names[0]).rows


# ---------------------------------------------------------------------- which month, which revision


def _preamble(rows: Sequence[Sequence[object]]) -> dict[str, object]:
    """Return the labelled cells above a table, such as ``Period:`` and what stands to its right."""
    found: dict[str, object] = {}
    for row in rows:
        for label, value in pairwise(row):
            text = text_of(label)
            if text.endswith(":"):
                found.setdefault(text.removesuffix(":").casefold(), value)
    return found


def _period(reading: Reading, preamble: dict[str, object], periods: dict[str, int]) -> date:
    """Return the month: from the column ``Period`` of a CSV file, from the preamble of a workbook.

    If it cannot be told that is reported, and what is returned means nothing.
    """
    if reading.sheet is not None:
        cell = preamble.get("period", "")
        month = month_of(cell)
        if month is None:
            reading.report(
                "bad-period",
                f"'{shown(cell)}' beside 'Period:' is no month; expected such as 'June 2015' (weekly files "
                "are not read)",
                value=cell,
            )
        return month or date.min
    months: dict[date, int] = {}
    for text, row in periods.items():
        found = _CSV_PERIOD.fullmatch(text)
        month = month_of(found[1]) if found else None
        if month is None:
            reading.report(
                "bad-period",
                f"'{shown(text)}' is no month; expected such as 'MSitAE-APRIL-2018'",
                row=row,
                column="Period",
                value=text,
            )
        else:
            months[month] = row
    if len(months) > 1:
        listed = ", ".join(f"{month:%B %Y} (row {row + 1})" for month, row in sorted(months.items()))
        reading.report("several-months", f"it holds more than one month: {listed}; split it", column="Period")
    return next(iter(months), date.min)


def _revised(reading: Reading, preamble: dict[str, object]) -> tuple[date | None, bool]:
    """Return the date of revision, and whether the file is a revision without a date."""
    cell = preamble.get("revised", "")
    revised = day_of(cell)
    in_name = revised_in_name(reading.file.name)
    if revised is None and text_of(cell):
        reading.report(
            "bad-revision-date",
            f"'{shown(cell)}' beside 'Revised:' is no date; "
            + (
                f"{in_name:%d %B %Y} was taken from the file name"
                if in_name
                else "its place among revisions of this month is not known"
            ),
            value=cell,
            warning=True,
        )
    called_revised = bool(text_of(cell)) or "revised" in reading.file.name.casefold()
    revised = revised or in_name
    return revised, called_revised and revised is None
