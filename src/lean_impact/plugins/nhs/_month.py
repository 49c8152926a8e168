"""Read one monthly A&E file: which month, which revision, and each organisation's counts as published."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pandas as pd

from lean_impact.errors import Issue, SourceError
from lean_impact.plugins.nhs._dates import day_of, month_of, revised_in_name
from lean_impact.plugins.nhs._fields import WITHIN
from lean_impact.plugins.nhs._layout import (
    CODE,
    NAME,
    PARENT,
    PERIOD,
    Layout,
    csv_layout,
    find_header,
    workbook_layout,
)
from lean_impact.sources import (
    SourceFile,
    check_container,
    classify,
    open_workbook,
    read_text,
    shown,
    text_of,
)

__all__ = ["ROW", "Month", "read_month"]

ROW: Final = "row"
"""Column of a month's table that holds the row in the file, counted from 1."""

_SHEETS: Final = ("A&E Data", "Provider Level Data")
_KEYS: Final = frozenset({PERIOD, CODE, PARENT, NAME})
_ORGANISATION: Final = re.compile(r"[A-Z0-9]{3,6}")
_CSV_PERIOD: Final = re.compile(r"msitae-(.+)", re.IGNORECASE)
_TOTAL_WORDS: Final = frozenset(
    {"total", "totals", "england", "englandtotal", "totalengland", "grandtotal", "nationaltotal"}
)


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


@dataclass(slots=True, kw_only=True)
class _Reading:
    """A file while it is being read, with all that was found wrong so far."""

    file: SourceFile
    sheet: str | None = None
    encoding: str = ""
    rows: Sequence[Sequence[object]] = ()
    issues: list[Issue] = field(default_factory=list)

    def report(  # noqa: PLR0913 - the fields of an issue
        self,
        rule: str,
        message: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        warning: bool = False,
    ) -> None:
        """Note an issue; ``row`` is a position counted from 0."""
        self.issues.append(
            Issue(
                rule=rule,
                message=message,
                severity="warning" if warning else "error",
                file=self.file.name,
                sheet=self.sheet,
                row=None if row is None else row + 1,
                column=column,
                value=None if value is None else shown(value),
            )
        )

    @property
    def failed(self) -> bool:
        """Whether anything found so far makes the file unusable."""
        return any(issue.severity == "error" for issue in self.issues)


def read_month(file: SourceFile) -> tuple[Month | None, list[Issue]]:
    """Read a monthly A&E file of any known layout.

    Parameters
    ----------
    file : SourceFile
        An xls, xlsx or csv file.

    Returns
    -------
    Month or None
        Its figures; None if it cannot be used.
    list of Issue
        Errors, if it cannot be used.
    """
    reading = _Reading(file=file)
    try:
        _load(reading)
    except SourceError as error:
        return None, list(error.issues)
    header = find_header(reading.rows)
    if header is None:
        first = next((row for row in reading.rows if any(map(text_of, row))), ())
        starts = ", ".join(f"'{shown(cell)}'" for cell in first[:6] if text_of(cell))
        reading.report(
            "not-monthly-ae",
            "it is no monthly A&E file: no row has the headers 'Code' and 'Name' (workbook) or 'Org Code' and "
            f"'Org name' (CSV); its first row is {starts or 'empty'}. Take it out of the folder",
        )
        return None, reading.issues
    if reading.sheet is None:
        layout, found = csv_layout(reading.rows, header=header, file=file.name)
    else:
        layout, found = workbook_layout(reading.rows, header=header, file=file.name, sheet=reading.sheet)
    reading.issues += found
    if reading.failed:
        return None, reading.issues
    month = _month(reading, layout)
    return (None, [i for i in reading.issues if i.severity == "error"]) if month is None else (month, [])


def _load(reading: _Reading) -> None:
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
            f"sheets are {listed}. Take it out of the folder",
        )
        raise SourceError(f"{reading.file.name} cannot be read", reading.issues)
    reading.sheet, reading.encoding = names[0], workbook.container
    reading.rows = workbook.sheet(names[0]).rows


def _month(reading: _Reading, layout: Layout) -> Month | None:
    preamble = _preamble(reading.rows[: layout.header])
    table, totals, periods = _body(reading, layout)
    period = _period(reading, preamble, periods)
    revised, undated = _revised(reading, preamble)
    if table.empty and not reading.failed:
        reading.report("no-organisation", "no row below the header holds an organisation's figures")
    if reading.failed or period is None:
        return None
    return Month(
        file=reading.file,
        sheet=reading.sheet,
        encoding=reading.encoding,
        period=period,
        revised=revised,
        undated_revision=undated,
        table=table,
        totals=totals,
        issues=tuple(reading.issues),
    )


# ---------------------------------------------------------------------- which month, which revision


def _preamble(rows: Sequence[Sequence[object]]) -> dict[str, object]:
    """Return the labelled cells above a table, such as ``Period:`` and what stands to its right."""
    found: dict[str, object] = {}
    for row in rows:
        for label, value in zip(row, row[1:], strict=False):
            text = text_of(label)
            if text.endswith(":"):
                found.setdefault(text.removesuffix(":").casefold(), value)
    return found


def _period(reading: _Reading, preamble: dict[str, object], periods: dict[str, int]) -> date | None:
    """Return the month; from the column ``Period`` of a CSV file, from the preamble of a workbook."""
    if reading.sheet is not None:
        cell = preamble.get("period", "")
        month = month_of(cell)
        if month is None:
            reading.report(
                "bad-period",
                f"'{shown(cell)}' beside 'Period:' is no month; expected such as 'June 2015' (weekly files are not "
                "read)",
                value=cell,
            )
        return month
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
    return next(iter(months), None)


def _revised(reading: _Reading, preamble: dict[str, object]) -> tuple[date | None, bool]:
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


# ---------------------------------------------------------------------- the rows


def _is_total(code: str, parent: str, name: str) -> bool:
    def word(text: str) -> bool:
        return "".join(filter(str.isalpha, text)).casefold() in _TOTAL_WORDS

    return word(code) or word(name) or (word(parent) and not any(map(str.isalnum, code)))


def _body(reading: _Reading, layout: Layout) -> tuple[pd.DataFrame, tuple[pd.Series, ...], dict[str, int]]:
    """Return organisations, total rows, and each text of the column ``Period`` with its first row."""
    figures = [name for name in layout.columns if name not in _KEYS]
    width = len(reading.rows[layout.header])
    records: dict[str, dict[str, float]] = {}
    totals: list[pd.Series] = []
    periods: dict[str, int] = {}
    for at, row in enumerate(reading.rows[layout.header + 1 :], start=layout.header + 1):
        if not any(map(text_of, row)):
            continue
        if len(row) != width:
            reading.report(
                "row-length",
                f"the row has {len(row)} cells, the header {width}; the file may be cut off or edited: "
                "download it again",
                row=at,
            )
            continue
        code, parent, name = (text_of(row[layout.columns[key]]) for key in (CODE, PARENT, NAME))
        _refuse_unlabelled_numbers(reading, layout, at)
        if not any(
            text_of(row[layout.columns[figure]]) for figure in figures
        ) and not _ORGANISATION.fullmatch(code):
            text = next(filter(None, map(text_of, row)))
            reading.report(
                "no-data-row", f"skipped: '{shown(text)}' is no row of figures", row=at, warning=True
            )
            continue
        counts = {figure: _count(reading, row[layout.columns[figure]], at, figure) for figure in figures}
        if _is_total(code, parent, name):
            totals.append(pd.Series({**counts, ROW: at + 1}, dtype="float64"))
            continue
        if PERIOD in layout.columns:
            periods.setdefault(text_of(row[layout.columns[PERIOD]]), at)
        _keep(reading, records, code.upper(), {**counts, ROW: at + 1}, at)
    table = pd.DataFrame.from_dict(records, orient="index", columns=[*figures, ROW], dtype="float64")
    return table, tuple(totals), periods


def _keep(
    reading: _Reading, records: dict[str, dict[str, float]], code: str, record: dict[str, float], at: int
) -> None:
    if not _ORGANISATION.fullmatch(code):
        reading.report(
            "bad-code",
            f"'{shown(code)}' is no organisation code (3 to 6 letters and digits); a spreadsheet program may have "
            "changed it: download the file again",
            row=at,
            column=CODE,
            value=code,
        )
    elif code in records:
        reading.report(
            "duplicate",
            f"{code} is given twice, first in row {records[code][ROW]:.0f}; keep one row for each organisation",
            row=at,
            column=CODE,
            value=code,
        )
    else:
        records[code] = record


def _count(reading: _Reading, cell: object, at: int, figure: str) -> float:
    """Return a count; NaN for a blank, a dash or N/A, which all mean that none was submitted."""
    kind, number = classify(cell)
    if kind == "text":
        reading.report(
            "not-a-number",
            f"'{shown(cell)}' is no number; write digits only, or '-' if nothing was submitted",
            row=at,
            column=figure,
            value=cell,
        )
    # Attendances within 4 hours are a difference in the originals, and have been -1 once.
    elif number < 0 and figure not in WITHIN:
        reading.report("negative", f"{number:g} is a negative count", row=at, column=figure, value=cell)
    elif kind == "number" and not number.is_integer():
        reading.report(
            "fractional-count",
            f"{number:g} is no whole number; taken as published",
            row=at,
            column=figure,
            value=cell,
            warning=True,
        )
    return math.nan if kind == "text" else number


def _refuse_unlabelled_numbers(reading: _Reading, layout: Layout, at: int) -> None:
    for column in layout.unlabelled:
        cell = reading.rows[at][column]
        if classify(cell)[0] == "number":
            reading.report(
                "unlabelled-column",
                f"column {column + 1} has no header but holds the number {shown(cell)}; give it its header back",
                row=at,
                value=cell,
            )
