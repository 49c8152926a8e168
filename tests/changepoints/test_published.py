"""Published figures of the five trusts, and annotated series of others."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from lean_impact.changepoints import RupturesDetector
from lean_impact.domain import Window

pytestmark = pytest.mark.shared

ADOPTION = Window(start=date(2015, 9, 1), end=date(2017, 1, 1))


@pytest.fixture(scope="module")
def panel(shared_data):
    return pd.read_csv(shared_data("nhs/figures/ae_4h_panel_2010_2021.csv.gz"), parse_dates=["period_start"])


def detect(panel, make_series, trust, *, before="2020-03-01"):
    rows = panel[(panel["org_code"] == trust) & (panel["period_start"] < before)]
    value = rows.set_index("period_start")["type1_within"] / rows.set_index("period_start")["type1_att"]
    value = value.reindex(pd.date_range(value.index.min(), value.index.max(), freq="MS"))
    return RupturesDetector(seed=20151001).detect(make_series(value.to_numpy(), start="2010-11"))


def test_the_gain_of_surrey_and_sussex_came_before_the_programme(panel, make_series):
    result = detect(panel, make_series, "RTP")
    first = result.changes[0]
    assert date(2011, 7, 1) <= first.period <= date(2012, 6, 1)
    assert first.size > 0.15
    assert "before" in result.compare(ADOPTION).verdict
    assert all(change.size < 0 for change in result.compare(ADOPTION).changes("inside"))


@pytest.mark.parametrize("trust", ["RF4", "RR8", "RTP", "RXW", "RKB"])
def test_no_trust_improved_inside_or_after_its_window(panel, make_series, trust):
    comparison = detect(panel, make_series, trust).compare(ADOPTION)
    later = comparison.changes("inside") + comparison.changes("after")
    assert all(change.size < 0 for change in later)


def test_the_three_months_without_a_figure_are_named(panel, make_series):
    rows = panel["org_code"] == "RXW"
    missing = panel[rows & panel["type1_within"].isna()]["period_start"]
    result = detect(panel, make_series, "RXW")
    holes = int(np.isnan(result.values).sum())
    assert holes >= len(missing[missing < "2020-03-01"])
    assert any("left out" in caution for caution in result.cautions) == (holes > 0)


@pytest.mark.parametrize(("name", "expected"), [("nile", [28]), ("bank", []), ("quality_control_3", [178])])
def test_annotated_series_of_others(shared_data, make_series, name, expected):
    """Where the annotators agree on a level shift (or on none), so does the detector."""
    record = json.loads(shared_data(f"reference/changepoint/{name}.json").read_text())
    values = np.array(record["series"][0], dtype="float64")
    series = make_series(values, frequency="year", start="1000-01", kind="mean")
    result = RupturesDetector(seed=1, draws=199).detect(series)
    places = [int(np.flatnonzero(series.periods == np.datetime64(c.period))[0]) for c in result.changes]
    assert len(places) == len(expected)
    assert all(abs(found - annotated) <= 2 for found, annotated in zip(places, expected, strict=True))
