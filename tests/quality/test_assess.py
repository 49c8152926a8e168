from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from lean_impact.domain import Succession, Window
from lean_impact.domain.quality import UNDECIDED
from lean_impact.errors import DesignError
from lean_impact.quality import Decision, QualityRules, assess

STEP = 48
AT = date(2016, 1, 1)
"""The month after 48 months from January 2012."""


def found(report, kind):
    return [(f.trust, f.measure, f.start, f.n_periods) for f in report.findings if f.kind == kind]


def test_clean_figures_give_no_finding_but_the_declared_change(make):
    report = assess(make.panel(make.rows(make.type1, make.volumes())), measures=["type-1"])
    assert [f.kind for f in report.findings] == ["definition change"]
    (finding,) = report.findings
    assert (finding.trust, finding.start, finding.action) == (None, date(2015, 6, 1), UNDECIDED)


def test_flags_are_merged_into_runs(make):
    flags = np.full((96, 8), "published", dtype=object)
    flags[38:41, 0] = "imputed"
    flags[50, 0] = "imputed"
    flags[60:63, 1] = "not_submitted"
    frame = make.rows(make.type1, make.volumes(), flags=flags)
    frame = frame[~((frame["trust"] == "RXC") & (frame["period"] == "2016-05-01"))]
    report = assess(make.panel(frame), measures=["type-1"])
    assert found(report, "imputed") == [
        ("RXA", "type-1", date(2015, 3, 1), 3),
        ("RXA", "type-1", date(2016, 3, 1), 1),
    ]
    assert found(report, "not submitted") == [("RXB", "type-1", date(2017, 1, 1), 3)]
    assert found(report, "gap") == [("RXC", "type-1", date(2016, 5, 1), 1)]
    assert "Mar 2015 to May 2015 (3 months)" in report.of(kind="imputed")[0].what


def test_a_trust_that_starts_late_ends_early_or_never_reports_is_told(make):
    one = make.rows(make.type1, make.volumes())
    one = one[~((one["trust"] == "RXA") & (one["period"] < "2012-04-01"))]
    one = one[~((one["trust"] == "RXB") & (one["period"] > "2019-10-01"))]
    one = one[one["trust"] != "RXC"]
    other = make.rows(make.all_types, 2 * make.volumes())
    report = assess(make.panel(one, other), measures=["type-1"])
    assert found(report, "incomplete") == [
        ("RXA", "type-1", date(2012, 1, 1), 3),
        ("RXB", "type-1", date(2019, 11, 1), 2),
        ("RXC", "type-1", date(2012, 1, 1), 96),
    ]
    assert report.of(trust="RXC")[0].severity == "high"


def test_a_volume_jump_is_found_with_its_size(make):
    volume = make.volumes()
    volume[STEP:, 2] *= 1.6
    report = assess(make.panel(make.rows(make.type1, volume)), measures=["type-1"])
    assert found(report, "volume jump") == [("RXC", "type-1", AT, 1)]
    assert "×1.6" in report.of(kind="volume jump")[0].what


def test_a_jump_early_in_the_series_is_found_with_less_than_a_year_before_it(make):
    volume = make.volumes()
    volume[8:, 0] *= 1.6
    report = assess(make.panel(make.rows(make.type1, volume)), measures=["type-1"])
    assert found(report, "volume jump") == [("RXA", "type-1", date(2012, 9, 1), 1)]


def test_a_reclassification_is_one_share_jump_that_mentions_the_volume(make):
    whole = make.volumes()
    part = 0.85 * whole
    part[STEP:, 4] *= 0.6
    panel = make.panel(make.rows(make.type1, part), make.rows(make.all_types, whole))
    report = assess(panel, measures=["type-1", "all-types"], share=("type-1", "all-types"))
    assert found(report, "share jump") == [("RXE", "type-1", AT, 1)]
    assert found(report, "volume jump") == []
    assert "-34 points" in report.of(kind="share jump")[0].what
    assert "its denominator ×0.6" in report.of(kind="share jump")[0].what


def test_jumps_that_are_years_apart_or_go_opposite_ways_stay_two_findings(make):
    whole = make.volumes()
    part = 0.6 * whole
    part[STEP:, 4] *= 1.5
    part[20:, 4] *= 0.55
    whole[20:, 4] *= 0.55
    panel = make.panel(make.rows(make.type1, part), make.rows(make.all_types, whole))
    report = assess(panel, measures=["type-1"], share=("type-1", "all-types"))
    assert found(report, "share jump") == [("RXE", "type-1", AT, 1)]
    assert found(report, "volume jump") == [("RXE", "type-1", date(2013, 9, 1), 1)]


def test_a_fall_of_the_whole_country_is_one_national_finding(make):
    volume = make.volumes()
    volume[STEP:] *= 0.7
    report = assess(make.panel(make.rows(make.type1, volume)), measures=["type-1"])
    assert found(report, "volume jump") == []
    assert found(report, "national jump") == [(None, "type-1", AT, 1)]


def test_a_trust_that_does_not_follow_the_country_is_told(make):
    volume = make.volumes()
    volume[STEP:, 1:] *= 0.6
    report = assess(make.panel(make.rows(make.type1, volume)), measures=["type-1"])
    assert found(report, "volume jump") == [("RXA", "type-1", AT, 1)]


def test_a_single_wrong_month_is_an_outlier_and_no_jump(make):
    whole = make.volumes()
    part = 0.8 * whole
    whole[STEP, 3] *= 0.3
    part[STEP, 3] = 0.9 * whole[STEP, 3]
    panel = make.panel(make.rows(make.type1, part), make.rows(make.all_types, whole))
    report = assess(panel, measures=["type-1", "all-types"], share=("type-1", "all-types"))
    assert found(report, "outlier") == [("RXD", "all-types", AT, 1), ("RXD", "type-1", AT, 1)]
    assert found(report, "volume jump") == found(report, "share jump") == []


def test_a_wrong_share_is_told_if_the_volumes_are_not_looked_at(make):
    whole = make.volumes()
    part = 0.8 * whole
    part[STEP, 3] *= 0.55
    panel = make.panel(make.rows(make.type1, part), make.rows(make.all_types, whole))
    report = assess(panel, measures=["all-types"], share=("type-1", "all-types"))
    assert found(report, "outlier") == [("RXD", "type-1", AT, 1)]


def test_perfection_on_many_cases_is_suspect_and_on_few_is_not(make):
    volume = make.volumes()
    volume[:, 6] = 300
    value = np.full((96, 8), 0.9)
    value[STEP : STEP + 4, 5] = 1.0
    value[10:12, 5] = 1.0
    value[STEP : STEP + 4, 6] = 1.0
    report = assess(make.panel(make.rows(make.type1, volume, value=value)), measures=["type-1"])
    assert found(report, "too perfect") == [("RXF", "type-1", AT, 4)]
    assert "100.0% each time" in report.of(kind="too perfect")[0].what


def test_mergers_are_told_once_a_day_with_what_they_rest_on(make):
    panel = make.panel(make.rows(make.type1, make.volumes()))
    records = [
        Succession(
            old_code=code,
            old_name=f"Old {code}",
            new_codes=("RXA",),
            effective=date(2014, 4, 1),
            evidence=evidence,
            verified=verified,
        )
        for code, evidence, verified in [("RZ1", "order", True), ("RZ2", "recollection", False)]
    ]
    split = Succession(
        old_code="RXB",
        old_name="B",
        new_codes=("RZ3", "RZ4"),
        effective=date(2013, 10, 1),
        evidence="order",
        verified=True,
    )
    outside = split.model_copy(update={"effective": date(2031, 1, 1)})
    report = assess(panel, measures=["type-1"], successions=[*records, split, outside])
    assert found(report, "merger") == [
        ("RXA", None, date(2014, 4, 1), 1),
        ("RXB", None, date(2013, 10, 1), 1),
    ]
    taken, divided = report.of(kind="merger")
    assert (taken.severity, divided.severity) == ("medium", "high")
    assert "Unverified" in taken.what
    assert "RZ1 (Old RZ1) became RXA; RZ2" in taken.what


def test_only_the_window_and_the_trusts_asked_for_are_reported(make):
    volume = make.volumes()
    volume[STEP:, 2] *= 1.6
    volume[24:, 3] *= 1.6
    panel = make.panel(make.rows(make.type1, volume))
    report = assess(panel, measures=["type-1"], trusts=["RXC"])
    assert {f.trust for f in report.findings} == {"RXC", None}
    early = assess(panel, measures=["type-1"], window=Window(start=date(2012, 1, 1), end=date(2015, 1, 1)))
    assert found(early, "volume jump") == [("RXD", "type-1", date(2014, 1, 1), 1)]
    assert found(early, "definition change") == []


def test_decisions_are_written_in_the_narrowest_first_and_idle_ones_reported(make):
    volume = make.volumes()
    volume[STEP:, 2:4] *= 1.6
    report = assess(
        make.panel(make.rows(make.type1, volume)),
        measures=["type-1"],
        decisions=[
            Decision(kind="volume jump", action="kept", reason="shares are compared, not volumes"),
            Decision(
                kind="volume jump",
                trust="RXC",
                window=Window(start=AT, end=date(2016, 2, 1)),
                action="pre-period from January 2016 as a sensitivity",
                reason="new department",
            ),
            Decision(kind="merger", action="dropped", reason="not the same trust"),
        ],
    )
    actions = {f.trust: f.action for f in report.of(kind="volume jump")}
    assert actions == {
        "RXC": "pre-period from January 2016 as a sensitivity (new department)",
        "RXD": "kept (shares are compared, not volumes)",
    }
    assert report.of(kind="definition change")[0].action == UNDECIDED
    assert any("The decision on merger" in caution for caution in report.cautions)
    assert not any("high severity" in caution for caution in report.cautions)


def test_what_nobody_decided_is_said(make):
    volume = make.volumes()
    volume[STEP:, 2] *= 1.6
    report = assess(make.panel(make.rows(make.type1, volume)), measures=["type-1"])
    assert any("1 of the findings of high severity" in caution for caution in report.cautions)
    assert "Action: kept as it is; nothing was done." in report.summary()


def test_few_trusts_give_a_caution_and_still_show_their_jumps(make):
    volume = make.volumes(k=1)
    volume[STEP:, 0] *= 1.6
    report = assess(make.panel(make.rows(make.type1, volume)), measures=["type-1"])
    assert found(report, "volume jump") == [("RXA", "type-1", AT, 1)]
    assert any("1 trusts only" in caution for caution in report.cautions)


def test_figures_without_denominators_give_a_caution(make):
    frame = make.rows(make.type1, make.volumes())
    frame["value"] = frame["numerator"] / frame["denominator"]
    panel = make.panel(frame.drop(columns=["numerator", "denominator"]))
    report = assess(panel, measures=["type-1"])
    assert any("jumps in volume cannot be seen" in caution for caution in report.cautions)


def test_thresholds_matter_and_are_in_the_provenance(make):
    volume = make.volumes()
    volume[STEP:, 2] *= 1.6
    panel = make.panel(make.rows(make.type1, volume))
    report = assess(panel, measures=["type-1"], rules=QualityRules(volume_ratio=2.0))
    assert found(report, "volume jump") == []
    assert report.provenance.parameters["volume_ratio"] == "2.0"


def test_the_frame_has_the_same_columns_with_and_without_findings(make):
    panel = make.panel(make.rows(make.type1, make.volumes()))
    some = assess(panel, measures=["type-1"]).to_frame()
    early = Window(start=date(2012, 1, 1), end=date(2014, 1, 1))
    none = assess(panel, measures=["type-1"], window=early).to_frame()
    assert len(none) == 0
    assert none.dtypes.equals(some.dtypes)
    assert list(some.columns) == [
        "trust",
        "measure",
        "kind",
        "start",
        "end",
        "n_periods",
        "severity",
        "what",
        "action",
    ]
    assert some["trust"].isna().tolist() == [True]


def test_names_that_are_not_in_the_panel_are_all_listed(make):
    panel = make.panel(make.rows(make.type1, make.volumes()))
    with pytest.raises(DesignError) as caught:
        assess(panel, measures=["type-2"], trusts=["RXA", "RZZ"], share=("type-1", "type-9"))
    assert [issue.rule for issue in caught.value.issues] == [
        "unknown-measure",
        "unknown-measure",
        "unknown-trust",
    ]
    with pytest.raises(DesignError, match="no measure is given"):
        assess(panel, measures=[])
    with pytest.raises(DesignError, match="no trust is given"):
        assess(panel, measures=["type-1"], trusts=[])
    with pytest.raises(DesignError, match="overlaps"):
        assess(panel, measures=["type-1"], window=Window(start=date(1999, 1, 1), end=date(2000, 1, 1)))
