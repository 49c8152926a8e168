"""Every published layout, written by hand, gives the same figures."""

from __future__ import annotations

import codecs
from datetime import date, datetime

import pandas as pd
import pytest

from lean_impact.errors import SourceError
from lean_impact.plugins.nhs import MonthlyAE
from lean_impact.sources import SourceFile


def figures(tidied) -> pd.DataFrame:
    """Return value by organisation and measure."""
    return tidied.panel.frame.pivot(index="trust", columns="measure", values="value")


WITHOUT_BOOKED = {
    ("RTP", "ae-4h-type1"): 7200 / 8000,
    ("RTP", "ae-4h-all"): (10010 - 821) / 10010,
    ("RTP", "ae-att-type1"): 8000,
    ("RTP", "ae-att-all"): 10010,
    ("RTP", "emergency-admissions-ae"): 2003,
    ("RTP", "emergency-admissions-other"): 300,
    ("RTP", "dta-over-4h"): 95,
    ("RTP", "dta-over-12h"): 5,
    ("RF4", "ae-4h-type1"): 0.8,
    ("Y02428", "ae-4h-all"): 1.0,
}
WORKBOOKS = pytest.mark.parametrize("layout", [2015, 2017, 2018, 2025])


@WORKBOOKS
def test_workbooks(ae, layout):
    tidied = MonthlyAE().tidy([ae.xlsx(layout=layout, period="June 2015")])
    table = figures(tidied)
    assert sorted(table.index) == ["RF4", "RTP", "Y02428"]
    for (trust, measure), value in WITHOUT_BOOKED.items():
        assert table.loc[trust, measure] == pytest.approx(value, abs=1e-12)
    assert "dta-4-12h" not in table
    assert tidied.issues == ()


@pytest.mark.parametrize("era", [1, 2])
def test_csv_without_booked_appointments(ae, era):
    tidied = MonthlyAE().tidy([ae.csv(era=era)])
    table = figures(tidied)
    for (trust, measure), value in WITHOUT_BOOKED.items():
        assert table.loc[trust, measure] == pytest.approx(value, abs=1e-12)
    assert table.loc["RTP", "dta-4-12h"] == 90
    assert "ae-att-booked" not in table
    assert tidied.issues == ()
    assert any("dta-over-4h" in step for step in tidied.provenance.steps)


def test_csv_with_booked_appointments_adds_them_and_says_so(ae):
    tidied = MonthlyAE().tidy([ae.csv(era=3, period="MSitAE-AUGUST-2020")])
    rtp = figures(tidied).loc["RTP"]
    assert rtp["ae-att-type1"] == 8030
    assert rtp["ae-att-all"] == 10110
    assert rtp["ae-att-booked"] == 100
    assert rtp["ae-4h-type1"] == pytest.approx(1 - 803 / 8030)
    assert rtp["ae-4h-all"] == pytest.approx(1 - 824 / 10110)
    assert any("booked appointments" in step and "Aug 2020" in step for step in tidied.provenance.steps)


def test_an_organisation_without_type_1_has_no_type_1_rows(ae):
    frame = MonthlyAE().tidy([ae.xlsx()]).panel.frame
    walk_in = frame[frame["trust"] == "Y02428"]
    assert "ae-4h-all" in set(walk_in["measure"])
    assert not {"ae-4h-type1", "ae-att-type1"} & set(walk_in["measure"])


def test_an_organisation_with_nothing_but_zeros_has_no_row(ae):
    tidied = MonthlyAE().tidy([ae.csv([*ae.ORGS, ae.Org(code="Y00751")])])
    assert "Y00751" not in tidied.panel.trusts


def test_rows_name_file_sheet_and_row(ae):
    frame = MonthlyAE().tidy([ae.xlsx(name="a.xlsx"), ae.csv(name="b.csv")]).panel.frame
    frame = frame[frame["flag"] != "missing"]
    places = frame.groupby(["trust", "source"])["source_row"].first()
    assert places["RTP", "a.xlsx, sheet 'A&E Data'"] == 19
    assert places["RTP", "b.csv"] == 2
    assert places["Y02428", "b.csv"] == 4


@pytest.mark.parametrize(
    ("encoding", "said"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("cp1252", "cp1252")]
)
def test_provenance_names_encoding_digest_and_rows(ae, encoding, said):
    orgs = [*ae.ORGS, ae.Org(code="RA9", name="Trust’s", att=(5000, 0, 0), over=(5, 0, 0))]
    file = SourceFile.of("a.csv", ae.write_csv(ae.csv_rows(orgs), encoding=encoding))
    assert file.content.startswith(codecs.BOM_UTF8) == (encoding == "utf-8-sig")
    (entry,) = MonthlyAE().tidy([file]).provenance.files
    assert (entry.path, entry.sha256, entry.rows, entry.encoding) == ("a.csv", file.sha256, 4, said)
    assert entry.note == "June 2018"
    (workbook,) = MonthlyAE().tidy([ae.xlsx(revised="12th November 2015")]).provenance.files
    assert (workbook.encoding, workbook.note) == ("xlsx", "June 2015; revised 2015-11-12")


@pytest.mark.parametrize(
    "period",
    [
        "JUNE 2015",
        " June  2015 ",
        "Jun-2015",
        datetime(2015, 6, 1),  # noqa: DTZ001 - a spreadsheet's date has no zone
        "Juune 2015",
    ],
)
def test_the_month_comes_from_the_preamble_in_any_spelling(ae, period):
    frame = MonthlyAE().tidy([ae.xlsx(period=period, name="April-2019.xlsx")]).panel.frame
    assert set(frame["period"].dt.date) == {date(2015, 6, 1)}


@pytest.mark.parametrize("period", ["MSitAE-APRIL-2018", "MSitAE-April-2018", "msitae-april-2018"])
def test_the_month_comes_from_the_column_in_any_spelling(ae, period):
    frame = MonthlyAE().tidy([ae.csv(period=period, name="MSitAE-June-2018.csv")]).panel.frame
    assert set(frame["period"].dt.date) == {date(2018, 4, 1)}


def test_columns_are_found_wherever_they_stand(ae):
    rows = ae.csv_rows()
    turned = [list(reversed(row)) for row in rows]
    one = MonthlyAE().tidy([SourceFile.of("a.csv", ae.write_csv(rows))])
    other = MonthlyAE().tidy([SourceFile.of("a.csv", ae.write_csv(turned))])
    pd.testing.assert_frame_equal(one.panel.frame, other.panel.frame)


def problems(*files) -> list[str]:
    with pytest.raises(SourceError) as caught:
        MonthlyAE().tidy(files)
    return [str(issue) for issue in caught.value.issues]


def test_missing_and_unknown_columns_list_what_was_expected_and_found(ae):
    rows = ae.csv_rows()
    rows[0][7] = "Attendances over 5hrs Type 1"
    unknown, missing = problems(SourceFile.of("a.csv", ae.write_csv(rows)))
    assert unknown.startswith("a.csv, row 1, column 'Attendances over 5hrs Type 1': this column is not known")
    assert "expected a column for 'over 4 hours type 1'; the columns are 'Period', 'Org Code'" in missing


def without(rows, header: str) -> list[list[object]]:
    """Return rows without the first column of that header, in the order of the sheet."""
    (at,) = (row.index(header) for row in rows if header in row)
    return [[cell for column, cell in enumerate(row) if column != at] for row in rows]


def sheet_without(ae, layout: int, header: str) -> SourceFile:
    sheet = "A&E Data" if layout == 2015 else "Provider Level Data"
    return SourceFile.of("a.xlsx", ae.write_xlsx({sheet: without(ae.sheet_rows(layout=layout), header)}))


@WORKBOOKS
@pytest.mark.parametrize(
    ("header", "figure"),
    [
        ("Code", None),
        ("Type 2 Departments - Single Specialty", "attendances type 2"),
        ("Other Emergency admissions (i.e not via A&E)", "other emergency admissions"),
        (
            "Number of patients spending >12 hours from decision to admit to admission",
            "waited over 12 hours from decision to admit",
        ),
    ],
)
def test_a_workbook_without_a_needed_column_is_refused(ae, layout, header, figure):
    (found,) = problems(sheet_without(ae, layout, header))
    assert f"expected a column for '{figure}'" in found if figure else "lacks the headers 'Code'" in found


@WORKBOOKS
@pytest.mark.parametrize("header", ["Total attendances", "Percentage in 4 hours or less (all)"])
def test_what_can_be_computed_need_not_be_there(ae, layout, header):
    tidied = MonthlyAE().tidy([sheet_without(ae, layout, header)])
    assert figures(tidied).loc["RTP", "ae-4h-all"] == pytest.approx((10010 - 821) / 10010)


def test_an_unknown_group_above_the_departments_is_refused(ae):
    rows = ae.sheet_rows(layout=2018)
    rows[14][8] = "A&E attendances less than 6 hours from arrival"
    found = problems(SourceFile.of("a.xlsx", ae.write_xlsx({"Provider Level Data": rows})))
    assert len(found) == 3
    assert all("stands under an unknown group header" in problem for problem in found)


def test_a_repeated_column_is_refused(ae):
    rows = [[*row, row[4]] for row in ae.csv_rows()]
    (found,) = problems(SourceFile.of("a.csv", ae.write_csv(rows)))
    assert "2 columns hold the same figure, 'attendances type 1'" in found


def test_numbers_without_a_header_are_refused(ae):
    rows = [[*row, 1 if at else ""] for at, row in enumerate(ae.csv_rows())]
    found = problems(SourceFile.of("a.csv", ae.write_csv(rows)))
    assert "column 17 has no header but holds the number 1" in found[0]


def test_files_that_are_something_else_are_all_named_at_once(ae):
    other = ae.write_xlsx({"Notes": [["Hello"]]})
    found = problems(
        ae.csv(),
        SourceFile.of("a.xlsx", other),
        SourceFile.of("b.csv", b"Date,Value\r\n1,2\r\n"),
        SourceFile.of("c.xls", b"<html></html>"),
        SourceFile.of("d.csv", b""),
        ae.xlsx(name="e.xlsx", period="Week Ending 07/11/2010"),
    )
    assert [problem[:6].rstrip(":,") for problem in found] == ["a.xlsx", "b.csv", "c.xls", "d.csv", "e.xlsx"]
    assert "its sheets are 'Notes'" in found[0]
    assert "its first row is 'Date', 'Value'" in found[1]
    assert "'Week Ending 07/11/2010' beside 'Period:' is no month" in found[4]


def test_no_file_at_all_says_what_is_needed():
    with pytest.raises(SourceError, match="give the monthly A&E files by provider"):
        MonthlyAE().tidy([])


def test_a_file_without_organisations_is_refused(ae):
    (found,) = problems(SourceFile.of("a.xlsx", ae.write_xlsx({"A&E Data": ae.sheet_rows([], total=False)})))
    assert "no row below the header holds an organisation's figures" in found
