from __future__ import annotations

from dataclasses import replace

import pytest

from lean_impact.errors import SourceError
from lean_impact.plugins.nhs import MonthlyAE
from lean_impact.sources import SourceFile


def changed(ae):
    first, *others = ae.ORGS
    return [replace(first, att=(8001, 10, 2000)), *others]


def attendances(tidied) -> float:
    return float(tidied.panel.series("RTP", "ae-att-type1").values[0])


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("Monthly-AE-x.csv", "Monthly-AE-revised-220720-a.csv", "revised 2020-07-22, the other not revised"),
        (
            "a-revised-220720.csv",
            "B-REVISED-14.06.21.csv",
            "revised 2021-06-14, the other revised 2020-07-22",
        ),
        (
            "z-revised-311219-a.csv",
            "a-revised-010120-b.csv",
            "revised 2020-01-01, the other revised 2019-12-31",
        ),
        (
            "z-Revised-11082016.csv",
            "a-revised-11-08-2017.csv",
            "revised 2017-08-11, the other revised 2016-08-11",
        ),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_latest_revision_by_file_name_wins_and_is_recorded(ae, old, new, reason, turned):
    files = [ae.csv(name=old), ae.csv(changed(ae), name=new)]
    tidied = MonthlyAE().tidy(files[::-1] if turned else files)
    assert attendances(tidied) == 8001
    (revision,) = tidied.revisions
    assert (revision.taken, revision.passed_over, revision.reason) == (new, old, reason)
    assert revision.cells_differ == 1
    notes = {file.path: file.note for file in tidied.provenance.files}
    assert notes[old].endswith("not used, see revisions")
    assert f"taken instead of {old} (1 figures differ)" in notes[new]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, "12/05/2016"),
        ("12/05/2016", "11th August  2016"),
        ("11th Febuary 2016", "12th May 2016"),
        ("1st January 2016", "2nd January 2016"),
    ],
)
def test_the_latest_revision_by_preamble_wins(ae, old, new):
    files = [
        ae.xlsx(name="z-revised-010199.xlsx" if old else "z.xlsx", revised=old),
        ae.xlsx(changed(ae), name="a.xlsx", revised=new),
    ]
    tidied = MonthlyAE().tidy(files)
    assert attendances(tidied) == 8001
    assert tidied.revisions[0].passed_over.startswith("z")


def test_an_unreadable_date_of_revision_is_told_and_the_name_is_asked(ae):
    tidied = MonthlyAE().tidy([ae.xlsx(revised="after Easter", name="a-revised-120516.xlsx")])
    (issue,) = tidied.issues
    assert issue.rule == "bad-revision-date"
    assert "12 May 2016 was taken from the file name" in issue.message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.csv", "a-1.csv"),
        ("a-revised-220720-x.csv", "b-revised-220720-y.csv"),
        ("a-revised-nlixs.csv", "b-revised-220720.csv"),
        ("a-revised-991399.csv", "b.csv"),
    ],
)
def test_files_that_cannot_be_ranked_are_an_error_that_names_both(ae, one, other):
    with pytest.raises(SourceError) as caught:
        MonthlyAE().tidy([ae.csv(name=one), ae.csv(changed(ae), name=other)])
    (issue,) = caught.value.issues
    assert issue.rule == "unranked-files"
    assert one in str(issue)
    assert other in str(issue)
    assert "1 of their figures differ" in issue.message


def test_the_same_content_twice_is_one_file(ae):
    tidied = MonthlyAE().tidy([ae.csv(name="a.csv"), ae.csv(name="a (1).csv")])
    (revision,) = tidied.revisions
    assert (revision.reason, revision.cells_differ) == ("identical content", 0)


def test_two_formats_of_one_month_may_stand_beside_each_other_if_they_agree(ae):
    workbook, text = ae.xlsx(period="June 2018", layout=2018), ae.csv()
    tidied = MonthlyAE().tidy([workbook, text])
    assert tidied.revisions[0].reason == "no common figure differs"
    assert tidied.revisions[0].taken == workbook.name
    with pytest.raises(SourceError, match="1 of their figures differ"):
        MonthlyAE().tidy([workbook, ae.csv(changed(ae))])


def test_an_organisation_in_one_file_only_counts_as_different(ae):
    with pytest.raises(SourceError, match="13 of their figures differ"):
        MonthlyAE().tidy([ae.csv(name="a.csv"), ae.csv(ae.ORGS[:2], name="b.csv")])


def test_three_revisions_leave_two_passed_over(ae):
    names = ["a.csv", "a-revised-010118.csv", "a-revised-010119.csv"]
    files = [ae.csv(replace_first(ae, n), name=name) for n, name in enumerate(names)]
    tidied = MonthlyAE().tidy(files)
    assert attendances(tidied) == 9002
    assert [revision.passed_over for revision in tidied.revisions] == [names[1], names[0]]


def replace_first(ae, n: int):
    first, *others = ae.ORGS
    return [replace(first, att=(9000 + n, 10, 2000)), *others]


def test_the_file_of_a_field_test_month_agrees_with_itself_in_another_format(ae):
    orgs = [*ae.ORGS, ae.Org(code="RGT", att=(9000, 0, 0))]
    dashes = [*ae.ORGS, ae.Org(code="RGT", att=(9000, 0, 0), over=("-", "-", "-"))]
    files = [ae.csv(orgs, period="MSitAE-MAY-2019"), ae.xlsx(dashes, layout=2018, period="May 2019")]
    assert MonthlyAE().tidy(files).revisions[0].cells_differ == 0


def test_one_name_and_two_contents_are_two_files(ae):
    with pytest.raises(SourceError, match="both hold"):
        MonthlyAE().tidy([ae.csv(), SourceFile.of("Monthly-AE.csv", ae.csv(changed(ae)).content)])
