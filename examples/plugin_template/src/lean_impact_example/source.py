"""A measure, and the files that it is read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from lean_impact.domain import InputFile, Measure, Provenance, Window, next_period
from lean_impact.errors import InputError, Issue, SourceError
from lean_impact.sources import SourceFile, Tidied, Wanted, check_container, classify, read_text, shown
from lean_impact.tables import Panel

__all__ = ["BEFORE_NOON", "WardFlow"]

HEADER = ("Hospital", "Month", "Discharged", "Before noon")
TOTAL = "ALL"
BEFORE_NOON = Measure(
    id="before-noon",
    name="Discharged before noon",
    kind="proportion",
    improvement="increase",
    dimension="efficiency",
    frequency="month",
    unit="share of discharges",
    numerator="patients discharged before noon",
    denominator="patients discharged",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WardFlow:
    """Read ward-flow extracts. A source touches no disk: it is given bytes and makes a panel of them."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Ends of the names of the files that are read."""
        return (".csv",)

    @property
    def expects(self) -> str:
        """The files that are needed, in words."""
        return "the monthly ward-flow extracts (.csv)"

    def locate(self, window: Window) -> tuple[Wanted, ...]:
        """Say which files cover a window; nothing is fetched."""
        month, wanted = window.start.replace(day=1), []
        if month < window.start:
            month = next_period(month, "month")
        while month < window.end:
            what = f"the ward-flow extract of {month:%B %Y}"
            wanted.append(Wanted(period=month, what=what, page="https://example.org/ward-flow"))
            month = next_period(month, "month")
        return tuple(wanted)

    def tidy(self, files: Sequence[SourceFile]) -> Tidied:
        """Make a validated table of files, or raise one error that lists every problem of every file."""
        rows: list[dict[str, object]] = []
        read: list[InputFile] = []
        issues: list[Issue] = []
        for file in sorted(files, key=lambda file: (file.name, file.sha256)):
            try:
                found = list(_rows(file))
            except InputError as error:
                issues += error.issues
                continue
            rows += found
            read.append(InputFile(path=file.name, sha256=file.sha256, rows=len(found)))
        if issues or not rows:
            raise SourceError(f"cannot read {self.expects}", issues)
        frame = pd.DataFrame(rows)
        panel = Panel.from_frame(
            frame,
            measures=[BEFORE_NOON],
            provenance=Provenance(files=tuple(read), plugin="example"),
            locate=lambda at: (str(frame["source"].iloc[at]), int(frame["source_row"].iloc[at])),
            what="the ward-flow extracts",
        )
        return Tidied(panel=panel)


def _rows(file: SourceFile) -> Iterator[dict[str, object]]:
    """Yield one tidy row for each row of a file; raise a SourceError that names every bad one."""
    check_container(file)
    header, *body = read_text(file).rows
    if header != HEADER:
        words = f"the header is {', '.join(map(shown, header))}; it must be {', '.join(HEADER)}"
        raise SourceError(file.name, [Issue(rule="header", file=file.name, row=1, message=words)])
    rows, issues = [], []
    for number, cells in enumerate(body, start=2):
        if not cells or cells[0] == TOTAL:
            continue
        try:
            rows.append(_row(file.name, number, cells))
        except ValueError as error:
            issues.append(Issue(rule="row", file=file.name, row=number, message=str(error)))
    if issues:
        raise SourceError(file.name, issues)
    yield from rows


def _row(file: str, number: int, cells: tuple[str, ...]) -> dict[str, object]:
    if len(cells) != len(HEADER):
        raise ValueError(f"it has {len(cells)} cells instead of {len(HEADER)}; the file may be cut off")
    hospital, month, *counts = cells
    (kind, discharged), (other, before_noon) = map(classify, counts)
    if {kind, other} - {"number", "dash"}:
        raise ValueError(f"'{shown(counts[0])}' and '{shown(counts[1])}' must be numbers, or a dash for none")
    # A dash is no zero: the hospital was asked and gave nothing.
    given = kind == other == "number"
    return {
        "trust": hospital,
        "measure": BEFORE_NOON.id,
        "period": _month(month),
        "numerator": before_noon if given else None,
        "denominator": discharged if given else None,
        "flag": "published" if given else "not_submitted",
        "source": file,
        "source_row": number,
    }


def _month(text: str) -> date:
    return datetime.strptime(text, "%m/%Y").date()  # noqa: DTZ007 - a month has no time zone
