"""The traps: totals, false zeros, placeholders, cells that are no counts."""

from __future__ import annotations

from datetime import date

import pytest

from lean_impact.errors import SourceError
from lean_impact.plugins.nhs import MonthlyAE
from lean_impact.sources import SourceFile


def flags(tidied, trust: str) -> dict[str, str]:
    frame = tidied.panel.frame
    rows = frame[frame["trust"] == trust]
    return dict(zip(rows["measure"], rows["flag"], strict=True))


def value(tidied, trust: str, measure: str) -> float:
    return float(tidied.panel.series(trust, measure).values[0])


def rules(tidied) -> list[str]:
    return [issue.rule for issue in tidied.issues]


def problems(*files, source: MonthlyAE | None = None):
    with pytest.raises(SourceError) as caught:
        (source or MonthlyAE()).tidy(files)
    return caught.value.issues


def edited(ae, row: int, column: str, cell: object, *, name: str = "a.csv") -> SourceFile:
    """Return a CSV file with one cell changed; the row counts from 1 as in a spreadsheet."""
    rows = ae.csv_rows()
    rows[row - 1][rows[0].index(column)] = cell
    return SourceFile.of(name, ae.write_csv(rows))


ATT, OVER = "Number of A&E attendances Type 1", "Number of attendances over 4hrs Type 1"

# ---------------------------------------------------------------------- totals


@pytest.mark.parametrize(
    "total",
    [
        ("TOTAL",) * 4,
        ("", "", "", "Total"),
        ("", "", "", "TOTAL"),
        ("", "", " total ", ""),
        ("", "Total", "", ""),
        ("", "-", "-", "England"),
        ("", "-", "", "ENGLAND TOTAL"),
        ("", "", "", "Grand Total:"),
    ],
)
def test_a_total_row_in_any_spelling_is_no_organisation_but_a_checksum(ae, total):
    tidied = MonthlyAE().tidy([ae.csv(total=total)])
    assert tidied.panel.trusts == ("RF4", "RTP", "Y02428")
    assert tidied.issues == ()
    cut = ae.csv_rows(total=total)
    del cut[1]
    (issue,) = MonthlyAE().tidy([SourceFile.of("a.csv", ae.write_csv(cut))]).issues
    assert issue.rule == "checksum"


def test_an_organisation_whose_region_is_england_stays(ae):
    rows = ae.csv_rows()
    for row in rows[1:-1]:
        row[2] = "England"
    assert len(MonthlyAE().tidy([SourceFile.of("a.csv", ae.write_csv(rows))]).panel.trusts) == 3


def test_a_total_that_differs_is_a_warning_with_the_figures_or_an_error(ae):
    file = edited(ae, 5, ATT, 17_001)
    (issue,) = MonthlyAE().tidy([file]).issues
    assert (issue.rule, issue.severity, issue.file, issue.row) == ("checksum", "warning", "a.csv", 5)
    assert "attendances type 1: 17,001, rows 17,000" in issue.message
    (error,) = problems(file, source=MonthlyAE(checksum="error"))
    assert (error.rule, error.severity) == ("checksum", "error")


def test_no_total_row_is_told(ae):
    file = ae.csv(total=None)
    assert rules(MonthlyAE().tidy([file])) == ["no-total"]
    assert problems(file, source=MonthlyAE(checksum="error"))[0].rule == "no-total"


def test_the_total_of_a_workbook_is_checked_too(ae):
    rows = ae.sheet_rows()
    del rows[18]
    (issue,) = MonthlyAE().tidy([SourceFile.of("a.xlsx", ae.write_xlsx({"A&E Data": rows}))]).issues
    assert (issue.rule, issue.sheet, issue.row) == ("checksum", "A&E Data", 17)


# ---------------------------------------------------------------------- zeros that cannot be


@pytest.mark.parametrize("period", ["MSitAE-MAY-2019", "MSitAE-DECEMBER-2021", "MSitAE-JANUARY-2023"])
def test_a_field_test_trust_is_not_submitted_and_never_perfect(ae, period):
    orgs = [*ae.ORGS, ae.Org(code="RGT", att=(800, 0, 400))]
    tidied = MonthlyAE().tidy([ae.csv(orgs, period=period)])
    found = flags(tidied, "RGT")
    assert found["ae-4h-type1"] == found["ae-4h-all"] == "not_submitted"
    assert found["ae-att-type1"] == found["ae-att-all"] == "published"
    assert value(tidied, "RGT", "ae-att-all") == 1200
    (issue,) = tidied.issues
    assert (issue.rule, issue.severity) == ("field-test", "warning")
    assert "RGT took part" in issue.message
    assert flags(tidied, "RTP")["ae-4h-type1"] == "published"


def test_a_field_test_trust_that_reports_is_published(ae):
    orgs = [*ae.ORGS, ae.Org(code="RGT", att=(9000, 0, 0), over=(3000, 0, 0))]
    for period in ("MSitAE-APRIL-2019", "MSitAE-OCTOBER-2024"):
        tidied = MonthlyAE().tidy([ae.csv(orgs, period=period)])
        assert value(tidied, "RGT", "ae-4h-type1") == pytest.approx(2 / 3)
        assert tidied.issues == ()


def test_before_the_field_test_a_small_zero_is_believed(ae):
    orgs = [*ae.ORGS, ae.Org(code="RGT", att=(800, 0, 0))]
    assert value(MonthlyAE().tidy([ae.csv(orgs, period="MSitAE-APRIL-2019")]), "RGT", "ae-4h-type1") == 1


def test_an_implausible_zero_of_any_trust_is_not_submitted_unless_told_otherwise(ae):
    orgs = [*ae.ORGS, ae.Org(code="RA9", att=(5000, 0, 0)), ae.Org(code="RQ3", att=(999, 0, 0))]
    file = ae.csv(orgs)
    tidied = MonthlyAE().tidy([file])
    assert flags(tidied, "RA9")["ae-4h-type1"] == flags(tidied, "RA9")["ae-4h-all"] == "not_submitted"
    assert value(tidied, "RQ3", "ae-4h-type1") == 1
    (issue,) = tidied.issues
    assert (issue.rule, issue.row) == ("implausible-zero", 5)
    assert "RA9 has 5,000 type 1 attendances and not one over 4 hours" in issue.message
    believed = MonthlyAE(implausible_zero=None).tidy([file])
    assert value(believed, "RA9", "ae-4h-type1") == 1
    assert believed.issues == ()


def test_no_attendance_of_other_types_over_4_hours_is_plausible(ae):
    orgs = [*ae.ORGS, ae.Org(code="Y00751", att=(0, 0, 9000))]
    assert value(MonthlyAE().tidy([ae.csv(orgs)]), "Y00751", "ae-4h-all") == 1


@pytest.mark.parametrize("blank", ["-", "N/A", None])
@pytest.mark.parametrize("layout", [2015, 2018])
def test_placeholders_in_counts_mean_not_submitted(ae, layout, blank):
    orgs = [*ae.ORGS, ae.Org(code="RGT", att=(9000, 0, 300), over=(blank or "-",) * 3)]
    rows = ae.sheet_rows(orgs, layout=layout)
    if blank is None:
        rows[21] = [None if cell == "-" else cell for cell in rows[21]]
    sheet = "A&E Data" if layout == 2015 else "Provider Level Data"
    tidied = MonthlyAE().tidy([SourceFile.of("a.xlsx", ae.write_xlsx({sheet: rows}))])
    found = flags(tidied, "RGT")
    assert found["ae-4h-type1"] == found["ae-4h-all"] == "not_submitted"
    assert value(tidied, "RGT", "ae-att-all") == 9300
    assert tidied.issues == ()


def test_an_organisation_that_submitted_nothing_is_there_and_says_so(ae):
    dashes = ("-", "-", "-")
    orgs = [*ae.ORGS, ae.Org(code="RA9", att=dashes, over=dashes, dta=("-", "-"), adm=dashes, other="-")]
    tidied = MonthlyAE().tidy([ae.xlsx(orgs)])
    assert set(flags(tidied, "RA9").values()) == {"not_submitted"}


# ---------------------------------------------------------------------- cells and rows that cannot be used


@pytest.mark.parametrize(
    ("column", "cell", "rule", "said"),
    [
        (ATT, "many", "not-a-number", "'many' is no number"),
        (ATT, "1,204", "not-a-number", "write digits only"),
        (ATT, "*", "not-a-number", "'*' is no number"),
        (ATT, "-3", "negative", "-3 is a negative count"),
        (OVER, "8001", "over-above-attendances", "RTP has 8,001 over 4 hours type 1 out of 8,000"),
        ("Org Code", "RF4", "duplicate", "RF4 is given twice, first in row 2"),
        ("Org Code", "R T P", "bad-code", "'R T P' is no organisation code"),
        ("Org Code", "", "bad-code", "'' is no organisation code"),
        ("Period", "JUNE", "bad-period", "'JUNE' is no month"),
        ("Period", "MSitAE-JULY-2018", "several-months", "June 2018 (row 2), July 2018 (row 3)"),
    ],
)
def test_every_unusable_cell_names_file_row_and_what_to_do(ae, column, cell, rule, said):
    rows = ae.csv_rows([ae.ORGS[1], ae.ORGS[0], ae.ORGS[2]])
    rows[2][rows[0].index(column)] = cell
    found = problems(SourceFile.of("a.csv", ae.write_csv(rows)))
    assert [issue.rule for issue in found] == [rule]
    assert found[0].file == "a.csv"
    assert found[0].row in {3, None}
    assert said in found[0].message


def test_all_problems_of_all_files_are_told_at_once(ae):
    found = problems(
        edited(ae, 2, ATT, "x"), edited(ae, 3, OVER, "y", name="b.csv"), edited(ae, 4, OVER, -1, name="c.csv")
    )
    assert [(issue.file, issue.row) for issue in found] == [("a.csv", 2), ("b.csv", 3), ("c.csv", 4)]


def test_a_row_cut_off_is_an_error(ae):
    content = ae.write_csv(ae.csv_rows(total=None))
    found = problems(SourceFile.of("a.csv", content[:-20]))
    assert (found[0].rule, found[0].row) == ("row-length", 4)


def test_a_spreadsheet_that_turned_a_code_into_a_number_is_told(ae):
    rows = ae.sheet_rows()
    rows[18][1] = 5e10
    (issue,) = problems(SourceFile.of("a.xlsx", ae.write_xlsx({"A&E Data": rows})))
    assert (issue.rule, issue.row) == ("bad-code", 19)


def test_footnotes_are_skipped_and_told(ae):
    rows = [*ae.sheet_rows(), [None, "Notes: figures are provisional"]]
    (issue,) = MonthlyAE().tidy([SourceFile.of("a.xlsx", ae.write_xlsx({"A&E Data": rows}))]).issues
    assert (issue.rule, issue.severity) == ("no-data-row", "warning")
    assert "'Notes: figures are provisional'" in issue.message


def test_fractions_are_kept_as_published_and_told(ae):
    orgs = [ae.Org(code="RXC", att=(8731, 954.42857143, 0), over=(1381, 0, 0))]
    tidied = MonthlyAE().tidy([ae.xlsx(orgs)])
    assert value(tidied, "RXC", "ae-att-all") == pytest.approx(9685.42857143)
    assert rules(tidied) == ["fractional-count"]


def test_an_over_4_hour_patient_without_attendances_counts_for_all_types_only(ae):
    orgs = [*ae.ORGS, ae.Org(code="AC008", att=(0, 0, 1230), over=(1, 0, 0))]
    tidied = MonthlyAE().tidy([ae.xlsx(orgs, layout=2018)])
    assert value(tidied, "AC008", "ae-4h-all") == pytest.approx(1229 / 1230)
    assert "ae-4h-type1" not in flags(tidied, "AC008")
    assert rules(tidied) == ["over-without-attendances"]


@pytest.mark.parametrize(("column", "name"), [(7, "total attendances"), (15, "total over 4 hours")])
def test_totals_of_a_row_that_differ_from_its_parts_are_told(ae, column, name):
    rows = ae.sheet_rows(layout=2018)
    for at, more in ((16, 5), (18, 5)):
        rows[at][column] += more
    (issue,) = (
        MonthlyAE().tidy([SourceFile.of("a.xlsx", ae.write_xlsx({"Provider Level Data": rows}))]).issues
    )
    assert (issue.rule, issue.column, issue.row) == ("parts-disagree", name, 19)


def test_attendances_within_and_over_must_add_up(ae):
    rows = ae.sheet_rows(layout=2018)
    for at in (16, 18):
        rows[at][8] -= 7
        rows[at][11] -= 7
    (issue,) = (
        MonthlyAE().tidy([SourceFile.of("a.xlsx", ae.write_xlsx({"Provider Level Data": rows}))]).issues
    )
    assert issue.message.startswith(
        "RTP: attendances type 1 is 8,000, but within 4 hours type 1 + over 4 hours"
    )


def test_months_without_a_file_are_told_as_ranges(ae):
    periods = ("MSitAE-JUNE-2018", "MSitAE-AUGUST-2018", "MSitAE-MARCH-2019")
    tidied = MonthlyAE().tidy([ae.csv(period=period, name=f"{period}.csv") for period in periods])
    (issue,) = tidied.issues
    assert "no file holds Jul 2018, Sep 2018 to Feb 2019" in issue.message
    assert flags(tidied, "RTP")["ae-att-all"] == "published"
    assert tidied.panel.series("RTP", "ae-att-all").periods[0].astype(object) == date(2018, 6, 1)
