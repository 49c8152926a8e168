"""What must be found in the published figures of the five trusts."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.domain import Window
from lean_impact.quality import assess
from lean_impact.tables import Panel

pytestmark = pytest.mark.shared

FIVE = ("RF4", "RR8", "RTP", "RXW", "RKB")


@pytest.fixture(scope="module")
def panel(shared_data, make):
    raw = pd.read_csv(shared_data("nhs/figures/ae_4h_panel_2010_2021.csv.gz"), parse_dates=["period_start"])
    raw["all_within"] = raw["total_att"] - raw["total_over4h"]
    blocks = []
    for measure, numerator, denominator, source in (
        (make.type1, "type1_within", "type1_att", "source"),
        (make.all_types, "all_within", "total_att", "source_all"),
    ):
        given = (raw[denominator] > 0) & (raw[numerator] <= raw[denominator])
        imputed = raw[source].fillna("").str.contains("imputed")
        blocks.append(
            pd.DataFrame(
                {
                    "trust": raw["org_code"],
                    "measure": measure.id,
                    "period": raw["period_start"],
                    "numerator": raw[numerator].where(given),
                    "denominator": raw[denominator].where(given),
                    "flag": np.where(given, np.where(imputed, "imputed", "published"), "not_submitted"),
                    "source": raw[source].fillna("none"),
                }
            )
        )
    return Panel.from_frame(pd.concat(blocks, ignore_index=True), measures=[make.type1, make.all_types])


@pytest.fixture(scope="module")
def report(panel):
    return assess(panel, measures=["type-1", "all-types"], trusts=FIVE, share=("type-1", "all-types"))


def starts(report, trust, kind):
    return [(finding.measure, finding.start) for finding in report.of(trust=trust, kind=kind)]


def test_barking_moved_type_1_to_other_types_in_mid_2018(report):
    places = [day for _, day in starts(report, "RF4", "share jump") if day.year == 2018]
    assert len(places) == 1
    assert date(2018, 6, 1) <= places[0] <= date(2018, 9, 1)


def test_surrey_and_sussex_counted_half_as_many_again_from_july_2011(report):
    assert ("type-1", date(2011, 7, 1)) in starts(report, "RTP", "volume jump")
    words = next(f.what for f in report.of(trust="RTP", kind="volume jump") if f.measure == "type-1")
    assert "from 4,220 to 6,838 at once" in words


def test_the_other_known_reclassifications_are_found(report):
    assert ("type-1", date(2017, 11, 1)) in starts(report, "RXW", "share jump")
    assert {day.year for _, day in starts(report, "RR8", "share jump")} >= {2019, 2021}
    assert {day.year for _, day in starts(report, "RKB", "share jump")} >= {2017, 2020}


def test_the_pandemic_is_national_and_not_a_jump_of_every_trust(report):
    national = [finding for finding in report.of(kind="national jump") if finding.start.year == 2020]
    assert {finding.measure for finding in national} == {"type-1", "all-types"}
    spring = [f for f in report.of(kind="volume jump") if date(2020, 2, 1) <= f.start <= date(2020, 6, 1)]
    assert len(spring) <= 1


def test_the_table_can_be_read(panel, report):
    assert len(report.findings) <= 30
    window = Window(start=date(2010, 11, 1), end=date(2020, 3, 1))
    measures = ["type-1", "all-types"]
    early = assess(panel, measures=measures, trusts=FIVE, share=("type-1", "all-types"), window=window)
    assert len(early.findings) <= 20
