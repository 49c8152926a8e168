"""Write A&E files by hand in each published layout, from the same figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from openpyxl import Workbook

from lean_impact.sources import SourceFile

TYPES = ("Type 1", "Type 2", "Other A&E Department")
DEPARTMENTS = (
    "Type 1 Departments - Major A&E",
    "Type 2 Departments - Single Specialty",
    "Type 3 Departments - Other A&E/Minor Injury Unit",
)
ADMISSIONS = (
    "Emergency Admissions via Type 1 A&E",
    "Emergency Admissions via Type 2 A&E",
    "Emergency Admissions via Type 3 and 4 A&E",
    "Total Emergency Admissions via A&E",
    "Other Emergency admissions (i.e not via A&E)",
    "Total Emergency Admissions",
)
DTA = (
    "Number of patients spending >4 hours from decision to admit to admission",
    "Number of patients spending >12 hours from decision to admit to admission",
)
ARRIVAL = " from arrival to admission, transfer or discharge"


@dataclass(frozen=True, kw_only=True)
class Org:
    """One organisation's figures; ``dta`` is from 4 to 12 and over 12 hours."""

    code: str
    name: str = "Some Trust"
    att: tuple[object, object, object] = (0, 0, 0)
    over: tuple[object, object, object] = (0, 0, 0)
    booked: tuple[int, int, int] = (0, 0, 0)
    booked_over: tuple[int, int, int] = (0, 0, 0)
    dta: tuple[object, object] = (0, 0)
    adm: tuple[int, int, int] = (0, 0, 0)
    other: object = 0


ORGS = (
    Org(
        code="RTP",
        name="Surrey And Sussex Healthcare NHS Trust",
        att=(8000, 10, 2000),
        over=(800, 1, 20),
        booked=(30, 0, 70),
        booked_over=(3, 0, 0),
        dta=(90, 5),
        adm=(2000, 1, 2),
        other=300,
    ),
    Org(code="RF4", name="Barking, Havering And Redbridge", att=(9000, 0, 0), over=(1800, 0, 0), dta=(50, 0)),
    Org(code="Y02428", name="Putnoe Walk In Centre", att=(0, 0, 1500)),
)


def sums(orgs: Sequence[Org], what: str) -> list[float]:
    """Add a tuple of figures over organisations, leaving out what is no number."""
    columns = zip(*(getattr(org, what) for org in orgs), strict=True)
    return [sum(cell for cell in column if isinstance(cell, int | float)) for column in columns]


def total_of(orgs: Sequence[Org]) -> Org:
    """Return the row of national totals."""
    named = {what: tuple(sums(orgs, what)) for what in ("att", "over", "booked", "booked_over", "dta", "adm")}
    return Org(code="TOTAL", other=sum(o.other for o in orgs if isinstance(o.other, int | float)), **named)


def csv_header(era: int) -> list[str]:
    """Return the headers of an era: 2018 to March 2020, April to July 2020, August 2020 on."""
    number = "Number of " if era == 1 else ""
    attendances, over = f"{number}A&E attendances", f"{number}{'a' if era == 1 else 'A'}ttendances over 4hrs"
    plain = ("Type 1", "Type 2", "Other Department")
    header = ["Period", "Org Code", "Parent Org", "Org name", *(f"{attendances} {t}" for t in TYPES)]
    if era == 3:
        header += [f"{attendances} Booked Appointments {t}" for t in plain]
    header += [f"{over} {t}" for t in (TYPES if era == 1 else plain)]
    if era == 3:
        header += [f"{over} Booked Appointments {t}" for t in plain]
    header += ["Patients who have waited 4-12 hs from DTA to admission"]
    header += ["Patients who have waited 12+ hrs from DTA to admission"]
    header += [f"Emergency admissions via A&E - {t}" for t in ("Type 1", "Type 2", "Other A&E department")]
    return [*header, "Other emergency admissions"]


def write_csv(rows: Sequence[Sequence[object]], *, encoding: str = "utf-8") -> bytes:
    """Write rows as published: CRLF, quotes where needed."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode(encoding)


def csv_rows(
    orgs: Sequence[Org] = ORGS,
    *,
    period: str = "MSitAE-JUNE-2018",
    era: int = 1,
    total: Sequence[str] | None = ("TOTAL", "TOTAL", "TOTAL", "TOTAL"),
) -> list[list[object]]:
    """Return the rows of a monthly CSV file, header first and total last."""

    def row(org: Org, keys: Sequence[str]) -> list[object]:
        booked = era == 3
        figures = [*org.att, *(org.booked if booked else ()), *org.over, *(org.booked_over if booked else ())]
        return [*keys, *figures, *org.dta, *org.adm, org.other]

    rows = [row(org, (period, org.code, "NHS ENGLAND LONDON ", org.name.upper())) for org in orgs]
    if total is not None:
        rows.append(row(total_of(orgs), total))
    return [csv_header(era), *rows]


def csv_file(orgs: Sequence[Org] = ORGS, *, name: str = "Monthly-AE.csv", **options: object) -> SourceFile:
    """Return a monthly CSV file."""
    return SourceFile.of(name, write_csv(csv_rows(orgs, **options)))


def share(part: object, whole: object, blank: str) -> object:
    """Return a percentage as published, text where there is none."""
    if not isinstance(part, int | float) or not isinstance(whole, int | float) or not whole:
        return blank
    return 1 - part / whole


def add(*cells: object) -> object:
    """Add cells; the placeholder if any is one."""
    text = [cell for cell in cells if isinstance(cell, str)]
    return text[0] if text else sum(cells)


def sheet_rows(
    orgs: Sequence[Org] = ORGS,
    *,
    layout: int = 2015,
    period: object = "June 2015",
    revised: object = None,
    total: bool = True,
) -> list[list[object]]:
    """Return the rows of a provider sheet of 2015, 2017 (unlabelled column), 2018 or 2025."""
    wide = layout >= 2018
    above = "greater than" if layout == 2018 else ">"
    below = "less than" if layout == 2018 else "<"
    groups: list[object] = [None, None, None, None, "A&E attendances", None, None, None]
    header: list[object] = [None, "Code", "Region", "Name", *DEPARTMENTS, "Total attendances"]
    if wide:
        groups += [f"A&E attendances {below} 4 hours{ARRIVAL}", None, None, None]
        header += [*DEPARTMENTS, "Total Attendances < 4 hours"]
    groups += [f"A&E attendances {above} 4 hours{ARRIVAL}", None, None, None]
    header += [*DEPARTMENTS, "Total Attendances > 4 hours"]
    shares = {2025: ("all", "type 1", "type 2", "type 3")}.get(layout, ("type 1", "all"))
    groups += ["Percentage of attendances within 4 hours" if wide else None, *[None] * (len(shares) - 1)]
    header += [f"Percentage in 4 hours or less ({of})" for of in shares]
    groups += ["Emergency Admissions", *[None] * 7]
    header += [*ADMISSIONS, *DTA]
    if layout != 2015:
        groups.append(None)
        header.append(None)
    blank = "-" if wide else "N/A"

    def row(org: Org, keys: Sequence[object], place: object) -> list[object]:
        att_all, over_all = add(*org.att), add(*org.over)
        cells = [None, *keys, *org.att, att_all]
        if wide:
            within = [a - o if isinstance(o, int) else o for a, o in zip(org.att, org.over, strict=True)]
            cells += [*within, add(*within)]
        cells += [*org.over, over_all]
        of = {"all": (over_all, att_all)}
        of |= {f"type {n + 1}": (org.over[n], org.att[n]) for n in range(3)}
        cells += [share(*of[name], blank) for name in shares]
        admitted = add(*org.adm)
        cells += [*org.adm, admitted, org.other, add(admitted, org.other), add(*org.dta), org.dta[1]]
        return cells if layout == 2015 else [*cells, place]

    preamble = {
        2: "Title:",
        4: "Summary:",
        6: "Period:",
        7: "Source:",
        8: "Basis:",
        9: "Published:",
        10: "Revised:",
    }
    values = {6: period, 7: "Unify2 data collection - MSitAE", 8: "Provider", 10: revised}
    rows: list[list[object]] = [[None, preamble.get(n), values.get(n)] for n in range(1, 14)]
    if layout == 2025:
        rows[0] = [None, None, None, 4, 5, 6]
    rows += [[None, "Provider Level Data"], groups, header]
    body = [
        row(org, (org.code, "London Commissioning Region", org.name), "North East London") for org in orgs
    ]
    if total:
        labelled = [at for at, text in enumerate(header) if text][-1] + 1
        columns = list(zip(*body, strict=True))[4:labelled]
        summed = [sum(cell for cell in cells if isinstance(cell, int | float)) for cells in columns]
        rows += [[None, "-", "-", "England", *summed], []]
    rows += body
    return [*rows, [], [], [None, None]]


def write_xlsx(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """Write sheets in their order."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for at, row in enumerate(rows, start=1):
            for column, cell in enumerate(row, start=1):
                if cell is not None:
                    sheet.cell(at, column, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def xlsx_file(
    orgs: Sequence[Org] = ORGS, *, name: str = "AE-by-provider.xlsx", layout: int = 2015, **options: object
) -> SourceFile:
    """Return a monthly workbook."""
    rows = sheet_rows(orgs, layout=layout, **options)
    sheets: dict[str, Sequence[Sequence[object]]] = {
        "A&E Data" if layout == 2015 else "Provider Level Data": rows
    }
    if layout == 2025:
        other = sheet_rows([Org(code="QOX", att=(1, 1, 1))], layout=2025)
        sheets = {"System Level Data": other, **sheets, "Non-Booked Data": other}
    return SourceFile.of(name, write_xlsx(sheets))


@pytest.fixture(scope="session")
def ae() -> SimpleNamespace:
    """Writers of A&E files and their parts."""
    return SimpleNamespace(
        Org=Org,
        ORGS=ORGS,
        csv_rows=csv_rows,
        write_csv=write_csv,
        csv=csv_file,
        sheet_rows=sheet_rows,
        write_xlsx=write_xlsx,
        xlsx=xlsx_file,
    )
