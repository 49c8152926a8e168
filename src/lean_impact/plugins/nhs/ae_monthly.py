"""Read the monthly A&E files of NHS England, by provider, in every layout from June 2015 on.

Workbooks (xls, xlsx) of June 2015 to March 2018 and of 2025, and the CSV files from April 2018 on; the
layouts are told apart by their headers. What the files cannot tell, such as a zero of a trust that stopped
reporting, is flagged and never filled in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, Literal

import pandas as pd

from lean_impact.domain import Frequency, InputFile, Provenance, Window, next_period
from lean_impact.errors import Issue, SourceError
from lean_impact.plugins.nhs._checks import checked
from lean_impact.plugins.nhs._fields import BOOKED, DTA_4_TO_12
from lean_impact.plugins.nhs._figures import panel_rows
from lean_impact.plugins.nhs._month import Month, read_month
from lean_impact.plugins.nhs._revisions import latest
from lean_impact.plugins.nhs.measures import AE_MEASURES
from lean_impact.sources import Revision, SourceFile, Tidied, Wanted
from lean_impact.tables import Panel

__all__ = ["CADENCE", "LICENCE", "PAGE", "PUBLISHER", "MonthlyAE"]

PUBLISHER: Final = "NHS England"
LICENCE: Final = "Open Government Licence v3.0"
CADENCE: Final[Frequency] = "month"
PAGE: Final = "https://www.england.nhs.uk/statistics/statistical-work-areas/ae-waiting-times-and-activity/"

_FIRST: Final = date(2015, 6, 1)
_IMPLAUSIBLE_ZERO: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyAE:
    """Data source of the monthly A&E attendances and emergency admissions by provider.

    Parameters
    ----------
    checksum : {"warning", "error"}, default "warning"
        What it is if a file's total row is absent or differs from the sum of its organisations. Whole
        originals agree to the last digit, so a difference means that rows were cut or changed; extracts
        with a few organisations are common all the same, and the warning names every figure.
    implausible_zero : int or None, default 1000
        Type 1 attendances in a month from which not one over 4 hours is taken as "not submitted", with a
        warning; None believes every zero of trusts outside the field test.

    Notes
    -----
    Every organisation code is kept as published, trusts, walk-in centres and independent providers alike;
    a study chooses. Rows of national totals are dropped. Booked appointments, apart in the CSV files from
    August 2020, are added to attendances and to those over 4 hours, as in the published headline figures.

    Examples
    --------
    >>> from datetime import date
    >>> wanted = MonthlyAE().locate(Window(start=date(2018, 3, 1), end=date(2018, 5, 1)))
    >>> [item.what for item in wanted]
    ['the A&E workbook by provider for March 2018', 'the monthly A&E CSV file for April 2018']
    """

    checksum: Literal["warning", "error"] = "warning"
    implausible_zero: int | None = _IMPLAUSIBLE_ZERO

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Ends of the names of the files that are read."""
        return (".csv", ".xls", ".xlsx")

    @property
    def expects(self) -> str:
        """The files that are needed, in words."""
        return f"the monthly A&E files by provider (.xls, .xlsx or .csv) from {PAGE}"

    def locate(self, window: Window) -> tuple[Wanted, ...]:
        """Say which files cover a window, one for each month from June 2015 on.

        Parameters
        ----------
        window : Window
            Half-open stretch of time.

        Returns
        -------
        tuple of Wanted
            File names have no stable pattern, so each says in words what to look for.
        """
        month = max(window.start.replace(day=1), _FIRST)
        wanted = []
        while month < window.end:
            wanted.append(Wanted(period=month, what=_what(month), page=PAGE))
            month = next_period(month, "month")
        return tuple(wanted)

    def tidy(self, files: Sequence[SourceFile]) -> Tidied:
        """Make a panel of monthly A&E files.

        Parameters
        ----------
        files : sequence of SourceFile
            In any order; several files of a month are revisions of it.

        Returns
        -------
        Tidied
            Panel with the A&E measures, warnings, and revisions passed over.

        Raises
        ------
        SourceError
            If there is no file, or any cannot be used; every problem of every file is listed.
        """
        if not files:
            raise SourceError(f"there is no file to read; give {self.expects}")
        months: list[Month] = []
        errors: list[Issue] = []
        for file in sorted(files, key=lambda file: (file.name, file.sha256)):
            try:
                month = read_month(file)
                months.append(checked(month, checksum=self.checksum, implausible_zero=self.implausible_zero))
            except SourceError as error:
                errors += error.issues
        used, revisions, unranked = _choose(months)
        errors += unranked
        if errors:
            n_files = len({issue.file for issue in errors})
            raise SourceError(f"{n_files} of {len(files)} A&E files cannot be used", errors)
        return Tidied(
            panel=self._panel(used, months, revisions),
            issues=(*(issue for month in used for issue in month.issues), *_gaps(used)),
            revisions=tuple(revisions),
        )

    def _panel(self, used: Sequence[Month], read: Sequence[Month], revisions: Sequence[Revision]) -> Panel:
        rows = pd.concat([panel_rows(month) for month in used], ignore_index=True)
        places = list(zip(rows["source"], rows["source_row"].astype(int), strict=True))
        provenance = Provenance(
            files=tuple(_input_file(month, used, revisions) for month in read),
            plugin="nhs",
            parameters={"checksum": self.checksum, "implausible_zero": str(self.implausible_zero)},
            steps=_steps(used),
        )
        present = set(rows["measure"])
        return Panel.from_frame(
            rows,
            measures=[measure for measure in AE_MEASURES if measure.id in present],
            provenance=provenance,
            locate=lambda position: places[position],
            what="the monthly A&E figures",
        )


def _what(month: date) -> str:
    # From April 2018 on there are both; the CSV file has the same columns year after year.
    if month < date(2018, 4, 1):
        return f"the A&E workbook by provider for {month:%B %Y}"
    return f"the monthly A&E CSV file for {month:%B %Y}"


def _choose(months: Sequence[Month]) -> tuple[list[Month], list[Revision], list[Issue]]:
    by_period: dict[date, list[Month]] = defaultdict(list)
    for month in months:
        by_period[month.period].append(month)
    used: list[Month] = []
    revisions: list[Revision] = []
    issues: list[Issue] = []
    for _, group in sorted(by_period.items()):
        taken, passed_over, unranked = latest(group)
        used.append(taken)
        revisions += passed_over
        issues += unranked
    return used, revisions, issues


def _gaps(used: Sequence[Month]) -> list[Issue]:
    """Warn of months between the first and the last that no file holds."""
    absent = []
    for one, following in pairwise(month.period for month in used):
        first = next_period(one, "month")
        last = (following - timedelta(days=1)).replace(day=1)
        if first == last:
            absent.append(f"{first:%b %Y}")
        elif first < last:
            absent.append(f"{first:%b %Y} to {last:%b %Y}")
    if not absent:
        return []
    return [
        Issue(
            rule="month-without-file",
            severity="warning",
            message=f"no file holds {', '.join(absent)}; these months are missing for every organisation",
        )
    ]


def _input_file(month: Month, used: Sequence[Month], revisions: Sequence[Revision]) -> InputFile:
    notes = [f"{month.period:%B %Y}"]
    if month.revised:
        notes.append(f"revised {month.revised:%Y-%m-%d}")
    if month in used:
        notes += [
            f"taken instead of {revision.passed_over} ({revision.cells_differ} figures differ)"
            for revision in revisions
            if revision.taken == month.file.name and revision.period == month.period
        ]
    else:
        notes.append("not used, see revisions")
    return InputFile(
        path=month.file.name,
        sha256=month.file.sha256,
        rows=len(month.table),
        encoding=month.encoding,
        note="; ".join(notes),
    )


def _steps(used: Sequence[Month]) -> tuple[str, ...]:
    steps = [f"read {len(used)} months from {used[0].period:%B %Y} to {used[-1].period:%B %Y}"]
    booked = [f"{month.period:%b %Y}" for month in used if BOOKED[0] in month.table]
    if booked:
        steps.append(
            f"added booked appointments to attendances and to those over 4 hours: {', '.join(booked)}"
        )
    derived = [f"{month.period:%b %Y}" for month in used if DTA_4_TO_12 in month.table]
    if derived:
        steps.append(
            "summed dta-over-4h from the published counts of 4 to 12 and over 12 hours: " + ", ".join(derived)
        )
    return tuple(steps)
