"""The published originals, against the panel that was made of them independently."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from lean_impact.plugins.nhs import AE_MEASURES, FIELD_TEST, MonthlyAE
from lean_impact.sources import SourceFile, Tidied, read_source

pytestmark = pytest.mark.shared

FIVE = ("RF4", "RR8", "RXW", "RTP", "RKB")
FIGURES = ["type1_att", "type1_within", "total_att", "total_over4h"]
Shared = Callable[[str], Path]


def files(folder: Path) -> list[SourceFile]:
    return [SourceFile.of(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]


@pytest.fixture(scope="module")
def months(shared_data: Shared) -> Tidied:
    return read_source(MonthlyAE(checksum="error"), folder=shared_data("nhs/months"))


def workbooks(shared_data: Shared, years: tuple[str, ...]) -> Tidied:
    folder = files(shared_data("nhs/formats/ae_by_provider_xls"))
    return MonthlyAE(checksum="error").tidy([file for file in folder if file.name.split("-")[1] in years])


def compared(tidied: Tidied, shared_data: Shared) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return our figures and those of the panel, by trust and period, wherever both should have them."""
    frame = tidied.panel.frame
    frame = frame[frame["flag"] != "missing"]
    wide = frame.pivot(index=["trust", "period"], columns="measure")
    ours = pd.DataFrame(
        {
            "type1_att": wide["value"]["ae-att-type1"],
            "type1_within": wide["numerator"]["ae-4h-type1"],
            "total_att": wide["value"]["ae-att-all"],
            "total_over4h": wide["denominator"]["ae-4h-all"] - wide["numerator"]["ae-4h-all"],
        }
    )
    panel = pd.read_csv(shared_data("nhs/figures/ae_4h_panel_2010_2021.csv.gz"), parse_dates=["period_start"])
    panel = panel[(panel["source"] == "published monthly") & panel["period_start"].isin(frame["period"])]
    theirs = panel.set_index(["org_code", "period_start"])[FIGURES].rename_axis(["trust", "period"])
    return ours.reindex(theirs.index), theirs


def test_every_month_is_read_and_every_total_agrees(months):
    periods = months.panel.frame.loc[lambda frame: frame["flag"] != "missing", "period"].unique()
    assert len(periods) == len(months.provenance.files) == 34
    assert {file.encoding for file in months.provenance.files} == {"xls", "utf-8"}
    assert all(200 < file.rows < 260 for file in months.provenance.files)
    assert set(months.panel.measures) == {measure.id for measure in AE_MEASURES}
    assert not any("TOTAL" in trust for trust in months.panel.trusts)


def test_the_only_warnings_are_known_oddities(months):
    counts = months.issues_frame().groupby("rule").size().to_dict()
    assert counts == {
        "field-test": 14,
        "fractional-count": 1,
        "over-without-attendances": 1,
        "month-without-file": 1,
    }


def test_the_five_trusts_equal_the_panel(months, shared_data):
    ours, theirs = compared(months, shared_data)
    five = ours.index.get_level_values("trust").isin(FIVE)
    assert five.sum() == 5 * 34
    pd.testing.assert_frame_equal(ours[five], theirs[five], check_exact=True)


def test_every_other_trust_equals_the_panel_too(months, shared_data):
    ours, theirs = compared(months, shared_data)
    assert len(ours) > 4500
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_workbooks_of_other_months_equal_the_panel(shared_data):
    ours, theirs = compared(workbooks(shared_data, ("2015", "2017")), shared_data)
    assert len(ours) > 500
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


def test_the_workbook_of_2025_is_read_from_the_right_sheet(shared_data):
    series = workbooks(shared_data, ("2025",)).panel.series("RC9", "ae-4h-all")
    assert series.denominators[-1] == 25273
    assert series.numerators[-1] == 25273 - 6761


def test_no_field_test_trust_is_ever_perfect(months):
    frame = months.panel.frame
    tested = frame[frame["trust"].isin(FIELD_TEST) & (frame["measure"] == "ae-4h-type1")]
    after = tested[(tested["period"] >= "2019-05-01") & (tested["flag"] != "missing")]
    before = tested[(tested["period"] < "2019-05-01") & (tested["flag"] != "missing")]
    assert set(after["flag"]) == {"not_submitted"}
    assert len(after) == 14 * 14
    assert set(before["flag"]) == {"published"}
    assert tested["value"].max() < 1


def test_extracts_are_read_with_a_warning_about_their_totals(shared_data):
    tidied = MonthlyAE().tidy(files(shared_data("nhs/formats/ae_monthly_csv")))
    assert tidied.issues_frame().groupby("rule").size()["checksum"] == 5
    assert len(tidied.provenance.files) == 5
    series = tidied.panel.series("RXW", "ae-4h-type1")
    figures = dict(zip(series.periods.astype(str), series.numerators, strict=True))
    assert figures["2020-09-01"] == 9608 - 2805
    assert figures["2018-04-01"] == 8704 - 2639


def test_the_order_of_files_does_not_matter(shared_data):
    some = [file for file in files(shared_data("nhs/months")) if "-2020-" in file.name][:4]
    one = MonthlyAE(checksum="error").tidy(some)
    random.Random(7).shuffle(some)  # noqa: S311 - no secret
    other = MonthlyAE(checksum="error").tidy(some)
    pd.testing.assert_frame_equal(one.panel.frame, other.panel.frame)
    assert one.provenance == other.provenance
    assert one.issues == other.issues


def test_the_weekly_file_is_refused_with_its_columns(shared_data):
    path = shared_data("nhs/formats/ae_weekly_sitrep_xls/week-ending-07-11-2010.xls")
    with pytest.raises(Exception, match="column 'SHA': this column is not known"):
        MonthlyAE().tidy([SourceFile.of(path.name, path.read_bytes())])
