"""Read the rows below the header: organisations, total rows, and everything that is neither."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from lean_impact.errors import Issue, SourceError
from lean_impact.plugins.nhs._fields import WITHIN
from lean_impact.plugins.nhs._layout import CODE, NAME, PARENT, PERIOD, Layout
from lean_impact.sources import SourceFile, classify, shown, text_of

__all__ = ["ROW", "Reading", "read_body"]

ROW: Final = "row"
"""Column of a month's table that holds the row in the file, counted from 1."""

_KEYS: Final = frozenset({PERIOD, CODE, PARENT, NAME})
_ORGANISATION: Final = re.compile(r"[A-Z0-9]{3,6}")
_TOTAL_WORDS: Final = frozenset(
    {"total", "totals", "england", "englandtotal", "totalengland", "grandtotal", "nationaltotal"}
)


@dataclass(slots=True, kw_only=True)
class Reading:
    """A file while it is being read, with all that was found wrong so far."""

    file: SourceFile
    sheet: str | None = None
    encoding: str = ""
    rows: Sequence[Sequence[object]] = ()
    issues: list[Issue] = field(default_factory=list)

    def report(
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

    def error(self) -> SourceError:
        """Return the error that lists what makes the file unusable."""
        errors = [issue for issue in self.issues if issue.severity == "error"]
        return SourceError(f"{self.file.name} cannot be used", errors)

    def raise_if_failed(self) -> None:
        """Raise that error if there is any."""
        if self.failed:
            raise self.error()


def _is_total(code: str, parent: str, name: str) -> bool:
    def word(text: str) -> bool:
        return "".join(filter(str.isalpha, text)).casefold() in _TOTAL_WORDS

    return word(code) or word(name) or (word(parent) and not any(map(str.isalnum, code)))


def read_body(reading: Reading, layout: Layout) -> tuple[pd.DataFrame, tuple[pd.Series, ...], dict[str, int]]:
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
        blank = not any(text_of(row[layout.columns[figure]]) for figure in figures)
        if blank and not (name and _ORGANISATION.fullmatch(code)):
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
    reading: Reading, records: dict[str, dict[str, float]], code: str, record: dict[str, float], at: int
) -> None:
    if not _ORGANISATION.fullmatch(code):
        reading.report(
            "bad-code",
            f"'{shown(code)}' is no organisation code (3 to 6 letters and digits); a spreadsheet program "
            "may have changed it: download the file again",
            row=at,
            column=CODE,
            value=code,
        )
    elif code in records:
        reading.report(
            "duplicate",
            f"{code} is given twice, first in row {records[code][ROW]:.0f}; keep one row for each",
            row=at,
            column=CODE,
            value=code,
        )
    else:
        records[code] = record


def _count(reading: Reading, cell: object, at: int, figure: str) -> float:
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
    return math.nan if kind == "text" else number


def _refuse_unlabelled_numbers(reading: Reading, layout: Layout, at: int) -> None:
    for column in layout.unlabelled:
        cell = reading.rows[at][column]
        if classify(cell)[0] == "number":
            reading.report(
                "unlabelled-column",
                f"column {column + 1} has no header but holds the number {shown(cell)}; put it back",
                row=at,
                value=cell,
            )
