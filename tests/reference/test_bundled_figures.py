"""The bundled figures are the published ones: rebuilt byte for byte, and equal cell by cell."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path
from types import FunctionType

import pandas as pd
import pytest

import lean_impact.plugins.programmes
from lean_impact.plugins.nhs.measures import MEASURES
from lean_impact.tables import Panel

BUNDLED = Path(lean_impact.plugins.programmes.__file__).parent / "nhs_vmi"
TOOL = Path(__file__).parents[2] / "tools" / "build_nhs_vmi.py"
FILES = ("figures.csv.gz", "blocks.csv", "trusts.csv", "successions.csv")

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def originals(shared_data) -> Path:
    return shared_data("nhs/figures")


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    return Panel.read_csv(BUNDLED / "figures.csv.gz", measures=MEASURES).frame


def test_building_them_again_gives_the_same_bytes(originals, tmp_path, monkeypatch):
    main = run_path(str(TOOL))["main"]
    assert isinstance(main, FunctionType)
    main.__globals__["TARGET"] = tmp_path
    monkeypatch.setattr("sys.argv", ["build", str(originals)])
    main()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (BUNDLED / name).read_bytes(), name


def in_panel(panel: pd.DataFrame, measure: str) -> pd.DataFrame:
    rows = panel[(panel["measure"] == measure) & (panel["flag"] != "missing")]
    return rows.set_index(["trust", rows["period"].dt.strftime("%Y-%m-%d")])


@pytest.mark.parametrize(
    ("measure", "part", "whole"),
    [
        ("ae-4h-type1", lambda raw: raw["type1_within"], "type1_att"),
        ("ae-4h-all", lambda raw: raw["total_att"] - raw["total_over4h"], "total_att"),
    ],
)
def test_every_4_hour_figure_is_the_published_one(originals, panel, measure, part, whole):
    raw = pd.read_csv(originals / "ae_4h_panel_2010_2021.csv.gz")
    mine = in_panel(panel, measure)
    raw = raw.assign(part=part(raw)).set_index(["org_code", "period_start"])
    assert mine.index.is_unique
    assert raw.index.is_unique
    theirs = raw.loc[mine.index]
    given = (theirs["part"].notna() & theirs[whole].notna()).to_numpy()
    assert (mine["flag"].isin(["published", "imputed"]).to_numpy() == given).all()
    assert (mine.loc[given, "numerator"].to_numpy() == theirs.loc[given, "part"].to_numpy()).all()
    assert (mine.loc[given, "denominator"].to_numpy() == theirs.loc[given, whole].to_numpy()).all()
    left_out = raw.index.difference(mine.index)
    assert raw.loc[left_out, "part"].isna().all(), "what is not bundled has no figure"


def test_every_occupied_bed_is_a_published_one(originals, panel):
    raw = pd.read_csv(originals / "kh03_beds_quarterly.csv.gz")
    raw = raw[raw["metric"] == "kh03_overnight_general_acute"].set_index(["org_code", "period_start"])
    mine = in_panel(panel, "bed-occupancy-ga")
    theirs = raw.loc[mine.index]
    for column in ("numerator", "denominator"):
        assert (mine[column].to_numpy() == theirs[column].to_numpy()).all()


@pytest.mark.parametrize(
    ("measure", "metric"),
    [
        ("shmi", "shmi"),
        ("staff-recommend-care", "staff_recommend_care_mean_1_5"),
        ("staff-recommend-work", "staff_recommend_work_mean_1_5"),
        ("staff-engagement-3item", "staff_engagement_uwes_mean_1_5"),
        ("staff-work-stress", "staff_work_stress_prop"),
    ],
)
def test_every_annual_figure_is_a_published_one(originals, panel, measure, metric):
    raw = pd.read_csv(originals / "shmi_staffsurvey_annual_2012_2019.csv.gz")
    raw = raw[raw["metric"] == metric].set_index(["org_code", "period_start"])
    mine = in_panel(panel, measure)
    assert len(mine) > 1000
    assert (mine["value"].to_numpy() == raw.loc[mine.index, "value"].to_numpy()).all()


def test_each_row_says_which_row_of_its_original_it_is(originals, panel):
    raw = pd.read_csv(originals / "ae_4h_panel_2010_2021.csv.gz")
    mine = panel[(panel["measure"] == "ae-4h-type1") & (panel["flag"] != "missing")]
    there = raw.iloc[mine["source_row"].astype(int).to_numpy() - 2]
    assert (there["org_code"].to_numpy() == mine["trust"].to_numpy()).all()
    assert (there["period_start"].to_numpy() == mine["period"].dt.strftime("%Y-%m-%d").to_numpy()).all()
