"""Hold each month's figures against themselves: totals, parts, and zeros that cannot be.

The 4-hour count of a trust that stopped reporting is 0 in the CSV files, not blank, and would read as
100%. Three rules turn such a zero into "not submitted", and each says so in a warning: a trust of the field
test of the clinical review of standards [1]_ with type 1 attendances and no patient over 4 hours from May
2019 on, whatever the month; a workbook's dash; and any organisation with many type 1 attendances and not
one over 4 hours, because even the best months of the best departments have some in a thousand.

References
----------
.. [1] NHS England (2019), Clinically-led Review of NHS Access Standards: interim report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd

from lean_impact.errors import Issue, SourceError
from lean_impact.plugins.nhs._body import ROW
from lean_impact.plugins.nhs._fields import (
    ATTENDANCES,
    BOOKED,
    BOOKED_OVER,
    DTA_4_TO_12,
    DTA_OVER_4,
    DTA_OVER_12,
    OVER,
    TOTALS,
    WITHIN,
)
from lean_impact.plugins.nhs._month import Month

__all__ = ["FIELD_TEST", "FIELD_TEST_START", "checked", "complete"]

FIELD_TEST: Final = frozenset(
    ["RGT", "RQM", "RDU", "RYJ", "RNQ", "RC9", "RXF", "RVW", "RX1", "RK9", "RD3", "RHU", "RFR", "RGR", "R0D"]
)
"""Trusts that stopped reporting the 4-hour figure for the field test; R0D followed RD3."""

FIELD_TEST_START: Final = date(2019, 5, 1)
_TOLERANCE: Final = 0.5
"""Sums of whole numbers; the only fractions ever published are in the parts and the total alike."""

Severity = Literal["error", "warning"]


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which every figure means the same whatever layout it came from.

    Parameters
    ----------
    table : DataFrame, shape (n_organisations, n_figures + 1)
        As published.

    Returns
    -------
    DataFrame, shape (n_organisations, n_figures + 1 or 2)
        Booked appointments are added to attendances and to those over 4 hours; waits over 4 hours from
        the decision to admit are summed from their two parts where only these are published.
    """
    table = table.copy()
    if BOOKED[0] in table:
        table[list(ATTENDANCES)] += table[list(BOOKED)].to_numpy()
        table[list(OVER)] += table[list(BOOKED_OVER)].to_numpy()
    if DTA_4_TO_12 in table:
        table[DTA_OVER_4] = table[DTA_4_TO_12] + table[DTA_OVER_12]
    return table


def checked(month: Month, *, checksum: Severity, implausible_zero: int | None) -> Month:
    """Check a month and take out 4-hour counts that were not submitted.

    Parameters
    ----------
    month : Month
        As read.
    checksum : {"error", "warning"}
        How grave it is if a total row is absent or differs from the sum of the rows.
    implausible_zero : int or None
        Type 1 attendances from which none over 4 hours means that it was not submitted; None to believe
        every zero of trusts outside the field test.

    Returns
    -------
    Month
        With :func:`complete` figures and all warnings.

    Raises
    ------
    SourceError
        If its figures contradict each other; ``issues`` lists every case.
    """
    found = [*_checksum(month, checksum), *_fractions(month), *_parts(month)]
    table = complete(month.table)
    found += _over_above_attendances(month, table)
    table, zeros = _without_false_zeros(month, table, implausible_zero)
    found += zeros
    errors = [issue for issue in found if issue.severity == "error"]
    if errors:
        raise SourceError(f"{month.file.name} cannot be used", errors)
    return replace(month, table=table, issues=(*month.issues, *found))


def _issue(
    month: Month,
    rule: str,
    message: str,
    *,
    row: float | None = None,
    column: str | None = None,
    severity: Severity = "warning",
) -> Issue:
    return Issue(
        rule=rule,
        message=message,
        severity=severity,
        file=month.file.name,
        sheet=month.sheet,
        row=None if row is None else int(row),
        column=column,
    )


def _checksum(month: Month, severity: Severity) -> Iterator[Issue]:
    """Compare each total row with the sum of the organisations."""
    if not month.totals:
        yield _issue(
            month,
            "no-total",
            "it has no total row, so nothing shows whether all organisations are there",
            severity=severity,
        )
    sums = month.table.drop(columns=ROW).sum()
    for total in month.totals:
        difference = (total[sums.index] - sums).dropna()
        off = difference[difference.abs() > _TOLERANCE]
        if off.empty:
            continue
        figures = "; ".join(f"{name}: {total[name]:,.0f}, rows {sums[name]:,.0f}" for name in off.index)
        yield _issue(
            month,
            "checksum",
            f"the total row differs from the sum of its {len(month.table)} organisations ({figures}); "
            "rows may be missing or changed: download the file again",
            row=total[ROW],
            severity=severity,
        )


def _fractions(month: Month) -> Iterator[Issue]:
    for name in [str(name) for name in month.table if name not in {ROW, *TOTALS}]:
        column = month.table[name]
        for code in column.index[column % 1 > 0]:
            yield _issue(
                month,
                "fractional-count",
                f"{code} has {column[code]:,.2f}, no whole number; taken as published",
                row=month.table[ROW][code],
                column=name,
            )


def _parts(month: Month) -> Iterator[Issue]:
    """Compare what a workbook prints twice: totals of a row, and attendances within and over 4 hours."""
    table = month.table
    sums = {name: list(parts) for name, parts in TOTALS.items() if name in table}
    if WITHIN[0] in table:
        sums |= {whole: [within, over] for whole, within, over in zip(ATTENDANCES, WITHIN, OVER, strict=True)}
    for name, parts in sums.items():
        summed = table[parts].sum(axis=1, skipna=False)
        for code in table.index[(table[name] - summed).abs() > _TOLERANCE]:
            yield _issue(
                month,
                "parts-disagree",
                f"{code}: {name} is {table[name][code]:,.0f}, but {' + '.join(parts)} {summed[code]:,.0f}; "
                "the figures by type were taken",
                row=table[ROW][code],
                column=name,
            )


def _over_above_attendances(month: Month, table: pd.DataFrame) -> Iterator[Issue]:
    for over, attendances in zip(OVER, ATTENDANCES, strict=True):
        for code in table.index[table[over] > table[attendances]]:
            number, of = table[over][code], table[attendances][code]
            none = of == 0
            yield _issue(
                month,
                "over-without-attendances" if none else "over-above-attendances",
                f"{code} has {number:,.0f} {over} out of {of:,.0f} attendances; "
                + ("they count in the figure for all types only" if none else "correct the file"),
                row=table[ROW][code],
                column=over,
                severity="warning" if none else "error",
            )


def _without_false_zeros(
    month: Month, table: pd.DataFrame, implausible_zero: int | None
) -> tuple[pd.DataFrame, list[Issue]]:
    table = table.copy()
    attendances = table[ATTENDANCES[0]]
    none_over = (attendances > 0) & (table[OVER[0]] == 0)
    field_test = np.full(len(table), month.period >= FIELD_TEST_START) & table.index.isin(FIELD_TEST)
    stopped = none_over & field_test
    threshold = np.inf if implausible_zero is None else implausible_zero
    implausible = none_over & ~field_test & (attendances >= threshold)
    issues = []
    if stopped.any():
        issues.append(
            _issue(
                month,
                "field-test",
                f"{', '.join(sorted(table.index[stopped]))} took part in the field test of new standards "
                "and reported no 4-hour figure; their 0 over 4 hours is taken as not submitted",
                column=OVER[0],
            )
        )
    issues += [
        _issue(
            month,
            "implausible-zero",
            f"{code} has {attendances[code]:,.0f} type 1 attendances and not one over 4 hours; "
            "taken as not submitted",
            row=table[ROW][code],
            column=OVER[0],
        )
        for code in table.index[implausible]
    ]
    table.loc[stopped | implausible, list(OVER)] = np.nan
    return table, issues
